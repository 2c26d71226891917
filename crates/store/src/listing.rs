//! A cache of the listings of folders, apart for each user. Concurrent callers of one listing share one fetch, and no lock is held
//! during it.
//!
//! Each pair of user and store has a generation, which is a part of the keys. [`ListingCache::invalidate`] begins the next one. A
//! fetch that is under way then ends in a generation that is not asked for any more; its callers still get their result.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;

use crate::browse::{Folder, Listing};
use crate::error::Error;
use crate::name::StoreName;

/// The most listings that are kept.
const MAX_ENTRIES: u64 = 1_000;

/// How long a listing is kept.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);

/// The longest time to live. `moka` panics above 1,000 years.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Listings by user, store and folder: at most 1,000, for 60 s each, those out first that were used longest ago. Cheap to clone;
/// the clones share their entries.
///
/// A user is `None` for the administrator of the command line.
#[derive(Debug, Clone)]
pub struct ListingCache {
    cache: Cache<Key, Arc<Listing>>,
    generations: Arc<Mutex<Generations>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    pair: Pair,
    folder: Folder,
    generation: Generation,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pair {
    user: Option<Box<str>>,
    store: StoreName,
}

/// How often the store, and the pair, have been invalidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Generation {
    of_store: u64,
    of_pair: u64,
}

/// A store or a pair that is missing here was never invalidated.
#[derive(Debug, Default)]
struct Generations {
    stores: HashMap<StoreName, u64>,
    pairs: HashMap<Pair, u64>,
}

impl Default for ListingCache {
    fn default() -> Self {
        Self::new(TIME_TO_LIVE)
    }
}

impl ListingCache {
    /// An empty cache whose listings live for so long, a year at most.
    pub fn new(time_to_live: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(MAX_ENTRIES)
            .time_to_live(time_to_live.min(LONGEST))
            // The default policy keeps a new entry out while older ones are used more.
            .eviction_policy(EvictionPolicy::lru())
            .support_invalidation_closures()
            .build();
        Self { cache, generations: Arc::default() }
    }

