//! Blocking reads: off the async workers, and the long ones a few at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::problem::Problem;

/// The most lists of an event's files that are made at a time: each is in memory until it is a response.
const MAX_LISTINGS: usize = 4;
/// The most long reads at a time: each holds a thread, and most a connection to the catalog.
const MAX_LONG_READS: usize = 2;
/// The most threads that wait for a store at a time.
const MAX_OF_STORES: usize = 8;

/// Runs blocking work on the blocking pool.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> crate::error::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Problem::from),
        Err(_) => Err(Problem::from(crate::error::Error::Stopped)),
    }
}

/// The permits of long reads. A read holds its permit until it ends, even if the client disconnects.
#[derive(Debug)]
pub(crate) struct Reads {
    listings: Arc<Semaphore>,
    long: Arc<Semaphore>,
    of_stores: Arc<Semaphore>,
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            listings: Arc::new(Semaphore::new(MAX_LISTINGS)),
            long: Arc::new(Semaphore::new(MAX_LONG_READS)),
            of_stores: Arc::new(Semaphore::new(MAX_OF_STORES)),
        }
    }
}

impl Reads {
    /// Runs a read that may take long, when a permit is free.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> crate::error::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        with_permit(&self.long, read).await
    }

    /// Runs a read that may wait for a store, when a permit is free.
    pub(crate) async fn of_stores<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> crate::error::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        with_permit(&self.of_stores, read).await
    }

    /// Lists the files of an event, which may be tens of thousands, when a permit is free.
    pub(crate) async fn listing<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> crate::error::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        with_permit(&self.listings, read).await
    }
}

async fn with_permit<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    read: impl FnOnce() -> crate::error::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let permit = Arc::clone(permits).acquire_owned().await;
    let permit = permit.map_err(|_| Problem::from(crate::error::Error::Stopped))?;
    blocking(move || {
        let _permit = permit;
        read()
    })
    .await
}
