//! A connection that reads: each question is answered within one transaction, and the cameras, which every question about
//! events needs and which seldom change, are read once for all questions of the same moment.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

use rusqlite::Connection;

use super::cameras::Cameras;

/// A connection for reading. It is used by one thread at a time.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    /// The cameras, and the version of the file that they were read from. Written and read by [`Reader::cameras`].
    cameras: RefCell<Option<(i64, Arc<Cameras>)>>,
}

impl Reader {
    pub fn new(connection: Connection) -> Self {
        Self { connection, cameras: RefCell::new(None) }
    }

    /// What is read in one transaction is of one moment, and the file is locked once rather than for each statement.
    pub fn in_transaction<T>(&self, query: impl FnOnce(&Self) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.prepare_cached("BEGIN")?.execute([])?;
        let result = query(self).and_then(|found| {
            self.prepare_cached("COMMIT")?.execute([])?;
            Ok(found)
        });
        // SQLite ends the transaction itself after some errors. What went wrong with the query is what is told.
        if result.is_err() && !self.is_autocommit() {
            let _ = self.execute_batch("ROLLBACK");
        }
        result
    }

    /// The cameras as of the transaction. The version changes whenever another connection has changed the file
    /// (<https://sqlite.org/pragma.html#pragma_data_version>), and this one changes nothing.
    pub fn cameras(&self) -> rusqlite::Result<Arc<Cameras>> {
        let version: i64 = self.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        let mut known = self.cameras.borrow_mut();
        if let Some((of, cameras)) = known.as_ref()
            && *of == version
        {
            return Ok(Arc::clone(cameras));
        }
        let cameras = Arc::new(Cameras::read(self)?);
        *known = Some((version, Arc::clone(&cameras)));
        Ok(cameras)
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}
