//! Applies changes. A batch is one transaction, which also updates the totals of the changed days.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Catalog;
use super::cameras::Drift;
use super::groups::Groups;
use super::read::MAX_TOTAL;
use super::row::{COLUMNS, Columns, OPEN, WIDTH, bind, moment, name_from_sql, name_to_sql};
use crate::error::Result;
use crate::event::{Camera, Change, Day, DayScan, Details, Event, EventId, EventName, Loose};

/// The writing connection and its cache.
#[derive(Debug)]
pub(super) struct WriteConnection {
    pub(super) connection: Connection,
    /// The ids of cameras and their drift. Filled on first use, emptied when a transaction fails.
    cameras: HashMap<Camera, (i64, Drift)>,
}

/// What a change means for subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventUpdate {
    /// A new event.
    Added(Event),
    /// An event with new details.
    Changed(Event),
    /// An event that is gone.
    Removed(EventId),
}

/// The result of a batch.
#[derive(Debug, Default)]
pub struct Applied {
    /// In the order in which they happened; empty unless they were requested.
    pub updates: Vec<EventUpdate>,
}

/// The distance between the ids of new cameras, so that a later camera finds an id between two others. The id is in every
/// row of an event and of an index, so it should take two bytes.
const ID_SPACING: i64 = 1 << 9;

impl WriteConnection {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, cameras: HashMap::new() }
    }
}

impl Catalog {
    /// Applies a batch of changes as one transaction: all of it, or nothing. The updates are returned only if
    /// `wants_updates`.
    pub fn apply(&self, changes: &[Change], wants_updates: bool) -> Result<Applied> {
        let mut writer = self.writer();
        let WriteConnection { connection, cameras } = &mut *writer;
        let mut batch = || -> rusqlite::Result<Option<Vec<EventUpdate>>> {
            let transaction = connection.transaction()?;
            let mut work =
                Batch { transaction, cameras, touched: BTreeSet::new(), updates: wants_updates.then(Vec::new) };
            for change in changes {
                work.change(change)?;
            }
            work.finish()
        };
        match batch() {
            Ok(updates) => {
                let updates = updates.unwrap_or_default();
                self.generation.fetch_add(1, Ordering::AcqRel);
                Ok(Applied { updates })
            }
            Err(error) => {
                writer.cameras.clear();
                Err(self.failed("write to", error))
            }
        }
    }

    /// Checkpoints the write-ahead log, so that the next start has little to do.
    pub fn checkpoint(&self) -> Result<()> {
        let writer = self.writer();
        let done = writer.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        done.map_err(|error| self.failed("checkpoint", error))
    }
}

/// One transaction.
struct Batch<'a> {
    transaction: Transaction<'a>,
    cameras: &'a mut HashMap<Camera, (i64, Drift)>,
    /// Days whose totals have to be recomputed.
    touched: BTreeSet<(i64, i64)>,
    /// `None` if they were not requested.
    updates: Option<Vec<EventUpdate>>,
}

/// How many events one statement writes.
const ROWS_PER_STATEMENT: usize = 16;

