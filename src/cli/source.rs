//! The catalog that a command reads: the daemon's if one runs; else the archive's own, after a scan has updated it; and where
//! there is none, a temporary one filled by a scan.

use super::admin::Found;
use super::output;
use super::session::Session;
use crate::{
    Archive, CameraInfo, CatalogReader, DaySummary, Depth, Error, OpenArchive, Page, Progress, Query, Result, Stats,
};

/// An open catalog.
pub(super) enum Source {
    /// The catalog of a running daemon.
    Beside(Box<CatalogReader>),
    /// The catalog of this process.
    Own(Box<OpenArchive>),
}

impl Source {
    /// Opens the catalog.
    pub(super) fn open(session: &Session<'_>) -> Result<Found<Self>> {
        let archive = &session.archive;
        match Self::open_existing(session) {
            Err(error) if error.is_damaged_catalog() => Self::open_aside(archive, &error),
            other => other,
        }
    }

    fn open_existing(session: &Session<'_>) -> Result<Found<Self>> {
        let archive = &session.archive;
        let beside = || Ok(Found::whole(Self::Beside(Box::new(archive.read_catalog()?))));
        if !archive.has_catalog() {
            return Self::own(archive.open_aside()?);
        }
        if session.has_daemon()? {
            return beside();
        }
        match archive.open_catalog() {
            Err(Error::Locked { .. }) => {
                session.check_beside_daemon()?;
                beside()
            }
            other => Self::own(other?),
        }
    }

    fn own(archive: OpenArchive) -> Result<Found<Self>> {
        let summary = archive.preload(Depth::NamesOnly, &Progress::default())?;
        let is_incomplete = output::reports(&summary.reports);
        Ok(Found { value: Self::Own(Box::new(archive)), is_incomplete })
    }

    /// Scans the archive into a temporary catalog, because its own one is damaged.
    fn open_aside(archive: &Archive, error: &Error) -> Result<Found<Self>> {
        tracing::warn!("{}; the archive is read instead", error.chain());
        Self::own(archive.open_aside()?)
    }

    /// Runs `question`. Where the catalog turns out to be damaged, scans the archive into a temporary one and runs it again.
    pub(super) fn query<T>(&mut self, archive: &Archive, question: impl Fn(&Self) -> Result<T>) -> Result<T> {
        match question(self) {
            Err(error) if error.is_damaged_catalog() => {
                *self = Self::open_aside(archive, &error)?.value;
                question(self)
            }
            other => other,
        }
    }

    /// A page of events.
    pub(super) fn events(&self, query: &Query) -> Result<Page> {
        match self {
            Self::Beside(catalog) => catalog.events(query),
            Self::Own(archive) => archive.handle().events(query),
        }
    }

    /// All cameras with events, by name.
    pub(super) fn cameras(&self) -> Result<Vec<CameraInfo>> {
        match self {
            Self::Beside(catalog) => catalog.cameras(),
            Self::Own(archive) => archive.handle().cameras(),
        }
    }

    /// The days with events or loose files, newest first, then by camera.
    pub(super) fn days(&self) -> Result<Vec<DaySummary>> {
        match self {
            Self::Beside(catalog) => catalog.days(),
            Self::Own(archive) => archive.handle().days(None, None, None),
        }
    }

    /// The cameras and their forecast.
    pub(super) fn stats(&self) -> Result<Stats> {
        match self {
            Self::Beside(catalog) => catalog.stats(),
            Self::Own(archive) => archive.stats(),
        }
    }

    /// The archive, unless the catalog is the daemon's.
    pub(super) fn own_archive(&self) -> Option<&OpenArchive> {
        match self {
            Self::Beside(_) => None,
            Self::Own(archive) => Some(archive),
        }
    }
}
