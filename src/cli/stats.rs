//! `owlery stats`: the size and the rate of each camera, and the forecast: when the disk is full, and what the rules keep. A
//! running daemon computes it with its own rules; rules on the command line replace them for this output.

use std::fmt::Write as _;

use super::admin::Found;
use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output};
use crate::protocol::{CameraInfo, Cameras};
use crate::{ArchiveForecast, Kept, Result};

pub(super) fn run(common: &Common, json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Stats)?;
    let rules = Some(common.typed.rules()).filter(|rules| !rules.is_empty());
    let Found { value: stats, is_incomplete } = session.admin()?.stats(rules)?;
    if json {
        output::json(&stats)?;
    } else {
        output::print(&text_of(&stats))?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

fn text_of(stats: &Cameras) -> String {
    let mut text = String::new();
    if stats.cameras.is_empty() {
        return "no cameras\n".to_owned();
    }
    let _ = writeln!(
        text,
        "{:<12}  {:>9}  {:>6}  {:>9}  {:<10}  {:<10}  {:>9}  {:>9}",
        "CAMERA", "EVENTS", "SAVED", "SIZE", "FIRST DAY", "LAST DAY", "A DAY (7)", "(30)"
    );
    for camera in &stats.cameras {
        push_camera(&mut text, camera);
    }
    push_forecast(&mut text, &stats.forecast);
    let _ = writeln!(text, "time zone: UTC{}", stats.zone);
    text
}

fn push_camera(text: &mut String, camera: &CameraInfo) {
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
            || "no estimate of when it is full".to_owned(),
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

/// What a rule keeps. A number of days is shown only where it is the same for all cameras.
fn kept_text(kept: &Kept) -> String {
    let days = kept.days.map_or_else(String::new, |days| output::count(days, "day") + ", ");
    format!("{} keeps {days}{}", kept.rule.as_str(), output::size(kept.bytes))
}