/// A statement that writes `rows` events of a day: ?1 is the camera, ?2 the day, followed by `row::WIDTH` parameters
/// for each.
fn upsert_sql(rows: usize) -> String {
    let row = |at: usize| {
        let values: Vec<String> = (0..WIDTH).map(|n| format!("?{}", 3 + at * WIDTH + n)).collect();
        format!("(?1, ?2, {})", values.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    let set: Vec<String> = COLUMNS.split(", ").map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "INSERT INTO events (camera, day, name, {COLUMNS}) VALUES {} ON CONFLICT (camera, day, name) DO UPDATE SET {}",
        values.join(", "),
        set.join(", ")
    )
}

/// The totals of a day's events.
#[derive(Debug, Default)]
struct Sums {
    events: i64,
    saved: i64,
    open: i64,
    bytes: i64,
    unmeasured: i64,
    /// The length of the longest event, in seconds.
    longest: i64,
    /// The largest number of changed pixels of any event, as far as measured.
    strongest: u32,
    /// The number of events by the hour in which they began.
    hours: [u32; 24],
    /// The motion masks.
    motion: Groups,
}

impl Sums {
    fn add(&mut self, (day, name): (i64, i64), columns: &Columns) {
        self.events += 1;
        self.saved += i64::from(columns.saved);
        self.open += i64::from(columns.state == OPEN);
        self.bytes = self.bytes.saturating_add(columns.bytes.unwrap_or(0));
        self.unmeasured += i64::from(columns.bytes.is_none());
        self.longest = self.longest.max(columns.length);
        self.strongest = self.strongest.max(columns.peak.unwrap_or(0));
        self.hours[Day::hour_of_second(columns.start.saturating_sub(day.saturating_mul(86_400)))] += 1;
        self.motion.add(name, columns.motion);
    }

    /// The hours as they are stored.
    fn hours(&self) -> String {
        serde_json::to_string(&self.hours).expect("a list of numbers is JSON")
    }
}

impl Batch<'_> {
    fn change(&mut self, change: &Change) -> rusqlite::Result<()> {
        match change {
            Change::Camera(camera) => self.camera_id(camera).map(|_| ()),
            Change::CameraGone(camera) => self.camera_gone(camera),
            Change::Day(scan) => self.day(scan),
            Change::Loose(camera, day, loose) => self.loose(camera, *day, *loose),
            Change::DayGone(camera, day) => self.day_gone(camera, *day),
            Change::Event(id, details) => self.event(id, details),
            Change::Gone(id) => self.gone(id),
        }
    }

    fn finish(mut self) -> rusqlite::Result<Option<Vec<EventUpdate>>> {
        for (camera, day) in std::mem::take(&mut self.touched) {
            self.summarize(camera, day)?;
        }
        self.transaction.commit()?;
        Ok(self.updates)
    }

    fn record(&mut self, updates: impl FnOnce() -> EventUpdate) {
        if let Some(list) = &mut self.updates {
            list.push(updates());
        }
    }

    /// The id of a camera. A new one is between those of the names before and after it.
    fn camera_id(&mut self, camera: &Camera) -> rusqlite::Result<i64> {
        if let Some((id, _)) = self.cameras.get(camera) {
            return Ok(*id);
        }
        let name = camera.as_str();
        let mut found = self.transaction.prepare_cached("SELECT id, early, late FROM cameras WHERE name = ?1")?;
        let known = found.query_row([name], |row| Ok((row.get(0)?, Drift { early: row.get(1)?, late: row.get(2)? })));
        let (id, drift) = if let Some(known) = known.optional()? {
            known
        } else {
            let beside = |sql: &str| -> rusqlite::Result<Option<i64>> {
                self.transaction.query_row(sql, [name], |row| row.get(0))
            };
            let before = beside("SELECT max(id) FROM cameras WHERE name < ?1")?.unwrap_or(0);
            let after = beside("SELECT min(id) FROM cameras WHERE name > ?1")?;
            let id = after.map_or(before.saturating_add(ID_SPACING), |after| before.midpoint(after));
            // If there is no id left between two (after nine cameras, each named between the last two), the insert
            // fails on the key and the catalog is rebuilt with all names at once: see `service::writer`.
            self.transaction.execute("INSERT INTO cameras (id, name) VALUES (?1, ?2)", params![id, name])?;
            (id, Drift::default())
        };
        self.cameras.insert(camera.clone(), (id, drift));
        Ok(id)
    }

    /// Stores the drift of these events, before any query can find them by it.
    fn note_drift(&mut self, camera: &Camera, day: i64, rows: &[(i64, Columns)]) -> rusqlite::Result<()> {
        let Some((id, drift)) = self.cameras.get_mut(camera) else { return Ok(()) };
        let wider = rows.iter().fold(*drift, |drift, (name, row)| drift.with(row.start, moment(day, *name)));
        if *drift != wider {
            *drift = wider;
            let sql = "UPDATE cameras SET early = ?2, late = ?3 WHERE id = ?1";
            self.transaction.prepare_cached(sql)?.execute((*id, wider.early, wider.late))?;
        }
        Ok(())
    }

    fn camera_gone(&mut self, camera: &Camera) -> rusqlite::Result<()> {
        let id = self.camera_id(camera)?;
        // From the events themselves: a day that this batch changed may have no summary yet.
        let days: Vec<i64> = {
            let mut days = self.transaction.prepare_cached("SELECT DISTINCT day FROM events WHERE camera = ?1")?;
            days.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        for day in days.into_iter().filter_map(Day::from_number) {
            self.day_gone(camera, day)?;
        }
        self.transaction.execute("DELETE FROM days WHERE camera = ?1", [id])?;
        self.transaction.execute("DELETE FROM cameras WHERE id = ?1", [id])?;
        self.touched.retain(|(camera, _)| *camera != id);
        self.cameras.remove(camera);
        Ok(())
    }

    fn day(&mut self, scan: &DayScan) -> rusqlite::Result<()> {
        let (camera, day) = (self.camera_id(&scan.camera)?, scan.day.number());
        let mut before = self.rows_of(camera, day)?;
        let id = |name| EventId { camera: scan.camera.clone(), day: scan.day, name };
        let (mut rows, mut sums) = (Vec::with_capacity(scan.events.len()), Sums::default());
        for (name, details) in scan.events.iter().rev() {
            let key = name_to_sql(*name);
            let mut columns = Columns::of(details);
            let old = before.remove(&key);
            if let Some(old) = &old {
                columns.keep_measured(old);
            }
            sums.add((day, key), &columns);
            if old.as_ref() == Some(&columns) {
                continue;
            }
            self.record(|| {
                let event = Event { id: id(*name), details: columns.details().unwrap_or_else(|| details.clone()) };
                if old.is_some() { EventUpdate::Changed(event) } else { EventUpdate::Added(event) }
            });
            rows.push((key, columns));
        }
        self.note_drift(&scan.camera, day, &rows)?;
        self.upsert(camera, day, &rows)?;
        for (name, columns) in before {
            let name_there = name_from_sql(name);
            if name_there.is_some_and(|name| scan.unread.contains(&name)) {
                sums.add((day, name), &columns);
                continue;
            }
            self.delete(camera, day, name)?;
            if let Some(name) = name_there {
                self.record(|| EventUpdate::Removed(id(name)));
            }
        }
        self.touched.remove(&(camera, day));
        self.day_row(camera, day, &sums, scan)
    }

    /// Writes the row of a day that was listed. All of its events were just read, so their totals are known.
    fn day_row(&self, camera: i64, day: i64, sums: &Sums, scan: &DayScan) -> rusqlite::Result<()> {
        self.sums(camera, day, sums)?;
        self.set_loose(camera, day, scan.loose)?;
        self.transaction
            .prepare_cached(
                "UPDATE days SET mtime = ?3, inode = ?4,
                   measured_at = iif(?5 IS NULL AND unmeasured = 0 AND loose_bytes IS NOT NULL, measured_at, ?5)
                 WHERE camera = ?1 AND day = ?2",
            )?
            .execute(params![
                camera,
                day,
                scan.stamp.map(|stamp| stamp.mtime),
                scan.stamp.map(|stamp| stamp.inode.cast_signed()),
                scan.measured_at
            ])?;
        Ok(())
    }

    /// Writes what belongs to no event. Known bytes stay if the new ones were not measured.
    fn set_loose(&self, camera: i64, day: i64, loose: Loose) -> rusqlite::Result<()> {
        let [files, bytes] = [Some(loose.files), loose.bytes.or((loose.files == 0).then_some(0))]
            .map(|number| number.map(|number| i64::try_from(number.min(MAX_TOTAL)).unwrap_or(i64::MAX)));
        self.transaction
            .prepare_cached(
                "UPDATE days SET bytes = bytes - coalesce(loose_bytes, 0) + coalesce(?4, loose_bytes, 0), loose = ?3,
                   loose_bytes = coalesce(?4, iif(loose > 0, loose_bytes, NULL))
                 WHERE camera = ?1 AND day = ?2 AND (loose <> ?3 OR loose_bytes IS NOT ?4)",
            )?
            .execute(params![camera, day, files, bytes])?;
        Ok(())
    }

    /// Writes what belongs to no event in a day that may have no other row.
    fn loose(&mut self, camera: &Camera, day: Day, loose: Loose) -> rusqlite::Result<()> {
        let (camera, day) = (self.camera_id(camera)?, day.number());
        let is_known = self
            .transaction
            .prepare_cached("SELECT 1 FROM days WHERE camera = ?1 AND day = ?2")?
            .exists(params![camera, day])?;
        if !is_known {
            self.sums(camera, day, &Sums::default())?;
        }
        self.set_loose(camera, day, loose)
    }

    /// Writes the totals of a day's events and leaves its other columns.
    fn sums(&self, camera: i64, day: i64, sums: &Sums) -> rusqlite::Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO days (camera, day, events, saved, open, bytes, unmeasured, longest, strongest, hours,
                   motion, motion_groups)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (camera, day) DO UPDATE SET events = ?3, saved = ?4, open = ?5,
                   bytes = ?6 + coalesce(loose_bytes, 0),
                   unmeasured = ?7, longest = ?8, strongest = ?9, hours = ?10, motion = ?11, motion_groups = ?12",
            )?
            .execute(params![
                camera,
                day,
                sums.events,
                sums.saved,
                sums.open,
                sums.bytes,
                sums.unmeasured,
                sums.longest,
                sums.strongest,
                sums.hours(),
                sums.motion.total(),
                sums.motion.encode()
            ])?;
        Ok(())
    }

    /// Writes events of a day, as many as possible with one statement.
    fn upsert(&self, camera: i64, day: i64, rows: &[(i64, Columns)]) -> rusqlite::Result<()> {
        static ONE: LazyLock<String> = LazyLock::new(|| upsert_sql(1));
        static MANY: LazyLock<String> = LazyLock::new(|| upsert_sql(ROWS_PER_STATEMENT));
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let (sql, each) = if rows.len() == ROWS_PER_STATEMENT { (&*MANY, ROWS_PER_STATEMENT) } else { (&*ONE, 1) };
            let mut statement = self.transaction.prepare_cached(sql)?;
            for rows in rows.chunks(each) {
                statement.raw_bind_parameter(1, camera)?;
                statement.raw_bind_parameter(2, day)?;
                for (row, first) in rows.iter().zip((3..).step_by(WIDTH)) {
                    bind(&mut statement, first, row.0, &row.1)?;
                }
                statement.raw_execute()?;
            }
        }
        Ok(())
    }

    fn day_gone(&mut self, camera: &Camera, day: Day) -> rusqlite::Result<()> {
        let (camera_id, number) = (self.camera_id(camera)?, day.number());
        for name in self.rows_of(camera_id, number)?.into_keys() {
            if let Some(name) = name_from_sql(name) {
                self.record(|| EventUpdate::Removed(EventId { camera: camera.clone(), day, name }));
            }
        }
        for sql in
            ["DELETE FROM events WHERE camera = ?1 AND day = ?2", "DELETE FROM days WHERE camera = ?1 AND day = ?2"]
        {
            self.transaction.prepare_cached(sql)?.execute(params![camera_id, number])?;
        }
        self.touched.remove(&(camera_id, number));
        Ok(())
    }

    fn event(&mut self, id: &EventId, details: &Details) -> rusqlite::Result<()> {
        let (camera, day, name) = (self.camera_id(&id.camera)?, id.day.number(), name_to_sql(id.name));
        let columns = Columns::of(details);
        let old = self
            .transaction
            .prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE camera = ?1 AND day = ?2 AND name = ?3"))?
            .query_row(params![camera, day, name], |row| Columns::read(row, 0))
            .optional()?;
        if old.as_ref() == Some(&columns) {
            return Ok(());
        }
        let rows = [(name, columns)];
        self.note_drift(&id.camera, day, &rows)?;
        self.upsert(camera, day, &rows)?;
        self.touched.insert((camera, day));
        self.record(|| {
            let event = Event { id: id.clone(), details: details.clone() };
            if old.is_some() { EventUpdate::Changed(event) } else { EventUpdate::Added(event) }
        });
        Ok(())
    }

    fn gone(&mut self, id: &EventId) -> rusqlite::Result<()> {
        let (camera, day) = (self.camera_id(&id.camera)?, id.day.number());
        if self.delete(camera, day, name_to_sql(id.name))? {
            self.touched.insert((camera, day));
            self.record(|| EventUpdate::Removed(id.clone()));
        }
        Ok(())
    }

    fn delete(&self, camera: i64, day: i64, name: i64) -> rusqlite::Result<bool> {
        let sql = "DELETE FROM events WHERE camera = ?1 AND day = ?2 AND name = ?3";
        Ok(self.transaction.prepare_cached(sql)?.execute(params![camera, day, name])? > 0)
    }

    fn rows_of(&self, camera: i64, day: i64) -> rusqlite::Result<HashMap<i64, Columns>> {
        let sql = format!("SELECT name, {COLUMNS} FROM events WHERE camera = ?1 AND day = ?2");
        let mut rows = self.transaction.prepare_cached(&sql)?;
        let rows = rows.query_map(params![camera, day], |row| Ok((row.get(0)?, Columns::read(row, 1)?)))?;
        rows.collect()
    }

    /// Recomputes a day's totals from its events: a day has few, so this is cheap, and the totals cannot drift.
    fn summarize(&self, camera: i64, day: i64) -> rusqlite::Result<()> {
        let mut sums = Sums::default();
        for (name, columns) in &self.rows_of(camera, day)? {
            sums.add((day, *name), columns);
        }
        self.sums(camera, day, &sums)
    }
}

