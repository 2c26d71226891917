//! The watched directories, their paths, and the kernel's watches on them. Paths are those in notifications; a target
//! is the meaning of a directory.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};

use super::dirty::Dirty;
use crate::archive::event_path;
use crate::event::{Camera, Day, EventId};

/// A directory to scan. Ordered from the root, so that parents are scanned first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Target {
    /// The archive's root.
    Root,
    /// A camera's directory.
    Camera(Camera),
    /// A directory above those of a camera's days: of a year or a month.
    Above(Camera, PathBuf),
    /// A day's directory.
    Day(Camera, Day),
    /// A directory below a day's that holds files of events: that of an hour.
    Hour(Camera, Day, PathBuf),
    /// An open event's directory.
    Event(EventId),
}

/// The watched directories. Used by the watcher's thread only.
#[derive(Debug)]
pub(super) struct Targets {
    watcher: Option<RecommendedWatcher>,
    trouble: Option<String>,
    /// The cameras whose files lie in the root share its path.
    by_path: HashMap<PathBuf, Vec<Target>>,
    paths: HashMap<Target, PathBuf>,
    /// The days that were listed of each camera, watched or not.
    listed: HashMap<Camera, HashSet<Day>>,
}

impl Target {
    /// The camera that it belongs to.
    pub(super) fn camera(&self) -> Option<&Camera> {
        match self {
            Self::Root => None,
            Self::Camera(camera) | Self::Above(camera, _) | Self::Day(camera, _) | Self::Hour(camera, ..) => {
                Some(camera)
            }
            Self::Event(id) => Some(&id.camera),
        }
    }
}

impl Targets {
    /// No directories yet. With `notifies`, kernel notifications are used.
    pub(super) fn new(dirty: &Arc<Dirty>, notifies: bool) -> Self {
        let mut targets = Self {
            watcher: None,
            trouble: None,
            by_path: HashMap::new(),
            paths: HashMap::new(),
            listed: HashMap::new(),
        };
        if notifies {
            let dirty = Arc::clone(dirty);
            let config = Config::default().with_follow_symlinks(false);
            match RecommendedWatcher::new(move |event| dirty.note(event), config) {
                Ok(watcher) => targets.watcher = Some(watcher),
                Err(error) => targets.trouble = Some(error.to_string()),
            }
        }
        targets
    }

    /// Why notifications are not available, if they were requested.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// Remembers a directory and asks the kernel to watch it. If that fails, it is remembered for polling.
    pub(super) fn watch(&mut self, target: Target, path: &Path) -> notify::Result<()> {
        self.remember(target, path.to_path_buf());
        match &mut self.watcher {
            Some(watcher) => watcher.watch(path, RecursiveMode::NonRecursive),
            None => Ok(()),
        }
    }

    /// Remembers a directory without a watch.
    pub(super) fn remember(&mut self, target: Target, path: PathBuf) {
        if let Some(old) = self.paths.insert(target.clone(), path.clone()) {
            self.forget_path(&old, &target);
        }
        self.by_path.entry(path).or_default().push(target);
    }

    /// Returns whether no other target has this path.
    fn forget_path(&mut self, path: &Path, target: &Target) -> bool {
        let Some(here) = self.by_path.get_mut(path) else { return true };
        here.retain(|other| other != target);
        let is_last = here.is_empty();
        if is_last {
            self.by_path.remove(path);
        }
        is_last
    }

    /// The targets of a path in a notification.
    pub(super) fn of(&self, path: &Path) -> &[Target] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// The cameras that may have the file of a notification in a watched directory, each with the path below its own.
    pub(super) fn cameras_of_file(&self, path: &Path) -> Vec<(Camera, String)> {
        let Some(parent) = path.parent() else { return Vec::new() };
        let cameras: HashSet<&Camera> = self.of(parent).iter().filter_map(Target::camera).collect();
        let below = |camera: &Camera| {
            let base = self.paths.get(&Target::Camera(camera.clone()))?;
            Some((camera.clone(), path.strip_prefix(base).ok()?.to_str()?.to_owned()))
        };
        cameras.into_iter().filter_map(below).collect()
    }

    /// Whether this day of a camera was listed.
    pub(super) fn is_listed(&self, camera: &Camera, day: Day) -> bool {
        self.listed.get(camera).is_some_and(|days| days.contains(&day))
    }

    /// Whether a target is known.
    pub(super) fn has(&self, target: &Target) -> bool {
        self.paths.contains_key(target)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Target> {
        self.paths.keys()
    }

    /// The path of an event, if its camera is watched.
    pub(super) fn event_path(&self, id: &EventId) -> Option<PathBuf> {
        let camera = self.paths.get(&Target::Camera(id.camera.clone()))?;
        Some(event_path(camera, id.day, id.name))
    }

    pub(super) fn cameras(&self) -> HashSet<Camera> {
        self.listed.keys().cloned().collect()
    }

    /// Replaces the list of a camera's days; returns the previous one.
    pub(super) fn set_days(&mut self, camera: &Camera, days: &[Day]) -> HashSet<Day> {
        self.listed.insert(camera.clone(), days.iter().copied().collect()).unwrap_or_default()
    }

    pub(super) fn forget_day(&mut self, camera: &Camera, day: Day) {
        if let Some(days) = self.listed.get_mut(camera) {
            days.remove(&day);
        }
    }

    pub(super) fn forget(&mut self, target: &Target) {
        if let Some(path) = self.paths.remove(target)
            && self.forget_path(&path, target)
            && let Some(watcher) = &mut self.watcher
        {
            let _ = watcher.unwatch(&path); // gone with its directory, or never watched
        }
    }

    /// The path of a target.
    pub(super) fn path(&self, target: &Target) -> Option<&Path> {
        self.paths.get(target).map(PathBuf::as_path)
    }

    /// Forgets the directories of a day's hours.
    pub(super) fn forget_hours(&mut self, camera: &Camera, day: Day) {
        let is_hour = |target: &&Target| matches!(target, Target::Hour(of, on, _) if of == camera && *on == day);
        for target in self.paths.keys().filter(is_hour).cloned().collect::<Vec<_>>() {
            self.forget(&target);
        }
    }

    pub(super) fn forget_camera(&mut self, camera: &Camera) {
        let of_camera = |target: &&Target| target.camera() == Some(camera);
        for target in self.paths.keys().filter(of_camera).cloned().collect::<Vec<_>>() {
            self.forget(&target);
        }
        self.listed.remove(camera);
    }

    /// Forgets everything, before everything is scanned again.
    pub(super) fn forget_all(&mut self) {
        for target in self.paths.keys().cloned().collect::<Vec<_>>() {
            self.forget(&target);
        }
        self.listed.clear();
    }
}
