//! Authentication and the checks before it: the host and the origin of a request, its credentials, sessions, and the rate of
//! failed attempts. [`authenticate`] is the middleware before every route; a handler takes a [`Viewer`].

mod access;
mod authenticate;
mod base_path;
mod client;
mod credentials;
mod framing;
mod hosts;
mod login;
mod origin;
mod password;
mod prefix;
mod proxy;
mod rate_limit;
pub mod secret;
mod sessions;
mod verifier;
mod viewer;

use std::path::Path;
use std::sync::Arc;

pub use access::{Access, Grant};
pub use viewer::Role;

pub use access::check_name;
pub(crate) use authenticate::authenticate;
pub use client::{OverTls, address_of};
pub(crate) use login::{
    __path_login_page, __path_me, __path_sign_in, __path_sign_out, login_page, me, sign_in, sign_out,
};
pub use password::Password;
pub use prefix::{Prefix, below, vary_on_prefix};
pub use viewer::{Account, Viewer};

use crate::service::Handle;
use rate_limit::RateLimiter;
use sessions::Sessions;
use verifier::Verifier;

/// The state of authentication, shared by all requests of one router.
#[derive(Debug)]
pub(crate) struct Auth {
    /// For the clock.
    handle: Arc<Handle>,
    pub access: Access,
    sessions: Sessions,
    rate_limiter: RateLimiter,
    verifier: Verifier,
    /// The HTML of the login page, with placeholders for a message and for the path to go to afterwards.
    login_page: String,
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

#[cfg(test)]
mod tests;
