//! Why something is done with events, or not: decided as a type, shown as a sentence. JSON has both: `reason` is the sentence,
//! `rule` the type.

use std::fmt;

use bytesize::ByteSize;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Camera, Day};

/// Why events are retired, removed, restored or kept.
///
/// In JSON it is two keys: `reason`, a sentence whose wording may change, and `rule`, an object with the variant's name as
/// `kind` and its fields. [`Reason::Words`] has the sentence alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = ReasonRule))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The day is older than the camera's rule keeps.
    OlderThan {
        /// For how many days events are kept.
        days: u32,
        /// The day that ended.
        ended: Day,
    },
    /// A camera takes more than its rule allows.
    CameraOver {
        /// The camera.
        camera: Camera,
        /// The size that its rule allows, in bytes.
        limit: u64,
        /// How much larger it is, in bytes.
        excess: u64,
    },
    /// The archive takes more than its rule allows.
    ArchiveOver {
        /// The size that the rule allows, in bytes.
        limit: u64,
        /// How much larger it is, in bytes.
        excess: u64,
    },
    /// The archive's disk has less free space than its rule asks for.
    FreeSpaceUnder {
        /// The free space, in bytes.
        free: u64,
        /// What is to be free, in bytes.
        wanted: u64,
        /// How much is missing, in bytes.
        missing: u64,
    },
    /// Kept: the events are saved.
    Saved,
    /// Kept: Motion may still write them.
    Open,
    /// Kept, or back: they were restored from the delete queue.
    Restored,
    /// Kept: rules of size take nothing this young.
    Floor,
    /// Kept: the day's date cannot be right.
    WrongDate,
    /// Kept: the day has files, but no event directories.
    NoEvents,
    /// Kept: a store that is to have the events lacks a copy of them.
    NotCopied,
    /// They were retired although a store had no copy of them: its rule for a full disk allows that.
    WithoutCopy {
        /// The rule that wanted them retired.
        #[cfg_attr(feature = "schema", schema(no_recursion))]
        rule: Box<Reason>,
    },
    /// An admin deleted them.
    Deleted,
    /// Another program had emptied their directories, which were removed.
    Emptied,
    /// They were removed in place, since the disk had no room for the delete queue.
    InPlace {
        /// The rule that wanted them removed; absent if it is not known any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(no_recursion))]
        rule: Option<Box<Reason>>,
    },
    /// Put back: the pass, or the removal in place, was interrupted.
    PutBack {
        /// What was interrupted.
        interrupted: Interrupted,
    },
    /// Shown to users of some cameras only: a rule of the whole archive.
    WholeArchive,
    /// Shown to users of some cameras only: a reason that has no type, so it may concern the whole archive.
    Withheld,
    /// A sentence without a type: an error's text, or what another version of Owlery wrote.
    Words {
        /// The sentence.
        text: String,
    },
}

/// What was interrupted before events were put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Interrupted {
    /// A pass, while it was made.
    Pass,
    /// A removal in place.
    Removal,
}

