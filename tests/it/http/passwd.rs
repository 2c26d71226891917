//! `owlery passwd`, and invalid access configurations.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::json;

use super::auth::{HASH, PASSWORD, config, get, log_in, serve_with, users};
use crate::world::{Ran, World, program, wait_until};

/// `owlery passwd ARGS…` with this on standard input.
fn passwd(args: &[&str], stdin: &str) -> Ran {
    let mut command = program();
    command.arg("passwd").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes()); // it may have refused and gone before
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn invalid_access_configurations_are_refused() {
    let world = World::new();
    let hash = HASH;
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let proxy = "\n[proxy]\nfrom = [\"127.0.0.1\"]\nuser-header = \"X-User\"";
    for (text, says) in [
        ("[users]\nanna = { password = \"hunter2 hunter2\" }".to_owned(), "users.anna.password"),
        ("[users]\nanna = { password = \"\" }".to_owned(), "users.anna.password"),
        (
            format!("[users]\nanna = {{ password = \"{}\" }}", hash.replace("argon2id", "argon2i")),
            "users.anna.password",
        ),
        (format!("[users]\nanna = {{ password = \"{}\" }}", hash.replace("m=64", "m=300000")), "users.anna.password"),
        (format!("[users]\nanna = {{ passwort = \"{hash}\" }}"), "line 2 (anna): unknown field `passwort`"),
        (
            format!("[users]\nanna = {{ password = \"{hash}\", rolle = \"admin\" }}"),
            "line 2 (anna): unknown field `rolle`",
        ),
        (format!("[users]\nanna = {{ password = \"{hash}\", role = \"root\" }}"), "users.anna.role"),
        (format!("[users]\nanna = {{ password = \"{hash}\", cameras = [\"../x\"] }}"), "users.anna.cameras"),
        (format!("[users]\nanna = {{ password = \"{hash}\", cameras = [] }}"), "users.anna.cameras"),
        (format!("[users]\nanna = {{ password = \"{hash}\", cameras = \"Camera1\" }}"), "line 2 (anna)"),
        (format!("[users]\n\"\" = {{ password = \"{hash}\" }}"), "is not a valid name"),
        ("[users]\nanna = {}".to_owned(), "users.anna cannot sign in"),
        ("[users]\nanna = \"x\"".to_owned(), "line 2 (anna)"),
        ("[tokens]\nhome = { sha256 = \"owl_secret\" }".to_owned(), "tokens.home.sha256"),
        ("[tokens]\nhome = {}".to_owned(), "sha256"),
        (format!("[tokens]\nhome = {{ sha256 = \"{sha256}\", role = \"x\" }}"), "tokens.home.role"),
        (format!("[tokens]\na = {{ sha256 = \"{sha256}\" }}\nb = {{ sha256 = \"{sha256}\" }}"), "tokens.b is the same"),
        (proxy.to_owned(), "proxy.user-header is set"),
        (format!("{}{}", users(), proxy.replace("127.0.0.1", "localhost")), "proxy.from"),
        (format!("{}{}", users(), proxy.replace("\"127.0.0.1\"", "")), "proxy.from"),
        (format!("{}{}", users(), proxy.replace("X-User", "X User")), "proxy.user-header"),
        (format!("{}{}", users(), proxy.replace("X-User", "Cookie")), "proxy.user-header"),
        (format!("{}{proxy}\nheader = \"x\"", users()), "unknown field `header`"),
        ("allow-host = \"http://owl\"".to_owned(), "--allow-host"),
    ] {
        let config = config(&world, &text);
        let ran = world.run("serve", &["--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{text} {ran:?}");
        assert!(ran.stderr.contains(says), "{text}: {ran:?}");
        for secret in ["hunter2", "owl_secret", hash.rsplit('$').next().unwrap()] {
            assert!(!ran.stderr.contains(secret), "{text}: {ran:?}");
        }
    }
}

#[test]
fn passwd_prints_valid_configuration_lines() {
    let ran = passwd(&["anna"], "eight ch\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("anna = { password = \"$argon2id$v=19$m=19456,t=2,p=1$"), "{ran:?}");
    assert!(ran.stdout.ends_with("\", role = \"viewer\" }\n") && ran.stdout.lines().count() == 1, "{ran:?}");
    assert_ne!(passwd(&["anna"], "eight ch\n").stdout, ran.stdout, "another salt");
    let flags = ["Anna \"B\" \\", "--role", "admin", "--camera", "Camera1", "--camera", "Hof \"2\""];
    let odd = passwd(&flags, &format!("{PASSWORD}\r\n"));
    assert!(odd.stdout.ends_with(", role = \"admin\", cameras = [\"Camera1\", \"Hof \\\"2\\\"\"] }\n"), "{odd:?}");
    let token = passwd(&["home", "--token"], "");
    let shown =
        token.stderr.split_whitespace().find(|word| word.starts_with("owl_")).unwrap().trim_end_matches('`').to_owned();
    assert!(!token.stdout.contains(&shown[4..]), "{token:?}");

    let world = World::new();
    let daemon = serve_with(&world, &format!("[users]\n{}{}[tokens]\n{}", ran.stdout, odd.stdout, token.stdout));
    assert_eq!(log_in(&daemon, "anna", "eight ch").status, 204);
    let response = log_in(&daemon, "Anna \"B\" \\", PASSWORD);
    let me = get(&daemon, "/api/v1/me", response.header("set-cookie").unwrap().split(';').next().unwrap()).json();
    assert_eq!((&me["role"], &me["cameras"]), (&json!("admin"), &json!(["Camera1", "Hof \"2\""])));
    let me = daemon.request("GET", "/api/v1/me", &[("Authorization", &format!("Bearer {shown}"))]);
    assert_eq!(me.json()["name"], "home");
}

#[test]
fn passwd_refuses_what_makes_no_good_line() {
    let too_long = "x".repeat(2000);
    for (args, stdin, says) in [
        (&["anna"][..], "", "at least 8"),
        (&["anna"], "\n", "at least 8"),
        (&["anna"], "seven77\nlonger than that\n", "at least 8"),
        (&["anna"], "a bell \u{7} in it\n", "control characters"),
        (&["anna"], &too_long, "at most"),
        (&["", "--token"], "", "is not a valid name"),
        (&[" x"], "good enough\n", "is not a valid name"),
        (&["anna", "--role", "root"], "good enough\n", "--role"),
        (&["anna", "--camera", "../x"], "good enough\n", "../x"),
        (&["anna", "--camera", "queue"], "good enough\n", "queue"),
    ] {
        let ran = passwd(args, stdin);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?} {ran:?}");
        assert!(ran.stderr.contains(says), "{args:?} {ran:?}");
    }
}

