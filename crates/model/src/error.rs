//! The one error type of the library. Every variant names the operation and what it was done to; the cause is linked
//! as the source and never repeated in the text. How an error ends a process or a request is decided by [`Kind`] alone.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::event::Guard;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system said no.
    #[error("cannot {op} {}", path.display())]
    Io {
        /// What was tried, as a verb: "open", "rename".
        op: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The root is missing, unreadable, or holds neither our marker nor a camera directory.
    #[error("{} is no archive: {why}", path.display())]
    NoArchive {
        /// The root as it was given.
        path: PathBuf,
        /// Why not, in words.
        why: String,
    },
    /// A name from outside that is not of the strict grammar.
    #[error("{text:?} is not {what}")]
    Name {
        /// What was expected, with an example.
        what: &'static str,
        /// The text as it came.
        text: String,
    },
    /// A flag, a configuration key or a combination of them that cannot be.
    #[error("{0}")]
    Config(String),
    /// Another process manages this archive.
    #[error("another owlery runs on this archive: {holder}")]
    Locked {
        /// Who holds the lock, as its lock file says.
        holder: String,
    },
    /// A guard refused a deletion.
    #[error("refused by the guard {:?}: {message}", guard.as_str())]
    Refused {
        /// The guard's name.
        guard: Guard,
        /// What it saw, and what to do.
        message: String,
    },
    /// Nothing of that name is there.
    #[error("there is no {what} {name}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Under which name.
        name: String,
    },
    /// What was asked for is done, but the audit does not say so.
    #[error("{done}, but {why}")]
    Unrecorded {
        /// What was done.
        done: String,
        /// Why the audit lacks it, and what to do.
        why: String,
    },
    /// The details cache could not be read or written.
    #[error("cannot {op} the catalog {}", path.display())]
    Catalog {
        /// What was tried.
        op: &'static str,
        /// The catalog's file.
        path: PathBuf,
        /// Whether the file itself is at fault, so that it has to be rebuilt.
        is_damage: bool,
        /// SQLite's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A worker thread panicked; its work is not done any more.
    #[error("the worker {worker:?} stopped unexpectedly: {message}")]
    Worker {
        /// The thread's name.
        worker: String,
        /// The panic's message.
        message: String,
    },
    /// The service is stopping, or has stopped.
    #[error("the service has stopped")]
    Stopped,
    /// The running daemon could not be asked, or answered that it failed.
    #[error("the running owlery {0}")]
    Daemon(String),
    /// A guard of the running daemon refused, for the reason told.
    #[error("{0}")]
    DaemonRefused(String),
}

/// What an error means to the caller: the exit code of a process, the status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something could not be read or done.
    Failed,
    /// The call itself was wrong: usage, configuration, a name, a second daemon.
    Usage,
    /// A guard or a protection said no.
    Refused,
    /// What was asked for is not there.
    Unknown,
    /// There is no archive there.
    NoArchive,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether a disk has no room, or the quota of its user is used up.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl Error {
    /// An [`Error::Io`] for `op` on `path`.
    pub fn io(op: &'static str, path: impl AsRef<Path>, source: impl Into<io::Error>) -> Self {
        Self::Io { op, path: path.as_ref().to_path_buf(), source: source.into() }
    }

    /// What this means to the caller.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Io { .. }
            | Self::Unrecorded { .. }
            | Self::Catalog { .. }
            | Self::Worker { .. }
            | Self::Stopped
            | Self::Daemon(_) => Kind::Failed,
            Self::Name { .. } | Self::Config(_) | Self::Locked { .. } => Kind::Usage,
            Self::Refused { .. } | Self::DaemonRefused(_) => Kind::Refused,
            Self::Unknown { .. } => Kind::Unknown,
            Self::NoArchive { .. } => Kind::NoArchive,
        }
    }

    /// Whether the cause is that the thing is not there (any more).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the cause is a disk without room, or a quota that is used up.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_full(source))
    }

    /// Whether there is no directory (any more) where one was to be opened: nothing, a file, or a link.
    pub fn is_no_directory(&self) -> bool {
        let loops = |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotADirectory || loops(source))
            || self.is_not_found()
    }

    /// Whether the catalog's file is at fault: it is rebuilt, and then the same can be asked again.
    pub fn is_damaged_catalog(&self) -> bool {
        matches!(self, Self::Catalog { is_damage: true, .. })
    }

    /// The text with all its causes, on one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(next) = cause {
            text.push_str(": ");
            text.push_str(&next.to_string());
            cause = next.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_operation_path_and_cause_once() {
        let error = Error::io("open", "/x/y", io::Error::from_raw_os_error(13));
        assert_eq!(error.to_string(), "cannot open /x/y");
        assert_eq!(error.chain(), "cannot open /x/y: Permission denied (os error 13)");
    }
}
