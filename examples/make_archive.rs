//! Makes an archive to measure with: real directories and files as Motion writes them in the direct layout, the same
//! for the same seed. It is a program of its own and a module of the benchmarks.
//!
//! `cargo run --release --example make_archive -- DIR [--events N] [--cameras N] [--days N] [--frames N]
//! [--sidecars yes|no] [--seed N]`

#![allow(unreachable_pub)] // a program has no public API

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta};

/// What to make.
#[derive(Debug, Clone)]
pub struct Wish {
    /// How many events in all.
    pub events: u32,
    /// Over how many cameras.
    pub cameras: u32,
    /// Over how many days of each camera.
    pub days: u32,
    /// Frames in each event.
    pub frames: u32,
    /// Whether each event has the `.details.json` that the strix web UI writes.
    pub sidecars: bool,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The last day.
    pub last: NaiveDate,
}

impl Default for Wish {
    fn default() -> Self {
        Self { events: 2000, cameras: 4, days: 25, frames: 8, sidecars: true, seed: 1, last: days_ago(5) }
    }
}

/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Made {
    /// Events.
    pub events: u32,
    /// Events with a `.saved`.
    pub saved: u32,
    /// Files of all kinds.
    pub files: u32,
}

/// Motion takes this many pictures a second.
const RATE: u32 = 5;

/// The smallest thing that begins and ends like a JPEG.
const PICTURE: [u8; 4] = [0xFF, 0xD8, 0xFF, 0xD9];

/// The size of a frame's picture in pixels.
const SIZE: [u16; 2] = [640, 480];

/// The day so many days ago.
#[allow(clippy::disallowed_methods)] // a tool that is measured with; the program itself asks its clock
pub fn days_ago(days: u64) -> NaiveDate {
    chrono::Local::now().date_naive() - Days::new(days)
}

/// Makes the archive in `root`, each camera on a thread of its own.
///
/// # Panics
///
/// When a camera's thread has panicked.
pub fn make(root: &Path, wish: &Wish) -> io::Result<Made> {
    fs::create_dir_all(root)?;
    let cameras: Vec<io::Result<Made>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..wish.cameras).map(|camera| scope.spawn(move || of_camera(root, wish, camera))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a camera's thread panicked")).collect()
    });
    cameras.into_iter().try_fold(Made::default(), |sum, camera| {
        let camera = camera?;
        Ok(Made {
            events: sum.events + camera.events,
            saved: sum.saved + camera.saved,
            files: sum.files + camera.files,
        })
    })
}

fn of_camera(root: &Path, wish: &Wish, camera: u32) -> io::Result<Made> {
    let mut chance = Chance(wish.seed.wrapping_mul(1000).wrapping_add(u64::from(camera)));
    let mut made = Made::default();
    let name = format!("Camera{}", camera + 1);
    for day in 0..wish.days {
        let date = wish.last - Days::new(u64::from(wish.days - 1 - day));
        let folder = root.join(&name).join(date.to_string());
        fs::create_dir_all(&folder)?;
        let (places, place) = (wish.cameras * wish.days, camera * wish.days + day);
        let count = wish.events / places + u32::from(place < wish.events % places);
        // One event in each stretch of the day, away from midnight, so that none overlaps another.
        let stretch = 80_000 / count.max(1);
        for at in 0..count {
            let secs = 3000 + at * stretch + chance.below((stretch / 2).max(1));
            let start = date.and_hms_opt(0, 0, 0).expect("a midnight") + TimeDelta::seconds(i64::from(secs));
            let event = Event { root, camera: &name, start, frames: wish.frames, saved: chance.below(50) == 0 };
            made.files += event.make(wish.sidecars)?;
            made.saved += u32::from(event.saved);
            made.events += 1;
        }
        set_time(&folder, date.and_hms_opt(23, 50, 0).expect("an evening"))?;
    }
    Ok(made)
}

/// One event.
#[derive(Debug)]
pub struct Event<'a> {
    /// The archive.
    pub root: &'a Path,
    /// The camera.
    pub camera: &'a str,
    /// When it begins, and the name of its directory.
    pub start: NaiveDateTime,
    /// How many frames were taken.
    pub frames: u32,
    /// Whether it is saved.
    pub saved: bool,
}

