//! Days.

use serde::Serialize;

use crate::catalog::DaySummary;
use crate::event::{Camera, Day};

/// Days that have events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Days)]
pub struct DaysWire {
    /// Newest first, then by the cameras' names.
    pub days: Vec<DayWire>,
}

/// A camera's day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DaySums)]
pub struct DayWire {
    pub camera: Camera,
    pub day: Day,
    /// The number of events.
    pub events: u64,
    /// The number of saved events.
    pub saved: u64,
    /// The sum of their bytes; null until all are measured.
    #[schema(required)]
    pub bytes: Option<u64>,
    /// The number of events that began in each hour.
    #[schema(value_type = Vec<u32>, min_items = 24, max_items = 24)]
    pub hours: [u32; 24],
}

impl From<Vec<DaySummary>> for DaysWire {
    fn from(days: Vec<DaySummary>) -> Self {
        let wire = |DaySummary { camera, day, events, saved, bytes, hours }| DayWire {
            camera,
            day,
            events,
            saved,
            bytes,
            hours,
        };
        Self { days: days.into_iter().map(wire).collect() }
    }
}
