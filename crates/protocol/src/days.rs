//! Days.

use owlery_model::event::{Camera, Day};
use serde::Serialize;

/// Days that have events, or other recordings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Days {
    /// Newest first, then by the cameras' names.
    pub days: Vec<DaySums>,
}

/// The pictures of a day that belong to no event: snapshots, and stills of other times.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DayPictures {
    /// In the order of their names.
    pub pictures: Vec<DayPicture>,
}

/// A picture of a day.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DayPicture {
    /// Its path below the day.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its path.
    pub url: String,
}

/// A camera's day.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DaySums {
    /// The camera.
    pub camera: Camera,
    /// The day.
    pub day: Day,
    /// The number of events; none in a day of loose files alone.
    pub events: u64,
    /// The number of saved events.
    pub saved: u64,
    /// The number of events that the user has reviewed.
    pub reviewed: u64,
    /// The number of loose files: recordings that belong to no event, such as snapshots and timelapses.
    pub loose: u64,
    /// The sum of the bytes of all of these; null until all are measured.
    #[cfg_attr(feature = "schema", schema(required))]
    pub bytes: Option<u64>,
    /// The number of events that began in each hour.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<u32>, min_items = 24, max_items = 24))]
    pub hours: [u32; 24],
}
