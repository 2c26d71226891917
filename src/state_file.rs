//! Small JSON files of the state directory, each written as a whole: a crash leaves the old one or the new one.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Reads one; `None` if it is not there.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|e| Error::io("read", path, e))?,
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| Error::io("understand", path, std::io::Error::other(e)))
}

/// Writes one: a temporary file beside it, synced, then renamed over it; on disk when this answers.
pub(crate) fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let fail = |e: std::io::Error| Error::io("write", path, e);
    let text = serde_json::to_vec(value).expect("our own types are JSON");
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".owlery-").suffix(".tmp").tempfile_in(folder).map_err(fail)?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
    file.persist(path).map_err(|e| fail(e.error))?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
}
