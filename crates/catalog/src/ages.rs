//! The ages of a camera's events, and its oldest overdue day. Reads a few rows for each camera, whatever the archive
//! holds.

use rusqlite::{Connection, OptionalExtension};

use super::Catalog;
use crate::error::Result;
use crate::event::{Camera, Day};

/// The ages of a camera's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraAges {
    /// The camera.
    pub camera: Camera,
    /// When its first and its last event began, by their directories' names: wall time in seconds since 1970 as if it
    /// were UTC.
    pub reach: Option<(i64, i64)>,
    /// The oldest overdue day with an event that is not saved.
    pub overdue: Option<Day>,
}

impl Catalog {
    /// The ages of each camera's events, by the cameras' names. Days of a camera that are older than `before` returns
    /// are overdue (`None`: none is), except those for which `is_kept` is true. Reads two events of each camera, and
    /// those overdue days that are wholly saved or kept.
    pub fn ages(
        &self,
        before: impl Fn(&Camera) -> Option<Day>,
        is_kept: impl Fn(&Camera, Day) -> bool,
    ) -> Result<Vec<CameraAges>> {
        self.read("query", |connection| {
            let cameras = connection.cameras()?;
            let mut found = Vec::new();
            for row in cameras.iter() {
                let overdue = match before(&row.camera) {
                    Some(before) => first_left(connection, row.id, before, |day| is_kept(&row.camera, day))?,
                    None => None,
                };
                let reach = start_of(connection, row.id, End::First)?.zip(start_of(connection, row.id, End::Last)?);
                found.push(CameraAges { camera: row.camera.clone(), reach, overdue });
            }
            Ok(found)
        })
    }
}

#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

/// When a camera's first or last event by name began. The index by name has the start too.
fn start_of(connection: &Connection, camera: i64, end: End) -> rusqlite::Result<Option<i64>> {
    let sql = match end {
        End::First => "SELECT start FROM events INDEXED BY events_by_name WHERE camera = ?1 ORDER BY day, name LIMIT 1",
        End::Last => {
            "SELECT start FROM events INDEXED BY events_by_name WHERE camera = ?1 ORDER BY day DESC, name DESC LIMIT 1"
        }
    };
    connection.prepare_cached(sql)?.query_row([camera], |row| row.get(0)).optional()
}

/// The first day before another with an event that is not saved, if the day is not kept.
fn first_left(
    connection: &Connection,
    camera: i64,
    before: Day,
    is_kept: impl Fn(Day) -> bool,
) -> rusqlite::Result<Option<Day>> {
    let sql = "SELECT day FROM days WHERE camera = ?1 AND day < ?2 AND events > saved ORDER BY day";
    let mut days = connection.prepare_cached(sql)?;
    let mut rows = days.query((camera, before.number()))?;
    while let Some(row) = rows.next()? {
        if let Some(day) = Day::from_number(row.get(0)?)
            && !is_kept(day)
        {
            return Ok(Some(day));
        }
    }
    Ok(None)
}
