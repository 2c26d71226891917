//! The contents of each day, from totals that are updated with every change; no event is read.

use std::collections::BTreeSet;

use rusqlite::Row;
use rusqlite::types::Type;
use serde::Serialize;

use super::Catalog;
use super::read::unsigned;
use crate::error::Result;
use crate::event::{Camera, Day};

/// A camera's day and its totals. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaySummary {
    /// The camera.
    pub camera: Camera,
    /// The day.
    pub day: Day,
    /// The number of events; none in a day of loose files alone.
    pub events: u64,
    /// The number of saved events.
    pub saved: u64,
    /// The number of loose files: recordings that belong to no event.
    pub loose: u64,
    /// The sum of the bytes of all of these; `None` while some are not measured.
    pub bytes: Option<u64>,
    /// How many began in each hour. Events captured before midnight count to the first hour.
    pub hours: [u32; 24],
}

impl Catalog {
    /// The days with events or loose files, newest first, then by camera name: those of `cameras` (`None`: of all) from `first` to
    /// `last`, both included.
    pub fn days(
        &self,
        cameras: Option<&BTreeSet<Camera>>,
        first: Option<Day>,
        last: Option<Day>,
    ) -> Result<Vec<DaySummary>> {
        let (first, last) = (first.map_or(i64::MIN, Day::number), last.map_or(i64::MAX, Day::number));
        let mut found = self.read("read the days of", |connection| {
            let known = connection.cameras()?;
            let mut days = connection.prepare_cached(
                "SELECT day, events, saved, bytes, unmeasured, hours, loose, loose_bytes IS NULL FROM days
                 WHERE camera = ?1 AND day >= ?2 AND day <= ?3 AND (events > 0 OR loose > 0)",
            )?;
            let mut found = Vec::new();
            for row in known.iter().filter(|row| cameras.is_none_or(|cameras| cameras.contains(&row.camera))) {
                let mut days = days.query((row.id, first, last))?;
                while let Some(day) = days.next()? {
                    found.extend(summary(&row.camera, day)?);
                }
            }
            Ok(found)
        })?;
        found.sort_unstable_by(|a, b| (b.day, &a.camera).cmp(&(a.day, &b.camera)));
        Ok(found)
    }
}

impl Catalog {
    /// The days of these cameras with events.
    pub fn days_with_events(&self, cameras: &BTreeSet<Camera>) -> Result<BTreeSet<(Day, Camera)>> {
        self.read("read the days of", |connection| {
            let known = connection.cameras()?;
            let mut days = connection.prepare_cached("SELECT day FROM days WHERE camera = ?1 AND events > 0")?;
            let mut found = BTreeSet::new();
            for row in cameras.iter().filter_map(|camera| known.named(camera)) {
                let mut days = days.query([row.id])?;
                while let Some(day) = days.next()? {
                    found.extend(Day::from_number(day.get(0)?).map(|day| (day, row.camera.clone())));
                }
            }
            Ok(found)
        })
    }
}

/// `None` for a day number that is no date; a valid catalog has none.
fn summary(camera: &Camera, row: &Row<'_>) -> rusqlite::Result<Option<DaySummary>> {
    let Some(day) = Day::from_number(row.get(0)?) else { return Ok(None) };
    let [events, saved, bytes, unmeasured] = [1, 2, 3, 4].map(|at| unsigned(row, at));
    let hours = row.get_ref(5)?.as_str()?;
    let hours = serde_json::from_str(hours)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(5, Type::Text, Box::new(error)))?;
    let loose = unsigned(row, 6);
    let is_measured = unmeasured == 0 && !row.get::<_, bool>(7)?;
    let bytes = is_measured.then_some(bytes);
    Ok(Some(DaySummary { camera: camera.clone(), day, events, saved, loose, bytes, hours }))
}
