//! The steps of finishing on real directories, each interrupted, without a movie maker.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::*;
use crate::fault::stop_at;

const DAY: &str = "Camera1/2026-09-30";
const GAP: Duration = Duration::from_secs(90);
/// What an addition of a test is made of.
const OF: MadeOf = MadeOf { frames: 3, ended: 1_790_000_000_000_000_000 };

/// Writes a file at the time of day that a frame's name has.
fn write(root: &Path, name: &str) {
    let path = root.join(DAY).join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, name).unwrap();
    let time = path.file_name().and_then(|name| EventName::from_bytes(name.as_encoded_bytes().get(..8)?)?.secs());
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000 + u64::from(time.unwrap_or(0)));
    fs::File::open(&path).unwrap().set_modified(time).unwrap();
}

/// A directory of number 05 with one event and a debug frame, its marker, and another event of that day.
fn one_event(root: &Path) {
    for name in
        ["05/10-04-36-00.jpg", "05/10-04-35-03.jpg", "05/10-04-36-01m.jpg", "05/notes.txt", "08-00-00/video.mp4"]
    {
        write(root, name);
    }
    write_marker(root);
}

/// A directory of number 05 with two saved events.
fn two_events(root: &Path) {
    one_event(root);
    for name in ["05/14-20-00-00.jpg", "05/14-20-01-00m.jpg", "05/.saved"] {
        write(root, name);
    }
}

fn write_marker(root: &Path) {
    fs::create_dir_all(root.join("queue")).unwrap();
    fs::write(root.join("queue/Camera1_2026-09-30_05"), "").unwrap();
}

fn marker_time(tree: &Tree) -> Option<i64> {
    tree.queue_markers().unwrap().first().map(|(_, time)| *time)
}

fn id(name: &str) -> EventId {
    format!("{DAY}/{name}").parse().unwrap()
}

/// Everything below the root with the contents of its files, without Owlery's state.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != ".owlery") {
            let name = entry.path().strip_prefix(root).unwrap().to_path_buf();
            if entry.file_type().unwrap().is_dir() {
                dirs.push(entry.path());
                found.insert(name, "directory".to_owned());
            } else {
                found.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    found
}

/// Finishes number 05 as the service does, with texts for movies.
fn finish(tree: &Tree) {
    if let Ok(event) = tree.unfinished(&id("05")) {
        let parts = event.parts(GAP).unwrap();
        event.split(&parts).unwrap();
        for part in event.split_off().unwrap() {
            let part = tree.unfinished(&part).unwrap();
            part.end_split_off(finish_part(&part).1).unwrap();
        }
        let (part, of) = finish_part(&event);
        event.rename(&part, of).unwrap();
    }
    if let Some(time) = marker_time(tree) {
        assert!(tree.remove_queue_marker(&id("05"), time).unwrap());
    }
}

fn finish_part(event: &Unfinished) -> (Part, MadeOf) {
    event.move_debug_frames().unwrap();
    let part = event.parts(Duration::MAX).unwrap().remove(0);
    let of = MadeOf { frames: part.shots.len(), ended: part.ended().unwrap() };
    event.remove_outdated(of).unwrap();
    for addition in Addition::ALL {
        let is_wanted = addition != Addition::DebugMovie || part.frames(Shows::Motion).count() > 0;
        if !event.has(addition, of).unwrap() && is_wanted {
            let text = format!("{addition:?} of {} frames", part.shots.len());
            event.add(addition, &mut text.as_bytes(), of).unwrap();
            assert!(event.has(addition, of).unwrap());
        }
    }
    (part, of)
}

fn made(make: fn(&Path)) -> (tempfile::TempDir, Tree) {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let tree = Tree::open(dir.path(), "Camera.*").unwrap();
    tree.identify().unwrap();
    (dir, tree)
}

#[test]
fn an_event_is_finished() {
    let (dir, tree) = made(one_event);
    finish(&tree);
    let names: Vec<String> =
        snapshot(&dir.path().join(DAY)).into_keys().map(|name| name.to_string_lossy().into_owned()).collect();
    let expected = [
        "08-00-00",
        "08-00-00/video.mp4",
        "10-04-35",
        "10-04-35/10-04-35-03.jpg",
        "10-04-35/10-04-36-00.jpg",
        "10-04-35/debug",
        "10-04-35/debug/10-04-36-01m.jpg",
        "10-04-35/debug/video.mp4",
        "10-04-35/notes.txt",
        "10-04-35/thumbnail.jpg",
        "10-04-35/video.mp4",
    ];
    assert_eq!(names, expected);
    assert_eq!(marker_time(&tree), None);
    let time = |name: &str| fs::metadata(dir.path().join(DAY).join(name)).unwrap().modified().unwrap();
    assert_eq!(time("10-04-35"), time("10-04-35/10-04-36-00.jpg"), "its time is that of its last frame");
    assert_eq!(time("10-04-35/video.mp4"), time("10-04-35"));
}

