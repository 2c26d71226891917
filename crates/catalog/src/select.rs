//! Selects the rows of a query: the events of all cameras, or of one, in the order of their starts, until the page is full.
//!
//! The events of all cameras are stored in that order (the table's key begins with the start). Those of one camera are
//! found by the names of their directories, which is nearly the same order. Each camera's [`Drift`] limits the
//! difference, so an event is returned once no later row can belong before it.

mod region;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt::Write as _;

use chrono::{NaiveDateTime, Timelike};
use rusqlite::{Connection, Row, params_from_iter};

use super::cameras::{CameraRow, Cameras, Drift};
use super::choice::Choice;
use super::query::{Order, Query};
use super::row::{COLUMNS, moment, name_from_sql, name_to_sql, names_of_moment, read_event};
use crate::event::{Day, Event, State};
use region::Search;

/// A statement being built: its conditions, and the values bound to them.
pub(super) struct Select {
    pub sql: String,
    pub values: Vec<i64>,
}

impl Select {
    pub(super) fn add(&mut self, condition: &str, values: &[i64]) {
        let _ = write!(self.sql, " AND {condition}"); // writing to a string cannot fail
        self.values.extend(values);
    }
}

pub(super) fn secs(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp()
}

/// Starts from the first to the last, both included.
pub(super) type Span = (Option<i64>, Option<i64>);

impl Query {
    /// The first events of all cameras, or of one. One more than the limit shows whether there is a next page.
    pub(super) fn first(
        &self,
        connection: &Connection,
        cameras: &Cameras,
        camera: Option<&CameraRow>,
    ) -> rusqlite::Result<Vec<Event>> {
        // Saved events are few, and have indexes of their own.
        if let Some(region) = self.region.filter(|_| self.saved != Some(true)) {
            let search = Search { query: self, region, connection, cameras, camera };
            return search.first(self.limit.saturating_add(1));
        }
        let mut events = Vec::new();
        for span in self.spans(connection, cameras, camera)? {
            let wanted = self.limit.saturating_add(1) - events.len();
            events.extend(match camera {
                None => self.of_all(connection, cameras, span, wanted)?,
                Some(camera) => self.of_one(connection, cameras, camera, span, wanted)?,
            });
            if events.len() > self.limit {
                break;
            }
        }
        Ok(events)
    }

    /// The starts that the rest of the list can have.
    pub(super) fn rest(&self) -> Span {
        let cursor = self.cursor.as_ref().map(|cursor| secs(cursor.start));
        let (from, to) = (self.from.map(secs), self.to.map(secs));
        match self.order {
            Order::Desc => (from, to.into_iter().chain(cursor).min()),
            Order::Asc => (from.into_iter().chain(cursor).max(), to),
        }
    }

