//! Streaming from a source to a caller and into the cache at once. The caller is never slowed down or failed by the cache's disk;
//! the data are checked on the way.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

use crate::cache::Cache;
use crate::checksum::{Expected, Verifier};
use crate::fetch::{FetchError, SourceError};
use crate::media::Label;
use crate::name::Hash;
use crate::shared::{Shared, check_key};
use crate::writer::FileWriter;

/// The chunks between the caller and the writer.
const CHANNEL: usize = 16;
/// A disk that takes no chunk for so long is given up; the caller goes on.
const SLOW_DISK: Duration = Duration::from_secs(5);

/// What the writer is sent.
enum Step {
    Chunk(Bytes),
    /// All data came, and are right. The writer replies when the entry is stored.
    Commit(Hash, oneshot::Sender<()>),
}

/// A stream in progress.
struct Tee<'a, E> {
    source: BoxStream<'a, Result<Bytes, E>>,
    /// `None` once the stream has ended.
    verifier: Option<Verifier>,
    /// `None` if nothing is stored.
    writer: Option<mpsc::Sender<Step>>,
}

impl Cache {
    /// Streams a source to the caller, and stores it on the way under this key. An entry of the key that is there already is kept.
    ///
    /// The entry is there when the stream has ended. Nothing is stored if the source fails, ends early or is not what is
    /// `expected`: the last item is an error then. A caller that drops the stream early stores nothing. A disk that is full, fails
    /// or hangs is logged, and the caller gets all data. Needs a tokio runtime.
    pub fn tee<'a, S, E>(
        &self,
        key: &str,
        label: Label,
        expected: Expected,
        source: S,
    ) -> impl Stream<Item = Result<Bytes, FetchError>> + Send + use<'a, S, E>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'a,
        E: Into<SourceError> + Send + 'a,
    {
        let writer = check_key(key).ok().and_then(|key| spawn_writer(self.shared(), key, label, expected));
        let tee = Tee { source: source.boxed(), verifier: Some(Verifier::new(expected)), writer };
        stream::unfold(tee, |mut tee| async move { Some((tee.next().await?, tee)) })
    }
}

impl<E: Into<SourceError>> Tee<'_, E> {
    async fn next(&mut self) -> Option<Result<Bytes, FetchError>> {
        let verifier = self.verifier.as_mut()?;
        match self.source.next().await {
            Some(Ok(chunk)) => {
                if let Err(why) = verifier.update(&chunk) {
                    return Some(Err(self.fail(FetchError::Mismatch(why))));
                }
                self.write(Step::Chunk(chunk.clone())).await;
                Some(Ok(chunk))
            }
            Some(Err(error)) => Some(Err(self.fail(FetchError::source(error)))),
            None => match self.verifier.take()?.finish() {
                Ok(sha256) => {
                    let (done, stored) = oneshot::channel();
                    self.write(Step::Commit(sha256, done)).await;
                    // The writer logs what fails.
                    let _ = tokio::time::timeout(SLOW_DISK, stored).await;
                    None
                }
                Err(why) => Some(Err(self.fail(FetchError::Mismatch(why)))),
            },
        }
    }

    /// Ends the stream with an error. The writer rolls back, since no commit comes.
    fn fail(&mut self, error: FetchError) -> FetchError {
        (self.verifier, self.writer) = (None, None);
        error
    }

    /// Sends a step to the writer. One that does not take it is given up.
    async fn write(&mut self, step: Step) {
        let Some(writer) = &self.writer else { return };
        let is_taken = matches!(tokio::time::timeout(SLOW_DISK, writer.send(step)).await, Ok(Ok(())));
        if !is_taken {
            self.writer = None;
        }
    }
}

/// Starts a writer in the background; `None` if the key is being cached, or the entry would be too large.
fn spawn_writer(shared: &Arc<Shared>, key: Arc<str>, label: Label, expected: Expected) -> Option<mpsc::Sender<Step>> {
    if shared.is_busy(&key) || expected.size.is_some_and(|size| size > shared.options.max_bytes) {
        return None;
    }
    let (sender, steps) = mpsc::channel(CHANNEL);
    let shared = Arc::clone(shared);
    let busy = shared.busy(&key);
    tokio::task::spawn_blocking(move || {
        let _busy = busy;
        if let Err(error) = write(&shared, &key, label, steps) {
            tracing::warn!("{key:?} is served and not stored: {error}");
        }
    });
    Some(sender)
}

/// Writes the chunks, and stores the entry if a commit comes. Takes none if the key is cached.
fn write(shared: &Arc<Shared>, key: &str, label: Label, mut steps: mpsc::Receiver<Step>) -> crate::Result<()> {
    if shared.keeps(key) {
        return Ok(());
    }
    let mut writer = FileWriter::new(shared, key, label)?;
    while let Some(step) = steps.blocking_recv() {
        match step {
            Step::Chunk(chunk) => writer
                .write(&chunk)
                .map_err(|error| crate::Error::io("write an entry in", shared.folder.path(), error))?,
            Step::Commit(sha256, done) => {
                writer.publish(sha256)?;
                let _ = done.send(());
                return Ok(());
            }
        }
    }
    Ok(())
}
