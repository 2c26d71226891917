//! The names of all events of a query, day by day: for what concerns many events and needs nothing else of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rusqlite::params_from_iter;

use super::Catalog;
use super::cameras::CameraRow;
use super::query::Query;
use super::reader::Reader;
use super::row::name_from_sql;
use crate::error::Result;
use crate::event::{Camera, Day, EventName};

/// Events by camera and day.
pub type NamesByDay = BTreeMap<(Camera, Day), Vec<EventName>>;

impl Catalog {
    /// The names of all events of a query, whatever its order, limit and cursor, in no order.
    pub fn names(&self, query: &Query) -> Result<NamesByDay> {
        self.read("query", |connection| {
            let cameras = connection.cameras()?;
            let mut names = NamesByDay::new();
            match &query.cameras {
                None => query.add_names(connection, None, &mut names)?,
                Some(asked) => {
                    for camera in asked.iter().filter_map(|camera| camera.parse().ok()) {
                        if let Some(camera) = cameras.named(&camera) {
                            query.add_names(connection, Some(camera), &mut names)?;
                        }
                    }
                }
            }
            Ok(names)
        })
    }
}

impl Query {
    fn add_names(
        &self,
        connection: &Reader,
        camera: Option<&CameraRow>,
        names: &mut NamesByDay,
    ) -> rusqlite::Result<()> {
        let cameras = connection.cameras()?;
        let span = self.rest();
        let index = if camera.is_some() { " INDEXED BY events_by_name" } else { "" };
        let mut select = self.select("start", index, &cameras, span);
        if let Some(camera) = camera {
            select.add("camera = ?", &[camera.id]);
            Self::bound_names(&mut select, camera.drift, span);
            let _ = write!(select.sql, " ORDER BY day, name"); // writing to a string cannot fail
        }
        let mut rows = connection.prepare_cached(&select.sql)?;
        let mut rows = rows.query(params_from_iter(select.values))?;
        while let Some(row) = rows.next()? {
            let Some(camera) = cameras.of_id(row.get(0)?) else { continue };
            let key = Day::from_number(row.get(1)?).zip(name_from_sql(row.get(2)?));
            let Some((day, name)) = key else { continue };
            names.entry((camera.camera.clone(), day)).or_default().push(name);
        }
        Ok(())
    }
}
