//! `owlery demo`: serves a sample of Motion's real output in a temporary folder. Its dates are moved to the last days, and a
//! camera keeps adding events the way Motion writes them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{Days, NaiveDateTime, TimeDelta};
use clap::Args;
use owlery_model::event::frames::{Frame, Shows};
use tokio::signal::unix::SignalKind;
use walkdir::WalkDir;

use super::Outcome;
use super::serve::run_until_stopped;
use super::settings::declaration::{EVENT_GAP, KEEP_DAYS, LISTEN};
use super::settings::{Settings, Values};
use crate::daemon::Daemon;
use crate::{Archive, Clock, Error, Result, Stop, SystemClock};

/// Real output of Motion 4.5.1 (`fixtures/README.md`).
const SAMPLE: &[u8] = include_bytes!("../../fixtures/motion-4.5.1-sample.tar.gz");
/// The number of past days in the demo archive.
const DAYS_BACK: u64 = 7;
/// The interval between new events.
const EVENT_INTERVAL: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Address to serve HTTP on
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8000")]
    listen: String,
    /// A day expires when it lies more than N days before today [default: no expiry]
    #[arg(long, value_name = "N")]
    keep_days: Option<String>,
}

pub(super) fn run(args: &DemoArgs) -> Result<Outcome> {
    let values = Values::default().with(LISTEN, &args.listen).with(EVENT_GAP, "3s");
    let values = args.keep_days.iter().fold(values, |values, rule| values.with(KEEP_DAYS, rule));
    let folder = tempfile::Builder::new()
        .prefix("owlery-demo-")
        .tempdir()
        .map_err(|e| Error::io("make a temporary folder in", std::env::temp_dir(), e))?;
    let (sample, root) = (folder.path().join("sample"), folder.path().join("motion"));
    let settings = Settings::parse(&values, &root)?;
    let tls = settings.open_tls()?;
    let listener = crate::daemon::bind(settings.listen)?; // a port in use fails before the work of unpacking
    unpack(&sample)?;
    lay_out(&sample, &root)?;
    let archive = Archive::open(settings.options)?;
    // SIGHUP too: the demo ends with its terminal.
    let stop_signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let daemon = Daemon::start_on(&archive, listener, tls, settings.access, &stop_signals)?;
    eprintln!("demo: a sample archive in {}; it is removed when this stops", root.display());
    let (stop_camera, stop) = Stop::new();
    let camera = std::thread::Builder::new()
        .name("demo-camera".to_owned())
        .spawn(move || film(&sample.join("direct/Camera1"), &root, &stop))
        .map_err(|e| Error::io("start a thread in", folder.path(), e))?;
    let outcome = run_until_stopped(daemon);
    drop(stop_camera);
    match camera.join() {
        Ok(Ok(())) => outcome,
        Ok(Err(error)) => outcome.and(Err(error)),
        Err(_) => Err(Error::Worker { worker: "demo-camera".to_owned(), message: "it panicked".to_owned() }),
    }
}

fn unpack(target: &Path) -> Result<()> {
    tar::Archive::new(flate2::read::GzDecoder::new(SAMPLE))
        .unpack(target)
        .map_err(|e| Error::io("unpack to", target, e))
}

/// Copies the events of the sample to each of the last days; of today only those in the past.
fn lay_out(sample: &Path, root: &Path) -> Result<()> {
    let now = SystemClock.now();
    for back in 0..=DAYS_BACK {
        let day = now.today() - Days::new(back);
        for (from, camera) in
            [("direct/Camera1", "Camera1"), ("direct/Camera2", "Camera2"), ("strix-done/Camera1", "Camera3")]
        {
            let from = sample.join(from).join("2026-11-21");
            for event in dirs_in(&from)? {
                let name = event.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let start = NaiveDateTime::parse_from_str(&format!("{day} {name}"), "%Y-%m-%d %H-%M-%S");
                let Ok(start) = start else { continue };
                let age = now.local - start;
                if age < TimeDelta::minutes(5) {
                    continue;
                }
                let modified = SystemTime::from(now.utc - age);
                copy_event(&event, &root.join(camera).join(day.to_string()).join(&name), modified)?;
            }
        }
    }
    Ok(())
}

fn dirs_in(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut dirs: Vec<PathBuf> = fs::read_dir(dir)
        .map_err(|e| Error::io("list", dir, e))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    dirs.sort();
    Ok(dirs)
}

/// Copies the directory of an event without its sidecar, which has the old place and day.
fn copy_event(from: &Path, to: &Path, modified: SystemTime) -> Result<()> {
    let date = |file: &File, path: &Path| file.set_modified(modified).map_err(|e| Error::io("date", path, e));
    let mut dirs = Vec::new();
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|e| Error::io("list", from, e))?;
        let target = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(|e| Error::io("make", &target, e))?;
            dirs.push(target);
        } else if entry.file_name() != ".details.json" {
            fs::copy(entry.path(), &target).map_err(|e| Error::io("copy to", &target, e))?;
            date(&File::options().write(true).open(&target).map_err(|e| Error::io("open", &target, e))?, &target)?;
        }
    }
    // Last, since each new file changes their time; `debug/` too, or the event would look unfinished.
    dirs.iter().try_for_each(|dir| date(&File::open(dir).map_err(|e| Error::io("open", dir, e))?, dir))
}

/// Adds events like Motion: the directory, an unfinished movie, frames one by one, then the movie.
fn film(camera: &Path, root: &Path, stop: &Stop) -> Result<()> {
    let templates = dirs_in(&camera.join("2026-11-21"))?;
    for (number, template) in templates.iter().cycle().enumerate() {
        let target = if number % 3 == 2 { "Camera2" } else { "Camera1" };
        let begun = std::time::Instant::now();
        if record(template, &root.join(target), stop)? || stop.wait(EVENT_INTERVAL.saturating_sub(begun.elapsed())) {
            break;
        }
    }
    Ok(())
}

/// Records one event. Returns true if it was stopped.
fn record(template: &Path, camera: &Path, stop: &Stop) -> Result<bool> {
    let start = SystemClock.now().local;
    let dir = camera.join(start.format("%Y-%m-%d/%H-%M-%S").to_string());
    fs::create_dir_all(&dir).map_err(|e| Error::io("make", &dir, e))?;
    let whole = template.join("video.mp4");
    let movie = fs::read(&whole).map_err(|e| Error::io("read", &whole, e))?;
    let path = dir.join("video.mp4");
    let fail = |e| Error::io("write", &path, e);
    let mut file = File::create(&path).map_err(fail)?;
    file.write_all(&movie[..48.min(movie.len())]).map_err(fail)?;
    let mut frames: Vec<(Frame, PathBuf)> = fs::read_dir(template)
        .map_err(|e| Error::io("list", template, e))?
        .flatten()
        .filter_map(|entry| Some((Frame::parse(entry.file_name().as_encoded_bytes())?, entry.path())))
        .filter(|(frame, _)| frame.shows == Shows::Camera)
        .collect();
    frames.sort();
    for (at, (_, source)) in frames.iter().enumerate() {
        let target = dir.join(format!("{}-{:02}.jpg", SystemClock.now().local.format("%H-%M-%S"), at % 5));
        fs::copy(source, &target).map_err(|e| Error::io("copy to", &target, e))?;
        if stop.wait(Duration::from_millis(200)) {
            return Ok(true);
        }
    }
    file.write_all(&movie[48.min(movie.len())..]).map_err(fail)?;
    Ok(false)
}
