//! The times and limits of live pictures.

use std::time::Duration;

/// The times and limits of live pictures.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The most bytes of a picture.
    pub max_picture: usize,
    /// How long a connection and the head of its response may take, with the login.
    pub connect_limit: Duration,
    /// How long the next picture may take.
    pub picture_limit: Duration,
    /// For how long a stream that was lost is tried again.
    pub retry_for: Duration,
    /// The time between two attempts.
    pub retry_pause: Duration,
    /// How long a client waits for its first picture.
    pub first_limit: Duration,
    /// The same for a client that wants a single one.
    pub still_limit: Duration,
    /// The age up to which a picture counts as present.
    pub max_age: Duration,
    /// A client is disconnected if it reads nothing for this time although newer pictures wait.
    pub stall_timeout: Duration,
    /// How often clients, and the stop of the service, are checked for.
    pub check_interval: Duration,
    /// How long a stream goes on after its last client has left.
    pub linger: Duration,
    /// For how long a login that was refused is not sent again.
    pub login_pause: Duration,
}

/// The most clients of streams, and the most of single pictures.
pub(super) const MAX_CLIENTS: usize = 32;

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_picture: 8 << 20,
            connect_limit: Duration::from_secs(5),
            picture_limit: Duration::from_secs(10),
            retry_for: Duration::from_secs(10),
            retry_pause: Duration::from_millis(500),
            first_limit: Duration::from_secs(10),
            still_limit: Duration::from_secs(5),
            max_age: Duration::from_secs(2),
            stall_timeout: Duration::from_secs(20),
            check_interval: Duration::from_millis(200),
            linger: Duration::from_secs(1),
            login_pause: Duration::from_mins(5),
        }
    }
}
