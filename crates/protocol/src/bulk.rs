//! Changes of many events at once.

use owlery_model::event::EventId;
use serde::{Deserialize, Serialize};

use crate::pass::Pass;

/// Events to save, or to unsave.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SaveRequest {
    /// The events.
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub events: Vec<EventId>,
    /// Whether to save them.
    pub saved: bool,
}

/// Events to delete.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeleteRequest {
    /// The events.
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub events: Vec<EventId>,
}

/// What became of events that were to be saved or unsaved.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SavedEvents {
    /// Those that are now as requested, also those that were before.
    pub changed: Vec<EventId>,
    /// The others.
    pub failed: Vec<UnchangedEvent>,
}

/// An event that was not changed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnchangedEvent {
    /// The event.
    pub event: EventId,
    /// The status that a request about this event alone gets.
    pub status: u16,
    /// The problem, as a sentence.
    pub problem: String,
}

/// What became of events that were to be deleted: a pass with those that were, which can be restored, and the others.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeletedEvents {
    /// The pass. Without a name if none of the events was moved.
    #[serde(flatten)]
    pub pass: Pass,
    /// The events that stay, and why.
    pub left: Vec<UnchangedEvent>,
}
