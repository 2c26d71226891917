//! Copies that the daemon makes by itself, in a folder that stands for a NAS: what is copied and when, what is retired only after that, and what a
//! store that is away, a kill and a lost state directory change.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::s3_server::S3Server;
use crate::servers::{Offsite, REGION, url};
use crate::world::{Daemon, Disk, KEEP_45_DAYS, Ran, World, event_id, program, wait_until};

/// A request that gets no response ends after 30 s; trouble is shown before: after a few seconds, but these machines are slow at times.
const SHOWN_WITHIN: Duration = Duration::from_secs(28);

/// A world with the store `nas`, whose folder does not exist yet, and the flags of its configuration.
struct Copies {
    world: World,
    flags: Vec<String>,
}

impl Copies {
    /// The table of the store has these lines.
    fn new(lines: &str) -> Self {
        let world = World::new();
        let file = world.outside("etc").join("owlery.toml");
        let folder = world.outside("nas");
        let text = format!("[stores.nas]\nurl = \"file://{}\"\nhost = \"garage\"\n{lines}\n", folder.display());
        fs::write(&file, text).unwrap();
        let flags = vec!["--config".to_owned(), file.to_str().unwrap().to_owned()];
        Self { world, flags }
    }

    fn serve(&self, more: &[&str]) -> Daemon {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.world.serve(&flags)
    }

    /// The folder of the store, which is made.
    fn nas(&self) -> PathBuf {
        self.world.outside("nas")
    }

    fn nas_path(&self) -> PathBuf {
        self.world.root.parent().unwrap().join("nas")
    }

    /// Whether the store's manifest names an event.
    fn is_copied(&self, id: &str) -> bool {
        let mut parts = id.split('/');
        let (camera, day, name) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let manifest = self.nas_path().join("garage").join(camera).join(day).join("manifest.json");
        let Ok(text) = fs::read(manifest) else { return false };
        let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
        manifest["events"].as_array().unwrap().iter().any(|event| event["name"] == name && event["whole"] == true)
    }

    fn wait_copied(&self, ids: &[&str]) {
        for id in ids {
            wait_until(&format!("{id} is copied"), || self.is_copied(id));
        }
    }

    /// Reads all copies back. The index may be older than a manifest if the daemon was killed in between; the next copy corrects it.
    fn verify(&self) {
        let mut command = program();
        command.args(["store", "verify"]).arg(self.world.path("")).args(["nas", "--json"]).args(&self.flags);
        let ran = Ran::of(command);
        assert!(matches!(ran.code, 0 | 1), "{ran:?}");
        let wrong = ran.json()["wrong"].as_array().unwrap().clone();
        let is_index = |wrong: &&serde_json::Value| wrong.as_str().unwrap().starts_with("the index says other sums");
        assert!(wrong.iter().all(|wrong| is_index(&wrong)), "{ran:?}");
    }
}

/// What was there, and what comes while the daemon runs.
#[test]
fn events_are_copied_as_they_end() {
    let copies = Copies::new("copy = \"complete\"\ninclude = [\"movie\", \"thumbnail\", \"frames\"]");
    let (old, new) = (event_id("Camera1", 3, "10-00-00"), event_id("Camera1", 1, "11-00-00"));
    copies.world.old_event("Camera1", 3, "10-00-00");
    let daemon = copies.serve(&[]);
    copies.wait_copied(&[&old]);
    copies.world.old_event("Camera1", 1, "11-00-00");
    copies.wait_copied(&[&new]);
    let copy = copies.nas().join("garage").join(&new).join("video.mp4");
    assert_eq!(fs::read(copy).unwrap(), fs::read(copies.world.path(&new).join("video.mp4")).unwrap());
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}

/// A file that comes later is copied too.
#[test]
fn a_changed_event_is_copied_again() {
    let copies = Copies::new("copy = \"complete\"");
    let id = event_id("Camera1", 1, "10-00-00");
    copies.world.event(&id).no_movie().old().make();
    let daemon = copies.serve(&["--event-gap", "1s", "--check-interval", "1s"]);
    copies.wait_copied(&[&id]);
    fs::write(copies.world.path(&id).join("thumbnail.jpg"), "later").unwrap();
    let copy = copies.nas().join("garage").join(&id).join("thumbnail.jpg");
    wait_until("the thumbnail is copied", || fs::read(&copy).is_ok_and(|bytes| bytes == b"later"));
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}

