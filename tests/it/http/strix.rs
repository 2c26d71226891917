//! The routes of the strix web UI over real events of Motion; the expected responses were derived manually.

use std::fs;

use serde_json::{Value, json};

use super::auth::{cookie, serve_with, users};
use super::{assert_problem, serve_measured};
use crate::world::{World, days_ago, today, wait_until};

/// The four events of `Camera1` in the sample: start, end, title, directory, thumbnail.
const CAMERA1: [[&str; 5]; 4] = [
    ["2026-11-21 05:44:39", "2026-11-21 05:44:48", "Sat Nov 21 05:44:39 AM", "05-44-39", "05-44-41-02.jpg"],
    ["2026-11-21 05:44:51", "2026-11-21 05:45:00", "Sat Nov 21 05:44:51 AM", "05-44-52", "05-44-53-04.jpg"],
    ["2026-11-21 05:45:06", "2026-11-21 05:45:12", "Sat Nov 21 05:45:06 AM", "05-45-07", "05-45-08-01.jpg"],
    ["2026-11-21 05:45:25", "2026-11-21 05:45:31", "Sat Nov 21 05:45:25 AM", "05-45-26", "05-45-27-01.jpg"],
];

/// The one of `Camera2`.
const CAMERA2: [&str; 5] =
    ["2026-11-21 05:45:29", "2026-11-21 05:45:33", "Sat Nov 21 05:45:29 AM", "05-45-29", "05-45-30-01.jpg"];

fn strix_event(world: &World, camera: &str, [start, end, title, dir, thumbnail]: [&str; 5]) -> Value {
    let path = format!("{camera}/2026-11-21/{dir}");
    json!({
        "start": start,
        "end": end,
        "title": title,
        "video": format!("motion/{path}/video.mp4"),
        "debug_video": "images/missing.jpg",
        "thumbnail": format!("motion/{path}/{thumbnail}"),
        "images": [],
        "saved": false,
        "event_path": world.root.canonicalize().unwrap().join(&path),
    })
}

#[test]
fn cameras_are_pairs_of_name_and_port() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let response = daemon.get("/api/cameras/list");
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.text(), r#"{"cameras":[["Camera1",0],["Camera2",0]]}"#);
}

#[test]
fn ports_come_from_motions_configuration() {
    let world = World::sample("direct");
    let conf = world.outside("etc").join("motion.conf");
    let camera = conf.with_file_name("camera2.conf");
    fs::write(&conf, format!("stream_port 0\ncamera {}\n", camera.display())).unwrap();
    fs::write(&camera, format!("stream_port 8082\ntarget_dir {}\n", world.path("Camera2").display())).unwrap();
    let daemon = world.serve(&["--motion-conf", conf.to_str().unwrap()]);
    assert_eq!(daemon.get("/api/cameras/list").text(), r#"{"cameras":[["Camera1",0],["Camera2",8082]]}"#);
}

#[test]
fn strix_events_have_every_field() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    let answer = daemon.get("/api/events/Camera1,Camera2?end=2026-11-21").json();
    let expected = json!({
        "start": "1985-10-26 01:22:00",
        "end": "2026-11-21 23:59:59",
        "offset": 0,
        "limit": 10,
        "events": {
            "Camera1": CAMERA1.map(|event| strix_event(&world, "Camera1", event)),
            "Camera2": [strix_event(&world, "Camera2", CAMERA2)],
        },
    });
    assert_eq!(answer, expected);
}

/// Start times (with seconds as in the directories' names), and how many events of `Camera1` and `Camera2` lie
/// before each: their names are 05-44-39, 05-44-52, 05-45-07 and 05-45-26, and 05-45-29.
const STARTS: [(Option<&str>, usize, usize); 8] = [
    (None, 0, 0),
    (Some("2026-11-20"), 0, 0),
    (Some("2026-11-21 05:44:39"), 0, 0),
    (Some("2026-11-21 05:44:40"), 1, 0),
    (Some("2026-11-21 05:45:07"), 2, 0),
    (Some("2026-11-21 05:45:27"), 4, 0),
    (Some("2026-11-21 05:45:30"), 4, 1),
    (Some("2026-11-22"), 4, 1),
];

