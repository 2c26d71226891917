//! What a recall puts in place, what it leaves alone, and what an interruption after each step leaves.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::*;
use crate::fault::stop_at;

const DAY: &str = "2026-09-30";
const EVENT: &str = "10-04-36";
const FILES: [&str; 3] = ["video.mp4", "10-04-36-00.jpg", "debug/10-04-36-00m.jpg"];
/// The end of the event, long ago.
const ENDED: i64 = 1_790_000_000_000_000_000;

struct Root {
    folder: tempfile::TempDir,
    tree: Tree,
}

impl Root {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open_blank(folder.path(), "Camera.*").unwrap();
        tree.identify();
        Self { folder, tree }
    }

    fn camera(&self) -> PathBuf {
        self.folder.path().join("Camera1")
    }

    fn event(&self) -> PathBuf {
        self.camera().join(DAY).join(EVENT)
    }

    fn id() -> EventId {
        format!("Camera1/{DAY}/{EVENT}").parse().unwrap()
    }

    /// Gathers these files, each with its name for contents, and puts the event in place.
    fn recall(&self, files: &[&str]) -> Result<Placed> {
        let id = Self::id();
        let recall = self.tree.begin_recall(&id.camera)?;
        let gathering = recall.gather(id.day, id.name, Shape::Directory)?;
        for file in files {
            let name = file.strip_prefix("debug/");
            let mut made = gathering.create(name.is_some(), name.unwrap_or(file))?;
            made.write_all(file.as_bytes()).unwrap();
            gathering.end_file(&made, ENDED, true)?;
        }
        gathering.finish(ENDED, true)?;
        self.tree.place_recalled(&id)
    }

    /// Which of the files are in place. Each is whole.
    fn there(&self) -> Vec<&'static str> {
        let is_there = |file: &&&str| self.event().join(file).exists();
        let there: Vec<&str> = FILES.iter().filter(is_there).copied().collect();
        for file in &there {
            assert_eq!(fs::read_to_string(self.event().join(file)).unwrap(), *file);
        }
        there
    }

    fn is_tidy(&self) -> bool {
        !self.camera().join(".owlery-recall").exists()
    }
}

fn modified(path: &Path) -> i64 {
    let since = path.metadata().unwrap().modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_nanos()).unwrap()
}

#[test]
fn an_event_comes_back_whole_and_old() {
    let root = Root::new();
    let placed = root.recall(&FILES).unwrap();
    assert!(placed.is_new && placed.files == 3 && placed.left.is_empty(), "{placed:?}");
    assert_eq!(root.there(), FILES);
    assert!(root.event().join(".saved").exists() && root.is_tidy());
    for path in [root.event(), root.event().join("debug"), root.event().join("video.mp4")] {
        assert_eq!(modified(&path), ENDED, "{}", path.display());
    }
}

/// A new event is not there at all or whole, whatever step is interrupted, and the next recall tidies up.
#[test]
fn no_step_leaves_half_an_event() {
    for step in ["recall-1", "recall-2", "recall-2#3", "recall-3", "recall-5", "recall-6"] {
        let root = Root::new();
        assert!(stop_at(Some(step), || root.recall(&FILES)).is_none(), "{step}");
        let there = root.there();
        assert!(there.is_empty() || there == FILES, "{step}: {there:?}");
        assert_eq!(root.event().exists(), there == FILES, "{step}");
        // Dropped values tidy up where a crash does not.
        fs::create_dir_all(root.camera().join(".owlery-recall/2026-09-29-10-00-00/debug")).unwrap();
        fs::write(root.camera().join(".owlery-recall/2026-09-29-10-00-00/.saved"), "").unwrap();
        fs::write(root.camera().join(".owlery-recall/scratch"), "").unwrap();
        let again = root.recall(&FILES).unwrap();
        assert_eq!((root.there(), again.left.len()), (FILES.to_vec(), 0), "{step}");
        assert!(root.is_tidy(), "{step}");
    }
}

/// What is there stays as it is, and the rest is added, whatever step is interrupted.
#[test]
fn an_event_that_lacks_files_gets_them() {
    for step in [None, Some("recall-3"), Some("recall-5"), Some("recall-5#2"), Some("recall-6"), Some("recall-6#2")] {
        let root = Root::new();
        fs::create_dir_all(root.event()).unwrap();
        fs::write(root.event().join("video.mp4"), "mine, and longer").unwrap();
        fs::File::open(root.event()).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        if step.is_some() {
            assert!(stop_at(step, || root.recall(&FILES)).is_none(), "{step:?}");
        }
        let placed = root.recall(&FILES).unwrap();
        assert!(!placed.is_new && placed.left.len() == 1, "{step:?}: {placed:?}");
        assert!(placed.left[0].problem.contains("another file"), "{placed:?}");
        assert_eq!(fs::read_to_string(root.event().join("video.mp4")).unwrap(), "mine, and longer");
        assert!(FILES[1..].iter().all(|file| root.event().join(file).exists()) && root.is_tidy(), "{step:?}");
        assert!(!root.event().join(".saved").exists(), "an event that exists is saved by its user alone");
        assert!(step.is_some() || modified(&root.event()) == 0, "a new time would mean that Motion writes it");
    }
}

