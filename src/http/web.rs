//! What the routes share: the service that they ask, and the little that HTTP keeps by itself.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use axum::extract::FromRef;
use tokio::sync::Semaphore;

use super::access::Access;
use super::blocking;
use super::budget::Budget;
use super::error::Problem;
use super::limiter::Limiter;
use super::live::Live;
use super::login::Comparing;
use super::meter::Meters;
use super::metrics;
use super::pages::Pages;
use super::sessions::Sessions;
use super::states::States;
use super::zip::Places;
use crate::service::Handle;

/// One router's state; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Web(Arc<Shared>);

/// What all clones share.
#[derive(Debug)]
pub(super) struct Shared {
    pub handle: Arc<Handle>,
    pub access: Access,
    /// The pages that were answered last.
    pub pages: Pages,
    /// The states of events whose files were asked for last.
    pub states: States,
    /// How many zips may be made at a time.
    pub zips: Places,
    /// The live stream.
    pub live: Arc<Live>,
    /// What is counted of requests.
    pub meters: Meters,
    /// When the process started, in seconds since 1970; `None` if that cannot be told.
    pub started: Option<f64>,
    /// Who has signed in.
    pub sessions: Sessions,
    /// What failed of late.
    pub limiter: Limiter,
    /// How many passwords may be compared at a time.
    pub comparing: Comparing,
    /// What large responses may hold of memory.
    pub budget: Budget,
    /// How many directories may be listed at a time: each list is in memory until it is a response.
    listings: Arc<Semaphore>,
    /// How many of [`Web::read_long`] may be under way: each holds a thread, and most a connection to the catalog.
    long_reads: Arc<Semaphore>,
}

/// The most lists of an event's files that are made at a time.
const LISTINGS: usize = 4;
/// The most questions that take long at a time; more wait for their turn.
const LONG_READS: usize = 2;

impl Web {
    /// With what is kept of HTTP in the state directory.
    pub fn new(handle: Arc<Handle>, state_dir: &Path, access: Access) -> Self {
        let live = Live::new(Arc::clone(&handle));
        Self::with_live(handle, state_dir, access, live)
    }

    /// The same with a live stream that was made elsewhere.
    pub fn with_live(handle: Arc<Handle>, state_dir: &Path, access: Access, live: Arc<Live>) -> Self {
        #[allow(clippy::cast_precision_loss)] // milliseconds are far below 2^52
        let started = metrics::started(handle.now().utc.timestamp_millis() as f64 / 1000.0);
        Self(Arc::new(Shared {
            handle,
            access,
            pages: Pages::default(),
            states: States::default(),
            zips: Places::default(),
            live,
            meters: Meters::default(),
            started,
            sessions: Sessions::open(state_dir),
            limiter: Limiter::default(),
            comparing: Comparing::default(),
            budget: Budget::default(),
            listings: Arc::new(Semaphore::new(LISTINGS)),
            long_reads: Arc::new(Semaphore::new(LONG_READS)),
        }))
    }

    /// Reads what may take long where it holds up nobody else. Whoever asked may give up: the turn lasts as long as the reading.
    pub async fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> crate::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        Self::in_turn(&self.long_reads, read).await
    }

    /// Lists an event's files, which may be tens of thousands: a few such lists at a time.
    pub async fn list<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> crate::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        Self::in_turn(&self.listings, read).await
    }

    async fn in_turn<T: Send + 'static>(
        turns: &Arc<Semaphore>,
        read: impl FnOnce() -> crate::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(turns).acquire_owned().await;
        let turn = turn.map_err(|_| Problem::from(crate::Error::Stopped))?;
        blocking(move || {
            let _turn = turn;
            read()
        })
        .await
    }
}

impl Deref for Web {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Web> for Arc<Handle> {
    fn from_ref(web: &Web) -> Self {
        Arc::clone(&web.handle)
    }
}
