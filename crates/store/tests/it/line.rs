//! Copies over a line that is not what it should be: nothing wrong is ever recorded, and in the end all is there.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use owlery_store::{Client, Error};
use tempfile::TempDir;

use crate::proxy::{Line, Proxy};
use crate::s3::results;
use crate::server::{OWNER, Server, garage, login, s3s_fs};
use crate::world::{World, resume, verified};

/// How often a caller tries again before a test gives up.
const ATTEMPTS: usize = 200;

each!([s3s_fs] [
    all_bytes_are_sent_with_their_checksum
    a_slow_line_is_no_stall
    every_seed_of_cuts_ends_well
    every_seed_of_garbled_bytes_ends_well
    the_slowest_line_brings_a_movie
    silence_is_out_of_reach
]);

each!([garage] [
    cuts_end_well
    garbled_bytes_end_well
]);

/// A client that uses a line to the server, and one that does not.
struct Lined {
    client: Client,
    direct: Client,
    state: TempDir,
    _proxy: Proxy,
}

impl Lined {
    async fn new(server: &Server, line: Line, seed: u64) -> Self {
        let state = tempfile::tempdir().unwrap();
        login(state.path(), OWNER);
        let proxy = Proxy::to(server.port, line, seed).await;
        let client = server.stores_through(state.path(), proxy.port).get(None, "offsite").unwrap();
        let direct = server.stores(state.path()).get(None, "offsite").unwrap();
        Self { client, direct, state, _proxy: proxy }
    }

    /// The same with a shorter patience: where a length is changed, both sides wait.
    fn impatient(self) -> Self {
        Self { client: self.client.clone().with_stall(Duration::from_secs(1)), ..self }
    }

