//! `/api/v1/cache`: the media cache, for admins of all cameras: figures, entries, prune, clean, queue. The bytes of entries are in
//! `media::cached`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{AccountKind, Viewer};
use crate::convert;
use crate::engine::cache::{self, Cache};
use crate::engine::{Handle, store_of_key};
use crate::extract::schema::CacheKey;
use crate::extract::values::{Bytes, Limit, Seconds};
use crate::extract::{Names, NoParams, Params};
use crate::limits::blocking;
use crate::problem::{CommonResponses, NoCache, Problem};
use crate::protocol::{CacheEntries, CacheQueue, CacheStats, CleanedCache, PrunedCache, RemovedCount};
use crate::response::json;

/// The entries of a page by default.
const DEFAULT_LIMIT: usize = 50;
/// The age from which a clean removes incomplete files by default.
const DEFAULT_STALL: u32 = 86_400;

/// The cache, for a user who may use it.
pub(crate) fn open_cache(handle: &Handle, viewer: &Viewer) -> Result<Cache, Problem> {
    viewer.may_change_all()?;
    Ok(handle.cache()?)
}

impl From<cache::Error> for Problem {
    fn from(error: cache::Error) -> Self {
        match error {
            cache::Error::InvalidKey(_) => Self::parameter("key", error.to_string()),
            cache::Error::Mismatch { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
            cache::Error::Io { operation, path, source } => {
                let error = crate::error::Error::io(operation, path, source);
                if error.is_full() {
                    tracing::warn!("{}", error.chain());
                    return Self::new(StatusCode::INSUFFICIENT_STORAGE, "the disk of the media cache is full");
                }
                error.into()
            }
            other => Self::new(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
        }
    }
}

/// Whether a user may know what is cached with this key: of a store, only those who may use it.
pub(crate) fn may_see(handle: &Handle, viewer: &Viewer, key: &str) -> bool {
    store_of_key(key).is_none_or(|store| {
        viewer.account().kind == AccountKind::Unauthenticated || viewer.usable_stores(handle).contains(store)
    })
}

/// Refuses a key that no entry can have.
pub(crate) fn check_key(key: &str) -> Result<(), Problem> {
    if (1..=cache::MAX_KEY).contains(&key.len()) { Ok(()) } else { Err(cache::Error::InvalidKey(key.len()).into()) }
}

/// Does something with the cache that may block.
pub(crate) async fn with_cache<T: Send + 'static>(
    cache: Cache,
    work: impl FnOnce(&Cache) -> cache::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    Ok(blocking(move || Ok(work(&cache))).await??)
}

fn removed(count: usize) -> Response {
    json(&RemovedCount { removed: count as u64 })
}

/// The figures of the media cache.
#[utoipa::path(get, path = "/api/v1/cache", tag = "cache", responses(
    (status = 200, description = "the figures", body = CacheStats),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_stats(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    let stats = with_cache(cache, |cache| {
        cache.wait_loaded(); // else entries may be missing
        Ok(cache.stats())
    });
    let stats = stats.await?;
    Ok(json(&convert::cache_stats(&stats)))
}

/// The parameters of a list of entries.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesParams {
    /// the most entries of the page; 50 by default
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// the `next` of the page before
    cursor: Option<String>,
}

/// A page of entries, in the order of their keys. Those of stores that the user may not use are left out, so a page can be short.
#[utoipa::path(get, path = "/api/v1/cache/entries", tag = "cache", params(EntriesParams), responses(
    (status = 200, description = "the page", body = CacheEntries),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_entries(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<Params<EntriesParams>, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    let Params(EntriesParams { limit, cursor }) = params?;
    let limit = limit.map_or(DEFAULT_LIMIT, |limit| limit.0);
    let mut page = with_cache(cache, move |cache| Ok(cache.entries(cursor.as_deref(), limit))).await?;
    page.entries.retain(|entry| may_see(&handle, &viewer, &entry.key));
    Ok(json(&convert::cache_entries(page)))
}

/// Removes all entries.
#[utoipa::path(delete, operation_id = "cache_clear", path = "/api/v1/cache/entries", tag = "cache", responses(
    (status = 200, description = "how many were removed", body = RemovedCount),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_clear(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    Ok(removed(with_cache(cache, |cache| Ok(cache.clear())).await?))
}

