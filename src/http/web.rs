//! What the routes share: the service that they ask, and the little that HTTP keeps by itself.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;

use super::access::Access;
use super::live::Live;
use super::pages::Pages;
use super::states::States;
use super::zip::Places;
use crate::service::Handle;

/// One router's state; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Web(Arc<Shared>);

/// What all clones share.
#[derive(Debug)]
pub(super) struct Shared {
    pub handle: Arc<Handle>,
    pub access: Access,
    /// The pages that were answered last.
    pub pages: Pages,
    /// The states of events whose files were asked for last.
    pub states: States,
    /// How many zips may be made at a time.
    pub zips: Places,
    /// The live stream.
    pub live: Arc<Live>,
}

impl Web {
    pub fn new(handle: Arc<Handle>, access: Access) -> Self {
        let live = Live::new(Arc::clone(&handle));
        Self::with_live(handle, access, live)
    }

    /// The same with a live stream that was made elsewhere.
    pub fn with_live(handle: Arc<Handle>, access: Access, live: Arc<Live>) -> Self {
        Self(Arc::new(Shared {
            handle,
            access,
            pages: Pages::default(),
            states: States::default(),
            zips: Places::default(),
            live,
        }))
    }
}

impl Deref for Web {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Web> for Arc<Handle> {
    fn from_ref(web: &Web) -> Self {
        Arc::clone(&web.handle)
    }
}
