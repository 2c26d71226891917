//! Fetching what is not cached: one fetch for any number of callers.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use tokio::sync::watch;

use crate::cache::{Cache, blocking};
use crate::checksum::Expected;
use crate::content::Content;
use crate::convert::Conversion;
use crate::media::Media;
use crate::memory::Item;
use crate::shared::{Shared, check_key, lock};
use crate::writer::Writer;

/// Why a fetch gave nothing. All callers that waited for it get the same.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The source failed.
    #[error("{0}")]
    Source(Arc<dyn StdError + Send + Sync>),
    /// The caller that fetched was dropped before the fetch ended.
    #[error("the fetch was cancelled")]
    Cancelled,
    /// The fetch panicked.
    #[error("the fetch panicked; see the log")]
    Panicked,
    /// The source gave other data than were expected.
    #[error("{0}")]
    Mismatch(String),
    /// The key is empty or too long.
    #[error("{0}")]
    InvalidKey(String),
}

/// The boxed error of a source.
pub type SourceError = Box<dyn StdError + Send + Sync>;

impl FetchError {
    pub(crate) fn source(error: impl Into<SourceError>) -> Self {
        Self::Source(Arc::from(error.into()))
    }
}

/// The media; `None` if they turned out to be cached.
type Outcome = Result<Option<Media>, FetchError>;
/// A key, and the number of a part.
type FlightKey = (Arc<str>, Option<u64>);

/// The fetches that are under way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<FlightKey, watch::Receiver<Option<Outcome>>>>);

/// A caller's place in a fetch.
pub(crate) enum Flight {
    /// The first caller, which fetches.
    Lead(Lead),
    /// All others, which wait for its outcome.
    Wait(watch::Receiver<Option<Outcome>>),
}

/// The fetch of the first caller. When it is dropped, the next caller begins a new one; callers that wait without an outcome get
/// [`FetchError::Cancelled`].
pub(crate) struct Lead {
    shared: Arc<Shared>,
    key: FlightKey,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Lead {
    /// Gives all callers the outcome.
    pub(crate) fn settle(&self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        lock(&self.shared.flights.0).remove(&self.key);
    }
}

impl Shared {
    /// Joins the fetch of a key, or of one of its parts, or begins one.
    pub(crate) fn join(self: &Arc<Self>, key: &Arc<str>, part: Option<u64>) -> Flight {
        let key = (Arc::clone(key), part);
        let mut flights = lock(&self.flights.0);
        if let Some(waiting) = flights.get(&key) {
            return Flight::Wait(waiting.clone());
        }
        let (outcome, waiting) = watch::channel(None);
        flights.insert(key.clone(), waiting);
        Flight::Lead(Lead { shared: Arc::clone(self), key, outcome })
    }

    /// Whether a key is being fetched as a whole.
    pub(crate) fn is_fetching(&self, key: &str) -> bool {
        lock(&self.flights.0).contains_key(&(Arc::from(key), None))
    }

