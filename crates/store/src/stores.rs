//! The stores of the configuration: who may use which, the open ones, and since when one has been out of reach.

mod reading;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use owlery_model::clock::{Clock, SystemClock};

use crate::backend;
use crate::browse::{Folder, Listing};
use crate::client::Client;
use crate::credentials::Credentials;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::listing::ListingCache;
use crate::name::StoreName;
use crate::options::StoreOptions;
use crate::sources::{Sources, Stamp};
use crate::url::Place;
use crate::vault::{CopyLock, Vault};
use reading::Reads;

/// The stores of the configuration. To a user, a store that he may not use does not exist. A user is `None` for the administrator of
/// the command line, who may use each.
#[derive(Debug)]
pub struct Stores {
    configured: RwLock<Configured>,
    sources: Sources,
    listings: ListingCache,
    clock: Arc<dyn Clock>,
}

type Configured = BTreeMap<StoreName, Arc<Store>>;

/// Since when a store has been out of reach, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// When the first of the requests failed that have failed since without a break.
    pub since: DateTime<Utc>,
    /// What the last of them said.
    pub why: String,
}

#[derive(Debug)]
struct Store {
    options: StoreOptions,
    /// Made by the first request.
    open: Mutex<Option<Open>>,
    outage: Mutex<Option<Outage>>,
    /// Held by the one thread that looks at the files of the credentials for [`Stores::browse`]. Where their disk hangs, all others
    /// wait here, and take no threads.
    turn: Arc<tokio::sync::Mutex<()>>,
    reads: Reads,
}

#[derive(Debug)]
struct Open {
    client: Client,
    /// The state of the files when the credentials were read; `None` for a store that needs none.
    stamp: Option<Stamp>,
}

impl Stores {
    /// The stores of a configuration. Opens none, and reads no credentials.
    ///
    /// # Errors
    /// [`Error::Config`] if two have the same name.
    pub fn new(options: Vec<StoreOptions>, state_dir: &Path, environment: Environment) -> Result<Self> {
        Ok(Self {
            configured: RwLock::new(configured(options, &BTreeMap::new())?),
            sources: Sources::new(Vault::new(state_dir), environment),
            listings: ListingCache::default(),
            clock: Arc::new(SystemClock),
        })
    }

    /// The same stores with another clock, which [`Outage::since`] is read from.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Replaces the configuration. Stores that are the same stay open; the listings of all others are dropped.
    ///
    /// # Errors
    /// [`Error::Config`] if two have the same name. The old configuration stays.
    pub fn configure(&self, options: Vec<StoreOptions>) -> Result<()> {
        let mut now = self.configured.write().unwrap_or_else(PoisonError::into_inner);
        let new = configured(options, &now)?;
        let old = std::mem::replace(&mut *now, new);
        let is_same =
            |(name, store): &(&StoreName, &Arc<Store>)| now.get(*name).is_some_and(|new| Arc::ptr_eq(new, store));
        for (name, _) in old.iter().filter(|entry| !is_same(entry)) {
            self.listings.invalidate_store(name);
        }
        Ok(())
    }

