//! Settings: every flag is honoured or refused, at every command, alone and beside a daemon; and the places that settings
//! come from.

use std::fs;

use serde_json::json;

use crate::world::{Daemon, Ran, World, program, wait_until};

/// Every command on an archive but `serve`, with what else it needs.
const COMMANDS: [(&str, &[&str]); 14] = [
    ("scan", &[]),
    ("list", &[]),
    ("stats", &[]),
    ("plan", &[]),
    ("expire", &[]),
    ("queue", &[]),
    ("restore", &["20261121T100436Z-AbCdEf"]),
    ("delete", &["Camera1/2026-01-01/10-00-00"]),
    ("save", &["Camera1/2026-01-01/10-00-00"]),
    ("unsave", &["Camera1/2026-01-01/10-00-00"]),
    ("audit", &[]),
    ("check", &[]),
    ("cache", &["stats"]),
    ("ended", &["/nonexistent/video.mp4"]),
];

/// Every settings flag with a value that is valid and is not the default.
fn flags(world: &World) -> Vec<(&'static str, Option<String>)> {
    let etc = world.outside("etc");
    fs::write(etc.join("owlery.toml"), "").unwrap();
    fs::write(etc.join("motion.conf"), "event_gap 30\n").unwrap();
    let file = |name: &str| Some(etc.join(name).to_str().unwrap().to_owned());
    let text = |text: &str| Some(text.to_owned());
    vec![
        ("keep-days", text("9000")),
        ("max-size", text("90TB")),
        ("min-free", text("1B")),
        ("floor-days", text("3")),
        ("max-share", text("0.4")),
        ("undo-window", text("7d")),
        ("check-interval", text("2h")),
        ("listen", text("127.0.0.1:0")),
        ("insecure", None),
        ("tls-cert", file("cert.pem")),
        ("tls-key", file("key.pem")),
        ("allow-host", text("owl.example")),
        ("base-path", text("/owlery")),
        ("frame-ancestors", text("https://home.example")),
        ("config", file("owlery.toml")),
        ("motion-conf", file("motion.conf")),
        ("live", text("Camera1=http://127.0.0.1:8081/")),
        ("layout", text("%Y-%m-%d/%H-%M-%S")),
        ("state-dir", Some(world.path(".owlery").to_str().unwrap().to_owned())),
        ("camera-pattern", text("Camera1")),
        ("event-gap", text("30s")),
        ("sidecars", text("off")),
        ("poll", text("9s")),
        ("finish", None),
        ("reap-rate", text("500")),
        ("window", text("01:00-05:00")),
        ("cache-dir", file("media")),
        ("cache-size", text("90MB")),
        ("cache-memory", text("9MB")),
    ]
}

/// The long flags that a command's help page shows.
fn shown(world: &World, command: &str) -> Vec<String> {
    let help = if command == "cache" { Ran::of(cache(&[])) } else { world.run(command, &["--help"]) }.stdout;
    // Texts begin further to the right, and a line of one may begin with the name of another flag.
    let flag = |line: &str| {
        let is_text = line.starts_with("          ");
        let line = Some(line.trim()).filter(|_| !is_text)?;
        Some(line.strip_prefix("--")?.split([' ', '.']).next()?.to_owned())
    };
    help.lines().filter_map(flag).collect()
}

/// `owlery cache`, which names its archive by a flag, or prints its help.
fn cache(args: &[&str]) -> std::process::Command {
    let mut command = program();
    command.arg("cache").args(if args.is_empty() { &["--help"] } else { args });
    command
}

fn run(world: &World, (command, more): (&str, &[&str]), (flag, value): &(&str, Option<String>)) -> Ran {
    let flag = format!("--{flag}");
    if command == "cache" {
        let root = world.root.to_str().unwrap();
        let args: Vec<&str> =
            ["--root", root, flag.as_str()].into_iter().chain(value.as_deref()).chain(more.iter().copied()).collect();
        return Ran::of(cache(&args));
    }
    let args: Vec<&str> = more.iter().copied().chain([flag.as_str()]).chain(value.as_deref()).collect();
    world.run(command, &args)
}

/// The list above is whole: it has every settings flag of `serve`.
#[test]
fn the_table_of_this_test_is_complete() {
    let world = World::new();
    let mut known: Vec<&str> = flags(&world).iter().map(|(flag, _)| *flag).collect();
    let mut shown = shown(&world, "serve");
    shown.retain(|flag| !["help", "version", "json"].contains(&flag.as_str()) && !flag.starts_with("accept"));
    known.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, known);
}

/// A flag that a command's help does not show is refused there, by name; one that it shows is not.
#[test]
fn flags_without_effect_are_refused() {
    let world = World::new();
    let flags = flags(&world);
    for command in COMMANDS {
        let shown = shown(&world, command.0);
        for flag in &flags {
            let ran = run(&world, command, flag);
            let is_refused = ran.code == 2 && ran.stderr.contains(&format!("--{} has no effect", flag.0));
            let is_shown = shown.iter().any(|name| name == flag.0);
            assert_eq!(is_refused, !is_shown, "{command:?} {flag:?} {ran:?}");
        }
    }
}

