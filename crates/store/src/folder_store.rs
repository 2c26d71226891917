//! A folder of this host as a store. The folder must exist: where a disk or a NAS is not mounted, its place on the system's disk
//! would be filled. So nothing is done below a folder that is missing, and the folder itself is never made.
//!
//! Each request opens the folder, and nothing else does: a NAS that hangs must block its own requests alone.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::Mutex;

/// A folder of this host as a store.
#[derive(Debug, Clone)]
pub(crate) struct FolderStore {
    folder: Arc<PathBuf>,
    /// Held by the one thread that looks at the folder. Where a NAS hangs, all others wait here, and take no threads.
    turn: Arc<Mutex<()>>,
}

impl FolderStore {
    /// The folder as a store. Looks at no disk.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder: Arc::new(folder), turn: Arc::default() }
    }

    /// The files below the folder, if it is there now.
    async fn files(&self) -> Result<LocalFileSystem> {
        self.files_after(|_| Ok(())).await
    }

    /// The files, to write one of them: without what a stopped process has left of it.
    async fn files_without_rest(&self, location: &Path) -> Result<LocalFileSystem> {
        let location = location.clone();
        self.files_after(move |files| files.path_to_filesystem(&location).map(|path| remove_rest(&path))).await
    }

    /// The files, after this was done with them on the thread that looks at the folder.
    async fn files_after(
        &self,
        work: impl FnOnce(&LocalFileSystem) -> Result<()> + Send + 'static,
    ) -> Result<LocalFileSystem> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let folder = Arc::clone(&self.folder);
        let open = move || {
            let opened = open(&folder).and_then(|files| work(&files).map(|()| files));
            drop(turn); // which a caller that gives up must not do
            opened
        };
        tokio::task::spawn_blocking(open).await.map_err(Error::from)?
    }

    /// A stream of the files, which begins with a look at the folder.
    fn streamed<T: Send + 'static>(
        &self,
        make: impl FnOnce(&LocalFileSystem) -> BoxStream<'static, Result<T>> + Send + 'static,
    ) -> BoxStream<'static, Result<T>> {
        let this = self.clone();
        stream::once(async move { this.files().await.map(|files| make(&files)) }).try_flatten().boxed()
    }
}

impl fmt::Display for FolderStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the folder {}", self.folder.display())
    }
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.files_without_rest(location).await?.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.files_without_rest(location).await?.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files().await?.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.streamed(move |files| files.delete_stream(locations))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.cloned();
        self.streamed(move |files| files.list(prefix.as_ref()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files().await?.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files().await?.copy_opts(from, to, options).await
    }
}

/// Removes the files `NAME#1`, `NAME#2`, … in which the engine collects an upload before it renames it. Only one process copies to a
/// store, so they are of one that was stopped. No object has such a name: `#` is encoded in keys.
fn remove_rest(path: &std::path::Path) {
    for nth in 1u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{nth}"));
        match owlery_state::remove_file(std::path::Path::new(&name)) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::debug!("{}: {error}", std::path::Path::new(&name).display()),
        }
    }
}

/// Opens a folder that exists.
fn open(folder: &std::path::Path) -> Result<LocalFileSystem> {
    let wrong = |why: String| Error::Generic { store: "file", source: why.into() };
    let metadata = folder.metadata().map_err(|error| {
        wrong(format!("cannot open the folder {}: {error}; mount its disk, or make it", folder.display()))
    })?;
    if !metadata.is_dir() {
        return Err(wrong(format!("{} is no folder; correct `url`", folder.display())));
    }
    LocalFileSystem::new_with_prefix(folder).map(|files| files.with_fsync(true))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn a_missing_folder_is_refused_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("nas/owlery");
        let store = FolderStore::new(folder.clone());
        let key = Path::from("a/b");
        let error = store.put(&key, "x".into()).await.unwrap_err().to_string();
        assert!(error.contains(folder.to_str().unwrap()) && error.contains("mount its disk"), "{error}");
        store.list_with_delimiter(None).await.unwrap_err();
        store.list(None).try_collect::<Vec<_>>().await.unwrap_err();
        assert!(!dir.path().join("nas").exists());

        fs::create_dir_all(&folder).unwrap();
        store.put(&key, "x".into()).await.unwrap();
        assert_eq!(fs::read(folder.join("a/b")).unwrap(), b"x");
        assert_eq!(store.list(None).try_collect::<Vec<_>>().await.unwrap().len(), 1);

        let away = dir.path().join("away");
        fs::rename(dir.path().join("nas"), &away).unwrap();
        store.put(&key, "y".into()).await.unwrap_err();
        store.delete(&key).await.unwrap_err();
        store.get(&key).await.unwrap_err();
        assert!(!dir.path().join("nas").exists(), "a folder that was there once is not made either");
        fs::rename(&away, dir.path().join("nas")).unwrap();
        store.copy(&key, &Path::from("c")).await.unwrap();
        store.delete(&key).await.unwrap();
        assert!(folder.join("c").exists() && !folder.join("a/b").exists());
    }

    #[tokio::test]
    async fn a_file_is_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = FolderStore::new(file.clone()).get(&Path::from("a")).await.unwrap_err().to_string();
        assert!(error.contains("is no folder"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"x");
    }
}
