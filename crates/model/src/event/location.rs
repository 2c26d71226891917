//! Where the files of an event are: in the archive, or only in a store.

use std::fmt;
use std::sync::Arc;

use super::Event;

/// Where the files of an event are. Serialized as `local`, or as the name of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// In the archive.
    #[default]
    Local,
    /// Only in the store of this name.
    Store(Arc<str>),
}

/// The text of [`Location::Local`]. No store has this name.
pub const LOCAL: &str = "local";

impl Location {
    /// The name of the store; `None` for the archive.
    pub fn store(&self) -> Option<&str> {
        match self {
            Self::Local => None,
            Self::Store(name) => Some(name),
        }
    }

    /// As it is serialized.
    pub fn as_str(&self) -> &str {
        self.store().unwrap_or(LOCAL)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Location {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An event, and where its files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The event.
    pub event: Event,
    /// Where its files are.
    pub location: Location,
}

impl Located {
    /// An event of the archive.
    pub fn local(event: Event) -> Self {
        Self { event, location: Location::Local }
    }
}
