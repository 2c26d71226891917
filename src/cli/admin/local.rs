//! Operations by this process, where no daemon runs. Those that act take the archive's lock.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use super::super::session::Session;
use super::super::source::Source;
use super::super::{output, progress};
use super::{Admin, Found};
use crate::archive::Depth;
use crate::daemon::control::scan_summary;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId};
use crate::http::convert;
use crate::protocol::control::ScanSummary;
use crate::protocol::{Cameras, Pass, Plan, Queue, Restoration};
use crate::retention::Rules;
use crate::scan::Progress;
use crate::service::{Archive, Parts, Stats, zone};

/// The archive of a session.
pub(super) struct Local<'a> {
    session: &'a Session<'a>,
    /// The parts of a scan, closed when this is dropped: after the summary is printed.
    scanned: RefCell<Option<Parts>>,
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
            let parts = source.parts().ok_or_else(locked)?;
            measure_for_rules(parts)?;
            parts.handle().preview(None).map(convert::plan)
        })?;
        Ok(Found { value, is_incomplete })
    }

    fn stats(&self, _what_if: Option<Rules>) -> Result<Found<Cameras>> {
        let archive = self.archive();
        let has_catalog = archive.state_path().join("catalog.db").is_file();
        let Found { value: mut source, mut is_incomplete } = Source::open(self.session)?;
        if let Some(parts) = source.parts().filter(|_| !has_catalog) {
            // The catalog is temporary, so nothing measures its events later.
            is_incomplete |= !measure(parts, parts.handle().catalog.unmeasured()?)?;
        }
        let options = archive.options();
        let now = options.clock.now();
        let mut stats = source.query(archive, |source| {
            Stats::of(source.catalog(), archive.tree(), &options.ports, &options.policy, now)
        })?;
        stats.forecast.archive.warnings.extend(zone::warning(source.catalog(), archive.tree(), now)?);
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
        self.archive().parts_aside()?.handle().queue().map(convert::queue)
    }

    fn restore(&self, pass: &str) -> Result<Restoration> {
        self.archive().parts_to_act()?.handle().restore(pass).map(convert::restoration)
    }

    fn delete(&self, events: &[EventId]) -> Result<Pass> {
        Ok(convert::pass(&self.archive().parts_to_act()?.handle().delete(events)?))
    }

    fn save(&self, events: &[EventId], saved: bool) -> Result<Vec<Result<()>>> {
        let parts = self.archive().parts_to_act()?;
        Ok(events.iter().map(|event| parts.handle().set_saved(event, saved)).collect())
    }

    fn scan(&self, measure: bool) -> Result<ScanSummary> {
        let parts = self.archive().parts()?;
        let progress = Arc::new(Progress::default());
        let shown = progress::Shown::start(Arc::clone(&progress), || false);
        let depth = if measure { Depth::Full } else { Depth::NamesOnly };
        let summary = parts.preload(depth, &progress)?;
        drop(shown);
        self.scanned.replace(Some(parts));
        Ok(scan_summary(&summary))
    }

    /// The next start looks at the movie itself.
    fn movie_ended(&self, _path: &Path) -> Result<Option<String>> {
        Ok(None)
    }
}

fn expire(archive: &Archive, confirm: Option<&str>) -> Result<Found<Pass>> {
    let may_retire = archive.options().policy.can_expire() || confirm.is_some();
    let parts = if may_retire { archive.parts_to_act()? } else { archive.parts()? };
    let summary = parts.preload(Depth::NamesOnly, &Progress::default())?;
    let mut is_incomplete = output::reports(&summary.reports);
    measure_for_rules(&parts)?;
    let pass = parts.handle().pass(confirm)?;
    if !parts.handle().expirer.policy().has_size_rule() {
        parts.remove_emptied()?; // with a rule of size the pass has done it
    }
    let left = parts.drain()?;
    is_incomplete |= output::reports(&left);
    let mut unowned = archive.tree().passes()?.1;
    unowned.retain(|other| other.unreadable);
    output::reports(&unowned); // nothing of them was to be done
    if parts.handle().expirer.audit.lacks_room() {
        is_incomplete |= output::reports(parts.handle().settle().as_slice());
    }
    Ok(Found { value: convert::pass(&pass), is_incomplete })
}

/// Measures what the plan would retire, since a plan says how much space it frees; with a rule of size, all events.
fn measure_for_rules(parts: &Parts) -> Result<()> {
    let handle = parts.handle();
    let policy = handle.expirer.policy();
    let days = if policy.has_size_rule() {
        measure(parts, handle.catalog.unmeasured()?)?;
        // A file can grow in place without a change of its directory. Before a rule of size retires anything, all that it
        // counts is measured again.
        let (_, plan) = handle.expirer.plan(None)?;
        if plan.items.is_empty() {
            return Ok(());
        }
        handle.catalog.days_to_measure(i64::MAX)?.into_iter().map(|(camera, day, _)| (camera, day)).collect()
    } else {
        let (_, plan) = handle.expirer.plan(None)?;
        plan.items.into_iter().filter(|item| item.bytes.is_none()).map(|item| (item.camera, item.day)).collect()
    };
    measure(parts, days).map(|_| ())
}

/// Measures days, and reports what could not be read; false if anything could not.
fn measure(parts: &Parts, days: Vec<(Camera, Day)>) -> Result<bool> {
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
