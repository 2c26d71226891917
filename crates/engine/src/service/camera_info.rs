//! A camera as users see it: its totals, and where its live stream is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::options::Options;
use crate::catalog::{CameraSummary, Catalog};
use crate::error::Result;
use crate::event::Camera;
use crate::stream_url::StreamUrl;

/// A camera with its totals and what is known of its live stream. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraInfo {
    /// Its totals.
    pub summary: CameraSummary,
    /// The port of its live stream; 0 if unknown.
    pub port: u16,
    /// Whether its live stream is known, so that it can be passed on.
    pub live: bool,
}

impl CameraInfo {
    /// All cameras of a catalog, by name.
    pub(super) fn of(catalog: &Catalog, streams: &Streams) -> Result<Vec<Self>> {
        Ok(catalog.cameras()?.into_iter().map(|summary| streams.info(summary)).collect())
    }
}

/// What is known of the live streams of cameras.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams {
    ports: BTreeMap<Camera, u16>,
    live: BTreeMap<Camera, StreamUrl>,
}

impl Streams {
    /// Those of the options.
    pub(super) fn of(options: &Options) -> Self {
        Self { ports: options.ports.clone(), live: options.live.clone() }
    }

    /// A camera with these totals.
    pub(super) fn info(&self, summary: CameraSummary) -> CameraInfo {
        let port = self.ports.get(&summary.camera).copied().unwrap_or(0);
        let live = self.live.contains_key(&summary.camera);
        CameraInfo { summary, port, live }
    }

    /// The stream of a camera, if it is known.
    pub(super) fn url(&self, camera: &Camera) -> Option<&StreamUrl> {
        self.live.get(camera)
    }
}
