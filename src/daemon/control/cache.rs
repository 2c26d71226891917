//! Operations on the media cache, as the daemon executes them and as a command does alone: the requests of
//! `protocol::control`, and the bytes of entries that follow a line on the socket.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime;
use tokio::sync::watch;

use super::{Handle, Reply, failure};
use crate::cache::{self, Cache, Checksum, Content, Expected, Label};
use crate::http::convert;
use crate::protocol::control::{CachePut, CacheRequest, CachedFile, PIECE};
use crate::protocol::{Enqueued, RefusedKey, RemovedCount, StoredAs, StoredMedia};
use crate::{Error, Result};

/// The longest type or file name of an entry, in bytes.
const MAX_LABEL: usize = 255;

/// Executes an operation.
pub(crate) fn execute(cache: &Cache, request: &CacheRequest) -> Result<serde_json::Value> {
    match request {
        CacheRequest::Stats => {
            cache.wait_loaded();
            to_json(&convert::cache_stats(&cache.stats()))
        }
        CacheRequest::List { after, limit } => {
            to_json(&convert::cache_entries(cache.entries(after.as_deref(), *limit)))
        }
        CacheRequest::Remove { keys } => to_json(&count(cache.remove(&texts(keys)))),
        CacheRequest::Clear => to_json(&count(cache.clear())),
        CacheRequest::Prune { max_bytes } => {
            to_json(&convert::pruned(cache.prune(max_bytes.unwrap_or(cache.options().max_bytes))))
        }
        CacheRequest::Clean { stall } => {
            let cleaned = cache.clean(Duration::from_secs(*stall)).map_err(error)?;
            to_json(&convert::cleaned(cleaned))
        }
        CacheRequest::Queue => to_json(&convert::cache_queue(cache.queued())),
        CacheRequest::QueueAdd { keys } => to_json(&enqueue(cache, keys)?),
        CacheRequest::QueueRemove { keys } => to_json(&count(cache.remove_queued(&texts(keys)).map_err(error)?)),
        CacheRequest::QueueClear => to_json(&count(cache.clear_queue().map_err(error)?)),
    }
}

fn to_json(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| Error::io("write", "JSON", io::Error::other(error)))
}

fn texts(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}

fn count(removed: usize) -> RemovedCount {
    RemovedCount { removed: removed as u64 }
}

fn enqueue(cache: &Cache, keys: &[String]) -> Result<Enqueued> {
    let mut done = Enqueued { added: 0, refused: Vec::new() };
    for key in keys {
        match convert::enqueue(cache, key).map_err(error)? {
            None => done.added += 1,
            Some(why) => done.refused.push(RefusedKey { key: key.clone(), why }),
        }
    }
    Ok(done)
}

/// An error of the cache as one of the program.
pub(crate) fn error(error: cache::Error) -> Error {
    match error {
        cache::Error::Io { operation, path, source } => Error::io(operation, path, source),
        cache::Error::Mismatch { key, why } => Error::io("store the data of", key, io::Error::other(why)),
        // A directory in use, or a key that cannot be one: the call was wrong.
        other => Error::Config(other.to_string()),
    }
}

/// Stores the bytes of a reader. Ends at the first byte that does not fit into the cache.
pub(crate) fn store(cache: &Cache, put: &CachePut, mut bytes: impl Read) -> Result<StoredMedia> {
    for (what, text) in [("type", &put.mime_type), ("name", &put.file_name)] {
        if text.is_empty() || text.len() > MAX_LABEL || text.chars().any(char::is_control) {
            let rule = format!("1 to {MAX_LABEL} bytes without control characters");
            return Err(Error::Config(format!("--{what} {text:?} is not valid: {rule}")));
        }
    }
    let checksum = put.sha256.as_deref().map(sha256).transpose()?;
    let label = Label::new(&put.mime_type, &put.file_name);
    let expected = Expected { size: None, checksum };
    let mut writer = cache.writer(&put.key, label, expected).map_err(error)?;
    let (mut piece, mut size) = (vec![0; PIECE], 0);
    loop {
        let count = match bytes.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other.map_err(|e| Error::io("read the data of", &put.key, e))?,
        };
        size += count as u64;
        if size > cache.options().max_bytes {
            return Ok(StoredMedia { stored: StoredAs::TooLarge });
        }
        if count == 0 {
            break;
        }
        writer.write_all(&piece[..count]).map_err(|e| Error::io("write to", &cache.options().dir, e))?;
    }
    writer.commit().map(|stored| StoredMedia { stored: convert::stored(stored) }).map_err(error)
}

