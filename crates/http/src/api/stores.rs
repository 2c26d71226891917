//! `/api/v1/stores`: the stores that a user may use, and what lies in their folders.
//!
//! A store has copies of all cameras of all hosts. To a user who cannot see all cameras, no store exists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::auth::{Asker, Role, Viewer};
use crate::convert;
use crate::engine::store::{self, Outage};
use crate::engine::{CopyState, Handle};
use crate::event::{Camera, Day};
use crate::extract::schema::{FolderText, StoreText};
use crate::extract::values::{FolderPath, Limit};
use crate::extract::{Names, NoParams, Params};
use crate::fault;
use crate::limits::Reads;
use crate::media::OfStore;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::{Prefetch, Store, StoreFolder, Stores};
use crate::response::json;
use crate::time::rfc3339;

/// The entries of a page by default.
const DEFAULT_LIMIT: usize = 200;

/// How long a listing may take. A store that makes no progress is given up after 30 s, and then its error says more.
const PATIENCE: Duration = Duration::from_secs(35);

/// By which name the stores know a user; `None` for a user to whom no store exists.
fn asker(viewer: &Viewer) -> Option<Asker> {
    viewer.sees_all().then(|| viewer.asker())
}

/// The problems of a store, for the OpenAPI document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // only its description is used
enum NoStore {
    /// There is no such store, or the user may not use it.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The store cannot be used now; the detail says why and since when.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// The stores that the user may use.
#[utoipa::path(get, path = "/api/v1/stores", tag = "stores", responses(
    (status = 200, description = "by name; their URLs and the texts of errors are shown to admins", body = Stores),
    CommonResponses
))]
pub(crate) async fn stores(State(handle): State<Arc<Handle>>, viewer: Viewer, _: NoParams) -> Response {
    let Some(asker) = asker(&viewer) else { return fresh(&Stores { stores: Vec::new() }) };
    let mut stores = convert::stores(&handle, asker.name());
    if viewer.account().role != Role::Admin {
        stores.iter_mut().for_each(Store::hide_places);
    }
    fresh(&Stores { stores })
}

/// The stores that nothing can be copied to now, since when, and, for an admin who may use the store, why. `None` for users to whom no
/// store exists. Also those that a user may not use are named: that events have no copy concerns all who look after the archive.
pub(super) fn troubles(handle: &Handle, viewer: &Viewer) -> Option<BTreeMap<String, String>> {
    let asker = asker(viewer)?;
    let usable = handle.stores().names(asker.name());
    let trouble = |state: CopyState| {
        let Outage { since, why } = state.trouble?;
        let may_know = viewer.account().role == Role::Admin && usable.contains(&state.store);
        let why = if may_know { why } else { "nothing can be copied to it".to_owned() };
        Some((state.store.to_string(), format!("{why} (since {})", rfc3339(since))))
    };
    Some(handle.copying().into_iter().filter_map(trouble).collect())
}

/// The parameters of a folder.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BrowseParams {
    /// the names of the folders on the way, with `/` between them; by default the root of the store
    #[serde(default)]
    #[param(value_type = Option<FolderText>)]
    folder: FolderPath,
    /// the `next` of the page before
    cursor: Option<String>,
    /// the most entries of the page; 200 by default
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
}

/// What lies in a folder of a store: its folders, then its objects, each by name.
#[utoipa::path(get, path = "/api/v1/stores/{name}/browse", tag = "stores", params(
    ("name" = StoreText, Path), BrowseParams
), responses(
    (status = 200, description = "the page; it is empty if there is no such folder", body = StoreFolder),
    NoStore, CommonResponses
))]
pub(crate) async fn browse(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(name): Names<String>,
    Params(BrowseParams { folder, cursor, limit }): Params<BrowseParams>,
) -> Result<Response, Problem> {
    let asker = asker(&viewer).ok_or_else(Problem::not_found)?;
    let stores = handle.stores();
    let patience = fault::span("browse", PATIENCE);
    let listing = tokio::time::timeout(patience, stores.browse(asker.name(), &name, &folder.0)).await;
    let outage = || name.parse().ok().and_then(|name| stores.outage(&name));
    let listing = match listing {
        Ok(Ok(listing)) => listing,
        Ok(Err(error)) => return Err(store_problem(&error, outage(), viewer.account().role)),
        Err(_) => {
            let why = format!("the store {name} has not responded within {} s", patience.as_secs());
            return Err(unavailable(&why, outage()));
        }
    };
    Ok(fresh(&convert::store_folder(&listing.page(cursor.as_deref(), limit.map_or(DEFAULT_LIMIT, |limit| limit.0)))))
}

/// The parameters of a day that is brought back.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PrefetchParams {
    /// only events of this camera; repeats
    #[serde(default)]
    #[param(value_type = Option<Vec<Camera>>)]
    camera: BTreeSet<Camera>,
    /// the day
    #[param(value_type = Day)]
    day: Day,
}

