//! The catalog of an archive that another process manages, opened to read. Its results are as recent as that
//! process keeps the catalog.

use super::camera_info::{CameraInfo, Streams};
use super::stats::Stats;
use super::{Archive, zone};
use crate::audit;
use crate::catalog::{AuditPage, Catalog, DaySummary, Page, Query};
use crate::error::Result;

/// An archive's catalog, opened to read beside the process that keeps it up to date. Takes no lock.
#[derive(Debug)]
pub struct CatalogReader {
    catalog: Catalog,
    archive: Archive,
}

impl CatalogReader {
    pub(super) fn open(archive: &Archive) -> Result<Self> {
        Ok(Self { catalog: Catalog::open_beside(&archive.state_path())?, archive: archive.clone() })
    }

    /// A page of events.
    pub fn events(&self, query: &Query) -> Result<Page> {
        self.catalog.events(query)
    }

    /// All cameras, by name.
    pub fn cameras(&self) -> Result<Vec<CameraInfo>> {
        CameraInfo::of(&self.catalog, &Streams::of(&self.archive.options))
    }

    /// The days with events or loose files, newest first, then by camera.
    pub fn days(&self) -> Result<Vec<DaySummary>> {
        self.catalog.days(None, None, None)
    }

    /// The cameras and their forecast by the archive's rules, with a warning about the time zone if that seems wrong.
    pub fn stats(&self) -> Result<Stats> {
        let Archive { options, tree, .. } = &self.archive;
        let now = options.clock.now();
        let mut stats = Stats::of(&self.catalog, tree, &Streams::of(options), &options.policy, now)?;
        stats.forecast.archive.warnings.extend(zone::warning(&self.catalog, tree, options.event_gap, now)?);
        Ok(stats)
    }
}

impl Archive {
    /// A page of the audit log, newest first: at most `limit` entries with a number below `before`. Returns also how many
    /// lines of the log could not be parsed. Reads the catalog if that has all entries, else the files of the log; takes
    /// no lock.
    pub fn audit(&self, limit: usize, before: Option<u64>) -> Result<(AuditPage, u64)> {
        let state = self.state_path();
        if self.has_catalog() {
            let of_catalog = || -> Result<Option<AuditPage>> {
                let catalog = Catalog::open_beside(&state)?;
                if audit::is_in(&catalog, &state)? { catalog.audit(limit, before).map(Some) } else { Ok(None) }
            };
            match of_catalog() {
                Ok(Some(page)) => return Ok((page, 0)),
                Ok(None) => {}
                Err(error) => tracing::info!("{}; reading the files of the audit log instead", error.chain()),
            }
        }
        audit::from_files(&state, limit, before)
    }
}