fn sha256(text: &str) -> Result<Checksum> {
    match Checksum::parse(text) {
        Some(sha256 @ Checksum::Sha256(_)) => Ok(sha256),
        _ => Err(Error::Config(format!("--sha256 {text:?} is not a SHA-256: 64 hexadecimal digits"))),
    }
}

/// Writes the bytes of an entry, which counts as read when the last one is written.
pub(crate) fn copy(content: &Content, mut to: impl Write) -> Result<()> {
    let mut at = 0;
    while at < content.size() {
        let piece = content.read_at(at, PIECE).map_err(|e| Error::io("read", Path::new("the cache"), e))?;
        if piece.is_empty() {
            break;
        }
        at += piece.len() as u64;
        to.write_all(&piece).map_err(|e| Error::io("write", "the data", e))?;
    }
    Ok(())
}

/// The cache of the daemon.
pub(super) fn of(handle: &Handle) -> Result<Cache> {
    handle.cache()
}

/// Sends an entry: the reply, then its bytes.
pub(super) async fn send(handle: &Handle, key: String, mut writer: impl AsyncWrite + Unpin) -> io::Result<()> {
    let found = match of(handle) {
        Ok(cache) => tokio::task::spawn_blocking(move || cache.get(&key)).await.map_err(io::Error::other)?,
        Err(error) => return super::send(&failure(error), &mut writer).await,
    };
    let reply = found.as_ref().map(|content| CachedFile { size: content.size() });
    super::send(&Reply::Ok(serde_json::to_value(reply)?), &mut writer).await?;
    let Some(content) = found else { return Ok(()) };
    let (content, mut at) = (std::sync::Arc::new(content), 0);
    while at < content.size() {
        let source = std::sync::Arc::clone(&content);
        let piece =
            tokio::task::spawn_blocking(move || source.read_at(at, PIECE)).await.map_err(io::Error::other)??;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at += piece.len() as u64;
        writer.write_all(&piece).await?;
    }
    Ok(())
}

/// Receives an entry and stores it.
pub(super) async fn receive<R: AsyncRead + Unpin + Send + 'static>(
    handle: &Handle,
    put: CachePut,
    from: R,
    closed: watch::Receiver<bool>,
) -> Result<StoredMedia> {
    let cache = of(handle)?;
    let pieces = Pieces { from, left: 0, is_ended: false, closed, runtime: runtime::Handle::current() };
    let stored = tokio::task::spawn_blocking(move || store(&cache, &put, pieces));
    stored.await.unwrap_or(Err(Error::Stopped))
}

/// Reads the pieces of an entry from the socket, on a thread that may block. The connection's end before the last piece is an
/// error, and so is the end of the daemon.
struct Pieces<R> {
    from: R,
    /// The bytes of this piece that are not read yet.
    left: usize,
    is_ended: bool,
    closed: watch::Receiver<bool>,
    runtime: runtime::Handle,
}

