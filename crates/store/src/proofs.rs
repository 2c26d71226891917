//! What is proved to be in a store, kept in the state directory: a file for each camera's day, written after the day's manifest.
//! Retention reads it, so that no rule waits for a store. All of it can be made again from the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use owlery_model::event::{Camera, Day, EventName};
use owlery_state::state_file::{IfUnusable, StateContent, StateFile, make_folder};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::keys::HostName;
use crate::manifest::{HostIndex, Manifest};
use crate::source::{FileKind, Source, digest, objects_of};
use crate::url::StoreUrl;

/// How many digits of a digest are kept: it tells one state of a file from another, and protects against nothing.
const DIGITS: usize = 16;

/// The proofs of one archive's copies in one place of a store. Another place, or another archive, has others.
#[derive(Debug, Clone)]
pub struct Proofs {
    folder: PathBuf,
}

/// The proofs of a camera's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayProofs {
    /// The events that are whole in the store; of each the objects, and what each was made of.
    events: BTreeMap<EventName, BTreeMap<String, String>>,
    /// Those that the store has as saved.
    #[serde(default)]
    saved: BTreeSet<EventName>,
}

impl StateContent for DayProofs {
    const NAME: &'static str = "copied.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("the copies of its day are looked up in the store");
}

impl Proofs {
    /// The proofs in a state directory. Reads and makes nothing.
    pub fn new(state_dir: &Path, url: &StoreUrl, host: &HostName, archive: &str) -> Self {
        let place = url.place_id(&[host.as_str(), archive]);
        Self { folder: state_dir.join("stores").join(format!("copied-{place}")) }
    }

    /// The proofs of a day; a day without any has none.
    pub fn of_day(&self, camera: &Camera, day: Day) -> DayProofs {
        self.file(camera, day).load_or_default()
    }

    fn folder_of(&self, camera: &Camera, day: Day) -> PathBuf {
        self.folder.join(camera.as_str()).join(day.to_string())
    }

    fn file(&self, camera: &Camera, day: Day) -> StateFile<DayProofs> {
        StateFile::new(&self.folder_of(camera, day))
    }

    /// Keeps what a manifest in the store proves.
    pub(crate) fn keep(&self, manifest: &Manifest) {
        let proofs = DayProofs::of(manifest);
        if proofs == self.of_day(&manifest.camera, manifest.day) {
            return;
        }
        let kept = make_folder(&self.folder_of(&manifest.camera, manifest.day))
            .and_then(|()| self.file(&manifest.camera, manifest.day).write(&proofs));
        if let Err(error) = kept {
            tracing::warn!("{}; no rule retires the events of that day", error.chain());
        }
    }

    /// Forgets the proofs of days of which the store's index has fewer events, or of all days if there is none: the store, or
    /// part of it, was emptied. Returns these days.
    ///
    /// # Errors
    /// [`Error::Io`] if the proofs cannot be listed or removed.
    pub fn compare(&self, index: Option<&HostIndex>) -> Result<BTreeSet<(Day, Camera)>> {
        let mut lost = BTreeSet::new();
        for (camera, day) in self.days()? {
            let days = index.and_then(|index| index.cameras.get(&camera));
            let there = days.and_then(|days| days.get(&day)).map_or(0, |sums| sums.events);
            if self.of_day(&camera, day).events.len() as u64 > there {
                let file = self.file(&camera, day);
                file.remove().map_err(|error| Error::Config(error.chain()))?;
                lost.insert((day, camera));
            }
        }
        Ok(lost)
    }

    /// The days with proofs.
    ///
    /// # Errors
    /// [`Error::Io`] if their folders cannot be listed.
    pub fn days(&self) -> Result<Vec<(Camera, Day)>> {
        let mut days = Vec::new();
        for camera in names_in(&self.folder)? {
            let Ok(name) = camera.parse::<Camera>() else { continue };
            let of_camera = names_in(&self.folder.join(&camera))?;
            days.extend(of_camera.iter().filter_map(|day| Some((name.clone(), day.parse().ok()?))));
        }
        Ok(days)
    }
}

impl DayProofs {
    fn of(manifest: &Manifest) -> Self {
        let objects = |files: &[crate::manifest::CopiedFile]| {
            files.iter().map(|file| (file.plain_name().to_owned(), short(&file.source).to_owned())).collect()
        };
        let whole = manifest.events.iter().filter(|event| event.whole);
        Self {
            saved: whole.clone().filter(|event| event.saved).map(|event| event.name).collect(),
            events: whole.map(|event| (event.name, objects(&event.files))).collect(),
        }
    }

    /// The names of the events that are whole in the store.
    pub fn names(&self) -> impl ExactSizeIterator<Item = EventName> {
        self.events.keys().copied()
    }

    /// Whether there is a copy of an event. It may be one of what the event was before.
    pub fn has(&self, event: EventName) -> bool {
        self.events.contains_key(&event)
    }

    /// Whether the store has an event as saved.
    pub fn is_saved(&self, event: EventName) -> bool {
        self.saved.contains(&event)
    }

    /// What the copy of an event was made of: a digest for each object.
    pub fn copy_of(&self, event: EventName) -> Option<&BTreeMap<String, String>> {
        self.events.get(&event)
    }

    /// Whether the copy of an event is one of what lies on the disk now: each of its files of these kinds, by size and time.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn hold(&self, event: EventName, source: &dyn Source, kinds: &BTreeSet<FileKind>) -> Result<bool> {
        let Some(copied) = self.events.get(&event) else { return Ok(false) };
        // The strongest frame is among the frames, or was only to show what happened.
        let kinds = kinds.iter().copied().filter(|kind| *kind != FileKind::BestFrame).collect();
        let objects = objects_of(source, &kinds)?;
        Ok(objects.iter().all(|(name, group)| copied.get(name).is_some_and(|known| known == short(&digest(group)))))
    }
}

fn short(digest: &str) -> &str {
    digest.get(..DIGITS).unwrap_or(digest)
}

/// The names in a folder; none if it does not exist.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let fail = |error| Error::io("list", folder, error);
    match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(fail(error)),
        Ok(entries) => {
            let name = |entry: std::io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok());
            entries.filter_map(|entry| name(entry).map_err(fail).transpose()).collect()
        }
    }
}
