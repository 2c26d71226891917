//! A message of the live stream, encoded once, and the clients that it is for.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use axum::body::Bytes;
use serde::Serialize;
use tokio::time::Instant;

use crate::auth::Viewer;
use crate::clock::Now;
use crate::convert;
use crate::engine::{Notification, Pass};
use crate::event::{self, Camera, Located};
use crate::protocol::stream::{PassMessage, PassOutcome, RemovedEvent, ResetData};
use crate::protocol::{Directory, Event};
use crate::time::rfc3339;

/// The cameras of a client.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    viewer: Viewer,
    /// The requested cameras; `None`: all that the user can see.
    requested: Option<BTreeSet<Camera>>,
}

impl Scope {
    /// The requested cameras, as far as the user can see them.
    pub(super) fn new(viewer: Viewer, requested: Option<BTreeSet<Camera>>) -> Self {
        Self { viewer, requested }
    }

    /// Whether it includes all cameras.
    pub(super) fn is_all(&self) -> bool {
        self.viewer.sees_all() && self.requested.is_none()
    }

    fn has(&self, camera: &Camera) -> bool {
        self.viewer.sees(camera) && self.requested.as_ref().is_none_or(|requested| requested.contains(camera))
    }
}

/// The cameras of a message.
#[derive(Debug)]
enum Audience {
    All,
    Camera(Camera),
    /// A pass; each client gets the part about its cameras.
    Pass(PassOutcome, Arc<Pass>),
}

/// An encoded message.
#[derive(Debug)]
pub(super) struct Message {
    audience: Audience,
    /// Its `id`, `event` and `data`, and the empty line after them.
    text: Bytes,
    /// When it was added.
    pub at: Instant,
}

impl Message {
    /// Encodes a notification for a router that is mounted below `prefix`.
    pub(super) fn of(notification: Notification, prefix: &str, id: &str, at: Instant, now: Now) -> Self {
        let event = |name, event: event::Event| {
            let event = Located::local(event);
            let text = text(id, name, &Event::new(&event, &Directory::new(prefix, &event.event.id)));
            (Audience::Camera(event.event.id.camera), text)
        };
        let pass = |outcome, pass: Arc<Pass>| {
            let text = pass_text(id, outcome, &pass);
            (Audience::Pass(outcome, pass), text)
        };
        let (audience, text) = match notification {
            Notification::Added(added) => event("event-added", added),
            Notification::Changed(changed) => event("event-changed", changed),
            Notification::Removed(gone) => {
                let text = text(id, "event-removed", &RemovedEvent { id: &gone });
                (Audience::Camera(gone.camera), text)
            }
            Notification::Pass(done) if done.refused.is_some() => pass(PassOutcome::Refused, done),
            Notification::Pass(done) => pass(PassOutcome::Retired, done),
            Notification::Restored(done) => {
                let restored = Pass {
                    pass: Some(done.pass.clone()),
                    started: rfc3339(now.utc),
                    items: done.items.clone(),
                    failures: done.left.clone(),
                    ..Pass::default()
                };
                pass(PassOutcome::Restored, Arc::new(restored))
            }
            Notification::Reset => (Audience::All, reset(id)),
        };
        Self { audience, text, at }
    }

    /// The part of the message for a scope, if any. `id` is that of the message.
    pub(super) fn within(&self, scope: &Scope, id: impl FnOnce() -> String) -> Option<Bytes> {
        match &self.audience {
            Audience::Camera(camera) => scope.has(camera).then(|| self.text.clone()),
            Audience::Pass(outcome, pass) if !scope.is_all() => {
                // Without its refusal, alerts and failures, which may name any camera.
                let mut items: Vec<_> = pass.items.iter().filter(|item| scope.has(&item.camera)).cloned().collect();
                for item in &mut items {
                    scope.viewer.redact(&mut item.reason);
                }
                let (name, started, undo_until) = (pass.pass.clone(), pass.started.clone(), pass.undo_until.clone());
                let part = Pass { pass: name, started, items, undo_until, ..Pass::default() };
                (!part.items.is_empty()).then(|| pass_text(&id(), *outcome, &part))
            }
            Audience::All | Audience::Pass(..) => Some(self.text.clone()),
        }
    }

    /// Its bytes in memory.
    pub(super) fn len(&self) -> usize {
        let of_pass = |pass: &Pass| pass.items.len() * size_of::<event::Item>();
        self.text.len()
            + size_of::<Self>()
            + if let Audience::Pass(_, pass) = &self.audience { of_pass(pass) } else { 0 }
    }
}

/// The message that tells clients to load all data again.
pub(super) fn reset(id: &str) -> Bytes {
    text(id, "reset", &ResetData {})
}

fn pass_text(id: &str, outcome: PassOutcome, pass: &Pass) -> Bytes {
    text(id, "pass", &PassMessage { outcome, pass: convert::pass(pass) })
}

/// A message. JSON has no line breaks, so its data is one line.
fn text(id: &str, name: &str, data: &impl Serialize) -> Bytes {
    let mut text = Vec::with_capacity(Event::BYTES);
    let _ = write!(text, "id: {id}\nevent: {name}\ndata: "); // writing to memory cannot fail
    serde_json::to_writer(&mut text, data).expect("our own types are JSON");
    text.extend_from_slice(b"\n\n");
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Account, AccountKind, Role};
    use crate::clock::{Clock, SystemClock};
    use crate::event::{EventSelection, Item, Reason};

    #[test]
    fn limited_users_get_redacted_reasons() {
        let camera = || "Camera1".parse::<Camera>().unwrap();
        let item = Item {
            camera: camera(),
            day: "2026-09-01".parse().unwrap(),
            events: EventSelection::All,
            count: 2,
            bytes: Some(200),
            frees: None,
            reason: Reason::ArchiveOver { limit: 100, excess: 900 },
        };
        let pass = Arc::new(Pass { items: vec![item], ..Pass::default() });
        let message = Message::of(Notification::Pass(pass), "", "e-1", Instant::now(), SystemClock.now());
        let text = |cameras: Option<BTreeSet<Camera>>, requested: Option<BTreeSet<Camera>>| {
            let account = Account { name: "anna".to_owned(), kind: AccountKind::User, role: Role::Viewer, cameras };
            let scope = Scope::new(Viewer::new(Arc::new(account)), requested);
            let text = message.within(&scope, || "e-1".to_owned()).expect("it is about this camera");
            String::from_utf8(text.to_vec()).unwrap()
        };
        let limited = text(Some([camera()].into()), None);
        assert!(!limited.contains("archive over") && limited.contains("by a rule of the whole archive"), "{limited}");
        for requested in [None, Some([camera()].into())] {
            let full = text(None, requested);
            assert!(full.contains("archive over 100 B by 900 B"), "{full}");
        }
    }
}
