//! The cameras and the forecast.

use owlery_model::retention::{ArchiveForecast, CameraForecast};
use serde::{Deserialize, Serialize};

/// The cameras and the forecast.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Cameras {
    /// Every camera, by name.
    pub cameras: Vec<CameraInfo>,
    /// The forecast of all cameras together.
    pub forecast: ArchiveForecast,
    /// The zone in which days count and "now" is read, as an offset from UTC; all times of events are in it.
    #[serde(default)]
    pub zone: String,
}

/// A camera.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CameraInfo {
    /// Its name.
    pub name: String,
    /// The port of its live stream, or 0.
    pub port: u16,
    /// Whether its live stream is known: `/live/{camera}` passes it on.
    #[serde(default)]
    pub live: bool,
    /// The number of its events.
    pub events: u64,
    /// The number of its saved events.
    pub saved: u64,
    /// The bytes of its events; null until all are measured.
    pub bytes: Option<u64>,
    /// The first day that has events.
    pub first_day: Option<String>,
    /// The last day that has events.
    pub last_day: Option<String>,
    /// What it records, and what its rules keep of that.
    pub forecast: CameraForecast,
}
