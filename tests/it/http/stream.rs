//! The live stream of a daemon: messages, resuming after a disconnection, and the end.

pub mod client;

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};

use super::{assert_problem, serve_measured};
use crate::world::{LONGEST_STOP, World, days_ago, wait_until};
use client::{Listener, Message};

#[test]
fn changes_of_an_event_are_streamed() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let mut listener = Listener::start(&daemon, "");

    let id = format!("Camera1/{}/00-00-01", days_ago(0));
    world.event(&id).make();
    let added = listener.next().unwrap();
    assert_eq!((added.about(), &added.data["state"]), (("event-added", &*id), &json!("open")));
    let is_measured = |message: &Message| !message.data["bytes"].is_null() && message.data["frames"] == 3;
    let measured = if is_measured(&added) { added } else { listener.until("its size", is_measured) };
    let mut listed = daemon.event(&id).unwrap();
    assert_eq!(listed.as_object_mut().unwrap().remove("reviewed"), Some(json!(false)));
    assert_eq!(measured.data, listed, "as the list has it");

    let movie = world.path(&id).join("video.mp4");
    assert_eq!(world.run("ended", &[movie.to_str().unwrap()]).code, 0);
    listener
        .until("its end", |message| message.about() == ("event-changed", &*id) && message.data["state"] == "complete");
    for (command, saved) in [("save", true), ("unsave", false)] {
        assert_eq!(world.run(command, &[&id]).code, 0);
        let message = listener.until(command, |message| message.data["saved"] == saved);
        assert_eq!(message.about(), ("event-changed", &*id));
    }

    assert_eq!(world.run("delete", &[&id]).code, 0);
    let removed = listener.until("its removal", |message| message.name == "event-removed");
    assert_eq!(removed.data, json!({ "id": id }));
    let pass = listener.until("the pass", |message| message.name == "pass");
    let listed = world.run("queue", &["--json"]).json()["passes"][0].clone();
    assert_eq!((&pass.data["what"], &pass.data["pass"]), (&json!("retired"), &listed["pass"]));
    assert_eq!((&pass.data["items"], &pass.data["undo_until"]), (&listed["items"], &listed["undo_until"]));

    assert_eq!(world.run("restore", &[listed["pass"].as_str().unwrap()]).code, 0);
    let back = listener.until("its return", |message| message.name == "event-added");
    assert_eq!(back.about(), ("event-added", &*id));
    let pass = listener.until("the pass", |message| message.name == "pass");
    assert_eq!((&pass.data["what"], &pass.data["pass"]), (&json!("restored"), &listed["pass"]));

    std::fs::remove_dir_all(world.path(&id)).unwrap();
    listener.until("it is gone", |message| message.about() == ("event-removed", &*id));
}

#[test]
fn passes_are_streamed_once() {
    let world = World::new();
    let daemon = world.serve(&["--keep-days", "30"]);
    let mut listener = Listener::start(&daemon, "");
    for day in 40..44 {
        world.event(format!("Camera1/{}/10-00-00", days_ago(day))).old().make();
    }
    wait_until("they are known and over", || {
        let events = daemon.events();
        events.len() == 4 && events.iter().all(|event| event["state"] == "complete")
    });
    for _ in 0..2 {
        assert_eq!(world.run("expire", &[]).code, 3, "it is too much");
    }
    let held = world.run("plan", &["--json"]).json()["held"].clone();
    let refused = loop {
        let message = listener.next().unwrap();
        if message.name == "pass" {
            break message;
        }
    };
    assert_eq!((&refused.data["what"], &refused.data["refused"]["guard"]), (&json!("refused"), &json!("share")));
    assert_eq!((&refused.data["items"], &held["guard"]), (&json!([]), &json!("share")));

    let id = refused.data["pass"].as_str().unwrap();
    assert_eq!(world.run("expire", &["--confirm", id]).code, 0);
    let mut gone = 0;
    let done = loop {
        let message = listener.next().unwrap();
        gone += u32::from(message.name == "event-removed");
        if message.name == "pass" {
            break message;
        }
    };
    assert_eq!((&done.data["what"], done.data["items"].as_array().unwrap().len(), gone), (&json!("retired"), 4, 4));
}

/// The received messages, and the events with known sizes.
#[derive(Default)]
struct Heard {
    messages: Vec<Message>,
    measured: BTreeSet<String>,
}

impl Heard {
    /// Reads until the sizes of this many events are known.
    fn of(listener: &mut Listener, events: usize) -> Self {
        let mut seen_messages = Self::default();
        while seen_messages.measured.len() < events {
            seen_messages.note(listener.next().expect("no end"));
        }
        seen_messages
    }

