//! What is asked of the catalog besides pages of events: cameras and their sums, ranges by directory name, counts.

use rusqlite::{Connection, OptionalExtension, params};

use super::Catalog;
use super::row::{COLUMNS, name_to_sql, read_event};
use crate::error::Result;
use crate::event::{Camera, Day, Event, EventName};

/// A camera and what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSummary {
    /// Which.
    pub camera: Camera,
    /// Its events.
    pub events: u64,
    /// The saved ones among them.
    pub saved: u64,
    /// The bytes of those that were measured.
    pub bytes: u64,
    /// How many were not measured yet.
    pub unmeasured: u64,
    /// The first and the last day that has events.
    pub days: Option<(Day, Day)>,
}

/// Events by the time in their directories' names, both bounds included; raw numbers are left out.
#[derive(Debug, Clone)]
pub struct NamedRange {
    /// From this day and name.
    pub from: (Day, EventName),
    /// To this day and name.
    pub to: (Day, EventName),
    /// How many of the newest to leave out.
    pub offset: u64,
    /// How many to take; `None` is all.
    pub limit: Option<u64>,
}

pub(super) fn camera_id(connection: &Connection, camera: &Camera) -> rusqlite::Result<Option<i64>> {
    let mut found = connection.prepare_cached("SELECT id FROM cameras WHERE name = ?1")?;
    found.query_row([camera.as_str()], |row| row.get(0)).optional()
}

/// Where a camera that a cursor names stands in the order of ids, also when it is gone by now.
pub(super) fn camera_place(connection: &Connection, camera: &Camera, is_desc: bool) -> rusqlite::Result<i64> {
    if let Some(id) = camera_id(connection, camera)? {
        return Ok(id);
    }
    let sql = if is_desc {
        "SELECT coalesce(min(id), 9223372036854775807) FROM cameras WHERE name > ?1"
    } else {
        "SELECT coalesce(max(id), 0) FROM cameras WHERE name < ?1"
    };
    // Just past the neighbour, so that all of the neighbour's events lie beyond it or none do.
    let neighbour: i64 = connection.query_row(sql, [camera.as_str()], |row| row.get(0))?;
    Ok(if is_desc { neighbour.saturating_sub(1) } else { neighbour.saturating_add(1) })
}

impl Catalog {
    /// Every camera, sorted by name.
    pub fn cameras(&self) -> Result<Vec<CameraSummary>> {
        self.read("query", |connection| {
            let mut rows = connection.prepare_cached(
                "SELECT c.name, coalesce(sum(d.events), 0), coalesce(sum(d.saved), 0), coalesce(sum(d.bytes), 0),
                        coalesce(sum(d.unmeasured), 0), min(iif(d.events > 0, d.day, NULL)), max(iif(d.events > 0, d.day, NULL))
                 FROM cameras c LEFT JOIN days d ON d.camera = c.id GROUP BY c.id ORDER BY c.id",
            )?;
            let rows = rows.query_map([], |row| {
                let name: String = row.get(0)?;
                let (first, last): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
                let days = first.and_then(Day::from_number).zip(last.and_then(Day::from_number));
                Ok(name.parse().ok().map(|camera| CameraSummary {
                    camera,
                    events: unsigned(row, 1),
                    saved: unsigned(row, 2),
                    bytes: unsigned(row, 3),
                    unmeasured: unsigned(row, 4),
                    days,
                }))
            })?;
            rows.filter_map(Result::transpose).collect()
        })
    }

    /// The events of a camera in a range of names, oldest first.
    pub fn named(&self, camera: &Camera, range: &NamedRange) -> Result<Vec<Event>> {
        self.read("query", |connection| {
            let Some(id) = camera_id(connection, camera)? else { return Ok(Vec::new()) };
            let sql = format!(
                "SELECT c.name, e.day, e.name, {COLUMNS} FROM events e CROSS JOIN cameras c ON c.id = e.camera
                 WHERE e.camera = ?1 AND (e.day, e.name) >= (?2, ?3) AND (e.day, e.name) <= (?4, ?5) AND e.name < 86400
                 ORDER BY e.day DESC, e.name DESC LIMIT ?6 OFFSET ?7"
            );
            let mut rows = connection.prepare_cached(&sql)?;
            let limit = range.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
            let key = |(day, name): (Day, EventName)| (day.number(), name_to_sql(name));
            let ((from_day, from_name), (to_day, to_name)) = (key(range.from), key(range.to));
            let offset = i64::try_from(range.offset).unwrap_or(i64::MAX);
            let rows = rows.query_map(params![id, from_day, from_name, to_day, to_name, limit, offset], read_event)?;
            let mut events = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            events.reverse();
            Ok(events)
        })
    }
}

pub(super) fn unsigned(row: &rusqlite::Row<'_>, at: usize) -> u64 {
    row.get::<_, i64>(at).map_or(0, |value| u64::try_from(value).unwrap_or(0))
}
