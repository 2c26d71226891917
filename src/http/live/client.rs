//! What one client is sent: the greeting, then whatever waits for it, and a sign of life where nothing does.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use tokio::time::{Instant, timeout_at};

use super::log::Taken;
use super::message::Scope;
use super::run::Sitter;

/// A comment, which clients pass over.
const HEARTBEAT: &[u8] = b":\n\n";

/// The body of a client's answer. Dropping it frees the seat.
pub(super) fn body(sitter: Sitter, scope: Scope, heartbeat: Duration) -> Body {
    let client = Client { sitter, scope, heartbeat };
    Body::from_stream(futures_util::stream::unfold(client, async |mut client| {
        let chunk = client.next().await?;
        Some((Ok::<_, Infallible>(chunk), client))
    }))
}

/// One who listens.
#[derive(Debug)]
pub(super) struct Client {
    sitter: Sitter,
    scope: Scope,
    heartbeat: Duration,
}

impl Client {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.sitter.greeting.take() {
            return Some(greeting);
        }
        let heartbeat = Instant::now() + self.heartbeat;
        loop {
            // First this: what is added after it wakes the waiting.
            let is_over = self.sitter.pulse.borrow_and_update().is_over;
            match self.sitter.take(&self.scope) {
                Taken::Some(bytes, _) if bytes.is_empty() => continue, // none of it is for this client
                Taken::Some(bytes, _) => return Some(bytes),
                Taken::Lost => return None,
                Taken::Nothing if is_over => return None,
                Taken::Nothing => {}
            }
            match timeout_at(heartbeat, self.sitter.pulse.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(HEARTBEAT)),
            }
        }
    }
}
