//! The index in an SQLite database, `index.db` in the cache's directory.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Index, Row, Touch};

const FILE: &str = "index.db";
/// The version of the schema. A database of another version is made again.
const VERSION: i64 = 1;
/// The files of a database.
const FILES: [&str; 3] = ["index.db", "index.db-wal", "index.db-shm"];

/// The open database. Only the cache's own lock protects it from others.
#[derive(Debug)]
pub(crate) struct SqliteIndex {
    dir: PathBuf,
    db: Connection,
    /// Identifies this run of the system: after a power cut, the last transactions may be missing.
    boot: String,
}

impl SqliteIndex {
    /// Opens the database. One that is damaged or of another version is removed and made again, with one warning.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let first = Self::try_open(dir);
        let db = first.or_else(|error| {
            let path = dir.join(FILE);
            tracing::warn!("cannot use {}: {error}; it is made again from the sidecars", path.display());
            remove_files(dir)?;
            Self::try_open(dir).map_err(io::Error::other)
        })?;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Ok(Self { dir: dir.to_owned(), db, boot: boot.trim().to_owned() })
    }

    fn try_open(dir: &Path) -> Result<Connection, rusqlite::Error> {
        if FILES.iter().any(|file| dir.join(file).is_symlink()) {
            return Err(rusqlite::Error::InvalidPath(dir.join(FILE)));
        }
        let db = Connection::open(dir.join(FILE))?;
        // A kill loses nothing without syncs, and a power cut is noticed by the boot's id.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != VERSION {
            let sum: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if sum > 0 {
                return Err(rusqlite::Error::InvalidParameterName(format!("version {version} is not {VERSION}")));
            }
            db.execute_batch(
                "CREATE TABLE entry (
                   key TEXT PRIMARY KEY, mime_type TEXT NOT NULL, file_name TEXT NOT NULL, size INTEGER NOT NULL,
                   created INTEGER NOT NULL, modified INTEGER NOT NULL, used INTEGER NOT NULL, hits INTEGER NOT NULL,
                   sha256 BLOB, synced INTEGER NOT NULL
                 ) WITHOUT ROWID;
                 CREATE TABLE complete (boot TEXT NOT NULL);",
            )?;
            db.pragma_update(None, "user_version", VERSION)?;
        }
        Ok(db)
    }

    /// Runs `work` in a transaction.
    fn transaction(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> io::Result<()> {
        let run = || {
            let transaction = self.db.transaction()?;
            work(&transaction)?;
            transaction.commit()
        };
        run().map_err(io::Error::other)
    }
}

impl Index for SqliteIndex {
    fn load(&mut self, each: &mut dyn FnMut(Row)) -> io::Result<bool> {
        let mut load = || -> rusqlite::Result<bool> {
            let boot: Option<String> =
                self.db.query_row("SELECT boot FROM complete LIMIT 1", [], |row| row.get(0)).optional()?;
            if boot.as_ref() != Some(&self.boot) {
                self.db.execute_batch("DELETE FROM complete; DELETE FROM entry;")?;
                return Ok(false);
            }
            let mut select = self.db.prepare(
                "SELECT key, mime_type, file_name, size, created, modified, used, hits, sha256, synced FROM entry",
            )?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                each(Row {
                    key: row.get(0)?,
                    mime_type: row.get(1)?,
                    file_name: row.get(2)?,
                    size: row.get::<_, i64>(3)?.cast_unsigned(),
                    created: row.get::<_, i64>(4)?.cast_unsigned(),
                    modified: row.get::<_, i64>(5)?.cast_unsigned(),
                    used: row.get::<_, i64>(6)?.cast_unsigned(),
                    hits: row.get::<_, i64>(7)?.cast_unsigned(),
                    sha256: row.get(8)?,
                    is_synced: row.get(9)?,
                });
            }
            Ok(true)
        };
        load().map_err(io::Error::other)
    }

    fn add(&mut self, rows: &[Row]) -> io::Result<()> {
        self.transaction(|transaction| {
            let mut insert =
                transaction.prepare_cached("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
            for row in rows {
                insert.execute(params![
                    row.key,
                    row.mime_type,
                    row.file_name,
                    row.size.cast_signed(),
                    row.created.cast_signed(),
                    row.modified.cast_signed(),
                    row.used.cast_signed(),
                    row.hits.cast_signed(),
                    row.sha256,
                    row.is_synced
                ])?;
            }
            Ok(())
        })
    }

    fn remove(&mut self, keys: &[&str]) -> io::Result<()> {
        self.transaction(|transaction| {
            let mut delete = transaction.prepare_cached("DELETE FROM entry WHERE key = ?")?;
            keys.iter().try_for_each(|key| delete.execute([key]).map(|_| ()))
        })
    }

    fn touch(&mut self, touches: &[Touch<'_>]) -> io::Result<()> {
        self.transaction(|transaction| {
            let mut update = transaction.prepare_cached("UPDATE entry SET used = ?, hits = ? WHERE key = ?")?;
            let mut note = |touch: &Touch<'_>| {
                update.execute(params![touch.used.cast_signed(), touch.hits.cast_signed(), touch.key]).map(|_| ())
            };
            touches.iter().try_for_each(&mut note)
        })
    }

    fn complete(&mut self) -> io::Result<()> {
        let boot = self.boot.clone();
        self.transaction(|transaction| {
            transaction.execute("DELETE FROM complete", [])?;
            transaction.execute("INSERT INTO complete VALUES (?)", [boot]).map(|_| ())
        })
    }

    fn destroy(self: Box<Self>) -> io::Result<()> {
        let dir = self.dir.clone();
        drop(self);
        remove_files(&dir)
    }
}

#[allow(clippy::disallowed_methods)] // the files of this database alone
fn remove_files(dir: &Path) -> io::Result<()> {
    for file in FILES {
        match std::fs::remove_file(dir.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
