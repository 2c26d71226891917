//! Trees of other programs, in the root or beside a real camera: the rules take not one file of them, whatever the names
//! look like, and the program says why.

mod table;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{NaiveDate, NaiveDateTime};

use crate::world::{Daemon, Ran, World};
use table::{Says, TREES, Tree};

/// Trees with exactly the names of a layout.
const DESCRIBED: [(&str, &str); 4] = [
    ("timelapse", "%Y-%m-%d/%H-%M-%S"),
    ("ffmpeg-segments", "%Y-%m-%d/%H/%M-%S"),
    ("numbered-exports", "%v-%Y%m%d%H%M%S"),
    ("channels", "%v-%Y%m%d%H%M%S"),
];

/// Trees with directories `DAY/TIME`: where the user says that the directory above is a camera, they are events.
const LIKE_EVENTS: [&str; 2] = ["timelapse-runs", "backup-runs"];

/// When the files were written: at no regular intervals, on three days that are long past.
const MOMENTS: [(u32, u32, u32, u32); 14] = [
    (26, 7, 58, 11),
    (26, 8, 3, 40),
    (26, 8, 44, 5),
    (26, 17, 20, 59),
    (27, 1, 1, 1),
    (27, 6, 30, 0),
    (27, 12, 15, 33),
    (27, 13, 10, 2),
    (27, 13, 10, 30),
    (28, 1, 5, 0),
    (28, 2, 20, 20),
    (28, 13, 10, 2),
    (28, 13, 11, 9),
    (28, 22, 47, 48),
];

fn moments() -> impl Iterator<Item = NaiveDateTime> {
    let moment = |(d, h, m, s)| NaiveDate::from_ymd_opt(2024, 11, d).unwrap().and_hms_opt(h, m, s).unwrap();
    MOMENTS.into_iter().map(moment)
}

impl Tree {
    /// Makes its files below the root, each with its own contents, as old as its name says.
    fn make(&self, world: &World) {
        for name in self.files {
            for (n, moment) in moments().enumerate() {
                let n = n + 1;
                let path = name.replace("{n2}", &format!("{n:02}")).replace("{n}", &format!("{n:04}"));
                let path = moment.format(&path).to_string();
                let file = world.path(&path);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, format!("{path} of {}", self.name)).unwrap();
                let of_moment = u64::try_from(moment.and_utc().timestamp()).unwrap();
                let written = SystemTime::UNIX_EPOCH + Duration::from_secs(of_moment);
                for path in file.ancestors().take_while(|path| *path != world.root) {
                    File::open(path).unwrap().set_modified(written).unwrap();
                }
            }
        }
    }
}

/// What is at each path below the root, but Owlery's own and `Camera0`: contents and time.
fn snapshot(world: &World) -> BTreeMap<String, (Option<Vec<u8>>, SystemTime)> {
    let others = |path: &String| !["Camera0", "delete_queue"].iter().any(|own| Path::new(path).starts_with(own));
    let seen = |path: String| {
        let file = world.path(&path);
        let modified = file.symlink_metadata().unwrap().modified().unwrap();
        (path, (fs::read(file).ok(), modified))
    };
    world.tree().into_iter().filter(others).map(seen).collect()
}

/// A rule by which everything here expires, and that nothing holds for its size.
const RULES: [&str; 4] = ["--keep-days", "1", "--max-share", "1"];

/// Keeps what is taken in the queue.
const UNDO: [&str; 2] = ["--undo-window", "1h"];

/// Every directory is a camera.
const ALL: [&str; 2] = ["--camera-pattern", ".*"];

/// A tree in a root, and how it was.
struct Case<'a> {
    tree: &'a Tree,
    world: World,
    before: BTreeMap<String, (Option<Vec<u8>>, SystemTime)>,
}

impl<'a> Case<'a> {
    fn new(tree: &'a Tree) -> Self {
        let world = World::empty();
        tree.make(&world);
        let before = snapshot(&world);
        Self { tree, world, before }
    }

    /// Adds an event of a real camera that expires.
    fn add_event(&self) {
        self.world.event("Camera0/2024-11-20/10-04-36").old().make();
    }

    /// Runs a command, after which the tree must be as before.
    fn run(&self, command: &str, flags: &[&str]) -> Ran {
        let ran = self.world.run(command, flags);
        self.assert_untouched(command, &ran.stdout);
        ran
    }

    /// Nothing of the tree is gone, changed or added, and nothing of it is in a delete queue.
    fn assert_untouched(&self, command: &str, said: &str) {
        let (name, now) = (self.tree.name, snapshot(&self.world));
        let gone: Vec<&String> = self.before.keys().filter(|path| !now.contains_key(*path)).collect();
        let new: Vec<&String> = now.keys().filter(|path| !self.before.contains_key(*path)).collect();
        assert!(gone.is_empty() && new.is_empty(), "{command} {name}: gone {gone:?}, new {new:?}: {said}");
        assert!(now == self.before, "{command} {name}: a file was changed: {said}");
        let is_foreign = |path: &String| {
            self.world.path(path).is_file() && !path.contains("/Camera0/") && !path.ends_with("/pass.json")
        };
        let queued = self.world.tree().into_iter().filter(|path| path.starts_with("delete_queue/"));
        let foreign: Vec<String> = queued.filter(is_foreign).collect();
        assert_eq!(foreign, [""; 0], "{command} {name}: {said}");
    }

