//! Where reading commands read from: beside a running daemon from its catalog; without one from the catalog after it
//! was compared with the tree; and where there is none by a scan that leaves nothing behind.

use super::{Here, output};
use crate::archive::Depth;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::event::{Camera, Day};
use crate::scan::Progress;
use crate::service::{Archive, Parts};

/// Something that can be asked for events.
pub(super) enum Source {
    /// The catalog of a running daemon.
    Beside(Box<Catalog>),
    /// A catalog of our own.
    Own(Box<Parts>),
}

impl Source {
    /// Opens what there is. Returns also whether something could not be read; it was named.
    pub fn open(here: &Here<'_>) -> Result<(Self, bool)> {
        let archive = &here.archive;
        match Self::open_found(here) {
            Err(error) if error.is_damaged_catalog() => Self::open_aside(archive, &error),
            other => other,
        }
    }

    fn open_found(here: &Here<'_>) -> Result<(Self, bool)> {
        let archive = &here.archive;
        let state = archive.state_path();
        let has_catalog = state.join("catalog.db").is_file();
        let beside = || Ok((Self::Beside(Box::new(Catalog::open_beside(&state)?)), false));
        if has_catalog && here.is_beside()? {
            return beside();
        }
        let parts = if has_catalog {
            match archive.parts() {
                Err(Error::Locked { .. }) => {
                    here.check_beside()?;
                    return beside();
                }
                other => other?,
            }
        } else {
            archive.parts_aside()?
        };
        Self::own(parts)
    }

    fn own(parts: Parts) -> Result<(Self, bool)> {
        let summary = parts.preload(Depth::NamesOnly, &Progress::default())?;
        let is_incomplete = output::reports(&summary.reports);
        Ok((Self::Own(Box::new(parts)), is_incomplete))
    }

    /// Walks the archive into a temporary catalog, because the one that is there is damaged.
    fn open_aside(archive: &Archive, error: &Error) -> Result<(Self, bool)> {
        tracing::warn!("{}; the archive is read instead", error.chain());
        Self::own(archive.parts_aside()?)
    }

    /// Runs `question`, and runs it again on what the archive itself holds where the catalog turns out to be damaged.
    pub fn ask<T>(&mut self, archive: &Archive, question: impl Fn(&Self) -> Result<T>) -> Result<T> {
        match question(self) {
            Err(error) if error.is_damaged_catalog() => {
                *self = Self::open_aside(archive, &error)?.0;
                question(self)
            }
            other => other,
        }
    }

    /// The catalog to ask.
    pub fn catalog(&self) -> &Catalog {
        match self {
            Self::Beside(catalog) => catalog,
            Self::Own(parts) => &parts.handle().catalog,
        }
    }

    /// The parts, where they are ours.
    pub fn parts(&self) -> Option<&Parts> {
        match self {
            Self::Beside(_) => None,
            Self::Own(parts) => Some(parts),
        }
    }
}

/// Measures days, and names what could not be read; false if anything could not.
pub(super) fn measure(parts: &Parts, days: Vec<(Camera, Day)>) -> Result<bool> {
    let mut is_whole = true;
    for (camera, day) in days {
        if let Err(error) = parts.handle().scanner.scan_day(&camera, day, Depth::Measure) {
            eprintln!("owlery: {}", error.chain());
            is_whole = false;
        }
    }
    parts.flush()?;
    Ok(is_whole)
}