impl Reason {
    /// This reason for a user of some cameras: without anything that tells the size of the archive or of its disk.
    #[must_use]
    pub fn redacted(&self) -> Self {
        match self {
            Self::ArchiveOver { .. } | Self::FreeSpaceUnder { .. } => Self::WholeArchive,
            Self::InPlace { rule } => Self::InPlace { rule: rule.as_ref().map(|rule| Box::new(rule.redacted())) },
            Self::WithoutCopy { rule } => Self::WithoutCopy { rule: Box::new(rule.redacted()) },
            Self::Words { .. } => Self::Withheld,
            Self::OlderThan { .. }
            | Self::CameraOver { .. }
            | Self::Saved
            | Self::Open
            | Self::Restored
            | Self::Floor
            | Self::WrongDate
            | Self::NoEvents
            | Self::NotCopied
            | Self::Deleted
            | Self::Emptied
            | Self::PutBack { .. }
            | Self::WholeArchive
            | Self::Withheld => self.clone(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const IN_PLACE: &str = "removed in place, since the disk had no room for the delete queue";
        match self {
            Self::OlderThan { days, ended } => write!(f, "older than {days} days: ended {ended}"),
            Self::CameraOver { camera, limit, excess } => {
                write!(f, "{camera} over {} by {}", size_text(*limit), size_text(*excess))
            }
            Self::ArchiveOver { limit, excess } => {
                write!(f, "archive over {} by {}", size_text(*limit), size_text(*excess))
            }
            Self::FreeSpaceUnder { free, wanted, missing } => {
                write!(f, "free space {} under {} by {}", size_text(*free), size_text(*wanted), size_text(*missing))
            }
            Self::Saved => f.write_str("saved"),
            Self::Open => f.write_str("open"),
            Self::Restored => f.write_str("restored"),
            Self::Floor => f.write_str("floor"),
            Self::WrongDate => f.write_str("wrong date"),
            Self::NoEvents => f.write_str("no events"),
            Self::NotCopied => f.write_str("not copied yet"),
            Self::WithoutCopy { rule } => write!(f, "{rule}; a store had no copy"),
            Self::Deleted => f.write_str("deleted by hand"),
            Self::Emptied => {
                f.write_str("emptied by another program; no recording was left, so the directory was removed")
            }
            Self::InPlace { rule: Some(rule) } => write!(f, "{rule}; {IN_PLACE}"),
            Self::InPlace { rule: None } => write!(f, "past its time; {IN_PLACE}"),
            Self::PutBack { interrupted: Interrupted::Pass } => f.write_str("put back: its pass was cut off"),
            Self::PutBack { interrupted: Interrupted::Removal } => {
                f.write_str("put back: its removal in place was cut off")
            }
            Self::WholeArchive => f.write_str("by a rule of the whole archive"),
            Self::Withheld => f.write_str("not shown: it may concern the whole archive"),
            Self::Words { text } => f.write_str(text),
        }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::Words { text }
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self::Words { text: text.to_owned() }
    }
}

/// A size for people.
pub(crate) fn size_text(bytes: u64) -> String {
    ByteSize::b(bytes).display().si().to_string()
}

/// A reason as the two keys of the object that it belongs to: `#[serde(flatten, with = "reason::keys")]`.
pub(super) mod keys {
    use super::{Deserialize, Deserializer, Reason, Serialize, Serializer};

    /// The keys. A `rule` that this version does not understand leaves the sentence alone.
    #[derive(Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
    #[cfg_attr(feature = "schema", schema(as = Reason))]
    pub(crate) struct Keys {
        /// Why, in words for a person. The wording may change.
        #[serde(default)]
        reason: String,
        /// The same for programs; absent where the reason is words alone.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "understood")]
        rule: Option<Reason>,
    }

    fn understood<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Reason>, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        Ok(Reason::deserialize(value).ok())
    }

    pub(crate) fn serialize<S: Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
        let rule = (!matches!(reason, Reason::Words { .. })).then(|| reason.clone());
        Keys { reason: reason.to_string(), rule }.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reason, D::Error> {
        let Keys { reason, rule } = Keys::deserialize(deserializer)?;
        Ok(rule.unwrap_or(Reason::Words { text: reason }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Item;

    /// A reason of each kind.
    fn all() -> Vec<Reason> {
        let ended = "2026-09-30".parse().unwrap();
        let archive = Reason::ArchiveOver { limit: 987_000, excess: 987_001 };
        vec![
            Reason::OlderThan { days: 45, ended },
            Reason::CameraOver { camera: "Camera2".parse().unwrap(), limit: u64::MAX, excess: 1 },
            archive.clone(),
            Reason::FreeSpaceUnder { free: 987_000, wanted: 987_001, missing: 987_002 },
            Reason::Saved,
            Reason::Open,
            Reason::Restored,
            Reason::Floor,
            Reason::WrongDate,
            Reason::NoEvents,
            Reason::NotCopied,
            Reason::WithoutCopy { rule: Box::new(archive.clone()) },
            Reason::InPlace { rule: Some(Box::new(Reason::WithoutCopy { rule: Box::new(archive.clone()) })) },
            Reason::Deleted,
            Reason::Emptied,
            Reason::InPlace { rule: None },
            Reason::InPlace { rule: Some(Box::new(archive)) },
            Reason::InPlace { rule: Some(Box::new("archive over 987 kB".into())) },
            Reason::PutBack { interrupted: Interrupted::Pass },
            Reason::PutBack { interrupted: Interrupted::Removal },
            Reason::WholeArchive,
            Reason::Withheld,
            "archive over 987 kB".into(),
        ]
    }

    fn item(reason: Reason) -> Item {
        Item::restored(&"Camera1".parse().unwrap(), "2026-09-30".parse().unwrap(), vec!["01".parse().unwrap()], reason)
            .unwrap()
    }

    #[test]
    fn json_keeps_the_type() {
        for reason in all() {
            let value = serde_json::to_value(item(reason.clone())).unwrap();
            assert_eq!(value["reason"], reason.to_string());
            assert_eq!(value.get("rule").is_none(), matches!(reason, Reason::Words { .. }), "{value}");
            assert_eq!(serde_json::from_value::<Item>(value).unwrap().reason, reason);
        }
        let older = serde_json::to_value(item(all()[0].clone())).unwrap();
        assert_eq!(older["rule"], serde_json::json!({"kind": "older-than", "days": 45, "ended": "2026-09-30"}));
    }

    /// An older version writes no `rule`, a later one may write rules that this one lacks.
    #[test]
    fn rules_of_other_versions_are_words() {
        for rule in
            ["", r#","rule":null"#, r#","rule":7"#, r#","rule":{"kind":"moon"}"#, r#","rule":{"kind":"older-than"}"#]
        {
            let text = format!(
                r#"{{"camera":"Camera1","day":"2026-09-30","events":"all","count":1,"bytes":null,"reason":"archive over 1 B"{rule}}}"#
            );
            let item: Item = serde_json::from_str(&text).unwrap();
            assert_eq!(item.reason, "archive over 1 B".into(), "{rule}");
        }
    }

    #[test]
    fn redaction_hides_the_archives_size() {
        for reason in all() {
            let shown = serde_json::to_string(&item(reason.redacted())).unwrap();
            assert!(!shown.contains("987"), "{shown}");
            assert_eq!(reason.redacted().redacted(), reason.redacted());
        }
    }
}
