//! The real Motion films two generated cameras, in both layouts, with `owlery serve` beside it. What Motion says in its
//! hooks is the truth that the daemon's lists are held against. Each test takes most of a minute, and nearly all of that is
//! waiting.

mod flat;
mod live;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::browser::Browser;
use crate::world::{Daemon, Ran, World, wait_until};

/// Follows events of a real Motion from the first frame until they are expired.
#[test]
fn events_with_movies_from_first_frame_to_expiry() {
    let mut live = Live::start("direct");
    let motion_conf = live.folder().join("conf/motion.conf");
    let daemon = live.world.serve(&["--motion-conf", motion_conf.to_str().unwrap()]);
    let events = live.follow(&daemon);

    for (id, event) in &events {
        assert_eq!(event["video"], format!("/media/{id}/video.mp4"));
        let movie = daemon.get(event["video"].as_str().unwrap());
        assert_eq!((movie.status, &movie.body[4..8]), (200, &b"ftyp"[..]), "{id}");
        assert!(live.world.has(format!("{id}/.details.json")), "{id} completed while Owlery ran");
    }
    let told = live.said("told");
    assert!(told.len() >= 2 && told.iter().all(|id| id.starts_with("Camera1/")), "Motion told Owlery of {told:?}");

    live.expire_all(daemon, events.len());
}

/// Follows frames-only events of a real Motion from the first frame until they are expired.
#[test]
fn events_of_frames_from_first_frame_to_expiry() {
    let mut live = Live::start("frames");
    // Without it the first event of one o'clock, `01`, could be the directory of an hour until it is over.
    let motion_conf = live.folder().join("conf/motion.conf");
    let daemon = live.world.serve(&["--motion-conf", motion_conf.to_str().unwrap()]);
    let events = live.follow(&daemon);

    for (id, event) in &events {
        assert_eq!(event["video"], Value::Null);
        assert!(!live.world.has(format!("{id}/.details.json")), "{id} is not named by its time yet");
    }
    // The manager that makes movies of these takes the markers away; it is not part of this.
    for id in live.said("end") {
        fs::remove_file(live.world.path("queue").join(id.replace('/', "_"))).unwrap();
    }

    live.expire_all(daemon, events.len());
}

/// Motion films, Owlery finishes: each event gets a movie that a browser plays to its end, and no marker is left.
#[test]
fn events_of_frames_are_finished() {
    let mut live = Live::start("frames");
    let motion_conf = live.folder().join("conf/motion.conf");
    let daemon = live.world.serve(&["--finish", "--motion-conf", motion_conf.to_str().unwrap()]);
    let finished = |camera: &str| {
        let events = daemon.events();
        let is_finished = |event: &&Value| {
            event["id"].as_str().unwrap().starts_with(camera)
                && !event["playable"].is_null()
                && event["state"] == "complete"
        };
        events.iter().filter(is_finished).count()
    };
    for events in [1, 2] {
        wait_until(&format!("{events} finished events of each camera, while Motion films"), || {
            live.assert_runs();
            finished("Camera1/") >= events && finished("Camera2/") >= events
        });
    }
    live.end_motion();
    let has_frames = |id: &String| {
        let names = fs::read_dir(live.world.path(id)).unwrap().map(|entry| entry.unwrap().file_name());
        names.into_iter().any(|name| !name.to_string_lossy().ends_with("m.jpg"))
    };
    // A lone debug picture under the number of the next event is none.
    let is_number = |id: &&String| id.rsplit('/').next().unwrap().len() == 2;
    wait_until("no number and no marker is left", || {
        let numbers: Vec<String> = live.on_disk().iter().filter(is_number).cloned().collect();
        !numbers.iter().any(has_frames) && fs::read_dir(live.world.path("queue")).unwrap().next().is_none()
    });
    let finished: Vec<String> = live.on_disk().into_iter().filter(|id| !is_number(&id)).collect();
    assert!(finished.len() >= 4, "{finished:?}");
    let browser = Browser::open(&live.world, &daemon);
    for id in finished {
        let event = daemon.wait_for_event(&id, "is complete", |event| event["state"] == "complete");
        assert!(live.world.has(format!("{id}/thumbnail.jpg")) && live.world.has(format!("{id}/.details.json")), "{id}");
        assert_eq!(event["thumbnail"], format!("/media/{id}/thumbnail.jpg"));
        if event["frames"].as_u64().unwrap() > 3 {
            browser.plays_to_its_end(event["playable"].as_str().unwrap());
        }
    }
    assert_eq!(daemon.stop(), 0);
}

/// Motion at work on an archive; ended when dropped, by its own process id.
struct Live {
    world: World,
    motion: Child,
    /// The states that each event was listed in, one after the other.
    seen: BTreeMap<String, Vec<String>>,
    /// Listed as over before Motion began an event there: a lone debug picture, under the number of the next event.
    lone: BTreeSet<String>,
}

impl Live {
    fn start(layout: &str) -> Self {
        Self::start_with(layout, &[])
    }

    /// The same with these variables for the script.
    fn start_with(layout: &str, variables: &[(&str, &str)]) -> Self {
        let world = World::empty();
        let motion = Self::motion(&world, layout, variables);
        let mut live = Self { world, motion, seen: BTreeMap::new(), lone: BTreeSet::new() };
        wait_until("Motion starts", || {
            live.assert_runs();
            live.folder().join("hooks.log").exists()
        });
        live
    }

    fn motion(world: &World, layout: &str, variables: &[(&str, &str)]) -> Child {
        let folder = world.root.parent().unwrap();
        let log = File::create(folder.join("motion.log")).unwrap();
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/motion/run"))
            .args([folder.as_os_str(), layout.as_ref(), env!("CARGO_BIN_EXE_owlery").as_ref()])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.world.root.parent().unwrap().to_path_buf()
    }