    /// The listing of a folder: the cached one, that of a fetch which is under way, or that of `fetch`. If the caller whose fetch is
    /// under way goes away, another caller's takes its place.
    ///
    /// # Errors
    /// What the fetch returned, for all who waited for it. It is not kept.
    pub async fn get<F>(
        &self,
        user: Option<&str>,
        store: &StoreName,
        folder: &Folder,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Listing>, Arc<Error>>
    where
        F: Future<Output = Result<Listing, Error>>,
    {
        let pair = Pair::new(user, store);
        let generation = self.generations().of(&pair);
        let key = Key { pair, folder: folder.clone(), generation };
        let listing = self.cache.try_get_with_by_ref(&key, async { fetch().await.map(Arc::new) }).await?;
        if self.generations().of(&key.pair) != generation {
            // It cannot be found any more, so it only takes room.
            self.cache.invalidate(&key).await;
        }
        Ok(listing)
    }

    /// Drops all listings of a user and store at once. A fetch that is under way stores nothing.
    pub fn invalidate(&self, user: Option<&str>, store: &StoreName) {
        let pair = Pair::new(user, store);
        *self.generations().pairs.entry(pair.clone()).or_default() += 1;
        self.free(move |key| key.pair == pair);
    }

    /// Drops all listings of a store at once, for all users. A fetch that is under way stores nothing.
    pub fn invalidate_store(&self, store: &StoreName) {
        *self.generations().stores.entry(store.clone()).or_default() += 1;
        let store = store.clone();
        self.free(move |key| key.pair.store == store);
    }

    /// Frees the room of entries that their generation has already hidden.
    fn free(&self, is_old: impl Fn(&Key) -> bool + Send + Sync + 'static) {
        if let Err(error) = self.cache.invalidate_entries_if(move |key, _| is_old(key)) {
            tracing::debug!("listings stay in memory until they expire: {error}");
        }
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pair {
    fn new(user: Option<&str>, store: &StoreName) -> Self {
        Self { user: user.map(Into::into), store: store.clone() }
    }
}

impl Generations {
    fn of(&self, pair: &Pair) -> Generation {
        let of_store = self.stores.get(&pair.store).copied().unwrap_or_default();
        Generation { of_store, of_pair: self.pairs.get(pair).copied().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::{oneshot, watch};

    use super::*;

    const HOURS: Duration = Duration::from_secs(10 * 3600);

    struct World {
        cache: ListingCache,
        fetches: AtomicUsize,
    }

    impl World {
        fn new(time_to_live: Duration) -> Self {
            Self { cache: ListingCache::new(time_to_live), fetches: AtomicUsize::new(0) }
        }

        /// The number of the fetch that the listing comes from, beginning with 1.
        async fn get(&self, user: Option<&str>, store: &str, folder: &str) -> usize {
            let fetch = || async { Ok(self.fetched()) };
            let (store, folder) = (store.parse().unwrap(), folder.parse().unwrap());
            self.cache.get(user, &store, &folder, fetch).await.unwrap().folders[0].parse().unwrap()
        }

        fn fetched(&self) -> Listing {
            let number = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
            Listing::new(vec![number.to_string()], Vec::new())
        }
    }

    fn name(text: &str) -> StoreName {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_listing_lives_for_its_time() {
        let world = World::new(HOURS);
        assert_eq!((world.get(Some("a"), "s", "f").await, world.get(Some("a"), "s", "f").await), (1, 1));
        let world = World::new(Duration::ZERO);
        assert_eq!((world.get(Some("a"), "s", "f").await, world.get(Some("a"), "s", "f").await), (1, 2));
        ListingCache::new(Duration::MAX);
        assert_eq!(ListingCache::default().cache.policy().time_to_live(), Some(Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn the_newest_thousand_are_kept() {
        let world = World::new(HOURS);
        for at in 0..1_500 {
            world.get(Some("a"), "s", &format!("f{at}")).await;
        }
        world.cache.cache.run_pending_tasks().await;
        assert_eq!(world.cache.cache.entry_count(), 1_000);
        assert_eq!(world.get(Some("a"), "s", "f1499").await, 1_500);
        assert_eq!(world.get(Some("a"), "s", "f0").await, 1_501);
    }

    #[tokio::test]
    async fn users_stores_and_folders_are_apart() {
        let world = World::new(HOURS);
        let keys = [
            (Some("a"), "s", "f"),
            (Some("b"), "s", "f"),
            (None, "s", "f"),
            (Some(""), "s", "f"),
            (Some("a"), "s2", "f"),
            (Some("a"), "s", "f/g"),
            (Some("a"), "s", ""),
            (Some("a:s"), "s", "f"),
        ];
        for _ in 0..2 {
            for (number, (user, store, folder)) in keys.into_iter().enumerate() {
                assert_eq!(world.get(user, store, folder).await, number + 1);
            }
        }
    }

    #[tokio::test]
    async fn invalidation_drops_one_pair_or_one_store() {
        let world = World::new(HOURS);
        let others = [(Some("a"), "s2", "f"), (Some("ab"), "s", "f"), (None, "s", "f")];
        assert_eq!((world.get(Some("a"), "s", "f").await, world.get(Some("a"), "s", "g").await), (1, 2));
        for (number, (user, store, folder)) in others.into_iter().enumerate() {
            assert_eq!(world.get(user, store, folder).await, number + 3);
        }
        world.cache.invalidate(Some("a"), &name("s"));
        assert_eq!((world.get(Some("a"), "s", "f").await, world.get(Some("a"), "s", "g").await), (6, 7));
        for (number, (user, store, folder)) in others.into_iter().enumerate() {
            assert_eq!(world.get(user, store, folder).await, number + 3, "{user:?} {store}");
        }
        world.cache.cache.run_pending_tasks().await;
        assert_eq!(world.cache.cache.entry_count(), 5, "the old ones take no room");
        world.cache.invalidate_store(&name("s"));
        assert_eq!((world.get(None, "s", "f").await, world.get(Some("ab"), "s", "f").await), (8, 9));
        assert_eq!(world.get(Some("a"), "s2", "f").await, 3);
    }

    /// A fetch that has begun and ends when the sender says so.
    async fn under_way(world: &Arc<World>) -> (oneshot::Sender<()>, tokio::task::JoinHandle<String>) {
        let ((begun, has_begun), (end, ends)) = (oneshot::channel(), oneshot::channel());
        let of_task = Arc::clone(world);
        let task = tokio::spawn(async move {
            let fetch = || async {
                let listing = of_task.fetched();
                begun.send(()).unwrap();
                ends.await.unwrap();
                Ok(listing)
            };
            let (store, folder) = (name("s"), "f".parse().unwrap());
            of_task.cache.get(Some("a"), &store, &folder, fetch).await.unwrap().folders[0].clone()
        });
        has_begun.await.unwrap();
        (end, task)
    }

    #[tokio::test]
    async fn a_fetch_under_way_stores_nothing_stale() {
        for is_whole_store in [false, true] {
            let world = Arc::new(World::new(HOURS));
            let (end, task) = under_way(&world).await;
            if is_whole_store {
                world.cache.invalidate_store(&name("s"));
            } else {
                world.cache.invalidate(Some("a"), &name("s"));
            }
            assert_eq!(world.get(Some("a"), "s", "f").await, 2, "the new generation does not wait for the old");
            end.send(()).unwrap();
            assert_eq!(task.await.unwrap(), "1", "its caller still gets the result");
            assert_eq!(world.get(Some("a"), "s", "f").await, 2);
            world.cache.cache.run_pending_tasks().await;
            assert_eq!(world.cache.cache.entry_count(), 1);
        }
    }

    #[tokio::test]
    async fn a_fetch_outlives_the_caller_that_began_it() {
        let world = Arc::new(World::new(HOURS));
        let (_end, task) = under_way(&world).await;
        task.abort();
        assert_eq!(world.get(Some("a"), "s", "f").await, 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn concurrent_callers_share_one_fetch() {
        const CALLERS: usize = 64;
        let world = Arc::new(World::new(HOURS));
        let asking = watch::Sender::new(0);
        let callers = (0..CALLERS).map(|_| {
            let (world, asking) = (Arc::clone(&world), asking.clone());
            tokio::spawn(async move {
                asking.send_modify(|callers| *callers += 1);
                let fetch = || async {
                    // The fetch takes until all have asked.
                    asking.subscribe().wait_for(|callers| *callers == CALLERS).await.unwrap();
                    Ok(world.fetched())
                };
                let (store, folder) = (name("s"), "f".parse().unwrap());
                world.cache.get(Some("a"), &store, &folder, fetch).await.unwrap()
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            assert_eq!(caller.await.unwrap().folders, ["1"]);
        }
        assert_eq!(world.fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failed_fetch_is_not_kept() {
        let world = World::new(HOURS);
        let (store, folder) = (name("s"), "f".parse().unwrap());
        let failed = world.cache.get(Some("a"), &store, &folder, || async { Err(Error::Unknown("s".into())) }).await;
        assert!(matches!(&*failed.unwrap_err(), Error::Unknown(_)));
        assert_eq!(world.get(Some("a"), "s", "f").await, 1);
    }
}
