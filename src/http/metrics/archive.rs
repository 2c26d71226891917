//! The metrics of the archive: what its cameras have, what becomes of it, what waits to be removed, what is held.

use std::fmt::Result;

use prometheus_client::encoding::EncodeGaugeValue;

use super::sheet::{Labels, Sheet};
use crate::service::{CameraSurvey, Survey};

/// Writes what there is of each camera.
pub(super) fn cameras(sheet: &mut Sheet<'_>, cameras: &[&CameraSurvey]) -> Result {
    fn each<'a, V: EncodeGaugeValue>(
        cameras: &[&'a CameraSurvey],
        value: impl Fn(&CameraSurvey) -> Option<V>,
    ) -> impl Iterator<Item = (Labels<'a, 1>, V)> {
        cameras
            .iter()
            .filter_map(move |camera| Some(([("camera", camera.info.summary.camera.as_str())], value(camera)?)))
    }
    let sums = |sum: fn(&CameraSurvey) -> u64| each(cameras, move |camera| Some(sum(camera)));
    sheet.gauges("camera_events", "Events of a camera.", sums(|camera| camera.info.summary.events))?;
    sheet.gauges("camera_saved_events", "Events that a person keeps.", sums(|camera| camera.info.summary.saved))?;
    let unmeasured = sums(|camera| camera.info.summary.unmeasured);
    sheet.gauges("camera_unmeasured_events", "Events whose bytes are not known yet.", unmeasured)?;
    let days = sums(|camera| camera.info.summary.day_count);
    sheet.gauges("camera_day_directories", "Days that have events.", days)?;
    sheet.gauges("camera_bytes", "Bytes of the measured events.", sums(|camera| camera.info.summary.bytes))?;
    sheet.gauges(
        "camera_oldest_event_age_seconds",
        "How long ago the oldest event began.",
        each(cameras, |camera| camera.ages.map(|(oldest, _)| oldest)),
    )?;
    sheet.gauges(
        "camera_newest_event_age_seconds",
        "How long ago the newest event began.",
        each(cameras, |camera| camera.ages.map(|(_, newest)| newest)),
    )?;
    sheet.gauges(
        "camera_overdue_seconds",
        "For how long the oldest day that the rule of age should have taken has been too old; 0 if there is none.",
        each(cameras, |camera| camera.overdue),
    )?;
    sheet.gauges(
        "camera_recorded_bytes_per_day",
        "Bytes that a camera records a day, over the last 7 complete days.",
        each(cameras, |camera| camera.bytes_per_day),
    )
}

/// Writes what is of the archive as a whole.
pub(super) fn whole(sheet: &mut Sheet<'_>, survey: &Survey) -> Result {
    let forecast = survey.forecast.as_ref();
    let disk = forecast.and_then(|forecast| forecast.disk);
    sheet.known("disk_size_bytes", "Size of the archive's disk.", disk.map(|disk| disk.total))?;
    sheet.known("disk_free_bytes", "What may still be written on the archive's disk.", disk.map(|disk| disk.free))?;
    sheet.known(
        "recorded_bytes_per_day",
        "Bytes that all cameras record a day, over the last 7 complete days.",
        forecast.and_then(|forecast| forecast.bytes_per_day_7),
    )?;
    sheet.known(
        "disk_seconds_until_full",
        "In how long the archive's disk is full at that rate if nothing expires, in whole days.",
        forecast.and_then(|forecast| forecast.days_until_full).map(|days| days.saturating_mul(86_400)),
    )?;
    let queue = survey.queue;
    sheet.known("queue_passes", "Passes in the delete queue.", queue.map(|queue| queue.passes))?;
    sheet.known("queue_events", "Events of the passes in the delete queue.", queue.map(|queue| queue.events))?;
    sheet.known("queue_bytes", "Bytes of these events, as far as they are known.", queue.map(|queue| queue.bytes))?;
    let holding = survey.guards.iter().map(|guard| ([("guard", guard.name.as_str())], u32::from(!guard.ok)));
    sheet.gauges("guard_holding", "Whether a guard holds deletions back now.", holding)
}
