//! The metrics of the archive: its cameras, the forecast, the delete queue, the guards.

use std::fmt::Result;

use prometheus_client::encoding::EncodeGaugeValue;

use super::exposition::{Exposition, Labels};
use crate::engine::cache::Stats;
use crate::engine::{ArchiveSnapshot, CameraSnapshot, DerivationCounts, FinishingFigures};

/// Writes the metrics of each camera.
pub(super) fn cameras(out: &mut Exposition<'_>, cameras: &[&CameraSnapshot]) -> Result {
    fn each<'a, V: EncodeGaugeValue>(
        cameras: &[&'a CameraSnapshot],
        value: impl Fn(&CameraSnapshot) -> Option<V>,
    ) -> impl Iterator<Item = (Labels<'a, 1>, V)> {
        cameras
            .iter()
            .filter_map(move |camera| Some(([("camera", camera.info.summary.camera.as_str())], value(camera)?)))
    }
    let sums = |sum: fn(&CameraSnapshot) -> u64| each(cameras, move |camera| Some(sum(camera)));
    out.gauges("camera_events", "Events of a camera.", sums(|camera| camera.info.summary.events))?;
    out.gauges("camera_saved_events", "Saved events of a camera.", sums(|camera| camera.info.summary.saved))?;
    let unmeasured = sums(|camera| camera.info.summary.unmeasured);
    out.gauges("camera_unmeasured_events", "Events that are not measured yet.", unmeasured)?;
    let days = sums(|camera| camera.info.summary.day_count);
    out.gauges("camera_day_directories", "Days that have events.", days)?;
    out.gauges(
        "camera_bytes",
        "Bytes of the measured events and loose files.",
        sums(|camera| camera.info.summary.bytes),
    )?;
    out.gauges(
        "camera_oldest_event_age_seconds",
        "Age of the oldest event.",
        each(cameras, |camera| camera.ages.map(|(oldest, _)| oldest)),
    )?;
    out.gauges(
        "camera_newest_event_age_seconds",
        "Age of the newest event.",
        each(cameras, |camera| camera.ages.map(|(_, newest)| newest)),
    )?;
    out.gauges(
        "camera_overdue_seconds",
        "How long the oldest expired day has been due by the rule of age; 0 without one.",
        each(cameras, |camera| camera.overdue),
    )?;
    out.gauges(
        "camera_recorded_bytes_per_day",
        "Bytes per day of a camera, over the last 7 complete days.",
        each(cameras, |camera| camera.bytes_per_day),
    )
}

/// Writes the metrics of the whole archive.
pub(super) fn whole(out: &mut Exposition<'_>, snapshot: &ArchiveSnapshot) -> Result {
    let forecast = snapshot.forecast.as_ref();
    let disk = forecast.and_then(|forecast| forecast.disk);
    out.gauge_if_known("disk_size_bytes", "Size of the archive's disk.", disk.map(|disk| disk.total))?;
    out.gauge_if_known("disk_free_bytes", "Free space on the archive's disk.", disk.map(|disk| disk.free))?;
    out.gauge_if_known(
        "recorded_bytes_per_day",
        "Bytes per day of all cameras, over the last 7 complete days.",
        forecast.and_then(|forecast| forecast.bytes_per_day_7),
    )?;
    out.gauge_if_known(
        "disk_seconds_until_full",
        "Time until the archive's disk is full at that rate if nothing expires, in whole days.",
        forecast.and_then(|forecast| forecast.days_until_full).map(|days| days.saturating_mul(86_400)),
    )?;
    let queue = snapshot.queue;
    out.gauge_if_known("queue_passes", "Passes in the delete queue.", queue.map(|queue| queue.passes))?;
    out.gauge_if_known("queue_events", "Events of the passes in the delete queue.", queue.map(|queue| queue.events))?;
    out.gauge_if_known("queue_bytes", "Bytes of these events, as far as known.", queue.map(|queue| queue.bytes))?;
    let holding = snapshot.guards.iter().map(|guard| ([("guard", guard.name.as_str())], u32::from(!guard.ok)));
    out.gauges("guard_holding", "Whether a guard refuses deletions now.", holding)
}

/// Writes the figures of the jobs that make derived media.
pub(super) fn derivation(out: &mut Exposition<'_>, counts: DerivationCounts) -> Result {
    let jobs = [("waiting", counts.waiting), ("running", counts.running)];
    let jobs = jobs.map(|(state, count)| ([("state", state)], count));
    out.gauges("media_jobs", "Jobs that make thumbnails, previews and movies.", jobs)?;
    out.counter("media_made", "Jobs that made something.", counts.made)?;
    out.counter("media_failures", "Failures of jobs; a job is tried up to three times.", counts.failed)
}

/// Writes what the finisher does; nothing unless events are finished.
pub(super) fn finishing(out: &mut Exposition<'_>, figures: Option<FinishingFigures>) -> Result {
    let Some(figures) = figures else { return Ok(()) };
    out.gauge("finish_waiting", "Events that wait to be finished.", figures.waiting)?;
    out.gauge("finish_progress", "How much of the movie that is being made is done, from 0 to 1.", figures.progress)?;
    out.counter("finish_events", "Events that were finished.", figures.finished)?;
    out.counter("finish_splits", "Directories that held several events, which were separated.", figures.split)?;
    out.counter("finish_failures", "Attempts to finish an event that failed.", figures.failed)
}

/// Writes the figures of the media cache; those that are unknown while it cannot be used are left out.
pub(super) fn cache(out: &mut Exposition<'_>, stats: Option<&Stats>) -> Result {
    out.gauge("cache_usable", "Whether the media cache can be used.", u32::from(stats.is_some()))?;
    let Some(stats) = stats else { return Ok(()) };
    out.gauge("cache_entries", "Entries of the media cache.", stats.entries)?;
    out.gauge("cache_memory_entries", "Entries whose bytes are in memory too.", stats.entries_in_memory)?;
    out.gauge("cache_bytes", "Bytes of the entries on disk.", stats.total_bytes)?;
    out.gauge("cache_max_bytes", "The most bytes on disk.", stats.max_bytes)?;
    out.gauge("cache_queued_keys", "Keys in the queue of the media cache.", stats.queued)?;
    out.counter("cache_hits", "Reads that found an entry, since the cache was made.", stats.hits)?;
    out.counter("cache_misses", "Reads that found none, since the cache was made.", stats.misses)?;
    out.counter("cache_evictions", "Entries removed to make room, since the cache was made.", stats.evictions)
}
