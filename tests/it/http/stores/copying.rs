//! What a daemon that copies by itself shows to whom: in the list of stores, in `/readyz` and in the metrics.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{STORES, ask, config, credentials, listed, serve, store, table, url, users};
use crate::s3_server::{OWNER, S3Server};
use crate::world::{Daemon, World, days_ago, event_id, wait_for, wait_until};

/// A request that gets no response ends after 30 s; that the store does not respond is shown before: after a few seconds, but these machines
/// are slow at times.
const SHOWN_WITHIN: Duration = Duration::from_secs(28);

/// A store as a user sees it.
fn seen(daemon: &Daemon, user: &str, name: &str) -> Value {
    let stores = ask(daemon, user, STORES).json();
    stores["stores"].as_array().unwrap().iter().find(|store| store["name"] == name).unwrap().clone()
}

/// The stores in trouble that `/readyz` shows to a user.
fn troubles(daemon: &Daemon, user: &str) -> Value {
    let ready = ask(daemon, user, "/readyz");
    assert_eq!(ready.status, 200, "a store that is away does not take the page away");
    ready.json()["stores"].clone()
}

fn metric(daemon: &Daemon, name: &str, store: &str) -> u64 {
    let series = format!("owlery_store_{name}{{store=\"{store}\"}} ");
    let text = ask(daemon, "anna", "/metrics").text();
    let value = text.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or_else(|| panic!("{series}: {text}"));
    value.parse().unwrap()
}

#[test]
fn only_admins_see_why_copies_wait() {
    let world = World::new();
    for days in [2, 3] {
        world.old_event("Camera1", days, "10-00-00");
    }
    let (nas, away) = (world.outside("nas"), world.outside("mnt").join("away"));
    let text = [
        users(),
        table("nas", &url(&nas), "copy = \"complete\""),
        table("away", &url(&away), "copy = \"complete\""),
        table("private", &url(&away), "copy = \"complete\"\nusers = [\"bert\"]"),
        table("plain", &url(&nas), ""),
    ];
    let daemon = serve(&world, &text.concat(), "");
    wait_until("all is copied to one", || {
        let nas = seen(&daemon, "anna", "nas");
        nas["copying"]["copied"] == 2 && nas["copying"]["waiting"] == 0 && nas["copying"]["activity"] == "idle"
    });
    let nas = seen(&daemon, "anna", "nas");
    let sent = nas["copying"]["sent_bytes"].as_u64().unwrap();
    assert!(sent > 0);
    let idle = json!({"activity": "idle", "event": null, "waiting": 0, "waiting_bytes": 0, "oldest": null, "copied": 2,
        "sent_bytes": sent, "failures": 0, "trouble": null, "failed": []});
    assert_eq!((&nas["copy"], &nas["copying"]), (&json!("complete"), &idle));
    let plain = seen(&daemon, "anna", "plain");
    assert_eq!((&plain["copy"], plain.get("copying")), (&json!("off"), None));

    let failing = wait_for("the other fails", || {
        let away = seen(&daemon, "anna", "away")["copying"].clone();
        (away["activity"] == "failing" && away["waiting_bytes"].as_u64() > Some(0)).then_some(away)
    });
    assert_eq!((&failing["waiting"], &failing["copied"]), (&json!(2), &json!(0)));
    assert_eq!(failing["oldest"], format!("{}T10:00:00", days_ago(3)));
    assert!(failing["failures"].as_u64() > Some(0), "{failing}");
    let place = away.to_str().unwrap();
    assert!(failing["trouble"]["why"].as_str().unwrap().contains(place), "{failing}");
    let viewer = ask(&daemon, "bert", STORES).text();
    assert!(viewer.contains("\"trouble\":{\"since\":\"2") && !viewer.contains(place), "{viewer}");
    assert_eq!(listed(&ask(&daemon, "carl", STORES)), [""; 0]);

    wait_until("both are in trouble", || troubles(&daemon, "anna").as_object().is_some_and(|all| all.len() == 2));
    let since = |store: &str| {
        format!("(since {})", seen(&daemon, "bert", store)["copying"]["trouble"]["since"].as_str().unwrap())
    };
    let admin = troubles(&daemon, "anna");
    let why = admin["away"].as_str().unwrap();
    assert!(why.contains(place) && why.ends_with(&since("away")), "{admin}");
    // She may not use it; that it has no copies is still hers to know.
    let hidden = |store: &str| format!("nothing can be copied to it {}", since(store));
    assert_eq!(admin["private"], hidden("private"));
    assert_eq!(troubles(&daemon, "bert"), json!({"away": hidden("away"), "private": hidden("private")}));
    assert!(!ask(&daemon, "bert", "/readyz").text().contains(place));
    assert_eq!(troubles(&daemon, "carl"), Value::Null);
    assert_eq!(daemon.get("/readyz").json().get("stores"), None);

    let of = |name: &str| ["away", "nas"].map(|store| metric(&daemon, name, store));
    assert_eq!((of("reachable"), of("waiting_events")), ([0, 1], [2, 0]));
    assert_eq!((of("copied_events_total"), of("sent_bytes_total")), ([0, 2], [0, sent]));
    let ([waiting, none], [age, no_age]) = (of("waiting_bytes"), of("oldest_waiting_age_seconds"));
    assert!(waiting > 0 && age > 86_400 && (none, no_age) == (0, 0), "{waiting} {age}");
    assert!(of("failures_total")[0] > 0);
    assert!(!ask(&daemon, "carl", "/metrics").text().contains("owlery_store_"));
    assert_eq!(daemon.stop(), 0);
}

