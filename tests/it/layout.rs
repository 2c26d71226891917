//! `owlery layout`: what a directory holds, before it is an archive.

use std::fs;

use serde_json::{Value, json};

use crate::world::{Ran, World, program};

/// A sample of Motion's output.
fn sample(name: &str, part: &str) -> World {
    World::unpacked(&format!("versions/{name}"), &format!("{name}/{part}"))
}

fn layout(world: &World, flags: &[&str]) -> Ran {
    let mut command = program();
    command.arg("layout").arg(&world.root).args(flags);
    Ran::of(command)
}

/// The JSON document and the exit code.
fn told(world: &World) -> (Value, i32) {
    let ran = layout(world, &["--json"]);
    (ran.json(), ran.code)
}

#[test]
fn motioneyes_layout_is_printed() {
    let world = sample("motioneye-0.44.0-flat", "media");
    let before = fs::read_dir(&world.root).unwrap().count();
    let (found, code) = told(&world);
    assert_eq!((code, &found["flags"]), (0, &json!(["--layout '%Y-%m-%d/%H-%M-%S'"])), "{found}");
    let of = &found["layouts"][0];
    assert_eq!(of["pattern"], "%Y-%m-%d/%H-%M-%S");
    assert_eq!((&of["directories"], &of["camera"]), (&json!(["Camera1", "Camera2", "Camera3"]), &Value::Null));
    assert_eq!((&of["events"], &found["complete"]), (&json!(13), &json!(true)), "{found}");
    assert_eq!((&found["doubts"], &found["unknown"]["files"]), (&json!([]), &json!(0)));
    let command = format!("owlery serve {} --layout '%Y-%m-%d/%H-%M-%S'", world.root.display());
    assert_eq!(found["command"], command.as_str());

    let ran = layout(&world, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("LAYOUT ") && lines[0].ends_with("  WHERE"), "{ran:?}");
    assert!(lines[1].starts_with("%Y-%m-%d/%H-%M-%S ") && lines[1].ends_with("  Camera1, Camera2, Camera3"), "{ran:?}");
    assert!(lines[2].starts_with("  Camera1/2026-11-28/13-"), "{ran:?}");
    assert_eq!(lines[lines.len() - 2..], ["to use it:", &format!("  {command}")]);
    assert_eq!(fs::read_dir(&world.root).unwrap().count(), before, "it makes nothing");
}

#[test]
fn motion_5s_default_layout_is_printed() {
    let world = sample("motion-5.0.0-default-flat", "");
    let (found, code) = told(&world);
    assert_eq!((code, &found["flags"]), (0, &json!(["--layout '%v-%{movienbr}-%Y%m%d%H%M%S'"])), "{found}");
    let of = &found["layouts"][0];
    assert_eq!((&of["directories"], &of["events"], &of["movies"]), (&json!([]), &json!(4), &json!(8)), "{found}");
    assert!(layout(&world, &[]).stdout.contains("ROOT itself"));
}

#[test]
fn event_directories_need_no_layout() {
    let world = sample("motion-5.0.0-direct", "");
    let (found, code) = told(&world);
    assert_eq!((code, &found["flags"]), (0, &json!([])), "{found}");
    assert_eq!((&found["layouts"][0]["pattern"], &found["layouts"][0]["events"]), (&Value::Null, &json!(3)), "{found}");
    let ran = layout(&world, &[]);
    let command = format!("  owlery serve {}\n", world.root.display());
    assert!(ran.stdout.contains("a directory for each event") && ran.stdout.ends_with(&command), "{ran:?}");
}

#[test]
fn a_directory_without_recordings_is_code_4() {
    let world = World::new();
    let root = world.outside("other");
    let run = |flags: &[&str]| {
        let mut command = program();
        command.arg("layout").arg(&root).args(flags);
        Ran::of(command)
    };
    let ran = run(&[]);
    assert!(ran.code == 4 && ran.stdout.is_empty() && ran.stderr.contains("it holds no recordings"), "{ran:?}");
    let found = run(&["--json"]);
    assert_eq!((found.code, &found.json()["layouts"], &found.json()["command"]), (4, &json!([]), &Value::Null));
    fs::write(root.join("notes.txt"), "").unwrap();
    let ran = run(&[]);
    assert!(ran.code == 4 && ran.stdout.contains("1 other file, such as notes.txt"), "{ran:?}");
    for n in 1..6 {
        fs::write(root.join(format!("2026112810170{n}.mp4")), "").unwrap();
    }
    let ran = run(&[]);
    assert!(ran.code == 4 && ran.stdout.contains("not recognised: 5 files in ROOT"), "{ran:?}");
    fs::remove_dir_all(&root).unwrap();
    let ran = run(&[]);
    assert!(ran.code == 4 && ran.stderr.contains("other"), "{ran:?}");
}

/// A name on disk cannot control a terminal.
#[test]
fn names_are_printed_harmlessly() {
    let world = World::new();
    let root = world.outside("hostile");
    for name in ["a\x1b[2J.txt", "\x1b[31m"] {
        fs::write(root.join(name), "").unwrap();
    }
    let mut command = program();
    command.arg("layout").arg(&root);
    let ran = Ran::of(command);
    assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "{ran:?}");
}

/// The printed flag reads the archive, and what Motion's configuration says is the same.
#[test]
fn the_printed_flag_is_accepted() {
    let world = sample("motioneye-0.44.0-flat", "media");
    let events = |flags: &[&str]| world.run("list", &[flags, &["--json"]].concat()).json()["events"].clone();
    let by_flag = events(&["--layout", "%Y-%m-%d/%H-%M-%S"]);
    assert_eq!(by_flag.as_array().map(Vec::len), Some(13), "{by_flag}");
    let conf = world.outside("sample").join("motioneye-0.44.0-flat/conf");
    for entry in fs::read_dir(&conf).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("/var/lib/motioneye", world.root.to_str().unwrap())).unwrap();
    }
    let conf = conf.join("motion.conf");
    assert_eq!(events(&["--motion-conf", conf.to_str().unwrap()]), by_flag);
    let wrong = world.run("list", &["--layout", "%C/%H"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("--layout: the layout \"%C/%H\""), "{wrong:?}");
    let places = ["--layout", "Camera1=%Y-%m-%d/%H-%M-%S", "--layout", "Camera1=%v-%Y%m%d%H%M%S"];
    let wrong = world.run("list", &places);
    assert!(wrong.code == 2 && wrong.stderr.contains("--layout of Camera1"), "{wrong:?}");
}
