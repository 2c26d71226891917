//! Checks that every typed flag takes effect: each is applied or refused, with and without a daemon. The declaration of a
//! setting says which command uses it; the help pages follow it too.

use super::super::command_name::CommandName;
use super::Values;
use super::declaration::{CAMERA_PATTERN, Setting, Use};
use crate::{Error, Result};

/// Refuses typed flags that the command never uses.
pub(super) fn check_typed(typed: &Values, command: CommandName) -> Result<()> {
    let unused = |setting: &&Setting| setting.used_by(command) == Use::Never;
    let Some(setting) = typed.given().find(unused) else { return Ok(()) };
    let users: Vec<String> = CommandName::all()
        .iter()
        .filter(|command| setting.used_by(**command) != Use::Never)
        .map(|command| format!("`{command}`"))
        .collect();
    Err(Error::Config(format!(
        "--{} has no effect on `owlery {command}`; leave it out (it is a flag of {})",
        setting.name,
        users.join(", ")
    )))
}

/// Refuses typed flags that mean nothing for a bucket, which is only read.
pub(super) fn check_typed_for_bucket(typed: &Values) -> Result<()> {
    let Some(setting) = typed.given().find(|setting| !setting.is_for_bucket()) else { return Ok(()) };
    Err(Error::Config(format!(
        "--{} has no effect on `owlery serve URL`, which only reads what was copied; leave it out",
        setting.name
    )))
}

/// Refuses typed flags that a running daemon would not follow. `pattern` asks the daemon for its camera pattern.
pub(in super::super) fn check_beside_daemon(
    typed: &Values,
    command: CommandName,
    pattern: impl FnOnce() -> Result<Option<String>>,
) -> Result<()> {
    if let Some(setting) = typed.given().find(|setting| setting.used_by(command) == Use::Alone) {
        return Err(refused(setting));
    }
    if CAMERA_PATTERN.used_by(command) == Use::AloneOrSame
        && let typed @ Some(_) = typed.text(CAMERA_PATTERN)
        && typed != pattern()?.as_deref()
    {
        return Err(refused(CAMERA_PATTERN));
    }
    Ok(())
}

fn refused(setting: &Setting) -> Error {
    let settings = if setting.is_rule() { "rules" } else { "settings" };
    Error::Config(format!(
        "--{}: a daemon runs on this archive and applies its own {settings}; leave the flag out, or change the daemon's \
         configuration",
        setting.name
    ))
}

#[cfg(test)]
mod tests {
    use super::super::declaration::{CONFIG, REAP_RATE};
    use super::*;

    #[test]
    fn a_refusal_names_flag_command_and_users() {
        let typed = Values::default().with(CONFIG, "x").with(REAP_RATE, "1");
        let error = check_typed(&typed, CommandName::List).unwrap_err().to_string();
        for part in ["--reap-rate", "`owlery list`", "`serve`, `expire`"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(check_typed(&typed, CommandName::Expire).is_ok());
    }
}
