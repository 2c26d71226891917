//! The preloader's thread: one walk at the start, then the slow sweep that measures every day (sizes, frames, the end
//! of movies, marks), newest first, and again when the measures are most of a day old.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::handle::Handle;
use super::outlook::Outlook;
use super::status::Component;
use crate::archive::Depth;
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::DayStamps;
use crate::scan::Summary;

/// Measures older than this are made again: with the time that takes, nothing goes unnoticed for a day.
const STALE: Duration = Duration::from_hours(20);
/// In this time everything that is stale is measured again.
const BACKLOG: Duration = Duration::from_hours(3);
/// How often to look for something to measure when there is nothing.
const IDLE: Duration = Duration::from_secs(30);

/// Walks, then sweeps, until told to stop.
pub(super) fn run(shared: &Handle, rescan: &Receiver<()>, stop: &Stop) -> Result<()> {
    let mut known = shared.catalog.known().unwrap_or_default();
    let mut is_first = true;
    let mut outlook = Outlook::default();
    loop {
        crate::fault::point("preload");
        match shared.scanner.preload(&known, Depth::NamesOnly, stop, &shared.status.progress) {
            Ok(summary) => {
                shared.changes.flush()?;
                say(shared, &summary);
                shared.status.set_summary(&summary);
                shared.counters.preload.set(summary.elapsed);
                shared.status.set(Component::Preload, None);
            }
            Err(Error::Stopped) => return Ok(()),
            Err(error) => {
                shared.status.set(Component::Preload, Some(&error.chain()));
                tracing::error!("preload: {}; it is tried again", error.chain());
                if stop.wait(Duration::from_secs(5)) {
                    return Ok(());
                }
                continue;
            }
        }
        if std::mem::take(&mut is_first) {
            match shared.catalog.check(stop) {
                Ok(Some(false)) => tracing::warn!("the catalog is damaged"), // the writer rebuilds it and asks for another walk
                Ok(_) => {}
                Err(error) => tracing::warn!("{}", error.chain()),
            }
        }
        match sweep(shared, &mut outlook, rescan, stop) {
            Ok(true) => {
                shared.status.set(Component::Preload, Some("the archive is being read again"));
                known = DayStamps::default();
            }
            Ok(false) | Err(Error::Stopped) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// The one summary at the end of the preload, and what was strange, unless another look has said it.
fn say(shared: &Handle, summary: &Summary) {
    for report in &summary.reports {
        shared.scanner.warn_once(report);
    }
    tracing::info!(
        "preload: {} events of {} cameras in {} days ({} unchanged), {} could not be read, in {}",
        summary.events,
        summary.cameras,
        summary.days,
        summary.unchanged_days,
        summary.failures(),
        humantime::format_duration(Duration::from_millis(u64::try_from(summary.elapsed.as_millis()).unwrap_or(0)))
    );
}

/// Measures day after day. True when another walk is asked for, false when told to stop.
fn sweep(shared: &Handle, outlook: &mut Outlook, rescan: &Receiver<()>, stop: &Stop) -> Result<bool> {
    loop {
        // A round is a list made beforehand, so that a day that cannot be read does not keep the others from their turn.
        let stale = (shared.now().utc - STALE).timestamp();
        let round = shared.catalog.days_to_measure(stale).unwrap_or_else(|error| {
            tracing::warn!("{}", error.chain());
            Vec::new()
        });
        let pace = BACKLOG / u32::try_from(round.len().max(1)).unwrap_or(u32::MAX);
        for (camera, day, is_new) in round {
            outlook.came_to(shared, is_new.then_some(day));
            let begun = Instant::now();
            match shared.scanner.scan_day(&camera, day, Depth::Full) {
                Err(Error::Stopped) => return Ok(false),
                Err(error) => tracing::warn!("{}", error.chain()),
                Ok((_, reports)) => {
                    for report in &reports {
                        shared.scanner.warn_once(report);
                    }
                }
            }
            // Half of the disk's time at most, and for what is only to be looked at again much less.
            let rest = begun.elapsed();
            let rest = if is_new { rest } else { rest.max(pace.min(Duration::from_mins(1))) };
            if let Some(again) = rest_for(rest, rescan, stop) {
                return Ok(again);
            }
        }
        shared.changes.flush()?;
        outlook.came_to(shared, None);
        if let Some(again) = rest_for(IDLE, rescan, stop) {
            return Ok(again);
        }
    }
}

/// Waits; true when another walk is asked for meanwhile, false when told to stop.
fn rest_for(time: Duration, rescan: &Receiver<()>, stop: &Stop) -> Option<bool> {
    select! {
        recv(stop.receiver()) -> _ => Some(false),
        recv(rescan) -> asked => Some(asked.is_ok()),
        default(time) => None,
    }
}
