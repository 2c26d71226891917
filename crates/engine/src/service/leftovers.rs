//! Removes movies that were being made when an earlier process was killed. The caller holds the lock of what they were made for, so no
//! other process makes any there.

use std::path::Path;

/// Removes them from a directory; nothing else, and nothing behind a link.
pub(super) fn remove(work: &Path) {
    if !work.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return;
    }
    let files = std::fs::read_dir(work).into_iter().flatten().flatten();
    for file in files.filter(|file| owlery_media::is_temporary_movie(&file.file_name())) {
        if let Err(error) = owlery_state::remove_file(&file.path()) {
            tracing::warn!("cannot remove {}: {error}", file.path().display());
        }
    }
}
