//! Flat layouts while a real Motion writes them: what Motion reports of its events and files by its hooks is what the events
//! have to be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use chrono::Days;
use serde_json::Value;

use super::Live;
use crate::world::{Daemon, KEEP_45_DAYS, today, wait_until};

/// Six cameras with directories and names of their own.
#[test]
fn flat_cameras_from_first_frame_to_expiry() {
    let cameras = ["Camera1", "Camera2", "Camera3", "Camera4", "Camera5", "Camera6"];
    let layouts = [
        "Camera1=%v-%Y%m%d%H%M%S",
        "Camera2=%Y-%m-%d/%H-%M-%S",
        "Camera3=%Y-%m-%d/%H/%H-%M-%S",
        "Camera4=%Y-%m-%d/%H/%M-%S",
        "Camera5=%v-%Y%m%d%H%M%S",
        "Camera6=%Y-%m-%d/%H-%M-%S",
    ];
    Film::start("flat", &cameras).follow_to_expiry(&layouts);
}

/// Two cameras that write into the root itself, and tell themselves apart by their numbers.
#[test]
fn flat_root_from_first_frame_to_expiry() {
    Film::start("root", &["Camera1", "Camera2"]).follow_to_expiry(&["%t-%v-%Y%m%d%H%M%S"]);
}

/// The names of Motion's own default: one camera that writes into the root; its configuration names it.
#[test]
fn flat_default_from_first_frame_to_expiry() {
    Film::start("default", &["camera1"]).follow_to_expiry(&["camera1=%v-%Y%m%d%H%M%S"]);
}

/// The names of Debian's own configuration, which makes movies without pictures.
#[test]
fn flat_debian_from_first_frame_to_expiry() {
    Film::start("debian", &["Camera1"]).follow_to_expiry(&["%t-%v-%Y%m%d%H%M%S"]);
}

/// Motion at work with a flat layout.
struct Film {
    live: Live,
    cameras: Vec<&'static str>,
    /// What each event was listed as.
    seen: BTreeMap<String, Seen>,
}

/// What was seen of an event, again and again.
#[derive(Debug, Default)]
struct Seen {
    /// The states, one after the other.
    states: Vec<String>,
    /// Its size when it was listed as complete first.
    bytes: Option<u64>,
}

/// One of Motion's events, as its hooks report it.
#[derive(Debug, Default)]
struct Truth {
    /// Below the root.
    frames: BTreeSet<String>,
    movies: BTreeSet<String>,
    is_over: bool,
}

