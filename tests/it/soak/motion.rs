//! A fake Motion: writes events as the real one does in the direct layout, at the simulated time, with the failures that
//! are known of it. What is on disk afterwards goes into the [`Oracle`].

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use super::clock::{date, local, touch};
use super::oracle::{Event, Oracle, Place};
use crate::world::{unfinished_mp4, whole_mp4};

/// An event that Motion still writes.
struct Open {
    id: String,
    /// How many more steps of the story it lasts.
    steps: u32,
}

pub struct Motion {
    root: PathBuf,
    open: Vec<Open>,
    /// Events that were ended at the last step.
    ended: Vec<String>,
    /// Files outside of events that no one may touch.
    pub strays: Vec<PathBuf>,
}

impl Motion {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), open: Vec::new(), ended: Vec::new(), strays: Vec::new() }
    }

    /// Whether an event is being written now.
    pub fn writes(&self, id: &str) -> bool {
        self.open.iter().any(|open| open.id == id)
    }

    /// Ends all events that are being written.
    pub fn stop(&mut self, oracle: &mut Oracle, at: i64) {
        for open in std::mem::take(&mut self.open) {
            self.end(oracle, &open.id, at);
        }
    }

    /// Goes on writing what is open, with the time `at`: called just before the clock is set to it, so that an open
    /// event is never silent.
    pub fn go_on(&mut self, oracle: &mut Oracle, at: i64) {
        for id in std::mem::take(&mut self.ended) {
            oracle.open.remove(&id); // the clock has been set past its last write
        }
        let mut going = Vec::new();
        for mut open in std::mem::take(&mut self.open) {
            if oracle.events[&open.id].place != Place::Archive || oracle.events[&open.id].cleaned {
                oracle.open.remove(&open.id);
                continue; // someone has taken it away; the real Motion would begin another one
            }
            if open.steps == 0 {
                self.end(oracle, &open.id, at);
                continue;
            }
            open.steps -= 1;
            let name = format!("{}-00.jpg", local(at).format("%H-%M-%S"));
            self.write(oracle, &open.id, &name, &frame(&open.id), at);
            going.push(open);
        }
        self.open.extend(going);
    }

    /// The movie's index is written at the end.
    fn end(&mut self, oracle: &mut Oracle, id: &str, at: i64) {
        if self.root.join(id).is_dir() {
            self.write(oracle, id, "video.mp4", &whole_mp4(), at);
        }
        self.ended.push(id.to_owned());
    }

    /// What a camera records between two moments: nothing new while an event goes on.
    pub fn record(&mut self, oracle: &mut Oracle, rng: &mut Rng, camera: &str, from: i64, to: i64) {
        if self.open.iter().any(|open| open.id.starts_with(camera)) {
            return;
        }
        let most = usize::try_from((to - from) / 3600).unwrap() + 1;
        let mut begin = from + 1;
        for _ in 0..rng.usize(0..=most) {
            begin += rng.i64(60..=(to - from).max(61));
            if begin + 30 > to {
                break;
            }
            self.event(oracle, rng, camera, begin);
            begin += 60;
        }
        if to - from > 100 && rng.u32(0..6) == 0 {
            let begin = to - rng.i64(3..20);
            let id = self.event(oracle, rng, camera, begin);
            // Some go on for days: until their own day is past the time of every rule.
            let steps = if rng.u32(0..8) == 0 { rng.u32(20..90) } else { rng.u32(0..5) };
            if oracle.events.contains_key(&id) {
                oracle.open.insert(id.clone());
                self.write(oracle, &id, "video.mp4", &unfinished_mp4(), to);
                self.open.push(Open { id, steps });
            }
        }
        if rng.u32(0..12) == 0 {
            let stray = self.root.join(camera).join(format!("{}-01m.jpg", local(to).format("%H-%M-%S")));
            if fs::write(&stray, "stray").is_ok() {
                self.strays.push(stray);
            }
        }
    }

    /// One event that began at a time; its id. On a full disk it may lack files, or not come into being.
    fn event(&mut self, oracle: &mut Oracle, rng: &mut Rng, camera: &str, begin: i64) -> String {
        let id = format!("{camera}/{}/{}", date(begin), local(begin).format("%H-%M-%S"));
        let dir = self.root.join(&id);
        if oracle.events.contains_key(&id) || fs::create_dir_all(&dir).is_err() {
            return id;
        }
        oracle.events.insert(id.clone(), Event::new(begin));
        let at = |after: i64| format!("{}", local(begin + after).format("%H-%M-%S"));
        let frames = rng.i64(1..6);
        let end = begin + frames;
        let kind = rng.u32(0..10);
        if kind != 1 {
            for frame_at in 0..frames {
                self.write(oracle, &id, &format!("{}-{:02}.jpg", at(frame_at), frame_at), &frame(&id), end);
            }
        }
        if kind == 2 {
            self.write(oracle, &id, &format!("{}-04.jpg", at(-1)), &frame(&id), end); // pre-capture
        }
        if kind == 3 {
            self.write(oracle, &id, "debug/video.mp4", &whole_mp4(), end);
            self.write(oracle, &id, &format!("{}-01m.jpg", at(0)), b"debug", end);
        }
        let movie = match kind {
            4 => unfinished_mp4(), // Motion was killed
            5 => Vec::new(),
            _ => movie_of(rng.u32(8_000..90_000)),
        };
        self.write(oracle, &id, "video.mp4", &movie, end);
        id
    }

    /// Writes a file of an event, as much of it as the disk takes, and has the oracle know it.
    fn write(&self, oracle: &mut Oracle, id: &str, name: &str, bytes: &[u8], at: i64) {
        let dir = self.root.join(id);
        let path = dir.join(name);
        if name.contains('/') {
            let _ = fs::create_dir(path.parent().unwrap());
        }
        let Ok(mut file) = File::create(&path) else { return };
        let _ = file.write_all(bytes); // a full disk leaves a part
        drop(file);
        touch(&path, at);
        touch(&dir, at);
        let Ok(meta) = path.metadata() else { return };
        let event = oracle.events.get_mut(id).unwrap();
        event.files.insert(name.to_owned(), meta.len());
        event.written = event.written.max(at);
    }
}

/// A frame that names its event.
fn frame(id: &str) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xe0".to_vec();
    bytes.extend(id.as_bytes());
    bytes.resize(700, 0);
    bytes
}

/// An mp4 that is whole, with so many bytes of pictures.
fn movie_of(bytes: u32) -> Vec<u8> {
    let whole = whole_mp4();
    let data = whole.windows(4).position(|kind| kind == b"mdat").unwrap() - 4;
    let old = u32::from_be_bytes(whole[data..data + 4].try_into().unwrap()) as usize;
    let mut movie = whole[..data].to_vec();
    movie.extend((8 + bytes).to_be_bytes());
    movie.extend(b"mdat");
    movie.resize(movie.len() + bytes as usize, 0);
    movie.extend(&whole[data + old..]);
    movie
}

/// The files of an event's directory, without Owlery's own.
pub fn files_in(dir: &Path) -> BTreeMap<String, u64> {
    let entries = walkdir::WalkDir::new(dir).min_depth(1).into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .filter_map(|entry| {
            let name = entry.path().strip_prefix(dir).ok()?.to_str()?.to_owned();
            Some((name, entry.metadata().ok()?.len()))
        })
        .collect()
}
