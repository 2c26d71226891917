//! Queries other than pages of events: cameras and their totals, ranges by directory name, counts.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::Catalog;
use super::row::{COLUMNS, name_to_sql, read_event};
use crate::error::Result;
use crate::event::{Camera, Day, Event, EventId, EventName};

/// A camera and its totals. Serialized as an object of its fields; `days` is null or a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraSummary {
    /// The camera.
    pub camera: Camera,
    /// The number of events.
    pub events: u64,
    /// The number of saved events.
    pub saved: u64,
    /// The bytes of the measured events and of the measured files that belong to none.
    pub bytes: u64,
    /// The number of events that are not measured yet.
    pub unmeasured: u64,
    /// The number of days with events.
    pub day_count: u64,
    /// The first and the last day with events.
    pub days: Option<(Day, Day)>,
}

/// Events by the time in their directories' names, both bounds included, without raw numbers.
#[derive(Debug, Clone)]
pub struct NamedRange {
    /// From this day and name.
    pub from: (Day, EventName),
    /// To this day and name.
    pub to: (Day, EventName),
    /// How many of the newest to skip.
    pub offset: u64,
    /// How many to take; `None` for all.
    pub limit: Option<u64>,
}

impl Catalog {
    /// All cameras, sorted by name.
    pub fn cameras(&self) -> Result<Vec<CameraSummary>> {
        self.read_at_once("query", |connection| {
            let mut rows = connection.prepare_cached(
                "SELECT name, events, saved, bytes, unmeasured, day_count,
                   (SELECT min(day) FROM days WHERE camera = id AND days.events > 0),
                   (SELECT max(day) FROM days WHERE camera = id AND days.events > 0) FROM cameras ORDER BY id",
            )?;
            let rows = rows.query_map([], |row| {
                let name: String = row.get(0)?;
                let (first, last): (Option<i64>, Option<i64>) = (row.get(6)?, row.get(7)?);
                let days = first.and_then(Day::from_number).zip(last.and_then(Day::from_number));
                Ok(name.parse().ok().map(|camera| CameraSummary {
                    camera,
                    events: unsigned(row, 1),
                    saved: unsigned(row, 2),
                    bytes: unsigned(row, 3),
                    unmeasured: unsigned(row, 4),
                    day_count: unsigned(row, 5),
                    days,
                }))
            })?;
            rows.filter_map(Result::transpose).collect()
        })
    }