    fn note(&mut self, message: Message) {
        if !message.data["bytes"].is_null() {
            self.measured.insert(message.about().1.to_owned());
        }
        self.messages.push(message);
    }
}

/// A pseudo-random number below `most`, the same in every run.
fn random(state: &mut u64, most: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % most
}

#[test]
fn interrupted_clients_get_every_message_once() {
    const EVENTS: u64 = 120;
    let world = World::new();
    let daemon = world.serve(&[]);
    let mut always = Listener::start(&daemon, "");
    let ids: Vec<String> =
        (0..EVENTS).map(|n| format!("Camera1/{}/10-{:02}-{:02}", days_ago(1), n / 60, n % 60)).collect();
    let interrupted = |seed: u64| {
        let (daemon, ids) = (&daemon, &ids);
        let mut listener = Listener::start(daemon, "");
        move || {
            let (mut state, mut seen_messages, mut breaks) = (seed, Heard::default(), 0);
            loop {
                for _ in 0..random(&mut state, 7) {
                    if seen_messages.measured.len() == ids.len() {
                        return (seen_messages.messages, breaks);
                    }
                    seen_messages.note(listener.next().expect("no end"));
                }
                breaks += 1;
                let last = listener.last.take().unwrap();
                drop(listener);
                listener = Listener::back(daemon, &last);
                listener.last = Some(last);
            }
        }
    };
    let everything = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=6).map(|seed| scope.spawn(interrupted(seed))).collect();
        let making = scope.spawn(|| {
            for id in &ids {
                world.event(id).frames(1).no_movie().old().make();
            }
        });
        let everything = Heard::of(&mut always, ids.len()).messages;
        making.join().unwrap();
        for thread in threads {
            let (seen_messages, breaks) = thread.join().unwrap();
            assert!(breaks > 10, "{breaks} breaks");
            let of = |messages: &[Message]| messages.iter().map(|message| message.id.clone()).collect::<Vec<_>>();
            assert_eq!(of(&seen_messages), of(&everything));
            assert_eq!(seen_messages, everything);
        }
        everything
    });
    for id in &ids {
        let of = everything.iter().filter(|message| message.about() == ("event-added", id));
        assert_eq!(of.count(), 1, "{id}");
    }
}

#[test]
fn an_unknown_id_gets_a_reset() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    let present = Listener::start(&daemon, "").last.unwrap();
    let (epoch, number) = present.rsplit_once('-').unwrap();
    assert!(epoch.chars().all(|c| c.is_ascii_hexdigit()) && number.parse::<u64>().is_ok(), "{present}");
    for unknown in ["0-0", "nonsense", "\u{e9}", &format!("{epoch}-99"), &format!("{epoch}-")] {
        let mut listener = Listener::back(&daemon, unknown);
        let reset = listener.next().unwrap();
        let expected = Message { id: present.clone(), name: "reset".to_owned(), data: json!({}) };
        assert_eq!(reset, expected, "{unknown}");
    }

    // As a parameter too; the header takes precedence.
    let id = "Camera1/2026-11-21/05-44-39";
    assert_eq!(world.run("save", &[id]).code, 0);
    for (query, header) in [
        (format!("?last-event-id={present}"), None),
        ("?last-event-id=0-0".to_owned(), Some(&*present)),
        (format!("?camera=Camera1&last-event-id={present}"), None),
    ] {
        let message = Listener::open(&daemon, &query, header).next().unwrap();
        assert_eq!(message.about(), ("event-changed", id), "{query}");
    }
    let message = Listener::open(&daemon, &format!("?last-event-id={present}"), Some("0-0")).next().unwrap();
    assert_eq!(message.name, "reset");
}

#[test]
fn a_restart_is_a_reset() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    let mut listener = Listener::start(&daemon, "");
    assert_eq!(world.run("save", &["Camera1/2026-11-21/05-44-39"]).code, 0);
    let message = listener.next().unwrap();
    assert_eq!(daemon.stop(), 0);
    let daemon = world.serve(&[]);
    let reset = Listener::back(&daemon, &message.id).next().unwrap();
    assert_eq!(reset.name, "reset");
    assert_ne!(reset.id.split('-').next(), message.id.split('-').next());
}

#[test]
fn a_stop_ends_every_stream() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let mut listeners: Vec<Listener> = (0..20).map(|_| Listener::start(&daemon, "")).collect();
    let begun = Instant::now();
    assert_eq!(daemon.stop(), 0);
    assert!(begun.elapsed() < LONGEST_STOP);
    for listener in &mut listeners {
        assert_eq!(listener.next(), None);
        assert!(listener.is_complete, "it was cut off");
    }
}

