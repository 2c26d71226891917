//! The state of one router, composed of the states of its rooms. A handler takes the parts that it needs.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use axum::extract::FromRef;

use super::api::PageCache;
use super::auth::{Access, Auth};
use super::camera_stream::CameraStreams;
use super::limits::{Budget, Reads};
use super::live::Live;
use super::media::{StateCache, ZipPermits};
use super::metrics::Meters;
use super::ui;
use crate::engine::Handle;

/// The state of one router; clones share it.
#[derive(Debug, Clone)]
pub(super) struct AppState(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub handle: Arc<Handle>,
    pub auth: Arc<Auth>,
    pub pages: Arc<PageCache>,
    pub states: Arc<StateCache>,
    pub zips: Arc<ZipPermits>,
    pub live: Arc<Live>,
    pub camera_streams: Arc<CameraStreams>,
    pub meters: Arc<Meters>,
    pub reads: Arc<Reads>,
    pub budget: Budget,
}

impl AppState {
    /// Reads the sessions of the state directory.
    pub(crate) fn new(handle: Arc<Handle>, state_dir: &Path, access: Access) -> Self {
        let auth = Auth::new(Arc::clone(&handle), state_dir, access, ui::text(ui::LOGIN));
        Self(Arc::new(Parts {
            live: Live::new(Arc::clone(&handle)),
            camera_streams: CameraStreams::new(Arc::clone(&handle)),
            meters: Arc::new(Meters::new(handle.now())),
            auth: Arc::new(auth),
            pages: Arc::default(),
            states: Arc::default(),
            zips: Arc::default(),
            reads: Arc::default(),
            budget: Budget::default(),
            handle,
        }))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Lets handlers take parts of the state.
macro_rules! parts {
    ($($part:ident: $kind:ty),*) => {
        $(impl FromRef<AppState> for Arc<$kind> {
            fn from_ref(state: &AppState) -> Self {
                Arc::clone(&state.$part)
            }
        })*
    };
}

impl FromRef<AppState> for (Arc<StateCache>, Arc<Reads>) {
    fn from_ref(state: &AppState) -> Self {
        (Arc::clone(&state.states), Arc::clone(&state.reads))
    }
}

impl FromRef<AppState> for (Arc<Live>, Arc<CameraStreams>) {
    fn from_ref(state: &AppState) -> Self {
        (Arc::clone(&state.live), Arc::clone(&state.camera_streams))
    }
}

parts!(
    handle: Handle, auth: Auth, pages: PageCache, states: StateCache, zips: ZipPermits, live: Live, camera_streams: CameraStreams, meters: Meters, reads: Reads
);
