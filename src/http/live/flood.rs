//! When news come faster than anybody can look at them (a first walk over an archive, a large pass), they are not told
//! one by one: everybody is asked to look at everything anew, at most once a second.

use std::time::Duration;

use tokio::time::Instant;

/// The least time between two resets, and the time in which news are counted.
pub(super) const GAP: Duration = Duration::from_secs(1);
/// The most news of that time that are told one by one.
pub(super) const MOST: u32 = 1000;

/// What becomes of a piece of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is told.
    Tell,
    /// It is not: a reset comes that says more.
    Bury,
    /// A reset is told in its place.
    Reset,
}

/// Counts news. Used by the encoder alone.
#[derive(Debug)]
pub(super) struct Flood {
    /// When the counting began.
    since: Instant,
    count: u32,
    /// When the last reset was told.
    told: Option<Instant>,
    /// Whether news are buried until the next reset.
    is_on: bool,
}

impl Flood {
    pub fn new(now: Instant) -> Self {
        Self { since: now, count: 0, told: None, is_on: false }
    }

    /// News have come.
    pub fn news(&mut self, now: Instant) -> Verdict {
        if !self.is_on && now - self.since >= GAP {
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count > MOST && !self.is_on {
            self.begin(now);
        }
        if self.is_on { Verdict::Bury } else { Verdict::Tell }
    }

    /// News were lost before they could be told.
    pub fn lost(&mut self, now: Instant) -> Verdict {
        if self.is_on {
            self.count = u32::MAX;
            return Verdict::Bury;
        }
        if self.told.is_some_and(|told| now - told < GAP) {
            self.begin(now);
            return Verdict::Bury;
        }
        (self.told, self.since, self.count) = (Some(now), now, 0);
        Verdict::Reset
    }

    fn begin(&mut self, now: Instant) {
        (self.is_on, self.since, self.count) = (true, now, 0);
    }

    /// Asked from time to time: whether a reset is to be told now, for everything that was buried. While news go on as fast
    /// it is one after every `GAP`; the last one comes after the last of them.
    pub fn look(&mut self, now: Instant) -> bool {
        if !self.is_on || now - self.since < GAP {
            return false;
        }
        self.is_on = self.count > MOST;
        (self.told, self.since, self.count) = (Some(now), now, 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_buried_goes_without_a_reset_after_it_and_resets_are_a_second_apart(
            steps in proptest::collection::vec((0u64..400, 0u32..1500, any::<bool>()), 1..60),
        ) {
            let mut now = Instant::now();
            let mut flood = Flood::new(now);
            let (mut last, mut is_owed) = (None::<Instant>, false);
            let mut told = |now: Instant, is_owed: &mut bool| {
                let apart = last.replace(now).map(|last| now - last);
                *is_owed = false;
                apart.is_none_or(|apart| apart >= GAP)
            };
            let calm = std::iter::repeat_n((200, 0, false), 20);
            for (pause, news, is_lost) in steps.into_iter().chain(calm) {
                now += Duration::from_millis(pause);
                if flood.look(now) {
                    prop_assert!(told(now, &mut is_owed));
                }
                if is_lost {
                    match flood.lost(now) {
                        Verdict::Reset => prop_assert!(told(now, &mut is_owed)),
                        Verdict::Bury => is_owed = true,
                        Verdict::Tell => prop_assert!(false),
                    }
                }
                let mut one_by_one = 0;
                for _ in 0..news {
                    match flood.news(now) {
                        Verdict::Tell => {
                            prop_assert!(!is_owed, "what is told would be of a time after what is not told yet");
                            one_by_one += 1;
                        }
                        Verdict::Bury => is_owed = true,
                        Verdict::Reset => prop_assert!(false),
                    }
                }
                prop_assert!(one_by_one <= MOST);
            }
            prop_assert!(!is_owed);
            prop_assert_eq!(flood.news(now), Verdict::Tell, "it is over");
        }
    }
}
