//! Files of events that only a store has: which they are, their bytes, and what a client gets while the store cannot be used. The engine
//! compares each part with its checksum; a part that is wrong ends a body before its end, so that the client notices.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::stream;

use super::files::response::{FileResponse, Version};
use crate::api::{located, store_problem, unavailable};
use crate::auth::{Role, Viewer};
use crate::engine::store::{self, Outage, StoreName};
use crate::engine::{Handle, Reading, StoredError, StoredFile, StoredFiles};
use crate::event::{EventId, Location};
use crate::fault;
use crate::problem::Problem;

/// How long a response waits for a store. A request that makes no progress is given up after 30 s, and then its error says more.
const PATIENCE: Duration = Duration::from_secs(35);

/// A store that a user may use, and who asks.
pub(crate) struct OfStore<'a> {
    handle: &'a Handle,
    viewer: &'a Viewer,
    store: Arc<str>,
}

impl<'a> OfStore<'a> {
    /// Of a store that [`located`] has found, so the user may use it.
    pub(crate) fn new(handle: &'a Handle, viewer: &'a Viewer, store: &Arc<str>) -> Self {
        Self { handle, viewer, store: Arc::clone(store) }
    }

    /// The files of an event.
    pub(crate) async fn files(&self, id: &EventId) -> Result<StoredFiles, Problem> {
        self.in_time(self.handle.stored_files(&self.store, id)).await
    }

    /// Waits for a store, and no longer than a response may take.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoredError>>) -> Result<T, Problem> {
        let patience = fault::span("browse", PATIENCE);
        let late = |_| {
            let why = format!("the store {} has not responded within {} s", self.store, patience.as_secs());
            unavailable(&why, self.outage())
        };
        let done = Box::pin(tokio::time::timeout(patience, work)).await.map_err(late)?;
        done.map_err(|error| self.problem(&error))
    }

    fn outage(&self) -> Option<Outage> {
        let name: StoreName = self.store.parse().ok()?;
        self.handle.stores().outage(&name)
    }

    /// What a client gets that waits in vain.
    pub(crate) fn problem(&self, error: &StoredError) -> Problem {
        let role = self.viewer.account().role;
        match error {
            StoredError::NoFile => Problem::not_found(),
            StoredError::Stopped => crate::error::Error::Stopped.into(),
            StoredError::Unreadable(why) => self.damaged(why),
            StoredError::Store(found) if error.is_damage() => self.damaged(found),
            StoredError::Store(error) => match (&**error, role) {
                // The event was found in it, so it is no secret that there was one.
                (store::Error::Unknown(_), _) => {
                    unavailable(&format!("there is no store {} any more", self.store), None)
                }
                (error, role) => store_problem(error, self.outage(), role),
            },
        }
    }

    /// The copy is not what it was.
    pub(crate) fn damaged(&self, why: impl std::fmt::Display) -> Problem {
        let why = match self.viewer.account().role {
            Role::Admin => why.to_string(),
            Role::Viewer => format!("what the store {} has is not what was copied", self.store),
        };
        Problem::new(StatusCode::BAD_GATEWAY, why)
    }

    /// What a client gets if the store was needed for something else, and could not be used.
    pub(crate) fn away(&self, why: &str) -> Problem {
        match self.viewer.account().role {
            Role::Admin => unavailable(why, self.outage()),
            Role::Viewer => unavailable(&format!("the store {} cannot be used now", self.store), self.outage()),
        }
    }

    /// The response for a file.
    pub(crate) async fn respond(
        &self,
        file: &StoredFile,
        (kind, caching): (HeaderValue, HeaderValue),
        (method, headers): (&Method, &HeaderMap),
    ) -> Result<Response, Problem> {
        let secs = u64::try_from(file.modified().div_euclid(1_000_000_000)).unwrap_or(0);
        let version = Version::new(format_args!("{}", file.tag()), secs);
        let response = FileResponse::new(version, file.len(), method, headers);
        response.respond(|from, count| self.body(file, from, count), kind, caching).await
    }

    /// A part of a file. The first piece is read before the response begins, and one piece ahead of what is sent.
    async fn body(&self, file: &StoredFile, from: u64, count: u64) -> Result<Body, Problem> {
        let mut pieces = file.pieces(from..from.saturating_add(count));
        let Some(first) = pieces.next() else { return Ok(Body::empty()) };
        let first = self.in_time(file.read(first)).await?;
        let file = file.clone();
        let mut begin_next = move || pieces.next().map(|piece| file.read(piece));
        let Some(next) = begin_next() else { return Ok(Body::from(first)) };
        let begin = Sending { first: Some(first), next: Some(next), begin_next };
        Ok(Body::from_stream(stream::unfold(begin, async |mut sending| {
            let piece = sending.piece().await?;
            Some((piece, sending))
        })))
    }
}

/// A body that is being sent.
struct Sending<F> {
    first: Option<Bytes>,
    /// The piece that is being read.
    next: Option<Reading>,
    begin_next: F,
}

impl<F: FnMut() -> Option<Reading>> Sending<F> {
    /// The next piece; `None` at the end, also after an error.
    async fn piece(&mut self) -> Option<Result<Bytes, StoredError>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        let piece = self.next.take()?.await;
        match &piece {
            Ok(_) => self.next = (self.begin_next)(),
            Err(error) => tracing::warn!("a response ends early: {error}"),
        }
        Some(piece)
    }
}

/// The files of an event that only a store has; `None` for one of the archive, and 404 if there is none.
pub(crate) async fn stored_files(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    id: &EventId,
) -> Result<Option<StoredFiles>, Problem> {
    if viewer.usable_stores(handle).is_empty() {
        return Ok(None); // as without stores: nothing is looked up
    }
    match located(handle, viewer, id).await?.location {
        Location::Local => Ok(None),
        Location::Store(store) => OfStore::new(handle, viewer, &store).files(id).await.map(Some),
    }
}

/// The pictures of an event that only a store has, with their sizes; `None` for one of the archive.
pub(crate) async fn stored_images(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    id: &EventId,
) -> Result<Option<Vec<(String, u64)>>, Problem> {
    let Some(files) = stored_files(handle, viewer, id).await? else { return Ok(None) };
    let of_store = OfStore::new(handle, viewer, &files.store().into());
    of_store.in_time(files.images()).await.map(Some)
}

/// A file of an event that only a store has; 404 if there is none, or the event is one of the archive.
pub(super) async fn file(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    (id, name): (&EventId, &str),
    kind: HeaderValue,
    request: (&Method, &HeaderMap),
) -> Result<Response, Problem> {
    let files = stored_files(handle, viewer, id).await?.ok_or_else(Problem::not_found)?;
    let of_store = OfStore::new(handle, viewer, &files.store().into());
    let file = of_store.in_time(files.open(name)).await?;
    let caching =
        HeaderValue::from_static(if files.is_final() { "private, max-age=31536000, immutable" } else { "no-cache" });
    of_store.respond(&file, (kind, caching), request).await
}