    /// Whether a part of a key is being fetched.
    pub(crate) fn is_filling(&self, key: &str) -> bool {
        lock(&self.flights.0).keys().any(|(found, part)| part.is_some() && **found == *key)
    }
}

/// Waits for the outcome of another caller's fetch.
pub(crate) async fn outcome(mut waiting: watch::Receiver<Option<Outcome>>) -> Outcome {
    loop {
        if let Some(outcome) = waiting.borrow_and_update().clone() {
            return outcome;
        }
        if waiting.changed().await.is_err() {
            // The value may have come with the end of the sender.
            return waiting.borrow().clone().unwrap_or(Err(FetchError::Cancelled));
        }
    }
}

/// Runs a fetch; a panic becomes an error.
pub(crate) async fn run<T, E: Into<SourceError>>(fetch: impl Future<Output = Result<T, E>>) -> Result<T, FetchError> {
    match AssertUnwindSafe(fetch).catch_unwind().await {
        Ok(done) => done.map_err(FetchError::source),
        Err(_) => Err(FetchError::Panicked),
    }
}

impl Cache {
    /// The content of a key; if it is not cached, that of `fetch`, which is then stored. However many callers ask for a key at
    /// once, one fetch runs. Needs a tokio runtime.
    ///
    /// A converter of the options changes the media before any caller gets them. Empty media are returned and not stored, and so
    /// are media that are larger than the cache. A disk that fails is logged and fails no caller.
    ///
    /// # Errors
    /// The fetch failed, panicked, or its caller was dropped. All callers that waited for it get the error, nothing is stored, and
    /// the next call fetches again.
    pub async fn get_or_fetch<F, E>(&self, key: &str, fetch: F) -> Result<Content, FetchError>
    where
        F: Future<Output = Result<Media, E>>,
        E: Into<SourceError>,
    {
        let shared = self.shared();
        if let Some(content) = shared.get_from_memory(key) {
            return Ok(content);
        }
        let key = check_key(key).map_err(|error| FetchError::InvalidKey(error.to_string()))?;
        let mut is_counted = false;
        let lead = loop {
            if let Some(content) = from_disk(shared, &key).await {
                return Ok(content);
            }
            if !std::mem::replace(&mut is_counted, true) {
                shared.count_miss();
            }
            match shared.join(&key, None) {
                Flight::Lead(lead) => break lead,
                Flight::Wait(waiting) => {
                    if let Some(media) = outcome(waiting).await? {
                        return Ok(Content::fetched(media));
                    }
                }
            }
        };
        // The last fetch may have ended since the first look.
        if let Some(content) = from_disk(shared, &key).await {
            lead.settle(Ok(None));
            return Ok(content);
        }
        let fetched = match run(fetch).await {
            Ok(media) if media.bytes.is_empty() => Ok((media, false)),
            Ok(media) => convert(shared, &key, media).await,
            Err(error) => Err(error),
        };
        lead.settle(fetched.clone().map(|(media, _)| Some(media)));
        let (media, is_storable) = fetched?;
        if is_storable {
            store(shared, &key, media.clone()).await;
        }
        Ok(Content::fetched(media))
    }
}

async fn from_disk(shared: &Arc<Shared>, key: &Arc<str>) -> Option<Content> {
    let (shared, key) = (Arc::clone(shared), Arc::clone(key));
    blocking(move || shared.get_from_disk(&key)).await.flatten()
}

/// Converts fetched media; false if they are not to be stored, since they cannot be converted.
async fn convert(shared: &Arc<Shared>, key: &Arc<str>, media: Media) -> Result<(Media, bool), FetchError> {
    let Some(converter) = shared.options.converter.clone() else { return Ok((media, true)) };
    let (name, original) = (Arc::clone(key), media.clone());
    match blocking(move || converter.convert(&name, &original)).await {
        Some(Ok(Conversion::Unchanged)) => Ok((media, true)),
        Some(Ok(Conversion::Changed(changed))) => Ok((changed, true)),
        Some(Err(error)) => {
            tracing::warn!("cannot convert {key:?}, which is served as it is: {error}");
            Ok((media, false))
        }
        None => Err(FetchError::Panicked),
    }
}

/// Stores fetched media; a failure is logged.
async fn store(shared: &Arc<Shared>, key: &Arc<str>, media: Media) {
    let (shared, key) = (Arc::clone(shared), Arc::clone(key));
    blocking(move || {
        if let Err(error) = shared.put(&key, &media) {
            tracing::warn!("{error}; {key:?} is served and not stored");
        }
    })
    .await;
}

impl Shared {
    /// Stores media.
    pub(crate) fn put(self: &Arc<Self>, key: &str, media: &Media) -> crate::Result<crate::Stored> {
        use std::io::Write;

        // What would not be stored needs no file.
        let size = media.bytes.len() as u64;
        if size == 0 || size > self.options.max_bytes {
            check_key(key)?;
            return Ok(if size == 0 { crate::Stored::Empty } else { crate::Stored::TooLarge });
        }
        let mut writer = Writer::new(self, key, media.label.clone(), Expected::default())?;
        let written = writer.write_all(&media.bytes);
        written.map_err(|error| crate::Error::io("write an entry in", self.folder.path(), error))?;
        let stored = writer.commit()?;
        if let Some(record) = lock(&self.table).get(key).filter(|_| stored == crate::Stored::New) {
            self.memory.add(Arc::new(Item::new(Arc::clone(record), media.bytes.clone())));
        }
        Ok(stored)
    }
}
