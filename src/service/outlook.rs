//! What is looked ahead: the cameras and the forecast that the program, its HTTP and an embedding program tell, and the
//! one warning of rules that do not fit the disk. How a forecast is made is `retention`'s.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::handle::{CameraInfo, Handle};
use super::zone;
use crate::archive::Tree;
use crate::catalog::Catalog;
use crate::clock::Now;
use crate::error::Result;
use crate::event::{Camera, Day};
use crate::retention::{Forecast, Policy, days_asked, forecast};

/// The cameras with what they have, and what becomes of it. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Every camera, by name.
    pub cameras: Vec<CameraInfo>,
    /// What becomes of them at the present rate.
    pub forecast: Forecast,
    /// The zone of this program's clock as an offset from UTC, such as `+01:00`.
    pub zone: String,
}

impl Stats {
    /// Reads the sums of a catalog and looks ahead by these rules. A root that cannot be looked at is no error: what
    /// depends on its disk is left out.
    pub(crate) fn of(
        catalog: &Catalog,
        tree: &Tree,
        ports: &BTreeMap<Camera, u16>,
        policy: &Policy,
        now: Now,
    ) -> Result<Self> {
        let forecast = look_ahead(catalog, tree, policy, now)?;
        Ok(Self { cameras: CameraInfo::of(catalog, ports)?, forecast, zone: zone::offset(now) })
    }

    /// Of these cameras as if there were no others: nothing of it tells of the archive or its disk.
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

fn look_ahead(catalog: &Catalog, tree: &Tree, policy: &Policy, now: Now) -> Result<Forecast> {
    let Some((first, last)) = days_asked(now) else { return Ok(Forecast::default()) };
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
    Ok(forecast(&sums, disk, policy, now))
}

impl Handle {
    /// The cameras and what becomes of them at the rate of the last days, by the archive's rules or by `policy` as a
    /// what-if. Asks the catalog for a few sums, and the disk for its free space. Fails if the catalog cannot be read.
    pub fn stats(&self, policy: Option<&Policy>) -> Result<Stats> {
        let policy = policy.unwrap_or(self.expirer.policy());
        let mut stats = Stats::of(&self.catalog, &self.tree, self.ports(), policy, self.now())?;
        stats.forecast.archive.warnings.extend(self.status.zone());
        Ok(stats)
    }

    /// The same of some cameras only (`None`: of all), by the archive's rules: for whoever knows of no others.
    pub(crate) fn stats_of(&self, cameras: Option<&BTreeSet<Camera>>) -> Result<Stats> {
        cameras.map_or_else(|| self.stats(None), |cameras| Stats::within(cameras, self))
    }
}

/// Warns once of rules that do not fit the disk.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Set by `came_to` when there is nothing more to say; read there only.
    is_told: bool,
}

impl Outlook {
    /// Called before a day is measured (for the first time: `new`), and with `None` after the last. The days that a
    /// forecast looks at are measured first, so whatever comes after them finds the sums known.
    pub fn came_to(&mut self, shared: &Handle, new: Option<Day>) {
        let first = days_asked(shared.now()).map(|(first, _)| first);
        if !self.is_told && new.is_none_or(|day| first.is_some_and(|first| day < first)) {
            self.is_told = tell(shared).unwrap_or_else(|error| {
                tracing::warn!("forecast: {}", error.chain());
                false
            });
        }
    }
}

/// Says what does not fit; false while the rate is not known.
fn tell(shared: &Handle) -> Result<bool> {
    let policy = shared.expirer.policy();
    if !policy.can_expire() {
        return Ok(true);
    }
    shared.changes.flush()?;
    let forecast = look_ahead(&shared.catalog, &shared.tree, policy, shared.now())?.archive;
    let is_known = forecast.bytes_per_day_7.is_some();
    for warning in forecast.warnings.iter().filter(|_| is_known) {
        tracing::warn!("forecast: {warning}");
    }
    Ok(is_known)
}
