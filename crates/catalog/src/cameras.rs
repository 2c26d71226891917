//! The cameras of the catalog: few, so a query reads them all first.

use rusqlite::Connection;
use rusqlite::types::Type;

use crate::event::Camera;

/// Larger than every id.
const ID_LIMIT: i64 = 1 << 48;

/// A camera's row.
#[derive(Debug, Clone)]
pub(super) struct CameraRow {
    pub camera: Camera,
    pub id: i64,
    pub drift: Drift,
}

/// The largest difference between the starts of a camera's events and their directories' names, in seconds: no event
/// begins more than `early` before its name's moment or more than `late` after it. Pre-capture makes this a few
/// seconds; raw event numbers, which name only a day, make it a day. It never shrinks while the camera exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Drift {
    pub early: i64,
    pub late: i64,
}

impl Drift {
    /// Extends it for an event that begins at `start` and is named for `moment` (see `row::moment`).
    pub(crate) fn with(self, start: i64, moment: i64) -> Self {
        Self { early: self.early.max(moment.saturating_sub(start)), late: self.late.max(start.saturating_sub(moment)) }
    }
}

/// All cameras, sorted by id, which is the order of names (see `write::camera_id`).
#[derive(Debug)]
pub(super) struct Cameras(Vec<CameraRow>);

impl Cameras {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut rows = connection.prepare_cached("SELECT id, name, early, late FROM cameras ORDER BY id")?;
        let mut rows = rows.query([])?;
        let mut cameras: Vec<CameraRow> = Vec::new();
        let damaged = |what: &str| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, what.to_owned().into());
        while let Some(row) = rows.next()? {
            let camera = row.get_ref(1)?.as_str()?.parse().map_err(|_| damaged("not a camera's name"))?;
            let row = CameraRow { camera, id: row.get(0)?, drift: Drift { early: row.get(2)?, late: row.get(3)? } };
            let is_in_order = cameras.last().is_none_or(|before| before.camera < row.camera);
            if !is_in_order || !(1..ID_LIMIT).contains(&row.id) || row.drift.early < 0 || row.drift.late < 0 {
                return Err(damaged("cameras out of order"));
            }
            cameras.push(row);
        }
        Ok(Self(cameras))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &CameraRow> {
        self.0.iter()
    }

    pub(crate) fn named(&self, camera: &Camera) -> Option<&CameraRow> {
        self.0.binary_search_by(|row| row.camera.cmp(camera)).ok().map(|at| &self.0[at])
    }

    pub(crate) fn of_id(&self, id: i64) -> Option<&CameraRow> {
        self.0.binary_search_by_key(&id, |row| row.id).ok().map(|at| &self.0[at])
    }

    /// The largest drift of any camera.
    pub(crate) fn widest_drift(&self) -> Drift {
        self.0.iter().fold(Drift::default(), |widest, row| Drift {
            early: widest.early.max(row.drift.early),
            late: widest.late.max(row.drift.late),
        })
    }

    /// The position of a cursor's camera in the order of ids. A camera that is gone is placed beside its neighbour, so
    /// that either all or none of the neighbour's events lie beyond it.
    pub(crate) fn place(&self, camera: &Camera, is_desc: bool) -> i64 {
        let after = self.0.partition_point(|row| row.camera < *camera);
        match self.0.get(after) {
            Some(row) if row.camera == *camera => row.id,
            next if is_desc => next.map_or(i64::MAX, |row| row.id - 1),
            _ => after.checked_sub(1).map_or(0, |before| self.0[before].id + 1),
        }
    }
}
