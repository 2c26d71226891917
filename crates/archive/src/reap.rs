//! Empties the delete queue: the only recursive removal. It works by directory handle, enters only passes that carry
//! our manifest, follows no link, crosses no mount point, and skips every directory that contains `.saved`. The
//! manifest is removed last, so that an interrupted pass is still recognized as ours. [`RateLimiter`] limits its rate
//! and stops it.

mod large;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::dir::{Dir, Statx, file_type, join};
use super::queue::{MANIFEST, Place, QUEUE, QueuedPass, Stage, TAKEN_UP, is_unfinished, read_manifest};
use super::stuck::Left;
use super::{Report, SAVED, Tree};
use crate::error::{Error, Result};
use crate::fault::crash;

/// What was removed so far. Written by the removing threads.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files, links and directories.
    pub entries: AtomicU64,
    /// The sizes of the files among them, in bytes.
    pub bytes: AtomicU64,
    /// Passes that the reaper has finished with, whatever is left of them. Written by the reaper.
    pub passes: AtomicU64,
}

/// Asked before every removal, by all removing threads.
pub trait RateLimiter: Sync {
    /// Waits until one more entry may be removed. False: stop here.
    fn next(&self) -> bool;
    /// Whether to continue with a long entry.
    fn may_go_on(&self) -> bool;
}

/// The result of reaping a pass.
#[derive(Debug, Default)]
pub struct Reaped {
    /// Whether the last of it was removed.
    pub is_gone: bool,
    /// Whether the rate limiter stopped it.
    pub was_cut_short: bool,
    /// What stays: saved events, and what could not be removed. A few reports, however many entries that is.
    pub left: Vec<Report>,
    /// The number of entries that stay.
    pub entries: u64,
    /// Whether the entries that stay differ from those of the last try.
    pub is_news: bool,
}

/// How deep directories may be nested below a pass.
const MAX_DEPTH: u32 = 64;
/// How deep they may be nested below a day, `<pass>/<camera>/<day>`.
const MAX_DEPTH_BELOW_DAY: u32 = MAX_DEPTH - 2;

impl Tree {
    /// Removes the contents of a pass as long as `turns` allows. Errors on single entries are reported, and the rest is
    /// removed. A second thread, with the name and the priorities of this one, takes its share of every day's events.
    pub fn reap(&self, pass: &QueuedPass, tally: &Tally, turns: &dyn RateLimiter) -> Reaped {
        let reaped = self.reap_part(pass, tally, turns);
        match reaped {
            Ok(reaped) if reaped.was_cut_short => reaped,
            Ok(reaped) if reaped.left.is_empty() => {
                self.stuck.clear(self.root(), &pass.path);
                reaped
            }
            Ok(reaped) => {
                let is_news = self.stuck.set(self.root(), &pass.path, reaped.entries, &reaped.left);
                Reaped { is_news, ..reaped }
            }
            Err(error) => {
                let left = vec![Report::of(&error, &pass.path)];
                let is_news = self.stuck.set(self.root(), &pass.path, 1, &left);
                Reaped { entries: 1, is_news, left, ..Reaped::default() }
            }
        }
    }

    fn reap_part(&self, pass: &QueuedPass, tally: &Tally, turns: &dyn RateLimiter) -> Result<Reaped> {
        let archive = self.verify_identity()?.to_owned();
        let queue = self.queue_base(&pass.place)?.open_dir(QUEUE)?;
        let name = pass.manifest.pass.as_bytes();
        let dir = match queue.open_dir(name) {
            Err(error) if error.is_not_found() => return Ok(Reaped::default()),
            other => other?,
        };
        if let Some(left) = self.take_up(pass, &dir, &archive)? {
            return Ok(Reaped { left, ..Reaped::default() });
        }
        crash("reap-1");
        let mount = Mount::of(&dir.stat_self()?);
        let reaping = Reaping { mount, tally, turns, was_cut_short: AtomicBool::new(false), left: Mutex::default() };
        let is_gone = reaping.pass(&queue, name, &dir)?;
        let was_cut_short = reaping.was_cut_short.into_inner();
        let left = reaping.left.into_inner().unwrap_or_else(PoisonError::into_inner);
        if left.is_saved() && !was_cut_short {
            // Only saved events are left, and they are whole: the pass can be restored again.
            let _queue = self.lock_queue();
            rustix::fs::renameat(&dir, TAKEN_UP, &dir, MANIFEST).map_err(|e| Error::io("give back", dir.path(), e))?;
        }
        let entries = left.entries();
        Ok(Reaped { is_gone, was_cut_short, left: left.reports(dir.path()), entries, is_news: true })
    }

