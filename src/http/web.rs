//! What the routes share: the service that they ask, and the little that HTTP keeps by itself.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;

use super::access::Access;
use super::limiter::Limiter;
use super::login::Comparing;
use super::pages::Pages;
use super::sessions::Sessions;
use crate::service::{Handle, Service};

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
    pub sessions: Sessions,
    pub limiter: Limiter,
    pub comparing: Comparing,
}

impl Web {
    pub fn new(service: &Service, access: Access) -> Self {
        let sessions = Sessions::open(service.state_dir());
        let (limiter, comparing) = (Limiter::default(), Comparing::default());
        let handle = Arc::clone(service);
        Self(Arc::new(Shared { handle, access, pages: Pages::default(), sessions, limiter, comparing }))
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
