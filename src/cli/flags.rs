//! Which settings flags each command uses, alone and beside a running daemon. A flag that is typed is honoured or refused:
//! the table here decides it, the help pages follow it, and every request to a daemon passes [`check_beside`].

use super::settings::Given;
use crate::error::{Error, Result};

/// A command on an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Serve,
    Scan,
    List,
    Stats,
    Plan,
    Expire,
    Queue,
    Restore,
    Delete,
    Save,
    Unsave,
    Audit,
    Check,
    Accept,
    Ended,
}

impl Name {
    pub const ALL: [Self; 15] = [
        Self::Serve,
        Self::Scan,
        Self::List,
        Self::Stats,
        Self::Plan,
        Self::Expire,
        Self::Queue,
        Self::Restore,
        Self::Delete,
        Self::Save,
        Self::Unsave,
        Self::Audit,
        Self::Check,
        Self::Accept,
        Self::Ended,
    ];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Scan => "scan",
            Self::List => "list",
            Self::Stats => "stats",
            Self::Plan => "plan",
            Self::Expire => "expire",
            Self::Queue => "queue",
            Self::Restore => "restore",
            Self::Delete => "delete",
            Self::Save => "save",
            Self::Unsave => "unsave",
            Self::Audit => "audit",
            Self::Check => "check",
            Self::Accept => "accept",
            Self::Ended => "ended",
        }
    }
}

/// A flag that is also an environment variable and a key of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    KeepDays,
    MaxSize,
    MinFree,
    FloorDays,
    UndoWindow,
    MaxShare,
    CheckInterval,
    Listen,
    Insecure,
    TlsCert,
    TlsKey,
    AllowHost,
    BasePath,
    FrameAncestors,
    Config,
    MotionConf,
    StateDir,
    CameraPattern,
    EventGap,
    Sidecars,
    Poll,
    ReapRate,
    Window,
}

/// What a command does with a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It has no effect there. Typed, it is refused; from the environment or a shared file it is ignored.
    Never,
    /// The command itself applies it. Beside a daemon, which does the work by its own settings, it is refused.
    Alone,
    /// The same, but beside a daemon it is accepted where the daemon has the same value.
    AloneOrSame,
    /// With and without a daemon.
    Always,
}

impl Flag {
    pub const ALL: [Self; 23] = [
        Self::KeepDays,
        Self::MaxSize,
        Self::MinFree,
        Self::FloorDays,
        Self::UndoWindow,
        Self::MaxShare,
        Self::CheckInterval,
        Self::Listen,
        Self::Insecure,
        Self::TlsCert,
        Self::TlsKey,
        Self::AllowHost,
        Self::BasePath,
        Self::FrameAncestors,
        Self::Config,
        Self::MotionConf,
        Self::StateDir,
        Self::CameraPattern,
        Self::EventGap,
        Self::Sidecars,
        Self::Poll,
        Self::ReapRate,
        Self::Window,
    ];

