//! Retires flat events: file by file, each by one rename that never overwrites, the movie last. Steps 5 and 6 of the
//! procedure in `doc/retention.md` for files.

use std::collections::BTreeSet;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::{Goal, RetiringPass, Source, rename};
use crate::day_dir::DayDir;
use crate::days::open_path;
use crate::dir::{Dir, join, mtime};
use crate::error::{Error, Result};
use crate::event::{Day, EventName};
use crate::fault::crash;
use crate::flat::{Entry, FlatDay, FlatSource, open_parent, saved_name, stat_below};
use crate::home::{Changed, make_path};
use crate::inspection::FlatSeen;
use crate::layout::FileKind;
use crate::queue::RetiredLayout;
use crate::retire::Retired;
use crate::{CameraDir, Inspection, Report};

/// A loose file that was written this short a time ago stays until the next pass. In nanoseconds.
const LOOSE_REST: i64 = 3_600_000_000_000;

impl RetiringPass<'_> {
    /// Steps 5 and 6 for a flat event. If one of its files changed, all that were moved go back.
    pub(super) fn retire_flat_event(
        &mut self,
        at: usize,
        day: &DayDir,
        (name, inspection): (EventName, &Inspection),
        retired: &mut Retired,
    ) -> Result<()> {
        let Some(flat) = &day.flat else { return Ok(()) };
        let mut moved: Vec<(&FlatSeen, Dir)> = Vec::new();
        let mut trouble = None;
        for seen in &inspection.flat {
            match self.move_flat(at, day, flat.base(), &seen.path) {
                Ok(target) => {
                    crash("retire-5");
                    let is_same = target.stat(file_name(&seen.path).as_bytes()).is_ok_and(|stat| seen.is_same(&stat));
                    moved.push((seen, target));
                    crash("retire-6");
                    if !is_same {
                        trouble =
                            Some("it changed while it was being retired; moved back until the next pass".to_owned());
                        break;
                    }
                }
                Err(error) if moved.is_empty() => return Err(error),
                Err(error) => {
                    trouble = Some(format!("moved back until the next pass: {}", error.chain()));
                    break;
                }
            }
        }
        let is_saved = |seen: &FlatSeen| stat_below(flat.base(), &beside(&seen.path, &saved_name(&seen.stem))).is_ok();
        if trouble.is_none() && inspection.flat.iter().any(is_saved) {
            trouble = Some("saved at the last moment".to_owned());
        }
        let Some(why) = trouble else {
            retired.events.push(name);
            return Ok(());
        };
        let path = join(flat.base().path(), inspection.flat.last().map_or(&b""[..], |seen| seen.path.as_bytes()));
        for (seen, target) in moved.into_iter().rev() {
            let back = open_parent(flat.base(), &seen.path).and_then(|(dir, file)| {
                let file = file.as_bytes();
                rename(&target, file, dir.as_ref().unwrap_or(flat.base()), file)
            });
            if let Err(error) = back {
                self.is_spared = true;
                retired.failures.push(Report::of(&error, &join(flat.base().path(), seen.path.as_bytes())));
            }
        }
        retired.put_back = true;
        retired.kept.push(Report::note(path, why));
        Ok(())
    }

    /// Moves one file below a base into the pass; returns the directory that it is in now.
    fn move_flat(&mut self, at: usize, day: &DayDir, base: &Dir, path: &str) -> Result<Dir> {
        let (parent, file) = open_parent(base, path)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let from = Source { dir: parent.as_ref().unwrap_or(base), name: file.as_bytes() };
        let mut target = None;
        self.move_in(at, Goal::Flat(day, folder), &from, file.as_bytes(), &mut target)?;
        target.map_or_else(|| self.target_of(at, Goal::Flat(day, folder)), Ok)
    }

    /// Moves what belongs to no event after all events of the day: snapshots, stills and timelapses go with their day.
    /// `spared` are files of a saved event of another day.
    pub(super) fn retire_loose(&mut self, at: usize, day: &DayDir, spared: &BTreeSet<String>, retired: &mut Retired) {
        let Some(flat) = &day.flat else { return };
        if !retired.failures.is_empty() || !retired.kept.is_empty() {
            return;
        }
        let listed = match flat.list() {
            Ok(listed) if !listed.names().any(|name| is_not_spared(&listed, name, spared)) => listed,
            Ok(_) => return, // an event is left, and some of them may be its frames
            Err(error) => return retired.failures.push(Report::of(&error, day.path())),
        };
        let since = self.now.nanos().saturating_sub(LOOSE_REST);
        let is_spared = |entry: &&Entry| spared.contains(&*entry.path);
        for entry in listed.loose().filter(|entry| entry.is_recording() && !is_spared(entry)) {
            let is_quiet = stat_below(flat.base(), &entry.path).is_ok_and(|stat| mtime(&stat) < since);
            if !is_quiet {
                continue;
            }
            match self.move_flat(at, day, flat.base(), &entry.path) {
                Ok(_) => retired.loose += 1,
                Err(error) => {
                    retired.failures.push(Report::of(&error, &join(flat.base().path(), entry.path.as_bytes())));
                }
            }
        }
    }

    /// Removes the directories of hours that are empty by now.
    pub(super) fn remove_empty_hours(&mut self, day: &DayDir) -> Result<()> {
        match day.flat.as_ref().filter(|_| day.is_whole) {
            Some(flat) => flat.remove_empty_dirs(|dir| self.touched.add(dir)),
            None => Ok(()),
        }
    }

    /// Removes the directories of the month and the year that the day's directory leaves empty, unless Motion is about
    /// to write into them.
    pub(super) fn remove_empty_parents(&mut self, at: usize, day: Day) {
        let camera = &self.cameras[at];
        let Some(path) = camera.layout.as_ref().and_then(|layout| layout.day_dir(day)) else { return };
        let dates = [self.now.today(), self.now.yesterday(), self.now.today() + chrono::Days::new(1)];
        let used = dates.map(|date| Day::try_from(date).ok().and_then(|day| camera.layout.as_ref()?.day_dir(day)));
        let mut rest = path.as_str();
        while let Some((above, _)) = rest.rsplit_once('/') {
            let is_used = used.iter().flatten().any(|path| path.starts_with(&format!("{above}/")));
            let (parent, name) = above.rsplit_once('/').map_or(("", above), |(parent, name)| (parent, name));
            let dir = if parent.is_empty() { camera.dir.again() } else { open_path(&camera.dir, parent) };
            let Ok(dir) = dir else { return };
            if is_used || rustix::fs::unlinkat(&dir, name.as_bytes(), AtFlags::REMOVEDIR).is_err() {
                return;
            }
            let _ = self.touched.add(&dir);
            rest = above;
        }
    }
}