/// End times, and how many events are before or at each.
const ENDS: [(&str, usize, usize); 8] = [
    ("2026-11-20", 0, 0),
    ("2026-11-21 05:44:38", 0, 0),
    ("2026-11-21 05:44:39", 1, 0),
    ("2026-11-21 05:45:06", 2, 0),
    ("2026-11-21 05:45:26", 4, 0),
    ("2026-11-21 05:45:29", 4, 1),
    ("2026-11-21", 4, 1),
    ("2026-11-30 00:00:00", 4, 1),
];

#[test]
fn every_combination_of_strix_parameters_works() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    let all = [
        CAMERA1.map(|event| strix_event(&world, "Camera1", event)).to_vec(),
        vec![strix_event(&world, "Camera2", CAMERA2)],
    ];
    for (start, first1, first2) in STARTS {
        for (end, last1, last2) in ENDS {
            for offset in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)] {
                for limit in [None, Some(0), Some(1), Some(2), Some(4), Some(5)] {
                    let mut query = format!("end={}", end.replace(' ', "%20"));
                    let mut add = |name: &str, value: Option<String>| {
                        query.extend(value.map(|value| format!("&{name}={}", value.replace(' ', "+"))));
                    };
                    add("start", start.map(str::to_owned));
                    add("offset", offset.map(|offset: usize| offset.to_string()));
                    add("limit", limit.map(|limit: usize| limit.to_string()));
                    let answer = daemon.get(&format!("/api/events/Camera1,Camera2?{query}")).json();
                    // `offset` skips the newest, then the newest `limit` follow; 0 means all, 10 is the default.
                    let taken = |of: &[Value], first: usize, last: usize| {
                        let last = last.saturating_sub(offset.unwrap_or(0)).max(first.min(last));
                        let most = match limit.unwrap_or(10) {
                            0 => of.len(),
                            limit => limit,
                        };
                        let first = first.max(last.saturating_sub(most)).min(last);
                        Value::from(of[first..last].to_vec())
                    };
                    let expected = json!({
                        "Camera1": taken(&all[0], first1, last1), "Camera2": taken(&all[1], first2, last2),
                    });
                    assert_eq!(answer["events"], expected, "{query}");
                    assert_eq!(answer["offset"], offset.unwrap_or(0), "{query}");
                    assert_eq!(answer["limit"], limit.unwrap_or(10), "{query}");
                }
            }
        }
    }
}

#[test]
fn lists_have_pictures_and_movies_have_ranges() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    for event in ["Camera1/2026-11-21/05-44-39", "Camera1/2026-11-21/05-45-26", "Camera2/2026-11-21/05-45-29"] {
        let mut pictures: Vec<String> = fs::read_dir(world.path(event))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.rsplit_once('.').is_some_and(|(_, extension)| extension == "jpg"))
            .collect();
        pictures.sort();
        let link = |name: &String| format!("<li><a href=\"{name}\">{name}</a></li>\n");
        let links = pictures.iter().map(link).collect::<Vec<_>>().concat();
        let page = daemon.get(&format!("/motion/{event}/"));
        assert_eq!(
            page.text(),
            format!(
                "<!DOCTYPE html>\n<html><head><title>{event}</title></head><body>\n<h1>{event}</h1>\n<ul>\n\
                 {links}</ul>\n</body></html>\n"
            )
        );
        let movie = fs::read(world.path(event).join("video.mp4")).unwrap();
        let len = movie.len();
        // As a player does: the headers, the index at the end, then a range.
        for (range, from, to) in [
            ("bytes=0-".to_owned(), 0, len - 1),
            ("bytes=0-1".to_owned(), 0, 1),
            (format!("bytes={}-", len - 1000), len - 1000, len - 1),
            ("bytes=-1000".to_owned(), len - 1000, len - 1),
            (format!("bytes={}-{}", len / 2, len / 2 + 4095), len / 2, len / 2 + 4095),
        ] {
            let part = daemon.request("GET", &format!("/motion/{event}/video.mp4"), &[("Range", &range)]);
            assert_eq!(part.status, 206, "{event} {range}");
            assert_eq!(
                part.header("content-range"),
                Some(format!("bytes {from}-{to}/{len}").as_str()),
                "{event} {range}"
            );
            assert!(part.body == movie[from..=to], "{event} {range}: the wrong bytes");
        }
    }
}

