//! The variables of the environment that this crate reads, as a value, so that nothing depends on the process.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// The variables of an environment. `Debug` shows their names alone, because some of them are secrets.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process that have to do with credentials.
    pub fn of_process() -> Self {
        let is_used = |name: &str| name.starts_with("AWS_") || matches!(name, "CREDENTIALS_DIRECTORY" | "HOME");
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        named.filter(|(name, _)| is_used(name)).collect()
    }

    /// The value of a variable; `None` if it is not set, or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

impl<K: Into<String>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_not_set() {
        let environment: Environment = [("AWS_PROFILE", ""), ("AWS_SECRET_ACCESS_KEY", "hidden")].into_iter().collect();
        assert_eq!((environment.get("AWS_PROFILE"), environment.get("HOME")), (None, None));
        assert_eq!(environment.get("AWS_SECRET_ACCESS_KEY"), Some(OsStr::new("hidden")));
        assert_eq!(format!("{environment:?}"), r#"{"AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"}"#);
    }
}
