//! Notifications for the subscribers of a service.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::catalog::EventUpdate;
use crate::event::{Event, EventId, Guard};
use crate::expirer::{Pass, Restoration};

/// Notifications that may wait for a slow subscriber. One that falls further behind receives a [`Notification::Reset`].
const CAPACITY: usize = 1024;

/// What a subscriber receives. Serialized as `{"added": {…}}`, and `reset` as a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Notification {
    /// A new event.
    Added(Event),
    /// An event whose details changed.
    Changed(Event),
    /// The id of an event that is gone.
    Removed(EventId),
    /// A pass that retired something (its events were sent before, one by one), or that a guard refused. A refusal is
    /// sent once, until a pass is not refused or is refused differently.
    #[serde(serialize_with = "shared")]
    Pass(Arc<Pass>),
    /// A pass that was moved back out of the delete queue.
    #[serde(serialize_with = "shared")]
    Restored(Arc<Restoration>),
    /// Notifications were lost: the subscriber should read everything again.
    Reset,
}

/// Serializes the contents of an `Arc`.
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

/// The sending end of all subscriptions.
#[derive(Debug)]
pub(super) struct Broadcaster {
    /// `None` after the service stopped. Written by `close`, read by senders and subscribers.
    sender: RwLock<Option<broadcast::Sender<Notification>>>,
    /// The id and the guard of the refusal that was sent last. Written and read when a pass is sent.
    refused: Mutex<Option<(String, Guard)>>,
}

impl Broadcaster {
    pub(super) fn new() -> Self {
        Self { sender: RwLock::new(Some(broadcast::Sender::new(CAPACITY))), refused: Mutex::default() }
    }

    fn sender(&self) -> Option<broadcast::Sender<Notification>> {
        self.sender.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Subscribes from now on.
    pub(super) fn subscribe(&self) -> Subscription {
        // After the service stopped, the subscription ends at once.
        Subscription(self.sender().map_or_else(|| broadcast::channel(1).1, |sender| sender.subscribe()))
    }

    /// Whether there are subscribers.
    pub(super) fn has_subscribers(&self) -> bool {
        self.sender().is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Sends notifications to all subscribers, if there are any.
    pub(super) fn send(&self, notices: impl IntoIterator<Item = Notification>) {
        if let Some(sender) = self.sender() {
            for notice in notices {
                let _ = sender.send(notice); // fails only if the last subscriber just left
            }
        }
    }

    /// Sends a pass, unless it did nothing or repeats the last refusal.
    pub(super) fn send_pass(&self, pass: &Pass) {
        let refused = pass.pass.clone().zip(pass.refused.as_ref().map(|refusal| refusal.guard));
        let is_new = {
            let mut last = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = refused.is_none() || *last != refused;
            *last = refused;
            is_new
        };
        if is_new && pass.pass.is_some() {
            self.send([Notification::Pass(Arc::new(pass.clone()))]);
        }
    }

    /// Ends all subscriptions, after what was sent so far.
    pub(super) fn close(&self) {
        self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The service stops, and sends nothing more.
#[cfg(feature = "stores")]
pub(super) struct Stopping;

/// A subscriber's end of the channel.
#[derive(Debug)]
pub struct Subscription(pub(super) broadcast::Receiver<Notification>);

impl Subscription {
    /// Waits for the next notification; `None` when the service stops. Must not be called in an async runtime.
    pub fn wait(&mut self) -> Option<Notification> {
        Self::of(self.0.blocking_recv())
    }

    /// Like `wait`, for async programs on any runtime.
    pub async fn next(&mut self) -> Option<Notification> {
        Self::of(self.0.recv().await)
    }

    /// The next notification that has arrived; `None` if there is none. Fails if the service stops.
    #[cfg(feature = "stores")]
    pub(super) fn try_next(&mut self) -> Result<Option<Notification>, Stopping> {
        match self.0.try_recv() {
            Ok(notice) => Ok(Some(notice)),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Ok(Some(Notification::Reset)),
            Err(broadcast::error::TryRecvError::Empty) => Ok(None),
            Err(broadcast::error::TryRecvError::Closed) => Err(Stopping),
        }
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
    fn a_repeated_refusal_is_sent_once() {
        let broadcaster = Broadcaster::new();
        let mut subscription = broadcaster.subscribe();
        let refused = |id: &str, guard| Pass {
            pass: Some(id.to_owned()),
            refused: Some(Refusal { guard, message: "no".to_owned() }),
            ..Pass::default()
        };
        let (a, other, b) = (refused("a", Guard::Share), refused("a", Guard::Clock), refused("b", Guard::Clock));
        let nothing = Pass::default();
        let done = Pass { pass: Some("c".to_owned()), ..Pass::default() };
        for pass in [&a, &a, &other, &b, &b, &nothing, &b, &done, &done] {
            broadcaster.send_pass(pass);
        }
        broadcaster.close();
        for pass in [&a, &other, &b, &b, &done, &done] {
            assert_eq!(subscription.wait(), Some(Notification::Pass(Arc::new(pass.clone()))));
        }
        assert_eq!(subscription.wait(), None);
    }
}