/// Beside a daemon a flag is refused unless the command follows it there too; nothing is done then.
#[test]
fn beside_a_daemon_flags_are_honoured_or_refused() {
    let world = World::new();
    let flags = flags(&world);
    let daemon = world.serve(&[]);
    let rules = ["keep-days", "max-size", "min-free", "floor-days"];
    for command in COMMANDS {
        for flag in &flags {
            let is_followed = match flag.0 {
                "config" | "state-dir" => true,
                name if rules.contains(&name) => ["plan", "stats"].contains(&command.0),
                "max-share" => command.0 == "plan",
                "camera-pattern" => ["check", "audit"].contains(&command.0),
                "event-gap" | "motion-conf" | "layout" | "cache-dir" => command.0 == "check",
                _ => false,
            };
            let ran = run(&world, command, flag);
            let is_refused = ran.code == 2 && ran.stderr.contains(&format!("--{}", flag.0));
            assert_eq!(is_refused, !is_followed, "{command:?} {flag:?} {ran:?}");
        }
    }
    // A pattern that is the daemon's own changes nothing and is accepted.
    assert_eq!(world.run("list", &["--camera-pattern", "Camera.*"]).code, 0);
    assert_eq!(daemon.stop(), 0);
}

/// Settings that daemon and commands share never make a command fail by what is not its own.
#[test]
fn a_shared_file_serves_every_command() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let config = world.outside("etc").join("owlery.toml");
    let text = "keep-days = 90\nundo-window = \"7d\"\nlisten = \"0.0.0.0:0\"\ninsecure = true\nreap-rate = 9\n\
                tls-cert = \"/nonexistent\"\ntls-key = \"/nonexistent\"\nwindow = \"01:00-02:00\"\npoll = \"5s\"\n";
    fs::write(&config, text).unwrap();
    let served = text.replace("tls-", "# tls-");
    let for_daemon = world.outside("etc").join("daemon.toml");
    fs::write(&for_daemon, served).unwrap();
    let every = |world: &World| {
        for command in ["scan", "list", "stats", "plan", "expire", "queue", "audit", "check"] {
            let mut program = world.command(command, ["--json"]);
            program.env("OWLERY_CONFIG", &config).env("OWLERY_KEEP_DAYS", "80").env("OWLERY_CHECK_INTERVAL", "2h");
            let ran = Ran::of(program);
            assert_eq!(ran.code, 0, "{command} {ran:?}");
        }
    };
    every(&world);
    let daemon = Daemon::start(world.command("serve", ["--config", for_daemon.to_str().unwrap()]));
    wait_until("ready", || daemon.get("/readyz").status == 200);
    every(&world);
    assert_eq!(daemon.stop(), 0);
}

/// `forever` for one camera in the file holds although the command line has a rule for all; also in a daemon's what-if.
#[test]
fn a_rule_for_all_leaves_a_cameras_rule() {
    let world = World::new();
    for camera in ["Camera1", "Camera2"] {
        world.old_event(camera, 60, "10-00-00");
    }
    let config = world.outside("etc").join("owlery.toml");
    fs::write(&config, "keep-days = [\"90\", \"Camera1=forever\"]\n").unwrap();
    let file = ["--config", config.to_str().unwrap()];
    let cameras = |flags: &[&str]| {
        let plan = world.run("plan", &[flags, &["--json"]].concat());
        let items = plan.json()["items"].as_array().unwrap().clone();
        (items.iter().map(|item| item["camera"].clone()).collect::<Vec<_>>(), plan.stderr)
    };
    let (planned, said) = cameras(&[&file[..], &["--keep-days", "30"]].concat());
    assert_eq!(planned, [json!("Camera2")]);
    assert!(said.contains("\"30\" on the command line and \"90\""), "{said}");
    let daemon = world.serve(&file);
    assert_eq!(cameras(&["--keep-days", "30"]).0, [json!("Camera2")]);
    assert_eq!(cameras(&["--keep-days", "Camera1=30"]).0, [json!("Camera1")]);
    let contradiction = world.run("plan", &["--max-size", "Camera1=5GB"]);
    assert_eq!(contradiction.code, 2, "{contradiction:?}");
    assert_eq!(daemon.stop(), 0);
    let twice = world.run("plan", &["--keep-days", "30", "--keep-days", "40"]);
    assert!(twice.code == 2 && twice.stderr.contains("given twice on the command line"), "{twice:?}");
}

#[test]
fn unknown_variables_and_units_are_refused() {
    let world = World::new();
    let wrong = |name: &str, value: &str, says: &str| {
        let mut program = world.command("plan", [""; 0]);
        program.env(name, value);
        let ran = Ran::of(program);
        assert!(ran.code == 2 && ran.stderr.contains(says), "{name}={value}: {ran:?}");
    };
    wrong("OWLERY_KEEPDAYS", "3", "did you mean OWLERY_KEEP_DAYS?");
    wrong("OWLERY_MIN_FREE", "20", "20GB or 20%");
    wrong("OWLERY_MAX_SIZE", "Camera1=5", "5GB or 5TB");
    wrong("OWLERY_EVENT_GAP", "60", "60s or 60m");
}
