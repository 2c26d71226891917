//! What the walk, the sweep and the retention need to know of the catalog: stamps, what to measure next, and the days
//! that a rule may take.

use rusqlite::params;

use super::Catalog;
use super::read::unsigned;
use super::row::name_from_sql;
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
            let mut view = View::default();
            let mut sums = connection.prepare_cached(
                "SELECT c.name, coalesce(sum(d.events), 0), coalesce(sum(d.bytes), 0), coalesce(sum(d.unmeasured), 0)
                 FROM cameras c LEFT JOIN days d ON d.camera = c.id GROUP BY c.id",
            )?;
            let mut rows = sums.query([])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                view.cameras.extend(name.parse::<Camera>());
                view.events += unsigned(row, 1);
                view.bytes += unsigned(row, 2);
                view.unmeasured += unsigned(row, 3);
            }
            let mut days = connection.prepare_cached(
                "SELECT c.name, d.day, d.events, d.bytes, d.unmeasured, d.saved, d.open, d.camera
                 FROM days d JOIN cameras c ON c.id = d.camera WHERE d.day <= ?1 ORDER BY d.day, d.camera",
            )?;
            let mut events = connection.prepare_cached(
                "SELECT name, saved, state = 0, bytes FROM events WHERE camera = ?1 AND day = ?2 ORDER BY name",
            )?;
            let mut rows = days.query([newest.map_or(i64::MIN, Day::number)])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let (Ok(camera), Some(day)) = (name.parse(), Day::from_number(row.get(1)?)) else { continue };
                let (count, saved, open) = (unsigned(row, 2), unsigned(row, 5), unsigned(row, 6));
                let mut protected = Vec::new();
                if open > 0 || (saved > 0 && saved < count) {
                    let mut of_day = events.query(params![row.get::<_, i64>(7)?, day.number()])?;
                    while let Some(event) = of_day.next()? {
                        let Some(name) = name_from_sql(event.get(0)?) else { continue };
                        let bytes = event.get::<_, Option<i64>>(3)?.and_then(|bytes| u64::try_from(bytes).ok());
                        protected.push(EventView { name, saved: event.get(1)?, open: event.get(2)?, bytes });
                    }
                }
                view.days.push(DayView {
                    camera,
                    day,
                    events: count,
                    saved,
                    bytes: (unsigned(row, 4) == 0).then(|| unsigned(row, 3)),
                    mixed: protected,
                });
            }
            Ok(view)
        })
    }
}