impl Catalog {
    /// The names of a day's events, for a pass that compares them with the disk.
    pub fn names_of(&self, camera: &Camera, day: Day) -> Result<Vec<EventName>> {
        self.read("read a day of", |connection| {
            let sql = "SELECT name FROM events WHERE camera = (SELECT id FROM cameras WHERE name = ?1) AND day = ?2
                       ORDER BY name";
            let mut names = connection.prepare_cached(sql)?;
            let names = names.query_map(params![camera.as_str(), day.number()], |row| row.get::<_, i64>(0))?;
            names.filter_map(|name| name.map(name_from_sql).transpose()).collect()
        })
    }

    /// The events of a day that are saved or open.
    pub fn kept_of(&self, camera: &Camera, day: Day) -> Result<Vec<EventName>> {
        self.read("read a day of", |connection| {
            let sql = "SELECT name FROM events WHERE camera = (SELECT id FROM cameras WHERE name = ?1) AND day = ?2
                       AND (saved = 1 OR state = 0) ORDER BY name";
            let mut names = connection.prepare_cached(sql)?;
            let names = names.query_map(params![camera.as_str(), day.number()], |row| row.get::<_, i64>(0))?;
            names.filter_map(|name| name.map(name_from_sql).transpose()).collect()
        })
    }
}
