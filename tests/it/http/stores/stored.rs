//! Events that only a store has, over HTTP: in the same pages as those of the archive, with their files, for those who may use the store, and
//! unchangeable.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{TOKEN, ask, serve, table, url, users};
use crate::world::{Daemon, World, event_id, wait_for, wait_until, whole_mp4};

/// An archive from which a rule has retired an old event whose copy is in the store `nas`, which Bert may not use.
struct Retired {
    daemon: Daemon,
    /// The event that only the store has.
    old: String,
    /// An event of the archive.
    new: String,
    frame: (String, Vec<u8>),
    nas: PathBuf,
    /// Dropped last.
    _world: World,
}

impl Retired {
    fn new() -> Self {
        Self::with_movie(whole_mp4())
    }

    fn with_movie(movie: Vec<u8>) -> Self {
        let world = World::new();
        let (old, new) = (event_id("Camera1", 60, "10-00-00"), event_id("Camera2", 2, "11-00-00"));
        world.event(&old).frames(3).movie("video.mp4", movie).file("thumbnail.jpg", "a thumbnail").old().make();
        world.event(&new).frames(1).old().make();
        let frame =
            fs::read_dir(world.path(&old)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let frame = frame.filter(|name| name.ends_with("00.jpg")).min().unwrap();
        let frame = (frame.clone(), fs::read(world.path(&old).join(&frame)).unwrap());
        let nas = world.outside("nas");
        let lines = "host = \"garage\"\ncopy = \"complete\"\nusers = [\"anna\", \"carl\"]\ninclude = [\"movie\", \"thumbnail\", \"frames\"]";
        let text = [
            "keep-days = 45\nmax-share = 1.0\ncheck-interval = \"1s\"\n".to_owned(),
            users(),
            table("nas", &url(&nas), lines),
        ]
        .concat();
        let daemon = serve(&world, &text, "");
        wait_until("the old event is retired", || !world.has(&old));
        wait_until("the store's event is listed", || {
            event(&daemon, "anna", &old).is_some_and(|event| event["location"] == "nas")
        });
        Self { daemon, old, new, frame, nas, _world: world }
    }

    fn media(&self, file: &str) -> String {
        format!("/media/{}/{file}", self.old)
    }
}

/// An event of the first page that a user sees.
fn event(daemon: &Daemon, user: &str, id: &str) -> Option<Value> {
    let page = ask(daemon, user, "/api/v1/events").json();
    page["events"].as_array().unwrap().iter().find(|event| event["id"] == id).cloned()
}

#[test]
fn events_of_a_store_stand_in_the_same_pages() {
    let it = Retired::new();
    let (old, new) = (event(&it.daemon, "anna", &it.old).unwrap(), event(&it.daemon, "anna", &it.new).unwrap());
    assert_eq!((&old["location"], &new["location"]), (&json!("nas"), &json!("local")));
    assert_eq!((&old["frames"], &old["video"]), (&json!(3), &json!(it.media("video.mp4"))));
    assert_eq!((&old["state"], &old["thumbnail"]), (&json!("complete"), &json!(it.media("thumbnail.jpg"))));

    let first = ask(&it.daemon, "anna", "/api/v1/events?limit=1").json();
    assert_eq!(first["events"][0]["id"], it.new);
    let second = ask(&it.daemon, "anna", &format!("/api/v1/events?limit=1&cursor={}", first["next"].as_str().unwrap()));
    let second = second.json();
    assert_eq!((&second["events"][0]["id"], &second["next"]), (&json!(it.old), &Value::Null));

    let one = ask(&it.daemon, "anna", &format!("/api/v1/events/{}", it.old)).json();
    assert_eq!(one["location"], "nas");
    let images: Vec<&str> =
        one["images"].as_array().unwrap().iter().map(|image| image["name"].as_str().unwrap()).collect();
    assert!(images.contains(&it.frame.0.as_str()) && images.contains(&"thumbnail.jpg"), "{images:?}");

    let cameras = ask(&it.daemon, "anna", "/api/v1/cameras").json();
    let counts: Vec<&Value> = cameras["cameras"].as_array().unwrap().iter().map(|camera| &camera["events"]).collect();
    assert_eq!(counts, [&json!(1), &json!(1)]);
    let days = ask(&it.daemon, "anna", "/api/v1/days").json();
    assert_eq!(days["days"].as_array().unwrap().len(), 2, "{days}");
    let hours: u64 = days["days"][1]["hours"].as_array().unwrap().iter().map(|hour| hour.as_u64().unwrap()).sum();
    assert_eq!((&days["days"][1]["events"], hours), (&json!(1), 1));
}

#[test]
fn files_come_from_the_store() {
    let it = Retired::new();
    let movie = whole_mp4();
    let whole = ask(&it.daemon, "anna", &it.media("video.mp4"));
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("video/mp4")));
    assert!(whole.body == movie);
    let get = |method: &str, file: &str, more: &[(&str, &str)]| {
        let headers: Vec<(&str, &str)> = [("X-User", "anna")].into_iter().chain(more.iter().copied()).collect();
        it.daemon.request(method, &it.media(file), &headers)
    };
    let part = get("GET", "video.mp4", &[("Range", "bytes=10-19")]);
    assert_eq!((part.status, part.body.as_slice()), (206, &movie[10..20]));
    let tag = whole.header("etag").unwrap();
    assert_eq!(get("GET", "video.mp4", &[("If-None-Match", tag)]).status, 304);
    let head = get("HEAD", "video.mp4", &[]);
    assert_eq!((head.status, head.header("content-length")), (200, Some(movie.len().to_string().as_str())));
    assert_eq!(get("GET", "thumbnail.jpg", &[]).body, b"a thumbnail");
    assert_eq!(get("GET", &it.frame.0, &[]).body, it.frame.1, "out of frames.zip");
    for missing in ["frames.zip", "no.jpg", ".saved", "manifest.json"] {
        assert_eq!(get("GET", missing, &[]).status, 404, "{missing}");
    }
}

