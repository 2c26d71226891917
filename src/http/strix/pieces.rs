//! A long list for strix, sent in pieces: the next one is read when the client has taken the last, so that a slow client holds one
//! piece in memory and no thread. Events that arrive meanwhile are not part of it; those that go are left out.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};

use super::{EventWire, JSON, SHORT, Scope, wire};
use crate::catalog::Named;
use crate::event::{Camera, EventName};
use crate::http::error::Problem;
use crate::http::web::Web;

/// The body: a beginning, then the events of these cameras.
pub(super) fn body(web: Web, begin: Vec<u8>, cameras: Vec<(String, Option<Camera>)>, scope: Scope) -> Body {
    let pieces =
        Pieces { web, scope, cameras: cameras.into(), at: At::Begin(begin), is_first_camera: true, is_over: false };
    Body::from_stream(futures_util::stream::unfold(pieces, async |mut pieces| {
        if pieces.is_over {
            return None;
        }
        let piece = pieces.next().await.map_err(|_| {
            pieces.is_over = true; // breaks the response off; the log says why
            io::Error::other("the list could not be read to its end")
        });
        Some((piece, pieces))
    }))
}

struct Pieces {
    web: Web,
    scope: Scope,
    /// Those that were not begun yet.
    cameras: VecDeque<(String, Option<Camera>)>,
    at: At,
    is_first_camera: bool,
    is_over: bool,
}

enum At {
    Begin(Vec<u8>),
    /// The last camera's list is closed.
    Between,
    Within(Within),
}

/// Amidst a camera's events.
struct Within {
    camera: Camera,
    /// What is left: names from `from` to `to`.
    from: Named,
    to: Named,
    /// Whether the event named `from` was sent.
    has_begun: bool,
}

impl Pieces {
    async fn next(&mut self) -> Result<Bytes, Problem> {
        match std::mem::replace(&mut self.at, At::Between) {
            At::Begin(begin) => Ok(begin.into()),
            At::Within(within) => self.events(within).await,
            At::Between => {
                if let Some((name, camera)) = self.cameras.pop_front() {
                    return self.open(&name, camera).await;
                }
                self.is_over = true;
                Ok(Bytes::from_static(b"}}"))
            }
        }
    }

    async fn open(&mut self, name: &str, camera: Option<Camera>) -> Result<Bytes, Problem> {
        let mut out = Vec::new();
        if !std::mem::take(&mut self.is_first_camera) {
            out.push(b',');
        }
        serde_json::to_writer(&mut out, name).expect(JSON);
        out.extend_from_slice(b":[");
        let bounds = match camera {
            None => None,
            Some(camera) => {
                let (handle, range, asked) = (Arc::clone(&self.web.handle), self.scope.range.clone(), camera.clone());
                let bounds = self.web.read_long(move || handle.named_bounds(&asked, &range)).await?;
                bounds.map(|(from, to)| Within { camera, from, to, has_begun: false })
            }
        };
        match bounds {
            Some(within) => self.at = At::Within(within),
            None => out.push(b']'),
        }
        Ok(out.into())
    }

    async fn events(&mut self, within: Within) -> Result<Bytes, Problem> {
        let Within { camera, from, to, has_begun } = within;
        let most = usize::try_from(SHORT).unwrap_or(usize::MAX);
        let (handle, asked) = (Arc::clone(&self.web.handle), camera.clone());
        let events = self.web.read_long(move || handle.named_piece(&asked, (from, to), has_begun, most)).await?;
        let wires: Vec<EventWire> =
            events.iter().map(|event| wire(&self.web.handle, event, self.scope.shows_root)).collect();
        let mut out = serde_json::to_vec(&wires).expect(JSON);
        out.pop();
        match out.first_mut() {
            Some(bracket) if has_begun && !events.is_empty() => *bracket = b',',
            _ => _ = out.remove(0),
        }
        match events.last() {
            Some(last) if events.len() == most => {
                let from = Named::of((last.id.day, EventName::clone(&last.id.name)));
                self.at = At::Within(Within { camera, from, to, has_begun: true });
            }
            _ => out.push(b']'),
        }
        Ok(out.into())
    }
}