    /// Those of these events that it has.
    pub fn present<'a>(&self, events: impl IntoIterator<Item = &'a EventId>) -> Result<BTreeSet<EventId>> {
        self.read_at_once("query", |connection| {
            let cameras = connection.cameras()?;
            let sql = "SELECT 1 FROM events INDEXED BY events_by_name WHERE camera = ?1 AND day = ?2 AND name = ?3";
            let mut found = connection.prepare_cached(sql)?;
            let mut present = BTreeSet::new();
            for id in events {
                let Some(camera) = cameras.named(&id.camera) else { continue };
                if found.exists((camera.id, id.day.number(), name_to_sql(id.name)))? {
                    present.insert(id.clone());
                }
            }
            Ok(present)
        })
    }

    /// The events of a camera in a range of names, oldest first.
    pub fn named(&self, camera: &Camera, range: &NamedRange) -> Result<Vec<Event>> {
        self.read("query", |connection| {
            let cameras = connection.cameras()?;
            let Some(id) = cameras.named(camera).map(|camera| camera.id) else { return Ok(Vec::new()) };
            let sql = format!(
                "SELECT camera, day, name, {COLUMNS} FROM events INDEXED BY events_by_name
                 WHERE camera = ?1 AND (day, name) >= (?2, ?3) AND (day, name) <= (?4, ?5) AND name < 86400
                 ORDER BY day DESC, name DESC LIMIT ?6 OFFSET ?7"
            );
            let mut rows = connection.prepare_cached(&sql)?;
            let limit = range.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
            let key = |(day, name): (Day, EventName)| (day.number(), name_to_sql(name));
            let ((from_day, from_name), (to_day, to_name)) = (key(range.from), key(range.to));
            let offset = i64::try_from(range.offset).unwrap_or(i64::MAX);
            let rows = rows.query_map(params![id, from_day, from_name, to_day, to_name, limit, offset], |row| {
                read_event(row, &cameras)
            })?;
            let mut events = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            events.reverse();
            Ok(events)
        })
    }

    /// The oldest and the newest name of what [`Catalog::named`] returns, so that it can be read in pieces; `None` if
    /// that is empty.
    pub fn named_bounds(&self, camera: &Camera, range: &NamedRange) -> Result<Option<(Named, Named)>> {
        self.read("query", |connection| {
            let cameras = connection.cameras()?;
            let Some(id) = cameras.named(camera).map(|camera| camera.id) else { return Ok(None) };
            let mut nth = connection.prepare_cached(
                "SELECT day, name FROM events INDEXED BY events_by_name
                 WHERE camera = ?1 AND (day, name) >= (?2, ?3) AND (day, name) <= (?4, ?5) AND name < 86400
                 ORDER BY day DESC, name DESC LIMIT 1 OFFSET ?6",
            )?;
            let (from, to) = (Named::of(range.from), Named::of(range.to));
            let mut nth = |offset: u64| {
                let offset = i64::try_from(offset).unwrap_or(i64::MAX);
                let found = nth.query_row(params![id, from.0, from.1, to.0, to.1, offset], |row| {
                    Ok(Named(row.get(0)?, row.get(1)?))
                });
                found.optional()
            };
            let Some(newest) = nth(range.offset)? else { return Ok(None) };
            let last = range.limit.map(|limit| range.offset.saturating_add(limit.saturating_sub(1)));
            let oldest = last.map(nth).transpose()?.flatten();
            Ok(Some((oldest.unwrap_or(from), newest)))
        })
    }

    /// At most `most` events of a camera between two names, oldest first: beginning with `from`, or after it if `after`
    /// is set.
    pub fn named_piece(
        &self,
        camera: &Camera,
        (from, to): (Named, Named),
        after: bool,
        most: usize,
    ) -> Result<Vec<Event>> {
        self.read("query", |connection| {
            let cameras = connection.cameras()?;
            let Some(id) = cameras.named(camera).map(|camera| camera.id) else { return Ok(Vec::new()) };
            let begins = if after { ">" } else { ">=" };
            let sql = format!(
                "SELECT camera, day, name, {COLUMNS} FROM events INDEXED BY events_by_name
                 WHERE camera = ?1 AND (day, name) {begins} (?2, ?3) AND (day, name) <= (?4, ?5) AND name < 86400
                 ORDER BY day, name LIMIT ?6"
            );
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut rows = connection.prepare_cached(&sql)?;
            let rows =
                rows.query_map(params![id, from.0, from.1, to.0, to.1, most], |row| read_event(row, &cameras))?;
            rows.collect()
        })
    }
}

/// The day and the name of an event in the catalog's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named(i64, i64);

impl Named {
    /// From a directory's day and name.
    pub fn of((day, name): (Day, EventName)) -> Self {
        Self(day.number(), name_to_sql(name))
    }
}

/// Larger than any total; thousands of it can be added.
pub(super) const MAX_TOTAL: u64 = 1 << 52;

pub(super) fn unsigned(row: &rusqlite::Row<'_>, at: usize) -> u64 {
    match row.get_ref(at) {
        Ok(ValueRef::Integer(value)) => u64::try_from(value).unwrap_or(0).min(MAX_TOTAL),
        // A total that exceeded 64 bits (huge sparse files): it must not look like nothing.
        Ok(ValueRef::Real(value)) if value > 0.0 => MAX_TOTAL,
        _ => 0,
    }
}
