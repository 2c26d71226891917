//! `owlery stats`: what each camera has and records, when the disk is full, and what the rules keep. Beside a running
//! daemon the daemon answers, by its rules or by those given as a what-if.

use std::fmt::Write as _;

use super::command_name::CommandName;
use super::source::{Source, measure};
use super::{Common, Here, Outcome, output};
use crate::daemon::control::Request;
use crate::error::Result;
use crate::http::wire::{CameraWire, CamerasWire};
use crate::retention::{ArchiveForecast, Kept};
use crate::service::{Stats, zone};

pub(super) fn run(common: &Common, json: bool) -> Result<Outcome> {
    let here = common.open(CommandName::Stats)?;
    let rules = Some(common.typed.rules()).filter(|rules| !rules.is_empty());
    let (wire, is_incomplete) = match here.ask::<CamerasWire>(&Request::Stats { rules }) {
        Some(answer) => (answer?, false),
        None => without_daemon(&here)?,
    };
    if json {
        output::json(&wire)?;
    } else {
        output::print(&text_of(&wire))?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// Answers also whether something could not be read; it was named.
fn without_daemon(here: &Here<'_>) -> Result<(CamerasWire, bool)> {
    let archive = &here.archive;
    let has_catalog = archive.state_path().join("catalog.db").is_file();
    let (mut source, mut is_incomplete) = Source::open(here)?;
    if let Some(parts) = source.parts().filter(|_| !has_catalog) {
        // Everything, since nobody else will, and nothing of it is kept.
        is_incomplete |= !measure(parts, parts.handle().catalog.unmeasured()?)?;
    }
    let options = archive.options();
    let now = options.clock.now();
    let mut stats = source
        .ask(archive, |source| Stats::of(source.catalog(), archive.tree(), &options.ports, &options.policy, now))?;
    stats.forecast.archive.warnings.extend(zone::warning(source.catalog(), archive.tree(), now)?);
    Ok((CamerasWire::from(stats), is_incomplete))
}

fn text_of(wire: &CamerasWire) -> String {
    let mut text = String::new();
    if wire.cameras.is_empty() {
        return "no cameras\n".to_owned();
    }
    let _ = writeln!(
        text,
        "{:<12}  {:>9}  {:>6}  {:>9}  {:<10}  {:<10}  {:>9}  {:>9}",
        "CAMERA", "EVENTS", "SAVED", "SIZE", "FIRST DAY", "LAST DAY", "A DAY (7)", "(30)"
    );
    for camera in &wire.cameras {
        push_camera(&mut text, camera);
    }
    push_forecast(&mut text, &wire.forecast);
    let _ = writeln!(text, "times are of the zone UTC{}", wire.zone);
    text
}

fn push_camera(text: &mut String, camera: &CameraWire) {
    let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "-".to_owned());
    let _ = writeln!(
        text,
        "{:<12}  {:>9}  {:>6}  {:>9}  {:<10}  {:<10}  {:>9}  {:>9}",
        camera.name,
        camera.events,
        camera.saved,
        output::size(camera.bytes),
        day(&camera.first_day),
        day(&camera.last_day),
        output::size(camera.forecast.bytes_per_day_7),
        output::size(camera.forecast.bytes_per_day_30)
    );
    for kept in &camera.forecast.kept {
        let _ = writeln!(text, "  {}", kept_text(kept));
    }
}

fn push_forecast(text: &mut String, forecast: &ArchiveForecast) {
    let rate = |rate| output::size(rate);
    let (week, month) = (rate(forecast.bytes_per_day_7), rate(forecast.bytes_per_day_30));
    let _ = writeln!(text, "all cameras: {week} a day over the last 7 days, {month} over the last 30");
    if let Some(disk) = forecast.disk {
        let full = forecast.days_until_full.map_or_else(
            || "not known when it is full".to_owned(),
            |days| format!("full in {} if nothing expires", output::count(days, "day")),
        );
        let (free, total) = (output::size(Some(disk.free)), output::size(Some(disk.total)));
        let _ = writeln!(text, "disk: {free} of {total} free, {full}");
    }
    for kept in &forecast.kept {
        let _ = writeln!(text, "{}", kept_text(kept));
    }
    for warning in &forecast.warnings {
        let _ = writeln!(text, "WARNING {warning}");
    }
}

/// What a rule keeps. Days that differ from camera to camera are left out: each camera has its own.
fn kept_text(kept: &Kept) -> String {
    let days = kept.days.map_or_else(String::new, |days| output::count(days, "day") + ", ");
    format!("{} keeps {days}{}", kept.rule.as_str(), output::size(kept.bytes))
}