#[test]
fn two_hundred_clients_hear_the_same() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let mut listeners: Vec<Listener> = (0..200).map(|_| Listener::start(&daemon, "")).collect();
    let ids: Vec<String> = (0..20).map(|n| format!("Camera1/{}/10-00-{n:02}", days_ago(1))).collect();
    for id in &ids {
        world.event(id).no_movie().old().make();
    }
    let mut seen_messages: Option<Vec<Message>> = None;
    for listener in &mut listeners {
        let messages = Heard::of(listener, ids.len()).messages;
        let expected = seen_messages.get_or_insert_with(|| messages.clone());
        assert_eq!(messages, *expected);
    }
    for id in &ids {
        assert!(seen_messages.iter().flatten().any(|message| message.about() == ("event-added", id)), "{id}");
    }
}

#[test]
fn a_filter_lets_only_its_cameras_through() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let mut some = Listener::start(&daemon, "?camera=Camera1&camera=Camera3");
    let mut all = Listener::start(&daemon, "");
    let seen_messages = |listener: &mut Listener| -> Vec<String> {
        let mut seen_messages = Vec::new();
        loop {
            let message = listener.next().unwrap();
            if message.name == "event-added" {
                seen_messages.push(message.data["id"].as_str().unwrap().to_owned());
                if message.data["camera"] == "Camera3" {
                    seen_messages.sort();
                    return seen_messages;
                }
            }
        }
    };
    let id = |camera: u32| format!("Camera{camera}/2026-11-10/10-00-00");
    for camera in [1, 10, 2] {
        world.event(id(camera)).old().make();
        all.until("it is there", |message| message.about() == ("event-added", &id(camera)));
    }
    world.event(id(3)).old().make();
    assert_eq!(seen_messages(&mut some), [id(1), id(3)]);
}

#[test]
fn the_stream_has_headers_and_strict_parameters() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let get = Listener::open(&daemon, "?camera=Unknown", None);
    let head = daemon.request("HEAD", "/api/v1/stream", &[]);
    for (answer, method) in [(&get.head, "GET"), (&head, "HEAD")] {
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{method}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method}");
        assert_eq!(answer.header("x-accel-buffering"), Some("no"), "{method}");
        assert_eq!(answer.header("content-length"), None, "{method}");
        assert_eq!(answer.header("content-encoding"), None, "{method}");
    }
    assert!(head.body.is_empty());
    for (query, parameter) in [
        ("cameras=Camera1", "cameras"),
        ("camera=", "camera"),
        ("camera=..%2F..", "camera"),
        ("last-event-id=1&last-event-id=2", "last-event-id"),
        ("since=1", "since"),
    ] {
        assert_problem(&daemon.get(&format!("/api/v1/stream?{query}")), 400, Some(parameter));
    }
    assert_problem(&daemon.request("POST", "/api/v1/stream", &[("Content-Length", "0")]), 405, None);
    let document = daemon.get("/api/v1/openapi.json").json();
    let described = &document["paths"]["/api/v1/stream"]["get"];
    assert!(described["responses"]["200"]["content"]["text/event-stream"].is_object(), "{described}");
    let names: Vec<&Value> = described["parameters"].as_array().unwrap().iter().map(|given| &given["name"]).collect();
    assert_eq!(names, ["camera", "last-event-id", "Last-Event-ID"]);
}

#[test]
fn a_burst_of_changes_becomes_a_reset() {
    const EVENTS: usize = 6000;
    let world = World::new();
    let aside = world.outside("aside").join("Camera2");
    for n in 0..EVENTS {
        let (day, second) = (n / 60, n % 60);
        std::fs::create_dir_all(aside.join(format!("{}/10-00-{second:02}", days_ago(day as u64 + 10)))).unwrap();
    }
    let daemon = world.serve(&[]);
    let mut listener = Listener::start(&daemon, "");
    std::fs::rename(&aside, world.path("Camera2")).unwrap();
    let is_all_listed = || daemon.get("/api/v1/cameras").json()["cameras"][1]["events"] == EVENTS;
    let mut announced = BTreeSet::new();
    // Each event has a message, or existed before a reset.
    while announced.len() < EVENTS {
        let message = listener.next().expect("no end");
        match message.name.as_str() {
            "reset" if is_all_listed() => break,
            "reset" => announced.clear(),
            _ => {
                announced.insert(message.data["id"].to_string());
            }
        }
    }
    let resumed = Listener::back(&daemon, listener.last.as_deref().unwrap()).block().unwrap();
    assert_eq!(resumed, "retry: 2000", "and from there it goes on");
}
