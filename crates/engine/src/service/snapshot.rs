//! A snapshot of an archive for metrics: totals, ages, the disk, the delete queue, the guards. It costs
//! a few rows and system calls for each camera and a small file for each waiting pass, whatever the archive holds.

use super::camera_info::CameraInfo;
use super::handle::Handle;
use crate::error::{Error, Result};
use crate::event::Day;
use crate::expirer::{GuardState, QueueSums};
use crate::retention::ArchiveForecast;

/// A snapshot. Values that could not be read are missing.
#[derive(Debug, Clone, Default)]
pub struct ArchiveSnapshot {
    /// All cameras, by name.
    pub cameras: Vec<CameraSnapshot>,
    /// The forecast for the archive, and its disk.
    pub forecast: Option<ArchiveForecast>,
    /// What waits to be removed.
    pub queue: Option<QueueSums>,
    /// All guards.
    pub guards: Vec<GuardState>,
    /// The figures of the media cache, if it can be used.
    #[cfg(feature = "media")]
    pub cache: Option<owlery_cache::Stats>,
    /// What could not be read, and why.
    pub troubles: Vec<String>,
}

/// A camera in a snapshot.
#[derive(Debug, Clone)]
pub struct CameraSnapshot {
    /// Its totals.
    pub info: CameraInfo,
    /// The ages in seconds, by the wall clock, of its oldest and its newest event.
    pub ages: Option<(i64, i64)>,
    /// If a rule of age applies: for how many seconds the oldest expired day has been overdue.
    pub overdue: Option<u64>,
    /// How many bytes it records in a day, on average over the last 7 complete days.
    pub bytes_per_day: Option<u64>,
}

impl Handle {
    /// Takes a snapshot. Never fails as a whole.
    pub fn snapshot(&self) -> ArchiveSnapshot {
        let mut snapshot = ArchiveSnapshot::default();
        let mut troubles = Vec::new();
        let mut report = |error: Error| troubles.push(error.chain());
        match self.cameras_snapshot() {
            Ok((cameras, forecast)) => (snapshot.cameras, snapshot.forecast) = (cameras, Some(forecast)),
            Err(error) => report(error),
        }
        match self.expirer.queue_sums() {
            Ok(queue) => snapshot.queue = Some(queue),
            Err(error) => report(error),
        }
        match self.guards() {
            Ok(guards) => snapshot.guards = guards,
            Err(error) => report(error),
        }
        #[cfg(feature = "media")]
        {
            snapshot.cache = self.cache().ok().map(|cache| cache.stats());
        }
        snapshot.troubles = troubles;
        snapshot
    }

    fn cameras_snapshot(&self) -> Result<(Vec<CameraSnapshot>, ArchiveForecast)> {
        let now = self.now();
        let today = Day::try_from(now.today()).ok();
        let stats = self.stats(None)?;
        let policy = self.expirer.policy();
        let restored = self.expirer.restored_at(now);
        let ages = self.catalog.ages(
            |camera| policy.kept_from(camera, today?),
            |camera, day| restored.iter().any(|(of, restored)| of == camera && *restored == day),
        )?;
        let wall = now.local.and_utc().timestamp();
        let of_today = wall.rem_euclid(86_400).unsigned_abs();
        let see = |info: CameraInfo| {
            let camera = &info.summary.camera;
            let ages = ages.iter().find(|ages| &ages.camera == camera);
            let overdue = today.and_then(|today| policy.kept_from(camera, today)).map(|first| {
                let day = ages.and_then(|ages| ages.overdue);
                let days = day.map(|day| first.number().abs_diff(day.number()).saturating_sub(1));
                days.map_or(0, |days| days * 86_400 + of_today)
            });
            // Names of a clock that is ahead lie in the future.
            let age = |start: i64| wall.saturating_sub(start).max(0);
            CameraSnapshot {
                ages: ages.and_then(|ages| ages.reach).map(|(first, last)| (age(first), age(last))),
                overdue,
                bytes_per_day: stats.forecast.cameras.get(camera).and_then(|forecast| forecast.bytes_per_day_7),
                info,
            }
        };
        Ok((stats.cameras.into_iter().map(see).collect(), stats.forecast.archive))
    }
}

#[cfg(test)]
mod tests;