    /// Its name on the command line (after `--`), and as a key of the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeepDays => "keep-days",
            Self::MaxSize => "max-size",
            Self::MinFree => "min-free",
            Self::FloorDays => "floor-days",
            Self::UndoWindow => "undo-window",
            Self::MaxShare => "max-share",
            Self::CheckInterval => "check-interval",
            Self::Listen => "listen",
            Self::Insecure => "insecure",
            Self::TlsCert => "tls-cert",
            Self::TlsKey => "tls-key",
            Self::AllowHost => "allow-host",
            Self::BasePath => "base-path",
            Self::FrameAncestors => "frame-ancestors",
            Self::Config => "config",
            Self::MotionConf => "motion-conf",
            Self::StateDir => "state-dir",
            Self::CameraPattern => "camera-pattern",
            Self::EventGap => "event-gap",
            Self::Sidecars => "sidecars",
            Self::Poll => "poll",
            Self::ReapRate => "reap-rate",
            Self::Window => "window",
        }
    }

    /// The environment variable.
    pub fn variable(self) -> String {
        format!("OWLERY_{}", self.name().replace('-', "_").to_ascii_uppercase())
    }

    /// Whether it is a retention rule.
    pub fn is_rule(self) -> bool {
        matches!(self, Self::KeepDays | Self::MaxSize | Self::MinFree | Self::FloorDays | Self::MaxShare)
    }

    /// What a command does with it.
    pub fn used_by(self, command: Name) -> Use {
        use Name as N;
        if command == N::Serve {
            return Use::Always;
        }
        match self {
            Self::Config | Self::StateDir => Use::Always,
            Self::KeepDays | Self::MaxSize | Self::MinFree | Self::FloorDays => match command {
                N::Plan | N::Stats => Use::Always, // beside a daemon as a what-if
                N::Expire => Use::Alone,
                _ => Use::Never,
            },
            Self::MaxShare => match command {
                N::Plan => Use::Always,
                N::Expire => Use::Alone,
                _ => Use::Never,
            },
            Self::UndoWindow => match command {
                N::Expire | N::Restore | N::Delete => Use::Alone,
                _ => Use::Never,
            },
            Self::ReapRate => match command {
                N::Expire => Use::Alone,
                _ => Use::Never,
            },
            // They decide which events are open, wherever events are read from disk.
            Self::EventGap | Self::MotionConf => match command {
                N::Check => Use::Always, // it reads the tree itself
                N::Serve | N::Queue | N::Audit | N::Accept | N::Ended => Use::Never,
                _ => Use::Alone,
            },
            Self::Sidecars => match command {
                N::Scan | N::List | N::Stats | N::Plan | N::Expire => Use::Alone,
                _ => Use::Never,
            },
            Self::CameraPattern => match command {
                N::Check | N::Audit | N::Accept => Use::Always,
                _ => Use::AloneOrSame,
            },
            Self::CheckInterval
            | Self::Listen
            | Self::Insecure
            | Self::TlsCert
            | Self::TlsKey
            | Self::AllowHost
            | Self::BasePath
            | Self::FrameAncestors
            | Self::Poll
            | Self::Window => Use::Never,
        }
    }
}

/// Refuses typed flags that the command never uses.
pub(super) fn check(typed: &[Flag], command: Name) -> Result<()> {
    let Some(flag) = typed.iter().find(|flag| flag.used_by(command) == Use::Never) else { return Ok(()) };
    let users: Vec<String> = Name::ALL
        .into_iter()
        .filter(|name| flag.used_by(*name) != Use::Never)
        .map(|name| format!("`{}`", name.as_str()))
        .collect();
    Err(Error::Config(format!(
        "--{} has no effect on `owlery {}`; leave it out (it is a flag of {})",
        flag.name(),
        command.as_str(),
        users.join(", ")
    )))
}

/// Refuses typed flags that a running daemon would not follow. `pattern` asks the daemon for its camera pattern.
pub(super) fn check_beside(
    given: &Given,
    command: Name,
    pattern: impl FnOnce() -> Result<Option<String>>,
) -> Result<()> {
    let typed = given.flags();
    if let Some(flag) = typed.iter().find(|flag| flag.used_by(command) == Use::Alone) {
        return Err(refused(*flag));
    }
    if Flag::CameraPattern.used_by(command) == Use::AloneOrSame
        && given.camera_pattern.is_some()
        && given.camera_pattern != pattern()?
    {
        return Err(refused(Flag::CameraPattern));
    }
    Ok(())
}

fn refused(flag: Flag) -> Error {
    let what = if flag.is_rule() { "rules" } else { "settings" };
    Error::Config(format!(
        "--{}: an owlery runs on this archive: the daemon's {what} apply; leave it out, or change it where the daemon is \
         configured",
        flag.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serve_uses_every_flag() {
        assert!(Flag::ALL.iter().all(|flag| flag.used_by(Name::Serve) == Use::Always));
    }

    #[test]
    fn a_refusal_names_flag_command_and_users() {
        let error = check(&[Flag::Config, Flag::ReapRate], Name::List).unwrap_err().to_string();
        for part in ["--reap-rate", "`owlery list`", "`serve`, `expire`"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(check(&[Flag::Config, Flag::ReapRate], Name::Expire).is_ok());
    }
}
