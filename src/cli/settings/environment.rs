//! The settings of the environment: `OWLERY_KEEP_DAYS` is `--keep-days`; several values are separated by commas.

use std::ffi::OsString;

use super::super::flags::Flag;
use super::super::suggest::nearest;
use super::Given;
use crate::error::{Error, Result};

/// Variables that are no settings: the log's filter, and what tests of debug builds use.
const OTHERS: [&str; 3] = ["OWLERY_LOG", "OWLERY_FAULT", "OWLERY_LIMITS"];
const PREFIX: &str = "OWLERY_";

impl Given {
    /// Reads the settings of these variables. A variable with our prefix that is unknown is refused; an empty one counts as
    /// not set.
    pub(super) fn of_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self> {
        let mut given = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            if OTHERS.contains(&name) || is_of_kubernetes(name) {
                continue;
            }
            let flag = Flag::ALL.into_iter().find(|flag| flag.variable() == name).ok_or_else(|| unknown(name))?;
            if !value.is_empty() {
                given.take(flag, name, value)?;
            }
        }
        Ok(given)
    }

    fn take(&mut self, flag: Flag, name: &str, value: OsString) -> Result<()> {
        // A path may have any bytes; everything else is a text.
        match flag {
            Flag::Config => self.config = Some(value.into()),
            Flag::MotionConf => self.motion_conf = Some(value.into()),
            Flag::StateDir => self.state_dir = Some(value.into()),
            Flag::TlsCert => self.tls_cert = Some(value.into()),
            Flag::TlsKey => self.tls_key = Some(value.into()),
            _ => {
                let text = value
                    .into_string()
                    .map_err(|value| Error::Config(format!("{name}={} is not UTF-8", value.display())))?;
                self.take_text(flag, name, text)?;
            }
        }
        Ok(())
    }

    fn take_text(&mut self, flag: Flag, name: &str, text: String) -> Result<()> {
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        match flag {
            Flag::KeepDays => self.keep_days = list(&text),
            Flag::MaxSize => self.max_size = list(&text),
            Flag::AllowHost => self.allow_host = list(&text),
            Flag::BasePath => self.base_path = Some(text),
            Flag::FrameAncestors => {
                let sources = text.split([',', ' ']).filter(|source| !source.is_empty());
                self.frame_ancestors = sources.map(str::to_owned).collect();
            }
            Flag::MinFree => self.min_free = Some(text),
            Flag::FloorDays => self.floor_days = Some(text),
            Flag::UndoWindow => self.undo_window = Some(text),
            Flag::MaxShare => self.max_share = Some(text),
            Flag::CheckInterval => self.check_interval = Some(text),
            Flag::Listen => self.listen = Some(text),
            Flag::Insecure => self.insecure = yes_or_no(name, &text)?,
            Flag::CameraPattern => self.camera_pattern = Some(text),
            Flag::EventGap => self.event_gap = Some(text),
            Flag::Sidecars => self.sidecars = Some(text),
            Flag::Poll => self.poll = Some(text),
            Flag::ReapRate => self.reap_rate = Some(text),
            Flag::Window => self.window = Some(text),
            Flag::Config | Flag::MotionConf | Flag::StateDir | Flag::TlsCert | Flag::TlsKey => {} // paths, taken before
        }
        Ok(())
    }
}

fn yes_or_no(name: &str, text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(Error::Config(format!("{name}={text:?}: it is true or false"))),
    }
}

fn unknown(name: &str) -> Error {
    let known: Vec<String> = Flag::ALL.into_iter().map(Flag::variable).chain(OTHERS.map(str::to_owned)).collect();
    // Without the prefix, which makes all of them alike.
    let word = &name[PREFIX.len()..];
    let near = nearest(word, known.iter().map(|known| &known[PREFIX.len()..]));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {PREFIX}{near}?"));
    Error::Config(format!("unknown environment variable {name}{hint}"))
}

/// Kubernetes gives every container the address of a service that is called `owlery` in variables of these names.
fn is_of_kubernetes(name: &str) -> bool {
    name == "OWLERY_PORT" || name.starts_with("OWLERY_PORT_") || name.starts_with("OWLERY_SERVICE_")
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Given> {
        Given::of_environment(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn every_flag_has_a_variable() {
        for flag in Flag::ALL {
            let value = if flag == Flag::Insecure { "yes" } else { "x" };
            let given = of(&[(&flag.variable(), value)]).unwrap();
            assert_eq!(given.flags(), [flag], "{flag:?}");
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
        assert!(
            of(&[("OWL_KEEP_DAYS", "1"), ("OWLERY_LOG", "debug"), ("OWLERY_POLL", "")]).unwrap().flags().is_empty()
        );
    }

    /// A Kubernetes service of our name must not keep the program from starting.
    #[test]
    fn variables_of_kubernetes_are_ignored() {
        let names = ["OWLERY_PORT", "OWLERY_PORT_8000_TCP_ADDR", "OWLERY_SERVICE_HOST", "OWLERY_SERVICE_PORT_HTTP"];
        assert!(names.iter().all(|name| of(&[(name, "tcp://10.0.0.1:8000")]).unwrap() == Given::default()));
    }

    #[test]
    fn a_switch_is_true_or_false() {
        assert!(of(&[("OWLERY_INSECURE", "Yes")]).unwrap().insecure);
        assert!(!of(&[("OWLERY_INSECURE", "no")]).unwrap().insecure);
        assert!(of(&[("OWLERY_INSECURE", "maybe")]).is_err());
    }

    #[test]
    fn paths_may_have_any_bytes_and_texts_not() {
        let bytes = || OsString::from_vec(b"/s\xff".to_vec());
        let given = Given::of_environment([("OWLERY_STATE_DIR".into(), bytes())]).unwrap();
        assert_eq!(given.state_dir.as_deref(), Some(Path::new(&bytes())));
        assert!(Given::of_environment([("OWLERY_LISTEN".into(), bytes())]).is_err());
    }
}
