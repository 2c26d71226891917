//! The metrics of the service: reading, watching, retiring, removing, requests.

use std::fmt::Result;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::exposition::Exposition;
use super::meter::Meters;
use crate::engine::{Activity, Component, Handle, Mode};

/// Writes the state of the parts.
pub(super) fn parts(out: &mut Exposition<'_>, handle: &Handle) -> Result {
    let status = handle.status();
    let troubles = status.troubles();
    out.gauge("ready", "Whether all events can be queried and changes arrive.", u32::from(troubles.is_empty()))?;
    let parts = Component::ALL.map(|part| ([("part", part.as_str())], u32::from(troubles.contains_key(&part))));
    out.gauges("part_trouble", "Whether a part is in trouble, or not ready yet.", parts)?;
    let alerts = handle.alerts().len() as u64;
    out.gauge("alerts", "Requirements of rules that cannot be met.", alerts)?;
    out.info("build", "The version of the program.", [("version", env!("CARGO_PKG_VERSION"))])
}

/// Writes how the archive is read and watched.
pub(super) fn reading(out: &mut Exposition<'_>, handle: &Handle, activity: &Activity) -> Result {
    let seconds = |took: Option<Duration>| took.map(|took| took.as_secs_f64());
    out.gauge_if_known("preload_seconds", "Duration of the preload.", seconds(activity.preload))?;
    out.gauge_if_known(
        "verify_seconds",
        "Duration of the last full comparison with the disk.",
        seconds(activity.reconcile),
    )?;
    out.counter("verifies", "Full comparisons with the disk.", activity.reconciles)?;
    let problems = handle.status().summary().map(|summary| summary.reports.len() as u64);
    out.gauge_if_known(
        "walk_problems",
        "Problems of the last walk: unreadable, refused or unusual entries.",
        problems,
    )?;
    let modes = handle.status().mode().map(|mode| {
        let is_notified = mode == Mode::Notify;
        [("notify", is_notified), ("poll", !is_notified)].map(|(mode, is_it)| ([("mode", mode)], u32::from(is_it)))
    });
    out.gauges("watch_mode", "How the archive is watched.", modes.into_iter().flatten())?;
    out.gauge("watch_dirty_directories", "Changed directories that are not read yet.", activity.dirty_directories)?;
    out.counter("watch_rescans", "Full scans after lost notifications.", activity.rescans)?;
    out.histograms(
        "visible_after_notice_seconds",
        "From the kernel's notification of a changed directory until its events can be queried.",
        [([], activity.visible_after_notification.clone())],
    )?;
    out.histograms(
        "visible_after_change_seconds",
        "From the change of a directory of days or events until the change can be queried.",
        [([], activity.visible_after_change.clone())],
    )
}

/// Writes what is retired, refused and removed.
pub(super) fn retention(out: &mut Exposition<'_>, handle: &Handle, activity: &Activity) -> Result {
    let can_expire = handle.policy().can_expire();
    out.gauge("retention_enabled", "Whether a rule can retire anything.", u32::from(can_expire))?;
    out.gauge_if_known(
        "retention_check_timestamp_seconds",
        "When the rules were last applied, in seconds since 1970.",
        activity.checked.map(|checked| checked.timestamp()),
    )?;
    let kinds = [("rule", activity.by_rules), ("hand", activity.by_users)].map(|(kind, sums)| ([("kind", kind)], sums));
    let passes = kinds.map(|(kind, sums)| (kind, sums.passes));
    out.counters("passes", "Passes that retired events, by rules or by a user.", passes)?;
    let events = kinds.map(|(kind, sums)| (kind, sums.events));
    out.counters("retired_events", "Retired events.", events)?;
    let bytes = kinds.map(|(kind, sums)| (kind, sums.bytes));
    out.counters("retired_bytes", "Bytes of the retired events, as far as known.", bytes)?;
    let refusals = activity.refusals.iter().map(|(guard, count)| ([("guard", guard.as_str())], *count));
    out.counters("refusals", "Refusals of a guard.", refusals)?;
    let stuck = &activity.stuck;
    let entries: u64 = stuck.iter().map(|pass| pass.entries).sum();
    out.gauge("reaper_stuck_passes", "Passes with entries that cannot be removed.", stuck.len() as u64)?;
    out.gauge("reaper_stuck_entries", "Files and directories that cannot be removed.", entries)?;
    let reaped = activity.reaped;
    out.counter("reaped_passes", "Passes that the reaper has removed.", reaped.passes)?;
    out.counter("reaped_entries", "Files and directories that the reaper has removed.", reaped.entries)?;
    out.counter("reaped_bytes", "Bytes of the files that the reaper has removed.", reaped.bytes)
}

/// Writes the requests, and the number of clients of the live stream.
pub(super) fn requests(out: &mut Exposition<'_>, meters: &Meters, stream_clients: usize) -> Result {
    let codes = |code: u16| if code == 0 { "other".to_owned() } else { code.to_string() };
    let routes = meters.routes();
    let responses: Vec<(&str, &str, String, u64)> = routes
        .iter()
        .flat_map(|(route, meter)| {
            meter.responses().map(move |(method, code, count)| (&**route, method, codes(code), count))
        })
        .collect();
    out.counters(
        "http_requests",
        "Requests by route, method and status (499: the client disconnected before the response began).",
        responses
            .iter()
            .map(|(route, method, code, count)| ([("route", *route), ("method", method), ("code", code)], *count)),
    )?;
    let each = || routes.iter().map(|(route, meter)| ([("route", &**route)], &**meter));
    out.histograms(
        "http_request_seconds",
        "From a request until its response begins.",
        each().map(|(route, meter)| (route, meter.seconds.read())),
    )?;
    out.counters(
        "http_response_bytes",
        "Bytes of the responses' bodies, as far as known when they begin.",
        each().map(|(route, meter)| (route, meter.bytes.load(Ordering::Relaxed))),
    )?;
    out.gauge("http_requests_in_flight", "Requests whose responses have not begun.", meters.in_flight())?;
    out.gauge("stream_clients", "Clients of the live stream.", stream_clients as u64)
}
