//! Emptying the delete queue: the only recursive removal there is. It works by directory handle, enters nothing but
//! passes that carry our manifest, follows no link, crosses no mount point, and leaves every directory alone that holds
//! `.saved`. The manifest goes last, so that a pass that was cut off is still known as ours.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FileType, Statx};
use rustix::io::Errno;

use super::dir::{Dir, file_type, join};
use super::queue::{MANIFEST, Place, QUEUE, QueuedPass, read_manifest};
use super::{Report, SAVED, Tree};
use crate::error::{Error, Result};
use crate::fault::crash;

/// What was removed so far. Written by the reaper, read by whoever asks.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files, links and directories.
    pub entries: AtomicU64,
    /// The sizes of the files among them.
    pub bytes: AtomicU64,
}

/// How reaping a pass ended.
#[derive(Debug, Default)]
pub struct Reaped {
    /// Whether nothing of it is left.
    pub is_gone: bool,
    /// Whether it was told to stop meanwhile.
    pub was_stopped: bool,
    /// What stays: saved events, and what could not be removed.
    pub left: Vec<Report>,
}

/// How deep directories may be nested below a pass.
const DEEPEST: u32 = 64;

impl Tree {
    /// Removes what lies in a pass. Errors on single entries are reported and the rest goes on.
    pub fn reap(&self, pass: &QueuedPass, tally: &Tally, is_stopped: &dyn Fn() -> bool) -> Result<Reaped> {
        let archive = self.verify_identity()?.to_owned();
        let queue = self.queue_base(&pass.place)?.open_dir(QUEUE)?;
        let name = pass.manifest.pass.as_bytes();
        let mut reaped = Reaped::default();
        let dir = match queue.open_dir(name) {
            Err(error) if error.is_not_found() => {
                reaped.is_gone = true;
                return Ok(reaped);
            }
            other => other?,
        };
        if let Err(why) = read_manifest(&dir, &archive)? {
            reaped.left.push(Report::failure(dir.path(), format!("not a pass of ours: {why}")));
            return Ok(reaped);
        }
        crash("reap-1");
        let mount = Mount::of(&dir.stat_self()?);
        let mut reaping = Reaping { mount, tally, is_stopped, reaped: &mut reaped };
        if reaping.empty(&dir, DEEPEST, Some(MANIFEST)) {
            crash("reap-2");
            reaping.remove(&dir, MANIFEST, AtFlags::empty(), 0)?;
            crash("reap-3");
            reaping.remove(&queue, name, AtFlags::REMOVEDIR, 0)?;
            crash("reap-4");
            reaped.is_gone = true;
        }
        Ok(reaped)
    }

    /// Removes what a crash left of a pass that never got its manifest: an empty directory with a pass's name, or one
    /// that holds nothing but our temporary manifest. Called before the reaper's first pass.
    pub fn tidy_queue(&self) -> Result<()> {
        let mut bases = vec![Place::Root];
        bases.extend(self.cameras()?.open.iter().map(|camera| Place::Camera(camera.camera().clone())));
        for place in bases {
            let Some(queue) = self.queue_base(&place)?.open_dir_if_there(QUEUE)? else { continue };
            let mut names = Vec::new();
            queue.list(|name, _| names.push(name.to_vec()))?;
            for name in names.iter().filter(|name| is_pass_name(name)) {
                let Ok(dir) = queue.open_dir(name) else { continue };
                let mut inside = Vec::new();
                dir.list(|name, _| inside.push(name.to_vec()))?;
                let is_ours = |name: &Vec<u8>| name.starts_with(b".pass.json.") && name.ends_with(b".tmp");
                if inside.iter().all(is_ours) {
                    for name in inside {
                        let _ = rustix::fs::unlinkat(&dir, &name, AtFlags::empty());
                    }
                    let _ = rustix::fs::unlinkat(&queue, name, AtFlags::REMOVEDIR);
                }
            }
        }
        Ok(())
    }
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

/// What a directory is mounted by. The device alone does not tell: a folder of the same disk can be mounted too.
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

/// One removal under way.
struct Reaping<'a> {
    mount: Mount,
    tally: &'a Tally,
    is_stopped: &'a dyn Fn() -> bool,
    reaped: &'a mut Reaped,
}

impl Reaping<'_> {
    /// Empties a directory but for `spare`; true if nothing else is left in it.
    fn empty(&mut self, dir: &Dir, depth: u32, spare: Option<&[u8]>) -> bool {
        let mut entries = Vec::new();
        if let Err(error) = dir.list(|name, kind| entries.push((name.to_vec(), kind))) {
            return self.leave(dir, &error);
        }
        if entries.iter().any(|(name, _)| name == SAVED.as_bytes()) {
            self.reaped.left.push(Report::note(dir.path(), "saved: it stays in the delete queue"));
            return false;
        }
        let mut is_empty = true;
        for (name, kind) in entries {
            if (self.is_stopped)() {
                self.reaped.was_stopped = true;
                return false;
            }
            if spare != Some(name.as_slice()) {
                is_empty &= self.entry(dir, &name, kind, depth);
            }
        }
        is_empty
    }

    fn entry(&mut self, dir: &Dir, name: &[u8], kind: FileType, depth: u32) -> bool {
        let stat = match dir.stat(name) {
            Err(error) if error.is_not_found() => return true,
            Err(error) => return self.leave(dir, &error),
            Ok(stat) => stat,
        };
        let is_dir = kind == FileType::Directory || file_type(&stat) == FileType::Directory;
        let removed = if is_dir {
            if depth == 0 || Mount::of(&stat) != self.mount {
                let why = "it is another disk's, or nested too deep; it stays in the delete queue";
                self.reaped.left.push(Report::failure(join(dir.path(), name), why));
                return false;
            }
            match dir.open_dir(name) {
                Ok(below) => {
                    if !self.empty(&below, depth - 1, None) {
                        return false;
                    }
                    self.remove(dir, name, AtFlags::REMOVEDIR, 0)
                }
                Err(error) => Err(error),
            }
        } else {
            self.remove(dir, name, AtFlags::empty(), stat.stx_size)
        };
        match removed {
            Ok(()) => true,
            Err(error) => self.leave(dir, &error),
        }
    }

    fn remove(&self, dir: &Dir, name: &[u8], flags: AtFlags, bytes: u64) -> Result<()> {
        match rustix::fs::unlinkat(dir, name, flags) {
            Ok(()) | Err(Errno::NOENT) => {
                self.tally.entries.fetch_add(1, Ordering::Relaxed);
                self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
                Ok(())
            }
            Err(e) => Err(Error::io("remove", join(dir.path(), name), e)),
        }
    }

    fn leave(&mut self, dir: &Dir, error: &Error) -> bool {
        self.reaped.left.push(Report::of(error, dir.path()));
        false
    }
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