    /// Step 1: checks that the pass is ours and unchanged since it was handed over, and renames its manifest. From then
    /// on it cannot be restored, and an earlier restore is noticed. Returns reports if it must not be reaped.
    fn take_up(&self, pass: &QueuedPass, dir: &Dir, archive: &str) -> Result<Option<Vec<Report>>> {
        let _queue = self.lock_queue();
        match read_manifest(dir, archive)? {
            Err(why) => Ok(Some(vec![Report::failure(dir.path(), format!("not a pass of ours: {why}"))])),
            Ok((_, Stage::Reaping)) => Ok(None),
            Ok((_, Stage::Retiring)) => Ok(Some(Vec::new())), // never handed over; its contents were not compared yet
            // partly restored, and kept longer
            Ok((manifest, Stage::Waiting)) if manifest != pass.manifest => Ok(Some(Vec::new())),
            Ok((_, Stage::Waiting)) => {
                let renamed = rustix::fs::renameat(dir, MANIFEST, dir, TAKEN_UP);
                renamed.map_err(|e| Error::io("take up", dir.path(), e))?;
                Ok(None)
            }
        }
    }

    /// Step 6 of recovering: removes what a crash left of a pass that never got its manifest: an empty directory with a
    /// pass's name, or one with only our temporary manifest. Called before the reaper's first pass.
    pub fn tidy_queue(&self) -> Result<()> {
        let mut bases = vec![Place::Root];
        let cameras = self.cameras()?.open;
        let own = cameras.iter().filter(|camera| camera.has_directory());
        bases.extend(own.map(|camera| Place::Camera(camera.camera().clone())));
        for place in bases {
            if let Err(error) = self.tidy(&place) {
                tracing::warn!("{}", error.chain()); // continue with the other queues
            }
        }
        crash("recover-6");
        Ok(())
    }

    fn tidy(&self, place: &Place) -> Result<()> {
        let Some(queue) = self.queue_base(place)?.open_dir_if_there(QUEUE)? else { return Ok(()) };
        for name in queue.names()?.iter().filter(|name| is_pass_name(name)) {
            let Ok(dir) = queue.open_dir(name) else { continue };
            let Ok(inside) = dir.names() else { continue };
            if inside.iter().all(|name| is_unfinished(name)) {
                for name in inside {
                    let _ = rustix::fs::unlinkat(&dir, &name, AtFlags::empty());
                }
                let _ = rustix::fs::unlinkat(&queue, name, AtFlags::REMOVEDIR);
            }
        }
        Ok(())
    }
}

/// Whether an entry protects an event: `.saved` in its directory, or `.STEM.saved` beside its flat files.
fn is_mark(name: &[u8]) -> bool {
    name.starts_with(b".") && name.ends_with(SAVED.as_bytes())
}

/// `20261120T100436Z-AbCdEf`
fn is_pass_name(name: &[u8]) -> bool {
    let Some((time, rest)) = name.split_at_checked(17) else { return false };
    time.iter().enumerate().all(|(at, byte)| match at {
        8 => *byte == b'T',
        15 => *byte == b'Z',
        16 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    }) && rest.len() == 6
        && rest.iter().all(u8::is_ascii_alphanumeric)
}

/// The mount of a directory. The device alone is not enough: a folder of the same disk can be mounted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mount {
    device: (u32, u32),
    id: u64,
}

impl Mount {
    fn of(stat: &Statx) -> Self {
        Self { device: (stat.stx_dev_major, stat.stx_dev_minor), id: stat.stx_mnt_id }
    }
}

/// A removal in progress, on one thread or two.
struct Reaping<'a> {
    mount: Mount,
    tally: &'a Tally,
    turns: &'a dyn RateLimiter,
    /// Set by the first thread that the rate limiter stops, which ends the other too.
    was_cut_short: AtomicBool,
    /// Written by both threads.
    left: Mutex<Left>,
}

