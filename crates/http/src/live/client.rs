//! The body of one client: a greeting, then its messages, and heartbeats in between.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use tokio::time::{Instant, timeout_at};

use super::log::Taken;
use super::message::Scope;
use super::run::Subscriber;

/// A comment, which clients ignore.
const HEARTBEAT: &[u8] = b":\n\n";

/// The body of a client's response. Dropping it ends the subscription.
pub(super) fn body(subscriber: Subscriber, scope: Scope, heartbeat: Duration) -> Body {
    let client = Client { subscriber, scope, heartbeat };
    Body::from_stream(futures_util::stream::unfold(client, async |mut client| {
        let chunk = client.next().await?;
        Some((Ok::<_, Infallible>(chunk), client))
    }))
}

/// A client of the stream.
#[derive(Debug)]
pub(super) struct Client {
    subscriber: Subscriber,
    scope: Scope,
    heartbeat: Duration,
}

impl Client {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.subscriber.greeting.take() {
            return Some(greeting);
        }
        let heartbeat = Instant::now() + self.heartbeat;
        loop {
            // Before taking messages: messages that are added later wake the wait below.
            let is_over = self.subscriber.pulse.borrow_and_update().is_over;
            match self.subscriber.take(&self.scope) {
                Taken::Some(bytes, _) if bytes.is_empty() => continue, // no message for this client
                Taken::Some(bytes, _) => return Some(bytes),
                Taken::Lost => return None,
                Taken::Nothing if is_over => return None,
                Taken::Nothing => {}
            }
            match timeout_at(heartbeat, self.subscriber.pulse.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(HEARTBEAT)),
            }
        }
    }
}
