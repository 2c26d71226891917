//! How long the first picture of an event takes to leave the host: from its first frame until the store has it. Prints the seconds; how
//! long is not judged here. `OWLERY_CASES` says over how many events.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::s3_server::S3Server;
use crate::servers::Offsite;
use crate::world::{World, event_id, wait_until, whole_mp4};

/// The bytes of a frame, as of a picture of 1080 lines.
const FRAME: usize = 100_000;
/// The bytes of a movie, which is sent when its event has ended: at that time the next event begins.
const MOVIE: usize = 500_000;
/// How many frames follow the first, and how long after each other.
const FRAMES: u32 = 6;
const BETWEEN: Duration = Duration::from_millis(200);
/// What a line of 1 Mbit/s sends in a second.
const SLOW: u32 = 125_000;

/// Records events one after the other, as Motion does; returns the seconds of each.
fn measure(world: &World, store: &Offsite<'_>, objects: &Path) -> Vec<f64> {
    let events = std::env::var("OWLERY_CASES").map_or(1, |cases| cases.parse().unwrap());
    let daemon = store.serve(&["--event-gap", "2s"]);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    let mut seconds = Vec::new();
    for nth in 0..events {
        let id = event_id("Camera1", 0, format!("00-{nth:02}-00"));
        let (dir, sent) = (world.path(&id), objects.join("garage").join(&id).join("best-frame"));
        fs::create_dir_all(&dir).unwrap();
        write(&dir.join(format!("00-{nth:02}-00-00.jpg")), &frame());
        let begun = Instant::now();
        let mut taken = None;
        let look = |taken: &mut Option<f64>| {
            if taken.is_none() && fs::read_dir(&sent).is_ok_and(|mut frames| frames.next().is_some()) {
                *taken = Some(begun.elapsed().as_secs_f64());
            }
            taken.is_some()
        };
        for more in 1..=FRAMES {
            wait_until("the time of the next frame", || {
                look(&mut taken);
                begun.elapsed() >= BETWEEN * more
            });
            write(&dir.join(format!("00-{nth:02}-0{more}-00.jpg")), &frame());
        }
        wait_until("the first picture", || look(&mut taken));
        write(&dir.join("video.mp4"), &[whole_mp4(), vec![0; MOVIE]].concat());
        wait_until("the end of the event", || daemon.event(&id).is_some_and(|event| event["state"] != "open"));
        seconds.extend(taken);
    }
    assert_eq!(daemon.stop(), 0);
    seconds
}

/// A frame of random bytes, as far as it must look like one.
fn frame() -> Vec<u8> {
    let mut bytes = vec![0; FRAME];
    fastrand::fill(&mut bytes);
    [b"\xff\xd8\xff\xe0", &bytes[..], b"\xff\xd9"].concat()
}

fn write(path: &PathBuf, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

fn print(what: &str, mut seconds: Vec<f64>) {
    seconds.sort_by(f64::total_cmp);
    let (least, middle, most) = (seconds[0], seconds[seconds.len() / 2], seconds[seconds.len() - 1]);
    let events = seconds.len();
    println!("first picture in {what}: {least:.2} s to {most:.2} s, the middle is {middle:.2} s ({events} events)");
}

const INCLUDE: &str = "include = [\"best-frame\", \"movie\", \"thumbnail\"]";

#[test]
fn a_first_picture_reaches_a_folder() {
    let world = World::new();
    let folder = world.outside("nas");
    let store = Offsite::configure(&world, &format!("file://{}", folder.display()), INCLUDE);
    print("a folder", measure(&world, &store, &folder));
}

#[test]
fn a_first_picture_reaches_a_bucket() {
    let (world, server) = (World::new(), S3Server::s3s_fs());
    let store = Offsite::configure(&world, &server.url(), INCLUDE);
    store.login();
    print("a bucket", measure(&world, &store, &server.objects()));
}

/// Over a line of 1 Mbit/s, which the movie of the event before also takes.
#[test]
fn a_first_picture_passes_a_slow_line() {
    let (world, server) = (World::new(), S3Server::s3s_fs());
    let line = Line::to(&[server.port], Some(SLOW));
    let store = Offsite::configure(&world, &server.url_at(line.port), INCLUDE);
    store.login();
    print("a bucket over 1 Mbit/s", measure(&world, &store, &server.objects()));
}
