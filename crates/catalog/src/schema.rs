//! The catalog's file: its tables, and whether an existing file is a valid catalog.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::Access;
use rustix::io::Errno;

use super::damage::{self, is_damage};
use super::movies::CONTAINERS;
use super::row::{NUMBERS, WIDTHS};
use crate::error::{Error, Operation, Result};
use crate::event::Container;

/// `PRAGMA application_id`: "Owly" in ASCII. A file with another id belongs to another program.
const APPLICATION_ID: i64 = 0x4F77_6C79;
/// `PRAGMA user_version`: grows with every change of the tables, or of what counts as an event. A catalog of another
/// version is rebuilt, which costs a preload and loses nothing.
const VERSION: i64 = 9;

/// `cameras.id` is ordered like `cameras.name` (see `write::camera_id`), so that a key breaks ties in time by name;
/// `early` and `late` are its `cameras::Drift`; the other columns are the totals of its days, which the triggers
/// update, and the number of days with events. `day` counts days since 1970; `name` is an event's name as
/// `row::name_to_sql` encodes it; `start` is wall time in seconds since 1970 as if it were UTC; `length` is in seconds.
/// `frames`, `bytes` and `peak` are NULL until measured, and so are the bits of the motion mask, `motion`. `video`,
/// `debug_video` and `thumbnail` are encoded by `movies`. A day's totals are updated in the transaction that changes its
/// events; its `bytes` include those of its `loose` files, which belong to no event; `loose_bytes` is NULL until they are measured; `hours` is a JSON list of 24 counts, `motion` has the bits of all its events' masks (0 without any), and
/// `motion_groups` those of a few events each (see `groups`).
///
/// Events are stored in the order of their starts, so a page of all cameras is read from one or two places of the file,
/// and a page of one camera from a few (see `select`). All keys descend in time: a walk brings the newest first, so
/// rows are appended or inserted near the end, which fills pages and costs less. Saved events are few and often
/// requested, so they have indexes of their own; each costs only what it contains.
///
/// `entries` is the audit log, by the numbers in its files (see `audit`): `entry` is a line, `what` and `pass` are
/// copies of its fields.
const TABLES: &str = "
CREATE TABLE cameras (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, early INTEGER NOT NULL DEFAULT 0, late INTEGER NOT NULL DEFAULT 0,
  events INTEGER NOT NULL DEFAULT 0, saved INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0, unmeasured INTEGER NOT NULL DEFAULT 0, day_count INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE days (
  camera INTEGER NOT NULL, day INTEGER NOT NULL,
  mtime INTEGER, inode INTEGER,
  measured_at INTEGER,
  events INTEGER NOT NULL, saved INTEGER NOT NULL, open INTEGER NOT NULL,
  bytes INTEGER NOT NULL, unmeasured INTEGER NOT NULL,
  longest INTEGER NOT NULL, strongest INTEGER NOT NULL, hours TEXT NOT NULL,
  motion INTEGER NOT NULL, motion_groups BLOB NOT NULL,
  loose INTEGER NOT NULL DEFAULT 0, loose_bytes INTEGER DEFAULT 0,
  PRIMARY KEY (camera, day)
) WITHOUT ROWID;
CREATE INDEX days_by_motion ON days (day DESC, camera DESC, motion);
CREATE TABLE events (
  camera INTEGER NOT NULL, day INTEGER NOT NULL, name INTEGER NOT NULL,
  start INTEGER NOT NULL, length INTEGER NOT NULL,
  state INTEGER NOT NULL, saved INTEGER NOT NULL,
  frames INTEGER, bytes INTEGER, peak INTEGER, motion INTEGER,
  video, debug_video, thumbnail INTEGER,
  problems TEXT,
  PRIMARY KEY (start DESC, camera DESC, day DESC, name DESC)
) WITHOUT ROWID;
CREATE UNIQUE INDEX events_by_name ON events (camera, day DESC, name DESC);
CREATE INDEX saved_by_start ON events (start DESC, camera DESC, day DESC, name DESC) WHERE saved = 1;
CREATE INDEX saved_by_camera ON events (camera, start DESC, day DESC, name DESC) WHERE saved = 1;
CREATE TRIGGER day_comes AFTER INSERT ON days BEGIN
  UPDATE cameras SET events = events + new.events, saved = saved + new.saved, bytes = bytes + new.bytes,
    unmeasured = unmeasured + new.unmeasured, day_count = day_count + (new.events > 0) WHERE id = new.camera;
END;
CREATE TRIGGER day_changes AFTER UPDATE OF events, saved, bytes, unmeasured ON days BEGIN
  UPDATE cameras SET events = events + new.events - old.events, saved = saved + new.saved - old.saved,
    bytes = bytes + new.bytes - old.bytes, unmeasured = unmeasured + new.unmeasured - old.unmeasured,
    day_count = day_count + (new.events > 0) - (old.events > 0) WHERE id = new.camera;
END;
CREATE TRIGGER day_goes AFTER DELETE ON days BEGIN
  UPDATE cameras SET events = events - old.events, saved = saved - old.saved, bytes = bytes - old.bytes,
    unmeasured = unmeasured - old.unmeasured, day_count = day_count - (old.events > 0) WHERE id = old.camera;
END;
CREATE TABLE entries (id INTEGER PRIMARY KEY, what TEXT NOT NULL, pass TEXT, entry TEXT NOT NULL);
CREATE INDEX entries_of_passes ON entries (pass) WHERE what IN ('pass', 'deleted');
";

/// Views for users of the `sqlite3` program; documented in `doc/catalog.md`, and kept when the tables change.
fn views() -> String {
    let movie = |(code, movie): (usize, &Container)| format!(" WHEN {code} THEN '{}'", movie.file_name());
    let movies: String = Container::ALL.iter().enumerate().map(movie).collect();
    format!(
        "CREATE VIEW event AS SELECT
  c.name || '/' || date(e.day * 86400, 'unixepoch') || '/' || iif(e.name < {NUMBERS},
    printf('%02d-%02d-%02d', e.name / 3600, e.name / 60 % 60, e.name % 60), printf('%0*d', (e.name - {NUMBERS}) % {WIDTHS}, (e.name - {NUMBERS}) / {WIDTHS})) AS id,
  c.name AS camera, date(e.day * 86400, 'unixepoch') AS day,
  strftime('%Y-%m-%dT%H:%M:%S', e.start, 'unixepoch') AS start,
  strftime('%Y-%m-%dT%H:%M:%S', e.start + e.length, 'unixepoch') AS end,
  e.length AS seconds,
  CASE e.state WHEN 0 THEN 'open' WHEN 1 THEN 'complete' ELSE 'interrupted' END AS state,
  e.saved AS saved, e.frames AS frames, e.bytes AS bytes, e.peak AS peak_change,
  iif(e.motion IS NULL, NULL, printf('%016x', e.motion)) AS motion_mask,
  iif(typeof(e.video) = 'text', json_extract(e.video, '$[0].name'), CASE e.video % {CONTAINERS}{movies} END) AS video, coalesce(e.problems, '[]') AS problems,
  e.start AS start_secs
FROM events e JOIN cameras c ON c.id = e.camera;
CREATE VIEW day AS SELECT
  c.name AS camera, date(d.day * 86400, 'unixepoch') AS day, d.events AS events, d.saved AS saved, d.open AS open,
  iif(d.unmeasured = 0 AND d.loose_bytes IS NOT NULL, d.bytes, NULL) AS bytes, d.loose AS loose, d.longest AS longest_seconds, d.strongest AS peak_change, d.hours AS hours,
  datetime(d.measured_at, 'unixepoch') AS measured_at
FROM days d JOIN cameras c ON c.id = d.camera;
CREATE VIEW audit AS SELECT
  id, json_extract(entry, '$.at') AS at, what, pass, json_extract(entry, '$.camera') AS camera,
  json_extract(entry, '$.day') AS day, json_extract(entry, '$.events') AS events,
  json_extract(entry, '$.count') AS count, json_extract(entry, '$.bytes') AS bytes,
  json_extract(entry, '$.undo_until') AS undo_until, json_extract(entry, '$.by') = 'hand' AS by_hand,
  json_extract(entry, '$.guard') AS guard, json_extract(entry, '$.reason') AS reason
FROM entries;
"
    )
}

/// Pages of the write-ahead log (4 KiB each) after which it is checkpointed.
const CHECKPOINT_PAGES: i64 = 4096;

/// Why a catalog cannot be used.
pub(super) enum Trouble {
    /// The file is damaged, foreign or of another version: it has to be set aside.
    Unusable(String),
    /// It could not be opened for another reason: the directory, the disk, a lock.
    Sql(&'static str, rusqlite::Error),
}

impl Trouble {
    pub(crate) fn into_error(self, path: &Path) -> Error {
        match self {
            Self::Unusable(why) => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
                let source = rusqlite::Error::SqliteFailure(code, Some(why));
                damage::error("use", path, source)
            }
            Self::Sql(op, source) => damage::error(op, path, source),
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Unusable(error.to_string()) } else { Self::Sql("open", error) }
    }
}

/// Opens the file for writing, and creates it if there is none. Returns whether it is new.
pub(super) fn open_writer(path: &Path) -> Result<(Connection, bool), Trouble> {
    if let Some(why) = obstruction(path) {
        return Err(Trouble::Unusable(why));
    }
    // One thread at a time uses it, so SQLite need not lock it for each call.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    let is_new = pragma(&connection, "application_id")? == 0 && pragma(&connection, "user_version")? == 0 && {
        let tables: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
        tables == 0
    };
    if is_new {
        // The catalog can be rebuilt from the tree, so a commit need not wait for the disk; WAL keeps the file
        // consistent. It does not matter if a new, empty catalog does not survive a crash of the machine.
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(&views())?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    } else {
        check(&connection)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    Ok((connection, is_new))
}

/// Checks that an open file is a catalog of this version.
pub(super) fn check(connection: &Connection) -> Result<(), Trouble> {
    let application = pragma(connection, "application_id")?;
    if application != APPLICATION_ID {
        return Err(Trouble::Unusable("it is not a catalog of Owlery's".to_owned()));
    }
    let version = pragma(connection, "user_version")?;
    if version != VERSION {
        return Err(Trouble::Unusable(format!("it is of version {version}, and this is version {VERSION}")));
    }
    let expected = Connection::open_in_memory()?;
    expected.execute_batch(TABLES)?;
    expected.execute_batch(&views())?;
    if tables(connection)? != tables(&expected)? {
        return Err(Trouble::Unusable("its tables are not those of this version".to_owned()));
    }
    // A cheap read of each table: enough to notice a file that was truncated or overwritten at its beginning.
    for table in ["cameras", "days", "events", "entries"] {
        connection.query_row(&format!("SELECT COUNT(*) FROM (SELECT * FROM {table} LIMIT 1)"), [], |_| Ok(()))?;
    }
    Ok(())
}

/// Tables and indexes as they were declared.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut declared = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")?;
    declared.query_map([], |row| row.get(0))?.collect()
}