#[test]
fn only_one_process_recalls_a_camera() {
    let root = Root::new();
    let camera: Camera = "Camera1".parse().unwrap();
    let first = root.tree.begin_recall(&camera).unwrap();
    let second = root.tree.begin_recall(&camera).unwrap_err().chain();
    assert!(second.contains("another owlery"), "{second}");
    root.tree.remove_recall_leftovers().unwrap();
    assert!(!root.is_tidy(), "it is in use");
    drop(first);
    assert!(root.is_tidy());
    fs::create_dir_all(root.camera().join(".owlery-recall/2026-09-30-10-04-36")).unwrap();
    root.tree.remove_recall_leftovers().unwrap();
    assert!(root.is_tidy(), "what a crash has left goes at the start");
    let other = root.tree.begin_recall(&"Porch".parse().unwrap()).unwrap_err().chain();
    assert!(other.contains("--camera-pattern"), "{other}");
}

/// What is not whole is never put in place.
#[test]
fn half_events_are_not_placed() {
    let root = Root::new();
    let id = Root::id();
    let recall = root.tree.begin_recall(&id.camera).unwrap();
    let gathering = recall.gather(id.day, id.name, Shape::Directory).unwrap();
    gathering.create(false, "video.mp4").unwrap();
    assert!(gathering.create(false, "video.mp4").is_err(), "no name twice");
    assert!(matches!(root.tree.place_recalled(&id), Err(Error::Unknown { .. })));
    gathering.discard().unwrap();
    drop(recall);
    assert!(root.is_tidy() && !root.event().exists());
}

/// A root of one camera with this layout, and a flat event recalled to it.
fn recall_flat(layout: &str, id: &str, files: &[&str], step: Option<&str>) -> (tempfile::TempDir, Option<Placed>) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("Camera1")).unwrap();
    let layouts = crate::Layouts::of_patterns(&[(None, layout.parse().unwrap())]).unwrap();
    let tree = Tree::open_with(folder.path(), "Camera.*", false, layouts).unwrap();
    tree.identify();
    let id: EventId = id.parse().unwrap();
    let place = || {
        let recall = tree.begin_recall(&id.camera).unwrap();
        assert_eq!(recall.shape(id.day, id.name, files.iter().copied()), Shape::Flat, "{layout}");
        let gathering = recall.gather(id.day, id.name, Shape::Flat).unwrap();
        for file in files {
            gathering.end_file(&gathering.create(false, file).unwrap(), ENDED, true).unwrap();
        }
        gathering.finish(ENDED, true).unwrap();
        tree.place_recalled(&id).unwrap()
    };
    let placed = stop_at(step, place);
    (folder, placed)
}

/// Movies and thumbnails go back by their own names; the movie is the last, and all of it is saved.
#[test]
fn flat_events_go_back_to_their_names() {
    let day = ["10-04-36.mkv", "10-04-36.mkv.thumb"];
    for (layout, place, files) in [
        ("%Y-%m-%d/%H-%M-%S", "2026-09-30/", day),
        ("%Y/%m/%d/%H-%M-%S", "2026/09/30/", day),
        ("%Y-%m-%d/%H/%M-%S", "2026-09-30/10/", ["04-36.mkv", "04-36.mkv.thumb"]),
        ("%v-%Y%m%d%H%M%S", "", ["01-20260930100436.mkv", "01-20260930100436.mkv.thumb"]),
    ] {
        let (folder, placed) = recall_flat(layout, "Camera1/2026-09-30/10-04-36", &files, None);
        let at = |file: &str| folder.path().join(format!("Camera1/{place}{file}"));
        assert_eq!(placed.map(|placed| (placed.files, placed.left.len())), Some((2, 0)), "{layout}");
        assert!(files.iter().all(|file| at(file).exists()), "{layout}");
        assert!(at(&format!(".{}.saved", files[0].trim_end_matches(".mkv"))).exists(), "{layout}");
        assert!(!folder.path().join("Camera1/.owlery-recall").exists());
        let (folder, _) = recall_flat(layout, "Camera1/2026-09-30/10-04-36", &files, Some("recall-5"));
        let at = |file: &str| folder.path().join(format!("Camera1/{place}{file}"));
        assert!(at(files[1]).exists() && !at(files[0]).exists(), "{layout}: no event without its thumbnail");
    }
}

/// What is not of the layout is an event directory, or nothing.
#[test]
fn shapes_follow_from_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("Camera1")).unwrap();
    let layouts = crate::Layouts::of_patterns(&[(None, "%Y-%m-%d/%H/%M-%S".parse().unwrap())]).unwrap();
    let tree = Tree::open_with(folder.path(), "Camera.*", false, layouts).unwrap();
    let recall = tree.begin_recall(&"Camera1".parse().unwrap()).unwrap();
    let shape = |names: &[&str]| recall.shape(DAY.parse().unwrap(), EVENT.parse().unwrap(), names.iter().copied());
    assert_eq!(shape(&["video.mp4", "thumbnail.jpg"]), Shape::Directory);
    assert_eq!(shape(&["04-36.mkv", "04-36.mkv.thumb"]), Shape::Flat);
    assert_eq!(shape(&["04-36.mkv", "04-50.mkv"]), Shape::Unclear, "the hour of the second movie is not known");
    assert_eq!(shape(&[]), Shape::Unclear);
}
