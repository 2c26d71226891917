//! The OpenAPI document, collected from the annotations of handlers and types.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::Response;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{ArrayBuilder, ArrayItems, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Content, RefOr, Server};
use utoipa::{Modify, OpenApi, openapi};

use super::auth::Prefix;
use super::extract::NoParams;
use super::extract::schema::{CacheKey, CursorText, Direction, FileName, Moment, RegionText, ThumbnailPixels};
#[cfg(feature = "stores")]
use super::extract::schema::{FolderText, StoreText};
use super::problem::Problem;
use super::{api, auth, camera_stream, live, media, metrics, response};
use crate::event::EventName;

#[derive(OpenApi)]
#[openapi(
    info(title = "Owlery", description = "The event archive of a Motion capture host."),
    tags(
        (name = "archive", description = "cameras and forecast"),
        (name = "events", description = "events, and changes to single events"),
        (name = "retention", description = "what is removed, when and why; restoring"),
        (name = "files", description = "frames and movies"),
        (name = "cache", description = "the media cache, for admins"),
        (name = "stream", description = "changes as they happen"),
        (name = "strix", description = "for the strix web UI"),
        (name = "login", description = "the authenticated user, and signing in"),
        (name = "health", description = "the state of the service"),
    ),
    paths(
        api::cameras, api::events, api::event, api::save, api::unsave, api::review, api::unreview, api::review_many, api::delete, api::save_many,
        api::delete_many, api::days, api::day_pictures, media::day_picture, api::queue, api::restore,
        api::retention, api::run, api::confirm, api::audit, api::healthz, api::readyz, document,
        media::file, media::derived, media::files::listing::listing, api::strix::cameras, api::strix::events,
        media::event_zip, media::export, media::export_movie, live::stream, camera_stream::live_pictures, camera_stream::live_still, metrics::metrics,
        api::cache_stats, api::cache_entries, api::cache_clear, api::cache_remove, api::cache_prune, api::cache_clean,
        api::cache_queue, api::cache_queue_clear, api::cache_queue_add, api::cache_queue_remove, media::cached,
        media::cache_put, auth::me, auth::login_page, auth::sign_in, auth::sign_out,
    ),
    // Types that only parameters use are not collected automatically.
    components(schemas(CacheKey, CursorText, Direction, EventName, FileName, Moment, RegionText, ThumbnailPixels)),
    modifiers(&Files)
)]
struct Document;

/// What the feature `stores` adds.
#[cfg(feature = "stores")]
#[derive(OpenApi)]
#[openapi(
    tags((name = "stores", description = "copies of events in object storage")),
    paths(api::stores, api::browse, api::prefetch),
    components(schemas(FolderText, StoreText))
)]
struct OfStores;

/// The document without a prefix.
fn whole() -> openapi::OpenApi {
    #[cfg(feature = "stores")]
    return Document::openapi().merge_from(OfStores::openapi());
    #[cfg(not(feature = "stores"))]
    return Document::openapi();
}

/// Adds the paths of files below `/motion/` and of files in `debug/`, which have the description of `/media/`, and those of derived
/// media, which have that of thumbnails.
struct Files;

/// Derived media other than thumbnails: the last segment of the path, the type, and what it is.
const DERIVED: [(&str, &str, &str); 5] = [
    ("preview.webp", "image/webp", "A short animation of an event around its strongest motion, at most 400 kB."),
    ("preview.gif", "image/gif", "The same as a GIF."),
    ("sprite.jpg", "image/jpeg", "Up to a hundred small frames of an event in one picture, for scrubbing."),
    ("sprite.json", "application/json", "Where each frame is in `sprite.jpg`, and its time in seconds."),
    (
        "playable.mp4",
        "video/mp4",
        "The movie of an event as browsers play it: itself, or what is made of it. 202 while it is made.",
    ),
];

impl Modify for Files {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let paths = &mut document.paths.paths;
        let mut copy = |from: &str, to: &str, change: &dyn Fn(&mut Operation)| {
            let mut item = paths[from].clone();
            item.get.iter_mut().for_each(change);
            paths.insert(to.to_owned(), item);
        };
        copy("/media/{camera}/{date}/{time}/{file}", "/motion/{camera}/{date}/{time}/{file}", &|get| {
            get.tags = Some(vec!["strix".to_owned()]);
            get.operation_id = Some("motion".to_owned());
        });
        for (name, kind, summary) in DERIVED {
            copy(
                "/media/{camera}/{date}/{time}/thumbnail",
                &format!("/media/{{camera}}/{{date}}/{{time}}/{name}"),
                &|get| {
                    get.operation_id = Some(name.replace('.', "_"));
                    (get.summary, get.description) = (Some(summary.to_owned()), None);
                    let is_width = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(p) if p.name == "w");
                    if let Some(parameters) = &mut get.parameters {
                        parameters.retain(|parameter| !is_width(parameter));
                    }
                    for status in ["200", "206"] {
                        if let Some(RefOr::T(response)) = get.responses.responses.get_mut(status)
                            && let Some(content) = response.content.shift_remove("image/jpeg")
                        {
                            let is_json = kind == "application/json" && status == "200";
                            let content = if is_json { RefOr::T(tiles()) } else { content };
                            response.content.insert(kind.to_owned(), content);
                        }
                    }
                },
            );
        }
        for below in ["media", "motion"] {
            let [file, debug] =
                ["{file}", "debug/{file}"].map(|name| format!("/{below}/{{camera}}/{{date}}/{{time}}/{name}"));
            copy(&file, &debug, &|get| {
                get.operation_id = Some(format!("{below}_debug"));
                get.summary = Some("A frame or movie of Motion's debug mode.".to_owned());
            });
        }
    }
}

/// The tiles of a sprite.
fn tiles() -> Content {
    let number = |kind| ObjectBuilder::new().schema_type(SchemaType::new(kind)).minimum(Some(0));
    let mut tiles = ObjectBuilder::new();
    for (name, what) in [
        ("tile_width", "the width of a tile in pixels"),
        ("tile_height", "the height of a tile in pixels"),
        ("columns", "the tiles of a row"),
        ("rows", "the rows"),
    ] {
        tiles = tiles.property(name, number(Type::Integer).description(Some(what))).required(name);
    }
    let list = ArrayBuilder::new().items(ArrayItems::RefOrSchema(Box::new(number(Type::Number).into())));
    let list = list.description(Some("the time of each tile, in seconds from the start of the event"));
    Content::new(Some(tiles.property("times", list).required("times")))
}

/// The document without a prefix, as JSON.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&whole()).expect("the document is valid JSON").into());

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "health", responses(
    (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object),
    (status = 400, description = "a parameter was given", body = Problem, content_type = "application/problem+json")
))]
pub(crate) async fn document(prefix: Prefix, _: NoParams) -> Result<Response, Problem> {
    if prefix.as_str().is_empty() {
        return Ok(response::json_text(DOCUMENT.clone()));
    }
    let mut document = whole();
    document.servers = Some(vec![Server::new(prefix.as_str())]);
    Ok(response::json(&document))
}