    fn assert_runs(&mut self) {
        let ended = self.motion.try_wait().unwrap();
        assert!(ended.is_none(), "Motion ended by itself: {ended:?}");
    }

    /// The events of which Motion reported `start`, `end` or `told` so far, each with its camera's directory.
    fn said(&self, word: &str) -> BTreeSet<String> {
        let lines = fs::read_to_string(self.folder().join("hooks.log")).unwrap();
        let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole); // the last may be half written
        whole
            .lines()
            .filter_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
                [what, camera, _number, event] if what == word => Some(format!("Camera{camera}/{event}")),
                _ => None,
            })
            .collect()
    }

    /// The events' directories on the disk.
    fn on_disk(&self) -> BTreeSet<String> {
        let is_event = |path: &String| path.starts_with("Camera") && path.split('/').count() == 3;
        self.world.tree().into_iter().filter(is_event).filter(|path| self.world.path(path).is_dir()).collect()
    }

    /// Checks the list once: nothing is over that Motion still writes.
    fn look(&mut self, daemon: &Daemon) {
        let begun = self.said("start");
        let listed = daemon.events();
        let ended = self.said("end");
        for event in listed {
            let (id, state) = (event["id"].as_str().unwrap(), event["state"].as_str().unwrap());
            if state != "open" && !begun.contains(id) && !ended.contains(id) {
                self.lone.insert(id.to_owned());
            }
            let may_be_over = ended.contains(id) || self.lone.contains(id);
            assert!(state == "open" || may_be_over, "Motion has not ended {id} yet, and it is listed as {state}");
            let states = self.seen.entry(id.to_owned()).or_default();
            if states.last().map(String::as_str) != Some(state) {
                states.push(state.to_owned());
            }
        }
    }

    /// Lets Motion film until each camera has two events that are listed as complete, then stops it. Returns all events.
    fn follow(&mut self, daemon: &Daemon) -> BTreeMap<String, Value> {
        for events in [1, 2] {
            wait_until(&format!("{events} complete events of each camera"), || {
                self.assert_runs();
                self.look(daemon);
                ["Camera1/", "Camera2/"].iter().all(|camera| {
                    let is_complete = |states: &Vec<String>| states.last().unwrap() == "complete";
                    let of_camera = self.seen.iter().filter(|(id, _)| id.starts_with(camera));
                    of_camera.filter(|(id, states)| !self.lone.contains(*id) && is_complete(states)).count() >= events
                })
            });
        }
        // What Motion has just begun when it gets the signal may be a picture or two of one second.
        let whole = self.said("end");
        self.end_motion();
        wait_until("every event is complete", || {
            self.look(daemon);
            self.seen.values().all(|states| states.last().unwrap() == "complete")
                && self.seen.keys().eq(&self.on_disk())
        });

        let begun = self.said("start");
        assert!(begun.len() >= 4 && begun.is_subset(&self.on_disk()), "Motion made {begun:?}");
        for (id, states) in self.seen.iter().filter(|(id, _)| !self.lone.contains(*id)) {
            assert_eq!(states[..], ["open", "complete"], "{id}");
        }
        let events: BTreeMap<String, Value> =
            daemon.events().into_iter().map(|event| (event["id"].as_str().unwrap().to_owned(), event)).collect();
        for id in whole.intersection(&begun) {
            let event = &events[id];
            assert!(event["frames"].as_u64().unwrap() >= 2 && event["bytes"].as_u64().unwrap() > 10_000, "{event}");
            assert!(event["peak_change"].as_u64().unwrap() >= 400, "less than Motion's threshold: {event}");
            assert_eq!(event["problems"], Value::Array(Vec::new()), "{event}");
            assert!(event["start"].as_str().unwrap() < event["end"].as_str().unwrap(), "{event}");
            let thumbnail = daemon.get(event["thumbnail"].as_str().unwrap());
            assert_eq!((thumbnail.status, &thumbnail.body[..2]), (200, &b"\xff\xd8"[..]), "{event}");
        }
        events
    }

    fn end_motion(&mut self) {
        let pid = self.motion.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        wait_until("the end of Motion", || self.motion.try_wait().unwrap().is_some());
    }

    /// Two months go by, and everything expires. Today is never retired, so the days get another name.
    fn expire_all(&self, daemon: Daemon, events: usize) {
        assert_eq!(daemon.stop(), 0);
        for path in self.world.tree().iter().filter(|path| path.split('/').count() == 2) {
            let (camera, name) = path.split_once('/').unwrap();
            let Ok(day) = name.parse::<NaiveDate>() else { continue };
            let aged = self.world.path(camera).join((day - Days::new(60)).to_string());
            fs::rename(self.world.path(path), aged).unwrap();
        }
        self.world.make_old(); // Motion wrote there a moment ago
        let Ran { code, stdout, stderr } = self.world.run("expire", &["--keep-days", "45", "--max-share", "1"]);
        assert_eq!(code, 0, "{stdout} {stderr}");
        assert!(stdout.contains(&format!("retired {events} events")), "{stdout}");
        assert_eq!(self.world.tree(), ["Camera1", "Camera2", "delete_queue", "queue"]);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.motion.kill();
        let _ = self.motion.wait();
        if std::thread::panicking() {
            for log in ["hooks.log", "motion.log"] {
                let text = fs::read_to_string(self.folder().join(log)).unwrap_or_default();
                let lines: Vec<&str> = text.lines().filter(|line| !line.contains("Writing image")).collect();
                eprintln!("--- {log}\n{}", lines.join("\n"));
            }
        }
    }
}