/// Whether an event has files that belong to no saved event of another day.
fn is_not_spared(day: &FlatDay, name: EventName, spared: &BTreeSet<String>) -> bool {
    day.members(name).unwrap_or_default().iter().any(|entry| !spared.contains(&*entry.path))
}

/// The name of a file without its directories.
fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The path of another file in the same directory.
fn beside(path: &str, name: &str) -> String {
    path.rsplit_once('/').map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}

impl CameraDir {
    /// Its layout for a manifest.
    pub(super) fn retired_layout(&self) -> Option<(crate::event::Camera, RetiredLayout)> {
        let layout = self.layout.as_ref()?;
        let patterns = layout.layout.patterns().to_vec();
        Some((self.camera().clone(), RetiredLayout { patterns, in_root: layout.in_root }))
    }
}

impl DayDir {
    /// The same day in a pass, after its directory was moved there.
    pub(super) fn moved_to(&self, dir: Dir) -> Result<Self> {
        let flat =
            self.flat.as_ref().filter(|_| self.is_whole).map(|flat| Ok(flat.moved_to(dir.again()?))).transpose()?;
        let moved = Self::new(dir, self.camera.clone(), self.day, crate::numbered::Numbers::Retired);
        Ok(match flat {
            Some(flat) => moved.with_flat(flat, true),
            None => moved,
        })
    }
}

/// Moves flat files back from a directory of a pass to their base: event by event, and none of an event whose file names
/// are taken.
pub(crate) fn restore_flat(
    from: &FlatSource,
    base: &Dir,
    restored: &mut crate::restore::Restored,
    changed: &mut Changed<'_>,
) -> Result<()> {
    let listed = from.list()?;
    let mut back = |path: &str| {
        let (old, file) = open_parent(from.base(), path)?;
        let new = path.rsplit_once('/').map(|(folder, _)| make_path(base, folder, changed)).transpose()?;
        let (old, new) = (old.as_ref().unwrap_or(from.base()), new.as_ref().unwrap_or(base));
        changed(old)?;
        changed(new)?;
        rename(old, file.as_bytes(), new, file.as_bytes())?;
        crash("restore-2");
        Ok(())
    };
    let is_taken = |path: &str| match stat_below(base, path) {
        Err(Error::Io { source, .. }) => source.raw_os_error() != Some(Errno::NOENT.raw_os_error()),
        Ok(_) | Err(_) => true,
    };
    for name in listed.names() {
        let mut members = listed.members(name).unwrap_or_default();
        // The movie last, as when it was retired: where the movie is, the event is.
        members.sort_by_key(|entry| matches!(entry.file.kind, FileKind::Movie(_)));
        // Without numbers it is only a guess which event a picture belongs to.
        let (loose, members): (Vec<&Entry>, Vec<&Entry>) = members.into_iter().partition(|entry| {
            entry.file.number.is_none()
                && matches!(entry.file.kind, FileKind::Picture(_) | FileKind::DebugPicture(_))
                && is_taken(&entry.path)
        });
        for taken in loose {
            let path = join(from.base().path(), taken.path.as_bytes());
            restored.left.push(Report::failure(path, "a file of that name exists again; it stays in the queue"));
        }
        if let Some(taken) = members.iter().find(|entry| is_taken(&entry.path)) {
            let why = "a file of that name exists again; its event stays in the queue";
            restored.left.push(Report::failure(join(from.base().path(), taken.path.as_bytes()), why));
            continue;
        }
        match members.iter().try_for_each(|entry| back(&entry.path)) {
            Ok(()) => restored.events.push(name),
            Err(error) => restored.left.push(Report::of(&error, from.base().path())),
        }
    }
    for entry in listed.loose() {
        let path = join(from.base().path(), entry.path.as_bytes());
        if is_taken(&entry.path) {
            restored.left.push(Report::failure(path, "a file of that name exists again; it stays in the queue"));
        } else if let Err(error) = back(&entry.path) {
            restored.left.push(Report::of(&error, &path));
        }
    }
    super::pass_dirs::remove_empty_dirs(from.base(), crate::event_dir::MAX_DEPTH);
    Ok(())
}
