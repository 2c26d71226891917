//! The stream of news for whoever follows the archive.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::catalog::EventUpdate;
use crate::event::{Event, EventId};
use crate::expirer::{Pass, Restoration};

/// News that wait for a slow follower; one who falls further behind is told to look anew.
const WAITING: usize = 1024;

/// One piece of news. Serialized as `{"added": {…}}`, and `reset` as the bare word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "lowercase")]
pub enum Notification {
    /// A new event.
    Added(Event),
    /// Something else is known of an event.
    Changed(Event),
    /// An event is gone.
    Removed(EventId),
    /// A pass has retired something, or a guard has refused it. What it retired was told before, event by event. A refusal
    /// is told once, until a pass is not refused or is refused otherwise.
    #[serde(serialize_with = "shared")]
    Pass(Arc<Pass>),
    /// A pass was taken back out of the delete queue.
    #[serde(serialize_with = "shared")]
    Restored(Arc<Restoration>),
    /// News were missed: look at everything anew.
    Reset,
}

/// What is shared, as if it were not.
fn shared<T: Serialize, S: serde::Serializer>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().serialize(serializer)
}

impl From<EventUpdate> for Notification {
    fn from(update: EventUpdate) -> Self {
        match update {
            EventUpdate::Added(event) => Self::Added(event),
            EventUpdate::Changed(event) => Self::Changed(event),
            EventUpdate::Removed(id) => Self::Removed(id),
        }
    }
}

/// Where news are told.
#[derive(Debug)]
pub(super) struct Broadcaster {
    /// Taken away when the service stops; else read by whoever tells or follows.
    sender: RwLock<Option<broadcast::Sender<Notification>>>,
    /// The id and the guard of the refusal that was told last. Written and read by whoever tells of a pass.
    refused: Mutex<Option<(String, &'static str)>>,
}

impl Broadcaster {
    pub fn new() -> Self {
        Self { sender: RwLock::new(Some(broadcast::Sender::new(WAITING))), refused: Mutex::default() }
    }

    fn sender(&self) -> Option<broadcast::Sender<Notification>> {
        self.sender.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Follows from now on.
    pub fn subscribe(&self) -> Subscription {
        // Of a service that has stopped: a stream that has ended.
        Subscription(self.sender().map_or_else(|| broadcast::channel(1).1, |sender| sender.subscribe()))
    }

    /// Whether somebody follows.
    pub fn has_subscribers(&self) -> bool {
        self.sender().is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Tells; nobody needs to hear it.
    pub fn send(&self, notices: impl IntoIterator<Item = Notification>) {
        if let Some(sender) = self.sender() {
            for notice in notices {
                let _ = sender.send(notice); // the last follower may have gone
            }
        }
    }

    /// Tells of a pass, unless it did nothing or is the same refusal again.
    pub fn send_pass(&self, pass: &Pass) {
        let refused = pass.pass.clone().zip(pass.refused.as_ref().map(|refusal| refusal.guard));
        let is_new = {
            let mut told = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = refused.is_none() || *told != refused;
            *told = refused;
            is_new
        };
        if is_new && pass.pass.is_some() {
            self.send([Notification::Pass(Arc::new(pass.clone()))]);
        }
    }

    /// Ends every follower's stream, after what was told so far.
    pub fn close(&self) {
        self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A follower's end of the stream.
#[derive(Debug)]
pub struct Subscription(pub(super) broadcast::Receiver<Notification>);

impl Subscription {
    /// Waits for the next piece of news; `None` when the service stops. Not for use within an async runtime.
    pub fn wait(&mut self) -> Option<Notification> {
        Self::of(self.0.blocking_recv())
    }

    /// The same for async programs, on any runtime.
    pub async fn next(&mut self) -> Option<Notification> {
        Self::of(self.0.recv().await)
    }

    fn of(received: Result<Notification, broadcast::error::RecvError>) -> Option<Notification> {
        match received {
            Ok(notice) => Some(notice),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Notification::Reset),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Refusal;

    #[test]
    fn closing_ends_every_subscription() {
        let broadcaster = Broadcaster::new();
        let mut before = broadcaster.subscribe();
        broadcaster.send([Notification::Reset]);
        broadcaster.close();
        broadcaster.send([Notification::Reset]);
        assert_eq!((before.wait(), before.wait()), (Some(Notification::Reset), None));
        assert_eq!(broadcaster.subscribe().wait(), None);
        assert!(!broadcaster.has_subscribers());
    }

    #[test]
    fn a_refusal_is_told_once_until_something_else_comes_of_a_pass() {
        let broadcaster = Broadcaster::new();
        let mut news = broadcaster.subscribe();
        let refused = |id: &str, guard| Pass {
            pass: Some(id.to_owned()),
            refused: Some(Refusal { guard, message: "no".to_owned() }),
            ..Pass::default()
        };
        let (a, other, b) = (refused("a", "share"), refused("a", "clock"), refused("b", "clock"));
        let nothing = Pass::default();
        let done = Pass { pass: Some("c".to_owned()), ..Pass::default() };
        for pass in [&a, &a, &other, &b, &b, &nothing, &b, &done, &done] {
            broadcaster.send_pass(pass);
        }
        broadcaster.close();
        for pass in [&a, &other, &b, &b, &done, &done] {
            assert_eq!(news.wait(), Some(Notification::Pass(Arc::new(pass.clone()))));
        }
        assert_eq!(news.wait(), None);
    }
}