impl Film {
    fn start(layout: &str, cameras: &[&'static str]) -> Self {
        Self { live: Live::start(layout), cameras: cameras.to_vec(), seen: BTreeMap::new() }
    }

    /// Motion's events by camera and number.
    fn truth(&self) -> BTreeMap<(String, String), Truth> {
        let lines = fs::read_to_string(self.live.folder().join("hooks.log")).unwrap();
        let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole); // the last may be half written
        let root = format!("{}/", self.live.world.root.canonicalize().unwrap().display());
        let mut events: BTreeMap<(String, String), Truth> = BTreeMap::new();
        for line in whole.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let camera = if let [only] = self.cameras[..] { only.to_owned() } else { format!("Camera{}", words[1]) };
            let event = events.entry((camera, words[2].to_owned())).or_default();
            let path = || words[4].strip_prefix(&root).unwrap().to_owned();
            match (words[0], words.get(3)) {
                ("file", Some(&"1")) => _ = event.frames.insert(path()),
                ("file", Some(&"8")) => _ = event.movies.insert(path()),
                ("end", _) => event.is_over = true,
                _ => {}
            }
        }
        events.retain(|_, event| !event.movies.is_empty()); // a snapshot has the number of the next event
        events
    }

    /// Reads the list once.
    fn look(&mut self, daemon: &Daemon) -> Vec<Value> {
        let events = daemon.events();
        for event in &events {
            let (id, state) = (event["id"].as_str().unwrap(), event["state"].as_str().unwrap());
            let seen = self.seen.entry(id.to_owned()).or_default();
            if seen.states.last().map(String::as_str) != Some(state) {
                seen.states.push(state.to_owned());
            }
            if state == "complete" && seen.bytes.is_none() {
                seen.bytes = event["bytes"].as_u64();
            }
        }
        events
    }

    fn follow_to_expiry(mut self, layouts: &[&str]) {
        let conf = self.live.folder().join("conf/motion.conf");
        let conf = ["--motion-conf", conf.to_str().unwrap()];
        let daemon = self.live.world.serve(&conf);
        let whole = self.film(&daemon);
        let events = daemon.events();
        for (of, truth) in &whole {
            self.assert_is_event(&daemon, &events, of, truth);
        }
        self.delete_and_restore(&daemon, &whole);
        let before = ids(&daemon.events());
        assert_eq!(daemon.stop(), 0);
        let flags: Vec<&str> = layouts.iter().flat_map(|layout| ["--layout", layout]).collect();
        let ran = self.live.world.run("list", &[&["--json", "--limit", "1000"], &flags[..]].concat());
        assert_eq!(ids(ran.json()["events"].as_array().unwrap()), before, "by {flags:?}");
        self.expire_all(&conf);
    }

    /// Lets Motion film until each camera has an event that is complete and another one has begun, then stops it. Returns the
    /// events that Motion ended by itself.
    fn film(&mut self, daemon: &Daemon) -> BTreeMap<(String, String), Truth> {
        let cameras = self.cameras.clone();
        wait_until("an event of each camera is complete, and the next has begun", || {
            self.live.assert_runs();
            let truth = self.truth();
            let listed = self.look(daemon);
            cameras.iter().all(|camera| {
                let mut own = truth.iter().filter(|((of, _), _)| of == camera).map(|(_, truth)| truth);
                own.clone().count() >= 2 && own.any(|truth| truth.is_over && are_complete(&listed, camera, truth))
            })
        });
        let mut whole = self.truth();
        whole.retain(|_, truth| truth.is_over);
        self.live.end_motion();
        wait_until("every event is complete", || {
            let listed = self.look(daemon);
            let all = self.truth();
            !listed.is_empty()
                && listed.iter().all(|event| event["state"] == "complete")
                && all.iter().all(|((camera, _), truth)| are_complete(&listed, camera, truth))
        });
        // Pictures are reported after they are written; by now all are.
        let all = self.truth();
        all.into_iter().filter(|(of, _)| whole.contains_key(of)).collect()
    }

    /// An event of Motion's is one event, with all of its files.
    fn assert_is_event(&self, daemon: &Daemon, events: &[Value], (camera, number): &(String, String), truth: &Truth) {
        let own: Vec<&Value> = of_movies(events, camera, truth);
        let told = format!("event {number} of {camera}: {truth:?}\n{own:#?}");
        // Without numbers, nothing tells that two movies are of one event.
        let is_divided = camera == "Camera6";
        assert_eq!(own.len(), if is_divided { truth.movies.len() } else { 1 }, "{told}");
        let movies: usize = own.iter().map(|event| event["videos"].as_array().unwrap().len()).sum();
        assert_eq!(movies, truth.movies.len(), "{told}");
        let frames: u64 = own.iter().map(|event| event["frames"].as_u64().unwrap()).sum();
        assert_eq!(frames, truth.frames.len() as u64, "{told}");
        assert!(own[0]["start"].as_str().unwrap() < own[0]["end"].as_str().unwrap(), "no length: {told}");
        for event in own {
            let id = event["id"].as_str().unwrap();
            let seen = &self.seen[id];
            assert_eq!(seen.states, ["open", "complete"], "{told}");
            assert_eq!(seen.bytes, event["bytes"].as_u64(), "it grew after it was complete: {told}");
            assert_eq!(event["problems"], Value::Array(Vec::new()), "{told}");
            let files = ["video", "thumbnail"].into_iter().filter_map(|key| event[key].as_str());
            for url in files {
                let answer = daemon.get(url);
                assert!(answer.status == 200 && answer.body.len() > 1000, "{url}: {told}");
            }
        }
    }

    /// Deletes one event of each camera by the API: its files go and no other. Restored, everything is as before.
    fn delete_and_restore(&mut self, daemon: &Daemon, whole: &BTreeMap<(String, String), Truth>) {
        let before = self.files();
        let (mut gone, mut passes) = (BTreeSet::new(), Vec::new());
        for camera in self.cameras.clone() {
            let ((of, _), truth) = whole.iter().find(|((of, _), _)| of == camera).unwrap();
            for event in of_movies(&daemon.events(), of, truth) {
                let id = event["id"].as_str().unwrap();
                let deleted = daemon.request("DELETE", &format!("/api/v1/events/{id}"), &[]);
                assert_eq!(deleted.status, 200, "{id}: {}", deleted.text());
                passes.push(deleted.json()["pass"].as_str().unwrap().to_owned());
                wait_until("the event is gone", || daemon.event(id).is_none());
            }
            gone.extend(truth.frames.iter().chain(&truth.movies).cloned());
            let expected: BTreeSet<&String> = before.keys().filter(|path| !gone.contains(*path)).collect();
            let left = self.files();
            assert_eq!(left.keys().collect::<BTreeSet<_>>(), expected, "{camera}");
        }
        for pass in passes {
            let ran = self.live.world.run("restore", &[&pass]);
            assert_eq!(ran.code, 0, "{ran:?}");
        }
        assert_eq!(self.files(), before);
    }

    /// Every file but Owlery's own and what waits in the queue, with its size, time and inode.
    fn files(&self) -> BTreeMap<String, (u64, i64, u64)> {
        let world = &self.live.world;
        let is_file = |path: &String| !path.starts_with("delete_queue") && !world.path(path).is_dir();
        let seen = |path: String| {
            let stat = world.path(&path).symlink_metadata().unwrap();
            (path, (stat.len(), stat.mtime(), stat.ino()))
        };
        world.tree().into_iter().filter(is_file).map(seen).collect()
    }

    /// Two months go by, and everything expires that is of an event or a snapshot of its camera.
    #[allow(clippy::disallowed_methods)]
    fn expire_all(&self, flags: &[&str]) {
        let world = &self.live.world;
        let long_ago = SystemTime::now() - Duration::from_secs(60 * 86_400);
        let aged = |path: &str| {
            [0, 1].into_iter().fold(path.to_owned(), |path, back| {
                let (was, is) = (today() - Days::new(back), today() - Days::new(60 + back));
                let stamp = |path: String, format: &str| {
                    path.replace(&was.format(format).to_string(), &is.format(format).to_string())
                };
                stamp(stamp(path, "%Y-%m-%d"), "%Y%m%d")
            })
        };
        for path in self.files().into_keys() {
            let to = world.path(aged(&path));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::rename(world.path(&path), &to).unwrap();
            if !to.is_symlink() {
                File::open(&to).unwrap().set_modified(long_ago).unwrap();
            }
        }
        for path in world.tree().into_iter().rev() {
            let _ = fs::remove_dir(world.path(path)); // where it is empty
        }
        let ran = world.run("expire", &[flags, &KEEP_45_DAYS].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let is_left = |path: &String| {
            let name = path.rsplit('/').next().unwrap();
            // A snapshot in the root does not tell whose it is, and `lastsnap.jpg` is no recording.
            let is_of_root = !path.contains('/') && name.ends_with("-snapshot.jpg");
            !is_of_root && name != "lastsnap.jpg" && name != "delete_queue" && !self.cameras.contains(&path.as_str())
        };
        let left: Vec<String> = world.tree().into_iter().filter(is_left).collect();
        assert_eq!(left, [""; 0], "{ran:?}");
    }
}

/// The listed events that have any of these movies.
fn of_movies<'a>(listed: &'a [Value], camera: &str, truth: &Truth) -> Vec<&'a Value> {
    let names: BTreeSet<&str> = truth.movies.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
    let has = |event: &&Value| {
        let videos = event["videos"].as_array().unwrap();
        event["camera"] == camera && videos.iter().any(|video| names.contains(video["name"].as_str().unwrap()))
    };
    let mut own: Vec<&Value> = listed.iter().filter(has).collect();
    own.sort_by_key(|event| event["id"].as_str());
    own
}

/// Whether every movie of an event is in events that are listed as complete.
fn are_complete(listed: &[Value], camera: &str, truth: &Truth) -> bool {
    let own = of_movies(listed, camera, truth);
    let movies: usize = own.iter().map(|event| event["videos"].as_array().unwrap().len()).sum();
    movies >= truth.movies.len() && own.iter().all(|event| event["state"] == "complete")
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}
