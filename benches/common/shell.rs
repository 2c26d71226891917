//! An archive of any size without its files: the day directories exist, empty, and the catalog gets the changes that a
//! walk and its measuring would have sent. A daemon that starts on it finds every day unchanged, reads none, and serves
//! as if the events existed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use owlery::{Camera, Container, Day, Details, EventName, MotionMask, Movie, State, Thumbnail};
use owlery_catalog::Catalog;
use owlery_model::event::{Change, DayScan, Loose, Stamp};

/// The size of an archive, in events spread evenly over cameras and days.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub cameras: u32,
    pub days: u32,
    pub a_day: u32,
}

impl Shape {
    pub fn events(self) -> u64 {
        u64::from(self.cameras) * u64::from(self.days) * u64::from(self.a_day)
    }
}

/// Makes `root` and fills the catalog in `state`; the last day is `last`.
pub fn make(root: &Path, state: &Path, shape: Shape, last: NaiveDate) -> Catalog {
    for number in 1..=shape.cameras {
        fs::create_dir_all(root.join(format!("Camera{number}"))).unwrap();
    }
    // It marks the root and the state directory as of one archive, without which a daemon would not start on both.
    let mut scan = crate::program::command(env!("CARGO_BIN_EXE_owlery"));
    assert!(scan.arg("scan").arg(root).arg("--state-dir").arg(state).output().unwrap().status.success());
    let (catalog, _) = Catalog::open(state).unwrap();
    let now = chrono::DateTime::<chrono::Utc>::from(fs::metadata(state).unwrap().modified().unwrap()).timestamp();
    for back in 0..shape.days {
        let date = last - Days::new(u64::from(back));
        let scans = (1..=shape.cameras).map(|number| {
            let camera: Camera = format!("Camera{number}").parse().unwrap();
            let folder = root.join(camera.as_str()).join(date.to_string());
            fs::create_dir_all(&folder).unwrap();
            let evening = date.and_hms_opt(23, 50, 0).unwrap().and_utc();
            fs::File::open(&folder).unwrap().set_modified(evening.into()).unwrap();
            let stamp =
                Stamp { mtime: evening.timestamp_nanos_opt().unwrap(), inode: fs::metadata(&folder).unwrap().ino() };
            let mask = |at| motion_mask(shape, (back, number, at));
            let events = (0..shape.a_day).map(|at| event(date, number, at, (shape.a_day, mask(at)))).collect();
            let day = Day::try_from(date).unwrap();
            Change::Day(DayScan {
                camera,
                day,
                stamp: Some(stamp),
                events,
                unread: Vec::new(),
                loose: Loose::default(),
                measured_at: Some(now),
            })
        });
        catalog.apply(&scans.collect::<Vec<_>>(), false).unwrap();
    }
    catalog.checkpoint().unwrap();
    catalog
}

/// A region in which something moved in one event in ten.
pub const FREQUENT: &str = "0.875,0.875,1,1";
/// A region in which something moved in one event of each day, of another camera every day: a light was switched on.
pub const DAILY: &str = "0.875,0,1,0.125";
/// A region in which something moved in three events of the archive.
pub const RARE: &str = "0,0,0.125,0.125";
/// A region in which nothing ever moved.
pub const NEVER: &str = "0.125,0,0.25,0.125";

/// Where something moved: in a rectangle of a few cells in the middle, and in the regions above.
fn motion_mask(shape: Shape, (back, camera, at): (u32, u32, u32)) -> Option<MotionMask> {
    if at == shape.a_day / 2 && camera == back % shape.cameras + 1 {
        return MotionMask::of_bits(u64::MAX >> 2);
    }
    let chance = chance(at, camera).wrapping_add(back);
    let (columns, rows) = (0x3c_u64 & 0x7c >> (chance % 5), 1 + chance / 5 % 3);
    // It reaches into the first or the second row, as most of Motion's do; then SQLite needs eight bytes for the mask.
    let middle = (0..rows).fold(0, |mask, row| mask | columns << (8 * (6 + chance / 16 % 2 - row)));
    let frequent = u64::from(at % 10 == 0);
    let is_rare = (camera, at) == (1, 1) && [1, 2, 3].contains(&(back * 4 / shape.days)) && back * 4 % shape.days < 4;
    MotionMask::of_bits(middle | frequent | u64::from(is_rare) << 63)
}

fn chance(at: u32, camera: u32) -> u32 {
    (at.wrapping_mul(2_654_435_761) ^ camera.wrapping_mul(40_503)) >> 7
}

/// One event of a day, as Motion's would be: spread over the day, every fiftieth saved.
fn event(date: NaiveDate, camera: u32, at: u32, (of, motion_mask): (u32, Option<MotionMask>)) -> (EventName, Details) {
    let chance = chance(at, camera);
    let stretch = 86_000 / of;
    let secs = at * stretch + chance % stretch.max(1) + 60;
    let start = date.and_time(NaiveTime::MIN) + TimeDelta::seconds(i64::from(secs) - 1);
    let length = 5 + chance % 120;
    let details = Details {
        start,
        end: start + TimeDelta::seconds(i64::from(length)),
        state: State::Complete,
        saved: chance.is_multiple_of(50),
        frames: Some(length * 5),
        bytes: Some(u64::from(length) * 400_000 + u64::from(chance % 100_000)),
        videos: Movie { name: Container::Mp4.into(), bytes: Some(u64::from(length) * 60_000) }.into(),
        debug_video: None,
        thumbnail: Some(Thumbnail::File),
        peak_change: Some(500 + chance % 20_000),
        motion_mask,
        problems: Vec::new(),
    };
    (EventName::Time(secs), details)
}
