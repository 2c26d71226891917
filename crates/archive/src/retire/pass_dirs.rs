//! The directories of a pass that is being made: one in each delete queue that it needs, each with a manifest that is on
//! disk before anything is moved in. Steps 2 and 3 of the procedure in `doc/retention.md`.

use std::io;

use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

use super::{Goal, RetiringPass, open_or_make};
use crate::clock::Now;
use crate::dir::{Dir, join};
use crate::error::{Error, Operation, Result, is_full};
use crate::event_dir::MAX_DEPTH;
use crate::fault::crash;
use crate::queue::{FLAT_ENDING, Place, QUEUE, RETIRING, is_unfinished};

impl RetiringPass<'_> {
    /// The directory of the pass for something with this goal.
    pub(super) fn target_of(&mut self, at: usize, goal: Goal<'_>) -> Result<Dir> {
        let place = self.place_of(at)?;
        let mut target = open_or_make(&self.part(&place)?, self.cameras[at].camera().as_str().as_bytes())?;
        self.touched.add(&target)?;
        let (day, below) = match goal {
            Goal::Camera => return Ok(target),
            Goal::Day(day) => (day.day.to_string(), ""),
            Goal::Flat(day, below) => (format!("{}{FLAT_ENDING}", day.day), below),
        };
        for name in std::iter::once(day.as_str()).chain(below.split('/').filter(|name| !name.is_empty())) {
            target = open_or_make(&target, name.as_bytes())?;
            self.touched.add(&target)?;
        }
        Ok(target)
    }

    /// On a full disk every item fails in the same way, each with a pass of another name: the error names the queue
    /// instead, so that it is one error.
    pub(super) fn name_full_queue(&self, error: Error, at: usize) -> Error {
        let base = match self.place_of(at) {
            Ok(Place::Root) => self.root.path(),
            Ok(Place::Camera(_)) => self.cameras[at].path(),
            Err(_) => return error,
        };
        let queue = join(base, QUEUE);
        match error {
            Error::Io { op, path, source }
                if is_full(&source) && (path.starts_with(&queue) || op == Operation::Rename) =>
            {
                Error::io("make a pass in", queue, source)
            }
            other => other,
        }
    }

    /// The queue for a camera's days: the root's if one filesystem holds both.
    pub(super) fn place_of(&self, at: usize) -> Result<Place> {
        let camera = &self.cameras[at];
        if self.apart.contains(camera.camera()) {
            return Ok(Place::Camera(camera.camera().clone()));
        }
        let is_on_root = self.root.mount()? == camera.dir.mount()?;
        Ok(if is_on_root { Place::Root } else { Place::Camera(camera.camera().clone()) })
    }

    /// The pass's directory in a queue. If it does not exist yet, steps 2 and 3: created by mkdir, with a manifest that
    /// is on disk before anything is moved in.
    fn part(&mut self, place: &Place) -> Result<Dir> {
        if let Some((_, dir)) = self.parts.iter().find(|(made, _)| made == place) {
            return dir.again();
        }
        let base = match place {
            Place::Root => self.root.again()?,
            Place::Camera(_) => self.tree.queue_base(place)?,
        };
        self.tree.settle_identity()?;
        let queue = open_or_make(&base, QUEUE)?;
        let is_first = self.manifest.pass.is_empty();
        if is_first {
            self.manifest.pass = make_pass_dir(&queue, self.now)?;
        } else {
            make_dir(&queue, self.manifest.pass.as_bytes())?;
        }
        crash("retire-2");
        match self.begin_part(&base, &queue) {
            Ok((dir, kept)) => {
                crash("retire-3");
                self.parts.push((place.clone(), kept));
                Ok(dir)
            }
            Err(error) => {
                // Nothing was moved in yet: an unfinished pass must not stay behind, nor block the next item.
                let name = self.manifest.pass.as_bytes();
                if let Ok(dir) = queue.enter(name) {
                    let _ = rustix::fs::unlinkat(&dir, RETIRING, AtFlags::empty());
                }
                let _ = rustix::fs::unlinkat(&queue, name, AtFlags::REMOVEDIR);
                if is_first {
                    self.manifest.pass.clear();
                }
                Err(error)
            }
        }
    }

    /// Step 3: writes the manifest of a new pass directory. Returns two handles on it.
    fn begin_part(&self, base: &Dir, queue: &Dir) -> Result<(Dir, Dir)> {
        let dir = queue.open_dir(self.manifest.pass.as_bytes())?;
        let kept = dir.again()?;
        dir.take_owner_of(base);
        dir.write_whole(RETIRING, &self.manifest.text())?;
        dir.sync().and_then(|()| queue.sync()).and_then(|()| base.sync())?;
        Ok((dir, kept))
    }

    /// Removes the directories of a pass into which nothing was moved: the disk had room for them, and for nothing
    /// more. What cannot be removed stays an empty pass, which is reaped.
    pub(super) fn remove_empty_parts(&mut self) {
        let (tree, pass) = (self.tree, self.manifest.pass.as_bytes());
        self.parts.retain(|(place, part)| {
            remove_empty_dirs(part, MAX_DEPTH);
            if !part.names().is_ok_and(|names| names == [RETIRING]) {
                return true;
            }
            let _ = rustix::fs::unlinkat(part, RETIRING, AtFlags::empty());
            let queue = tree.queue_base(place).and_then(|base| base.open_dir(QUEUE));
            if let Ok(queue) = queue {
                let _ = rustix::fs::unlinkat(&queue, pass, AtFlags::REMOVEDIR);
            }
            false
        });
    }
}

/// Removes the empty directories below, deepest first.
pub(crate) fn remove_empty_dirs(dir: &Dir, depth: u32) {
    for name in dir.names().unwrap_or_default() {
        if depth > 0
            && let Ok(inner) = dir.open_dir(&name)
        {
            remove_empty_dirs(&inner, depth - 1);
        }
        // fails for a file, and for a directory that is not empty
        let _ = rustix::fs::unlinkat(dir, &name, AtFlags::REMOVEDIR);
    }
}

/// Creates a pass directory named after the time in UTC, and keeps it: from here on only the reaper removes it.
fn make_pass_dir(queue: &Dir, now: Now) -> Result<String> {
    let fail = |e: io::Error| Error::io("make a pass in", queue.path(), e);
    let made = tempfile::Builder::new()
        .prefix(&now.utc.format("%Y%m%dT%H%M%SZ-").to_string())
        .disable_cleanup(true) // by path, which means nothing here
        .make_in("", |path| {
            let name = path.file_name().unwrap_or_default();
            Ok(rustix::fs::mkdirat(queue, name, Mode::from_raw_mode(0o755))?)
        })
        .map_err(fail)?;
    let name = made.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    made.keep().map_err(|e| fail(e.error))?;
    Ok(name)
}

/// Creates the directory of a pass. An earlier attempt may have left an empty one.
fn make_dir(parent: &Dir, name: &[u8]) -> Result<()> {
    let fail = |e| Error::io("make", join(parent.path(), name), e);
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Err(Errno::EXIST) => {
            let names = parent.open_dir(name)?.names()?;
            let is_ours = names.iter().all(|name| is_unfinished(name));
            if is_ours { Ok(()) } else { Err(fail(Errno::EXIST)) }
        }
        made => made.map_err(fail),
    }
}
