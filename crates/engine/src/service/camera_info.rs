//! A camera as users see it: its totals, and where its live stream is.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::{CameraSummary, Catalog};
use crate::error::Result;
use crate::event::Camera;

/// A camera with its totals and the port of its live stream. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraInfo {
    /// Its totals.
    pub summary: CameraSummary,
    /// The port of its live stream; 0 if unknown.
    pub port: u16,
}

impl CameraInfo {
    /// All cameras of a catalog, by name.
    pub(super) fn of(catalog: &Catalog, ports: &BTreeMap<Camera, u16>) -> Result<Vec<Self>> {
        let port = |camera: &Camera| ports.get(camera).copied().unwrap_or(0);
        let cameras = catalog.cameras()?;
        Ok(cameras.into_iter().map(|summary| Self { port: port(&summary.camera), summary }).collect())
    }
}