#[test]
fn events_of_a_store_are_not_changed() {
    let it = Retired::new();
    let path = format!("/api/v1/events/{}", it.old);
    for (method, path) in [("PUT", format!("{path}/saved")), ("DELETE", format!("{path}/saved")), ("DELETE", path)] {
        let refused = it.daemon.request(method, &path, &[("X-User", "anna")]);
        assert_eq!(refused.status, 409, "{method} {path}");
        assert!(refused.text().contains("nas") && refused.text().contains("recall"), "{}", refused.text());
    }
    assert!(event(&it.daemon, "anna", &it.old).is_some());
}

#[test]
fn events_of_a_store_are_reviewed() {
    let it = Retired::new();
    let path = format!("/api/v1/events/{}/reviewed", it.old);
    let put = |user: &str| it.daemon.request("PUT", &path, &[("X-User", user)]);
    let marked = put("anna");
    assert_eq!(
        (marked.status, &marked.json()["reviewed"], &marked.json()["location"]),
        (200, &json!(true), &json!("nas"))
    );
    assert_eq!(put("bert").status, 404, "the store does not exist for him");
    assert_eq!(event(&it.daemon, "anna", &it.old).unwrap()["reviewed"], true);
    let page = |reviewed: bool| {
        let page = ask(&it.daemon, "anna", &format!("/api/v1/events?reviewed={reviewed}")).json();
        page["events"].as_array().unwrap().iter().map(|event| event["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((page(true), page(false)), (vec![json!(it.old)], vec![json!(it.new)]));
    let days = ask(&it.daemon, "anna", "/api/v1/days").json();
    let counts: Vec<&Value> = days["days"].as_array().unwrap().iter().map(|day| &day["reviewed"]).collect();
    assert_eq!(counts, [&json!(0), &json!(1)]);
    let one = ask(&it.daemon, "anna", &format!("/api/v1/events/{}", it.old)).json();
    assert_eq!((&one["reviewed"], &one["expires"]), (&json!(true), &Value::Null), "no rule takes it");
    let bulk = |what: &str, body: Value| {
        let (body, user) = (body.to_string(), ("X-User", "anna"));
        crate::http::auth::send_to(&it.daemon.address, "POST", what, &[crate::http::auth::JSON, user], &body).json()
    };
    let all = bulk("/api/v1/reviewed", json!({"reviewed": true, "from": "999d"}));
    assert_eq!((all, page(false).len()), (json!({"events": 1}), 0));
    let none = bulk("/api/v1/reviewed", json!({"reviewed": false, "events": [it.old, it.new]}));
    assert_eq!((none, page(true).len()), (json!({"events": 2}), 0));
    let left = bulk("/api/v1/events/delete", json!({"events": [it.old]}));
    assert_eq!((&left["pass"], &left["left"][0]["status"]), (&Value::Null, &json!(409)), "{left}");
}

/// Also what was cached for others.
#[test]
fn users_without_the_store_see_none_of_it() {
    let it = Retired::new();
    assert_eq!(ask(&it.daemon, "anna", &it.media("video.mp4")).status, 200);
    assert!(event(&it.daemon, "carl", &it.old).is_some(), "of his camera");
    for path in
        [it.media("video.mp4"), it.media("thumbnail"), it.media(&it.frame.0), format!("/api/v1/events/{}", it.old)]
    {
        assert_eq!(
            ask(&it.daemon, "carl", &path).status,
            if path.ends_with("/thumbnail") { 422 } else { 200 },
            "{path}"
        );
        assert_eq!(ask(&it.daemon, "bert", &path).status, 404, "{path}");
    }
    assert_eq!(event(&it.daemon, "bert", &it.old), None);
    let cameras = ask(&it.daemon, "bert", "/api/v1/cameras").json();
    assert!(
        cameras["cameras"]
            .as_array()
            .unwrap()
            .iter()
            .all(|camera| camera["name"] != "Camera1" || camera["events"] == 0),
        "{cameras}"
    );
    assert_eq!(ask(&it.daemon, "bert", "/api/v1/days").json()["days"].as_array().unwrap().len(), 1);
}

/// The event stays listed; its files come again when the store is back.
#[test]
fn a_store_that_is_away_is_named() {
    let it = Retired::new();
    let away = it.nas.with_extension("away");
    fs::rename(&it.nas, &away).unwrap();
    assert_eq!(event(&it.daemon, "anna", &it.old).unwrap()["location"], "nas");
    let failed = ask(&it.daemon, "anna", &it.media("video.mp4"));
    assert_eq!(failed.status, 503);
    assert!(failed.text().contains("nas") && failed.text().contains("since"), "{}", failed.text());
    let local = ask(&it.daemon, "anna", &format!("/media/{}/video.mp4", it.new));
    assert_eq!((local.status, &local.body), (200, &whole_mp4()), "the archive does not need the store");
    fs::rename(&away, &it.nas).unwrap();
    wait_until("it is back", || ask(&it.daemon, "anna", &it.media("video.mp4")).status == 200);
}

/// An admin who may not use the store can neither find out what of it is cached, nor change that, nor start work on it.
#[test]
fn others_do_not_touch_what_is_cached_of_a_store() {
    let it = Retired::new();
    assert_eq!(ask(&it.daemon, "anna", &it.media("video.mp4")).status, 200);
    let entries = || ask(&it.daemon, "anna", "/api/v1/cache/entries").json();
    let key = entries()["entries"][0]["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("owlery:store/nas/"), "{key}");
    let encoded = key.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let token = |method: &str, path: &str| {
        it.daemon.request(method, &format!("{path}/{encoded}"), &[("Authorization", &format!("Bearer {TOKEN}"))])
    };
    assert_eq!(token("GET", "/api/v1/cache/entries").status, 404);
    for place in ["entries", "queue"] {
        let removed = token("DELETE", &format!("/api/v1/cache/{place}"));
        assert_eq!((removed.status, &removed.json()["removed"]), (200, &json!(0)), "{place}");
        assert_eq!(token("PUT", &format!("/api/v1/cache/{place}")).status, 403, "{place}, whether it is cached or not");
    }
    assert_eq!(entries()["entries"][0]["key"], key.as_str());
}

/// The movie of a range has the movies of its stored events too, for those who may use the store.
#[test]
fn stored_movies_are_part_of_an_export() {
    let sample = World::sample("direct");
    let movie = fs::read(sample.path("Camera1/2026-11-21/05-44-39/video.mp4")).unwrap();
    let it = Retired::with_movie(movie.clone());
    let path = "/api/v1/export.mp4?camera=Camera1";
    let made = wait_for("the movie", || Some(ask(&it.daemon, "anna", path)).filter(|made| made.status != 202));
    assert_eq!((made.status, made.header("owlery-left-out")), (200, None), "{}", made.text());
    assert!(made.body.len() > movie.len() / 2, "{} bytes of {}", made.body.len(), movie.len());
    assert_eq!(ask(&it.daemon, "bert", path).status, 404, "to him, there is no such event");
}
