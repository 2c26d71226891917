//! How soon a new event is served: a daemon runs, an event arrives, and a persistent connection requests the list until
//! it has the event.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

use crate::daemon::{Connection, Daemon, PATIENCE, pause};
use crate::make_archive::{Event, Wish, days_ago, make, movie};

const FRAMES: u32 = 40;
/// When the first event of a series begins; each later one is ten seconds after the one before.
const FIRST: i64 = 1000;
const APART: i64 = 10;

/// Measures two ways for an event to arrive, `times` times each.
pub fn measure(folder: &Path, times: u32) -> Vec<Value> {
    let (root, aside) = (folder.join("live"), folder.join("aside"));
    make(&root, &Wish { events: 500, ..Wish::default() }).unwrap();
    let today = days_ago(0);
    for folder in [root.join("Camera1"), root.join("Camera2"), aside.join("Camera1")] {
        fs::create_dir_all(folder.join(today.to_string())).unwrap();
    }
    let daemon = Daemon::start(crate::program(), &root, &folder.join("live-state"));
    let mut connection = daemon.connect_ready();
    let start = |n: u32| today.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::seconds(FIRST + i64::from(n) * APART);
    let moved = (0..times).map(|n| move_in(&root, &aside, start(n), &mut connection)).collect();
    let written = (0..times).map(|n| write_in_place(&root, start(n), &mut connection)).collect();
    drop(daemon);
    fs::remove_dir_all(&root).unwrap();
    vec![row("moved in whole, since the rename", moved), row("written in place, since the last close", written)]
}

fn row(what: &str, mut took: Vec<Duration>) -> Value {
    took.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (middle, worst) = (took[took.len() / 2], took[took.len() - 1]);
    json!({ "what": what, "median_ms": ms(middle), "worst_ms": ms(worst), "wanted_ms": 500, "times": took.len() })
}

/// A finished event is renamed into the day: it must be served as complete, with all of its frames.
fn move_in(root: &Path, aside: &Path, start: NaiveDateTime, connection: &mut Connection) -> Duration {
    let event = Event { root: aside, camera: "Camera1", start, frames: FRAMES, saved: false };
    event.make(false).unwrap();
    // As old as its name says, or an hour, whichever is longer ago: Motion is done with it.
    for entry in fs::read_dir(event.folder()).unwrap() {
        set_old(&entry.unwrap().path());
    }
    set_old(&event.folder());
    fs::rename(event.folder(), root.join(event.id())).unwrap();
    wait_for(connection, &event.id(), |found| found["frames"] == FRAMES && found["state"] == "complete")
}

/// An event is written where it belongs, its movie last: it must be served with all of its frames and its movie's bytes.
fn write_in_place(root: &Path, start: NaiveDateTime, connection: &mut Connection) -> Duration {
    let event = Event { root, camera: "Camera2", start, frames: FRAMES, saved: false };
    let folder = event.folder();
    fs::create_dir(&folder).unwrap();
    let picture = [0xFF, 0xD8, 0xFF, 0xD9];
    for n in 0..FRAMES {
        fs::write(folder.join(format!("{}-{n:02}.jpg", start.format("%H-%M-%S"))), picture).unwrap();
        if n == 0 {
            // It is known by now, and scanned from time to time: its end must not wait for the next scan.
            wait_for(connection, &event.id(), |_| true);
        }
    }
    let movie = movie();
    let bytes = picture.len() * FRAMES as usize + movie.len();
    fs::write(folder.join("video.mp4"), movie).unwrap();
    wait_for(connection, &event.id(), |found| found["frames"] == FRAMES && found["bytes"] == bytes)
}

#[allow(clippy::disallowed_methods)] // a file's time, not a decision's
fn set_old(path: &Path) {
    let old = std::time::SystemTime::now() - Duration::from_secs(3600);
    File::open(path).unwrap().set_modified(old).unwrap();
}

/// Asks for the newest events again and again until one is there and as it should be. Returns how long that took.
fn wait_for(connection: &mut Connection, id: &str, is_right: impl Fn(&Value) -> bool) -> Duration {
    let begun = Instant::now();
    let camera = id.split('/').next().unwrap();
    loop {
        let (_, body) = connection.get(&format!("/api/v1/events?camera={camera}&limit=3"));
        let took = begun.elapsed();
        let page: Value = serde_json::from_slice(&body).unwrap();
        let found = page["events"].as_array().unwrap().iter().find(|event| event["id"] == id);
        if found.is_some_and(&is_right) {
            return took;
        }
        assert!(took < PATIENCE, "{id} is not served: {found:?}");
        pause();
    }
}
