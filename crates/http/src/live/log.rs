//! The numbered messages of the last minutes, for clients that reconnect. Bounded in count and bytes.

use std::collections::VecDeque;

use axum::body::Bytes;
use tokio::time::Instant;

use super::message::{Message, Scope, reset};

/// The approximate most bytes that a client takes at once; a message is never split.
const MAX_CHUNK: usize = 64 << 10;

/// The size of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub messages: usize,
    pub bytes: usize,
}

/// The log of one run of the encoder.
#[derive(Debug)]
pub(super) struct Log {
    /// The prefix of its ids, which no other log has.
    epoch: String,
    bounds: Bounds,
    messages: VecDeque<Message>,
    bytes: usize,
    /// The number of the next message; the first is 1.
    next: u64,
    /// The number of the last `reset` for all clients; it replaces the messages before it.
    last_reset: Option<u64>,
    /// The first and the next number of the last chunk for all cameras, and the chunk: most clients take the same.
    last_chunk: Option<(u64, u64, Bytes)>,
}

/// The messages that wait for a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Messages to send (empty if none is for this client), and the number to continue with.
    Some(Bytes, u64),
    /// No message waits.
    Nothing,
    /// The next message has been dropped from the log.
    Lost,
}

impl Log {
    pub(super) fn new(epoch: String, bounds: Bounds) -> Self {
        Self { epoch, bounds, messages: VecDeque::new(), bytes: 0, next: 1, last_reset: None, last_chunk: None }
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// The id of the next message.
    pub(super) fn next_id(&self) -> String {
        self.id(self.next)
    }

    /// The number of the oldest message that is kept, or of the next one.
    fn first(&self) -> u64 {
        self.next - self.messages.len() as u64
    }

    /// The number from which a client at `number` continues; `None` if that message has been dropped.
    fn continue_at(&self, number: u64) -> Option<u64> {
        let number = number.max(self.last_reset.unwrap_or(0));
        (number >= self.first() && number <= self.next).then_some(number)
    }

    /// Adds a message that was made with `next_id`; drops the oldest ones.
    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.len();
        self.messages.push_back(message);
        self.next += 1;
        while self.messages.len() > self.bounds.messages || self.bytes > self.bounds.bytes {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    /// Replaces all messages by a `reset`.
    pub(super) fn reset(&mut self, reset: Message) {
        self.messages.clear();
        self.bytes = 0;
        self.last_reset = Some(self.next);
        self.push(reset);
    }

    /// The first bytes for a client, and the number to continue with. `last` is the id of the last message that the client has.
    pub(super) fn greet(&self, last: Option<&str>) -> (Bytes, u64) {
        let present = self.id(self.next - 1);
        let Some(last) = last else {
            // Without data this is no message, but the client stores the id.
            return (Bytes::from(format!("retry: 2000\nid: {present}\n\n")), self.next);
        };
        let number =
            last.strip_prefix(self.epoch.as_str()).and_then(|rest| rest.strip_prefix('-')?.parse::<u64>().ok());
        match number.and_then(|number| self.continue_at(number.checked_add(1)?)) {
            Some(next) => (Bytes::from_static(b"retry: 2000\n\n"), next),
            None => ([&b"retry: 2000\n"[..], &reset(&present)].concat().into(), self.next),
        }
    }

    /// The messages of a scope from `number` on, up to `MAX_CHUNK`.
    pub(super) fn take(&mut self, number: u64, scope: &Scope) -> Taken {
        let Some(number) = self.continue_at(number) else { return Taken::Lost };
        if number == self.next {
            return Taken::Nothing;
        }
        if let Some((from, to, bytes)) = &self.last_chunk
            && scope.is_all()
            && *from == number
            && (*to == self.next || bytes.len() >= MAX_CHUNK)
        {
            return Taken::Some(bytes.clone(), *to);
        }
        let (mut texts, mut size, mut next) = (Vec::new(), 0, number);
        let skip = usize::try_from(number - self.first()).unwrap_or(usize::MAX);
        for message in self.messages.iter().skip(skip) {
            if size >= MAX_CHUNK {
                break;
            }
            if let Some(text) = message.within(scope, || self.id(next)) {
                size += text.len();
                texts.push(text);
            }
            next += 1;
        }
        let bytes = if texts.len() == 1 { texts.remove(0) } else { Bytes::from(texts.concat()) };
        if scope.is_all() {
            self.last_chunk = Some((number, next, bytes.clone()));
        }
        Taken::Some(bytes, next)
    }

    /// Since when a client that goes on at `number` could take something; `None` if it has everything. One that has lost
    /// something could since ever.
    pub(super) fn waits_since(&self, number: u64, ever: Instant) -> Option<Instant> {
        let Some(number) = self.continue_at(number) else { return Some(ever) };
        let at = usize::try_from(number - self.first()).ok()?;
        self.messages.get(at).map(|message| message.at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::Viewer;
    use crate::clock::{Clock, SystemClock};
    use crate::engine::Notification;

    fn message(log: &Log, camera: Option<u8>) -> Message {
        let id = |n| format!("Camera{n}/2026-11-20/10-00-00").parse().unwrap();
        let notice = camera.map_or(Notification::Reset, |camera| Notification::Removed(id(camera)));
        Message::of(notice, "", &log.next_id(), Instant::now(), SystemClock.now())
    }

    /// A client as browsers are: it remembers the last id, and comes back with it.
    struct Client {
        scope: Scope,
        next: u64,
        last: Option<u64>,
        /// The numbers of the received events.
        received: Vec<u64>,
        /// The last number that an event or a reset covers.
        covered_until: u64,
    }

    impl Client {
        fn new(camera: Option<&str>) -> Self {
            let requested = camera.map(|camera| [camera.parse().unwrap()].into());
            Self {
                scope: Scope::new(Viewer::unrestricted(), requested),
                next: 0,
                last: None,
                received: Vec::new(),
                covered_until: 0,
            }
        }

        fn come(&mut self, log: &Log) {
            let last = self.last.map(|last| format!("epoch-{last}"));
            let (greeting, next) = log.greet(last.as_deref());
            self.next = next;
            self.read(&greeting);
        }

        fn take(&mut self, log: &mut Log) {
            match log.take(self.next, &self.scope) {
                Taken::Some(bytes, next) => {
                    self.next = next;
                    self.read(&bytes);
                }
                Taken::Nothing => assert_eq!(self.next, log.next),
                Taken::Lost => self.come(log),
            }
        }

        fn read(&mut self, bytes: &[u8]) {
            for block in std::str::from_utf8(bytes).unwrap().split_terminator("\n\n") {
                let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: epoch-")) else { continue };
                let id = id.parse().unwrap();
                assert!(self.last.is_none_or(|last| last < id || (last == id && block.contains("reset"))), "{block}");
                self.last = Some(id);
                if block.contains("event: event-removed") {
                    self.received.push(id);
                } else {
                    self.covered_until = id;
                }
            }
        }
    }

    proptest! {
        #[test]
        fn clients_get_each_message_once_or_a_reset(
            steps in proptest::collection::vec((0u8..12, 1u8..3), 1..200),
            (messages, bytes) in (1usize..20, prop_oneof![Just(300usize), Just(1 << 20)]),
        ) {
            let mut log = Log::new("epoch".to_owned(), Bounds { messages, bytes });
            let mut clients = [None, Some("Camera1"), Some("Camera2"), Some("Camera1")].map(Client::new);
            let mut pushed = Vec::new();
            for client in &mut clients {
                client.come(&log);
            }
            for (what, which) in steps {
                match what {
                    0..7 => {
                        pushed.push((log.next, which));
                        let message = message(&log, Some(which));
                        log.push(message);
                    }
                    7 => {
                        let reset = message(&log, None);
                        log.reset(reset);
                    }
                    8 => clients[usize::from(which)].come(&log),
                    _ => clients[usize::from(which % 2) * 3].take(&mut log),
                }
                prop_assert!(log.messages.len() <= messages);
                prop_assert_eq!(log.bytes, log.messages.iter().map(Message::len).sum::<usize>());
                prop_assert!(log.bytes <= bytes);
            }
            for (client, camera) in clients.iter_mut().zip([None, Some(1), Some(2), Some(1)]) {
                for _ in 0..2 {
                    client.take(&mut log); // the second time after it has come back, if it was late
                }
                prop_assert!(client.received.is_sorted_by(|a, b| a < b), "{:?}", client.received);
                for (number, _) in pushed.iter().filter(|(_, of)| camera.is_none_or(|camera| camera == *of)) {
                    prop_assert!(client.received.contains(number) || client.covered_until >= *number, "{} is missing", number);
                }
                let others = |number: &u64| pushed.iter().any(|(n, of)| n == number && Some(*of) != camera);
                prop_assert!(camera.is_none() || !client.received.iter().any(others));
            }
        }
    }

    #[test]
    fn much_that_waits_is_taken_piece_by_piece() {
        let mut log = Log::new("epoch".to_owned(), Bounds { messages: 4096, bytes: 4 << 20 });
        for _ in 0..2000 {
            let message = message(&log, Some(1));
            log.push(message);
        }
        let (mut client, mut pieces) = (Client::new(None), 0);
        client.next = 1;
        while client.next <= 2000 {
            let Taken::Some(bytes, _) = log.take(client.next, &client.scope) else { panic!("something waits") };
            assert!(bytes.len() < MAX_CHUNK + 1000);
            client.take(&mut log);
            pieces += 1;
        }
        assert_eq!(client.received, (1..=2000).collect::<Vec<_>>());
        assert!(pieces > 2);
    }
}
