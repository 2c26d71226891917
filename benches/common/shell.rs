//! An archive of any size without its files: the day directories exist, empty, and the catalog gets the changes that a
//! walk and its measuring would have sent. A daemon that starts on it finds every day unchanged, reads none, and serves
//! as if the events existed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use owlery::{Camera, Container, Day, Details, EventName, Movie, State, Thumbnail};
use owlery_catalog::Catalog;
use owlery_model::event::{Change, DayScan, Stamp};

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
    fs::create_dir_all(root.join(".owlery")).unwrap();
    fs::create_dir_all(state).unwrap();
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
            let events = (0..shape.a_day).map(|at| event(date, number, at, shape.a_day)).collect();
            let day = Day::try_from(date).unwrap();
            Change::Day(DayScan { camera, day, stamp: Some(stamp), events, unread: Vec::new(), measured_at: Some(now) })
        });
        catalog.apply(&scans.collect::<Vec<_>>(), false).unwrap();
    }
    catalog.checkpoint().unwrap();
    catalog
}

/// One event of a day, as Motion's would be: spread over the day, every fiftieth saved.
fn event(date: NaiveDate, camera: u32, at: u32, of: u32) -> (EventName, Details) {
    let chance = (at.wrapping_mul(2_654_435_761) ^ camera.wrapping_mul(40_503)) >> 7;
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
        problems: Vec::new(),
    };
    (EventName::Time(secs), details)
}