#[test]
fn only_saved_events_are_copied_if_so_configured() {
    let copies = Copies::new("copy = \"saved\"");
    let [plain, saved, later] = [1, 2, 3].map(|n| event_id("Camera1", 1, format!("10-00-0{n}")));
    copies.world.event(&plain).old().make();
    copies.world.event(&saved).saved().old().make();
    copies.world.event(&later).old().make();
    let daemon = copies.serve(&[]);
    copies.wait_copied(&[&saved]);
    assert_eq!(daemon.request("PUT", &format!("/api/v1/events/{later}/saved"), &[]).status, 200);
    copies.wait_copied(&[&later]);
    assert!(!copies.is_copied(&plain));
    assert_eq!(daemon.stop(), 0);
}

/// The folder is not mounted at first: nothing is lost, and it is said.
#[test]
fn a_store_that_is_away_is_waited_for() {
    let copies = Copies::new("copy = \"complete\"");
    let id = event_id("Camera1", 3, "10-00-00");
    copies.world.old_event("Camera1", 3, "10-00-00");
    fs::remove_dir(copies.nas_path()).unwrap();
    let daemon = {
        let nas = copies.world.path("").parent().unwrap().join("nas");
        let daemon = copies.serve(&[]);
        wait_until("it is said", || {
            daemon.get("/readyz").text().contains("nothing has been copied to the store nas since")
        });
        assert!(!nas.exists(), "a folder that is not mounted is not made");
        daemon
    };
    copies.nas();
    copies.wait_copied(&[&id]);
    wait_until("it is not said any more", || !daemon.get("/readyz").text().contains("the store nas"));
    assert_eq!(daemon.stop(), 0);
}

/// Also the first request to a store that never responds does not hide that, although it may take half a minute.
/// Found by `a_cluster_may_lose_nodes`.
#[test]
fn a_silent_store_is_shown_soon() {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let store = Offsite::configure(&world, &url(silent.local_addr().unwrap().port(), REGION), "");
    store.login();
    let daemon = store.serve(&[]);
    let begun = Instant::now();
    wait_until("it is said", || daemon.get("/readyz").text().contains("nothing has been copied to the store offsite"));
    assert!(begun.elapsed() < SHOWN_WITHIN, "{:?}", begun.elapsed());
    assert_eq!(daemon.stop(), 0);
}

/// The same where it falls silent after an event was sent, at the manifest that is to name it.
#[test]
fn a_store_silent_at_a_manifest_is_shown() {
    let (world, server) = (World::new(), S3Server::s3s_fs());
    world.old_event("Camera1", 3, "10-00-00");
    let line = Line::silent_at(server.port, "/manifest.json");
    let store = Offsite::configure(&world, &server.url_at(line.port), "");
    store.login();
    let daemon = store.serve(&[]);
    wait_until("the manifest is sent", || {
        line.written(|written| written.sent.keys().any(|key| key.ends_with("/manifest.json")))
    });
    let begun = Instant::now();
    wait_until("it is said", || daemon.get("/readyz").text().contains("nothing has been copied to the store offsite"));
    assert!(begun.elapsed() < SHOWN_WITHIN, "{:?}", begun.elapsed());
    assert_eq!(daemon.stop(), 0);
}