#[test]
fn a_debug_movie_and_a_thumbnail_are_named() {
    let world = World::sample("strix-done");
    let daemon = serve_measured(&world, &[]);
    let path = "Camera1/2026-11-21/05-45-25";
    let event = &daemon.get("/api/events/Camera1?end=2026-11-22").json()["events"]["Camera1"][0];
    let mut expected = json!({
        "start": "2026-11-21 05:45:25",
        "end": "2026-11-21 05:45:31",
        "title": "Sat Nov 21 05:45:25 AM",
        "video": format!("motion/{path}/video.m4v"),
        "debug_video": format!("motion/{path}/debug/video.m4v"),
        "thumbnail": format!("motion/{path}/thumbnail.jpg"),
        "images": [],
        "saved": false,
        "event_path": world.root.canonicalize().unwrap().join(path),
    });
    assert_eq!(*event, expected);
    for key in ["video", "debug_video", "thumbnail"] {
        assert_eq!(daemon.get(&format!("/{}", expected[key].as_str().unwrap())).status, 200, "{key}");
    }
    // A saved event.
    fs::write(world.path(path).join(".saved"), "").unwrap();
    expected["saved"] = true.into();
    drop(daemon);
    let daemon = world.serve(&[]);
    assert_eq!(daemon.get("/api/events/Camera1?end=2026-11-22").json()["events"]["Camera1"][0], expected);
}

