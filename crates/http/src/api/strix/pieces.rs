//! A long list for strix, sent in pieces. The next piece is read when the client has read the last one, so a slow client holds one
//! piece in memory and no thread. Events that arrive meanwhile are not part of the list; removed events are left out.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};

use super::event::StrixEvent;
use crate::engine::{Handle, Named, NamedRange};
use crate::event::{Camera, EventName};
use crate::limits::Reads;
use crate::problem::Problem;

/// The most events of one piece.
pub(super) const MAX_PIECE: u64 = 128;

pub(super) const JSON: &str = "texts and numbers are JSON";

/// The requested range, and what the user may see.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub range: NamedRange,
    /// Whether events have absolute paths: not for users who cannot see all cameras.
    pub shows_root: bool,
}

/// The body: a beginning, then the events of these cameras.
pub(super) fn body(
    (handle, reads): (Arc<Handle>, Arc<Reads>),
    begin: Vec<u8>,
    cameras: Vec<(String, Option<Camera>)>,
    scope: Scope,
) -> Body {
    let pieces = Pieces {
        handle,
        reads,
        scope,
        cameras: cameras.into(),
        position: Position::Begin(begin),
        is_first_camera: true,
        is_over: false,
    };
    Body::from_stream(futures_util::stream::unfold(pieces, async |mut pieces| {
        if pieces.is_over {
            return None;
        }
        let piece = pieces.next().await.map_err(|_| {
            pieces.is_over = true; // aborts the response; the reason is in the log
            io::Error::other("cannot read the rest of the list")
        });
        Some((piece, pieces))
    }))
}

struct Pieces {
    handle: Arc<Handle>,
    reads: Arc<Reads>,
    scope: Scope,
    /// The cameras that are not begun yet.
    cameras: VecDeque<(String, Option<Camera>)>,
    position: Position,
    is_first_camera: bool,
    is_over: bool,
}

enum Position {
    Begin(Vec<u8>),
    /// The last camera's list is closed.
    Between,
    Within(Within),
}

/// Within a camera's events.
struct Within {
    camera: Camera,
    /// The rest: names from `from` to `to`.
    from: Named,
    to: Named,
    /// Whether the event named `from` was sent.
    has_begun: bool,
}

impl Pieces {
    async fn next(&mut self) -> Result<Bytes, Problem> {
        match std::mem::replace(&mut self.position, Position::Between) {
            Position::Begin(begin) => Ok(begin.into()),
            Position::Within(within) => self.events(within).await,
            Position::Between => {
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
                let (handle, range, name) = (Arc::clone(&self.handle), self.scope.range.clone(), camera.clone());
                let bounds = self.reads.long(move || handle.named_bounds(&name, &range)).await?;
                bounds.map(|(from, to)| Within { camera, from, to, has_begun: false })
            }
        };
        match bounds {
            Some(within) => self.position = Position::Within(within),
            None => out.push(b']'),
        }
        Ok(out.into())
    }

    async fn events(&mut self, within: Within) -> Result<Bytes, Problem> {
        let Within { camera, from, to, has_begun } = within;
        let most = usize::try_from(MAX_PIECE).unwrap_or(usize::MAX);
        let (handle, name) = (Arc::clone(&self.handle), camera.clone());
        let events = self.reads.long(move || handle.named_piece(&name, (from, to), has_begun, most)).await?;
        let rendered: Vec<StrixEvent> =
            events.iter().map(|event| StrixEvent::of(&self.handle, event, self.scope.shows_root)).collect();
        let mut out = serde_json::to_vec(&rendered).expect(JSON);
        out.pop();
        match out.first_mut() {
            Some(bracket) if has_begun && !events.is_empty() => *bracket = b',',
            _ => _ = out.remove(0),
        }
        match events.last() {
            Some(last) if events.len() == most => {
                let from = Named::of((last.id.day, EventName::clone(&last.id.name)));
                self.position = Position::Within(Within { camera, from, to, has_begun: true });
            }
            _ => out.push(b']'),
        }
        Ok(out.into())
    }
}
