//! Selects the events in which something moved in a region. Where that is frequent, the next events in order soon fill a
//! page, so these are looked at first. For the rest, each day has the joined masks of its events in groups (see `groups`),
//! and only the events of groups that meet the region are read: at least one of each group belongs to the list, if no
//! other filter excludes it.

use std::cmp::Reverse;
use std::fmt::Write as _;

use rusqlite::{Connection, Statement, params, params_from_iter};

use super::{COLUMNS, Order, Query, Reorder, Select, Span, moment, read_event};
use crate::cameras::{CameraRow, Cameras};
use crate::event::{Event, Region, State};
use crate::groups::{self, Group};

/// How many events are looked at first, for each that the page may hold.
const LOOK: usize = 20;

/// A search: the region, and the cameras of the events.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub query: &'a Query,
    pub region: Region,
    pub connection: &'a Connection,
    pub cameras: &'a Cameras,
    /// `None`: all.
    pub camera: Option<&'a CameraRow>,
}

/// The day and the camera's id of a group.
type Place = (i64, i64);

impl Search<'_> {
    /// The first events of the list: at least `wanted`, or all.
    pub(super) fn first(&self, wanted: usize) -> rusqlite::Result<Vec<Event>> {
        let (from, to) = self.query.rest();
        let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        let Some(edge) = self.edge((from, to), wanted.saturating_mul(LOOK))? else {
            return self.straight((from, to), wanted);
        };
        let (near, far) = match self.query.order {
            Order::Desc => ((from.max(edge.saturating_add(1)), to), (from, to.min(edge))),
            Order::Asc => ((from, to.min(edge.saturating_sub(1))), (from.max(edge), to)),
        };
        let mut events = self.straight(near, wanted)?;
        if events.len() < wanted {
            events.extend(self.by_groups(far, wanted - events.len())?);
        }
        Ok(events)
    }

    /// The start of the event that comes so many events later in the list of all that the cameras have in these starts;
    /// `None` if there are not as many.
    fn edge(&self, (from, to): (i64, i64), events: usize) -> rusqlite::Result<Option<i64>> {
        let way = self.query.order.sql();
        let mut select = Select { sql: String::new(), values: Vec::new() };
        if let Some(camera) = self.camera {
            select.sql.push_str("SELECT start FROM events INDEXED BY events_by_name WHERE 1");
            select.add("camera = ?", &[camera.id]);
            Query::bound_names(&mut select, camera.drift, (Some(from), Some(to)));
            let _ = write!(select.sql, " ORDER BY day {way}, name {way}"); // writing to a string cannot fail
        } else {
            select.sql.push_str("SELECT start FROM events WHERE 1");
            select.add("start >= ?", &[from]);
            select.add("start <= ?", &[to]);
            let _ = write!(select.sql, " ORDER BY start {way}");
        }
        select.sql.push_str(" LIMIT 1 OFFSET ?");
        select.values.push(i64::try_from(events).unwrap_or(i64::MAX));
        let mut found = self.connection.prepare_cached(&select.sql)?;
        let mut rows = found.query(params_from_iter(select.values))?;
        rows.next()?.map(|row| row.get(0)).transpose()
    }

    /// Looks at all events with these starts until the page is full.
    fn straight(&self, (from, to): (i64, i64), wanted: usize) -> rusqlite::Result<Vec<Event>> {
        if from > to {
            return Ok(Vec::new());
        }
        let span: Span = (Some(from), Some(to));
        match self.camera {
            None => self.query.of_all(self.connection, self.cameras, span, wanted),
            Some(camera) => self.query.of_one(self.connection, self.cameras, camera, span, wanted),
        }
    }

    /// Looks at the events of the groups that meet the region, day after day.
    fn by_groups(&self, (from, to): (i64, i64), wanted: usize) -> rusqlite::Result<Vec<Event>> {
        if from > to {
            return Ok(Vec::new());
        }
        let drift = self.camera.map_or_else(|| self.cameras.widest_drift(), |camera| camera.drift);
        let mut select = self.query.select(COLUMNS, " INDEXED BY events_by_name", self.cameras, (Some(from), Some(to)));
        select.add("camera = ? AND day = ? AND name >= ? AND name <= ?", &[]);
        let mut events = self.connection.prepare_cached(&select.sql)?;
        let mut page = Reorder::new(self.query.order, drift);
        let mut days = self.connection.prepare_cached(&self.days_sql())?;
        let mut days = days.query(params![
            from.saturating_sub(drift.late).div_euclid(86_400),
            to.saturating_add(drift.early).div_euclid(86_400),
            self.region.bits().cast_signed(),
            self.query.min_seconds.unwrap_or(0),
            self.query.min_change.unwrap_or(0),
            self.query.state == Some(State::Open),
            self.camera.map(|camera| camera.id),
        ])?;
        let mut of_day: Vec<(Place, Group)> = Vec::new();
        loop {
            let row = days.next()?;
            let place = row.map(|row| Ok::<Place, rusqlite::Error>((row.get(0)?, row.get(1)?))).transpose()?;
            if place.map(|(day, _)| day) != of_day.first().map(|((day, _), _)| *day) {
                self.read_day(&mut of_day, &mut page, (&mut events, &select.values), wanted)?;
                if page.done.len() >= wanted {
                    break;
                }
            }
            let Some((place, row)) = place.zip(row) else { break };
            let meets = |group: &Group| group.motion.cast_unsigned() & self.region.bits() != 0;
            let found = groups::decode(row.get_ref(2)?.as_blob()?).filter(meets).map(|group| (place, group));
            of_day.extend(found.filter(|found| self.may_hold(found, (from, to))));
        }
        Ok(page.finish())
    }

    /// The days in which something moved in the region, and their groups. Of all cameras, the index has what is needed to
    /// pass over other days.
    fn days_sql(&self) -> String {
        let (index, camera) = match self.camera {
            None => (" INDEXED BY days_by_motion", "?7 IS NULL"),
            Some(_) => ("", "camera = ?7"),
        };
        format!(
            "SELECT day, camera, motion_groups FROM days{index} WHERE day >= ?1 AND day <= ?2 AND motion & ?3 <> 0
               AND longest >= ?4 AND strongest >= ?5 AND open >= ?6 AND {camera} ORDER BY day {}",
            self.query.order.sql()
        )
    }

    /// Whether an event of the group can have one of these starts.
    fn may_hold(&self, ((day, camera), group): &(Place, Group), (from, to): (i64, i64)) -> bool {
        let drift = self.cameras.of_id(*camera).map_or_else(|| self.cameras.widest_drift(), |row| row.drift);
        let first = moment(*day, group.first).saturating_sub(drift.early);
        first <= to && moment(*day, group.last).saturating_add(drift.late) >= from
    }

    /// Reads the events of a day's groups into the page, until it is full, and empties the list of groups.
    fn read_day(
        &self,
        groups: &mut Vec<(Place, Group)>,
        page: &mut Reorder,
        (events, filter): (&mut Statement<'_>, &[i64]),
        wanted: usize,
    ) -> rusqlite::Result<()> {
        match self.query.order {
            Order::Desc => groups.sort_by_key(|(_, group)| Reverse(group.last)),
            Order::Asc => groups.sort_by_key(|(_, group)| group.first),
        }
        for ((day, camera), group) in groups.drain(..) {
            let edge = if self.query.order == Order::Desc { group.last } else { group.first };
            page.settle_before(moment(day, edge));
            if page.done.len() >= wanted {
                break;
            }
            let key = [camera, day, group.first, group.last];
            let mut rows = events.query(params_from_iter(filter.iter().chain(&key)))?;
            while let Some(row) = rows.next()? {
                if self.query.is_chosen(row, self.cameras)? {
                    page.wait_for(read_event(row, self.cameras)?);
                }
            }
        }
        Ok(())
    }
}