/// The methods return whether the entry is gone.
impl Reaping<'_> {
    fn pass(&self, queue: &Dir, name: &[u8], dir: &Dir) -> Result<bool> {
        if !self.empty(dir, MAX_DEPTH, Some(TAKEN_UP)) {
            return Ok(false);
        }
        crash("reap-2");
        if !self.remove(dir, TAKEN_UP, AtFlags::empty(), 0)? {
            return Ok(false);
        }
        crash("reap-3");
        let is_gone = self.remove(queue, name, AtFlags::REMOVEDIR, 0)?;
        crash("reap-4");
        Ok(is_gone)
    }

    /// Empties a directory except `spare`; true if nothing else is left in it.
    fn empty(&self, dir: &Dir, depth: u32, spare: Option<&[u8]>) -> bool {
        let mut entries = Vec::new();
        if let Err(error) = dir.list(|name, kind| entries.push((name.to_vec(), kind))) {
            return self.leave(Report::of(&error, dir.path()));
        }
        if entries.iter().any(|(name, _)| is_mark(name)) {
            return self.leave(Report::note(dir.path(), "saved: it stays in the delete queue"));
        }
        let (next, is_empty) = (AtomicUsize::new(0), AtomicBool::new(true));
        let work = || {
            while let Some((name, kind)) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                if spare != Some(name.as_slice()) && !self.entry(dir, name, *kind, depth) {
                    is_empty.store(false, Ordering::Relaxed);
                }
                if self.was_cut_short.load(Ordering::Relaxed) {
                    return;
                }
            }
        };
        if depth == MAX_DEPTH_BELOW_DAY && entries.len() > 1 {
            on_two_threads(work);
        } else {
            work();
        }
        is_empty.into_inner()
    }

    fn entry(&self, dir: &Dir, name: &[u8], kind: FileType, depth: u32) -> bool {
        let kind = match kind {
            FileType::Unknown => dir.stat(name).map(|stat| file_type(&stat)),
            known => Ok(known),
        };
        let removed = kind.and_then(|kind| match kind {
            FileType::Directory => self.directory(dir, name, depth),
            FileType::RegularFile => self.file(dir, name),
            _ => self.remove(dir, name, AtFlags::empty(), 0),
        });
        match removed {
            Ok(is_gone) => is_gone,
            Err(error) if error.is_not_found() => true,
            Err(error) => self.leave(Report::of(&error, dir.path())),
        }
    }

    fn directory(&self, dir: &Dir, name: &[u8], depth: u32) -> Result<bool> {
        let below = dir.open_dir(name)?;
        if depth == 0 || Mount::of(&below.stat_self()?) != self.mount {
            let why = "it is another disk's, or nested too deep; it stays in the delete queue";
            return Ok(self.leave(Report::failure(below.path(), why)));
        }
        Ok(self.empty(&below, depth - 1, None) && self.remove(dir, name, AtFlags::REMOVEDIR, 0)?)
    }

    /// Directory listings have no sizes, so each file is read with `stat`: a tenth of what its removal costs.
    fn file(&self, dir: &Dir, name: &[u8]) -> Result<bool> {
        match self.cut_down(dir, name, &dir.stat(name)?) {
            Some(size) => self.remove(dir, name, AtFlags::empty(), size),
            None => Ok(false),
        }
    }

    fn remove(&self, dir: &Dir, name: &[u8], flags: AtFlags, bytes: u64) -> Result<bool> {
        if !self.turns.next() {
            self.was_cut_short.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        match rustix::fs::unlinkat(dir, name, flags) {
            Ok(()) => {
                self.tally.entries.fetch_add(1, Ordering::Relaxed);
                self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
                Ok(true)
            }
            Err(Errno::NOENT) => Ok(true),
            Err(e) => Err(Error::io("remove", join(dir.path(), name), e)),
        }
    }

    /// Records that an entry stays, and why.
    fn leave(&self, report: Report) -> bool {
        let directory = report.path.parent().unwrap_or(&report.path).to_path_buf();
        self.left.lock().unwrap_or_else(PoisonError::into_inner).add(&directory, report);
        false
    }
}

/// Runs `work` on this thread and on another with the same name and priorities.
fn on_two_threads(work: impl Fn() + Send + Sync) {
    let this = std::thread::current();
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().name(this.name().unwrap_or_default().to_owned());
        if let Err(error) = other.spawn_scoped(scope, &work) {
            tracing::debug!("cannot start a second thread to remove with: {error}");
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_pass_names() {
        assert!(is_pass_name(b"20261120T100436Z-AbC1ef"));
        for bad in
            ["20261120T100436Z-AbC1e", "20261120T100436Z-AbC1e.", "2026-11-20", "trash", "x0261120T100436Z-AbC1ef"]
        {
            assert!(!is_pass_name(bad.as_bytes()), "{bad}");
        }
    }
}
