//! The shapes of what is written without a type, for the OpenAPI document: events. The tests read what is written as these.

use utoipa::ToSchema;

use super::ImageWire;
use crate::event::{Camera, Container, EventId, State};

/// An event.
#[derive(Debug, ToSchema)]
#[schema(as = Event)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
#[allow(dead_code)] // it is described, and written by `push_event`
pub(crate) struct EventSchema {
    pub id: EventId,
    pub camera: Camera,
    /// The camera's wall time, RFC 3339 without a zone.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", example = "2026-11-20T10:04:35")]
    pub start: String,
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", example = "2026-11-20T10:04:52")]
    pub end: String,
    #[schema(value_type = StateSchema)]
    #[cfg_attr(test, serde(deserialize_with = "state"))]
    pub state: State,
    /// A person keeps it: no rule takes it.
    pub saved: bool,
    /// How many frames; null until measured.
    #[schema(required, minimum = 0)]
    pub frames: Option<u64>,
    /// The sum of the sizes of its files; null until measured.
    #[schema(required, minimum = 0)]
    pub bytes: Option<u64>,
    /// The path of the main movie.
    #[schema(required)]
    pub video: Option<String>,
    /// The file type of the main movie.
    #[schema(required)]
    pub container: Option<Container>,
    /// All movies: the main one first, the others as they were recorded.
    pub videos: Vec<VideoSchema>,
    /// The path of Motion's debug movie.
    #[schema(required)]
    pub debug_video: Option<String>,
    /// The path of a picture; null where there is none, as of an event that has only movies.
    #[schema(required)]
    pub thumbnail: Option<String>,
    /// The most pixels that changed from one frame to the next; null until measured, and where Motion did not write it.
    #[schema(required, minimum = 0)]
    pub peak_change: Option<u64>,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
}

/// A movie of an event.
#[derive(Debug, ToSchema)]
#[schema(as = Video)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
#[allow(dead_code)] // it is described, and written by `push_event`
pub(crate) struct VideoSchema {
    pub name: String,
    /// Its size; null until measured.
    #[schema(required, minimum = 0)]
    pub bytes: Option<u64>,
    pub url: String,
}

/// Whether Motion still writes it.
#[derive(Debug, ToSchema)]
#[schema(as = State, rename_all = "kebab-case")]
#[allow(dead_code)] // the words of `State::as_str`
pub(crate) enum StateSchema {
    Open,
    Complete,
    Interrupted,
}

/// A page of events.
#[derive(Debug, ToSchema)]
#[schema(as = EventPage)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
#[allow(dead_code)] // as above
pub(crate) struct PageSchema {
    pub events: Vec<EventSchema>,
    /// The `cursor` of the next page; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// An event with its pictures.
#[derive(Debug, ToSchema)]
#[schema(as = EventWithImages)]
#[allow(dead_code)] // as above
pub(crate) struct EventWithImagesSchema {
    #[schema(inline = false)]
    #[serde(flatten)]
    pub event: EventSchema,
    pub images: Vec<ImageWire>,
}

#[cfg(test)]
fn state<'de, D: serde::Deserializer<'de>>(from: D) -> Result<State, D::Error> {
    let word = <String as serde::Deserialize>::deserialize(from)?;
    State::of(&word).ok_or_else(|| serde::de::Error::custom(word))
}
