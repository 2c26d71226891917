//! Small JSON files of the state directory, each written as a whole: a crash leaves the old one or the new one.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::whole::{give_state, write_state};

/// Makes a state directory that could not be made at the start, since its disk was full; it may be there by now.
pub fn make_folder(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let fail = |e: std::io::Error| Error::io("make", dir, e);
    DirBuilder::new().recursive(true).mode(0o755).create(dir).map_err(fail)?;
    give(dir);
    Ok(())
}

/// Gives a file or directory to the owner of the directory that it lies in, when we are root; best effort.
pub fn give(path: &Path) {
    if let (Some(parent), Ok(file)) = (path.parent(), File::open(path)) {
        give_state(parent, file);
    }
}

/// Reads one; `None` if it is not there.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|e| Error::io("read", path, e))?,
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| Error::io("understand", path, std::io::Error::other(e)))
}

/// Writes one; it is on disk when this returns.
pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    write_as(path, value, 0o644)
}

/// Like `write`, for a file that other users must not read.
pub fn write_private(path: &Path, value: &impl Serialize) -> Result<()> {
    write_as(path, value, 0o600)
}

/// Removes one, if it is there.
pub fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

fn write_as(path: &Path, value: &impl Serialize, mode: u32) -> Result<()> {
    let text = serde_json::to_vec(value).expect("our own types are JSON");
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(Error::io("write", path, std::io::ErrorKind::InvalidInput));
    };
    write_state(dir, name, &text, mode)
}
