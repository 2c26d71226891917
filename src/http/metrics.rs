//! `/metrics`: what there is and what is done, for Prometheus. Nothing is counted here: the sums are the catalog's, the
//! counters the service's. The archive is looked at once for each scrape, off the async workers; if its disk does not answer
//! in time, what is known without it is told all the same.
//!
//! Whoever sees only some cameras sees their series and no others.

mod archive;
mod process;
mod sheet;
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

pub(super) use process::started;

use super::api::Common;
use super::blocking;
use super::error::Problem;
use super::params::{Params, RawParams};
use super::viewer::Viewer;
use super::web::Web;
use crate::service::{CameraSurvey, Survey};
use sheet::{Sheet, classic};

/// How long to wait for the archive.
const PATIENCE: Duration = Duration::from_secs(3);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics, in the form that the request prefers.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "Prometheus' text format, or OpenMetrics to whoever accepts that",
        content((String = "text/plain"), (String = "application/openmetrics-text"))),
    Common
))]
pub(super) async fn metrics(
    State(web): State<Web>,
    viewer: Viewer,
    headers: HeaderMap,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let survey = look(&web).await;
    let text = write(web, viewer, survey).map_err(Problem::internal)?;
    let (kind, body) = if takes_open_metrics(&headers) {
        (OPEN_METRICS, text)
    } else {
        (CLASSIC, classic(&text).map_err(Problem::internal)?)
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response())
}

/// Whether the request names OpenMetrics among what it takes. Prometheus does, and prefers it.
fn takes_open_metrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/openmetrics-text"));
        is_it && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)))
    })
}

/// What there is of the archive; `None` if it does not answer in time.
async fn look(web: &Web) -> Option<Survey> {
    let looking = async {
        let turn = Arc::clone(&web.meters.looking).acquire_owned().await.ok()?;
        let handle = Arc::clone(&web.handle);
        let survey = move || {
            let survey = handle.survey();
            drop(turn);
            Ok(survey)
        };
        blocking(survey).await.ok()
    };
    let survey = tokio::time::timeout(PATIENCE, looking).await.ok().flatten();
    match &survey {
        None => tracing::warn!("metrics: the archive does not answer"),
        Some(survey) => survey.troubles.iter().for_each(|trouble| tracing::debug!("metrics: {trouble}")),
    }
    survey
}

fn write(web: Web, viewer: Viewer, survey: Option<Survey>) -> Result<String, std::fmt::Error> {
    let sees_all = viewer.sees_all();
    let started = web.started;
    let mut text = String::with_capacity(16 * 1024);
    let mut registry = Registry::with_prefix("owlery");
    registry.register_collector(Box::new(Scrape { web, viewer, survey }));
    encode_registry(&mut text, &registry)?;
    if sees_all {
        let mut registry = Registry::with_prefix("process");
        registry.register_collector(Box::new(Process { started }));
        encode_registry(&mut text, &registry)?;
    }
    encode_eof(&mut text)?;
    Ok(text)
}

/// What one scrape tells of the service.
#[derive(Debug)]
struct Scrape {
    web: Web,
    viewer: Viewer,
    survey: Option<Survey>,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut sheet = Sheet(encoder);
        let all = self.survey.iter().flat_map(|survey| &survey.cameras);
        let seen: Vec<&CameraSurvey> = all.filter(|camera| self.viewer.sees(&camera.info.summary.camera)).collect();
        archive::cameras(&mut sheet, &seen)?;
        if !self.viewer.sees_all() {
            return Ok(());
        }
        let is_complete = self.survey.as_ref().is_some_and(|survey| survey.troubles.is_empty());
        sheet.gauge(
            "scrape_complete",
            "Whether the catalog and the disk answered this scrape.",
            u32::from(is_complete),
        )?;
        if let Some(survey) = &self.survey {
            archive::whole(&mut sheet, survey)?;
        }
        let handle = &self.web.handle;
        work::parts(&mut sheet, handle)?;
        work::reading(&mut sheet, handle)?;
        work::retention(&mut sheet, handle)?;
        work::requests(&mut sheet, &self.web)
    }
}

/// What one scrape tells of the process.
#[derive(Debug)]
struct Process {
    started: Option<f64>,
}

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        process::write(&mut Sheet(encoder), self.started)
    }
}

#[cfg(test)]
mod tests;
