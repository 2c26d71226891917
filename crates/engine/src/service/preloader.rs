//! The preloader's thread: one walk at the start, then the slow measuring of every day (sizes, frames, the end of
//! movies, `.saved`), newest first, and again when the measures are most of a day old.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::handle::Handle;
use super::stats::ForecastWarning;
use super::status::Component;
use crate::archive::Depth;
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::DayStamps;
use crate::scan::Summary;

/// Measures older than this are repeated: with the time that takes, every change is found within a day.
const STALE_AFTER: Duration = Duration::from_hours(20);
/// The time in which everything stale is measured again.
const BACKLOG: Duration = Duration::from_hours(3);
/// How often to search for something to measure when there is nothing.
const IDLE: Duration = Duration::from_secs(30);

/// Walks, then measures, until stopped.
pub(super) fn run(shared: &Handle, rescan: &Receiver<()>, stop: &Stop) -> Result<()> {
    let mut known = shared.catalog.known().unwrap_or_default();
    // The frames of an event are read when it is over, and these may be over since the last run.
    let mut left_open = shared.catalog.days_with_open().unwrap_or_default();
    let mut is_first = true;
    let mut warning = ForecastWarning::default();
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
                tracing::error!("preload: {}; it is retried", error.chain());
                if stop.wait(Duration::from_secs(5)) {
                    return Ok(());
                }
                continue;
            }
        }
        if std::mem::take(&mut is_first) {
            match shared.catalog.check(stop) {
                // the writer rebuilds it and requests another walk
                Ok(Some(false)) => tracing::warn!("the catalog is damaged"),
                Ok(_) => {}
                Err(error) => tracing::warn!("{}", error.chain()),
            }
        }
        for (camera, day) in std::mem::take(&mut left_open) {
            match shared.scanner.scan_day(&camera, day, Depth::Full) {
                Err(Error::Stopped) => return Ok(()),
                Err(error) => tracing::warn!("{}", error.chain()),
                Ok(_) => {}
            }
        }
        match measure_days(shared, &mut warning, rescan, stop) {
            Ok(true) => {
                shared.status.set(Component::Preload, Some("the archive is being read again"));
                known = DayStamps::default();
            }
            Ok(false) | Err(Error::Stopped) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Logs the summary of the preload, and reports that no other scan has logged.
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

/// Measures day after day. True when another walk is requested, false when stopped.
fn measure_days(shared: &Handle, warning: &mut ForecastWarning, rescan: &Receiver<()>, stop: &Stop) -> Result<bool> {
    loop {
        // A round is a list made beforehand, so that a day that cannot be read does not delay the others.
        let now = shared.now().utc;
        let stale = (now - STALE_AFTER).timestamp();
        let round = shared.catalog.days_to_measure(stale, now.timestamp()).unwrap_or_else(|error| {
            tracing::warn!("{}", error.chain());
            Vec::new()
        });
        let pace = BACKLOG / u32::try_from(round.len().max(1)).unwrap_or(u32::MAX);
        for (camera, day, is_new) in round {
            warning.came_to(shared, is_new.then_some(day));
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
            // Uses half of the disk's time at most, and much less for days that are only measured again.
            let rest = begun.elapsed();
            let rest = if is_new { rest } else { rest.max(pace.min(Duration::from_mins(1))) };
            if let Some(again) = rest_for(rest, rescan, stop) {
                return Ok(again);
            }
        }
        shared.changes.flush()?;
        warning.came_to(shared, None);
        if let Some(again) = rest_for(IDLE, rescan, stop) {
            return Ok(again);
        }
    }
}

/// Waits; true when another walk is requested meanwhile, false when stopped.
fn rest_for(time: Duration, rescan: &Receiver<()>, stop: &Stop) -> Option<bool> {
    select! {
        recv(stop.receiver()) -> _ => Some(false),
        recv(rescan) -> asked => Some(asked.is_ok()),
        default(time) => None,
    }
}
