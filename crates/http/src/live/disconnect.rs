//! Closes the connection of a request. The daemon's listener adds one to the extensions of each request; an embedding program
//! does not have to.

use tokio_util::sync::CancellationToken;

/// Closes one connection; clones close the same one.
#[derive(Debug, Clone)]
pub struct Disconnect(CancellationToken);

impl Disconnect {
    /// Cancels `token`, which the connection watches.
    pub fn new(token: CancellationToken) -> Self {
        Self(token)
    }

    /// Closes the connection at once and discards unsent bytes: for a client that does not read.
    pub fn close(&self) {
        self.0.cancel();
    }
}
