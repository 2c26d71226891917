//! By which a handler ends the connection that its request came on. The daemon's listener puts one into the extensions of
//! each request; where the router is embedded there is none.

use tokio_util::sync::CancellationToken;

/// Ends one connection. Clones end the same.
#[derive(Debug, Clone)]
pub(crate) struct Closer(CancellationToken);

impl Closer {
    /// The closer of whoever heeds `token`.
    pub fn new(token: CancellationToken) -> Self {
        Self(token)
    }

    /// Has the connection closed at once, whatever is still to be sent: for a client that does not take it.
    pub fn close(&self) {
        self.0.cancel();
    }
}
