//! What the files of a store's event cost, over a line that counts, from a real server; and what becomes of damaged copies.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{TOKEN, ask, config, serve, store, table, users};
use crate::s3_server::{OWNER, S3Server};
use crate::world::{Daemon, Response, World, event_id, wait_until};

const PART: usize = 4 << 20;
/// What the daemon asks the store besides, and the heads of its requests.
const BESIDE: u64 = 300_000;

/// A line to a server that counts what comes from it, and can swallow it.
struct Line {
    port: u16,
    received: Arc<AtomicU64>,
    swallows: Arc<AtomicBool>,
}

impl Line {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, received) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
        let line = Self { port, received: Arc::clone(&received), swallows: Arc::default() };
        let swallows = Arc::clone(&line.swallows);
        thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let Ok(to) = TcpStream::connect(("127.0.0.1", server)) else { return };
                let (back, forth) = ((to.try_clone().unwrap(), from.try_clone().unwrap()), (from, to));
                let (received, sent) = (Arc::clone(&received), Arc::default());
                let both = [Arc::clone(&swallows), Arc::clone(&swallows)];
                let [one, other] = both;
                thread::spawn(move || pass_on(back, &received, &one));
                thread::spawn(move || pass_on(forth, &sent, &other));
            }
        });
        line
    }
}

