//! Removing and renaming Owlery's own files, one at a time. Together with the crate `archive` this is the only code that does so;
//! `clippy.toml` of the other crates forbids it.

use std::io;
use std::path::Path;

/// Removes a file or a link; false if there is none.
///
/// # Errors
/// It cannot be removed, or is a directory.
pub fn remove_file(path: &Path) -> io::Result<bool> {
    is_removed(std::fs::remove_file(path))
}

/// Removes an empty directory; false if there is none.
///
/// # Errors
/// It cannot be removed, or is not an empty directory.
pub fn remove_empty_folder(path: &Path) -> io::Result<bool> {
    is_removed(std::fs::remove_dir(path))
}

/// Renames a file; false if there is none. Replaces a file of the new name.
///
/// # Errors
/// It cannot be renamed.
pub fn rename(from: &Path, to: &Path) -> io::Result<bool> {
    is_removed(std::fs::rename(from, to))
}

fn is_removed(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