/// Connections that only read. They open the file for writing too, since a WAL needs its shared memory.
pub(super) fn open_readers(path: &Path, count: usize) -> Result<Vec<Connection>> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .or_else(|_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        configure(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    (0..count).map(|_| open().map_err(|source| damage::error("open", path, source))).collect()
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    // One plan for a statement whatever is bound to it: otherwise each new LIMIT compiles it again, which costs as much
    // as the page itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -2048)?; // KiB
    connection.pragma_update(None, "temp_store", "MEMORY")
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// Why the file, or one of its companions, cannot be used although it exists: a directory, a socket, a file that only
/// another user may write.
fn obstruction(path: &Path) -> Option<String> {
    SUFFIXES.iter().find_map(|suffix| {
        let path = with_suffix(path, suffix);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.symlink_metadata().ok()?;
        if !path.metadata().is_ok_and(|meta| meta.is_file()) {
            return Some(format!("{name} is not a file"));
        }
        let access = rustix::fs::access(&path, Access::READ_OK | Access::WRITE_OK);
        let denied = matches!(access, Err(Errno::ACCESS | Errno::PERM)); // the latter for immutable files
        denied.then(|| format!("{name} may not be read and written"))
    })
}

/// The catalog's file is the first; SQLite adds the others.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// How many names are tried for a file that is set aside. More than one is needed only if a directory that is not empty
/// has the name.
const MAX_ASIDE_NAMES: u32 = 9;

/// Writes a copy of a catalog to a path without a file.
pub(super) fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let to = to.as_os_str().as_encoded_bytes();
    from.execute("VACUUM INTO CAST(?1 AS TEXT)", [to]).map(|_| ())
}

/// Removes the file and its companions; best effort.
pub(super) fn remove(path: &Path) {
    for suffix in SUFFIXES {
        let path = with_suffix(path, suffix);
        if let Err(error) = owlery_state::remove_file(&path) {
            tracing::debug!("cannot remove {}: {error}", path.display());
        }
    }
}

/// Renames the file and its companions, and returns the new path. Replaces an older one that was set aside: one is
/// enough for an investigation.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf> {
    let name = |n: u32| path.with_extension(if n == 1 { "db.aside".to_owned() } else { format!("db.aside{n}") });
    let is_free = |aside: &PathBuf| SUFFIXES.iter().all(|suffix| make_room(&with_suffix(aside, suffix)));
    let aside = (1..=MAX_ASIDE_NAMES).map(name).find(is_free).unwrap_or_else(|| name(1));
    for suffix in SUFFIXES {
        let from = with_suffix(path, suffix);
        owlery_state::rename(&from, &with_suffix(&aside, suffix))
            .map_err(|error| Error::io(Operation::SetAside, &from, error))?;
    }
    Ok(aside)
}

/// Removes a file or an empty directory; true if the name is free then.
fn make_room(path: &Path) -> bool {
    owlery_state::remove_file(path).is_ok() || owlery_state::remove_empty_folder(path).is_ok()
}