fn pass_on((mut from, mut to): (TcpStream, TcpStream), count: &AtomicU64, swallows: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count.fetch_add(read as u64, Ordering::SeqCst);
        if !swallows.load(Ordering::SeqCst) && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// An event of which only a bucket has a copy.
struct Copied {
    daemon: Daemon,
    id: String,
    /// An event of the archive, with the same movie.
    local: String,
    movie: Vec<u8>,
    frame: (String, Vec<u8>),
    line: Line,
    server: S3Server,
    /// Dropped last.
    _world: World,
}

impl Copied {
    fn new(movie: usize) -> Self {
        Self::within(movie, "")
    }

    fn within(movie: usize, limits: &str) -> Self {
        let (world, id) = (World::new(), event_id("Camera1", 60, "10-00-00"));
        let local = event_id("Camera2", 2, "10-00-00");
        let mut rng = fastrand::Rng::with_seed(3);
        let movie: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(movie).collect();
        world.event(&local).movie("video.mp4", movie.clone()).old().make();
        let picture = include_bytes!("../../../../ui/images/missing.jpg");
        let event = world.event(&id).frames(3).movie("video.mp4", movie.clone());
        event.file("thumbnail.jpg", picture).old().make();
        let names =
            fs::read_dir(world.path(&id)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let frame = names.filter(|name| name.ends_with("00.jpg")).min().unwrap();
        let frame = (frame.clone(), fs::read(world.path(&id).join(&frame)).unwrap());
        let server = S3Server::s3s_fs();
        let line = Line::to(server.port);
        let lines = "host = \"garage\"\ncopy = \"complete\"\nusers = [\"anna\", \"bert\"]\ninclude = [\"movie\", \"thumbnail\", \"frames\"]";
        let url = server.url_at(line.port);
        let rules = "keep-days = 45\nmax-share = 1.0\ncheck-interval = \"1s\"\n".to_owned();
        let text = [rules, users(), table("offsite", &url, lines)].concat();
        let file = config(&world, &text);
        let [access, secret] = OWNER;
        store(&world, "login", "offsite", &file, &format!("access_key = {access}\nsecret_key = {secret}\n"));
        let daemon = serve(&world, &text, limits);
        wait_until("the event is retired", || !world.has(&id));
        let it = Self { daemon, id, local, movie, frame, line, server, _world: world };
        wait_until("the store's event is listed", || {
            let page = ask(&it.daemon, "anna", "/api/v1/events").json();
            page["events"].as_array().unwrap().iter().any(|event| event["location"] == "offsite")
        });
        it
    }

    fn get(&self, method: &str, file: &str, range: Option<std::ops::Range<usize>>) -> Response {
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let mut headers = vec![("X-User", "anna")];
        headers.extend(range.as_deref().map(|range| ("Range", range)));
        self.daemon.request(method, &format!("/media/{}/{file}", self.id), &headers)
    }

    /// A file of the copy, on the disk of the server.
    fn object(&self, name: &str) -> PathBuf {
        self.server.objects().join("garage").join(&self.id).join(name)
    }

    /// How many bytes came from the store meanwhile.
    fn cost<T>(&self, work: impl FnOnce() -> T) -> (T, u64) {
        let before = self.line.received.load(Ordering::SeqCst);
        let done = work();
        (done, self.line.received.load(Ordering::SeqCst) - before)
    }
}

#[test]
fn a_range_costs_its_parts_once() {
    let it = Copied::new(5 * PART);
    let (head, cost) = it.cost(|| it.get("HEAD", "video.mp4", None));
    assert_eq!((head.status, head.header("content-length")), (200, Some((5 * PART).to_string().as_str())));
    assert!(head.header("cache-control").unwrap().contains("immutable"));
    assert!(cost < BESIDE, "{cost}");

    let part = PART as u64;
    let all = || {
        thread::scope(|scope| {
            let asking: Vec<_> =
                (0..4).map(|_| scope.spawn(|| it.get("GET", "video.mp4", Some(7_000_000..7_000_001)))).collect();
            for response in asking.into_iter().map(|asking| asking.join().unwrap()) {
                assert_eq!((response.status, &response.body[..]), (206, &it.movie[7_000_000..7_000_001]));
            }
        });
    };
    let ((), cost) = it.cost(all);
    assert!(cost >= part && cost < part + BESIDE, "four clients share one fetch: {cost}");

    let range = 2 * PART + 5..2 * PART + 5 + 9_000_000;
    let (long, cost) = it.cost(|| it.get("GET", "video.mp4", Some(range.clone())));
    assert!(long.status == 206 && long.body == it.movie[range.clone()]);
    assert!(cost >= 3 * part && cost < 3 * part * 11 / 10, "{cost}");
    let (again, cost) = it.cost(|| it.get("GET", "video.mp4", Some(range.clone())));
    assert!(again.body == it.movie[range] && cost < BESIDE, "{cost}");

    let (frame, cost) = it.cost(|| it.get("GET", &it.frame.0, None));
    assert!(frame.body == it.frame.1 && frame.header("content-type") == Some("image/jpeg"));
    assert!(cost < 2 * fs::metadata(it.object("frames.zip")).unwrap().len() + BESIDE, "{cost}");
    let (small, cost) = it.cost(|| ask(&it.daemon, "anna", &format!("/media/{}/thumbnail?w=160", it.id)));
    assert_eq!((small.status, small.header("content-type")), (200, Some("image/jpeg")));
    assert!(cost < BESIDE, "no movie is read for a thumbnail: {cost}");
    let whole = it.get("GET", "video.mp4", None);
    assert!(whole.body == it.movie);
}

/// Flipped on the disk of the server.
#[test]
fn damaged_copies_are_never_sent() {
    let it = Copied::new(3 * PART + 100);
    let path = it.object("video.mp4");
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes == it.movie);
    bytes[PART + 10] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let damaged = it.get("GET", "video.mp4", Some(PART..PART + 5));
    assert_eq!(damaged.status, 502, "{}", damaged.text());
    assert!(damaged.text().contains("offsite"), "{}", damaged.text());
    let cut = it.get("GET", "video.mp4", None);
    assert_eq!(cut.status, 200);
    assert!(cut.body.len() <= PART && it.movie.starts_with(&cut.body), "{}", cut.body.len());
    let rest = it.get("GET", "video.mp4", Some(2 * PART..3 * PART + 100));
    assert!(rest.status == 206 && rest.body == it.movie[2 * PART..]);
    assert_eq!(it.get("GET", "thumbnail.jpg", None).status, 200, "the store is not away");
}

#[test]
fn an_event_of_a_store_is_zipped() {
    let it = Copied::new(PART + 1);
    for path in [format!("/api/v1/events/{}.zip", it.id), "/api/v1/export?camera=Camera1".to_owned()] {
        let zip = ask(&it.daemon, "anna", &path);
        assert_eq!(zip.status, 200, "{path}");
        let mut zip = zip::ZipArchive::new(Cursor::new(zip.body)).unwrap();
        let mut read = |name: &str| {
            let mut bytes = Vec::new();
            zip.by_name(&format!("{}/{name}", it.id)).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        assert!(read("video.mp4") == it.movie && read(&it.frame.0) == it.frame.1);
        assert_eq!(zip.len(), 5, "a movie, a thumbnail and three frames");
    }
    let token = format!("Bearer {TOKEN}");
    let other = [("Authorization", token.as_str())];
    let zip = format!("/api/v1/events/{}.zip", it.id);
    assert_eq!(it.daemon.request("GET", &zip, &other).status, 404);
    let listing = ask(&it.daemon, "anna", &format!("/motion/{}/", it.id)).text();
    assert!(listing.contains(&it.frame.0) && listing.contains("thumbnail.jpg"), "{listing}");

    // The cache is an admin's, the store is not.
    let keys = |headers: &[(&str, &str)]| {
        let page = it.daemon.request("GET", "/api/v1/cache/entries", headers).json();
        let entries = page["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of_anna = keys(&[("X-User", "anna")]);
    let movie = of_anna.iter().find(|key| key.contains("/video.mp4")).unwrap();
    assert!(movie.starts_with("owlery:store/offsite/garage/Camera1/"), "{movie}");
    assert_eq!(keys(&other), [""; 0]);
    let entry = format!("/api/v1/cache/entries/{}", movie.replace('/', "%2F").replace('?', "%3F"));
    assert_eq!(it.daemon.request("GET", &entry, &other).status, 404);
    assert!(ask(&it.daemon, "anna", &entry).body == it.movie);
    assert_eq!(it.daemon.request("PUT", &entry, &[("X-User", "anna"), ("Content-Length", "0")]).status, 403);
}

#[test]
fn a_day_is_brought_back() {
    let it = Copied::new(2 * PART + 5);
    let day = it.id.split('/').nth(1).unwrap();
    let post = |user: &str, query: &str| {
        let path = format!("/api/v1/stores/offsite/prefetch{query}");
        it.daemon.request("POST", &path, &[("X-User", user), ("Content-Length", "0")])
    };
    let begun = post("bert", &format!("?day={day}&camera=Camera1"));
    assert_eq!(begun.status, 200, "{}", begun.text());
    let begun: Value = begun.json();
    assert_eq!((&begun["events"], &begun["added"]), (&1.into(), &2.into()), "{begun}");
    wait_until("it is here", || post("bert", &format!("?day={day}")).json()["queued"] == 0);
    let done = post("bert", &format!("?day={day}")).json();
    assert_eq!((&done["added"], &done["fetched"], &done["failed"]), (&0.into(), &2.into(), &0.into()), "{done}");
    let (movie, cost) = it.cost(|| it.get("GET", "video.mp4", None));
    assert!(movie.body == it.movie && cost < BESIDE, "{cost}");

    let other = post("anna", "?day=2001-01-01").json();
    assert_eq!((&other["events"], &other["added"]), (&0.into(), &0.into()));
    assert_eq!(post("anna", "").status, 400, "a day is needed");
    assert_eq!(post("carl", &format!("?day={day}")).status, 404, "he does not see all cameras");
    let unknown = format!("/api/v1/stores/none/prefetch?day={day}");
    let unknown = it.daemon.request("POST", &unknown, &[("X-User", "anna"), ("Content-Length", "0")]);
    assert_eq!(unknown.status, 404);
}

/// However many clients wait for it.
#[test]
fn a_silent_store_delays_nothing_else() {
    let it = Copied::within(100, "browse=2s");
    it.line.swallows.store(true, Ordering::SeqCst);
    let local = format!("/media/{}/video.mp4", it.local);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..12).map(|_| scope.spawn(|| it.get("GET", "video.mp4", None))).collect();
        while waiting.iter().any(|waiting| !waiting.is_finished()) {
            let begun = Instant::now();
            assert!(ask(&it.daemon, "anna", &local).body == it.movie);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        }
        for response in waiting.into_iter().map(|waiting| waiting.join().unwrap()) {
            assert_eq!(response.status, 503);
            assert!(response.text().contains("offsite"), "{}", response.text());
        }
    });
    it.line.swallows.store(false, Ordering::SeqCst);
    wait_until("it responds again", || it.get("GET", "video.mp4", None).body == it.movie);
}
