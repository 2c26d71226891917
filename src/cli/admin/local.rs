//! Operations by this process, where no daemon runs. Those that act take the archive's lock.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use super::super::session::Session;
use super::super::source::Source;
use super::super::{output, progress};
use super::{Admin, Found};
use crate::daemon::control::{recalled_event, scan_summary};
use crate::http::convert;
use crate::protocol::control::ScanSummary;
use crate::protocol::{Cameras, Pass, Plan, Queue, RecalledEvent, Restoration};
use crate::{Archive, Depth, Error, EventId, Measure, OpenArchive, Progress, Result, Rules};

/// The archive of a session.
pub(super) struct Local<'a> {
    session: &'a Session<'a>,
    /// The archive of a scan, closed when this is dropped: after the summary is printed.
    scanned: RefCell<Option<OpenArchive>>,
}

impl<'a> Local<'a> {
    pub(super) fn new(session: &'a Session<'_>) -> Self {
        Self { session, scanned: RefCell::default() }
    }

    fn archive(&self) -> &Archive {
        &self.session.archive
    }
}

impl Admin for Local<'_> {
    /// The rules of the session, which include those typed, are in force already.
    fn plan(&self, _what_if: Option<Rules>) -> Result<Found<Plan>> {
        let Found { value: mut source, is_incomplete } = Source::open(self.session)?;
        let value = source.query(self.archive(), |source| {
            let locked = || Error::Locked { holder: "another owlery command".to_owned() };
            let open = source.own_archive().ok_or_else(locked)?;
            measure(open, Measure::Plan)?;
            open.handle().preview(None).map(convert::plan)
        })?;
        Ok(Found { value, is_incomplete })
    }

    fn stats(&self, _what_if: Option<Rules>) -> Result<Found<Cameras>> {
        let archive = self.archive();
        let has_catalog = archive.has_catalog();
        let Found { value: mut source, mut is_incomplete } = Source::open(self.session)?;
        if let Some(open) = source.own_archive().filter(|_| !has_catalog) {
            // The catalog is temporary, so nothing measures its events later.
            is_incomplete |= !measure(open, Measure::Unmeasured)?;
        }
        let stats = source.query(archive, Source::stats)?;
        Ok(Found { value: convert::cameras(stats), is_incomplete })
    }

    fn expire(&self, confirm: Option<&str>) -> Result<Found<Pass>> {
        match expire(self.archive(), confirm) {
            // The catalog is read only before the first rename. By now it has been set aside.
            Err(error) if error.is_damaged_catalog() => {
                tracing::warn!("{}; the archive is read again", error.chain());
                expire(self.archive(), confirm)
            }
            other => other,
        }
    }

    fn queue(&self) -> Result<Queue> {
        self.archive().open_aside()?.handle().queue().map(convert::queue)
    }

    fn restore(&self, pass: &str) -> Result<Restoration> {
        self.archive().open_to_change()?.handle().restore(pass).map(convert::restoration)
    }

    fn delete(&self, events: &[EventId]) -> Result<Pass> {
        Ok(convert::pass(&self.archive().open_to_change()?.handle().delete(events)?))
    }

    fn save(&self, events: &[EventId], saved: bool) -> Result<Vec<Result<()>>> {
        let open = self.archive().open_to_change()?;
        Ok(events.iter().map(|event| open.handle().set_saved(event, saved)).collect())
    }

    fn place_recalled(&self, event: &EventId, store: &str) -> Result<RecalledEvent> {
        self.archive().open_to_change()?.handle().place_recalled(event, store).map(recalled_event)
    }

    fn scan(&self, measure: bool) -> Result<ScanSummary> {
        let open = self.archive().open_catalog()?;
        let progress = Arc::new(Progress::default());
        let shown = progress::Shown::start(Arc::clone(&progress), || false);
        let depth = if measure { Depth::Full } else { Depth::NamesOnly };
        let summary = open.preload(depth, &progress)?;
        drop(shown);
        self.scanned.replace(Some(open));
        Ok(scan_summary(&summary))
    }

    /// The next start scans the movie.
    fn movie_ended(&self, _path: &Path) -> Result<Option<String>> {
        Ok(None)
    }
}

fn expire(archive: &Archive, confirm: Option<&str>) -> Result<Found<Pass>> {
    let may_retire = archive.options().policy.can_expire() || confirm.is_some();
    let open = if may_retire { archive.open_to_change()? } else { archive.open_catalog()? };
    let summary = open.preload(Depth::NamesOnly, &Progress::default())?;
    let mut is_incomplete = output::reports(&summary.reports);
    measure(&open, Measure::Plan)?;
    let (pass, left) = open.expire(confirm)?;
    is_incomplete |= output::reports(&left);
    // Passes of other archives, for example: they are not part of this operation.
    let mut others = open.handle().queue()?.others;
    others.retain(|other| other.unreadable && !left.contains(other) && !pass.failures.contains(other));
    output::reports(&others);
    Ok(Found { value: convert::pass(&pass), is_incomplete })
}

/// Measures events, and prints what could not be read; false if anything could not.
pub(in super::super) fn measure(archive: &OpenArchive, what: Measure<'_>) -> Result<bool> {
    let failures = archive.measure(what)?;
    for error in &failures {
        eprintln!("owlery: {}", error.chain());
    }
    Ok(failures.is_empty())
}
