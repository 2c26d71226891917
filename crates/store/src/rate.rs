//! The rate of uploads: a request is sent when the bytes of it, and of all before it, fit the rate. So at no moment more was begun than
//! the rate allows since its first request; within one request the line is as fast as it can be.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a request may be put off at most: a time that is never waited for, and that every clock can add.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A rate that the requests of several tasks share.
#[derive(Debug)]
pub(crate) struct Rate {
    bytes_per_second: NonZeroU64,
    /// Until when the bytes of earlier requests take the line; `None` before the first one.
    taken: Mutex<Option<Instant>>,
}

impl Rate {
    pub(crate) fn new(bytes_per_second: NonZeroU64) -> Self {
        Self { bytes_per_second, taken: Mutex::new(None) }
    }

    /// Returns when a request with so many bytes may be sent. The time that no request has used is not saved up.
    pub(crate) async fn wait(&self, bytes: u64) {
        let until = self.take(bytes);
        tokio::time::sleep_until(until).await;
    }

    fn take(&self, bytes: u64) -> Instant {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second.get());
        let span = u64::try_from(nanos).map_or(LONGEST, Duration::from_nanos).min(LONGEST);
        let now = Instant::now();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let until = taken.map_or(now, |taken| taken.max(now));
        let until = until.checked_add(span).unwrap_or(until);
        *taken = Some(until);
        until
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn rate(bytes_per_second: u64) -> Arc<Rate> {
        Arc::new(Rate::new(NonZeroU64::new(bytes_per_second).unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn requests_of_many_tasks_share_the_rate() {
        let (rate, begin) = (rate(1_000), Instant::now());
        let tasks: Vec<_> = (1..=20u64)
            .map(|nth| {
                let rate = Arc::clone(&rate);
                tokio::spawn(async move { rate.wait(nth * 100).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let took = begin.elapsed();
        assert!(took >= Duration::from_secs(21) && took < Duration::from_millis(21_020), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn unused_time_is_not_saved_up() {
        let rate = rate(1_000);
        rate.wait(1_000).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let begin = Instant::now();
        rate.wait(1_000).await;
        assert!(begin.elapsed() >= Duration::from_secs(1));
        rate.wait(0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_rate_does_not_overflow() {
        let rate = rate(1);
        for _ in 0..3 {
            rate.take(u64::MAX);
        }
    }
}
