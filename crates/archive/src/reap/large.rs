//! Truncates a very large file in steps before it is unlinked, so that no single system call keeps the filesystem busy
//! for long. It removes no name.
//!
//! A step costs the space that it frees, not the length that it removes: a sparse file may be an exbibyte long and hold
//! nothing. So the steps follow the file's data, and there are never more of them than its allocated blocks require.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, SeekFrom};

use super::{Mount, Reaping};
use crate::dir::{Dir, Statx, file_type, statx};
use crate::fault::crash;

/// A file with more allocated bytes than this is truncated by about `STEP` at a time.
const LARGE: u64 = 256 * 1024 * 1024;
const STEP: u64 = 64 * 1024 * 1024;
/// The maximum number of data extents that are read of one file. A file with more is cut at equal distances.
const MAX_EXTENTS: usize = 65_536;

impl Reaping<'_> {
    /// Step 2a for a large file: truncates it until one step is left. Any other file, one with another name or a mount
    /// on it, and one that cannot be truncated, stays as it is: removing its name is harmless, or fails by itself.
    /// Returns the remaining size; `None` if the rate limiter stops the rest.
    pub(super) fn cut_down(&self, dir: &Dir, name: &[u8], stat: &Statx) -> Option<u64> {
        let mut size = stat.stx_size;
        if allocated(stat) <= LARGE || size <= STEP || stat.stx_nlink != 1 {
            return Some(size);
        }
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = rustix::fs::openat(dir, name, flags, Mode::empty()) else { return Some(size) };
        for next in cuts(size, allocated(stat), pieces(&file)).into_iter().rev() {
            let Ok(found) = statx(&file, b"", AtFlags::EMPTY_PATH) else { break };
            let is_it = found.stx_ino == stat.stx_ino && file_type(&found) == FileType::RegularFile;
            if !is_it || found.stx_nlink != 1 || Mount::of(&found) != self.mount {
                break;
            }
            if !self.turns.may_go_on() {
                self.was_cut_short.store(true, Ordering::Relaxed);
                return None;
            }
            if rustix::fs::ftruncate(&file, next).is_err() {
                break;
            }
            self.tally.bytes.fetch_add(size - next, Ordering::Relaxed);
            size = next;
            crash("reap-2a");
        }
        Some(size)
    }
}

/// The allocated bytes of a file. `stx_blocks` counts in units of 512 bytes (statx(2)).
fn allocated(stat: &Statx) -> u64 {
    stat.stx_blocks.saturating_mul(512)
}

/// The data extents of a file, from begin to end, in order; `None` if the filesystem does not report them, or if there
/// are too many.
fn pieces(file: impl AsFd) -> Option<Vec<(u64, u64)>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    loop {
        let begin = match rustix::fs::seek(&file, SeekFrom::Data(at)) {
            Ok(begin) => begin,
            Err(rustix::io::Errno::NXIO) => return Some(pieces), // only a hole from here on
            Err(_) => return None,
        };
        let end = rustix::fs::seek(&file, SeekFrom::Hole(begin)).ok()?;
        if pieces.len() == MAX_EXTENTS || end <= begin {
            return None;
        }
        pieces.push((begin, end));
        at = end;
    }
}

/// The sizes to which a file of this size is truncated, ascending: at most one for each `STEP` of its allocated bytes,
/// with about as much data between each two.
fn cuts(size: u64, allocated: u64, pieces: Option<Vec<(u64, u64)>>) -> Vec<u64> {
    let sum = |pieces: &[(u64, u64)]| pieces.iter().map(|(begin, end)| end - begin).fold(0, u64::saturating_add);
    // Preallocated space is not data, but it must be freed too.
    let pieces = pieces.filter(|pieces| sum(pieces) >= allocated / 2).unwrap_or_else(|| vec![(0, size)]);
    let most = (allocated / STEP).max(1);
    let stride = sum(&pieces).div_ceil(most).max(STEP);
    let (mut cuts, mut room) = (Vec::new(), stride);
    for (mut begin, end) in pieces {
        while end - begin >= room {
            begin += room;
            room = stride;
            cuts.push(begin);
        }
        room -= end - begin;
    }
    cuts.retain(|cut| *cut < size);
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    const EIB: u64 = 1 << 60;

    #[test]
    fn cuts_follow_the_data() {
        let steps = |range: std::ops::Range<u64>| range.map(|step| step * STEP).collect::<Vec<_>>();
        let full = 16 * STEP;
        assert_eq!(cuts(full, full, Some(vec![(0, full)])), steps(1..16));
        assert_eq!(cuts(full, full, None), steps(1..16), "the filesystem does not say");
        assert_eq!(cuts(full, full, Some(vec![])), steps(1..16), "preallocated");
        // Eight steps of data at each end of an exbibyte.
        let ends = vec![(0, 8 * STEP), (EIB - 8 * STEP, EIB)];
        let expected = [steps(1..9), steps(1..8).into_iter().map(|step| EIB - 8 * STEP + step).collect()].concat();
        assert_eq!(cuts(EIB, 16 * STEP, Some(ends)), expected);
    }

    #[test]
    fn cuts_are_bounded_by_allocated_bytes() {
        for (allocated, pieces) in
            [(0, None), (5 * STEP, None), (5 * STEP, Some(vec![(0, EIB)])), (5 * STEP, Some(vec![]))]
        {
            let cuts = cuts(EIB, allocated, pieces);
            assert!(cuts.len() as u64 <= allocated / STEP + 1, "{}", cuts.len());
            assert!(cuts.is_sorted() && cuts.iter().all(|cut| *cut < EIB));
        }
    }
}
