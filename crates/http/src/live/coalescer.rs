//! Replaces bursts of notifications (a preload, a large pass) by a `reset`, at most once a second.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two resets, and the period in which notifications are counted.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// The most notifications of a period that are sent one by one.
pub(super) const MAX_PER_PERIOD: u32 = 1000;

/// What to do with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Send it.
    Send,
    /// Drop it: a reset follows.
    Drop,
    /// Send a reset in its place.
    Reset,
}

/// Counts notifications.
#[derive(Debug)]
pub(super) struct Coalescer {
    /// The beginning of the period.
    since: Instant,
    count: u32,
    /// The time of the last reset.
    last_reset: Option<Instant>,
    /// Whether notifications are dropped until the next reset.
    is_dropping: bool,
}

impl Coalescer {
    /// No notification has arrived yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, count: 0, last_reset: None, is_dropping: false }
    }

    /// A notification has arrived.
    pub(super) fn notification(&mut self, now: Instant) -> Decision {
        if !self.is_dropping && now - self.since >= PERIOD {
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count > MAX_PER_PERIOD && !self.is_dropping {
            self.begin(now);
        }
        if self.is_dropping { Decision::Drop } else { Decision::Send }
    }

    /// Notifications were lost.
    pub(super) fn lost(&mut self, now: Instant) -> Decision {
        if self.is_dropping {
            self.count = u32::MAX;
            return Decision::Drop;
        }
        if self.last_reset.is_some_and(|reset| now - reset < PERIOD) {
            self.begin(now);
            return Decision::Drop;
        }
        (self.last_reset, self.since, self.count) = (Some(now), now, 0);
        Decision::Reset
    }

    fn begin(&mut self, now: Instant) {
        (self.is_dropping, self.since, self.count) = (true, now, 0);
    }

    /// Whether to send a reset now for dropped notifications. Called regularly. During a burst this is true once in every `PERIOD`,
    /// and once more after its end.
    pub(super) fn is_reset_due(&mut self, now: Instant) -> bool {
        if !self.is_dropping || now - self.since < PERIOD {
            return false;
        }
        self.is_dropping = self.count > MAX_PER_PERIOD;
        (self.last_reset, self.since, self.count) = (Some(now), now, 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_reset_follows_every_dropped_notification(
            steps in proptest::collection::vec((0u64..400, 0u32..1500, any::<bool>()), 1..60),
        ) {
            let mut now = Instant::now();
            let mut coalescer = Coalescer::new(now);
            let (mut last, mut is_owed) = (None::<Instant>, false);
            let mut reset = |now: Instant, is_owed: &mut bool| {
                let apart = last.replace(now).map(|last| now - last);
                *is_owed = false;
                apart.is_none_or(|apart| apart >= PERIOD)
            };
            let quiet = std::iter::repeat_n((200, 0, false), 20);
            for (pause, count, is_lost) in steps.into_iter().chain(quiet) {
                now += Duration::from_millis(pause);
                if coalescer.is_reset_due(now) {
                    prop_assert!(reset(now, &mut is_owed));
                }
                if is_lost {
                    match coalescer.lost(now) {
                        Decision::Reset => prop_assert!(reset(now, &mut is_owed)),
                        Decision::Drop => is_owed = true,
                        Decision::Send => prop_assert!(false),
                    }
                }
                let mut one_by_one = 0;
                for _ in 0..count {
                    match coalescer.notification(now) {
                        Decision::Send => {
                            prop_assert!(!is_owed, "a message overtakes a reset");
                            one_by_one += 1;
                        }
                        Decision::Drop => is_owed = true,
                        Decision::Reset => prop_assert!(false),
                    }
                }
                prop_assert!(one_by_one <= MAX_PER_PERIOD);
            }
            prop_assert!(!is_owed);
            prop_assert_eq!(coalescer.notification(now), Decision::Send, "the burst has ended");
        }
    }
}
