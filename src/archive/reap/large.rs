//! Cutting a very large file down before it is unlinked, so that no single system call holds the filesystem for long.
//! It removes no name.

use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Statx};

use super::{Mount, Reaping};
use crate::archive::dir::{Dir, file_type, statx};
use crate::fault::crash;

/// A file of more bytes than this is cut down, by so many at a time.
const LARGE: u64 = 256 * 1024 * 1024;
const STEP: u64 = 64 * 1024 * 1024;

impl Reaping<'_> {
    /// Step 2a for a large file: takes its end away, step by step, until one step is left. Any other file, one that has
    /// another name or is mounted there, and one that cannot be cut, is left as it is: removing its name is harmless,
    /// or fails by itself. Answers the size that is left; `None` when there is no turn for the rest.
    pub(super) fn cut_down(&self, dir: &Dir, name: &[u8], stat: &Statx) -> Option<u64> {
        let mut size = stat.stx_size;
        if size <= LARGE || stat.stx_nlink != 1 {
            return Some(size);
        }
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = rustix::fs::openat(dir, name, flags, Mode::empty()) else { return Some(size) };
        while size > STEP {
            let Ok(found) = statx(&file, b"", AtFlags::EMPTY_PATH) else { break };
            let is_it = found.stx_ino == stat.stx_ino && file_type(&found) == FileType::RegularFile;
            if !is_it || found.stx_nlink != 1 || Mount::of(&found) != self.mount {
                break;
            }
            if !self.turns.may_go_on() {
                self.was_cut_short.store(true, Ordering::Relaxed);
                return None;
            }
            if rustix::fs::ftruncate(&file, size - STEP).is_err() {
                break;
            }
            self.tally.bytes.fetch_add(STEP, Ordering::Relaxed);
            size -= STEP;
            crash("reap-2a");
        }
        Some(size)
    }
}
