//! The data of messages of the live stream. `event-added` and `event-changed` have an [`Event`](crate::Event).

use owlery_model::event::EventId;
use serde::Serialize;

use crate::pass::Pass;

/// The data of `event-removed`.
#[derive(Debug, Serialize)]
pub struct RemovedEvent<'a> {
    /// The event.
    pub id: &'a EventId,
}

/// The data of `pass`: a pass as in the API, with its outcome.
#[derive(Debug, Serialize)]
pub struct PassMessage {
    /// `retired`, `refused` or `restored`.
    #[serde(rename = "what")]
    pub outcome: PassOutcome,
    /// The pass.
    #[serde(flatten)]
    pub pass: Pass,
}

/// What has happened to a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PassOutcome {
    /// It has retired something.
    Retired,
    /// A guard has refused it.
    Refused,
    /// It was restored.
    Restored,
}

/// The data of `reset`, which has none.
#[derive(Debug, Serialize)]
pub struct ResetData {}
