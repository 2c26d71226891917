//! The OpenAPI document, gathered from the annotations at the handlers and the shapes.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::Response;
use utoipa::openapi::Server;
use utoipa::openapi::path::Operation;
use utoipa::{Modify, OpenApi, openapi};

use super::described::{CursorText, Direction, FileName, Moment};
use super::error::Problem;
use super::params::{Params, RawParams};
use super::prefix::Prefix;
use super::{api, files, live, login, metrics, strix, zip};
use crate::event::EventName;

#[derive(OpenApi)]
#[openapi(
    info(title = "Owlery", description = "The event archive of a Motion capture host."),
    tags(
        (name = "archive", description = "what there is"),
        (name = "events", description = "recordings, and what a person does with them"),
        (name = "retention", description = "what is removed, when and why, and the way back"),
        (name = "files", description = "frames and movies"),
        (name = "stream", description = "what changes, as it happens"),
        (name = "strix", description = "for the strix web UI"),
        (name = "access", description = "who asks, and signing in"),
        (name = "health", description = "how the service is doing"),
    ),
    paths(
        api::cameras, api::events, api::event, api::save, api::unsave, api::delete, api::days, api::queue, api::restore,
        api::retention, api::run, api::confirm, api::audit, api::healthz, api::readyz, document,
        files::media, files::listing::listing, strix::cameras, strix::events,
        zip::zipped, zip::export, live::stream, metrics::metrics,
        login::me, login::page, login::sign_in, login::sign_out,
    ),
    // What only parameters are made of is not gathered by itself.
    components(schemas(CursorText, Direction, EventName, FileName, Moment)),
    modifiers(&Files)
)]
struct Document;

/// Files are described once. They are the same below `/motion/`, and below either those of an event's `debug/` are asked for with
/// that in the path.
struct Files;

impl Modify for Files {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let paths = &mut document.paths.paths;
        let mut again = |from: &str, to: &str, change: &dyn Fn(&mut Operation)| {
            let mut item = paths[from].clone();
            item.get.iter_mut().for_each(change);
            paths.insert(to.to_owned(), item);
        };
        again("/media/{camera}/{date}/{time}/{file}", "/motion/{camera}/{date}/{time}/{file}", &|get| {
            get.tags = Some(vec!["strix".to_owned()]);
            get.operation_id = Some("motion".to_owned());
        });
        for below in ["media", "motion"] {
            let [file, debug] =
                ["{file}", "debug/{file}"].map(|name| format!("/{below}/{{camera}}/{{date}}/{{time}}/{name}"));
            again(&file, &debug, &|get| {
                get.operation_id = Some(format!("{below}_debug"));
                get.summary = Some("A debug frame or movie of Motion's.".to_owned());
            });
        }
    }
}

/// Made once: the annotations do not change while the program runs.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&Document::openapi()).expect("our own annotations are JSON").into());

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "health", responses(
    (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object),
    (status = 400, description = "a parameter was given", body = Problem, content_type = "application/problem+json")
))]
pub(super) async fn document(prefix: Prefix, raw: RawParams) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    if prefix.as_str().is_empty() {
        return Ok(api::answer(DOCUMENT.clone()));
    }
    let mut document = Document::openapi();
    document.servers = Some(vec![Server::new(prefix.as_str())]);
    Ok(api::json(&document))
}
