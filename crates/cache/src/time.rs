//! The clock of the cache, as microseconds and seconds since 1970.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;

/// The time now.
#[allow(clippy::disallowed_methods)] // the one place
pub(crate) fn system_now() -> SystemTime {
    SystemTime::now()
}

/// The time of the last clock tick, in microseconds since 1970: some milliseconds old, and read in a few nanoseconds.
fn coarse_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    let [seconds, nanos] = [now.tv_sec, now.tv_nsec].map(|part| u64::try_from(part).unwrap_or(0));
    seconds.saturating_mul(MICROS).saturating_add(nanos / 1_000)
}

/// The time now, in seconds since 1970.
pub(crate) fn now() -> u64 {
    seconds(system_now())
}

/// The seconds since 1970 of a file's time; 0 before 1970.
pub(crate) fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time of a use: microseconds since 1970, and never the same twice, so that it orders uses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use(pub u64);

impl Use {
    /// The use that a sidecar's `ts` stands for, which counts seconds.
    pub(crate) fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(self) -> u64 {
        self.0 / MICROS
    }
}

/// Issues the times of uses. A clock that is set back issues times after those that are known already.
#[derive(Debug, Default)]
pub(crate) struct Uses(AtomicU64);

impl Uses {
    /// A use now.
    pub(crate) fn now(&self) -> Use {
        let now = coarse_us();
        let last = self.0.load(Ordering::Relaxed);
        if last < now && self.0.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return Use(now);
        }
        Use(self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1))
    }

    /// All uses from now on come after `seen`, which is on disk.
    pub(crate) fn after(&self, seen: Use) {
        self.0.fetch_max(seen.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two uses in one microsecond keep their order, also beside a clock that was set back.
    #[test]
    fn uses_are_ordered() {
        let uses = Uses::default();
        let mut last = uses.now();
        for _ in 0..10_000 {
            let next = uses.now();
            assert!(next > last, "{next:?} {last:?}");
            last = next;
        }
        let ahead = Use(last.0 + 3_600_000_000);
        uses.after(ahead);
        assert!(uses.now() > ahead);
        assert_eq!(Use::from_seconds(7).seconds(), 7);
    }
}