impl Event<'_> {
    /// Its path below the root.
    pub fn id(&self) -> String {
        format!("{}/{}", self.camera, self.start.format("%Y-%m-%d/%H-%M-%S"))
    }

    /// Its directory.
    pub fn folder(&self) -> PathBuf {
        self.root.join(self.id())
    }

    /// The moment that frame `n` is taken; the first comes a second early (pre-capture).
    fn moment(&self, n: u32) -> NaiveDateTime {
        self.start + TimeDelta::seconds(i64::from(n / RATE) - 1)
    }

    /// Makes it; returns how many files it took.
    pub fn make(&self, with_sidecar: bool) -> io::Result<u32> {
        let folder = self.folder();
        fs::create_dir(&folder)?;
        let end = self.moment(self.frames.saturating_sub(1)).max(self.start);
        let mut files = 2;
        for n in 0..self.frames {
            let taken = self.moment(n);
            let name = format!("{}-{:02}.jpg", taken.format("%H-%M-%S"), n % RATE);
            write(&folder.join(name), &self.frame(n), taken)?;
            files += 1;
        }
        write(&folder.join("video.mp4"), &movie(), end)?;
        write(&folder.join("thumbnail.jpg"), &PICTURE, end)?;
        if with_sidecar {
            write(&folder.join(".details.json"), self.sidecar(end).as_bytes(), end)?;
            files += 1;
        }
        if self.saved {
            write(&folder.join(".saved"), b"", end)?;
            files += 1;
        }
        set_time(&folder, end)?;
        Ok(files)
    }

    /// A frame without its picture's data: something moves over the picture, another way in each event.
    fn frame(&self, n: u32) -> Vec<u8> {
        let seed = u32::try_from(self.start.and_utc().timestamp().rem_euclid(1 << 20)).unwrap_or(0);
        let place = |of: u16, step: u32| u16::try_from((seed * step + n * 8) % u32::from(of)).unwrap_or(0);
        let [x, y] = [place(SIZE[0], 37), place(SIZE[1], 53)];
        let size = [60 + place(60, 7), 90 + place(90, 11)];
        frame(500 + seed % 20_000 + n, [x, y, size[0], size[1]], self.moment(n))
    }

    /// The sidecar that the strix web UI would write.
    fn sidecar(&self, end: NaiveDateTime) -> String {
        let (id, saved) = (self.id(), self.saved);
        let (start, end) = (self.moment(0).format("%Y-%m-%d %H:%M:%S"), end.format("%Y-%m-%d %H:%M:%S"));
        let title = self.moment(0).format("%a %b %d %I:%M:%S %p");
        format!(
            "{{\"start\": \"{start}\", \"end\": \"{end}\", \"title\": \"{title}\", \
             \"video\": \"motion/{id}/video.mp4\", \"debug_video\": \"images/missing.jpg\", \
             \"thumbnail\": \"motion/{id}/thumbnail.jpg\", \"images\": [], \"saved\": {saved}, \
             \"event_path\": \"/var/lib/motion/{id}\"}}"
        )
    }
}

/// A movie that plays nothing but has every box of a finished one.
pub fn movie() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, body) in [(b"ftyp", 24u32), (b"mdat", 400), (b"moov", 120)] {
        bytes.extend((8 + body).to_be_bytes());
        bytes.extend(kind);
        bytes.resize(bytes.len() + body as usize, 0);
    }
    bytes
}