    /// The ranges of starts to search, in the order of the page. The filter may match few events (long, strong, open or chosen
    /// ones), but each day has its maxima and its number of open events, so days without a match are skipped.
    fn spans(
        &self,
        connection: &Connection,
        cameras: &Cameras,
        camera: Option<&CameraRow>,
    ) -> rusqlite::Result<Vec<Span>> {
        let (from, to) = self.rest();
        let is_open = self.state == Some(State::Open);
        if self.min_seconds.is_none() && self.min_change.is_none() && !is_open && self.choice.is_none() {
            return Ok(vec![(from, to)]);
        }
        let drift = camera.map_or_else(|| cameras.widest_drift(), |camera| camera.drift);
        let sql = "SELECT day, camera FROM days WHERE longest >= ?1 AND strongest >= ?2 AND open >= ?3
                   AND (?4 IS NULL OR camera = ?4) ORDER BY day";
        let mut days = connection.prepare_cached(sql)?;
        let (seconds, change) = (self.min_seconds.unwrap_or(0), self.min_change.unwrap_or(0));
        let mut days = days.query((seconds, change, is_open, camera.map(|camera| camera.id)))?;
        let mut spans: Vec<(i64, i64)> = Vec::new();
        while let Some(row) = days.next()? {
            let (day, id): (i64, i64) = (row.get(0)?, row.get(1)?);
            if !self.choice.as_ref().is_none_or(|choice| has_chosen(choice, cameras.of_id(id), day)) {
                continue;
            }
            let first = moment(day, 0).saturating_sub(drift.early).max(from.unwrap_or(i64::MIN));
            let last = moment(day, i64::MAX).saturating_add(drift.late).min(to.unwrap_or(i64::MAX));
            match spans.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ if first <= last => spans.push((first, last)),
                _ => {}
            }
        }
        if self.order == Order::Desc {
            spans.reverse();
        }
        Ok(spans.into_iter().map(|(first, last)| (Some(first), Some(last))).collect())
    }

    fn of_all(
        &self,
        connection: &Connection,
        cameras: &Cameras,
        span: Span,
        wanted: usize,
    ) -> rusqlite::Result<Vec<Event>> {
        let index = if self.saved == Some(true) { " INDEXED BY saved_by_start" } else { "" };
        let mut select = self.select(COLUMNS, index, cameras, span);
        let way = self.order.sql();
        let _ = write!(select.sql, " ORDER BY start {way}, camera {way}, day {way}, name {way}");
        self.limit_rows(&mut select, wanted);
        let mut rows = connection.prepare_cached(&select.sql)?;
        let mut rows = rows.query(params_from_iter(select.values))?;
        let mut events = Vec::new();
        while events.len() < wanted
            && let Some(row) = rows.next()?
        {
            if self.is_chosen(row, cameras)? {
                events.push(read_event(row, cameras)?);
            }
        }
        Ok(events)
    }

    /// Limits the number of rows, if each belongs to the list.
    fn limit_rows(&self, select: &mut Select, wanted: usize) {
        if self.choice.is_none() {
            select.sql.push_str(" LIMIT ?");
            select.values.push(i64::try_from(wanted).unwrap_or(i64::MAX));
        }
    }

    /// Whether the choice has the event of this row, whose first columns are its key. Reads nothing else of it.
    fn is_chosen(&self, row: &Row<'_>, cameras: &Cameras) -> rusqlite::Result<bool> {
        let Some(choice) = &self.choice else { return Ok(true) };
        let Some(camera) = cameras.of_id(row.get(0)?) else { return Ok(false) };
        let key = Day::from_number(row.get(1)?).zip(name_from_sql(row.get(2)?));
        Ok(key.is_some_and(|(day, name)| choice.has(&camera.camera, day, name)))
    }

    fn of_one(
        &self,
        connection: &Connection,
        cameras: &Cameras,
        camera: &CameraRow,
        span: Span,
        wanted: usize,
    ) -> rusqlite::Result<Vec<Event>> {
        let is_saved = self.saved == Some(true);
        let index = if is_saved { " INDEXED BY saved_by_camera" } else { " INDEXED BY events_by_name" };
        let mut select = self.select(COLUMNS, index, cameras, span);
        select.add("camera = ?", &[camera.id]);
        let way = self.order.sql();
        if is_saved {
            let _ = write!(select.sql, " ORDER BY start {way}, day {way}, name {way}");
            self.limit_rows(&mut select, wanted);
        } else {
            Self::bound_names(&mut select, camera.drift, span);
            let _ = write!(select.sql, " ORDER BY day {way}, name {way}");
        }
        let mut rows = connection.prepare_cached(&select.sql)?;
        let mut rows = rows.query(params_from_iter(select.values))?;
        let mut page = Reorder::new(self.order, camera.drift);
        while page.done.len() < wanted
            && let Some(row) = rows.next()?
        {
            if self.is_chosen(row, cameras)? {
                page.take(read_event(row, cameras)?);
            }
        }
        Ok(page.finish())
    }

    /// All conditions except that of the camera; the key and these columns.
    pub(super) fn select(&self, columns: &str, index: &str, cameras: &Cameras, (from, to): Span) -> Select {
        let sql = format!("SELECT camera, day, name, {columns} FROM events{index} WHERE 1");
        let mut select = Select { sql, values: Vec::new() };
        if let Some(from) = from {
            select.add("start >= ?", &[from]);
        }
        if let Some(to) = to {
            select.add("start <= ?", &[to]);
        }
        if let Some(seconds) = self.min_seconds {
            select.add("length >= ?", &[i64::from(seconds)]);
        }
        if let Some(change) = self.min_change {
            select.add("peak >= ?", &[i64::from(change)]);
        }
        if let Some(region) = self.region {
            select.add("motion & ? <> 0", &[region.bits().cast_signed()]);
        }
        if let Some(state) = self.state {
            select.add("state = ?", &[state.code()]);
        }
        if let Some((from, to)) = self.window {
            // Both ends are included; a range that ends before it begins crosses midnight.
            let both = if from <= to { "AND" } else { "OR" };
            let ends = [from, to].map(|time| i64::from(time.num_seconds_from_midnight()));
            select.add(&format!("(start % 86400 >= ? {both} start % 86400 <= ?)"), &ends);
        }
        if let Some(saved) = self.saved {
            // written like the condition in the indexes of saved events
            select.add(if saved { "saved = 1" } else { "saved = 0" }, &[]);
        }
        if let Some(cursor) = &self.cursor {
            let beyond = if self.order == Order::Desc { "<" } else { ">" };
            let camera = cameras.place(&cursor.id.camera, self.order == Order::Desc);
            let key = [secs(cursor.start), camera, cursor.id.day.number(), name_to_sql(cursor.id.name)];
            select.add(&format!("(start, camera, day, name) {beyond} (?, ?, ?, ?)"), &key);
        }
        select
    }

    /// Bounds the names so that no requested start lies outside.
    pub(super) fn bound_names(select: &mut Select, drift: Drift, (from, to): Span) {
        if let Some(from) = from {
            let (day, (first, _)) = names_of_moment(from.saturating_sub(drift.late));
            select.add("(day, name) >= (?, ?)", &[day, first]);
        }
        if let Some(to) = to {
            let (day, (_, last)) = names_of_moment(to.saturating_add(drift.early));
            select.add("(day, name) <= (?, ?)", &[day, last]);
        }
    }
}

