//! The question for a page of events, the cursor to the next, and the answer. Paging is by key, so a page costs the
//! same wherever it is, and a cursor stays valid while events arrive and expire.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use chrono::{NaiveDateTime, NaiveTime, Timelike};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::row::{COLUMNS, name_to_sql, read_event};
use super::{Catalog, read};
use crate::error::{Error, Result};
use crate::event::{Camera, Event, EventId, State};

/// The direction of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

/// Which events to list. Without restrictions: all, newest first, 50 at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    cameras: Vec<String>,
    from: Option<NaiveDateTime>,
    to: Option<NaiveDateTime>,
    saved: Option<bool>,
    min_seconds: Option<u32>,
    min_change: Option<u32>,
    window: Option<(NaiveTime, NaiveTime)>,
    state: Option<State>,
    order: Order,
    limit: usize,
    cursor: Option<Cursor>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            cameras: Vec::new(),
            from: None,
            to: None,
            saved: None,
            min_seconds: None,
            min_change: None,
            window: None,
            state: None,
            order: Order::Desc,
            limit: 50,
            cursor: None,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $value;
            self
        }
    )*};
}

impl Query {
    /// All events, newest first, 50 at a time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only this camera's, and those of others named so; repeatable. A camera that does not exist has no events.
    #[must_use]
    pub fn camera(mut self, camera: impl Into<String>) -> Self {
        self.cameras.push(camera.into());
        self
    }

    setters! {
        /// Only events that start at this time or later.
        from: NaiveDateTime = Some(from);
        /// Only events that start at this time or earlier.
        to: NaiveDateTime = Some(to);
        /// Only saved events, or only others.
        saved: bool = Some(saved);
        /// Only events at least this long.
        min_seconds: u32 = Some(min_seconds);
        /// Only events in which at least this many pixels changed from one frame to the next.
        min_change: u32 = Some(min_change);
        /// Only events that begin between these times of the day, both included; over midnight if the second is earlier.
        window: (NaiveTime, NaiveTime) = Some(window);
        /// Only events in this state.
        state: State = Some(state);
        /// The direction.
        order: Order = order;
        /// The most events to answer; at least one.
        limit: usize = limit.max(1);
        /// Where the page before ended.
        cursor: Cursor = Some(cursor);
    }
}

/// Where a page ended: the last event's start and identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    start: NaiveDateTime,
    id: EventId,
}

const TIME: &str = "%Y-%m-%dT%H:%M:%S";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start.format(TIME), self.id)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (start, id) = text.split_once('/')?;
            let start = NaiveDateTime::parse_from_str(start, TIME).ok()?;
            Some(Self { start, id: id.parse().ok()? })
        };
        parse().ok_or_else(|| Error::Name { what: "a cursor of an earlier page", text: text.to_owned() })
    }
}

/// A page of events.
#[derive(Debug, Clone)]
pub struct Page {
    /// The events, in the order asked for.
    pub events: Vec<Event>,
    /// Where to go on; `None` if this was the end.
    pub next: Option<Cursor>,
}

impl Catalog {
    /// Answers a page.
    pub fn events(&self, query: &Query) -> Result<Page> {
        let mut events = self.read("query", |connection| {
            if query.cameras.is_empty() {
                return query.select(connection, None);
            }
            // One ordered list a camera, merged: each costs at most the page, whatever other cameras hold.
            let mut merged = Vec::new();
            let mut cameras: Vec<Camera> = query.cameras.iter().filter_map(|camera| camera.parse().ok()).collect();
            cameras.sort_unstable();
            cameras.dedup();
            for camera in &cameras {
                if let Some(id) = read::camera_id(connection, camera)? {
                    merged.extend(query.select(connection, Some(id))?);
                }
            }
            let key = |event: &Event| (event.details.start, event.id.clone());
            merged.sort_by_cached_key(key);
            if query.order == Order::Desc {
                merged.reverse();
            }
            Ok(merged)
        })?;
        let next = (events.len() > query.limit).then(|| {
            events.truncate(query.limit);
            events.last().map(|last| Cursor { start: last.details.start, id: last.id.clone() })
        });
        Ok(Page { events, next: next.flatten() })
    }

