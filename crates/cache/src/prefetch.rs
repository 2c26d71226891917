//! Prefetching the keys of the queue, one after the other.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::fetch::SourceError;
use crate::media::Media;
use crate::shared::lock;

/// How the prefetcher waits after failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure of a key. It doubles with each further one.
    pub first: Duration,
    /// At most.
    pub max: Duration,
}

impl Default for Backoff {
    /// 1 second, up to 10 minutes.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), max: Duration::from_mins(10) }
    }
}

impl Backoff {
    fn after(self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor.max(1)).min(self.max)
    }
}

/// Fetches the keys of the queue until it is dropped.
#[derive(Debug)]
pub struct Prefetcher(JoinHandle<()>);

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What becomes of a key of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefetched {
    /// It leaves the queue: it is cached, or never will be.
    Leaves,
    /// It stays, and is tried again after a while.
    Stays,
}

/// When a key is tried again.
#[derive(Debug, Clone, Copy)]
struct Retry {
    failures: u32,
    at: Instant,
}

impl Cache {
    /// Fetches the keys of the queue with `fetch`, one after the other, in the order of insertion. A key that is cached leaves the
    /// queue. A key whose fetch fails, or gives nothing that can be stored, stays queued and is tried again after a while, others
    /// meanwhile. Needs a tokio runtime. Keep the result: dropping it ends the prefetcher.
    pub fn prefetcher<F, R, E>(&self, backoff: Backoff, fetch: F) -> Prefetcher
    where
        F: Fn(String) -> R + Send + 'static,
        R: Future<Output = Result<Media, E>> + Send + 'static,
        E: Into<SourceError> + Send + 'static,
    {
        self.prefetcher_by(backoff, move |cache, key| {
            let fetched = fetch(key.clone());
            async move {
                match cache.get_or_fetch(&key, fetched).await {
                    Ok(_) if cache.is_stored(&key).await => Prefetched::Leaves,
                    Ok(_) => Prefetched::Stays,
                    Err(error) => {
                        tracing::debug!("cannot prefetch {key:?}: {error}");
                        Prefetched::Stays
                    }
                }
            }
        })
    }

    /// The same with a function that puts a key's media into the cache by itself, such as a large object part by part.
    pub fn prefetcher_by<F, R>(&self, backoff: Backoff, put: F) -> Prefetcher
    where
        F: Fn(Cache, String) -> R + Send + 'static,
        R: Future<Output = Prefetched> + Send + 'static,
    {
        // A prefetcher that is forgotten must not keep the cache open.
        let (shared, queued) = (Arc::downgrade(self.shared()), Arc::clone(&self.shared().queued));
        Prefetcher(tokio::spawn(async move {
            let mut retries: HashMap<String, Retry> = HashMap::new();
            while let Some(shared) = shared.upgrade() {
                let cache = Cache::from_shared(shared);
                let (key, next) = due(&cache, &mut retries);
                let Some(key) = key else {
                    drop(cache);
                    tokio::select! {
                        () = queued.notified() => {}
                        () = sleep_until(next) => {}
                    }
                    continue;
                };
                match put(Cache::from_shared(Arc::clone(cache.shared())), key.clone()).await {
                    Prefetched::Leaves => {
                        retries.remove(&key);
                        cache.shared().unqueue(&key);
                    }
                    Prefetched::Stays => {
                        let failures = retries.get(&key).map_or(1, |retry| retry.failures.saturating_add(1));
                        retries.insert(key, Retry { failures, at: Instant::now() + backoff.after(failures) });
                    }
                }
            }
        }))
    }
}

/// The first key whose time has come, else when the next one's comes.
fn due(cache: &Cache, retries: &mut HashMap<String, Retry>) -> (Option<String>, Option<Instant>) {
    let queue = lock(&cache.shared().queue);
    retries.retain(|key, _| queue.contains(key));
    let now = Instant::now();
    let mut next = None;
    for queued in queue.iter() {
        match retries.get(&queued.key) {
            Some(retry) if retry.at > now => next = Some(next.map_or(retry.at, |at: Instant| at.min(retry.at))),
            _ => return (Some(queued.key.clone()), None),
        }
    }
    (None, next)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time doubles up to the longest one, however many failures there are.
    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let seconds = [1, 2, 3, 10, 11, 32, 33, u32::MAX].map(|failures| backoff.after(failures).as_secs());
        assert_eq!(seconds, [1, 2, 4, 512, 600, 600, 600, 600]);
    }
}
