//! Why a store cannot be used.

use std::path::PathBuf;

use owlery_model::event::EventId;

use crate::keys::HostName;
use crate::name::StoreName;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a store cannot be used, with the operation and the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No store of this name is configured, or the user may not use it.
    #[error("there is no store {0:?}")]
    Unknown(String),
    /// The store is configured, and switched off.
    #[error("the store {0} is not active; set `active = true` in its table of the configuration")]
    Inactive(StoreName),
    /// The store does not respond, or responds with an error that may pass.
    #[error("cannot {op} in the store {store}: {why}")]
    OutOfReach {
        /// The store.
        store: StoreName,
        /// What was to be done, with the object, such as "read host/index.json".
        op: String,
        /// What the store, or the network, said.
        why: String,
    },
    /// The store refuses the credentials.
    #[error(
        "the store {store} refuses to {op}: {why}; check its credentials and what they permit, then run `owlery store login`"
    )]
    Refused {
        /// The store.
        store: StoreName,
        /// What was to be done.
        op: String,
        /// What the store said.
        why: String,
    },
    /// There is no such object.
    #[error("there is no {object} in the store {store}")]
    NotFound {
        /// The store.
        store: StoreName,
        /// The object's key.
        object: String,
    },
    /// An object is not what was written, or what a manifest says.
    #[error("{object} in the store {store} is wrong: {why}")]
    Wrong {
        /// The store.
        store: StoreName,
        /// The object's key.
        object: String,
        /// What is wrong.
        why: String,
    },
    /// An object is encrypted, and nothing that was given decrypts it.
    #[error("{object} in the store {store} is encrypted to {}, {why}", to.join(" and "))]
    Encrypted {
        /// The store.
        store: StoreName,
        /// The object's key.
        object: String,
        /// The public keys.
        to: Vec<String>,
        /// What is missing, with the cure.
        why: String,
    },
    /// The store cannot have an object of this name.
    #[error("cannot {op} in the store {store}: the name is too long for it")]
    NameTooLong {
        /// The store.
        store: StoreName,
        /// What was to be done.
        op: String,
    },
    /// Another archive writes below this prefix.
    #[error(
        "the prefix {prefix:?} of the store {store} belongs to another archive ({theirs}); set another `host` in its table of the configuration, or another prefix"
    )]
    OfAnotherArchive {
        /// The store.
        store: StoreName,
        /// The host's prefix.
        prefix: String,
        /// The id of the archive that it belongs to.
        theirs: String,
    },
    /// A host has no place in the store.
    #[error("{host} has copied nothing to the store {store}{}", others(there))]
    NothingCopied {
        /// The store.
        store: StoreName,
        /// The host.
        host: HostName,
        /// The names that have a place there.
        there: Vec<String>,
    },
    /// Another process is copying to the store.
    #[error("another owlery is copying to the store {0}; wait until it has ended")]
    Busy(StoreName),
    /// The event is still being recorded.
    #[error("{0} is being recorded; it is copied when it is complete")]
    BeingRecorded(EventId),
    /// A file changed while it was copied.
    #[error("{file} changed while it was copied; copy the event again when it is complete")]
    Changed {
        /// The file's name in the event's directory.
        file: String,
    },
    /// The configuration of a store is not valid.
    #[error("{0}")]
    Config(String),
    /// The credentials of a store are missing, or cannot be read or kept.
    #[error("the credentials of the store {store} cannot be used: {why}")]
    Credentials {
        /// The store.
        store: StoreName,
        /// What failed, on which file, and the cure.
        why: String,
    },
    /// A local file cannot be used.
    #[error("cannot {op} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        op: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

fn others(there: &[String]) -> String {
    if there.is_empty() {
        return ", and neither has another host".to_owned();
    }
    format!("; these hosts have: {} (name one with --host)", there.join(", "))
}

impl Error {
    /// An error of a local file.
    pub(crate) fn io(op: &'static str, path: impl Into<PathBuf>, source: impl Into<std::io::Error>) -> Self {
        Self::Io { op, path: path.into(), source: source.into() }
    }

    /// Whether the same request may succeed later by itself.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::OutOfReach { .. })
    }

    /// Whether only the event that was being copied is concerned: others can still be copied.
    pub fn is_of_one_event(&self) -> bool {
        matches!(
            self,
            Self::Io { .. }
                | Self::Changed { .. }
                | Self::BeingRecorded(_)
                | Self::Wrong { .. }
                | Self::Encrypted { .. }
                | Self::NameTooLong { .. }
        )
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