/// A line to a server that can swallow all that is sent on it: connections are accepted, and nothing responds.
struct Line {
    port: u16,
    swallows: Arc<AtomicBool>,
}

impl Line {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (swallows, port) = (Arc::new(AtomicBool::new(false)), listener.local_addr().unwrap().port());
        let line = Self { port, swallows: Arc::clone(&swallows) };
        thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let Ok(to) = TcpStream::connect(("127.0.0.1", server)) else { return };
                let ends = [(from.try_clone().unwrap(), to.try_clone().unwrap()), (to, from)];
                for (from, to) in ends {
                    let swallows = Arc::clone(&swallows);
                    thread::spawn(move || pass_on(from, to, &swallows));
                }
            }
        });
        line
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, swallows: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !swallows.load(Ordering::Relaxed) && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// While an upload goes on, nothing else says that the store does not respond any more: a request may take half a minute.
#[test]
fn a_store_that_swallows_requests_is_shown_soon() {
    let world = World::new();
    let id = event_id("Camera1", 2, "10-00-00");
    world.event(&id).movie("video.mp4", vec![7; 30_000_000]).old().make();
    let server = S3Server::s3s_fs();
    let line = Line::to(server.port);
    let offsite = server.url_at(line.port);
    let text = [users(), table("offsite", &offsite, "copy = \"complete\"\nrate = \"300kB\"")].concat();
    let file = config(&world, &text);
    store(&world, "login", "offsite", &file, &credentials(OWNER[1]));
    let daemon = serve(&world, &text, "");
    wait_until("it is being copied", || seen(&daemon, "bert", "offsite")["copying"]["event"] == id.as_str());
    assert_eq!(troubles(&daemon, "anna"), json!({}));

    line.swallows.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    wait_until("it is shown", || troubles(&daemon, "bert") != json!({}));
    assert!(begun.elapsed() < SHOWN_WITHIN, "{:?}", begun.elapsed());
    let why = troubles(&daemon, "anna")["offsite"].clone();
    assert!(why.as_str().unwrap().contains("store offsite"), "{why}");
    assert_eq!(metric(&daemon, "reachable", "offsite"), 0);
    assert_eq!(seen(&daemon, "bert", "offsite")["copying"]["event"], id.as_str(), "the upload still waits");

    line.swallows.store(false, Ordering::Relaxed);
    wait_until("it responds again", || troubles(&daemon, "anna") == json!({}));
    assert_eq!(daemon.stop(), 0);
}
