//! The settings of the environment: `OWLERY_KEEP_DAYS` is `--keep-days`; several values are separated by commas.

use std::ffi::OsString;

use super::Values;
use super::declaration::{self, Kind, Setting};
use super::values::Value;
use crate::{Error, Result};
use owlery_model::suggest::nearest;

/// Variables that are no settings: the filter of the log, and hooks for tests of debug builds.
const OTHER_VARIABLES: [&str; 3] = ["OWLERY_LOG", "OWLERY_FAULT", "OWLERY_LIMITS"];
const PREFIX: &str = "OWLERY_";

impl Values {
    /// Reads the settings of these variables. An unknown variable with our prefix is an error; an empty one counts as not set.
    pub(super) fn from_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self> {
        let mut values = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            if OTHER_VARIABLES.contains(&name) || is_kubernetes(name) {
                continue;
            }
            let setting = declaration::ALL.iter().find(|setting| setting.variable() == name);
            let setting = setting.ok_or_else(|| unknown(name))?;
            if !value.is_empty()
                && let Some(value) = parse(setting, name, value)?
            {
                values.set(setting, value);
            }
        }
        Ok(values)
    }
}

/// Parses the value of a variable; `None` for a switch that is off.
fn parse(setting: &Setting, name: &str, value: OsString) -> Result<Option<Value>> {
    if setting.kind == Kind::Path {
        return Ok(Some(Value::Path(value.into())));
    }
    let not_text = |value: OsString| Error::Config(format!("{name}={} is not UTF-8", value.display()));
    let text = value.into_string().map_err(not_text)?;
    let split = |separators: &[char]| text.split(separators).map(str::to_owned).collect::<Vec<_>>();
    Ok(match setting.kind {
        Kind::Switch => is_true(name, &text)?.then_some(Value::On),
        Kind::Text | Kind::Path => Some(Value::Text(text)),
        Kind::List | Kind::PerCamera | Kind::ByCamera => Some(Value::List(split(&[',']))),
        Kind::Sources => {
            let mut sources = split(&[',', ' ']);
            sources.retain(|source| !source.is_empty());
            Some(Value::List(sources))
        }
    })
}

fn is_true(name: &str, text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(Error::Config(format!("{name}={text:?}: expected true or false"))),
    }
}

fn unknown(name: &str) -> Error {
    let settings = declaration::ALL.iter().map(|setting| setting.variable());
    let known: Vec<String> = settings.chain(OTHER_VARIABLES.map(str::to_owned)).collect();
    // The prefix would make all of them alike.
    let near = nearest(&name[PREFIX.len()..], known.iter().map(|known| &known[PREFIX.len()..]));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {PREFIX}{near}?"));
    Error::Config(format!("unknown environment variable {name}{hint}"))
}

/// Whether Kubernetes sets this variable: it passes the address of a service named `owlery` to every container.
fn is_kubernetes(name: &str) -> bool {
    name == "OWLERY_PORT" || name.starts_with("OWLERY_PORT_") || name.starts_with("OWLERY_SERVICE_")
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    use super::declaration::{INSECURE, STATE_DIR};
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Values> {
        Values::from_environment(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn every_flag_has_a_variable() {
        for setting in declaration::ALL {
            let value = if setting.kind == Kind::Switch { "yes" } else { "x" };
            let values = of(&[(&setting.variable(), value)]).unwrap();
            assert_eq!(values.given().collect::<Vec<_>>(), [*setting]);
        }
    }

    #[test]
    fn unknown_variables_are_refused_with_a_hint() {
        let wrong = |name: &str| of(&[(name, "1")]).unwrap_err().to_string();
        assert_eq!(
            wrong("OWLERY_KEEP_DAYZ"),
            "unknown environment variable OWLERY_KEEP_DAYZ; did you mean OWLERY_KEEP_DAYS?"
        );
        assert!(wrong("OWLERY_XYZZY").ends_with("OWLERY_XYZZY"));
        assert!(wrong("OWLERY_").contains("unknown"));
        let ignored = of(&[("OWL_KEEP_DAYS", "1"), ("OWLERY_LOG", "debug"), ("OWLERY_POLL", "")]).unwrap();
        assert_eq!(ignored, Values::default());
    }

    /// A Kubernetes service of our name must not keep the program from starting.
    #[test]
    fn variables_of_kubernetes_are_ignored() {
        let names = ["OWLERY_PORT", "OWLERY_PORT_8000_TCP_ADDR", "OWLERY_SERVICE_HOST", "OWLERY_SERVICE_PORT_HTTP"];
        assert!(names.iter().all(|name| of(&[(name, "tcp://10.0.0.1:8000")]).unwrap() == Values::default()));
    }

    #[test]
    fn a_switch_is_true_or_false() {
        assert!(of(&[("OWLERY_INSECURE", "Yes")]).unwrap().is_on(INSECURE));
        assert!(!of(&[("OWLERY_INSECURE", "no")]).unwrap().is_on(INSECURE));
        assert!(of(&[("OWLERY_INSECURE", "maybe")]).is_err());
    }

    #[test]
    fn paths_may_have_any_bytes_and_texts_not() {
        let bytes = || OsString::from_vec(b"/s\xff".to_vec());
        let values = Values::from_environment([("OWLERY_STATE_DIR".into(), bytes())]).unwrap();
        assert_eq!(values.path(STATE_DIR), Some(Path::new(&bytes())));
        assert!(Values::from_environment([("OWLERY_LISTEN".into(), bytes())]).is_err());
    }
}
