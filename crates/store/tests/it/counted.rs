//! A store whose uploads in parts and read bytes are counted, and whose uploads fail, hang or are lost where a test says so.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use owlery_store::Client;

use crate::server::name;

/// A store whose uploads in parts outlive a process.
pub(crate) trait InParts: ObjectStore + MultipartStore {}

impl<T: ObjectStore + MultipartStore> InParts for T {}

/// What becomes of a request after those that succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It fails as if the line were cut.
    Fail,
    /// It never ends.
    Hang,
    /// It is done, and its answer is lost.
    Lose,
    /// The store refuses it, in words of its own.
    Refuse,
}

pub(crate) struct Counted {
    inner: Arc<dyn InParts>,
    /// How many parts are sent before `then`.
    most: usize,
    then: Then,
    /// Whether `then` is for the end of an upload, in place of its parts.
    is_of_end: bool,
    pub(crate) parts: AtomicUsize,
    pub(crate) begun: AtomicUsize,
    pub(crate) given_up: AtomicUsize,
    /// How many bytes were read.
    pub(crate) read: AtomicU64,
}

impl Counted {
    /// All succeeds.
    pub(crate) fn all(inner: &Arc<dyn InParts>) -> Arc<Self> {
        Self::after(inner, usize::MAX, Then::Fail)
    }

    /// So many parts arrive.
    pub(crate) fn after(inner: &Arc<dyn InParts>, most: usize, then: Then) -> Arc<Self> {
        let zero = || AtomicUsize::new(0);
        let inner = Arc::clone(inner);
        let (parts, begun, given_up) = (zero(), zero(), zero());
        let read = AtomicU64::new(0);
        Arc::new(Self { inner, most, then, is_of_end: false, parts, begun, given_up, read })
    }

    /// All parts arrive; the uploads do not end.
    pub(crate) fn without_end(inner: &Arc<dyn InParts>, then: Then) -> Arc<Self> {
        let mut counted = Self::after(inner, usize::MAX, then);
        Arc::get_mut(&mut counted).unwrap().is_of_end = true;
        counted
    }

    pub(crate) fn client(self: &Arc<Self>) -> Client {
        Client::new(name(), Arc::clone(self) as Arc<dyn ObjectStore>, Path::from("owl"))
            .with_parts(Arc::clone(self) as _)
    }

    /// How many parts were sent, and how many uploads were begun and given up.
    pub(crate) fn counts(&self) -> [usize; 3] {
        [&self.parts, &self.begun, &self.given_up].map(|count| count.load(SeqCst))
    }

    async fn then<T>(&self, done: impl Future<Output = Result<T>>) -> Result<T> {
        match self.then {
            Then::Fail => {}
            Then::Hang => std::future::pending().await,
            Then::Lose => drop(done.await?),
            Then::Refuse => {
                let source = "Server returned non-2xx status code: 400 Bad Request: NotToday".into();
                return Err(Error::Generic { store: "counted", source });
            }
        }
        Err(Error::Generic { store: "counted", source: "the line is cut".into() })
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that counts")
    }
}

#[async_trait]
impl MultipartStore for Counted {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.begun.fetch_add(1, SeqCst);
        self.inner.create_multipart(path).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, nth: usize, data: PutPayload) -> Result<PartId> {
        let is_last = self.parts.fetch_add(1, SeqCst) >= self.most;
        let put = self.inner.put_part(path, id, nth, data);
        if is_last { self.then(put).await } else { put.await }
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        let completed = self.inner.complete_multipart(path, id, parts);
        if self.is_of_end { self.then(completed).await } else { completed.await }
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.given_up.fetch_add(1, SeqCst);
        self.inner.abort_multipart(path, id).await
    }
}

#[async_trait]
impl ObjectStore for Counted {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        panic!("uploads in parts are recorded");
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let is_read = !options.head;
        let found = self.inner.get_opts(location, options).await?;
        self.read.fetch_add(if is_read { found.range.end - found.range.start } else { 0 }, SeqCst);
        Ok(found)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
