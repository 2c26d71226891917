//! Reviewed events: those that a user has seen.

use owlery_model::event::{Camera, EventId};
use serde::{Deserialize, Deserializer, Serialize};

/// Which events were reviewed, or are no longer: these events, or all in a range of starts. The OpenAPI document describes the two forms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// Whether they were reviewed.
    pub reviewed: bool,
    /// These events, at most 1000; without the other fields.
    #[serde(default, deserialize_with = "given")]
    pub events: Option<Vec<EventId>>,
    /// Only events of these cameras.
    #[serde(default, deserialize_with = "given")]
    pub camera: Option<Vec<Camera>>,
    /// Only events that start then or later: a day, a time, or a span back from now.
    #[serde(default, deserialize_with = "given")]
    pub from: Option<String>,
    /// Only events that start then or earlier; a bare day is included.
    #[serde(default, deserialize_with = "given")]
    pub to: Option<String>,
}

/// A field that may be left out, and may not be null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// How many events are reviewed now that were not, or the other way round.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewedCount {
    /// The number of events whose state changed.
    pub events: u64,
}