#[test]
fn missing_media_is_named_missing_and_served() {
    let world = World::sample("failures/sigkill-direct-mkv");
    fs::remove_file(world.path("Camera1/2026-11-21/05-39-40/video.mkv")).unwrap();
    let daemon = world.serve(&[]);
    let event = daemon.get("/api/events/Camera1?end=2026-11-22").json()["events"]["Camera1"][0].clone();
    for key in ["video", "debug_video", "thumbnail"] {
        assert_eq!(event[key], "images/missing.jpg", "{key}");
    }
    let missing = daemon.get("/images/missing.jpg");
    assert_eq!((missing.status, missing.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(missing.body[..3], [0xff, 0xd8, 0xff], "a JPEG");
}

#[test]
fn raw_directories_are_left_out() {
    let world = World::sample("strix-raw");
    world.event("Camera1/2026-11-21/05-44-39").old().make();
    let daemon = world.serve(&[]);
    assert_eq!(daemon.events().len(), 9, "the API has all events");
    let events = daemon.get("/api/events/Camera1,Camera2?limit=0&end=2026-11-22").json()["events"].clone();
    assert_eq!(events["Camera1"].as_array().unwrap().len(), 1);
    assert_eq!(events["Camera2"], json!([]));
}

#[test]
fn interrupted_events_are_listed() {
    let world = World::sample("failures/sigkill-direct-mp4");
    let daemon = serve_measured(&world, &[]);
    assert_eq!(daemon.events()[0]["state"], "interrupted");
    let events = daemon.get("/api/events/Camera1?end=2026-11-22").json();
    assert_eq!(events["events"]["Camera1"][0]["title"], "Sat Nov 21 05:39:40 AM");
}

/// The names of the directories in a response.
fn names(answer: &Value, camera: &str) -> Vec<String> {
    let name = |event: &Value| event["event_path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    answer["events"][camera].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn offset_and_limit_select_the_newest() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    for (query, expected) in [
        ("", &["05-44-39", "05-44-52", "05-45-07", "05-45-26"][..]),
        ("&limit=0", &["05-44-39", "05-44-52", "05-45-07", "05-45-26"]),
        ("&limit=1", &["05-45-26"]),
        ("&limit=3", &["05-44-52", "05-45-07", "05-45-26"]),
        ("&limit=2&offset=1", &["05-44-52", "05-45-07"]),
        ("&limit=0&offset=3", &["05-44-39"]),
        ("&offset=4", &[]),
        ("&limit=0&offset=18446744073709551615", &[]),
        ("&limit=18446744073709551615", &["05-44-39", "05-44-52", "05-45-07", "05-45-26"]),
    ] {
        let answer = daemon.get(&format!("/api/events/Camera1?end=2026-11-22{query}")).json();
        assert_eq!(names(&answer, "Camera1"), expected, "{query}");
    }
    let answer = daemon.get("/api/events/Camera1?end=2026-11-22&limit=2&offset=1").json();
    assert_eq!((&answer["offset"], &answer["limit"]), (&json!(1), &json!(2)));
}

#[test]
fn strix_pages_have_ten_events_by_default() {
    let world = World::new();
    for second in 0..12 {
        world.event(format!("Camera1/2025-03-01/10-00-{second:02}")).frames(0).old().make();
    }
    let daemon = world.serve(&[]);
    let answer = daemon.get("/api/events/Camera1").json();
    assert_eq!(answer["limit"], 10);
    let newest: Vec<String> = (2..12).map(|second| format!("10-00-{second:02}")).collect();
    assert_eq!(names(&answer, "Camera1"), newest);
    assert_eq!(names(&daemon.get("/api/events/Camera1?limit=0").json(), "Camera1").len(), 12);
}

#[test]
fn bounds_are_inclusive_and_use_directory_names() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    // The event 05-44-52 starts at 05:44:51 and ends at 05:45:00: neither counts here.
    for (start, end, expected) in [
        ("05:44:52", "05:45:07", &["05-44-52", "05-45-07"][..]),
        ("05:44:52", "05:44:52", &["05-44-52"]),
        ("05:44:51", "05:44:51", &[]),
        ("05:44:53", "05:45:06", &[]),
        ("05:44:40", "05:45:25", &["05-44-52", "05-45-07"]),
        ("05:45:26", "05:44:39", &[]),
    ] {
        let path = format!("/api/events/Camera1?start=2026-11-21%20{start}&end=2026-11-21+{end}");
        let answer = daemon.get(&path).json();
        assert_eq!(names(&answer, "Camera1"), expected, "{start} to {end}");
        assert_eq!(answer["start"], format!("2026-11-21 {start}"));
        assert_eq!(answer["end"], format!("2026-11-21 {end}"));
    }
    let other_day = daemon.get("/api/events/Camera1?start=2026-11-22&end=2026-11-30").json();
    assert_eq!(names(&other_day, "Camera1"), [""; 0]);
}

/// Motion's clock may be ahead of ours: without an end, the list includes future events.
#[test]
fn without_an_end_what_lies_ahead_is_listed() {
    let world = World::new();
    let tomorrow = (today() + chrono::Days::new(2)).to_string();
    for day in [days_ago(2), tomorrow] {
        world.event(format!("Camera1/{day}/12-00-00")).old().make();
    }
    let daemon = world.serve(&[]);
    let all = daemon.get("/api/events/Camera1").json();
    assert_eq!(names(&all, "Camera1").len(), 2, "{all}");
    assert_eq!(all["end"], format!("{} 12:00:00", today() + chrono::Days::new(2)));
    assert_eq!(names(&daemon.get("/api/events/Camera1?end=2999-01-01").json(), "Camera1").len(), 2);
}

#[test]
fn an_unknown_camera_has_an_empty_list() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let answer = daemon.get("/api/events/Camera1,Camera,Camera10,..,%00,queue?end=2026-11-22").json();
    let events = answer["events"].as_object().unwrap();
    let requested: Vec<&String> = events.keys().collect();
    assert_eq!(requested.len(), 6, "{requested:?}");
    for (camera, list) in events {
        let count = if camera == "Camera1" { 4 } else { 0 };
        assert_eq!(list.as_array().unwrap().len(), count, "{camera:?}");
    }
}

