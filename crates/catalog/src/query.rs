//! Queries for pages of events: the filter, the cursor and the page. Paging is by key, so every page costs the same,
//! and a cursor stays valid while events arrive and expire.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDateTime, NaiveTime};
use serde::Serialize;

use super::Catalog;
use super::choice::Choice;
use super::reader::Reader;
use super::row::{COLUMNS, name_to_sql, read_event};
use crate::error::{Error, Result};
use crate::event::text::Text;
use crate::event::{Camera, Day, Details, Event, EventId, EventName, Region, State};

/// The direction of a list. Serialized as `desc` or `asc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

/// Which events to list. By default all, newest first, 50 in a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// `None`: of all cameras.
    pub(super) cameras: Option<BTreeSet<String>>,
    pub(super) from: Option<NaiveDateTime>,
    pub(super) to: Option<NaiveDateTime>,
    pub(super) saved: Option<bool>,
    pub(super) min_seconds: Option<u32>,
    pub(super) min_change: Option<u32>,
    pub(super) region: Option<Region>,
    pub(super) window: Option<(NaiveTime, NaiveTime)>,
    pub(super) state: Option<State>,
    pub(super) choice: Option<Choice>,
    pub(super) order: Order,
    pub(super) limit: usize,
    pub(super) cursor: Option<Cursor>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            cameras: None,
            from: None,
            to: None,
            saved: None,
            min_seconds: None,
            min_change: None,
            region: None,
            window: None,
            state: None,
            choice: None,
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
    /// All events, newest first, 50 in a page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a camera; repeatable. A camera that does not exist has no events.
    #[must_use]
    pub fn camera(mut self, camera: impl Into<String>) -> Self {
        self.cameras.get_or_insert_default().insert(camera.into());
        self
    }

    /// Restricts the query to these cameras; without any, no event matches.
    #[must_use]
    pub fn within(mut self, cameras: &BTreeSet<Camera>) -> Self {
        let all = || cameras.iter().map(ToString::to_string).collect();
        match &mut self.cameras {
            None => self.cameras = Some(all()),
            Some(asked) => asked.retain(|name| cameras.iter().any(|camera| camera.as_str() == name)),
        }
        self
    }

    /// Whether the query may have to read much of the archive: its filter may match few events, and no index finds
    /// them.
    pub fn may_take_long(&self) -> bool {
        let by_days = [self.min_seconds.is_some(), self.min_change.is_some(), self.state == Some(State::Open)];
        let is_rare_in_days = by_days.into_iter().filter(|is_asked| *is_asked).count() > 1;
        // A region in which hardly anything moved takes milliseconds.
        let is_by_row =
            self.saved == Some(false) || self.window.is_some() || self.region.is_some() || self.choice.is_some();
        is_by_row || is_rare_in_days || self.state.is_some_and(|state| state != State::Open)
    }

    /// The order, the maximum number of events in a page, and the end of the previous page.
    pub fn position(&self) -> (Order, usize, Option<&Cursor>) {
        (self.order, self.limit, self.cursor.as_ref())
    }

    /// The first and the last start that the rest of the list can have, by the limits of the query and the end of the previous page.
    pub fn remaining(&self) -> (Option<NaiveDateTime>, Option<NaiveDateTime>) {
        let after = self.cursor.as_ref().map(|cursor| cursor.start);
        match self.order {
            Order::Desc => (self.from, self.to.into_iter().chain(after).min()),
            Order::Asc => (self.from.into_iter().chain(after).max(), self.to),
        }
    }

    /// Whether events of a camera can be on its pages.
    pub fn concerns(&self, camera: &Camera) -> bool {
        self.cameras.as_ref().is_none_or(|cameras| cameras.contains(camera.as_str()))
    }

    /// Whether it lists saved events alone.
    pub fn wants_saved(&self) -> bool {
        self.saved == Some(true)
    }

    /// The approximate memory of this query, in bytes.
    pub fn weight(&self) -> usize {
        let cameras = self.cameras.iter().flatten();
        size_of::<Self>() + cameras.map(|camera| size_of::<String>() + camera.len()).sum::<usize>()
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
        /// Only events in which something moved in this region of the picture, as far as known: an event without a
        /// motion mask never matches.
        region: Region = Some(region);
        /// Only events that begin between these times of day, both included; across midnight if the second is earlier.
        window: (NaiveTime, NaiveTime) = Some(window);
        /// Only events in this state.
        state: State = Some(state);
        /// Only events that are chosen outside the catalog.
        choice: Choice = Some(choice);
        /// The direction.
        order: Order = order;
        /// The maximum number of events in a page; at least one.
        limit: usize = limit.max(1);
        /// The end of the previous page.
        cursor: Cursor = Some(cursor);
    }
}

