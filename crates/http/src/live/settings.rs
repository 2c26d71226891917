//! The times and limits of the stream.

use std::time::Duration;

use super::log::Bounds;

/// The times and limits of the stream.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// A client gets a comment after this time without messages, so that proxies keep the connection open.
    pub heartbeat: Duration,
    /// How often the encoder checks its clients.
    pub check_interval: Duration,
    /// A client is disconnected if it reads nothing for this time although messages wait.
    pub stall_timeout: Duration,
    /// How long a run goes on after its last client has left, for clients that reconnect.
    pub linger: Duration,
    /// The size of the log.
    pub bounds: Bounds,
    /// The most clients.
    pub max_clients: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            check_interval: Duration::from_secs(1),
            stall_timeout: Duration::from_secs(20),
            linger: Duration::from_secs(300),
            bounds: Bounds { messages: 4096, bytes: 4 << 20 },
            max_clients: 2000,
        }
    }
}
