//! Authentication and the checks before it: the host and the origin of a request, its credentials, sessions, and the rate of
//! failed attempts. `authenticate` is the middleware before every route; a handler takes a [`Viewer`].

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
mod state;
mod verifier;
mod viewer;

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
pub(crate) use state::Auth;
#[cfg(feature = "stores")]
pub(crate) use viewer::Asker;
pub use viewer::{Account, AccountKind, Viewer};

#[cfg(test)]
mod tests;