impl<R: AsyncRead + Unpin> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { from, left, is_ended, closed, runtime } = self;
        if *is_ended {
            return Ok(0);
        }
        runtime.block_on(async {
            let work = async {
                if *left == 0 {
                    let length = usize::try_from(from.read_u32().await?).unwrap_or(usize::MAX);
                    if length > PIECE {
                        return Err(io::Error::other("a piece is too long"));
                    }
                    (*left, *is_ended) = (length, length == 0);
                }
                let end = buffer.len().min(*left);
                let count = if end == 0 { 0 } else { from.read(&mut buffer[..end]).await? };
                if count == 0 && !*is_ended {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                *left -= count;
                Ok(count)
            };
            tokio::select! {
                read = work => read,
                _ = closed.wait_for(|closed| *closed) => Err(io::Error::other("owlery stops")),
            }
        })
    }
}

/// Sends the bytes of a reader as pieces, and an empty one at the end.
pub(crate) fn send_pieces(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = match from.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        to.write_all(&u32::try_from(count).map_err(io::Error::other)?.to_be_bytes())?;
        to.write_all(&piece[..count])?;
        if count == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(cache::Options::new(folder.path().join("cache")).max_bytes(1_000_000)).unwrap();
        (folder, cache)
    }

    fn put(key: &str) -> CachePut {
        CachePut { key: key.to_owned(), mime_type: "text/plain".into(), file_name: "x".into(), sha256: None }
    }

    /// What a sender that ends early has sent is never taken for the whole.
    #[test]
    fn only_whole_pieces_are_stored() {
        let (_folder, cache) = open();
        let bytes: Vec<u8> = (0..700_000_u32).map(|number| number.to_le_bytes()[1]).collect();
        let mut sent = Vec::new();
        send_pieces(&bytes[..], &mut sent).unwrap();
        let runtime = runtime::Builder::new_multi_thread().build().unwrap();
        let receive = |key: &str, sent: Vec<u8>| {
            let (_open, closed) = watch::channel(false);
            let from = io::Cursor::new(sent);
            store(
                &cache,
                &put(key),
                Pieces { from, left: 0, is_ended: false, closed, runtime: runtime.handle().clone() },
            )
        };
        assert_eq!(receive("whole", sent.clone()).unwrap().stored, StoredAs::New);
        assert_eq!(cache.get("whole").unwrap().bytes().unwrap(), bytes);
        for end in [0, 3, 4, 100, PIECE, PIECE + 4, PIECE + 6, sent.len() - 4, sent.len() - 1] {
            receive("cut", sent[..end].to_vec()).unwrap_err();
            assert!(!cache.contains("cut"), "{end}");
        }
        receive("long", [0xff; 8].to_vec()).unwrap_err();
        assert_eq!(receive("empty", vec![0; 4]).unwrap().stored, StoredAs::Empty);
        assert_eq!(cache.stats().entries, 1);
    }

    /// Data that do not fit are refused before they are all read.
    #[test]
    fn reading_ends_where_the_cache_is_full() {
        let (_folder, cache) = open();
        let stored = store(&cache, &put("endless"), io::repeat(7)).unwrap();
        assert_eq!(stored.stored, StoredAs::TooLarge);
        assert!(!cache.contains("endless"));
    }

    /// The label is kept in a sidecar and sent in headers.
    #[test]
    fn labels_and_checksums_are_checked() {
        let (_folder, cache) = open();
        let with = |change: &dyn Fn(&mut CachePut)| {
            let mut put = put("k");
            change(&mut put);
            store(&cache, &put, &b"bytes"[..])
        };
        assert!(with(&|put| put.mime_type = "a\nb".into()).is_err());
        assert!(with(&|put| put.file_name = String::new()).is_err());
        assert!(with(&|put| put.sha256 = Some("0".repeat(32))).is_err(), "an MD5");
        let wrong = with(&|put| put.sha256 = Some("0".repeat(64))).unwrap_err();
        assert!(wrong.kind() == crate::Kind::Failed && wrong.chain().contains("checksum"), "{wrong}");
        assert!(with(&|put| put.key = "x".repeat(5_000)).is_err_and(|error| error.kind() == crate::Kind::Usage));
        assert_eq!(cache.stats().entries, 0);
    }
}
