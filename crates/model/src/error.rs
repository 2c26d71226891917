//! The library's error type. Every variant names the operation and its object; the cause is the source and is never
//! repeated in the text. [`Kind`] alone decides how an error ends a process or a request.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::guard::Guard;

/// An error of the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    #[error("cannot {op} {}", path.display())]
    Io {
        /// The operation.
        op: Operation,
        /// The path of its object.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The root is missing, unreadable, or holds neither our marker nor a camera directory.
    #[error("{} is not an archive: {why}", path.display())]
    NoArchive {
        /// The root as it was given.
        path: PathBuf,
        /// The reason, as a sentence.
        why: String,
    },
    /// There is no cache to read.
    #[error("{} is not a cache: {why}", path.display())]
    NoCache {
        /// The directory as it was given.
        path: PathBuf,
        /// The reason, as a sentence.
        why: String,
    },
    /// A store cannot be used: a sentence with the cure.
    #[error("{0}")]
    Store(String),
    /// A copy in a store is not what was written: a sentence that names it.
    #[error("{0}")]
    DamagedCopy(String),
    /// A name from outside that does not match the strict grammar.
    #[error("{text:?} is not {what}")]
    Name {
        /// What was expected, with an example.
        what: &'static str,
        /// The text as it was given.
        text: String,
    },
    /// An invalid flag, configuration key or combination of them.
    #[error("{0}")]
    Config(String),
    /// Another process manages this archive.
    #[error("another owlery runs on this archive: {holder}")]
    Locked {
        /// The holder of the lock, from its lock file.
        holder: String,
    },
    /// A guard refused a deletion.
    #[error("refused by the guard {:?}: {message}", guard.as_str())]
    Refused {
        /// The guard's name.
        guard: Guard,
        /// What it found, and what to do.
        message: String,
    },
    /// Nothing has that name.
    #[error("there is no {what} {name}")]
    Unknown {
        /// The kind of thing that was requested.
        what: &'static str,
        /// The requested name.
        name: String,
    },
    /// The request was carried out, but the audit log does not contain it.
    #[error("{done}, but {why}")]
    Unrecorded {
        /// What was done.
        done: String,
        /// Why the audit log lacks it, and what to do.
        why: String,
    },
    /// The catalog could not be read or written.
    #[error("cannot {op} the catalog {}", path.display())]
    Catalog {
        /// The operation.
        op: &'static str,
        /// The catalog's file.
        path: PathBuf,
        /// Whether the file itself is at fault, so that it has to be rebuilt.
        is_damage: bool,
        /// SQLite's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A worker thread panicked and does its work no more.
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
    /// An optional part of the service cannot be used now, for this reason.
    #[error("{0}")]
    Unavailable(String),
    /// The running daemon could not be reached, or reported a failure.
    #[error("the running owlery {0}")]
    Daemon(String),
    /// A guard of the running daemon refused, for this reason.
    #[error("{0}")]
    DaemonRefused(String),
}

/// The operation that failed in an [`Error::Io`]. Displayed as a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Moving a directory into or out of a delete queue.
    Rename,
    /// Setting a catalog aside that cannot be used.
    SetAside,
    /// An operation that nothing distinguishes from others.
    Other(&'static str),
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rename => "rename",
            Self::SetAside => "set aside",
            Self::Other(verb) => verb,
        })
    }
}

impl From<&'static str> for Operation {
    fn from(verb: &'static str) -> Self {
        Self::Other(verb)
    }
}

/// The meaning of an error for the caller: the exit code of a process, the status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something could not be read or done.
    Failed,
    /// The call itself was wrong: usage, configuration, a name, a second daemon.
    Usage,
    /// A guard or a protection refused.
    Refused,
    /// The requested thing does not exist.
    Unknown,
    /// There is no archive at the root, or no cache in the directory.
    NoArchive,
}

/// The result of functions that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether a disk has no room, or the quota of its user is used up.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl Error {
    /// An [`Error::Io`] for `op` on `path`.
    pub fn io(op: impl Into<Operation>, path: impl AsRef<Path>, source: impl Into<io::Error>) -> Self {
        Self::Io { op: op.into(), path: path.as_ref().to_path_buf(), source: source.into() }
    }

    /// The kind of this error.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Io { .. }
            | Self::Unrecorded { .. }
            | Self::Catalog { .. }
            | Self::Worker { .. }
            | Self::Stopped
            | Self::Store(_)
            | Self::DamagedCopy(_)
            | Self::Unavailable(_)
            | Self::Daemon(_) => Kind::Failed,
            Self::Name { .. } | Self::Config(_) | Self::Locked { .. } => Kind::Usage,
            Self::Refused { .. } | Self::DaemonRefused(_) => Kind::Refused,
            Self::Unknown { .. } => Kind::Unknown,
            Self::NoArchive { .. } | Self::NoCache { .. } => Kind::NoArchive,
        }
    }

    /// Whether the cause is that the thing does not exist (any more).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the cause is a disk without room, or a quota that is used up.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_full(source))
    }

    /// Whether the cause is a filesystem that is mounted read-only.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem)
    }

    /// Whether there is no directory (any more) in the place of an expected one: nothing, a file, or a link.
    pub fn is_no_directory(&self) -> bool {
        let loops = |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotADirectory || loops(source))
            || self.is_not_found()
    }

    /// Whether the catalog's file is at fault. It is rebuilt then, and the operation can be repeated.
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
