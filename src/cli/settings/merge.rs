//! Settings from several places become one: the command line comes before the environment, and that before the file. Rules
//! merge camera by camera, so a rule for one camera in the file holds beside a rule for all on the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Given;
use crate::error::{Error, Result};

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

/// Merges the settings of several sources, the strongest first. Returns also what the user should know: rules that are set
/// differently in two places. Fails where one source has the same rule twice.
pub(super) fn merge(levels: Vec<(Source, Given)>) -> Result<(Given, Vec<String>)> {
    let mut merged = Given::default();
    let mut rules: BTreeMap<String, (String, Source)> = BTreeMap::new();
    let mut notes = Vec::new();
    for (source, given) in levels {
        let mut here: BTreeMap<String, String> = BTreeMap::new();
        for (rule, value) in rules_of(&given) {
            if let Some(first) = here.get(&rule) {
                return Err(Error::Config(format!("{rule} is given twice {source}: {first:?} and {value:?}")));
            }
            here.insert(rule, value);
        }
        for (rule, value) in here {
            match rules.get(&rule) {
                Some((stronger, place)) if *stronger != value => {
                    notes.push(format!("{rule} is {stronger:?} {place} and {value:?} {source}; {stronger:?} counts"));
                }
                Some(_) => {}
                None => _ = rules.insert(rule, (value, source.clone())),
            }
        }
        merged = merged.or(given);
    }
    Ok((merged, notes))
}

/// Every rule with its value, by a name that says which one it is.
fn rules_of(given: &Given) -> Vec<(String, String)> {
    let listed = |flag: &str, texts: &[String]| -> Vec<(String, String)> {
        let one = |text: &String| match text.split_once('=') {
            Some((camera, value)) => (format!("{flag} for {camera}"), value.to_owned()),
            None => (flag.to_owned(), text.clone()),
        };
        texts.iter().map(one).collect()
    };
    let mut rules = listed("--keep-days", &given.keep_days);
    rules.extend(listed("--max-size", &given.max_size));
    for (flag, value) in
        [("--min-free", &given.min_free), ("--floor-days", &given.floor_days), ("--max-share", &given.max_share)]
    {
        rules.extend(value.iter().map(|value| (flag.to_owned(), value.clone())));
    }
    rules
}

impl Given {
    /// Fills in from `weaker` what is not given here.
    fn or(self, weaker: Self) -> Self {
        let rules = self.rules().or(weaker.rules());
        Self {
            keep_days: rules.keep_days,
            max_size: rules.max_size,
            min_free: rules.min_free,
            floor_days: rules.floor_days,
            max_share: rules.max_share,
            undo_window: self.undo_window.or(weaker.undo_window),
            check_interval: self.check_interval.or(weaker.check_interval),
            listen: self.listen.or(weaker.listen),
            insecure: self.insecure || weaker.insecure,
            tls_cert: self.tls_cert.or(weaker.tls_cert),
            tls_key: self.tls_key.or(weaker.tls_key),
            allow_host: if self.allow_host.is_empty() { weaker.allow_host } else { self.allow_host },
            base_path: self.base_path.or(weaker.base_path),
            frame_ancestors: if self.frame_ancestors.is_empty() {
                weaker.frame_ancestors
            } else {
                self.frame_ancestors
            },
            config: self.config.or(weaker.config),
            motion_conf: self.motion_conf.or(weaker.motion_conf),
            state_dir: self.state_dir.or(weaker.state_dir),
            camera_pattern: self.camera_pattern.or(weaker.camera_pattern),
            event_gap: self.event_gap.or(weaker.event_gap),
            sidecars: self.sidecars.or(weaker.sidecars),
            poll: self.poll.or(weaker.poll),
            reap_rate: self.reap_rate.or(weaker.reap_rate),
            window: self.window.or(weaker.window),
            // Only a file has these, and there is one.
            users: if self.users.is_empty() { weaker.users } else { self.users },
            tokens: if self.tokens.is_empty() { weaker.tokens } else { self.tokens },
            proxy: self.proxy.or(weaker.proxy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(texts: &[&str]) -> Given {
        Given { keep_days: texts.iter().map(|text| (*text).to_owned()).collect(), ..Given::default() }
    }

    fn file(given: Given) -> (Source, Given) {
        (Source::File("/etc/owlery.toml".into()), given)
    }

    /// Issue: `forever` for one camera in the file was lost when the command line named a rule for all.
    #[test]
    fn rules_merge_camera_by_camera() {
        let levels = vec![
            (Source::CommandLine, days(&["7", "Camera3=1"])),
            (Source::Environment, days(&["Camera2=20"])),
            file(days(&["45", "Camera1=forever", "Camera2=30", "Camera3=2"])),
        ];
        let (merged, notes) = merge(levels).unwrap();
        assert_eq!(merged.keep_days, ["7", "Camera3=1", "Camera2=20", "Camera1=forever"]);
        let mut sizes = [Given::default(), Given::default()];
        sizes[0].max_size = vec!["Camera1=5GB".into()];
        sizes[1].max_size = vec!["Camera1=9GB".into(), "1TB".into()];
        let [one, other] = sizes;
        let (sizes, _) = merge(vec![(Source::CommandLine, one), file(other)]).unwrap();
        assert_eq!(sizes.max_size, ["Camera1=5GB", "1TB"]);
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
    fn one_rule_twice_in_a_place_is_refused() {
        for twice in [&["7", "9"][..], &["Camera1=7", "8", "Camera1=forever"], &["Camera1=7", "Camera1=7"]] {
            let error = merge(vec![(Source::Environment, days(twice))]).unwrap_err().to_string();
            assert!(error.contains("given twice in the environment"), "{error}");
        }
    }

    #[test]
    fn equal_rules_in_two_places_need_no_note() {
        let (merged, notes) =
            merge(vec![(Source::CommandLine, days(&["7"])), file(days(&["7", "Camera1=forever"]))]).unwrap();
        assert_eq!((merged.keep_days.len(), notes.len()), (2, 0));
    }
}
