//! Commands as people and Motion's hooks use them: names that were typed wrong, pages of a list, files that are not ours.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::world::{Ran, World, days_ago, event_id, program};

fn archive() -> World {
    let world = World::new();
    for (camera, time) in [("Camera1", "10-00-00"), ("Camera1", "11-00-00"), ("Camera2", "12-00-00")] {
        world.old_event(camera, 3, time);
    }
    world
}

#[test]
fn a_typo_in_camera_names_the_cameras() {
    let world = archive();
    let check = |world: &World| {
        let ran = world.run("list", &["--camera", "Camrea1"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        for part in ["\"Camrea1\"", "did you mean \"Camera1\"?", "Camera1, Camera2"] {
            assert!(ran.stderr.contains(part), "{part}: {ran:?}");
        }
        assert_eq!(world.run("list", &["--camera", "Camera1"]).code, 0);
    };
    check(&world);
    fs::create_dir(world.path("Camera3")).unwrap();
    assert_eq!(world.run("list", &["--camera", "Camera3"]).code, 0, "it has no events yet");
    fs::remove_dir(world.path("Camera3")).unwrap();
    let daemon = world.serve(&[]);
    check(&world);
    assert_eq!(daemon.stop(), 0);
}

/// `list` takes what the HTTP route takes, with and without a daemon.
#[test]
fn a_list_is_paged_ordered_and_filtered() {
    let world = archive();
    let check = |world: &World| {
        let list = |flags: &[&str]| world.run("list", &[flags, &["--json"]].concat()).json();
        let ids = |page: &serde_json::Value| -> Vec<String> {
            page["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
        };
        let whole = ids(&list(&[]));
        let first = list(&["--limit", "2"]);
        let next = first["next"].as_str().unwrap();
        let second = list(&["--limit", "2", "--cursor", next]);
        assert_eq!([ids(&first), ids(&second)].concat(), whole);
        let mut reversed = ids(&list(&["--order", "asc"]));
        reversed.reverse();
        assert_eq!(reversed, whole);
        assert_eq!(ids(&list(&["--state", "complete"])).len(), 3);
        assert_eq!(ids(&list(&["--state", "open"])).len(), 0);
        assert_eq!(ids(&list(&["--min-seconds", "3600"])).len(), 0);
        for bad in [["--cursor", "x"], ["--state", "opne"], ["--order", "up"], ["--min-seconds", "-1"]] {
            assert_eq!(world.run("list", &bad).code, 2, "{bad:?}");
        }
    };
    check(&world);
    let daemon = world.serve(&[]);
    check(&world);
    assert_eq!(daemon.stop(), 0);
}

/// An event that cannot be saved does not stop the rest.
#[test]
fn save_prints_json_and_goes_on() {
    let world = archive();
    let [one, two] = ["10-00-00", "11-00-00"].map(|time| event_id("Camera1", 3, time));
    let check = |world: &World| {
        let ran = world.run("save", &[&one, "--json"]);
        assert_eq!((ran.code, ran.json()), (0, json!({"events": [one], "saved": true})), "{ran:?}");
        let gone = event_id("Camera1", 3, "23-00-00");
        let ran = world.run("unsave", &[&gone, &one, &two, "--json"]);
        assert_eq!((ran.code, ran.json()), (1, json!({"events": [one, two], "saved": false})), "{ran:?}");
        assert!(ran.stderr.contains(&gone), "{ran:?}");
    };
    check(&world);
    let daemon = world.serve(&[]);
    check(&world);
    assert_eq!(daemon.stop(), 0);
}

fn ended(root: &str, words: &[&str]) -> Ran {
    let mut command: Command = program();
    command.arg("ended").arg(root).args(words);
    Ran::of(command)
}

/// Motion's log stays clean: what is no movie of an event here is nothing to do.
#[test]
fn ended_ignores_files_outside_events() {
    let world = archive();
    let event = world.event(event_id("Camera1", 0, "10-00-00")).make();
    let root = world.root.to_str().unwrap();
    let strays = ["Camera1/lastsnap.jpg", "Camera1/timelapse.mp4", &format!("Camera1/{}/flat.mp4", days_ago(0))];
    for stray in strays {
        fs::write(world.path(stray), "x").unwrap();
    }
    let elsewhere = world.outside("elsewhere").join("video.mp4");
    fs::write(&elsewhere, "x").unwrap();
    let daemon = world.serve(&[]);
    let paths = strays.iter().map(|stray| world.path(stray));
    for path in paths.chain([elsewhere, event.join("gone.mp4"), event.join("../../x"), "/dev/null".into(), "-".into()])
    {
        let ran = ended(root, &[path.to_str().unwrap()]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{path:?} {ran:?}");
    }
    assert_eq!(daemon.stop(), 0);
}

/// 17,000 snapshots beside the events were 17,000 lines.
#[test]
fn check_sums_up_strays_of_a_camera() {
    let world = archive();
    for number in 0..500 {
        fs::write(world.path(format!("Camera1/{}/snap-{number:03}.jpg", days_ago(3))), "x").unwrap();
        fs::write(world.path(format!("Camera1/snap-{number:03}.jpg")), "x").unwrap();
    }
    fs::write(world.path("Camera2/lastsnap.jpg"), "x").unwrap();
    let ran = world.run("check", &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("snap")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("Camera1: 1000 entries, such as ") && told[1].contains("Camera2/lastsnap.jpg"),
        "{told:?}"
    );
    let notes = world.run("check", &["--json"]).json()["notes"].clone();
    assert!(notes.as_array().unwrap().len() < 10, "{notes}");
}

/// A shell splits an unquoted `%f`; Motion 5 starts no shell and leaves quotes in.
#[test]
fn split_and_quoted_movies_are_understood() {
    let world = World::empty();
    fs::create_dir(world.path("Camera 1")).unwrap();
    let root = world.root.to_str().unwrap();
    let state = world.path(".owlery");
    let state = ["--state-dir", state.to_str().unwrap()];
    let daemon = world.serve(&["--event-gap", "1h"]);
    let day = days_ago(0);
    for (n, form) in ["plain", "split", "quoted", "quoted and split", "flags last"].into_iter().enumerate() {
        let id = format!("Camera 1/{day}/00-00-0{n}");
        let movie = world.event(&id).make().join("video.mp4");
        let movie = movie.to_str().unwrap();
        let quoted = format!("'{movie}'");
        daemon.wait_for_event(&id, "is there", |_| true);
        let ran = match form {
            "plain" => ended(root, &[movie]),
            "split" => ended(root, &movie.split(' ').collect::<Vec<_>>()),
            "quoted" => ended(&format!("\"{root}\""), &[&quoted]),
            "quoted and split" => ended(root, &quoted.split(' ').collect::<Vec<_>>()),
            _ => ended(root, &[&[movie][..], &state].concat()),
        };
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{form}: {ran:?}");
        daemon.wait_for_event(&id, "is over", |event| event["state"] == "complete");
    }
    assert_eq!(daemon.stop(), 0);
}

/// A piece of a split name may look like a flag, with and without `--` before `%f`.
#[test]
fn pieces_that_begin_with_hyphens_are_names() {
    let world = World::empty();
    fs::create_dir(world.path("Camera -x --y -- 1")).unwrap();
    let root = world.root.to_str().unwrap();
    let daemon = world.serve(&["--event-gap", "1h"]);
    for (n, dashes) in [&[][..], &["--"]].into_iter().enumerate() {
        let id = format!("Camera -x --y -- 1/{}/00-00-0{n}", days_ago(0));
        let movie = world.event(&id).make().join("video.mp4");
        let pieces: Vec<&str> = movie.to_str().unwrap().split(' ').collect();
        daemon.wait_for_event(&id, "is there", |_| true);
        let ran = ended(root, &[dashes, &pieces[..]].concat());
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{ran:?}");
        daemon.wait_for_event(&id, "is over", |event| event["state"] == "complete");
    }
    assert_eq!(daemon.stop(), 0);
    assert_eq!(ended(root, &["/x.mp4", "--stat-dir", "/s"]).code, 2, "a typo is still one");
    for nothing in [&[][..], &["--"], &[""], &["--", ""]] {
        let ran = ended(root, nothing);
        assert!(ran.code == 0 && ran.stderr.is_empty(), "an empty %f: {ran:?}");
    }
}

/// The first hour: Owlery is started before Motion has recorded anything.
#[test]
fn serve_waits_for_the_first_camera() {
    let world = World::empty();
    fs::create_dir(world.path("queue")).unwrap();
    fs::create_dir(world.path("lost+found")).unwrap();
    let daemon = world.serve(&["--keep-days", "45"]);
    assert_eq!(daemon.events().len(), 0);
    let id = event_id("Camera1", 0, "10-00-00");
    world.event(&id).make();
    daemon.wait_for_event(&id, "is there", |_| true);
    assert_eq!(daemon.stop(), 0);
    let home = World::empty();
    fs::create_dir(home.path("Documents")).unwrap();
    assert_eq!(home.run("serve", &["--listen", "127.0.0.1:0"]).code, 4);
    assert!(!home.has(".owlery"));
}

/// `owlery help list` was an error.
#[test]
fn both_forms_of_a_commands_help_are_equal() {
    let help = |args: [&str; 2]| {
        let mut command = program();
        command.args(args);
        Ran::of(command)
    };
    let (as_command, as_flag) = (help(["help", "list"]), help(["list", "--help"]));
    assert!(as_command.code == 0 && as_command.stdout.contains("owlery list /var/lib/motion"), "{as_command:?}");
    assert_eq!(as_command.stdout, as_flag.stdout);
}

/// Names of others could move a terminal's cursor, or forge a line of the output.
#[test]
fn controls_in_foreign_names_are_escaped() {
    let world = World::new();
    let event = world.event(event_id("Camera1", 1, "10-00-00")).no_movie().old().make();
    fs::write(event.join("video\u{1b}[31m.mp4"), "x").unwrap();
    let bad = "\u{1b}[2Jforged\nowlery: all is well";
    fs::write(world.path(format!("Camera1/{bad}")), "x").unwrap();
    fs::write(event.with_file_name(bad), "x").unwrap();
    fs::create_dir_all(world.path(format!("delete_queue/{bad}"))).unwrap();
    let pass = world.path(format!("delete_queue/{bad}.broken"));
    fs::create_dir_all(&pass).unwrap();
    fs::write(pass.join("pass.json"), "{").unwrap();
    fs::create_dir_all(world.path(format!("{bad}/2026-11-20/10-00-00"))).unwrap();
    fs::write(world.path(format!("{bad}/2026-11-20/10-00-00/10-00-00-00.jpg")), "x").unwrap();
    // No camera has such a name, but the folders above may.
    let elsewhere = world.outside("\u{1b}[2Jforged");
    fs::create_dir_all(elsewhere.join("Camera1")).unwrap();
    fs::write(elsewhere.join("Camera1/2026-11-20"), "x").unwrap();
    let (root, elsewhere) = (world.root.as_path(), elsewhere.as_path());
    for (command, root, counts) in [
        ("check", root, 5),
        ("queue", root, 2),
        ("scan", root, 0),
        ("list", root, 0),
        ("scan", elsewhere, 1),
        ("check", elsewhere, 1),
    ] {
        let mut program = program();
        program.arg(command).arg(root);
        let ran = Ran::of(program);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains('\u{1b}') && !said.contains("\nowlery: all"), "{command}: {ran:?}");
        assert!(said.matches("forged").count() >= counts, "{command}: {ran:?}");
    }
    let daemon = world.serve(&["--keep-days", "45"]);
    assert_eq!(world.run("check", &[]).code, 1);
    let told = daemon.get("/readyz").text();
    assert!(!told.contains('\u{1b}') && !daemon.log().contains('\u{1b}'), "{told} {}", daemon.log());
}
