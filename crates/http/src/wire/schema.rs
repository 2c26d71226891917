//! The schemas of events, which are written without serde types, for the OpenAPI document. Tests parse the JSON as these types.

use utoipa::ToSchema;

use super::ImageWire;
use crate::event::{Camera, Container, EventId, State};

/// An event.
#[derive(Debug, ToSchema)]
#[schema(as = Event)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
#[allow(dead_code)] // only its description is used; `push_event` writes it
pub struct EventSchema {
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
    /// Whether it is protected from all rules.
    pub saved: bool,
    /// The number of frames; null until measured.
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
    /// All movies: the main one first, then the others in the order of recording.
    pub videos: Vec<VideoSchema>,
    /// The path of Motion's debug movie.
    #[schema(required)]
    pub debug_video: Option<String>,
    /// The path of a picture; null without one, as for an event that has only movies.
    #[schema(required)]
    pub thumbnail: Option<String>,
    /// The most pixels that changed from one frame to the next; null until measured, and if Motion did not record it.
    #[schema(required, minimum = 0)]
    pub peak_change: Option<u64>,
    /// Problems of the event, as sentences.
    pub problems: Vec<String>,
}

/// A movie of an event.
#[derive(Debug, ToSchema)]
#[schema(as = Video)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
#[allow(dead_code)] // only its description is used; `push_event` writes it
pub struct VideoSchema {
    pub name: String,
    /// Its size; null until measured.
    #[schema(required, minimum = 0)]
    pub bytes: Option<u64>,
    pub url: String,
}

/// Whether Motion still writes the event.
#[derive(Debug, Clone, Copy, serde::Deserialize, ToSchema)]
#[schema(as = State)]
#[serde(rename_all = "kebab-case")] // as `State::as_str`
pub enum StateSchema {
    Open,
    Complete,
    Interrupted,
}

impl From<StateSchema> for State {
    fn from(state: StateSchema) -> Self {
        match state {
            StateSchema::Open => Self::Open,
            StateSchema::Complete => Self::Complete,
            StateSchema::Interrupted => Self::Interrupted,
        }
    }
}

/// A page of events.
#[derive(Debug, ToSchema)]
#[schema(as = EventPage)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
#[allow(dead_code)] // as above
pub struct PageSchema {
    pub events: Vec<EventSchema>,
    /// The `cursor` of the next page; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// An event with its pictures.
#[derive(Debug, ToSchema)]
#[schema(as = EventWithImages)]
#[allow(dead_code)] // as above
pub struct EventWithImagesSchema {
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