/// The parameters of a prune.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PruneParams {
    /// the bytes to leave; by default the maximum size of the cache
    #[param(value_type = Option<u64>, minimum = 0, maximum = 9_223_372_036_854_775_807u64)]
    max_size: Option<Bytes>,
}

/// Removes the least recently used entries until at most so many bytes are left.
#[utoipa::path(post, path = "/api/v1/cache/prune", tag = "cache", params(PruneParams), responses(
    (status = 200, description = "what was removed", body = PrunedCache),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_prune(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<Params<PruneParams>, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    let Params(PruneParams { max_size }) = params?;
    let cap = max_size.map_or(cache.options().max_bytes, |bytes| bytes.0);
    let pruned = with_cache(cache, move |cache| Ok(cache.prune(cap))).await?;
    Ok(json(&convert::pruned(pruned)))
}

/// The parameters of a clean.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CleanParams {
    /// the age in seconds from which an incomplete file is removed; 86,400 by default, and with 0 any
    #[param(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295u64)]
    stall: Option<Seconds>,
}

/// Removes files of the cache's directory that are no entry.
#[utoipa::path(post, path = "/api/v1/cache/clean", tag = "cache", params(CleanParams), responses(
    (status = 200, description = "what was removed, and what could not be", body = CleanedCache),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_clean(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<Params<CleanParams>, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    let Params(CleanParams { stall }) = params?;
    let stall = Duration::from_secs(stall.map_or(DEFAULT_STALL, |stall| stall.0).into());
    let cleaned = with_cache(cache, move |cache| cache.clean(stall)).await?;
    Ok(json(&convert::cleaned(cleaned)))
}

/// The keys to fetch in advance, in the order of insertion.
#[utoipa::path(get, path = "/api/v1/cache/queue", tag = "cache", responses(
    (status = 200, description = "the queue", body = CacheQueue),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_queue(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    let mut queue = with_cache(cache, |cache| Ok(cache.queued())).await?;
    queue.retain(|queued| may_see(&handle, &viewer, &queued.key));
    Ok(json(&convert::cache_queue(queue)))
}

/// Removes all keys from the queue.
#[utoipa::path(delete, operation_id = "cache_queue_clear", path = "/api/v1/cache/queue", tag = "cache", responses(
    (status = 200, description = "how many were removed", body = RemovedCount),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_queue_clear(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    Ok(removed(with_cache(cache, Cache::clear_queue).await?))
}

/// Adds a key at the end of the queue.
#[utoipa::path(put, operation_id = "cache_queue_add", path = "/api/v1/cache/queue/{key}", tag = "cache", params(
    ("key" = CacheKey, Path)
), responses(
    (status = 201, description = "it was added"),
    (status = 403, description = "it is a file of a store that the user may not use", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "it is cached, queued or being cached, or the queue is full", body = Problem,
        content_type = "application/problem+json"),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_queue_add(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(key): Names<String>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    if !may_see(&handle, &viewer, &key) {
        return Err(Problem::forbidden("what a store has is fetched for those who may use it"));
    }
    match with_cache(cache, move |cache| convert::enqueue(cache, &key)).await? {
        None => Ok(StatusCode::CREATED.into_response()),
        Some(why) => Err(Problem::new(StatusCode::CONFLICT, format!("the key {}", why.as_str()))),
    }
}

/// Removes a key from the queue.
#[utoipa::path(delete, operation_id = "cache_queue_remove", path = "/api/v1/cache/queue/{key}", tag = "cache", params(
    ("key" = CacheKey, Path)
), responses(
    (status = 200, description = "how many were removed: 0 or 1", body = RemovedCount),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_queue_remove(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(key): Names<String>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    check_key(&key)?;
    if !may_see(&handle, &viewer, &key) {
        return Ok(removed(0));
    }
    Ok(removed(with_cache(cache, move |cache| cache.remove_queued(&[&key])).await?))
}

/// Removes an entry.
#[utoipa::path(delete, operation_id = "cache_remove", path = "/api/v1/cache/entries/{key}", tag = "cache", params(
    ("key" = CacheKey, Path)
), responses(
    (status = 200, description = "how many were removed: 0 or 1", body = RemovedCount),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_remove(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(key): Names<String>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    check_key(&key)?;
    if !may_see(&handle, &viewer, &key) {
        return Ok(removed(0));
    }
    Ok(removed(with_cache(cache, move |cache| Ok(cache.remove(&[&key]))).await?))
}
