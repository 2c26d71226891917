//! An open store: the only place that sends requests. Every request has a deadline without progress, and errors name the store, the
//! operation and the object.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload,
};
use owlery_model::fault;

use crate::error::{Error, Result};
use crate::keys::{HostName, Keys};
use crate::name::StoreName;
use crate::rate::Rate;

/// How long a request, or a part of its body, may take without progress. A store that has lost its quorum never responds.
pub(crate) const STALL: Duration = Duration::from_secs(30);

/// The most bytes of an object that is read whole: an index or a manifest. A day of 86,400 events has fewer.
const LARGEST: u64 = 256 << 20;

/// Bytes a second below which an upload is given up.
const SLOWEST: u64 = 16 * 1024;

/// How S3 names the error of a request that was signed for another region.
const WRONG_REGION: &str = "AuthorizationHeaderMalformed";

/// How a filesystem, and S3, say that a name is too long. The engine makes no kind of its own of it.
const TOO_LONG: [&str; 2] = ["File name too long", "KeyTooLong"];

/// An open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    name: StoreName,
    store: Arc<dyn ObjectStore>,
    /// What all keys begin with.
    prefix: Path,
    stall: Duration,
    parts: Option<Parts>,
    rate: Option<Arc<Rate>>,
}

/// The version of an object, as the store tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    tag: Option<String>,
    bytes: u64,
    modified: DateTime<Utc>,
}

impl Version {
    fn of(meta: &ObjectMeta) -> Self {
        Self { tag: meta.e_tag.clone(), bytes: meta.size, modified: meta.last_modified }
    }
}

/// What became of an object since a version that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// There is none.
    Missing,
    /// It is of the known version.
    Unchanged,
    /// What it is now, and its version.
    Changed(T, Version),
}

/// The same store where uploads in parts outlive a process.
#[derive(Clone)]
struct Parts(Arc<dyn MultipartStore>);

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

impl Client {
    /// A client of an open store, for the objects below `prefix`.
    pub fn new(name: StoreName, store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { name, store, prefix, stall: fault::span("stall", STALL), parts: None, rate: None }
    }

    /// The same client with the store's uploads in parts, which go on after they were interrupted (`Host::resuming`). Without it,
    /// an interrupted upload starts over.
    #[must_use]
    pub fn with_parts(self, parts: Arc<dyn MultipartStore>) -> Self {
        Self { parts: Some(Parts(parts)), ..self }
    }

    /// The same client with a rate for what it writes, in bytes a second; `None` for as fast as possible. All requests of this
    /// client and of its clones share it: their bytes are no more than the rate allows since the first of them. A request is put
    /// off until all of it fits, and then sent as fast as the line is.
    #[must_use]
    pub fn with_rate(self, bytes_per_second: Option<NonZeroU64>) -> Self {
        Self { rate: bytes_per_second.map(|rate| Arc::new(Rate::new(rate))), ..self }
    }

    /// The same client with another time that a request may take without progress.
    #[must_use]
    pub fn with_stall(self, stall: Duration) -> Self {
        Self { stall, ..self }
    }

    /// The store's name.
    pub fn name(&self) -> &StoreName {
        &self.name
    }

    /// What all keys begin with.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Reads an object whole; `None` if there is none.
    pub(crate) async fn read(&self, key: &Path) -> Result<Option<Bytes>> {
        match self.read_unless(key, None).await? {
            Reading::Changed(bytes, _) => Ok(Some(bytes)),
            Reading::Missing | Reading::Unchanged => Ok(None),
        }
    }

    /// Reads an object whole unless it is of a known version. What follows from its absence is much: two answers must say so.
    pub(crate) async fn read_unless(&self, key: &Path, known: Option<&Version>) -> Result<Reading<Bytes>> {
        for _ in 0..2 {
            match self.read_once(key, known).await {
                Err(error) if error.is_not_found() => {
                    if self.head(key).await?.is_none() {
                        return Ok(Reading::Missing);
                    }
                    // It may have been written in between.
                }
                other => return other,
            }
        }
        Err(self.garbled(format!("read {key}")))
    }

    async fn read_once(&self, key: &Path, known: Option<&Version>) -> Result<Reading<Bytes>> {
        let op = || format!("read {key}");
        let if_none_match = known.and_then(|known| known.tag.clone());
        let options = GetOptions { if_none_match, ..GetOptions::default() };
        let request = async {
            match self.store.get_opts(key, options).await {
                Err(object_store::Error::NotModified { .. }) => Ok(None),
                other => other.map(Some),
            }
        };
        let Some(found) = self.in_time(op, request).await? else { return Ok(Reading::Unchanged) };
        let version = Version::of(&found.meta);
        // A store may ignore the condition.
        if known == Some(&version) {
            return Ok(Reading::Unchanged);
        }
        if found.meta.size > LARGEST {
            return Err(self.wrong(
                key,
                format!("it has {} bytes, which is not plausible: it is no object of Owlery's", found.meta.size),
            ));
        }
        let mut stream = found.into_stream();
        let mut whole = Vec::new();
        while let Some(bytes) = self.next(op, &mut stream).await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(Reading::Changed(whole.into(), version))
    }

