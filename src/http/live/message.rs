//! One message of the live stream: encoded once, and for whom it is.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use axum::body::Bytes;
use serde::Serialize;
use tokio::time::Instant;

use super::super::viewer::Viewer;
use super::super::wire::{PassWire, push_event, push_text};
use crate::archive::rfc3339;
use crate::clock::Now;
use crate::event::Camera;
use crate::expirer::Pass;
use crate::service::Notification;

/// About the bytes of a message of an event.
const USUAL: usize = 560;

/// What a client is to hear of.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    viewer: Viewer,
    /// The cameras that he asked for; `None`: all that he sees.
    asked: Option<BTreeSet<Camera>>,
}

impl Scope {
    pub fn new(viewer: Viewer, asked: Option<BTreeSet<Camera>>) -> Self {
        Self { viewer, asked }
    }

    /// Whether he hears everything.
    pub fn is_all(&self) -> bool {
        self.viewer.sees_all() && self.asked.is_none()
    }

    fn has(&self, camera: &Camera) -> bool {
        self.viewer.sees(camera) && self.asked.as_ref().is_none_or(|asked| asked.contains(camera))
    }
}

/// Whom a message concerns.
#[derive(Debug)]
enum About {
    Everybody,
    Camera(Camera),
    /// A pass, of which everybody hears what it did to his cameras.
    Pass(&'static str, Arc<Pass>),
}

/// A message as it is sent.
#[derive(Debug)]
pub(super) struct Message {
    about: About,
    /// Its `id`, `event` and `data`, and the empty line after them.
    text: Bytes,
    /// Since when it waits.
    pub at: Instant,
}

impl Message {
    /// Encodes a notice for a router that is mounted below `prefix`.
    pub fn of(notice: Notification, prefix: &str, id: &str, at: Instant, now: Now) -> Self {
        let event = |name, event: crate::event::Event| {
            let mut text = begin(id, name, USUAL);
            push_event(&mut text, &event, prefix);
            (About::Camera(event.id.camera), end(text))
        };
        let pass = |what, pass: Arc<Pass>| {
            let text = pass_text(id, what, &pass);
            (About::Pass(what, pass), text)
        };
        let (about, text) = match notice {
            Notification::Added(added) => event("event-added", added),
            Notification::Changed(changed) => event("event-changed", changed),
            Notification::Removed(gone) => {
                let mut text = begin(id, "event-removed", 160);
                text.push_str("{\"id\":");
                push_text(&mut text, &gone.to_string());
                text.push('}');
                (About::Camera(gone.camera), end(text))
            }
            Notification::Pass(done) if done.refused.is_some() => pass("refused", done),
            Notification::Pass(done) => pass("retired", done),
            Notification::Restored(done) => {
                let told = Pass {
                    pass: Some(done.pass.clone()),
                    started: rfc3339(now.utc),
                    items: done.items.clone(),
                    failures: done.left.clone(),
                    ..Pass::default()
                };
                pass("restored", Arc::new(told))
            }
            Notification::Reset => (About::Everybody, reset(id)),
        };
        Self { about, text, at }
    }

    /// What a client of this scope is sent of it, if anything. `id` is the message's.
    pub fn within(&self, scope: &Scope, id: impl FnOnce() -> String) -> Option<Bytes> {
        match &self.about {
            About::Camera(camera) => scope.has(camera).then(|| self.text.clone()),
            About::Pass(what, pass) if !scope.is_all() => {
                // Its refusal, its alerts and its failures may speak of any camera.
                let mut items: Vec<_> = pass.items.iter().filter(|item| scope.has(&item.camera)).cloned().collect();
                for item in &mut items {
                    scope.viewer.redact(&mut item.reason);
                }
                let (name, started, undo_until) = (pass.pass.clone(), pass.started.clone(), pass.undo_until.clone());
                let part = Pass { pass: name, started, items, undo_until, ..Pass::default() };
                (!part.items.is_empty()).then(|| pass_text(&id(), what, &part))
            }
            About::Everybody | About::Pass(..) => Some(self.text.clone()),
        }
    }

    /// The bytes that it takes.
    pub fn len(&self) -> usize {
        let of_pass = |pass: &Pass| pass.items.len() * size_of::<crate::event::Item>();
        self.text.len() + size_of::<Self>() + if let About::Pass(_, pass) = &self.about { of_pass(pass) } else { 0 }
    }
}

/// "Look at everything anew."
pub(super) fn reset(id: &str) -> Bytes {
    let mut text = begin(id, "reset", 64);
    text.push_str("{}");
    end(text)
}

fn pass_text(id: &str, what: &'static str, pass: &Pass) -> Bytes {
    /// A pass as the API tells it, and what became of it.
    #[derive(Serialize)]
    struct Told {
        what: &'static str,
        #[serde(flatten)]
        pass: PassWire,
    }
    let mut text = begin(id, "pass", USUAL);
    let told = Told { what, pass: PassWire::from(pass) };
    text.push_str(&serde_json::to_string(&told).expect("our own types are JSON"));
    end(text)
}

fn begin(id: &str, name: &str, about: usize) -> String {
    let mut text = String::with_capacity(about);
    let _ = write!(text, "id: {id}\nevent: {name}\ndata: "); // writing to a string cannot fail
    text
}

/// JSON has no line breaks of its own, so the data is one line.
fn end(mut text: String) -> Bytes {
    text.push_str("\n\n");
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};
    use crate::event::{EventSelection, Item, Reason};
    use crate::http::viewer::{Account, Role};

    #[test]
    fn what_a_rule_of_the_whole_archive_took_tells_a_limited_user_nothing_of_that() {
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
        let heard = |cameras: Option<BTreeSet<Camera>>, asked: Option<BTreeSet<Camera>>| {
            let account = Account { name: "anna".to_owned(), role: Role::Viewer, cameras };
            let scope = Scope::new(Viewer::new(Arc::new(account)), asked);
            let text = message.within(&scope, || "e-1".to_owned()).expect("it is about this camera");
            String::from_utf8(text.to_vec()).unwrap()
        };
        let limited = heard(Some([camera()].into()), None);
        assert!(!limited.contains("archive over") && limited.contains("by a rule of the whole archive"), "{limited}");
        for asked in [None, Some([camera()].into())] {
            let told = heard(None, asked);
            assert!(told.contains("archive over 100 B by 900 B"), "who sees everything may know: {told}");
        }
    }
}