/// The end of a page: the last event's start and id. Serialized as the text that it is parsed from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    pub(super) start: NaiveDateTime,
    pub(super) id: EventId,
}

impl Cursor {
    /// The end of a page whose last event is this one.
    pub fn after(event: &Event) -> Self {
        Self { start: event.details.start, id: event.id.clone() }
    }

    /// The end of a page right at this moment, where no event begins; `None` outside the years 0 to 9999.
    pub fn at(start: NaiveDateTime) -> Option<Self> {
        let (camera, day) = ("0".parse().ok()?, Day::try_from(start.date()).ok()?);
        Some(Self { start, id: EventId { camera, day, name: EventName::Time(0) } })
    }

    /// Which of two positions comes first in a list of this order.
    pub fn compare(&self, other: &Self, order: Order) -> std::cmp::Ordering {
        let ascending = (self.start, &self.id).cmp(&(other.start, &other.id));
        match order {
            Order::Asc => ascending,
            Order::Desc => ascending.reverse(),
        }
    }
}

const TIME: &str = "%Y-%m-%dT%H:%M:%S";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", &*Text::of_time(self.start, b'T'), self.id)
    }
}

/// As text.
impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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

/// A page of events. Serialized as an object of its fields.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The events, in the requested order.
    pub events: Vec<Event>,
    /// The cursor of the next page; `None` if this is the last.
    pub next: Option<Cursor>,
}

impl Catalog {
    /// A page of events.
    pub fn events(&self, query: &Query) -> Result<Page> {
        let page = |connection: &Reader| {
            let cameras = connection.cameras()?;
            let Some(asked) = &query.cameras else { return query.first(connection, &cameras, None) };
            // One ordered list for each camera, merged: each reads at most a page, whatever other cameras hold.
            let wanted: Vec<Camera> = asked.iter().filter_map(|camera| camera.parse().ok()).collect();
            let mut merged = Vec::new();
            for camera in wanted.iter().filter_map(|camera| cameras.named(camera)) {
                merged.extend(query.first(connection, &cameras, Some(camera))?);
            }
            if wanted.len() > 1 {
                let key = |event: &Event| (event.details.start, event.id.clone());
                merged.sort_by_cached_key(key);
                if query.order == Order::Desc {
                    merged.reverse();
                }
            }
            Ok(merged)
        };
        let mut events =
            if query.may_take_long() { self.read("query", page) } else { self.read_at_once("query", page) }?;
        let next = (events.len() > query.limit).then(|| {
            events.truncate(query.limit);
            events.last().map(Cursor::after)
        });
        Ok(Page { events, next: next.flatten() })
    }

    /// One event; `None` if it does not exist.
    pub fn event(&self, id: &EventId) -> Result<Option<Event>> {
        self.read_at_once("query", |connection| {
            let cameras = connection.cameras()?;
            let Some(camera) = cameras.named(&id.camera) else { return Ok(None) };
            let sql =
                format!("SELECT camera, day, name, {COLUMNS} FROM events WHERE camera = ?1 AND day = ?2 AND name = ?3");
            let mut found = connection.prepare_cached(&sql)?;
            let mut rows = found.query((camera.id, id.day.number(), name_to_sql(id.name)))?;
            rows.next()?.map(|row| read_event(row, &cameras)).transpose()
        })
    }
}

impl Catalog {
    /// The details of a day's events.
    pub fn details_of(&self, camera: &Camera, day: Day) -> Result<HashMap<EventName, Details>> {
        self.read("read a day of", |connection| {
            let cameras = connection.cameras()?;
            let Some(id) = cameras.named(camera).map(|camera| camera.id) else { return Ok(HashMap::new()) };
            let sql = format!("SELECT camera, day, name, {COLUMNS} FROM events WHERE camera = ?1 AND day = ?2");
            let mut events = connection.prepare_cached(&sql)?;
            let events = events.query_map((id, day.number()), |row| read_event(row, &cameras))?;
            events.map(|event| event.map(|event| (event.id.name, event.details))).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_others_are_refused() {
        let text = "2026-11-20T10:04:35/Camera1/2026-11-20/10-04-36";
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        for bad in ["", "x", "2026-11-20T10:04:35", "2026-11-20T10:04:35/Camera1", "2026-11-20/Camera1/2026-11-20/01"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?}");
        }
    }
}