    /// Reads a range of bytes of an object.
    pub(crate) async fn read_range(&self, key: &Path, range: std::ops::Range<u64>) -> Result<Bytes> {
        let wanted = range.end.saturating_sub(range.start);
        let op = || format!("read {key}");
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.in_time(op, self.store.get_opts(key, options)).await?;
        let mut stream = found.into_stream();
        let mut read = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0).min(1 << 24));
        while let Some(bytes) = self.next(op, &mut stream).await? {
            read.extend_from_slice(&bytes);
        }
        Ok(read.into())
    }

    /// The size of an object; `None` if there is none.
    pub(crate) async fn head(&self, key: &Path) -> Result<Option<ObjectMeta>> {
        match self.in_time(|| format!("look up {key}"), self.store.head(key)).await {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Fails unless an object has this size.
    pub(crate) async fn check_size(&self, key: &Path, bytes: u64) -> Result<()> {
        match self.head(key).await? {
            Some(found) if found.size == bytes => Ok(()),
            Some(found) => Err(self.wrong(key, format!("it has {} bytes, {bytes} were written", found.size))),
            None => Err(self.wrong(key, "it is not there although it was written")),
        }
    }

    /// Writes an object whole; replaces one that exists.
    pub(crate) async fn write(&self, key: &Path, bytes: impl Into<PutPayload>) -> Result<()> {
        let payload = bytes.into();
        let bytes = payload.content_length() as u64;
        self.send(key, bytes, self.store.put(key, payload)).await.map(drop)
    }

    /// Waits for a request that writes so many bytes of an object. The rate puts it off first, which is no time of its own.
    pub(crate) async fn send<T>(
        &self,
        key: &Path,
        bytes: u64,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        if let Some(rate) = &self.rate {
            rate.wait(bytes).await;
        }
        self.in_time_of(self.limit_of(bytes), || format!("write {key}"), request).await
    }

    /// The error of a task that wrote an object, and was stopped.
    pub(crate) fn stopped(&self, key: &Path, source: tokio::task::JoinError) -> Error {
        self.error(format!("write {key}"), object_store::Error::JoinError { source })
    }

    /// The store's uploads in parts, if they outlive a process.
    pub(crate) fn parts(&self) -> Option<Arc<dyn MultipartStore>> {
        self.parts.as_ref().map(|parts| Arc::clone(&parts.0))
    }

    /// Begins an upload in parts.
    pub(crate) async fn begin_upload(&self, key: &Path) -> Result<Box<dyn MultipartUpload>> {
        self.in_time(|| format!("write {key}"), self.store.put_multipart(key)).await
    }

    /// The objects and folders directly below a folder.
    pub(crate) async fn list_folder(&self, folder: &Path) -> Result<ListResult> {
        let folder = (!folder.is_root()).then_some(folder);
        let op = || format!("list {}", folder.map_or_else(|| "its root".to_owned(), ToString::to_string));
        self.in_time(op, self.store.list_with_delimiter(folder)).await
    }

    /// The hosts that have a place below the prefix, by name: their folders, whatever is in them.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn hosts(&self) -> Result<Vec<HostName>> {
        let found = self.list_folder(&self.prefix).await?;
        let mut hosts: Vec<HostName> =
            found.common_prefixes.iter().filter_map(|folder| folder.filename()?.parse().ok()).collect();
        hosts.sort();
        Ok(hosts)
    }

    /// Proves that the store responds, with the smallest request.
    ///
    /// # Errors
    /// It cannot be used.
    pub async fn probe(&self, host: &HostName) -> Result<()> {
        self.head(&Keys::new(self, host).index()).await.map(drop)
    }

    /// Proves that objects can be listed, written and read back below a host's prefix.
    ///
    /// # Errors
    /// One of these is not possible, or what is read is not what was written.
    pub async fn check(&self, host: &HostName) -> Result<()> {
        let key = Keys::new(self, host).check();
        self.list_folder(&self.prefix).await?;
        let written = format!("written by owlery store check on {host}\n");
        self.write(&key, written.clone().into_bytes()).await?;
        self.check_size(&key, written.len() as u64).await?;
        let read = self.read(&key).await?;
        if read.as_deref() == Some(written.as_bytes()) {
            return Ok(());
        }
        Err(self.wrong(&key, "it is not what was just written"))
    }

    /// Waits for a request for as long as it may take without progress.
    pub(crate) async fn in_time<T>(
        &self,
        op: impl Fn() -> String,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        self.in_time_of(self.stall, op, request).await
    }

    /// How long a request that sends so many bytes may take. The engine does not tell how far it is, so the slowest line that is
    /// still of use sets the limit.
    fn limit_of(&self, bytes: u64) -> Duration {
        self.stall.saturating_add(Duration::from_secs(bytes / SLOWEST))
    }

    /// Waits for a request for so long at most.
    async fn in_time_of<T>(
        &self,
        limit: Duration,
        op: impl Fn() -> String,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        match tokio::time::timeout(limit, request).await {
            Ok(done) => done.map_err(|error| self.error(op(), error)),
            Err(_) => Err(self.late(op(), limit)),
        }
    }

    /// The next piece of a body, or of a listing.
    async fn next<T>(
        &self,
        op: impl Fn() -> String,
        stream: &mut (impl Stream<Item = object_store::Result<T>> + Unpin),
    ) -> Result<Option<T>> {
        match tokio::time::timeout(self.stall, stream.next()).await {
            Ok(next) => next.transpose().map_err(|error| self.error(op(), error)),
            Err(_) => Err(self.late(op(), self.stall)),
        }
    }

    fn late(&self, op: String, limit: Duration) -> Error {
        let why = format!("no response within {} s", limit.as_secs());
        Error::OutOfReach { store: self.name.clone(), op, why }
    }

    fn error(&self, op: String, error: object_store::Error) -> Error {
        let store = self.name.clone();
        match error {
            object_store::Error::NotFound { path, .. } => Error::NotFound { store, object: path },
            object_store::Error::PermissionDenied { source, .. }
            | object_store::Error::Unauthenticated { source, .. } => Error::Refused { store, op, why: chain(&*source) },
            other => {
                let mut why = chain(&other);
                if why.contains(WRONG_REGION) {
                    why.push_str(" (set the `region` that it expects in its `url`)");
                }
                if is_refusal(&why) {
                    Error::Refused { store, op, why }
                } else if TOO_LONG.iter().any(|text| why.contains(text)) {
                    Error::NameTooLong { store, op }
                } else {
                    Error::OutOfReach { store, op, why }
                }
            }
        }
    }

    /// The store does not know an upload of this object any more.
    pub(crate) fn gone(&self, key: &Path) -> Error {
        let why = "it does not know the upload any more (NoSuchUpload)".to_owned();
        Error::OutOfReach { store: self.name.clone(), op: format!("write {key}"), why }
    }

    /// Two answers that contradict each other.
    pub(crate) fn garbled(&self, op: String) -> Error {
        let why = "its answers contradict each other; check the line to it".to_owned();
        Error::OutOfReach { store: self.name.clone(), op, why }
    }

    /// An object that is not what it should be.
    pub(crate) fn wrong(&self, key: &Path, why: impl Into<String>) -> Error {
        Error::Wrong { store: self.name.clone(), object: key.to_string(), why: why.into() }
    }
}