/// Both events are saved, and nothing of one is in the other.
#[test]
fn two_events_become_two_directories() {
    let (dir, tree) = made(two_events);
    finish(&tree);
    let names = |event: &str| tree.unfinished(&id(event)).unwrap().dir.names().unwrap();
    let text = |names: Vec<Vec<u8>>| names.into_iter().map(|name| String::from_utf8(name).unwrap()).collect::<Vec<_>>();
    let expected = [".saved", "10-04-35-03.jpg", "10-04-36-00.jpg", "debug", "notes.txt", "thumbnail.jpg", "video.mp4"];
    assert_eq!(text(names("10-04-35")), expected);
    assert_eq!(text(names("14-20-00")), [".saved", "14-20-00-00.jpg", "debug", "thumbnail.jpg", "video.mp4"]);
    assert!(!dir.path().join(DAY).join("05").exists());
}

/// A crash after each step, again and again: the end is the same, and every frame is there in between.
#[test]
fn a_crash_after_each_step_changes_nothing() {
    let mut interrupted = 0;
    for make in [one_event, two_events] {
        let (expected, tree) = made(make);
        let frames = |root: &Path| {
            let mut found: Vec<String> = snapshot(root).into_values().filter(|text| text.contains(".jpg")).collect();
            found.sort();
            found
        };
        let before = frames(expected.path());
        finish(&tree);
        let expected = snapshot(expected.path());
        for step in 1..=9 {
            for times in [1, 3, 100] {
                let (dir, tree) = made(make);
                let name = format!("finish-{step}");
                let crashed = (0..times).take_while(|_| stop_at(Some(&name), || finish(&tree)).is_none());
                interrupted += crashed.inspect(|_| assert_eq!(frames(dir.path()), before, "{name}")).count();
                finish(&tree);
                assert_eq!(snapshot(dir.path()), expected, "{name}, {times} times");
            }
        }
    }
    assert!(interrupted > 100, "{interrupted}");
}

/// An event of the same second, a file, a link: the next second that is free.
#[test]
fn no_name_is_taken_twice() {
    let (dir, tree) = made(two_events);
    write(dir.path(), "10-04-35/video.mp4");
    fs::write(dir.path().join(DAY).join("10-04-36"), "a file").unwrap();
    std::os::unix::fs::symlink("/", dir.path().join(DAY).join("14-20-00")).unwrap();
    finish(&tree);
    let day = dir.path().join(DAY);
    assert_eq!(fs::read_to_string(day.join("10-04-35/video.mp4")).unwrap(), "10-04-35/video.mp4");
    assert!(day.join("10-04-37/10-04-35-03.jpg").exists() && day.join("14-20-01/14-20-00-00.jpg").exists());
    assert_eq!(fs::read_to_string(day.join("10-04-36")).unwrap(), "a file");
}

/// What Motion or another program made stays, and a movie of Motion is enough.
#[test]
fn nothing_is_overwritten() {
    let (dir, tree) = made(one_event);
    for name in ["05/video.mkv", "05/thumbnail.jpg", "05/debug/10-04-36-01m.jpg"] {
        write(dir.path(), name);
    }
    fs::write(dir.path().join(DAY).join("05/video.m4v"), "").unwrap();
    finish(&tree);
    let event = dir.path().join(DAY).join("10-04-35");
    for name in ["video.mkv", "thumbnail.jpg", "debug/10-04-36-01m.jpg"] {
        assert_eq!(fs::read_to_string(event.join(name)).unwrap(), format!("05/{name}"));
    }
    assert!(event.join("10-04-36-01m.jpg").exists(), "a debug frame whose place is taken stays");
    assert!(!event.join("video.mp4").exists());
    let unfinished = tree.unfinished(&id("10-04-35")).unwrap();
    unfinished.add(Addition::Thumbnail, &mut &b"other"[..], OF).unwrap();
    unfinished.show_additions(OF).unwrap();
    assert_eq!(fs::read_to_string(event.join("thumbnail.jpg")).unwrap(), "05/thumbnail.jpg");
    assert!(unfinished.dir.names().unwrap().iter().all(|name| !name.starts_with(b".finishing")));
}

