//! How long to wait after a failure: twice as long after each, with jitter, so that many hosts do not come back at once.

use std::time::Duration;

/// The first delay.
const FIRST: Duration = Duration::from_secs(1);
/// The longest delay.
const LONGEST: Duration = Duration::from_mins(5);

/// The delays after failures in a row.
#[derive(Debug, Default)]
pub(in crate::service) struct Delay {
    failures: u32,
}

impl Delay {
    /// The next delay: between half and the whole of what has doubled with each failure.
    pub(in crate::service) fn next(&mut self) -> Duration {
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
