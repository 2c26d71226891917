//! The state of authentication.

use std::path::Path;
use std::sync::Arc;

use super::access::Access;
use super::rate_limit::RateLimiter;
use super::sessions::Sessions;
use super::verifier::Verifier;
use crate::engine::Handle;

/// The state of authentication, shared by all requests of one router.
#[derive(Debug)]
pub(crate) struct Auth {
    /// For the clock.
    pub(super) handle: Arc<Handle>,
    pub access: Access,
    pub(super) sessions: Sessions,
    pub(super) rate_limiter: RateLimiter,
    pub(super) verifier: Verifier,
    /// The HTML of the login page, with placeholders for a message and for the path to go to afterwards.
    pub(super) login_page: String,
}

impl Auth {
    /// Reads the sessions that the state directory holds.
    pub(crate) fn new(handle: Arc<Handle>, state_dir: &Path, access: Access, login_page: String) -> Self {
        Self {
            handle,
            access,
            sessions: Sessions::open(state_dir),
            rate_limiter: RateLimiter::default(),
            verifier: Verifier::default(),
            login_page,
        }
    }
}
