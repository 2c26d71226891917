//! One entry of the audit log: what was done with recordings, or refused, when, why, and by which actor.

use serde::{Deserialize, Serialize};

use super::{Camera, Day, EventSelection, Item, Reason, RecordedGuard, reason};

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuditAction {
    /// A pass retired something; the entry has its totals. An [`AuditAction::Item`] follows for each of its items.
    Pass,
    /// Some events of a day were retired by a pass.
    Item,
    /// Some events of a day were to be retired or restored and stay where they were: they had to be kept at the last
    /// moment, or it failed.
    Left,
    /// A guard held a pass.
    Refused,
    /// Retired events were restored.
    Restored,
    /// A user deleted events, independently of any rule.
    Deleted,
    /// A user saved events.
    Saved,
    /// A user unsaved events.
    Unsaved,
    /// Another program had emptied events in place, and their directories were removed. They contained no recording.
    Emptied,
    /// An event was removed in place, since the disk had no room for the delete queue. It cannot be restored.
    Removed,
    /// A user's request that failed.
    Failed,
    /// Entries that could not be written and were dropped; the program's log has them.
    Lost,
    /// A kind of a later version.
    #[serde(other)]
    Other,
}

impl AuditAction {
    /// The name in JSON and commands.
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

/// Who requested an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A rule of the archive.
    #[default]
    Rule,
    /// A user.
    Hand,
    /// An actor of a later version.
    #[serde(other)]
    Other,
}

/// One entry of the audit log. Keys without a meaning for it are left out; unknown keys are skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AuditEntry))]
pub struct Entry {
    /// A number that grows from 1 in the order of writing, and is never used twice. Set when it is written.
    pub id: u64,
    /// When, RFC 3339 in UTC to the second. Set when it is recorded.
    pub at: String,
    /// What happened.
    pub what: AuditAction,
    /// The name of its pass in the delete queue; of a refusal the id of the plan, which can be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
    /// The camera of the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Camera>,
    /// The day of the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// Which events of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventSelection>,
    /// The number of events.
    #[serde(default)]
    pub count: u64,
    /// The sum of their bytes, if all were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Until when it can be restored, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_until: Option<String>,
    /// The actor.
    #[serde(default)]
    pub by: Actor,
    /// The guard that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub guard: Option<RecordedGuard>,
    /// The reason.
    #[serde(flatten, with = "reason::keys")]
    #[cfg_attr(feature = "schema", schema(inline = false, value_type = reason::keys::Keys))]
    pub reason: Reason,
}

impl Entry {
    /// An entry with these fields; the caller sets the others.
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

    /// Parses a line; `None` if it is incomplete or not an entry.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let entry: Self = serde_json::from_slice(line).ok()?;
        (1..=Self::LARGEST_ID).contains(&entry.id).then_some(entry)
    }

    /// The entry as a line, without its end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("an entry is texts and numbers")
    }

    /// A line with a larger number is not accepted, so that there is always a next number (and SQLite can store it).
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
    fn later_versions_and_bare_lines_are_parsed() {
        let line = r#"{"id":7,"at":"2026-11-21T10:00:00Z","what":"moved-to-tape","by":"robot"}"#;
        let entry = Entry::parse(line.as_bytes()).unwrap();
        assert_eq!((entry.what, entry.by, entry.count), (AuditAction::Other, Actor::Other, 0));
        for bad in [r#"{"id":0,"at":"","what":"pass"}"#, r#"{"id":18446744073709551615,"at":"","what":"pass"}"#, "{}"] {
            assert_eq!(Entry::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