/// A movie of which nothing plays is not enough; if it has the name, it stays.
#[test]
fn a_broken_movie_is_no_movie() {
    let (dir, tree) = made(one_event);
    fs::write(dir.path().join(DAY).join("05/video.m4v"), "").unwrap();
    fs::create_dir(dir.path().join(DAY).join("05/video.webm")).unwrap();
    finish(&tree);
    let event = dir.path().join(DAY).join("10-04-35");
    assert_eq!(fs::read_to_string(event.join("video.mp4")).unwrap(), "Movie of 3 frames");
    let (dir, tree) = made(one_event);
    fs::write(dir.path().join(DAY).join("05/video.mp4"), "").unwrap();
    finish(&tree);
    assert_eq!(fs::read_to_string(dir.path().join(DAY).join("10-04-35/video.mp4")).unwrap(), "");
    assert!(!tree.unfinished(&id("10-04-35")).unwrap().dir.names().unwrap().iter().any(|name| name.starts_with(b".f")));
}

/// Frames that are added before the rename: what was made without them is made again.
#[test]
fn additions_of_other_frames_are_made_again() {
    let (dir, tree) = made(one_event);
    finish_part(&tree.unfinished(&id("05")).unwrap());
    write(dir.path(), "05/10-04-38-00.jpg");
    finish(&tree);
    let event = dir.path().join(DAY).join("10-04-35");
    assert_eq!(fs::read_to_string(event.join("video.mp4")).unwrap(), "Movie of 4 frames");
    assert_eq!(fs::read_to_string(event.join("debug/video.mp4")).unwrap(), "DebugMovie of 4 frames");
}

/// Where the directory cannot be renamed, what was made is hidden again: frames may still be added.
#[test]
fn additions_are_hidden_without_a_name() {
    let (dir, tree) = made(one_event);
    let day = dir.path().join(DAY);
    for second in 0..600 {
        let at = 36_275 + second;
        fs::write(day.join(EventName::Time(at).to_string()), "").unwrap();
    }
    let event = tree.unfinished(&id("05")).unwrap();
    let (part, of) = finish_part(&event);
    assert!(event.rename(&part, of).unwrap_err().chain().contains("taken"));
    assert!(!day.join("05/video.mp4").exists() && event.has(Addition::Movie, of).unwrap());
}

/// Directories of other programs and users in the same day.
#[test]
fn foreign_directories_stop_nothing() {
    let (dir, tree) = made(two_events);
    let day = dir.path().join(DAY);
    fs::create_dir_all(day.join("10-04-35/.finishing")).unwrap();
    fs::create_dir(day.join("09-00-00")).unwrap();
    fs::write(day.join("09-00-00/.finishing"), vec![b'x'; 10_000]).unwrap();
    finish(&tree);
    assert!(day.join("10-04-36/10-04-35-03.jpg").exists() && day.join("14-20-00/video.mp4").exists());
    assert!(day.join("09-00-00/.finishing").exists());
}

/// Motion has ended another event of this number meanwhile.
#[test]
fn a_marker_that_was_touched_again_stays() {
    let (dir, tree) = made(one_event);
    let seen = marker_time(&tree).unwrap();
    let marker = fs::File::open(dir.path().join("queue/Camera1_2026-09-30_05")).unwrap();
    marker.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)).unwrap();
    assert!(!tree.remove_queue_marker(&id("05"), seen).unwrap());
    assert!(tree.remove_queue_marker(&id("05"), marker_time(&tree).unwrap()).unwrap());
    assert!(tree.remove_queue_marker(&id("05"), seen).unwrap(), "none is there");
}

#[test]
fn frames_come_by_how_much_changed() {
    let (_dir, tree) = made(one_event);
    let event = tree.unfinished(&id("05")).unwrap();
    let frames: Vec<Frame> = event.parts(GAP).unwrap()[0].frames(Shows::Camera).map(|shot| shot.frame).collect();
    assert_eq!(event.by_change(frames.iter().copied()), frames, "without EXIF data they keep their order");
    assert_eq!(event.read_frame(frames[0]).unwrap(), b"05/10-04-35-03.jpg");
}

/// A full disk: nothing is left behind.
#[test]
fn a_failed_addition_leaves_nothing() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(rustix::io::Errno::NOSPC.into())
        }
    }
    let (_dir, tree) = made(one_event);
    let event = tree.unfinished(&id("05")).unwrap();
    let before = event.dir.names().unwrap();
    assert!(event.add(Addition::Movie, &mut Broken, OF).unwrap_err().is_full());
    assert_eq!(event.dir.names().unwrap(), before);
}
