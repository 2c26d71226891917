//! The guards by name. `doc/retention.md` says what each checks; the checks are where the work is done.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A named check that refuses a pass, or holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// A rule names a camera that does not exist.
    Configuration,
    /// The wall clock cannot be right.
    Clock,
    /// The list of restored days cannot be read.
    Restored,
    /// The pass would retire too large a share of the archive.
    Share,
    /// The root is not marked as this archive.
    Marker,
    /// A camera is on another volume than before.
    Disk,
    /// The day is today or yesterday.
    Today,
    /// The event is saved.
    Saved,
    /// Motion may still write the event.
    Open,
    /// The reaper already removes the pass.
    Reaping,
    /// No held pass has the id that was to be confirmed.
    Confirmation,
}

impl Guard {
    /// Every guard, in the order in which metrics and the API list them.
    pub const ALL: [Self; 11] = [
        Self::Configuration,
        Self::Clock,
        Self::Restored,
        Self::Share,
        Self::Marker,
        Self::Disk,
        Self::Today,
        Self::Saved,
        Self::Open,
        Self::Reaping,
        Self::Confirmation,
    ];

    /// The name in JSON, files, metrics and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Clock => "clock",
            Self::Restored => "restored",
            Self::Share => "share",
            Self::Marker => "marker",
            Self::Disk => "disk",
            Self::Today => "today",
            Self::Saved => "saved",
            Self::Open => "open",
            Self::Reaping => "reaping",
            Self::Confirmation => "confirmation",
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Guard {
    type Err = UnknownGuard;

    fn from_str(text: &str) -> Result<Self, UnknownGuard> {
        Self::ALL.into_iter().find(|guard| guard.as_str() == text).ok_or_else(|| UnknownGuard(text.to_owned()))
    }
}

/// No guard has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no guard {0:?}")]
pub struct UnknownGuard(String);

/// A guard as a file or another Owlery names it. Another version may have guards that this one lacks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedGuard {
    /// A guard of this version.
    Known(Guard),
    /// The name of a guard that this version lacks.
    Unknown(String),
}

impl RecordedGuard {
    /// The guard's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(guard) => guard.as_str(),
            Self::Unknown(name) => name,
        }
    }
}

impl From<Guard> for RecordedGuard {
    fn from(guard: Guard) -> Self {
        Self::Known(guard)
    }
}

impl PartialEq<Guard> for RecordedGuard {
    fn eq(&self, other: &Guard) -> bool {
        matches!(self, Self::Known(guard) if guard == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for (at, guard) in Guard::ALL.into_iter().enumerate() {
            assert_eq!(guard as usize, at, "`ALL` has the order of the type");
            assert_eq!(guard.as_str().parse::<Guard>().unwrap(), guard);
            assert_eq!(serde_json::to_value(guard).unwrap(), guard.to_string());
            let recorded: RecordedGuard = serde_json::from_value(guard.as_str().into()).unwrap();
            assert!(recorded == guard && recorded.as_str() == guard.as_str());
        }
        assert!("Share".parse::<Guard>().is_err());
    }

    #[test]
    fn unknown_names_are_kept() {
        let recorded: RecordedGuard = serde_json::from_str("\"weather\"").unwrap();
        assert_eq!(recorded, RecordedGuard::Unknown("weather".to_owned()));
        assert_eq!(serde_json::to_string(&recorded).unwrap(), "\"weather\"");
    }
}
