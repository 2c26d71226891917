//! Reviewed events: those that a user has seen.

use owlery_model::event::{Camera, EventId};
use serde::{Deserialize, Serialize};

/// Which events were reviewed, or are no longer: these events, or all in a range of starts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewRequest {
    /// Whether they were reviewed.
    pub reviewed: bool,
    /// These events, at most 1000; without the other fields.
    #[cfg_attr(feature = "schema", schema(max_items = 1000, nullable = false))]
    pub events: Option<Vec<EventId>>,
    /// Only events of these cameras.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub camera: Option<Vec<Camera>>,
    /// Only events that start then or later: a day, a time, or a span back from now.
    #[cfg_attr(feature = "schema", schema(nullable = false, example = "2026-11-20"))]
    pub from: Option<String>,
    /// Only events that start then or earlier; a bare day is included.
    #[cfg_attr(feature = "schema", schema(nullable = false, example = "2026-11-20"))]
    pub to: Option<String>,
}

/// How many events are reviewed now that were not, or the other way round.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewedCount {
    /// The number of events whose state changed.
    pub events: u64,
}