    /// Copies as a caller does: again and again. Meanwhile, and after each attempt, the manifests name only what is there.
    async fn copy(&self, world: &World, events: &[&str], what: &str) {
        let copying = async {
            for attempt in 0..ATTEMPTS {
                match resume(&self.client, world, self.state.path(), events).await {
                    Ok(_) => return attempt,
                    Err(error) => assert!(is_expected(&error), "{what}: {error}"),
                }
                self.assert_true(what).await;
            }
            panic!("{what}: {ATTEMPTS} attempts are not enough");
        };
        let watching = async {
            loop {
                self.assert_true(what).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            attempts = copying => println!("{what}: {attempts} attempts have failed"),
            () = watching => {}
        }
        let found = verified(&self.direct).await;
        assert_eq!(
            (found.events, found.objects, &found.wrong[..]),
            (events.len() as u64, 3 * events.len() as u64, &[][..])
        );
    }

    /// No manifest names an object that is missing or wrong.
    async fn assert_true(&self, what: &str) {
        let is_passing = |wrong: &String| wrong.contains("has copied nothing") || wrong.contains("other sums");
        let wrong = verified(&self.direct).await.wrong;
        assert!(wrong.iter().all(is_passing), "{what}: {wrong:?}");
    }
}

/// What a bad line may lead to: that the store is out of reach; or, where bytes change, that it refuses what it did not understand.
fn is_expected(error: &Error) -> bool {
    matches!(error, Error::OutOfReach { .. } | Error::Refused { .. } | Error::Wrong { .. } | Error::NotFound { .. })
}

/// Events of one camera and day; one has a movie that is sent in parts.
fn events(number: usize, large: usize) -> (World, Vec<String>) {
    let ids: Vec<String> = (0..number).map(|nth| format!("Camera1/2026-11-20/10-{nth:02}-00")).collect();
    let world = World::of(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let bytes: Vec<u8> = (0..large).map(|at| u8::try_from(at % 251).unwrap()).collect();
    world.write(&ids[0], "video.mp4", &bytes);
    (world, ids)
}

fn names(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// How many seeds are tried: as many as `OWLERY_CASES` says.
fn seeds(usual: u64) -> u64 {
    std::env::var("OWLERY_CASES").map_or(usual, |cases| cases.parse().unwrap())
}

fn cuts() -> Line {
    Line { cut: Some((2, 0..(40 << 10))), delay: Duration::from_millis(2), ..Line::default() }
}

fn garbled() -> Line {
    Line { garbled_requests: Some(100_000), garbled_responses: Some(3_000), ..Line::default() }
}

async fn every_seed_of_cuts_ends_well(server: &Server) {
    for seed in 0..seeds(1) {
        let (world, ids) = events(20, 6 << 20);
        Lined::new(server, cuts(), seed).await.copy(&world, &names(&ids), &format!("cuts, seed {seed}")).await;
        empty(server).await;
    }
}

async fn cuts_end_well(server: &Server) {
    let (world, ids) = events(8, 6 << 20);
    Lined::new(server, cuts(), 7).await.copy(&world, &names(&ids), "cuts before Garage").await;
}

async fn every_seed_of_garbled_bytes_ends_well(server: &Server) {
    for seed in 0..seeds(2) {
        let (world, ids) = events(6, 100 << 10);
        Lined::new(server, garbled(), seed)
            .await
            .impatient()
            .copy(&world, &names(&ids), &format!("garbled, seed {seed}"))
            .await;
        empty(server).await;
    }
}

async fn garbled_bytes_end_well(server: &Server) {
    let (world, ids) = events(6, 100 << 10);
    Lined::new(server, garbled(), 7).await.impatient().copy(&world, &names(&ids), "garbled before Garage").await;
}

/// Removes all objects, for the next seed.
async fn empty(server: &Server) {
    let objects = server.objects();
    let found: Vec<_> = objects.list(Some(&Path::from("owl"))).try_collect().await.unwrap();
    for object in found {
        objects.delete(&object.location).await.unwrap();
    }
}

/// The store refuses others: also over plain HTTP no changed byte is written.
async fn all_bytes_are_sent_with_their_checksum(server: &Server) {
    let line = Line::default();
    let (world, ids) = events(1, 6 << 20);
    let lined = Lined::new(server, line.clone(), 1).await;
    resume(&lined.client, &world, lined.state.path(), &names(&ids)).await.unwrap();
    let sent = line.sent.lock().unwrap();
    let text = String::from_utf8_lossy(&sent).to_ascii_lowercase();
    let requests = text.split("put /").skip(1);
    let heads: Vec<&str> =
        requests.filter_map(|request| request.split_once("\r\n\r\n")).map(|(head, _)| head).collect();
    assert!(heads.len() >= 6 && heads.iter().filter(|head| head.contains("partnumber=")).count() == 2, "{heads:?}");
    for head in heads {
        let value = |name: &str| head.split_once(&format!("{name}: ")).and_then(|(_, rest)| rest.lines().next());
        assert!(value("x-amz-checksum-sha256").is_some_and(|sum| sum.len() == 44), "{head}");
        let is_sum = |sum: &str| sum.len() == 64 && sum.bytes().all(|digit| digit.is_ascii_hexdigit());
        assert!(value("x-amz-content-sha256").is_some_and(is_sum), "{head}");
    }
}

/// The deadline of a request depends on its size.
async fn a_slow_line_is_no_stall(server: &Server) {
    let (world, ids) = events(1, 600 << 10);
    let lined = Lined::new(server, Line { rate: Some(150 << 10), ..Line::default() }, 1).await;
    let lined = Lined { client: lined.client.clone().with_stall(Duration::from_secs(3)), ..lined };
    let begin = Instant::now();
    resume(&lined.client, &world, lined.state.path(), &names(&ids)).await.unwrap();
    assert!(begin.elapsed() > Duration::from_secs(3));
    lined.assert_true("a slow line").await;
}

/// 8 MB over 1 Mbit/s, with a rate a little below: more than a minute, and longer for each part than a request may stall.
async fn the_slowest_line_brings_a_movie(server: &Server) {
    if std::env::var_os("OWLERY_SLOW").is_none() {
        return;
    }
    let (world, ids) = events(1, 8_000_000);
    let lined = Lined::new(server, Line { rate: Some(125_000), ..Line::default() }, 1).await;
    let begin = Instant::now();
    resume(&lined.client, &world, lined.state.path(), &names(&ids)).await.unwrap();
    assert!(begin.elapsed() > Duration::from_secs(60), "{:?}", begin.elapsed());
    let found = verified(&lined.direct).await;
    assert_eq!((found.objects, &found.wrong[..]), (3, &[][..]));
}

/// Connections open, and nothing comes back.
async fn silence_is_out_of_reach(server: &Server) {
    let lined = Lined::new(server, Line { is_silent: true, ..Line::default() }, 1).await;
    let client = lined.client.clone().with_stall(Duration::from_millis(300)).with_rate(NonZeroU64::new(1 << 20));
    let begin = Instant::now();
    for result in results(&client).await {
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::OutOfReach { why, .. } if why.contains("no response within")), "{error}");
    }
    assert!(begin.elapsed() < Duration::from_secs(25), "{:?}", begin.elapsed());
}