#[test]
fn titles_are_of_twelve_hours_and_in_english() {
    let world = World::new();
    for (name, title) in [
        ("00-00-00", "Sat Mar 01 12:00:00 AM"),
        ("09-05-07", "Sat Mar 01 09:05:07 AM"),
        ("12-00-00", "Sat Mar 01 12:00:00 PM"),
        ("13-05-09", "Sat Mar 01 01:05:09 PM"),
    ] {
        world.event(format!("Camera1/2025-03-01/{name}")).old().make();
        let mut serve = world.command("serve", ["--listen", "127.0.0.1:0"]);
        serve.env("LC_ALL", "de_DE.UTF-8").env("TZ", "Asia/Tokyo");
        let daemon = crate::world::Daemon::start(serve);
        wait_until("ready", || daemon.get("/readyz").status == 200);
        let answer = daemon.get("/api/events/Camera1").json();
        assert_eq!(answer["events"]["Camera1"].as_array().unwrap().last().unwrap()["title"], title, "{name}");
    }
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    for (query, parameter) in [
        ("start=yesterday", "start"),
        ("end=2026-02-30", "end"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("camera=Camera1", "camera"),
    ] {
        assert_problem(&daemon.get(&format!("/api/events/Camera1?{query}")), 400, Some(parameter));
    }
}

/// The whole list was once made in memory for each client. Sent in pieces, it is the same list.
#[test]
fn a_long_list_in_pieces_is_complete() {
    let world = World::new();
    let day = days_ago(3);
    for n in 0..300 {
        // One without any file would be removed.
        world
            .event(format!("Camera1/{day}/{:02}-{:02}-{:02}", n / 60, n % 60, n % 7))
            .frames(1)
            .no_movie()
            .old()
            .make();
    }
    for n in 0..128 {
        world.event(format!("Camera2/{day}/{:02}-{:02}-00", n / 60, n % 60)).frames(1).no_movie().old().make();
    }
    let daemon = world.serve(&[]);
    let get = |what: &str| daemon.get(&format!("/api/events/{what}")).json()["events"].clone();
    let mut pieces = Vec::new();
    for offset in [200, 100, 0] {
        let page = get(&format!("Camera1?limit=100&offset={offset}"));
        pieces.extend(page["Camera1"].as_array().unwrap().clone());
    }
    let all = get("Camera1,Nothing,Camera2?limit=0");
    assert_eq!(all["Camera1"].as_array().unwrap(), &pieces);
    assert_eq!((all["Nothing"].as_array().unwrap().len(), all["Camera2"].as_array().unwrap().len()), (0, 128));
    let names: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 3);
    assert_eq!(get("Camera1?limit=200&offset=5")["Camera1"].as_array().unwrap(), &pieces[95..295]);
    assert_eq!(get("Camera1?limit=0&offset=290")["Camera1"].as_array().unwrap(), &pieces[..10]);
    assert_eq!(get("Camera1?limit=0&offset=300")["Camera1"], serde_json::json!([]));
    let (start, end) = (format!("{day}%2001:00:00"), format!("{day}%2002:59:59"));
    let within = get(&format!("Camera1?limit=0&start={start}&end={end}"));
    assert_eq!(within["Camera1"].as_array().unwrap(), &pieces[60..180]);
}

/// `event_path` once revealed the path of the archive to users who cannot see all cameras.
#[test]
fn limited_users_do_not_see_the_absolute_root() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    for (user, is_limited) in [("anna", false), ("bert", true)] {
        let cookie = cookie(&daemon, user);
        for limit in ["0", "10"] {
            let answer = daemon.request("GET", &format!("/api/events/Camera1?limit={limit}"), &[("Cookie", &cookie)]);
            let path = answer.json()["events"]["Camera1"][0]["event_path"].as_str().unwrap().to_owned();
            assert_eq!(path.starts_with('/'), !is_limited, "{user}: {path}");
            assert_eq!(answer.text().contains(world.root.to_str().unwrap()), !is_limited, "{user}");
        }
    }
}
