//! One line of the audit: what was done with recordings, or refused, when, why, and by whose word.

use serde::{Deserialize, Serialize};

use super::{Camera, Day, EventSelection, Item, Reason, RecordedGuard, reason};

/// What an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuditAction {
    /// A pass retired something: its sums. An [`AuditAction::Item`] follows for each of its parts.
    Pass,
    /// Some events of a day were retired by a pass.
    Item,
    /// Some events of a day were to be retired, or restored, and stay where they were: they were kept in the last moment, or
    /// it failed.
    Left,
    /// A guard held a pass.
    Refused,
    /// Retired events were taken back into the archive.
    Restored,
    /// A person had events retired that no rule asked for.
    Deleted,
    /// A person keeps events.
    Saved,
    /// A person keeps events no more.
    Unsaved,
    /// Something else had emptied events in place, and their directories were removed. No recording was left in them.
    Emptied,
    /// An event was removed in place, since the disk had no room for the delete queue. It cannot be taken back.
    Removed,
    /// A person asked for something, and it could not be done.
    Failed,
    /// Entries that could not be written and had to be given up; the log has them.
    Lost,
    /// Something that a later version tells.
    #[serde(other)]
    Other,
}

impl AuditAction {
    /// The word that users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Item => "item",
            Self::Left => "left",
            Self::Refused => "refused",
            Self::Restored => "restored",
            Self::Deleted => "deleted",
            Self::Saved => "saved",
            Self::Unsaved => "unsaved",
            Self::Emptied => "emptied",
            Self::Removed => "removed",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Other => "other",
        }
    }
}

/// By whose word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A rule of the archive's.
    #[default]
    Rule,
    /// A person's.
    Hand,
    /// Something that a later version tells.
    #[serde(other)]
    Other,
}

/// One line of the audit. Keys that mean nothing for it are left out; unknown ones are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AuditEntry))]
pub struct Entry {
    /// Counts up from 1 in the order of writing, and is never given twice. Set when it is written.
    pub id: u64,
    /// When, RFC 3339 in UTC to the second. Set when it is noted.
    pub at: String,
    /// What happened.
    pub what: AuditAction,
    /// The pass it is about, by its name in the delete queue; of a refusal the id of the plan, which can be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
    /// Whose events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Camera>,
    /// Of which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// Which events of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventSelection>,
    /// How many events.
    #[serde(default)]
    pub count: u64,
    /// The sum of their bytes, if all were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Until when it can be taken back, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_until: Option<String>,
    /// By whose word.
    #[serde(default)]
    pub by: Actor,
    /// The guard that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub guard: Option<RecordedGuard>,
    /// Why.
    #[serde(flatten, with = "reason::keys")]
    #[cfg_attr(feature = "schema", schema(inline = false, value_type = reason::keys::Keys))]
    pub reason: Reason,
}

impl Entry {
    /// An entry that says this much; what else there is to say is filled in by the caller.
    pub fn new(what: AuditAction, reason: impl Into<Reason>) -> Self {
        Self {
            id: 0,
            at: String::new(),
            what,
            pass: None,
            camera: None,
            day: None,
            events: None,
            count: 0,
            bytes: None,
            undo_until: None,
            by: Actor::Rule,
            guard: None,
            reason: reason.into(),
        }
    }

    /// An entry about these events, with their reason.
    pub fn of(what: AuditAction, item: &Item) -> Self {
        Self {
            camera: Some(item.camera.clone()),
            day: Some(item.day),
            events: Some(item.events.clone()),
            count: item.count,
            bytes: item.bytes,
            ..Self::new(what, item.reason.clone())
        }
    }

    /// An entry as its line tells; `None` where the line is not whole, or not one of ours.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let entry: Self = serde_json::from_slice(line).ok()?;
        (1..=Self::LARGEST_ID).contains(&entry.id).then_some(entry)
    }

    /// The entry as a line, without its end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("an entry is texts and numbers")
    }

    /// No line with a larger number is believed, so that there is always a next one (and SQLite can write it).
    const LARGEST_ID: u64 = u64::MAX >> 2;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{EventName, Guard};

    fn recorded(name: String) -> RecordedGuard {
        name.parse::<Guard>().map_or(RecordedGuard::Unknown(name), RecordedGuard::Known)
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let what = prop_oneof![
            Just(AuditAction::Pass),
            Just(AuditAction::Item),
            Just(AuditAction::Refused),
            Just(AuditAction::Deleted)
        ];
        let events = proptest::option::of(prop_oneof![
            Just(EventSelection::All),
            prop::collection::vec((0u32..86_400).prop_map(EventName::Time), 1..5).prop_map(EventSelection::Some),
        ]);
        let texts = (proptest::option::of(".{0,20}"), proptest::option::of(".{0,20}"), ".{0,40}");
        (1u64..1 << 40, what, texts, events, any::<u32>(), proptest::option::of(0u64..1 << 60), any::<bool>()).prop_map(
            |(id, what, (pass, guard, reason), events, count, bytes, by_hand)| Entry {
                id,
                at: "2026-11-21T10:00:00Z".to_owned(),
                pass,
                guard: guard.map(recorded),
                camera: Some("Camera-Tür 1".parse().unwrap()),
                day: Day::from_number(i64::from(count % 40_000)),
                events,
                count: u64::from(count),
                bytes,
                by: if by_hand { Actor::Hand } else { Actor::Rule },
                ..Entry::new(what, reason)
            },
        )
    }

    proptest! {
        #[test]
        fn entries_go_round_as_lines(entry in any_entry()) {
            let line = entry.line();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Entry::parse(line.as_bytes()), Some(entry));
        }

        #[test]
        fn what_is_unknown_is_passed_over(entry in any_entry(), key in "[a-z]{1,8}", value in ".{0,8}") {
            let text = serde_json::to_string(&value).unwrap();
            let line = entry.line().replacen('{', &format!("{{\"x_{key}\":{text},\"y\":[{{}}],"), 1);
            prop_assert_eq!(Entry::parse(line.as_bytes()), Some(entry));
        }

        #[test]
        fn a_torn_line_is_none(entry in any_entry(), cut in 0.0f64..1.0) {
            let line = entry.line();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let at = (line.len() as f64 * cut) as usize;
            prop_assert_eq!(Entry::parse(&line.as_bytes()[..at]), None);
        }
    }

    #[test]
    fn words_of_a_later_version_and_a_bare_line_are_understood() {
        let line = r#"{"id":7,"at":"2026-11-21T10:00:00Z","what":"moved-to-tape","by":"robot"}"#;
        let entry = Entry::parse(line.as_bytes()).unwrap();
        assert_eq!((entry.what, entry.by, entry.count), (AuditAction::Other, Actor::Other, 0));
        for bad in [r#"{"id":0,"at":"","what":"pass"}"#, r#"{"id":18446744073709551615,"at":"","what":"pass"}"#, "{}"] {
            assert_eq!(Entry::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
