//! The catalog that a command reads: the daemon's if one runs; else the archive's own, after a scan has updated it; and where
//! there is none, a temporary one filled by a scan.

use super::admin::Found;
use super::output;
use super::session::Session;
use crate::archive::Depth;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::scan::Progress;
use crate::service::{Archive, Parts};

/// An open catalog.
pub(super) enum Source {
    /// The catalog of a running daemon.
    Beside(Box<Catalog>),
    /// The catalog of this process.
    Own(Box<Parts>),
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
        let state = archive.state_path();
        let has_catalog = state.join("catalog.db").is_file();
        let beside = || Ok(Found::whole(Self::Beside(Box::new(Catalog::open_beside(&state)?))));
        if has_catalog && session.has_daemon()? {
            return beside();
        }
        let parts = if has_catalog {
            match archive.parts() {
                Err(Error::Locked { .. }) => {
                    session.check_beside_daemon()?;
                    return beside();
                }
                other => other?,
            }
        } else {
            archive.parts_aside()?
        };
        Self::own(parts)
    }

    fn own(parts: Parts) -> Result<Found<Self>> {
        let summary = parts.preload(Depth::NamesOnly, &Progress::default())?;
        let is_incomplete = output::reports(&summary.reports);
        Ok(Found { value: Self::Own(Box::new(parts)), is_incomplete })
    }

    /// Scans the archive into a temporary catalog, because its own one is damaged.
    fn open_aside(archive: &Archive, error: &Error) -> Result<Found<Self>> {
        tracing::warn!("{}; the archive is read instead", error.chain());
        Self::own(archive.parts_aside()?)
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

    /// The catalog.
    pub(super) fn catalog(&self) -> &Catalog {
        match self {
            Self::Beside(catalog) => catalog,
            Self::Own(parts) => &parts.handle().catalog,
        }
    }

    /// The parts, unless the catalog is the daemon's.
    pub(super) fn parts(&self) -> Option<&Parts> {
        match self {
            Self::Beside(_) => None,
            Self::Own(parts) => Some(parts),
        }
    }
}