/// An error and its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    // The engine's own words say nothing that the rest does not.
    for engine in ["Generic S3 error: ", "Generic LocalFileSystem error: ", "Generic file error: "] {
        text = text.replace(engine, "");
    }
    without_xml(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a store refused. The engine makes such errors of single objects a kind of their own. Those of listings, and of uploads
/// in parts, are known by their text alone.
fn is_refusal(text: &str) -> bool {
    text.contains(WRONG_REGION)
        || ["401", "403"].iter().any(|status| text.contains(&format!("non-2xx status code: {status}")))
}

/// The text with the code and the message of an error of S3 in the place of its XML.
fn without_xml(text: &str) -> String {
    let value = |tag: &str| {
        Some(text.split_once(&format!("<{tag}>"))?.1.split_once('<')?.0.trim()).filter(|value| !value.is_empty())
    };
    match (text.split_once("<?xml").or_else(|| text.split_once("<Error>")), value("Code"), value("Message")) {
        (Some((before, _)), Some(code), None) => format!("{before}{code}"),
        (Some((before, _)), Some(code), Some(message)) => format!("{before}{code}: {}", unescaped(message)),
        _ => text.to_owned(),
    }
}

/// The text of an XML element as it was meant.
fn unescaped(text: &str) -> String {
    let plain = [("&apos;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    plain.iter().fold(text.to_owned(), |text, (escaped, char)| text.replace(escaped, char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_s3_are_short() {
        let xml = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>No.</Message><Key>k</Key></Error>";
        assert_eq!(without_xml(&format!("status 403: {xml}")), "status 403: AccessDenied: No.");
        assert_eq!(without_xml("x <Error><Code>SlowDown</Code><Message></Message></Error>"), "x SlowDown");
        let escaped = "<Error><Code>C</Code><Message>&quot;a&amp;lt;b&apos; &lt;c&gt;</Message></Error>";
        assert_eq!(without_xml(escaped), "C: \"a&lt;b' <c>");
        for other in ["", "plain", "<?xml", "<Error><Code>", "<Code>A</Code>"] {
            assert_eq!(without_xml(other), other);
        }
    }
}
