//! How the service is doing, part by part.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::scan::{Progress, Summary};
use crate::watch::Mode;

/// A part that can be in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// Every event can be queried.
    Preload,
    /// Changes can be written.
    Catalog,
    /// Recent directories are watched.
    Watch,
    /// The free space can be read, where a rule asks for it.
    Space,
    /// The archive's disks respond.
    Disk,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Preload, Self::Catalog, Self::Watch, Self::Space, Self::Disk];

    /// The word that users see.
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

/// The state of all parts.
#[derive(Debug)]
pub struct Status {
    /// The trouble of each part that has one. Written by the part's thread, read by whoever asks.
    troubles: Mutex<BTreeMap<Component, String>>,
    changed: Condvar,
    /// What a rule asks for and cannot be done. Written by the expirer, read by whoever asks.
    alerts: Mutex<Vec<String>>,
    /// What keeps the archive from being managed at all, whatever the rules. Written by the expirer's timer, read by whoever asks.
    standing: Mutex<Vec<String>>,
    /// What is wrong with the time zone. Written by the expirer, read by whoever asks.
    zone: Mutex<Option<String>>,
    /// When the expirer's timer runs next; `None` before its first run. Written by the expirer, read by whoever asks.
    next_check: Mutex<Option<Instant>>,
    /// How far the walk has come.
    pub(crate) progress: Arc<Progress>,
    /// How the archive is watched; written by the watcher.
    mode: Mutex<Option<Mode>>,
    /// What the last walk found; written by the preloader and the watcher.
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

    /// Sets or clears a part's trouble; true if that is new.
    pub(crate) fn set(&self, part: Component, trouble: Option<&str>) -> bool {
        let mut troubles = self.lock();
        let before = match trouble {
            Some(trouble) => troubles.insert(part, trouble.to_owned()),
            None => troubles.remove(&part),
        };
        self.changed.notify_all();
        before.as_deref() != trouble
    }

    /// The parts that are not ready, and why.
    pub fn troubles(&self) -> BTreeMap<Component, String> {
        self.lock().clone()
    }

    /// Whether every event can be queried and news arrive.
    pub fn is_ready(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether enough is known to expire by.
    pub(crate) fn may_expire(&self) -> bool {
        self.lock().keys().all(|part| *part == Component::Space)
    }

    /// What needs a person, in words: a disk that does not respond, what keeps the archive from being managed at all, then what a rule asks for and cannot be
    /// done.
    pub fn alerts(&self) -> Vec<String> {
        let disk = self.lock().get(&Component::Disk).cloned();
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        disk.into_iter().chain(standing).chain(alerts.iter().cloned()).chain(self.zone()).collect()
    }

    /// What is wrong with the time zone, in words.
    pub(crate) fn zone(&self) -> Option<String> {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets or clears that; a new warning is logged once.
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

    /// Waits until all is ready; false if `timeout` passes before.
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

/// Replaces alerts; logs them when there are more than before. Their words change with every look (how much is free), and a
/// log that repeats them every 10 s helps nobody.
fn replace(known: &Mutex<Vec<String>>, alerts: Vec<String>) {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if alerts.len() > known.len() {
        for alert in &alerts {
            tracing::error!("ALERT {alert}");
        }
    }
    *known = alerts;
}