/// Brings a day back: the movies and thumbnails of its events that only the store has are fetched into the media cache in the background,
/// one after the other. They are in the queue of the cache until then.
#[utoipa::path(post, path = "/api/v1/stores/{name}/prefetch", tag = "stores", params(
    ("name" = StoreText, Path), PrefetchParams
), responses(
    (status = 200, description = "what was added to the queue, and figures; ask again for newer ones", body = Prefetch),
    NoStore, CommonResponses
))]
pub(crate) async fn prefetch(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    Names(name): Names<String>,
    Params(PrefetchParams { camera, day }): Params<PrefetchParams>,
) -> Result<Response, Problem> {
    let asker = asker(&viewer).ok_or_else(Problem::not_found)?;
    let options = handle.stores().options(asker.name(), &name).map_err(|_| Problem::not_found())?;
    if !options.active {
        return Err(unavailable(&store::Error::Inactive(options.name).to_string(), None));
    }
    let (reader, of_store) = (Arc::clone(&handle), name.clone());
    let cameras = (!camera.is_empty()).then_some(camera);
    let queued = reads.of_stores(move || {
        let queued = reader.prefetch_day(&of_store, day, cameras.as_ref())?;
        Ok((queued, reader.prefetch_counts(&of_store)))
    });
    let (queued, counts) = queued.await?;
    let queued = queued.map_err(|error| OfStore::new(&handle, &viewer, &name.as_str().into()).problem(&error))?;
    Ok(fresh(&convert::prefetch(queued, counts)))
}

/// Why a store cannot be used. Its errors can name its place, and files of this host, so only admins see them.
pub(crate) fn store_problem(error: &store::Error, outage: Option<Outage>, role: Role) -> Problem {
    let why = match (error, role) {
        (store::Error::Unknown(_), _) => return Problem::not_found(),
        // It never was in reach, and names no place.
        (store::Error::Inactive(_), _) => return unavailable(&error.to_string(), None),
        (_, Role::Admin) => error.to_string(),
        (store::Error::OutOfReach { store, .. }, Role::Viewer) => format!("the store {store} is out of reach"),
        (store::Error::Refused { store, .. }, Role::Viewer) => format!("the store {store} refuses its credentials"),
        (store::Error::Credentials { store, .. }, Role::Viewer) => {
            format!("the credentials of the store {store} cannot be used")
        }
        (store::Error::Encrypted { store, .. }, Role::Viewer) => {
            format!("the copies in the store {store} are encrypted, and this host cannot decrypt them")
        }
        (_, Role::Viewer) => "the store cannot be used".to_owned(),
    };
    unavailable(&why, outage)
}

/// A store cannot be used, for this reason.
pub(crate) fn unavailable(why: &str, outage: Option<Outage>) -> Problem {
    let since = outage.map(|outage| format!(" (since {})", rfc3339(outage.since))).unwrap_or_default();
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{why}{since}"))
}

/// A JSON response that no cache may keep: whether a user may use a store is checked by each request.
fn fresh(value: &impl Serialize) -> Response {
    let mut response = json(value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Account, AccountKind};

    fn asker_of(kind: AccountKind, cameras: Option<&str>) -> Option<Asker> {
        let cameras = cameras.map(|camera| BTreeSet::from([camera.parse().unwrap()]));
        let account = Account { name: "anna".to_owned(), kind, role: Role::Admin, cameras };
        asker(&Viewer::new(Arc::new(account)))
    }

    #[test]
    fn a_token_is_not_the_user_of_its_name() {
        let user = asker_of(AccountKind::User, None).unwrap();
        assert_eq!(user.name(), Some("anna"));
        let token = asker_of(AccountKind::Token, None).unwrap();
        let name = token.name().unwrap();
        assert_eq!(name, "\0anna");
        crate::auth::check_name(name).unwrap_err();
        assert_eq!(asker(&Viewer::unrestricted()).unwrap().name(), None);
    }

    #[test]
    fn no_store_exists_without_all_cameras() {
        for kind in [AccountKind::User, AccountKind::Token, AccountKind::Unauthenticated] {
            assert_eq!(asker_of(kind, Some("Camera1")), None);
        }
        assert_eq!(asker(&Viewer::without_access()), None);
    }

    #[test]
    fn viewers_see_no_place_of_a_store() {
        let nas: store::StoreName = "nas".parse().unwrap();
        let place = || "/mnt/nas/secret".to_owned();
        let outage = Outage { since: chrono::DateTime::UNIX_EPOCH, why: place() };
        for error in [
            store::Error::OutOfReach { store: nas.clone(), op: "list".to_owned(), why: place() },
            store::Error::Refused { store: nas.clone(), op: "list".to_owned(), why: place() },
            store::Error::Credentials { store: nas.clone(), why: place() },
            store::Error::Config(place()),
        ] {
            let text =
                |role| serde_json::to_value(store_problem(&error, Some(outage.clone()), role)).unwrap().to_string();
            let (admin, viewer) = (text(Role::Admin), text(Role::Viewer));
            assert!(admin.contains("secret") && !viewer.contains("secret"), "{admin} {viewer}");
            for text in [admin, viewer] {
                assert!(text.contains("503") && text.contains("since 1970-01-01T00:00:00Z"), "{text}");
            }
        }
    }
}