    /// The stores that a user may use, by name. Inactive ones are among them.
    pub fn names(&self, user: Option<&str>) -> Vec<StoreName> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner);
        configured
            .values()
            .filter(|store| store.options.permits(user))
            .map(|store| store.options.name.clone())
            .collect()
    }

    /// Those of them that are active.
    pub fn active(&self, user: Option<&str>) -> Vec<StoreName> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner);
        let usable = configured.values().filter(|store| store.options.permits(user) && store.options.active);
        usable.map(|store| store.options.name.clone()).collect()
    }

    /// What the configuration says about a store.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none of this name, or the user may not use it.
    pub fn options(&self, user: Option<&str>, name: &str) -> Result<StoreOptions> {
        self.find(user, name).map(|store| store.options.clone())
    }

    /// An open store. The first call opens it, and so does the first one after its credentials have changed. Sends nothing; it
    /// reads a few small files of this host.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none of this name, or the user may not use it; [`Error::Inactive`]; [`Error::Credentials`] if
    /// it has none that can be used.
    pub fn get(&self, user: Option<&str>, name: &str) -> Result<Client> {
        let store = self.find(user, name)?;
        let options = &store.options;
        if !options.active {
            return Err(Error::Inactive(options.name.clone()));
        }
        let mut open = locked(&store.open);
        let stamp = match options.url.place() {
            Place::File(_) => None,
            Place::S3(_) => Some(self.sources.stamp(&options.name)),
        };
        if let Some(Open { client, .. }) = open.as_ref().filter(|open| open.stamp == stamp) {
            return Ok(client.clone());
        }
        // Other credentials may see other objects.
        if open.take().is_some() {
            self.listings.invalidate_store(&options.name);
            store.reads.forget();
        }
        let opened = backend::open(&options.name, &options.url, || self.sources.find(&options.name));
        match &opened {
            Ok(client) => *open = Some(Open { client: client.clone(), stamp }),
            Err(_) => self.note_of(&store, &opened),
        }
        opened
    }

    /// What lies in a folder of a store, from the cache or from the store, and notes whether the store could be used.
    ///
    /// # Errors
    /// Those of [`Stores::get`] and [`Client::browse`]. Callers that wait for the same request share its error.
    pub async fn browse(
        self: &Arc<Self>,
        user: Option<&str>,
        name: &str,
        folder: &Folder,
    ) -> Result<Arc<Listing>, Arc<Error>> {
        // A listing in the cache is no permission, and this notices changed credentials.
        let store = self.opened(user, name).await?.name().clone();
        let fetch = || async {
            // The client must be of the generation that the cache has noted just now, or of a later one.
            let listing = self.opened(user, name).await?.browse(folder).await;
            self.note(&store, &listing);
            listing
        };
        self.listings.get(user, &store, folder, fetch).await
    }

    /// Notes the result of a request: whether the store could be used. Results that say nothing about that, such as that a local
    /// file is missing, change nothing; neither does a name that is not configured. [`Stores::get`] sends no request, and notes
    /// itself what it has to.
    pub fn note<T>(&self, name: &StoreName, result: &Result<T>) {
        let store = self.configured.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(store) = store {
            self.note_of(&store, result);
        }
    }

    fn note_of<T>(&self, store: &Store, result: &Result<T>) {
        let mut outage = locked(&store.outage);
        match result {
            Ok(_)
            | Err(
                Error::NotFound { .. }
                | Error::Wrong { .. }
                | Error::Encrypted { .. }
                | Error::OfAnotherArchive { .. }
                | Error::NothingCopied { .. },
            ) => {
                *outage = None;
            }
            Err(error @ (Error::OutOfReach { .. } | Error::Refused { .. } | Error::Credentials { .. })) => {
                let since = outage.as_ref().map_or_else(|| self.clock.now().utc, |outage| outage.since);
                *outage = Some(Outage { since, why: error.to_string() });
            }
            Err(
                Error::Unknown(_)
                | Error::Inactive(_)
                | Error::Busy(_)
                | Error::NameTooLong { .. }
                | Error::BeingRecorded(_)
                | Error::Changed { .. }
                | Error::Config(_)
                | Error::Io { .. },
            ) => {}
        }
    }

    /// Since when a store has been out of reach; `None` if its last request succeeded, or there was none.
    pub fn outage(&self, name: &StoreName) -> Option<Outage> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner);
        configured.get(name).and_then(|store| locked(&store.outage).clone())
    }

    /// Keeps the credentials of a store, encrypted, and drops the listings that others have made.
    ///
    /// # Errors
    /// [`Error::Credentials`] if they cannot be kept.
    pub fn login(&self, name: &StoreName, credentials: &Credentials) -> Result<()> {
        self.sources.vault().login(name, credentials)?;
        self.listings.invalidate_store(name);
        Ok(())
    }

    /// Removes the credentials that [`Stores::login`] keeps; false if there are none.
    ///
    /// # Errors
    /// [`Error::Credentials`] if they cannot be removed.
    pub fn logout(&self, name: &StoreName) -> Result<bool> {
        let was_kept = self.sources.vault().logout(name)?;
        self.listings.invalidate_store(name);
        Ok(was_kept)
    }

    /// The lock that a process holds while it copies to a store: two would replace each other's manifests. Stores with the same URL
    /// have the same lock.
    ///
    /// # Errors
    /// Another process holds it, or it cannot be made.
    pub fn lock(&self, options: &StoreOptions) -> Result<CopyLock> {
        self.sources.vault().lock(&options.name, &options.url.to_string())
    }

    /// The listings of the folders of all stores. They are dropped when the configuration or the credentials of a store change.
    pub fn listings(&self) -> &ListingCache {
        &self.listings
    }

    fn find(&self, user: Option<&str>, name: &str) -> Result<Arc<Store>> {
        let parsed: Option<StoreName> = name.parse().ok();
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner);
        let store = parsed.and_then(|name| configured.get(&name)).filter(|store| store.options.permits(user));
        store.cloned().ok_or_else(|| Error::Unknown(name.to_owned()))
    }
}