/// Whether a camera's day may have chosen events. A row of no known camera, or of no day, is damage, and is found elsewhere.
fn has_chosen(choice: &Choice, camera: Option<&CameraRow>, day: i64) -> bool {
    camera.zip(Day::from_number(day)).is_none_or(|(camera, day)| choice.may_have(&camera.camera, day))
}

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Self::Desc => "DESC",
            Self::Asc => "ASC",
        }
    }
}

/// Takes a camera's events in the order of their names and returns them in that of their starts.
struct Reorder {
    order: Order,
    drift: Drift,
    /// Events that were taken, before which a later one may still belong.
    waiting: BinaryHeap<Waiting>,
    done: Vec<Event>,
}

/// The greatest is the one that belongs first.
struct Waiting {
    order: Order,
    event: Event,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        fn key(waiting: &Waiting) -> (NaiveDateTime, &crate::event::EventId) {
            (waiting.event.details.start, &waiting.event.id)
        }
        match self.order {
            Order::Desc => key(self).cmp(&key(other)),
            Order::Asc => key(other).cmp(&key(self)),
        }
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

impl Reorder {
    fn new(order: Order, drift: Drift) -> Self {
        Self { order, drift, waiting: BinaryHeap::new(), done: Vec::new() }
    }

    fn take(&mut self, event: Event) {
        let here = moment(event.id.day.number(), name_to_sql(event.id.name));
        self.waiting.push(Waiting { order: self.order, event });
        // Further names are beyond this one, so their events begin on that side of it, except for the drift.
        let is_final = |start: i64| match self.order {
            Order::Desc => start >= here.saturating_add(self.drift.late),
            Order::Asc => start <= here.saturating_sub(self.drift.early),
        };
        while let Some(first) = self.waiting.peek()
            && is_final(secs(first.event.details.start))
        {
            self.done.extend(self.waiting.pop().map(|first| first.event));
        }
    }

    /// Takes an event, after `settle_before` told of its name or of one before it in the list.
    fn wait_for(&mut self, event: Event) {
        self.waiting.push(Waiting { order: self.order, event });
    }

    /// Returns the events before which no other can belong whose name is at `here` or beyond.
    fn settle_before(&mut self, here: i64) {
        let is_final = |start: i64| match self.order {
            Order::Desc => start > here.saturating_add(self.drift.late),
            Order::Asc => start < here.saturating_sub(self.drift.early),
        };
        while let Some(first) = self.waiting.peek()
            && is_final(secs(first.event.details.start))
        {
            self.done.extend(self.waiting.pop().map(|first| first.event));
        }
    }

    fn finish(mut self) -> Vec<Event> {
        self.done.extend(std::iter::from_fn(|| self.waiting.pop()).map(|waiting| waiting.event));
        self.done
    }
}