/// The segments of a JPEG file by Motion that come before the picture's data, with `picture_exif %D-%N-%i-%J-%K-%L`: `area` is
/// the centre and the size of the rectangle that changed.
pub fn frame(changed: u32, area: [u16; 4], taken: NaiveDateTime) -> Vec<u8> {
    let [x, y, width, height] = area;
    let description = format!("{changed}-8-{width}-{height}-{x}-{y}\0");
    let time = taken.format("%Y:%m:%d %H:%M:%S\0").to_string();
    let area: Vec<u8> = area.iter().flat_map(|number| number.to_be_bytes()).collect();
    // Two directories of entries, the second within the first, and then the values of both.
    let (second, mut value) = (8 + 2 + 4 * 12 + 4, 8 + 2 + 4 * 12 + 4 + 2 + 3 * 12 + 4);
    let mut values = Vec::new();
    let mut entry = |tag: u16, kind: u16, count: usize, bytes: &[u8]| {
        let mut entry = [tag.to_be_bytes(), kind.to_be_bytes()].concat();
        entry.extend(u32::try_from(count).unwrap_or(0).to_be_bytes());
        if bytes.len() <= 4 {
            entry.extend(bytes);
        } else {
            entry.extend(u32::to_be_bytes(value));
            values.extend(bytes);
            value += u32::try_from(bytes.len()).unwrap_or(0);
        }
        entry
    };
    let first = [
        entry(0x010E, 2, description.len(), description.as_bytes()),
        entry(0x0132, 2, time.len(), time.as_bytes()),
        entry(0x8769, 4, 1, &u32::to_be_bytes(second)),
        entry(0x882A, 8, 1, &[0; 4]),
    ];
    let of_exif =
        [entry(0x9000, 7, 4, b"0220"), entry(0x9003, 2, time.len(), time.as_bytes()), entry(0x9214, 3, 4, &area)];
    let directory = |entries: &[Vec<u8>]| -> Vec<u8> {
        let count = u16::try_from(entries.len()).unwrap_or(0).to_be_bytes();
        [&count[..], &entries.concat(), &[0; 4]].concat()
    };
    let exif = [b"Exif\0\0MM\0*\0\0\0\x08", &directory(&first)[..], &directory(&of_exif), &values].concat();
    let segment = |marker: u8, body: &[u8]| -> Vec<u8> {
        let len = u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
        [&[0xFF, marker][..], &len, body].concat()
    };
    let [[w1, w2], [h1, h2]] = SIZE.map(u16::to_be_bytes);
    let picture = [8, h1, h2, w1, w2, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    let mut bytes = vec![0xFF, 0xD8];
    bytes.extend(segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    bytes.extend(segment(0xE1, &exif));
    bytes.extend(segment(0xDB, &[16; 65]));
    bytes.extend(segment(0xDB, &[17; 65]));
    bytes.extend(segment(0xC0, &picture));
    bytes.extend([0xFF, 0xD9]);
    bytes
}

fn write(path: &Path, bytes: &[u8], written: NaiveDateTime) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.set_modified(system_time(written))
}

fn set_time(folder: &Path, time: NaiveDateTime) -> io::Result<()> {
    File::open(folder)?.set_modified(system_time(time))
}

/// Wall time as if it were UTC; the zone does not matter here.
fn system_time(time: NaiveDateTime) -> SystemTime {
    let since_1970 = u64::try_from(time.and_utc().signed_duration_since(DateTime::UNIX_EPOCH).num_seconds());
    SystemTime::UNIX_EPOCH + Duration::from_secs(since_1970.unwrap_or(0))
}

/// Reproducible random numbers (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((x ^ (x >> 31)) % u64::from(limit.max(1))).expect("less than the limit")
    }
}

fn parse(args: impl Iterator<Item = String>) -> Result<(PathBuf, Wish), String> {
    let (mut wish, mut folder) = (Wish::default(), None);
    let mut args = args;
    while let Some(arg) = args.next() {
        if !arg.starts_with("--") {
            folder = Some(PathBuf::from(arg));
            continue;
        }
        let value = args.next().ok_or_else(|| format!("{arg} wants a value"))?;
        let number = || value.parse::<u32>().map_err(|_| format!("{arg} wants a number, not {value:?}"));
        match arg.as_str() {
            "--events" => wish.events = number()?,
            "--cameras" => wish.cameras = number()?.max(1),
            "--days" => wish.days = number()?.max(1),
            "--frames" => wish.frames = number()?,
            "--seed" => wish.seed = number()?.into(),
            "--sidecars" if value == "yes" || value == "no" => wish.sidecars = value == "yes",
            _ => return Err(format!("{arg} {value}: there is no such option")),
        }
    }
    Ok((folder.ok_or("which folder?")?, wish))
}

fn main() -> std::process::ExitCode {
    let done = parse(std::env::args().skip(1))
        .and_then(|(folder, wish)| make(&folder, &wish).map_err(|error| format!("{}: {error}", folder.display())));
    match done {
        Ok(made) => {
            println!("{} events ({} saved), {} files", made.events, made.saved, made.files);
            std::process::ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("make_archive: {problem}");
            std::process::ExitCode::from(2)
        }
    }
}