/// The stores of a configuration; those that are the same as before are kept.
fn configured(options: Vec<StoreOptions>, before: &Configured) -> Result<Configured> {
    let mut stores: Configured = BTreeMap::new();
    for options in options {
        let name = options.name.clone();
        let made = || {
            let (open, outage, turn, reads) = Default::default();
            Arc::new(Store { options: options.clone(), open, outage, turn, reads })
        };
        let same = before.get(&name).filter(|store| store.options == options);
        let store = same.map_or_else(made, Arc::clone);
        if stores.insert(name.clone(), store).is_some() {
            return Err(Error::Config(format!("there are two tables [stores.{name}]; give one of them another name")));
        }
    }
    Ok(stores)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use chrono::NaiveDate;
    use owlery_model::clock::ManualClock;

    use super::*;
    use crate::credentials::Credentials;
    use crate::options::OptionValue::{self, Flag, List, Text};

    struct World {
        dir: tempfile::TempDir,
        stores: Arc<Stores>,
        clock: Arc<ManualClock>,
    }

    fn options(name: &str, url: &str, more: &[(&str, OptionValue)]) -> StoreOptions {
        let url = ("url", Text(url.into()));
        StoreOptions::from_values(name, more.iter().cloned().chain([url])).unwrap()
    }

    fn all(dir: &Path) -> Vec<StoreOptions> {
        let folder = format!("file://{}", dir.display());
        vec![
            options("offsite", "s3://owlery/a?endpoint=http://127.0.0.1:1", &[]),
            options("nas", &folder, &[("users", List(vec!["anna".into()]))]),
            options("old", &folder, &[("active", Flag(false))]),
        ]
    }

    fn at(hour: u32) -> chrono::NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 11, 29).unwrap().and_hms_opt(hour, 0, 0).unwrap()
    }

    fn world() -> World {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(at(1)));
        let stores = Stores::new(all(dir.path()), &dir.path().join("state"), Environment::default()).unwrap();
        World { stores: Arc::new(stores.with_clock(clock.clone())), clock, dir }
    }

    impl World {
        fn login(&self, access_key: &str) {
            let credentials = Credentials::new(access_key, "secret", None).unwrap();
            Vault::new(&self.dir.path().join("state")).login(&name("offsite"), &credentials).unwrap();
        }

        /// Whether the store's root is in the cache; afterwards it is.
        async fn cached(&self, store: &str) -> bool {
            let (store, root, is_fetched) = (name(store), "".parse().unwrap(), AtomicBool::new(false));
            let fetch = || async {
                is_fetched.store(true, Ordering::SeqCst);
                Ok(Listing::default())
            };
            self.stores.listings().get(Some("anna"), &store, &root, fetch).await.unwrap();
            !is_fetched.into_inner()
        }
    }

    fn name(text: &str) -> StoreName {
        text.parse().unwrap()
    }

    fn names(stores: &Stores, user: Option<&str>) -> Vec<String> {
        stores.names(user).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn to_other_users_a_store_does_not_exist() {
        let world = world();
        let stores = &world.stores;
        assert_eq!(names(stores, None), ["nas", "offsite", "old"]);
        assert_eq!(names(stores, Some("anna")), ["nas", "offsite", "old"]);
        assert_eq!(names(stores, Some("ben")), ["offsite", "old"]);
        stores.get(Some("anna"), "nas").unwrap();
        stores.get(None, "nas").unwrap();
        for (user, store) in
            [(Some("ben"), "nas"), (Some("anna"), "none"), (None, "none"), (None, "../nas"), (None, "")]
        {
            assert!(matches!(stores.get(user, store), Err(Error::Unknown(text)) if text == store), "{user:?} {store}");
            stores.options(user, store).unwrap_err();
        }
        assert!(matches!(stores.get(None, "old"), Err(Error::Inactive(store)) if store == name("old")));
        assert!(!stores.options(None, "old").unwrap().active);
    }

    #[test]
    fn nothing_is_read_before_the_first_request() {
        let world = world();
        assert!(!world.dir.path().join("state").exists());
        let error = world.stores.get(None, "offsite").unwrap_err();
        assert!(
            matches!(&error, Error::Credentials { .. }) && error.to_string().contains("owlery store login"),
            "{error}"
        );
        assert_eq!(world.stores.outage(&name("offsite")).unwrap().since, at(1).and_utc());
        world.login("first");
        assert_eq!(world.stores.get(None, "offsite").unwrap().prefix().as_ref(), "a");
    }

    #[tokio::test]
    async fn a_changed_credential_opens_the_store_anew() {
        let world = world();
        world.login("first");
        world.stores.get(None, "offsite").unwrap();
        world.stores.get(None, "nas").unwrap();
        assert!(!world.cached("offsite").await && !world.cached("nas").await);
        world.stores.get(None, "offsite").unwrap();
        assert!(world.cached("offsite").await, "nothing has changed");
        world.login("second");
        world.stores.get(None, "offsite").unwrap();
        assert!(!world.cached("offsite").await && world.cached("nas").await);

        Vault::new(&world.dir.path().join("state")).logout(&name("offsite")).unwrap();
        assert!(matches!(world.stores.get(None, "offsite"), Err(Error::Credentials { .. })));
        assert!(!world.cached("offsite").await);
    }

    #[tokio::test]
    async fn folders_are_listed_for_those_who_may() {
        let world = world();
        let (stores, root) = (&world.stores, Folder::default());
        std::fs::create_dir(world.dir.path().join("camera")).unwrap();
        let first = stores.browse(Some("anna"), "nas", &root).await.unwrap();
        assert_eq!(first.folders, ["camera"]);
        std::fs::create_dir(world.dir.path().join("another")).unwrap();
        assert_eq!(stores.browse(Some("anna"), "nas", &root).await.unwrap(), first, "from the cache");
        stores.listings().invalidate(Some("anna"), &name("nas"));
        assert_eq!(stores.browse(Some("anna"), "nas", &root).await.unwrap().folders, ["another", "camera"]);
        let error = stores.browse(Some("ben"), "nas", &root).await.unwrap_err();
        assert!(matches!(&*error, Error::Unknown(_)), "{error}");

        let mut changed = all(world.dir.path());
        changed[1].active = false;
        stores.configure(changed).unwrap();
        let error = stores.browse(Some("anna"), "nas", &root).await.unwrap_err();
        assert!(matches!(&*error, Error::Inactive(_)), "{error}");
    }

    #[tokio::test]
    async fn a_folder_that_is_away_is_an_outage() {
        let world = world();
        let gone = options("gone", "file:///nowhere/at/all", &[]);
        world.stores.configure(vec![gone]).unwrap();
        let error = world.stores.browse(None, "gone", &Folder::default()).await.unwrap_err();
        assert!(matches!(&*error, Error::OutOfReach { .. }) && error.to_string().contains("mount its disk"), "{error}");
        assert_eq!(world.stores.outage(&name("gone")).unwrap().since, at(1).and_utc());
    }

    #[tokio::test]
    async fn changed_stores_lose_their_listings() {
        let world = world();
        world.login("first");
        world.stores.get(None, "offsite").unwrap();
        let mut changed = all(world.dir.path());
        for store in ["offsite", "nas", "old"] {
            world.cached(store).await;
        }
        world.stores.configure(changed.clone()).unwrap();
        assert!(world.cached("offsite").await && world.cached("nas").await && world.cached("old").await);

        changed[0].active = false;
        changed.remove(2);
        world.stores.configure(changed.clone()).unwrap();
        assert!(!world.cached("offsite").await && world.cached("nas").await && !world.cached("old").await);
        assert!(matches!(world.stores.get(None, "offsite"), Err(Error::Inactive(_))));
        assert!(matches!(world.stores.get(None, "old"), Err(Error::Unknown(_))));

        changed.push(changed[0].clone());
        let twice = world.stores.configure(changed).unwrap_err().to_string();
        assert!(twice.contains("two tables [stores.offsite]"), "{twice}");
        assert_eq!(names(&world.stores, None), ["nas", "offsite"], "the old configuration stays");
    }

    #[test]
    fn an_outage_begins_with_its_first_error() {
        let world = world();
        let store = name("offsite");
        let out = |why: &str| -> Result<()> {
            Err(Error::OutOfReach { store: store.clone(), op: "read x".into(), why: why.into() })
        };
        let since = || world.stores.outage(&store).map(|outage| outage.since);
        assert_eq!(since(), None);
        world.stores.note(&store, &out("one"));
        world.clock.set(at(2));
        world.stores.note(&store, &out("two"));
        let outage = world.stores.outage(&store).unwrap();
        assert_eq!(outage.since, at(1).and_utc());
        assert!(outage.why.contains("two"), "{outage:?}");
        world.stores.note::<()>(&store, &Err(Error::Unknown("x".into())));
        assert_eq!(since(), Some(at(1).and_utc()), "this says nothing about the store");
        world.stores.note::<()>(&store, &Err(Error::NotFound { store: store.clone(), object: "x".into() }));
        assert_eq!(since(), None, "a store that answers is in reach");
        world.stores.note(&store, &out("three"));
        assert_eq!(since(), Some(at(2).and_utc()));
        world.stores.note(&store, &Ok(()));
        assert_eq!(since(), None);
        world.stores.note(&name("none"), &out("x"));
        assert_eq!(world.stores.outage(&name("none")), None);
    }
}