/// Reads until `end` has come.
fn read_until(from: &mut impl Read, all: &mut String, end: &str) {
    let mut byte = [0];
    while !all.ends_with(end) {
        assert_eq!(from.read(&mut byte).unwrap(), 1, "it ended before {end:?}: {all:?}");
        all.push(char::from(byte[0]));
    }
}

#[test]
fn passwd_prompts_twice_without_echo() {
    let at_terminal = |second: &str| {
        let command = format!("tty && {} passwd anna", env!("CARGO_BIN_EXE_owlery"));
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = terminal.spawn().unwrap();
        let (mut keys, mut screen, mut shown) =
            (child.stdin.take().unwrap(), child.stdout.take().unwrap(), String::new());
        read_until(&mut screen, &mut shown, "\n");
        let tty = shown.trim().to_owned();
        let is_hidden = || {
            let settings = Command::new("stty").args(["-a", "-F", &tty]).output().unwrap();
            String::from_utf8(settings.stdout).unwrap().split_whitespace().any(|word| word == "-echo")
        };
        for (question, answer) in [("Password: ", PASSWORD), ("Repeat the password: ", second)] {
            read_until(&mut screen, &mut shown, question);
            wait_until("what is typed is hidden", is_hidden); // which comes after the question
            keys.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
        screen.read_to_string(&mut shown).unwrap();
        drop(keys);
        (child.wait().unwrap().code().unwrap(), shown)
    };
    let (code, shown) = at_terminal(PASSWORD);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("anna = { password = \"$argon2id$"), "{shown}");
    assert!(!shown.contains("horse"), "{shown}");
    let (code, shown) = at_terminal("another password");
    assert!(code == 2 && shown.contains("differ") && !shown.contains("argon2id"), "{shown}");
}