    /// One event.
    pub fn event(&self, id: &EventId) -> Result<Option<Event>> {
        self.read("query", |connection| {
            let Some(camera) = read::camera_id(connection, &id.camera)? else { return Ok(None) };
            let sql = format!(
                "SELECT c.name, e.day, e.name, {COLUMNS} FROM events e JOIN cameras c ON c.id = e.camera
                 WHERE e.camera = ?1 AND e.day = ?2 AND e.name = ?3"
            );
            let mut found = connection.prepare_cached(&sql)?;
            let mut rows = found.query((camera, id.day.number(), name_to_sql(id.name)))?;
            rows.next()?.map(read_event).transpose()
        })
    }
}

impl Query {
    /// One event more than the limit tells whether there is a next page.
    fn select(&self, connection: &Connection, camera: Option<i64>) -> rusqlite::Result<Vec<Event>> {
        let mut sql = format!(
            "SELECT c.name, e.day, e.name, {COLUMNS} FROM events e CROSS JOIN cameras c ON c.id = e.camera WHERE 1"
        );
        let mut values: Vec<Value> = Vec::new();
        let mut add = |condition: &str, value: i64| {
            let _ = write!(sql, " AND {condition} ?");
            values.push(value.into());
        };
        let secs = |time: NaiveDateTime| time.and_utc().timestamp();
        if let Some(camera) = camera {
            add("e.camera =", camera);
        }
        if let Some(from) = self.from {
            add("e.start >=", secs(from));
        }
        if let Some(to) = self.to {
            add("e.start <=", secs(to));
        }
        if let Some(seconds) = self.min_seconds {
            add("e.length >=", i64::from(seconds));
        }
        if let Some(change) = self.min_change {
            add("e.peak >=", i64::from(change));
        }
        if let Some(state) = self.state {
            add(
                "e.state =",
                match state {
                    State::Open => 0,
                    State::Complete => 1,
                    State::Interrupted => 2,
                },
            );
        }
        if let Some((from, to)) = self.window {
            // Both ends belong to it; one that ends before it begins goes over midnight.
            let (from, to) = (i64::from(from.num_seconds_from_midnight()), i64::from(to.num_seconds_from_midnight()));
            let both = if from <= to { "AND" } else { "OR" };
            let _ = write!(sql, " AND (e.start % 86400 >= ? {both} e.start % 86400 <= ?)");
            values.extend([from, to].map(Value::from));
        }
        if let Some(saved) = self.saved {
            let _ = write!(sql, " AND e.saved = {}", i64::from(saved)); // as it stands in the indexes of saved events
        }
        if let Some(cursor) = &self.cursor {
            let beyond = if self.order == Order::Desc { "<" } else { ">" };
            let _ = write!(sql, " AND (e.start, e.camera, e.day, e.name) {beyond} (?, ?, ?, ?)");
            let camera = read::camera_place(connection, &cursor.id.camera, self.order == Order::Desc)?;
            let key = [secs(cursor.start), camera, cursor.id.day.number(), name_to_sql(cursor.id.name)];
            values.extend(key.map(Value::from));
        }
        let direction = if self.order == Order::Desc { "DESC" } else { "ASC" };
        let _ = write!(
            sql,
            " ORDER BY e.start {direction}, e.camera {direction}, e.day {direction}, e.name {direction} LIMIT ?"
        );
        values.push(i64::try_from(self.limit).unwrap_or(i64::MAX - 1).saturating_add(1).into());
        let mut rows = connection.prepare_cached(&sql)?;
        rows.query_map(params_from_iter(values), read_event)?.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_go_round_and_others_are_refused() {
        let text = "2026-11-20T10:04:35/Camera1/2026-11-20/10-04-36";
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        for bad in ["", "x", "2026-11-20T10:04:35", "2026-11-20T10:04:35/Camera1", "2026-11-20/Camera1/2026-11-20/01"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?}");
        }
    }
}
