//! The memory of large responses, which are made whole and stay until their clients have read them. Small responses do not count;
//! files, zip files and strix's long lists are sent piece by piece.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use http_body::{Frame, SizeHint};

use crate::problem::Problem;

/// Responses up to this size are not counted, in bytes: a connection's buffer takes as much.
const SMALL: usize = 64 << 10;
/// The most bytes of all large responses.
const MAX_BYTES: usize = 64 << 20;
/// The most bytes of one client's responses: half is left for others.
const MAX_CLIENT_BYTES: usize = MAX_BYTES / 2;
/// `Retry-After` of a refused response, in seconds.
const RETRY_AFTER: i64 = 5;

/// The memory in use. Changes when a large response begins and when it ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    all: usize,
    /// By client address, as far as it is known.
    of: HashMap<Option<IpAddr>, usize>,
}

/// The share of one response; returned when dropped.
#[derive(Debug)]
struct Share {
    budget: Budget,
    client: Option<IpAddr>,
    bytes: usize,
}

impl Budget {
    /// Returns the response, or 503 if it is large and the budget is used up.
    pub(crate) fn within(&self, client: Option<IpAddr>, response: Response) -> Response {
        let size = response.body().size_hint().exact().unwrap_or(0);
        if size <= SMALL as u64 || !is_whole(response.headers()) {
            return response;
        }
        if let Some(share) = self.take(client, usize::try_from(size).unwrap_or(usize::MAX)) {
            return response.map(|body| Body::new(Counted { body, _share: share }));
        }
        let problem = "too many large responses at the same time; try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, problem).retry_in(RETRY_AFTER)
    }

    /// Takes a share. The first of a client, and the first of all, may exceed the limit.
    fn take(&self, client: Option<IpAddr>, bytes: usize) -> Option<Share> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = held.of.get(&client).copied().unwrap_or(0);
        let fits = |used: usize, max: usize| used == 0 || used.saturating_add(bytes) <= max;
        if !fits(held.all, MAX_BYTES) || !fits(of_client, MAX_CLIENT_BYTES) {
            return None;
        }
        held.all = held.all.saturating_add(bytes);
        held.of.insert(client, of_client.saturating_add(bytes));
        Some(Share { budget: self.clone(), client, bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.budget.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(self.bytes);
        if let Some(of_client) = held.of.get_mut(&self.client) {
            *of_client = of_client.saturating_sub(self.bytes);
            if *of_client == 0 {
                held.of.remove(&self.client);
            }
        }
    }
}

/// Whether a response is made whole in memory, as documents are.
fn is_whole(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    kind.starts_with(b"application/json") || kind.starts_with(b"text/html")
}

/// A body and its share.
struct Counted {
    body: Body,
    /// Returned when the body is dropped.
    _share: Share,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        // Part of it may wait in the connection until the body is dropped.
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_responses_are_bounded_in_total_and_each() {
        let budget = Budget::default();
        let ip = |n: u8| Some(IpAddr::from([192, 0, 2, n]));
        let first = budget.take(ip(1), MAX_CLIENT_BYTES).unwrap();
        assert!(budget.take(ip(1), 1).is_none(), "half is left for others");
        let second = budget.take(ip(2), MAX_CLIENT_BYTES).unwrap();
        assert!(budget.take(ip(3), 1).is_none());
        drop(first);
        drop(budget.take(ip(3), MAX_CLIENT_BYTES).unwrap());
        drop(second);
        assert!(budget.take(None, 2 * MAX_BYTES).is_some(), "a single response may be larger");
        let held = budget.0.lock().unwrap();
        assert!(held.all == 0 && held.of.is_empty());
    }
}
