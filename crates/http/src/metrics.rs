//! `/metrics` for Prometheus. The sums come from the catalog, the counters from the service, the requests from `meter`. Each scrape
//! takes one snapshot of the archive, off the async workers; if its disk does not respond in time, the scrape has the other metrics.
//!
//! Users who cannot see all cameras get only the series of theirs.

mod archive;
mod exposition;
mod meter;
mod process;
#[cfg(feature = "stores")]
mod stores;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;

pub(crate) use meter::{Meters, meter};

use super::auth::Viewer;
use super::camera_stream::CameraStreams;
use super::extract::NoParams;
use super::limits::blocking;
use super::live::Live;
use super::problem::{CommonResponses, Problem};
use crate::engine::{ArchiveSnapshot, CameraSnapshot, Handle};
use exposition::{Exposition, classic};

/// How long a scrape waits for the archive.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(3);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics, in the form that the request prefers.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "Prometheus' text format, or OpenMetrics if the request accepts it",
        content((String = "text/plain"), (String = "application/openmetrics-text"))),
    CommonResponses
))]
pub(crate) async fn metrics(
    State(handle): State<Arc<Handle>>,
    State(meters): State<Arc<Meters>>,
    State((live, pictures)): State<(Arc<Live>, Arc<CameraStreams>)>,
    viewer: Viewer,
    headers: HeaderMap,
    _: NoParams,
) -> Result<Response, Problem> {
    let snapshot = snapshot(&handle, &meters).await;
    let text = write(Scrape { handle, meters, live, pictures, viewer, snapshot }).map_err(Problem::internal)?;
    let (kind, body) = if takes_open_metrics(&headers) {
        (OPEN_METRICS, text)
    } else {
        (CLASSIC, classic(&text).map_err(Problem::internal)?)
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response())
}

/// Whether the request accepts OpenMetrics, as Prometheus does.
fn takes_open_metrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/openmetrics-text"));
        is_it && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)))
    })
}

/// Takes a snapshot of the archive; `None` if it does not respond in time.
async fn snapshot(handle: &Arc<Handle>, meters: &Meters) -> Option<ArchiveSnapshot> {
    let taking = async {
        let permit = Arc::clone(&meters.snapshot_permit).acquire_owned().await.ok()?;
        let handle = Arc::clone(handle);
        let snapshot = move || {
            let snapshot = handle.snapshot();
            drop(permit);
            Ok(snapshot)
        };
        blocking(snapshot).await.ok()
    };
    let snapshot = tokio::time::timeout(SNAPSHOT_TIMEOUT, taking).await.ok().flatten();
    match &snapshot {
        None => tracing::warn!("metrics: the archive does not respond"),
        Some(snapshot) => snapshot.troubles.iter().for_each(|trouble| tracing::debug!("metrics: {trouble}")),
    }
    snapshot
}

fn write(scrape: Scrape) -> Result<String, std::fmt::Error> {
    let sees_all = scrape.viewer.sees_all();
    let started = scrape.meters.process_start;
    let mut text = String::with_capacity(16 * 1024);
    let mut registry = Registry::with_prefix("owlery");
    registry.register_collector(Box::new(scrape));
    encode_registry(&mut text, &registry)?;
    if sees_all {
        let mut registry = Registry::with_prefix("process");
        registry.register_collector(Box::new(Process { started }));
        encode_registry(&mut text, &registry)?;
    }
    encode_eof(&mut text)?;
    Ok(text)
}

/// The metrics of the service for one scrape.
#[derive(Debug)]
struct Scrape {
    handle: Arc<Handle>,
    meters: Arc<Meters>,
    live: Arc<Live>,
    pictures: Arc<CameraStreams>,
    viewer: Viewer,
    snapshot: Option<ArchiveSnapshot>,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut out = Exposition(encoder);
        let all = self.snapshot.iter().flat_map(|snapshot| &snapshot.cameras);
        let seen: Vec<&CameraSnapshot> = all.filter(|camera| self.viewer.sees(&camera.info.summary.camera)).collect();
        archive::cameras(&mut out, &seen)?;
        if !self.viewer.sees_all() {
            return Ok(());
        }
        let is_complete = self.snapshot.as_ref().is_some_and(|snapshot| snapshot.troubles.is_empty());
        out.gauge(
            "scrape_complete",
            "Whether the catalog and the disk responded to this scrape.",
            u32::from(is_complete),
        )?;
        if let Some(snapshot) = &self.snapshot {
            archive::whole(&mut out, snapshot)?;
            archive::cache(&mut out, snapshot.cache.as_ref())?;
        }
        let handle = &self.handle;
        archive::derivation(&mut out, handle.derivation_counts())?;
        archive::finishing(&mut out, handle.finishing())?;
        #[cfg(feature = "stores")]
        stores::write(&mut out, handle)?;
        work::parts(&mut out, handle)?;
        let activity = handle.activity();
        work::reading(&mut out, handle, &activity)?;
        work::retention(&mut out, handle, &activity)?;
        work::requests(&mut out, &self.meters, self.live.clients())?;
        out.gauge("live_picture_clients", "Clients of live pictures.", self.pictures.clients() as u64)
    }
}

/// The metrics of the process for one scrape.
#[derive(Debug)]
struct Process {
    started: Option<f64>,
}

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        process::write(&mut Exposition(encoder), self.started)
    }
}

#[cfg(test)]
mod tests;
