//! Passes in a root that has lost its marker, or that came from another archive. If the manifests in the delete queues
//! of a root without a marker all carry the same id, the root is marked with that id, and these passes can be restored
//! for at least a day. Other passes, and all of another id in a root that has a marker, are listed, can be restored by
//! name, and are never removed.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::AtFlags;

use super::Tree;
use super::dir::Dir;
use super::queue::{MANIFEST, Manifest, PassPart, PassParts, Place, QUEUE, Stage, read_manifest_of_any};
use crate::error::{Error, Result};
use crate::time::rfc3339;

/// For how long adopted passes can be restored at least.
const MIN_RESTORE_TIME: TimeDelta = TimeDelta::hours(24);

impl Tree {
    /// The archive id that all passes in the queues carry, or the one that was expected (`expect_identity`) if any of
    /// them carries that; `None` if there is no pass, or if the ids differ.
    pub(super) fn adoptable(&self) -> Option<String> {
        let ids = self.archives_of_passes();
        let expected = self.expected.get().filter(|id| ids.contains(*id)).cloned();
        let mut ids = ids.into_iter();
        expected.or_else(|| ids.next().filter(|_| ids.next().is_none())).filter(|id| is_id(id))
    }

    /// The archive ids in the manifests of all passes in the queues.
    pub fn archives_of_passes(&self) -> BTreeSet<String> {
        self.of_any_archive().into_iter().map(|(manifest, _)| manifest.archive).collect()
    }

    /// Extends the time to restore, for passes that are about to be adopted, to at least a day after `now`, also for
    /// those that the reaper had begun. Returns their names: they wait again from the beginning. Must be called before the
    /// root is marked. Does nothing in a root with a marker.
    pub fn spare_adoptable(&self, now: DateTime<Utc>) -> Result<BTreeSet<String>> {
        if matches!(self.marker(), Ok(None)) { self.spare(now) } else { Ok(BTreeSet::new()) }
    }

    /// Like `spare_adoptable`, also in a root whose marker is broken.
    pub(super) fn spare(&self, now: DateTime<Utc>) -> Result<BTreeSet<String>> {
        let mut spared = BTreeSet::new();
        let Some(archive) = self.adoptable() else { return Ok(spared) };
        tracing::warn!(
            "{} has lost its .owlery/archive.json; it is marked as archive {archive} again, since passes in its delete queue \
             are of that; they can be restored for 24 hours at least",
            self.root.display()
        );
        for (mut manifest, part) in self.of_any_archive() {
            if manifest.archive != archive || part.stage == Stage::Retiring {
                continue; // never reaped
            }
            spared.insert(manifest.pass.clone());
            let moment = |text: &str| DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
            let until = now.max(moment(&manifest.started).unwrap_or(now)) + MIN_RESTORE_TIME;
            // One that cannot be read means never.
            let is_longer =
                manifest.undo_until.as_deref().is_some_and(|planned| moment(planned).map_or(true, |at| at > until));
            if is_longer && part.stage == Stage::Waiting {
                continue;
            }
            if !is_longer {
                manifest.undo_until = Some(rfc3339(until));
            }
            part.dir.write_whole(MANIFEST, &manifest.text())?;
            if part.stage == Stage::Reaping {
                let removed = rustix::fs::unlinkat(&part.dir, Stage::Reaping.file(), AtFlags::empty());
                removed.map_err(|e| Error::io("give back", part.dir.path(), e))?;
            }
            part.dir.sync()?;
        }
        Ok(spared)
    }

    /// The parts of a pass of this name that belongs to another or an unknown archive; none if that archive's reaper
    /// had begun to remove it.
    pub(super) fn parts_of_another(&self, pass: &str) -> Option<(Manifest, PassParts)> {
        let found = self.of_any_archive().into_iter();
        let mut found = found.filter(|(manifest, part)| manifest.pass == pass && part.stage != Stage::Reaping);
        let (manifest, first) = found.next()?;
        let id = manifest.archive.clone();
        let others = found.filter(|(other, _)| other.archive == id).map(|(_, part)| part);
        Some((manifest, std::iter::once(first).chain(others).collect()))
    }

    /// All passes in the queues with a valid manifest, of any archive. Skips what cannot be read.
    fn of_any_archive(&self) -> Vec<(Manifest, PassPart)> {
        let mut found = Vec::new();
        let mut search = |base: &Dir, place: Place| {
            let Ok(Some(queue)) = base.open_dir_if_there(QUEUE) else { return };
            for name in queue.names().unwrap_or_default() {
                let Ok(dir) = queue.open_dir(&name) else { continue };
                if let Ok(Ok((manifest, stage))) = read_manifest_of_any(&dir) {
                    found.push((manifest, PassPart { place: place.clone(), dir, stage }));
                }
            }
        };
        if let Ok(root) = self.root_dir() {
            search(&root, Place::Root);
        }
        for camera in self.cameras().map(|cameras| cameras.open).unwrap_or_default() {
            search(&camera.dir, Place::Camera(camera.camera().clone()));
        }
        found
    }
}

/// Whether `text` has the form of an archive id: 32 hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
