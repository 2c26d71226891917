//! What the walk, the sweep and the retention need to know of the catalog: stamps, what to measure next, and the days
//! that a rule may take.

use std::collections::HashMap;

use rusqlite::Connection;

use super::Catalog;
use super::cameras::Drift;
use super::read::unsigned;
use super::row::{moment, name_from_sql};
use crate::error::Result;
use crate::event::{Camera, Day, Known, Stamp};
use crate::retention::{DayView, EventView, View};

impl Catalog {
    /// What a walk may pass over.
    pub fn known(&self) -> Result<Known> {
        self.read("read the stamps of", |connection| {
            let mut known = Known::default();
            let mut cameras = connection.prepare_cached("SELECT name FROM cameras")?;
            for name in cameras.query_map([], |row| row.get::<_, String>(0))? {
                known.cameras.extend(name?.parse::<Camera>());
            }
            let mut days = connection.prepare_cached(
                "SELECT c.name, d.day, d.mtime, d.inode, d.events FROM days d JOIN cameras c ON c.id = d.camera",
            )?;
            let mut rows = days.query([])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let (Ok(camera), Some(day)) = (name.parse(), Day::from_number(row.get(1)?)) else { continue };
                let stamp = row.get::<_, Option<i64>>(2)?.zip(row.get::<_, Option<i64>>(3)?);
                let stamp = stamp.map(|(mtime, inode)| Stamp { mtime, inode: inode.cast_unsigned() });
                known.days.insert((camera, day), (stamp, unsigned(row, 4)));
            }
            Ok(known)
        })
    }

    /// The days to measure: those that never were, newest first, then those whose measures are from before `stale`
    /// (seconds since 1970), oldest measures first. The flag tells which.
    pub fn days_to_measure(&self, stale: i64) -> Result<Vec<(Camera, Day, bool)>> {
        self.read("query", |connection| {
            let mut days = connection.prepare_cached(
                "SELECT c.name, d.day, d.measured_at IS NULL FROM days d JOIN cameras c ON c.id = d.camera
                 WHERE d.measured_at IS NULL OR d.measured_at < ?1
                 ORDER BY d.measured_at IS NOT NULL, iif(d.measured_at IS NULL, -d.day, d.measured_at), d.camera",
            )?;
            let mut rows = days.query([stale])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let (Ok(camera), Some(day)) = (name.parse(), Day::from_number(row.get(1)?)) else { continue };
                found.push((camera, day, row.get(2)?));
            }
            Ok(found)
        })
    }

    /// Everything that a plan is made of: the sums of the archive, and the days up to `newest` (`None`: no days). Of days
    /// that hold something saved or open, the events are told too, unless all are saved.
    pub fn retention_view(&self, newest: Option<Day>) -> Result<View> {
        self.read("read the days of", |connection| {
            let cameras = connection.cameras()?;
            let mut view = View { cameras: cameras.iter().map(|row| row.camera.clone()).collect(), ..View::default() };
            let mut sums = connection.prepare_cached("SELECT sum(events), sum(bytes), sum(unmeasured) FROM cameras")?;
            (view.events, view.bytes, view.unmeasured) =
                sums.query_row([], |row| Ok((unsigned(row, 0), unsigned(row, 1), unsigned(row, 2))))?;
            // The days in question, and whether each needs its events one by one.
            let mut asked: Vec<(i64, i64, DayView, bool)> = Vec::new();
            for camera in cameras.iter() {
                let sql =
                    "SELECT day, events, saved, open, bytes, unmeasured FROM days WHERE camera = ?1 AND day <= ?2";
                let mut days = connection.prepare_cached(sql)?;
                let mut rows = days.query((camera.id, newest.map_or(i64::MIN, Day::number)))?;
                while let Some(row) = rows.next()? {
                    let number: i64 = row.get(0)?;
                    let Some(day) = Day::from_number(number) else { continue };
                    let [events, saved, open, bytes, unmeasured] = [1, 2, 3, 4, 5].map(|at| unsigned(row, at));
                    let bytes = (unmeasured == 0).then_some(bytes);
                    let day = DayView { camera: camera.camera.clone(), day, events, saved, bytes, mixed: Vec::new() };
                    asked.push((number, camera.id, day, open > 0 || (saved > 0 && saved < events)));
                }
            }
            asked.sort_unstable_by_key(|(day, camera, ..)| (*day, *camera));
            for of_day in asked.chunk_by_mut(|(a, ..), (b, ..)| a == b) {
                if of_day.iter().any(|(.., is_mixed)| *is_mixed) {
                    let mut events = events_of(connection, of_day[0].2.day, cameras.widest_drift())?;
                    for (_, camera, day, _) in of_day.iter_mut().filter(|(.., is_mixed)| *is_mixed) {
                        day.mixed = events.remove(camera).unwrap_or_default();
                        day.mixed.sort_unstable_by_key(|event| event.name);
                    }
                }
            }
            view.days = asked.into_iter().map(|(_, _, day, _)| day).collect();
            Ok(view)
        })
    }
}

/// The events of a day, of all cameras: they lie together in the table, while asking for one camera after the other would
/// go through it once for each.
fn events_of(connection: &Connection, day: Day, drift: Drift) -> rusqlite::Result<HashMap<i64, Vec<EventView>>> {
    let mut events = connection.prepare_cached(
        "SELECT camera, name, saved, state = 0, bytes FROM events WHERE start >= ?1 AND start <= ?2 AND day = ?3",
    )?;
    let first = moment(day.number(), 0).saturating_sub(drift.early);
    let last = moment(day.number(), i64::MAX).saturating_add(drift.late);
    let mut rows = events.query((first, last, day.number()))?;
    let mut found: HashMap<i64, Vec<EventView>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let Some(name) = name_from_sql(row.get(1)?) else { continue };
        let bytes = row.get::<_, Option<i64>>(4)?.and_then(|bytes| u64::try_from(bytes).ok());
        let event = EventView { name, saved: row.get(2)?, open: row.get(3)?, bytes };
        found.entry(row.get(0)?).or_default().push(event);
    }
    Ok(found)
}
