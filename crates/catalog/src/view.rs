//! Queries for the walk (stamps of days), for measuring (what to measure next) and for retention (the days that a rule
//! may take).

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::Catalog;
use super::cameras::Drift;
use super::read::{MAX_TOTAL, unsigned};
use super::row::{NUMBERS, OPEN, moment, name_from_sql};
use crate::error::Result;
use crate::event::{Camera, Day, DayStamps, EventId, Stamp};
use crate::retention::{CameraSums, CameraView, DaySums, DayView, EventView, View};

impl Catalog {
    /// The stamps of the days, by which a walk skips unchanged ones.
    pub fn known(&self) -> Result<DayStamps> {
        self.read("read the stamps of", |connection| {
            let mut known = DayStamps::default();
            let mut cameras = connection.prepare_cached("SELECT name FROM cameras")?;
            for name in cameras.query_map([], |row| row.get::<_, String>(0))? {
                known.cameras.extend(name?.parse::<Camera>());
            }
            let mut days = connection.prepare_cached(
                "SELECT c.name, d.day, d.mtime, d.inode, d.events, d.open > 0 FROM days d JOIN cameras c ON c.id = d.camera",
            )?;
            let mut rows = days.query([])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let (Ok(camera), Some(day)) = (name.parse(), Day::from_number(row.get(1)?)) else { continue };
                if row.get(5)? {
                    known.open_days.insert((Camera::clone(&camera), day));
                }
                known.days.insert((camera, day), (stamp(row, 2)?, unsigned(row, 4)));
            }
            Ok(known)
        })
    }

    /// The stamp of a day, if it has one that proves anything, and its number of events; `None` if it does not have the day.
    pub fn stamp_of(&self, camera: &Camera, day: Day) -> Result<Option<(Option<Stamp>, u64)>> {
        self.read_at_once("read the stamps of", |connection| {
            let cameras = connection.cameras()?;
            let Some(id) = cameras.named(camera).map(|camera| camera.id) else { return Ok(None) };
            let sql = "SELECT mtime, inode, events FROM days WHERE camera = ?1 AND day = ?2";
            let mut found = connection.prepare_cached(sql)?;
            let found = found.query_row((id, day.number()), |row| Ok((stamp(row, 0)?, unsigned(row, 2))));
            found.optional()
        })
    }

    /// The days to measure: never measured ones, newest first, then those measured before `stale` (seconds since 1970) or
    /// after `now` (the clock was ahead), the longest ago first. The flag is true for the former.
    pub fn days_to_measure(&self, stale: i64, now: i64) -> Result<Vec<(Camera, Day, bool)>> {
        self.read("query", |connection| {
            let mut days = connection.prepare_cached(
                "SELECT c.name, d.day, d.measured_at IS NULL FROM days d JOIN cameras c ON c.id = d.camera
                 WHERE d.measured_at IS NULL OR d.measured_at < ?1 OR d.measured_at > ?2
                 ORDER BY d.measured_at IS NOT NULL, iif(d.measured_at IS NULL, -d.day, d.measured_at), d.camera",
            )?;
            let mut rows = days.query([stale, now])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let (Ok(camera), Some(day)) = (name.parse(), Day::from_number(row.get(1)?)) else { continue };
                found.push((camera, day, row.get(2)?));
            }
            Ok(found)
        })
    }

    /// The events that have a number for their name, are not open and are not known to be without frames; newest day first, then by
    /// camera and falling number. Reads one row for each day, and what it returns.
    pub fn numbered(&self) -> Result<Vec<EventId>> {
        self.read("query", |connection| {
            let mut events = connection.prepare_cached(
                "SELECT c.name, d.day, e.name FROM days d JOIN cameras c ON c.id = d.camera
                 CROSS JOIN events e ON e.camera = d.camera AND e.day = d.day AND e.name >= ?1
                 WHERE e.state <> ?2 AND e.frames IS NOT 0 ORDER BY d.day DESC, c.name, e.name DESC",
            )?;
            let mut rows = events.query([NUMBERS, OPEN])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let camera: String = row.get(0)?;
                let id = (camera.parse(), Day::from_number(row.get(1)?), name_from_sql(row.get(2)?));
                if let (Ok(camera), Some(day), Some(name)) = id {
                    found.push(EventId { camera, day, name });
                }
            }
            Ok(found)
        })
    }

    /// The days with unmeasured events or loose files, oldest first.
    pub fn unmeasured(&self) -> Result<Vec<(Camera, Day)>> {
        self.days_of("SELECT camera, day FROM days WHERE unmeasured > 0 OR loose_bytes IS NULL ORDER BY day, camera")
    }

    /// The days with open events, oldest first.
    pub fn days_with_open(&self) -> Result<Vec<(Camera, Day)>> {
        self.days_of("SELECT camera, day FROM days WHERE open > 0 ORDER BY day, camera")
    }

    fn days_of(&self, select: &str) -> Result<Vec<(Camera, Day)>> {
        self.read("query", |connection| {
            let cameras = connection.cameras()?;
            let mut days = connection.prepare_cached(select)?;
            let mut rows = days.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let camera = cameras.of_id(row.get(0)?).map(|row| row.camera.clone());
                found.extend(camera.zip(Day::from_number(row.get(1)?)));
            }
            Ok(found)
        })
    }

    /// The input of a plan: the totals of the archive, and the days up to `newest` (`None`: no days), oldest first. With all
    /// days ([`Day::LAST`]), the totals are the sums of these days; otherwise those that the catalog keeps.
    pub fn retention_view(&self, newest: Option<Day>) -> Result<View> {
        self.read("read the days of", |connection| {
            let cameras = connection.cameras()?;
            let mut view = View::default();
            let mut sums = connection.prepare_cached("SELECT events, bytes, unmeasured FROM cameras WHERE id = ?1")?;
            let sql = "SELECT day, events, saved, open, bytes, unmeasured, loose, loose_bytes IS NULL FROM days
                       WHERE camera = ?1 AND day <= ?2";
            let is_whole = newest == Some(Day::LAST);
            let mut days = connection.prepare_cached(sql)?;
            for row in cameras.iter() {
                let of_camera = |row: &rusqlite::Row<'_>| Ok([0, 1, 2].map(|at| unsigned(row, at)));
                let mut total = [0u64; 3];
                let mut days = days.query((row.id, newest.map_or(i64::MIN, Day::number)))?;
                while let Some(found) = days.next()? {
                    let Some(day) = Day::from_number(found.get(0)?) else { continue };
                    let [events, saved, open, measured, unmeasured, loose] =
                        [1, 2, 3, 4, 5, 6].map(|at| unsigned(found, at));
                    let bytes = (unmeasured == 0 && !found.get::<_, bool>(7)?).then_some(measured);
                    let more = [events, measured, unmeasured];
                    total.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(more));
                    let camera = row.camera.clone();
                    let frees = None;
                    view.days.push(DayView {
                        camera,
                        day,
                        events,
                        saved,
                        open,
                        loose,
                        bytes,
                        measured,
                        measured_on_disk: false,
                        weighed: false,
                        frees,
                        uncopied: None,
                        mixed: None,
                        foreign: None,
                    });
                }
                if !is_whole {
                    total = sums.query_row([row.id], of_camera)?;
                }
                let [events, bytes, unmeasured] = total;
                view.events = view.events.saturating_add(events);
                view.bytes = view.bytes.saturating_add(bytes);
                view.unmeasured = view.unmeasured.saturating_add(unmeasured);
                view.cameras.push(CameraView { camera: row.camera.clone(), events, bytes, apart: false });
            }
            view.days.sort_unstable_by(|a, b| (a.day, &a.camera).cmp(&(b.day, &b.camera)));
            Ok(view)
        })
    }

    /// The input of a forecast: the totals of each camera, and of its days from `first` to `last`. Reads only these
    /// days' rows, and of the days with saved events at most those before the first day with another.
    pub fn sums(&self, first: Day, last: Day) -> Result<Vec<CameraSums>> {
        self.read("read the sums of", |connection| {
            let cameras = connection.cameras()?;
            let mut sums = connection.prepare_cached(
                "SELECT events, bytes, unmeasured, coalesce(
                   (SELECT day FROM days WHERE camera = ?1 AND (days.events > days.saved OR loose > 0) ORDER BY day LIMIT 1),
                   (SELECT day FROM days WHERE camera = ?1 AND days.events > 0 ORDER BY day LIMIT 1))
                 FROM cameras WHERE id = ?1",
            )?;
            let mut days = connection.prepare_cached(
                "SELECT day, events, bytes, unmeasured FROM days WHERE camera = ?1 AND day >= ?2 AND day <= ?3",
            )?;
            let mut found = Vec::new();
            for row in cameras.iter() {
                let of_camera = |row: &rusqlite::Row<'_>| Ok(([0, 1, 2].map(|at| unsigned(row, at)), row.get(3)?));
                let ([events, bytes, unmeasured], since): (_, Option<i64>) = sums.query_row([row.id], of_camera)?;
                let since = since.and_then(Day::from_number);
                let of_day = |row: &rusqlite::Row<'_>| {
                    let [events, bytes, unmeasured] = [1, 2, 3].map(|at| unsigned(row, at));
                    Ok(Day::from_number(row.get(0)?).map(|day| DaySums { day, events, bytes, unmeasured }))
                };
                let days = days.query_map((row.id, first.number(), last.number()), of_day)?;
                let days = days.filter_map(rusqlite::Result::transpose).collect::<rusqlite::Result<_>>()?;
                let camera = row.camera.clone();
                found.push(CameraSums { camera, events, bytes, unmeasured, since, apart: false, days });
            }
            Ok(found)
        })
    }

    /// Adds the events of these days to a view; `places` are indexes into its days.
    pub fn add_events(&self, view: &mut View, places: &[usize]) -> Result<()> {
        self.read("read the events of", |connection| {
            let cameras = connection.cameras()?;
            let mut known: Option<(Day, HashMap<i64, Vec<EventView>>)> = None;
            for at in places {
                let Some(asked) = view.days.get_mut(*at) else { continue };
                if known.as_ref().is_none_or(|(day, _)| *day != asked.day) {
                    known = Some((asked.day, events_of(connection, asked.day, cameras.widest_drift())?));
                }
                let id = cameras.named(&asked.camera).map(|row| row.id);
                let mut events = known.as_mut().and_then(|(_, events)| events.remove(&id?)).unwrap_or_default();
                events.sort_unstable_by_key(|event| event.name);
                asked.mixed = Some(events);
            }
            Ok(())
        })
    }
}

/// A stamp, of this column and the next.
fn stamp(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<Stamp>> {
    let stamp = row.get::<_, Option<i64>>(at)?.zip(row.get::<_, Option<i64>>(at + 1)?);
    Ok(stamp.map(|(mtime, inode)| Stamp { mtime, inode: inode.cast_unsigned() }))
}

/// The events of a day, of all cameras: they are stored together in the table, while a query for each camera would read
/// it once for each.
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
        let bytes =
            row.get::<_, Option<i64>>(4)?.and_then(|bytes| u64::try_from(bytes).ok()).map(|bytes| bytes.min(MAX_TOTAL));
        let event = EventView { name, saved: row.get(2)?, open: row.get(3)?, lacks_copy: None, bytes, frees: None };
        found.entry(row.get(0)?).or_default().push(event);
    }
    Ok(found)
}
