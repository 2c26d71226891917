//! Merges the settings of several sources: the command line takes precedence over the environment, and the
//! environment over the file. Rules are merged camera by camera, so a rule for one camera in the file still applies beside a
//! general rule on the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Values;
use super::access::AccessTables;
use super::declaration::{self, Kind};
use super::stores::StoreTables;
use super::values::Value;
use crate::{Error, Result, Rules};

/// Where settings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    CommandLine,
    Environment,
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("on the command line"),
            Self::Environment => f.write_str("in the environment"),
            Self::File(path) => write!(f, "in {}", path.display()),
        }
    }
}

/// Merges the settings of several sources, the strongest first. Returns also a note for each rule that two sources set
/// differently. Fails where one source sets the same rule twice.
pub(super) fn merge(levels: Vec<(Source, Values)>) -> Result<(Values, Vec<String>)> {
    let mut merged = Values::default();
    let mut rules: BTreeMap<String, (String, Source)> = BTreeMap::new();
    let mut notes = Vec::new();
    for (source, values) in levels {
        for (rule, value) in rules_of(&values, &source)? {
            match rules.get(&rule) {
                Some((stronger, place)) if *stronger != value => {
                    notes.push(format!("{rule} is {stronger:?} {place} and {value:?} {source}; {stronger:?} counts"));
                }
                Some(_) => {}
                None => _ = rules.insert(rule, (value, source.clone())),
            }
        }
        merged.fill_in(values);
    }
    Ok((merged, notes))
}

/// The rules of one source with their values, by flag and camera.
fn rules_of(values: &Values, source: &Source) -> Result<BTreeMap<String, String>> {
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    for setting in values.given().filter(|setting| setting.is_rule()) {
        let texts = values.text(setting).into_iter().chain(values.list(setting).iter().map(String::as_str));
        for text in texts {
            let (rule, value) = match text.split_once('=').filter(|_| setting.kind == Kind::PerCamera) {
                Some((camera, value)) => (format!("--{} for {camera}", setting.name), value),
                None => (format!("--{}", setting.name), text),
            };
            if let Some(first) = rules.get(&rule) {
                return Err(Error::Config(format!("{rule} is given twice {source}: {first:?} and {value:?}")));
            }
            rules.insert(rule, value.to_owned());
        }
    }
    Ok(rules)
}

impl Values {
    /// Adds the settings of `weaker` that are not set here.
    fn fill_in(&mut self, mut weaker: Self) {
        for setting in declaration::ALL {
            match (self.get(setting), weaker.take(setting)) {
                (None, Some(value)) => self.set(setting, value),
                (Some(Value::List(texts)), Some(Value::List(others)))
                    if matches!(setting.kind, Kind::PerCamera | Kind::ByCamera) =>
                {
                    let texts = with_other_cameras(texts.clone(), others);
                    self.set(setting, Value::List(texts));
                }
                _ => {}
            }
        }
        // Only a file has tables, and there is one file.
        if self.tables == AccessTables::default() {
            self.tables = weaker.tables;
        }
        if self.stores == StoreTables::default() {
            self.stores = weaker.stores;
        }
    }
}

/// Adds the texts of `weaker` for cameras, and for all cameras, that `stronger` does not name: like the rules of a what-if.
fn with_other_cameras(stronger: Vec<String>, weaker: Vec<String>) -> Vec<String> {
    let rules = |keep_days| Rules { keep_days, ..Rules::default() };
    rules(stronger).or(rules(weaker)).keep_days
}

#[cfg(test)]
mod tests {
    use super::declaration::{KEEP_DAYS, MAX_SIZE};
    use super::*;

    fn days(texts: &[&str]) -> Values {
        texts.iter().fold(Values::default(), |values, text| values.with(KEEP_DAYS, *text))
    }

    fn file(values: Values) -> (Source, Values) {
        (Source::File("/etc/owlery.toml".into()), values)
    }

    /// `forever` for one camera in the file was lost when the command line named a rule for all.
    #[test]
    fn rules_merge_camera_by_camera() {
        let levels = vec![
            (Source::CommandLine, days(&["7", "Camera3=1"])),
            (Source::Environment, days(&["Camera2=20"])),
            file(days(&["45", "Camera1=forever", "Camera2=30", "Camera3=2"])),
        ];
        let (merged, notes) = merge(levels).unwrap();
        assert_eq!(merged.list(KEEP_DAYS), ["7", "Camera3=1", "Camera2=20", "Camera1=forever"]);
        let one = Values::default().with(MAX_SIZE, "Camera1=5GB");
        let other = Values::default().with(MAX_SIZE, "Camera1=9GB").with(MAX_SIZE, "1TB");
        let (sizes, _) = merge(vec![(Source::CommandLine, one), file(other)]).unwrap();
        assert_eq!(sizes.list(MAX_SIZE), ["Camera1=5GB", "1TB"]);
        assert_eq!(
            notes,
            [
                "--keep-days is \"7\" on the command line and \"45\" in /etc/owlery.toml; \"7\" counts",
                "--keep-days for Camera2 is \"20\" in the environment and \"30\" in /etc/owlery.toml; \"20\" counts",
                "--keep-days for Camera3 is \"1\" on the command line and \"2\" in /etc/owlery.toml; \"1\" counts",
            ]
        );
    }

    #[test]
    fn a_rule_twice_in_one_source_is_refused() {
        for twice in [&["7", "9"][..], &["Camera1=7", "8", "Camera1=forever"], &["Camera1=7", "Camera1=7"]] {
            let error = merge(vec![(Source::Environment, days(twice))]).unwrap_err().to_string();
            assert!(error.contains("given twice in the environment"), "{error}");
        }
    }

    #[test]
    fn equal_rules_give_no_note() {
        let (merged, notes) =
            merge(vec![(Source::CommandLine, days(&["7"])), file(days(&["7", "Camera1=forever"]))]).unwrap();
        assert_eq!((merged.list(KEEP_DAYS).len(), notes.len()), (2, 0));
    }
}
