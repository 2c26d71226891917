//! A reading connection. Each query is one transaction. The cameras, which every query about events needs and which
//! seldom change, are read once for all queries of the same version of the file.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

use rusqlite::Connection;

use super::cameras::Cameras;

/// A connection for reading, used by one thread at a time.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    /// The cameras, and the version of the file that they were read from. Written and read by [`Reader::cameras`].
    cameras: RefCell<Option<(i64, Arc<Cameras>)>>,
}

impl Reader {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, cameras: RefCell::new(None) }
    }

    /// Runs a query in one transaction: all of its reads see the same state, and the file is locked once instead of for
    /// each statement.
    pub(crate) fn in_transaction<T>(&self, query: impl FnOnce(&Self) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.prepare_cached("BEGIN")?.execute([])?;
        let result = query(self).and_then(|found| {
            self.prepare_cached("COMMIT")?.execute([])?;
            Ok(found)
        });
        // SQLite ends the transaction itself after some errors. The query's own error is returned then.
        if result.is_err() && !self.is_autocommit() {
            let _ = self.execute_batch("ROLLBACK");
        }
        result
    }

    /// The cameras as of the transaction. The version changes whenever another connection has changed the file
    /// (<https://sqlite.org/pragma.html#pragma_data_version>), and this connection changes nothing.
    pub(crate) fn cameras(&self) -> rusqlite::Result<Arc<Cameras>> {
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
