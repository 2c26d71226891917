//! The cameras with their forecast, for the program, HTTP and embedding programs, and the single log warning about rules
//! that do not fit the disk. `retention` computes the forecast.

mod expiry;

use std::collections::BTreeSet;

use serde::Serialize;

use super::camera_info::{CameraInfo, Streams};
use super::handle::Handle;
use super::zone;
use crate::archive::Tree;
use crate::catalog::Catalog;
use crate::clock::Now;
use crate::error::Result;
use crate::event::{Camera, Day};
use crate::retention::{CameraSums, Disk, Forecast, Policy, days_asked, forecast};

/// The cameras with their totals and forecast. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// All cameras, by name.
    pub cameras: Vec<CameraInfo>,
    /// What becomes of them at the present rate.
    pub forecast: Forecast,
    /// The zone of this program's clock as an offset from UTC, such as `+01:00`.
    pub zone: String,
}

impl Stats {
    /// Reads the totals of a catalog and computes the forecast under these rules. A root that cannot be read is no
    /// error: what depends on its disk is left out.
    pub(super) fn of(catalog: &Catalog, tree: &Tree, streams: &Streams, policy: &Policy, now: Now) -> Result<Self> {
        let forecast = archive_forecast(catalog, tree, policy, now)?;
        Ok(Self { cameras: CameraInfo::of(catalog, streams)?, forecast, zone: zone::offset(now) })
    }

    /// Like `of`, as if these cameras were the only ones: reveals nothing about the archive or its disk.
    fn within(cameras: &BTreeSet<Camera>, handle: &Handle) -> Result<Self> {
        let (now, mut shown) = (handle.now(), handle.cameras()?);
        shown.retain(|info| cameras.contains(&info.summary.camera));
        let Some((first, last)) = days_asked(now) else {
            return Ok(Self { cameras: shown, forecast: Forecast::default(), zone: zone::offset(now) });
        };
        let mut sums = handle.catalog.sums(first, last)?;
        sums.retain(|sums| cameras.contains(&sums.camera));
        let policy = handle.expirer.policy().within(cameras);
        Ok(Self { cameras: shown, forecast: forecast(&sums, None, &policy, now), zone: zone::offset(now) })
    }
}

fn archive_forecast(catalog: &Catalog, tree: &Tree, policy: &Policy, now: Now) -> Result<Forecast> {
    let (sums, disk) = sums_and_disk(catalog, tree, now)?;
    Ok(forecast(&sums, disk, policy, now))
}

/// The totals of all cameras that a forecast needs, and the archive's disk if it can be read.
fn sums_and_disk(catalog: &Catalog, tree: &Tree, now: Now) -> Result<(Vec<CameraSums>, Option<Disk>)> {
    let Some((first, last)) = days_asked(now) else { return Ok((Vec::new(), None)) };
    let mut sums = catalog.sums(first, last)?;
    let disk = match tree.last_disk() {
        Ok((disk, apart)) => {
            for sums in &mut sums {
                sums.apart = apart.contains(&sums.camera);
            }
            Some(disk)
        }
        Err(error) => {
            tracing::debug!("{}", error.chain());
            None
        }
    };
    Ok((sums, disk))
}

impl Handle {
    /// The cameras and their forecast at the rate of the last days, under the archive's rules or under `policy`
    /// instead. Reads a few totals from the catalog, and the free space from the disk. Fails if the catalog cannot be
    /// read.
    pub fn stats(&self, policy: Option<&Policy>) -> Result<Stats> {
        let policy = policy.unwrap_or(self.expirer.policy());
        let mut stats = Stats::of(&self.catalog, &self.tree, self.streams(), policy, self.now())?;
        stats.forecast.archive.warnings.extend(self.status.zone());
        stats.forecast.archive.warnings.extend(self.expirer.forecast_warning());
        Ok(stats)
    }

    /// Like `stats`, for some cameras only (`None`: all), under the archive's rules. For users who may not see the
    /// others.
    pub fn stats_of(&self, cameras: Option<&BTreeSet<Camera>>) -> Result<Stats> {
        cameras.map_or_else(|| self.stats(None), |cameras| Stats::within(cameras, self))
    }
}

/// Warns once about rules that do not fit the disk.
#[derive(Debug, Default)]
pub(super) struct ForecastWarning {
    /// Set by `came_to` when the warning was given or there is none.
    is_done: bool,
}

impl ForecastWarning {
    /// Called before a day is measured for the first time (`new`), and with `None` after the last. The days that a
    /// forecast uses are measured first, so the totals are known when an older day comes.
    pub(super) fn came_to(&mut self, shared: &Handle, new: Option<Day>) {
        let first = days_asked(shared.now()).map(|(first, _)| first);
        if !self.is_done && new.is_none_or(|day| first.is_some_and(|first| day < first)) {
            self.is_done = warn(shared).unwrap_or_else(|error| {
                tracing::warn!("forecast: {}", error.chain());
                false
            });
        }
    }
}

/// Logs what does not fit; false while the rate is not known.
fn warn(shared: &Handle) -> Result<bool> {
    let policy = shared.expirer.policy();
    if !policy.can_expire() {
        return Ok(true);
    }
    shared.changes.flush()?;
    let forecast = archive_forecast(&shared.catalog, &shared.tree, policy, shared.now())?.archive;
    let is_known = forecast.bytes_per_day_7.is_some();
    for warning in forecast.warnings.iter().filter(|_| is_known) {
        tracing::warn!("forecast: {warning}");
    }
    Ok(is_known)
}
