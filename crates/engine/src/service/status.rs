//! The state of a service, component by component.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::scan::{Progress, Summary};
use crate::watch::Mode;

/// A component that can have a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// Preload: every event can be queried.
    Preload,
    /// Catalog: changes can be written.
    Catalog,
    /// Watch: recent directories are watched.
    Watch,
    /// Space: the free space can be read, if a rule needs it.
    Space,
    /// Disk: the archive's disks respond.
    Disk,
}

impl Component {
    /// All components.
    pub const ALL: [Self; 5] = [Self::Preload, Self::Catalog, Self::Watch, Self::Space, Self::Disk];

    /// The name in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preload => "preload",
            Self::Catalog => "catalog",
            Self::Watch => "watch",
            Self::Space => "space",
            Self::Disk => "disk",
        }
    }
}

/// The state of all components.
#[derive(Debug)]
pub struct Status {
    /// The problem of each component that has one. Written by the component's thread.
    troubles: Mutex<BTreeMap<Component, String>>,
    changed: Condvar,
    /// Whether the disks that do not respond are all of cameras. Written by the disk monitor.
    only_cameras_hang: AtomicBool,
    /// What a rule demands and cannot be done. Written by the expirer.
    alerts: Mutex<Vec<String>>,
    /// Problems of the archive as a whole, whatever the rules. Written by the expirer's timer.
    standing: Mutex<Vec<String>>,
    /// What is wrong with the time zone. Written by the expirer.
    zone: Mutex<Option<String>>,
    /// When the expirer's timer runs next; `None` before its first run. Written by the expirer.
    next_check: Mutex<Option<Instant>>,
    /// The progress of the walk. Written by the preloader.
    pub(super) progress: Arc<Progress>,
    /// How the archive is watched. Written by the watcher.
    mode: Mutex<Option<Mode>>,
    /// What the last walk found. Written by the preloader and the watcher.
    summary: Mutex<Option<Summary>>,
}

impl Status {
    pub(super) fn new() -> Self {
        let troubles = BTreeMap::from([
            (Component::Preload, "the archive is being read".to_owned()),
            (Component::Watch, "recent days are being read".to_owned()),
        ]);
        Self {
            troubles: Mutex::new(troubles),
            changed: Condvar::new(),
            only_cameras_hang: AtomicBool::new(false),
            alerts: Mutex::default(),
            standing: Mutex::default(),
            zone: Mutex::default(),
            next_check: Mutex::default(),
            progress: Arc::default(),
            mode: Mutex::default(),
            summary: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Component, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets or clears a component's problem; returns whether that changed it.
    pub(super) fn set(&self, component: Component, trouble: Option<&str>) -> bool {
        let mut troubles = self.lock();
        let before = match trouble {
            Some(trouble) => troubles.insert(component, trouble.to_owned()),
            None => troubles.remove(&component),
        };
        self.changed.notify_all();
        before.as_deref() != trouble
    }

    /// The components that are not ready, and why.
    pub fn troubles(&self) -> BTreeMap<Component, String> {
        self.lock().clone()
    }

    /// Whether every event can be queried and changes are noticed.
    pub fn is_ready(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether the catalog is complete enough to expire events. A camera's disk that does not respond stops no other camera.
    pub fn may_expire(&self) -> bool {
        let is_partial = self.only_cameras_hang.load(Ordering::Acquire);
        self.lock().keys().all(|part| *part == Component::Space || (*part == Component::Disk && is_partial))
    }

    /// Sets whether the disks that do not respond, if any, are those of cameras, and the root's responds. Called before the
    /// trouble is set.
    pub(super) fn set_only_cameras_hang(&self, is_partial: bool) {
        self.only_cameras_hang.store(is_partial, Ordering::Release);
    }

    /// Conditions that need a person: a disk that does not respond, then problems of the archive as a whole, then what
    /// a rule demands and cannot be done.
    pub fn alerts(&self) -> Vec<String> {
        let disk = self.lock().get(&Component::Disk).cloned();
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        disk.into_iter().chain(standing).chain(alerts.iter().cloned()).chain(self.zone()).collect()
    }

    /// What is wrong with the time zone, as a sentence.
    pub fn zone(&self) -> Option<String> {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets or clears the time zone warning; logs a new one once.
    pub(super) fn set_zone(&self, warning: Option<String>) {
        let mut known = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none()
            && let Some(warning) = &warning
        {
            tracing::warn!("{warning}");
        }
        *known = warning;
    }

    /// Replaces the alerts of the rules; logs them when there are more than before.
    pub(super) fn set_alerts(&self, alerts: Vec<String>) {
        replace(&self.alerts, alerts);
    }

    /// Replaces the alerts of the archive as a whole; logs them when there are more than before.
    pub(super) fn set_standing(&self, alerts: Vec<String>) {
        replace(&self.standing, alerts);
    }

    /// When the expirer's timer runs next.
    pub(super) fn next_check(&self) -> Option<Instant> {
        *self.next_check.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_next_check(&self, due: Instant) {
        *self.next_check.lock().unwrap_or_else(PoisonError::into_inner) = Some(due);
    }

    /// Waits until all components are ready; false after `timeout`.
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut troubles = self.lock();
        while !troubles.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            troubles = self.changed.wait_timeout(troubles, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The progress of the preload.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// How the archive is watched.
    pub fn mode(&self) -> Option<Mode> {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = Some(mode);
    }

    /// What the last walk found.
    pub fn summary(&self) -> Option<Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_summary(&self, summary: &Summary) {
        *self.summary.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary.clone());
    }
}

/// Replaces alerts; logs them when there are more than before. Their text changes with every check (free bytes), and
/// repeating it every 10 s would flood the log.
fn replace(known: &Mutex<Vec<String>>, alerts: Vec<String>) {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if alerts.len() > known.len() {
        for alert in &alerts {
            tracing::error!("ALERT {alert}");
        }
    }
    *known = alerts;
}