    /// The commands and the daemon say that of the tree alone.
    fn assert_says(&self, says: Says, flags: &[&str]) {
        let rules = [&RULES[..], flags].concat();
        let plan = self.run("plan", &rules);
        let expire = self.run("expire", &[&rules[..], &UNDO].concat());
        let serve = self.serve(&rules);
        let (name, told) = (self.tree.name, expire.stdout.clone() + &expire.stderr);
        match says {
            Says::NoArchive => {
                let why = "is not an archive: it contains no directory that matches --camera-pattern";
                assert!((plan.code, expire.code) == (4, 4) && told.contains(why), "{name}: {plan:?} {expire:?}");
                assert!(serve.is_err_and(|said| said.contains(why)), "{name}");
                assert!(!self.world.has(".owlery"), "{name}");
            }
            Says::Empty => {
                let why = "is not an archive: it contains no directory that matches --camera-pattern";
                assert!((plan.code, expire.code) == (4, 4) && told.contains(why), "{name}: {plan:?} {expire:?}");
                assert!(serve.is_ok_and(|said| said.contains("nothing to do")), "{name}");
            }
            Says::NoEvents => {
                assert!(
                    (plan.code, expire.code) == (0, 0) && told.contains("nothing to do"),
                    "{name}: {plan:?} {expire:?}"
                );
                assert!(serve.is_ok_and(|said| said.contains("nothing to do")), "{name}");
                let listed = self.run("list", &[&["--json"], flags].concat());
                assert_eq!(listed.json()["events"].as_array().map(Vec::len), Some(0), "{name}: {listed:?}");
            }
            Says::Held => {
                let why =
                    "the layout of the files was recognised by looking at their names, so no rule retires anything";
                assert!(expire.code == 3 && told.contains(why) && told.contains("--layout '"), "{name}: {expire:?}");
                assert!(plan.stdout.contains(why), "{name}: {plan:?}");
                assert!(serve.is_ok_and(|said| said.contains(why)), "{name}");
            }
        }
    }

    /// Runs a daemon and makes it do a pass; returns what that said, or why it did not start.
    fn serve(&self, flags: &[&str]) -> Result<String, String> {
        let flags = [&["--listen", "127.0.0.1:0"], flags, &UNDO].concat();
        let daemon = Daemon::try_start(self.world.command("serve", flags))?;
        daemon.wait_until_ready();
        let Ran { stdout, stderr, .. } = self.world.run("expire", &[]);
        assert_eq!(daemon.stop(), 0, "{}", self.tree.name);
        self.assert_untouched("serve", &stdout);
        Ok(stdout + &stderr)
    }

    /// Beside a camera whose events the same passes take.
    fn assert_stays_beside_a_camera(&self, flags: &[&str]) {
        let (name, rules) = (self.tree.name, [&RULES[..], flags].concat());
        self.add_event();
        let ran = self.run("expire", &[&rules[..], &UNDO].concat());
        assert!(!self.world.has("Camera0/2024-11-20"), "{name}: {ran:?}");
        self.add_event();
        let said = self.serve(&rules).unwrap();
        assert!(!self.world.has("Camera0/2024-11-20"), "{name}: {said}");
    }
}

/// Whether every file lies in the root itself: with any pattern it has no camera.
fn is_without_directories(tree: &Tree) -> bool {
    tree.files.iter().all(|name| !name.contains('/') || name.starts_with('.'))
}

/// Checks each of these trees, some at a time: most of the time is waiting for disks and for daemons to stop.
fn each(trees: impl Iterator<Item = &'static Tree>, check: impl Fn(&Tree) + Sync) {
    let (trees, check): (Vec<&Tree>, _) = (trees.collect(), &check);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(tree) = trees.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(tree);
                }
            });
        }
    });
}

const AT_A_TIME: usize = 6;

#[test]
fn trees_of_others_stay() {
    assert!(TREES.len() >= 60);
    each(TREES.iter(), |tree| Case::new(tree).assert_says(tree.says, &[]));
}

#[test]
fn trees_of_others_stay_beside_a_camera() {
    each(TREES.iter(), |tree| Case::new(tree).assert_stays_beside_a_camera(&[]));
}

/// With a pattern by which every directory is a camera.
#[test]
fn trees_of_others_stay_as_cameras() {
    each(TREES.iter().filter(|tree| !LIKE_EVENTS.contains(&tree.name)), |tree| {
        let says = match tree.says {
            Says::NoArchive if is_without_directories(tree) => Says::NoArchive,
            Says::Held => Says::Held,
            _ => Says::NoEvents,
        };
        Case::new(tree).assert_says(says, &ALL);
    });
}

#[test]
fn trees_stay_as_cameras_beside_a_camera() {
    each(TREES.iter().filter(|tree| !LIKE_EVENTS.contains(&tree.name)), |tree| {
        Case::new(tree).assert_stays_beside_a_camera(&ALL);
    });
}

/// A layout that a user gives takes nothing that has other names. One that has the camera in its names made every directory of
/// the root a camera, with all that looked like events there: found by this test.
#[test]
fn layouts_take_only_what_they_describe() {
    each(TREES.iter(), |tree| {
        let case = Case::new(tree);
        case.add_event();
        let layouts = ["%v-%Y%m%d%H%M%S", "%t-%v-%Y%m%d%H%M%S", "%Y-%m-%d/%H-%M-%S", "%Y-%m-%d/%H/%M-%S"];
        for layout in layouts {
            if !DESCRIBED.contains(&(tree.name, layout)) {
                case.run("expire", &[&RULES[..], &UNDO, &["--layout", layout]].concat());
            }
        }
        assert!(!case.world.has("Camera0/2024-11-20"), "{}", tree.name);
    });
}
