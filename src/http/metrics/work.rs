//! The metrics of what the service does: reading, watching, retiring, removing, answering.

use std::fmt::Result;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::web::Web;
use super::sheet::Sheet;
use crate::service::{Component, Handle};
use crate::watch::Mode;

fn read(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

/// Writes how the parts are doing.
pub(super) fn parts(sheet: &mut Sheet<'_>, handle: &Handle) -> Result {
    let status = handle.status();
    let troubles = status.troubles();
    sheet.gauge("ready", "Whether every event can be queried and news arrive.", u32::from(troubles.is_empty()))?;
    let parts = Component::ALL.map(|part| ([("part", part.as_str())], u32::from(troubles.contains_key(&part))));
    sheet.gauges("part_trouble", "Whether a part is in trouble, or not ready yet.", parts)?;
    let alerts = handle.alerts().len() as u64;
    sheet.gauge("alerts", "What a rule asks for and cannot be done.", alerts)?;
    sheet.info("build", "Which program this is.", [("version", env!("CARGO_PKG_VERSION"))])
}

/// Writes how the archive is read and watched.
pub(super) fn reading(sheet: &mut Sheet<'_>, handle: &Handle) -> Result {
    let counters = &handle.counters;
    let took = |took: &crate::service::Took| took.get().map(|took| took.as_secs_f64());
    sheet.known("preload_seconds", "How long reading the archive at the start took.", took(&counters.preload))?;
    sheet.known("verify_seconds", "How long the last comparison with the disk took.", took(&counters.verify))?;
    sheet.counter("verifies", "Comparisons of everything with the disk.", read(&counters.verifies))?;
    let problems = handle.status().summary().map(|summary| summary.reports.len() as u64);
    sheet.known("walk_problems", "What the last walk could not read, refused, or found remarkable.", problems)?;
    let modes = handle.status().mode().map(|mode| {
        let is_notified = mode == Mode::Notify;
        [("notify", is_notified), ("poll", !is_notified)].map(|(mode, is_it)| ([("mode", mode)], u32::from(is_it)))
    });
    sheet.gauges("watch_mode", "How the archive is watched.", modes.into_iter().flatten())?;
    sheet.gauge("watch_dirty_directories", "What changed and was not looked at yet.", handle.backlog.waiting())?;
    let rescans = read(&counters.rescans);
    sheet.counter("watch_rescans", "How often notifications were lost and everything was looked at.", rescans)?;
    sheet.histograms(
        "visible_after_notice_seconds",
        "From the kernel's word that a directory changed until what it brought could be queried.",
        [([], &counters.noticed)],
    )?;
    sheet.histograms(
        "visible_after_change_seconds",
        "From the change of a directory of days or events until what came or went could be queried.",
        [([], &counters.changed)],
    )
}

/// Writes what was retired, refused and removed.
pub(super) fn retention(sheet: &mut Sheet<'_>, handle: &Handle) -> Result {
    let counters = &handle.counters;
    let can_expire = handle.expirer.policy().can_expire();
    sheet.gauge("retention_enabled", "Whether a rule can retire anything.", u32::from(can_expire))?;
    let checked = Some(counters.checked.load(Ordering::Relaxed)).filter(|checked| *checked != 0);
    sheet.known("retention_check_timestamp_seconds", "When the rules were last gone by, since 1970.", checked)?;
    let kinds = [("rule", &counters.by_rule), ("hand", &counters.by_hand)].map(|(kind, sums)| ([("kind", kind)], sums));
    let passes = kinds.map(|(kind, sums)| (kind, read(&sums.count)));
    sheet.counters("passes", "Passes that retired something, by rules or by a person's word.", passes)?;
    let events = kinds.map(|(kind, sums)| (kind, read(&sums.events)));
    sheet.counters("retired_events", "Events that were retired.", events)?;
    let bytes = kinds.map(|(kind, sums)| (kind, read(&sums.bytes)));
    sheet.counters("retired_bytes", "Bytes of the retired events, as far as they were known.", bytes)?;
    let refusals = handle.expirer.refusals.all().map(|(guard, count)| ([("guard", guard.as_str())], count));
    sheet.counters("refusals", "How often a guard has refused.", refusals)?;
    let stuck = handle.tree.stuck();
    let entries: u64 = stuck.iter().map(|pass| pass.entries).sum();
    sheet.gauge("reaper_stuck_passes", "Passes of which something could not be removed.", stuck.len() as u64)?;
    sheet.gauge("reaper_stuck_entries", "Files and directories that could not be removed.", entries)?;
    let reaped = &handle.reaped;
    sheet.counter("reaped_passes", "Passes that the reaper has done with.", read(&reaped.passes))?;
    sheet.counter("reaped_entries", "Files and directories that the reaper has removed.", read(&reaped.entries))?;
    sheet.counter("reaped_bytes", "Bytes of the files that the reaper has removed.", read(&reaped.bytes))
}

/// Writes what was asked for.
pub(super) fn requests(sheet: &mut Sheet<'_>, web: &Web) -> Result {
    let meters = &web.meters;
    let codes = |code: u16| if code == 0 { "other".to_owned() } else { code.to_string() };
    let seen = meters.seen();
    let answers: Vec<(&str, &str, String, u64)> = seen
        .iter()
        .flat_map(|(route, meter)| {
            meter.answers().map(move |(method, code, count)| (&**route, method, codes(code), count))
        })
        .collect();
    sheet.counters(
        "http_requests",
        "Requests, by the route's template, method and code (499: gone before the answer began).",
        answers
            .iter()
            .map(|(route, method, code, count)| ([("route", *route), ("method", method), ("code", code)], *count)),
    )?;
    let each = || seen.iter().map(|(route, meter)| ([("route", &**route)], &**meter));
    sheet.histograms(
        "http_request_seconds",
        "From a request until its answer began.",
        each().map(|(route, meter)| (route, &meter.seconds)),
    )?;
    sheet.counters(
        "http_response_bytes",
        "Bytes of the answers' bodies, where that was known when they began.",
        each().map(|(route, meter)| (route, read(&meter.bytes))),
    )?;
    sheet.gauge("http_requests_in_flight", "Requests whose answers have not begun.", meters.in_flight())?;
    sheet.gauge("stream_clients", "Clients that follow the live stream.", web.live.clients() as u64)
}
