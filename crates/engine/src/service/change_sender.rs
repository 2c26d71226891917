//! The bounded channel of changes to the catalog's writer. A full channel blocks the sender; nothing is dropped.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::Change;
use crate::watch::Seen;

/// Changes that may wait. One change may be a whole day.
const CAPACITY: usize = 128;
/// A message to the writer.
#[derive(Debug)]
pub(super) enum Message {
    Change(Change),
    /// Timing of changes that were sent before.
    Seen(Seen),
    /// The sender is notified when everything sent before is applied.
    Flush(Sender<()>),
}

/// The sending end.
#[derive(Debug, Clone)]
pub(super) struct ChangeSender {
    messages: Sender<Message>,
    stop: Stop,
}

impl ChangeSender {
    pub(super) fn new(stop: Stop) -> (Self, Receiver<Message>) {
        let (messages, receiver) = bounded(CAPACITY);
        (Self { messages, stop }, receiver)
    }

    /// The output of a scanner.
    pub(super) fn out(&self) -> crate::scan::Out {
        let feed = self.clone();
        Box::new(move |change| feed.send(Message::Change(change)))
    }

    fn send(&self, message: Message) -> Result<()> {
        // Try without `stop` first: what was done must be recorded also while stopping, as long as there is room.
        let message = match self.messages.try_send(message) {
            Ok(()) => return Ok(()),
            Err(crossbeam_channel::TrySendError::Full(message)) => message,
            Err(crossbeam_channel::TrySendError::Disconnected(_)) => return Err(Error::Stopped),
        };
        select! {
            send(self.messages, message) -> sent => sent.map_err(|_| Error::Stopped),
            recv(self.stop.receiver()) -> _ => Err(Error::Stopped),
        }
    }

    /// Reports when the changes sent before were made. May be lost while stopping.
    pub(super) fn send_seen(&self, seen: Seen) {
        let _ = self.send(Message::Seen(seen)); // a failure was already reported with the changes
    }

    /// Interrupts waiting for room in the channel.
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Waits until everything sent so far can be queried.
    pub(super) fn flush(&self) -> Result<()> {
        self.flush_until(&crossbeam_channel::never()).map(|_| ())
    }

    /// Like `flush`, for at most `span`: false if the catalog could not be written meanwhile.
    pub(super) fn flush_within(&self, span: Duration) -> Result<bool> {
        self.flush_until(&crossbeam_channel::after(span))
    }

    fn flush_until(&self, late: &Receiver<Instant>) -> Result<bool> {
        let (done, is_done) = bounded(1);
        select! {
            send(self.messages, Message::Flush(done)) -> sent => sent.map_err(|_| Error::Stopped)?,
            recv(self.stop.receiver()) -> _ => return Err(Error::Stopped),
            recv(late) -> _ => return Ok(false),
        }
        select! {
            recv(is_done) -> done => done.map(|()| true).map_err(|_| Error::Stopped),
            recv(self.stop.receiver()) -> _ => Err(Error::Stopped),
            recv(late) -> _ => Ok(false),
        }
    }
}