/// Proofs are made again from the manifests, and nothing is sent twice.
#[test]
fn a_lost_state_directory_costs_no_copies() {
    let copies = Copies::new("copy = \"complete\"");
    let ids: Vec<String> = (1..4).map(|n| event_id("Camera1", n, "10-00-00")).collect();
    for n in 1..4 {
        copies.world.old_event("Camera1", n, "10-00-00");
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let state = copies.world.outside("state");
    let state = ["--state-dir", state.to_str().unwrap()];
    let daemon = copies.serve(&state);
    copies.wait_copied(&ids);
    assert_eq!(daemon.stop(), 0);
    fs::remove_dir_all(state[1]).unwrap();
    let copy = copies.nas().join("garage").join(ids[0]).join("video.mp4");
    let before = fs::metadata(&copy).unwrap().modified().unwrap();
    let daemon = copies.serve(&state);
    let later = event_id("Camera1", 1, "12-00-00");
    copies.world.old_event("Camera1", 1, "12-00-00");
    copies.wait_copied(&[&later]);
    assert_eq!(fs::metadata(&copy).unwrap().modified().unwrap(), before);
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}

/// A rule waits for the copy, and says for what it waits.
#[test]
fn no_rule_takes_an_event_before_its_copy() {
    for rule in ["complete", "expire"] {
        let copies = Copies::new(&format!("copy = \"{rule}\""));
        let (stale, fresh) = (event_id("Camera1", 50, "10-00-00"), event_id("Camera1", 3, "10-00-00"));
        copies.world.old_event("Camera1", 50, "10-00-00");
        copies.world.old_event("Camera1", 3, "10-00-00");
        fs::remove_dir(copies.nas_path()).unwrap();
        let daemon = copies.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
        wait_until("the rule waits", || daemon.get("/readyz").text().contains("until nas has"));
        let plan = daemon.get("/api/v1/retention").text();
        assert!(plan.contains("not copied yet"), "{plan}");
        assert!(copies.world.has(&stale));
        copies.nas();
        wait_until("it is retired", || !copies.world.has(&stale));
        assert!(copies.is_copied(&stale), "{rule}");
        if rule == "complete" {
            copies.wait_copied(&[&fresh]);
        } else {
            assert!(!copies.is_copied(&fresh));
        }
        assert_eq!(daemon.stop(), 0);
        copies.verify();
    }
}

/// Also of a command without a daemon, which copies nothing.
#[test]
fn a_command_retires_only_what_is_proved() {
    let copies = Copies::new("copy = \"complete\"");
    let [first, second] = [50, 51].map(|days| event_id("Camera1", days, "10-00-00"));
    copies.world.old_event("Camera1", 50, "10-00-00");
    copies.world.old_event("Camera1", 51, "10-00-00");
    let expire = || {
        let flags = copies.flags.iter().map(String::as_str).chain(KEEP_45_DAYS);
        Ran::of(copies.world.command("expire", flags))
    };
    let ran = expire();
    assert!(ran.stderr.contains("until nas has") || ran.stdout.contains("until nas has"), "{ran:?}");
    assert!(copies.world.has(&first) && copies.world.has(&second));

    let mut push = program();
    push.args(["store", "push"]).arg(copies.world.path("")).args(["nas", &first]).args(&copies.flags);
    assert_eq!(Ran::of(push).code, 0);
    expire();
    assert!(!copies.world.has(&first) && copies.world.has(&second));

    // A file that came after the copy.
    let mut push = program();
    push.args(["store", "push"]).arg(copies.world.path("")).args(["nas", &second]).args(&copies.flags);
    assert_eq!(Ran::of(push).code, 0);
    fs::write(copies.world.path(&second).join("notes.txt"), "later").unwrap();
    copies.world.make_old();
    let ran = expire();
    assert!(copies.world.has(&second), "{ran:?}");
}

/// The first picture leaves the host while the event is still being recorded; the manifest names the strongest when it has ended.
#[test]
fn a_frame_is_copied_while_the_event_is_open() {
    let copies = Copies::new("copy = \"complete\"\ninclude = [\"movie\", \"best-frame\"]");
    let daemon = copies.serve(&["--event-gap", "5s"]);
    let id = event_id("Camera1", 1, "10-00-00");
    copies.world.event(&id).no_movie().frames(1).file("10-00-00-01.jpg", "not whole yet").make();
    let half = copies.nas_path().join("garage").join(&id).join("best-frame");
    assert!(!copies.is_copied(&id));
    let frame = b"\xff\xd8\xff\xe0 a picture \xff\xd9";
    fs::write(copies.world.path(&id).join("10-00-00-00.jpg"), frame).unwrap();
    wait_until("the frame is copied", || fs::read(half.join("10-00-00-00.jpg")).is_ok_and(|bytes| bytes == frame));
    assert!(!copies.is_copied(&id), "it is still open");
    copies.wait_copied(&[&id]);
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}

/// Somebody empties the store: what is still in the archive is copied again.
#[test]
fn an_emptied_store_is_filled_again() {
    let copies = Copies::new("copy = \"complete\"");
    let id = event_id("Camera1", 3, "10-00-00");
    copies.world.old_event("Camera1", 3, "10-00-00");
    let daemon = copies.serve(&["--check-interval", "1s"]);
    copies.wait_copied(&[&id]);
    // The index follows the manifest. Written into the emptied store, it would claim what the store does not have.
    wait_until("the index is written", || {
        daemon.get("/api/v1/stores").json()["stores"][0]["copying"]["activity"] == "idle"
    });
    fs::remove_dir_all(copies.nas_path().join("garage")).unwrap();
    copies.wait_copied(&[&id]);
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}

/// Proofs of before are no copies: the store was emptied, or is another archive's, while nothing ran.
#[test]
fn no_rule_counts_on_old_proofs() {
    for is_of_another in [false, true] {
        let copies = Copies::new("copy = \"complete\"");
        let stale = event_id("Camera1", 50, "10-00-00");
        copies.world.old_event("Camera1", 50, "10-00-00");
        let daemon = copies.serve(&[]);
        copies.wait_copied(&[&stale]);
        assert_eq!(daemon.stop(), 0);
        fs::remove_dir_all(copies.nas_path().join("garage")).unwrap();
        if is_of_another {
            let other = Copies::new("");
            other.world.old_event("Camera1", 50, "10-00-00");
            let mut push = program();
            push.args(["store", "push"]).arg(other.world.path("")).args(["nas"]).args(&copies.flags);
            assert_eq!(Ran::of(push).code, 0);
        }
        let expire =
            Ran::of(copies.world.command("expire", copies.flags.iter().map(String::as_str).chain(KEEP_45_DAYS)));
        assert!(copies.world.has(&stale), "{expire:?}");
        let daemon = copies.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
        if is_of_another {
            wait_until("it is said", || daemon.get("/readyz").text().contains("nothing has been copied"));
            assert!(copies.world.has(&stale));
        } else {
            wait_until("it is retired", || !copies.world.has(&stale));
            assert!(copies.is_copied(&stale));
        }
        assert_eq!(daemon.stop(), 0);
    }
}

/// Files that came after the copy, and that no news were about: a rule finds them, and the event is copied again before it goes.
#[test]
fn an_outdated_copy_is_made_anew() {
    let copies = Copies::new("copy = \"complete\"");
    let (stale, other) = (event_id("Camera1", 50, "10-00-00"), event_id("Camera1", 51, "10-00-00"));
    copies.world.old_event("Camera1", 50, "10-00-00");
    copies.world.old_event("Camera1", 51, "10-00-00");
    let daemon = copies.serve(&[]);
    copies.wait_copied(&[&stale, &other]);
    assert_eq!(daemon.stop(), 0);
    fs::write(copies.world.path(&stale).join("notes.txt"), "later").unwrap();
    copies.world.make_old();
    let daemon = copies.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
    wait_until("both are retired", || !copies.world.has(&stale) && !copies.world.has(&other));
    let copy = copies.nas_path().join("garage").join(&stale).join("notes.txt");
    assert_eq!(fs::read(copy).unwrap(), b"later");
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}

/// The store's disk is full: it responds, and takes nothing.
#[test]
fn a_full_store_is_in_trouble() {
    let copies = Copies::new("copy = \"complete\"");
    let disk = Disk::mount(copies.nas(), "2m");
    let filler = disk.fill();
    for n in 0..6 {
        let id = event_id("Camera1", 3, format!("10-00-0{n}"));
        copies.world.event(&id).movie("video.mp4", vec![1; 20_000]).old().make();
    }
    let daemon = copies.serve(&[]);
    wait_until("it is said", || daemon.get("/readyz").text().contains("nothing has been copied to the store nas"));
    fs::remove_file(filler).unwrap();
    copies.wait_copied(&[&event_id("Camera1", 3, "10-00-05")]);
    wait_until("it is said no more", || !daemon.get("/readyz").text().contains("nothing has been copied"));
    assert_eq!(daemon.stop(), 0);
}

/// It is saved after it was copied: the manifest learns of it.
#[test]
fn a_saved_event_is_saved_in_the_store() {
    let copies = Copies::new("copy = \"complete\"");
    let id = event_id("Camera1", 1, "10-00-00");
    copies.world.old_event("Camera1", 1, "10-00-00");
    let daemon = copies.serve(&[]);
    copies.wait_copied(&[&id]);
    let manifest = copies.nas_path().join("garage").join(&id).join("../manifest.json");
    let is_saved = || fs::read_to_string(&manifest).is_ok_and(|text| text.contains("\"saved\":true"));
    assert!(!is_saved());
    assert_eq!(daemon.request("PUT", &format!("/api/v1/events/{id}/saved"), &[]).status, 200);
    wait_until("it is saved there", is_saved);
    assert_eq!(daemon.request("DELETE", &format!("/api/v1/events/{id}/saved"), &[]).status, 200);
    wait_until("it is not any more", || !is_saved());
    assert_eq!(daemon.stop(), 0);
    copies.verify();
}
