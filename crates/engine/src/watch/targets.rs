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
    /// A day's directory.
    Day(Camera, Day),
    /// An open event's directory.
    Event(EventId),
}

/// The watched directories. Used by the watcher's thread only.
#[derive(Debug)]
pub(super) struct Targets {
    watcher: Option<RecommendedWatcher>,
    trouble: Option<String>,
    by_path: HashMap<PathBuf, Target>,
    paths: HashMap<Target, PathBuf>,
    /// The days that were listed of each camera, watched or not.
    listed: HashMap<Camera, HashSet<Day>>,
}

impl Target {
    /// The camera that it belongs to.
    pub(super) fn camera(&self) -> Option<&Camera> {
        match self {
            Self::Root => None,
            Self::Camera(camera) | Self::Day(camera, _) => Some(camera),
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
            self.by_path.remove(&old);
        }
        self.by_path.insert(path, target);
    }

    /// The target of a path in a notification.
    pub(super) fn of(&self, path: &Path) -> Option<Target> {
        self.by_path.get(path).cloned()
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
        if let Some(path) = self.paths.remove(target) {
            self.by_path.remove(&path);
            if let Some(watcher) = &mut self.watcher {
                let _ = watcher.unwatch(&path); // gone with its directory, or never watched
            }
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
