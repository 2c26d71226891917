//! What the threads that ask stores have in common: how long they wait after a failure, and how they notice that the service stops.

use std::time::Duration;

use crate::clock::Stop;

/// How often it is looked whether to stop.
pub(super) const STOP_PERIOD: Duration = Duration::from_millis(100);

/// Ends when the service begins to stop.
pub(super) async fn stopped(stop: &Stop) {
    while !stop.is_set() {
        tokio::time::sleep(STOP_PERIOD).await;
    }
}

/// The first delay.
const FIRST: Duration = Duration::from_secs(1);
/// The longest delay.
const LONGEST: Duration = Duration::from_mins(5);

/// The delays after failures in a row: twice as long after each, with jitter, so that many hosts do not come back at once.
#[derive(Debug, Default)]
pub(super) struct Delay {
    failures: u32,
}

impl Delay {
    /// The next delay: between half and the whole of what has doubled with each failure.
    pub(super) fn next(&mut self) -> Duration {
        let longest = FIRST.saturating_mul(2u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_end_growing() {
        let mut delay = Delay::default();
        for failures in 0..40u32 {
            let most = FIRST.saturating_mul(2u32.saturating_pow(failures)).min(LONGEST);
            let next = delay.next();
            assert!(next <= most && next >= most / 2, "{failures}: {next:?}");
        }
    }
}
