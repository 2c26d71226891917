//! The catalog: an index of all events (SQLite, WAL). It is derived from the tree and disposable. It never reads the
//! tree, and a file that it lacks is never deleted for that reason. One connection writes, a few read beside it. A catalog that is
//! corrupt, foreign or of another version is set aside and rebuilt.

mod ages;
mod audit;
mod cameras;
mod choice;
mod damage;
mod days;
mod groups;
mod movies;
mod names;
mod query;
mod read;
mod reader;
mod room;
mod row;
mod schema;
mod select;
mod view;
mod write;

use owlery_model::{clock, error, event, retention};
use owlery_state::{state_file, temporary_folder};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

pub use ages::CameraAges;
pub use audit::AuditPage;
pub use choice::{Choice, Chooser};
pub(crate) use damage::is_damage;
pub use days::DaySummary;
pub use names::NamesByDay;
pub use query::{Cursor, Order, Page, Query};
pub use read::{CameraSummary, Named, NamedRange};
use room::is_in_the_way;
pub use room::lacks_room;
pub use write::{Applied, EventUpdate};

use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::temporary_folder::TemporaryFolder;
use damage::Rebuilds;
use reader::Reader;

/// Reading connections: this many for short queries, and this many for all others.
const READERS: usize = 2;
/// After this many steps of SQLite (about a millisecond), [`Catalog::check`] checks whether to rest or to end.
const CHECK_STEPS: i32 = 2_000;
/// How long the check works before a rest.
const CHECK_WORK: Duration = Duration::from_millis(10);
/// The longest rest: a slow disk must not make the check last for ever.
const MAX_REST: Duration = Duration::from_secs(1);

/// The catalog of one archive.
#[derive(Debug)]
pub struct Catalog {
    /// Changed by `leave_disk` and `return_to_disk`.
    place: Mutex<Place>,
    /// Used to apply changes; replaced as a whole by `rebuild`.
    writer: Mutex<write::WriteConnection>,
    /// Idle connections: taken by a query, put back when it is done.
    readers: Mutex<Readers>,
    reader_back: Condvar,
    /// Grows with every applied change. Written by the writer.
    generation: AtomicU64,
    /// Whether the file was found to be damaged. Set by the thread that finds it, cleared by `mend`.
    damaged: AtomicBool,
    /// Grows with every rebuild. Written by `mend`.
    rebuilt: AtomicU64,
    /// When a rebuild may begin. Used by `mend`.
    rebuilds: Mutex<Rebuilds>,
    /// Whether it was started empty, so that everything has to be walked again. Set by `leave_disk`, cleared by
    /// `take_emptied`.
    emptied: AtomicBool,
}

/// The place of the file.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// The temporary folder of the file while its own disk is full, and its regular path.
    away: Option<(TemporaryFolder, PathBuf)>,
}

#[derive(Debug)]
struct Readers {
    /// For queries of a fraction of a millisecond.
    quick: Vec<Reader>,
    /// For queries that may take long.
    patient: Vec<Reader>,
    /// The generation of these connections; it grows with every `rebuild`, so that an old connection is not put back.
    epoch: u64,
}

/// What was found when the catalog was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A valid catalog.
    Found,
    /// Nothing; a new one was created.
    Created,
    /// An unusable file. It was moved to this path, and a new catalog was created. The text says why.
    SetAside(PathBuf, String),
}

impl Catalog {
    /// Opens or creates `catalog.db` in the state directory, or in a temporary folder if the disk has no room, or if
    /// the existing file can be neither used nor set aside.
    pub fn open(state_dir: &Path) -> Result<(Self, Opened)> {
        let home = state_dir.join("catalog.db");
        let why = if room::is_dangerous(&home) {
            format!("the disk of {} is nearly full", state_dir.display())
        } else {
            match Self::open_at(home.clone(), None) {
                Err(error) if lacks_room(&error) || is_in_the_way(&error) => error.chain(),
                other => return other,
            }
        };
        let folder = TemporaryFolder::new()?;
        schema::remove(&home); // it is derived, and its space is needed
        tracing::warn!("{why}; the catalog lies in {} for now", folder.path().display());
        Self::open_at(folder.path().join("catalog.db"), Some((folder, home)))
    }

    fn open_at(path: PathBuf, away: Option<(TemporaryFolder, PathBuf)>) -> Result<(Self, Opened)> {
        let (writer, opened) = match schema::open_writer(&path) {
            Ok((connection, is_new)) => (connection, if is_new { Opened::Created } else { Opened::Found }),
            Err(schema::Trouble::Unusable(why)) => {
                let aside = schema::set_aside(&path)?;
                let (connection, _) = schema::open_writer(&path).map_err(|trouble| trouble.into_error(&path))?;
                (connection, Opened::SetAside(aside, why))
            }
            Err(trouble) => return Err(trouble.into_error(&path)),
        };
        let readers = Readers::open(&path, 0)?;
        Ok((Self::of(Place { path, away }, writer, readers), opened))
    }

    fn of(place: Place, writer: rusqlite::Connection, readers: Readers) -> Self {
        Self {
            place: Mutex::new(place),
            writer: Mutex::new(write::WriteConnection::new(writer)),
            readers: Mutex::new(readers),
            reader_back: Condvar::new(),
            generation: AtomicU64::new(0),
            damaged: AtomicBool::new(false),
            rebuilt: AtomicU64::new(0),
            rebuilds: Mutex::default(),
            emptied: AtomicBool::new(false),
        }
    }

    /// The path of its file.
    pub fn path(&self) -> PathBuf {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).path.clone()
    }

    /// Opens the catalog of a state directory for reading beside the process that writes it.
    pub fn open_beside(state_dir: &Path) -> Result<Self> {
        let path = state_dir.join("catalog.db");
        let readers = Readers::open(&path, 0)?;
        schema::check(&readers.quick[0]).map_err(|trouble| trouble.into_error(&path))?;
        let writer = schema::open_readers(&path, 1)?.remove(0); // writing through it fails, as intended
        Ok(Self::of(Place { path, away: None }, writer, readers))
    }

    /// Grows with every change. What was read is still valid while the generation is the same.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the file was found to be damaged since it was opened.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Acquire)
    }

    /// Makes the next [`Catalog::mend`] rebuild the catalog.
    pub fn distrust(&self) {
        self.damaged.store(true, Ordering::Release);
    }

    /// How often the catalog was rebuilt since it was opened. Events read before a rebuild may be missing after it.
    pub fn rebuilt(&self) -> u64 {
        self.rebuilt.load(Ordering::Acquire)
    }

    /// Reads the whole file to find damage, and compares its indexes with its tables; false if something is wrong. Slow
    /// on a large catalog: it takes half of the disk's time at most, and queries and changes go on meanwhile. Returns
    /// `None` early when stopped, or when the file was found to be damaged or was replaced.
    pub fn check(self: &Arc<Self>, stop: &Stop) -> Result<Option<bool>> {
        let mut connection = schema::open_readers(&self.path(), 1)?.remove(0);
        let (catalog, stop, rebuilt) = (Arc::clone(self), stop.clone(), self.rebuilt());
        let mut begun = Instant::now();
        let is_over = move || {
            let worked = begun.elapsed();
            if worked < CHECK_WORK {
                return false;
            }
            let is_stopped = stop.wait(worked.min(MAX_REST));
            begun = Instant::now();
            is_stopped || catalog.is_damaged() || catalog.rebuilt() != rebuilt
        };
        let failed = |source| self.failed("check", source);
        connection.progress_handler(CHECK_STEPS, Some(is_over)).map_err(failed)?;
        let verdict = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        let is_sound = match verdict {
            Ok(verdict) => verdict == "ok",
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => return Ok(None),
            Err(error) if is_damage(&error) => false,
            Err(error) => return Err(failed(error)),
        };
        if !is_sound {
            self.distrust();
        }
        Ok(Some(is_sound))
    }

    /// Sets a damaged catalog aside and creates an empty one; its events are missing until the archive is walked again.
    /// Returns the path of the old one, or `None` if there is nothing to mend, or if it is too soon after the last
    /// attempt. After an error the old file stays in use.
    pub fn mend(&self) -> Result<Option<PathBuf>> {
        let mut writer = self.writer();
        if !self.is_damaged() {
            return Ok(None);
        }
        if !self.rebuilds.lock().unwrap_or_else(PoisonError::into_inner).begin(Instant::now()) {
            return Ok(None);
        }
        let path = self.path();
        let aside = schema::set_aside(&path)?;
        let (connection, _) = schema::open_writer(&path).map_err(|trouble| trouble.into_error(&path))?;
        let epoch = self.readers().epoch + 1;
        let fresh = Readers::open(&path, epoch)?;
        *writer = write::WriteConnection::new(connection);
        *self.readers() = fresh;
        self.damaged.store(false, Ordering::Release);
        self.rebuilt.fetch_add(1, Ordering::AcqRel);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.reader_back.notify_all();
        Ok(Some(aside))
    }

    /// Sets a damaged catalog aside at the end of this process, so that the next one builds a new catalog.
    pub fn leave(&self) {
        if self.is_damaged()
            && let Err(error) = schema::set_aside(&self.path())
        {
            tracing::warn!("{}", error.chain());
        }
    }

    fn writer(&self) -> MutexGuard<'_, write::WriteConnection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a query that may take long on a connection for such; all of its statements see the same state.
    fn read<T>(&self, op: &'static str, query: impl FnOnce(&Reader) -> rusqlite::Result<T>) -> Result<T> {
        self.read_on(|readers| &mut readers.patient, op, query)
    }

    /// Like `read`, for queries that take a fraction of a millisecond and never wait for longer ones. For threads that
    /// must not wait.
    fn read_at_once<T>(&self, op: &'static str, query: impl FnOnce(&Reader) -> rusqlite::Result<T>) -> Result<T> {
        self.read_on(|readers| &mut readers.quick, op, query)
    }

    fn read_on<T>(
        &self,
        idle: impl Fn(&mut Readers) -> &mut Vec<Reader>,
        op: &'static str,
        query: impl FnOnce(&Reader) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let (reader, epoch) = {
            let mut readers = self.readers();
            loop {
                if let Some(reader) = idle(&mut readers).pop() {
                    break (reader, readers.epoch);
                }
                readers = self.reader_back.wait(readers).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let result = reader.in_transaction(query);
        let mut readers = self.readers();
        if readers.epoch == epoch {
            idle(&mut readers).push(reader);
            self.reader_back.notify_all();
        }
        drop(readers);
        result.map_err(|source| self.failed(op, source))
    }

    /// Converts an error of SQLite, and records whether it means that the file is damaged.
    fn failed(&self, op: &'static str, source: rusqlite::Error) -> Error {
        if is_damage(&source) {
            self.distrust();
        }
        damage::error(op, &self.path(), source)
    }
}

impl Readers {
    fn open(path: &Path, epoch: u64) -> Result<Self> {
        let open = || Ok(schema::open_readers(path, READERS)?.into_iter().map(Reader::new).collect());
        Ok(Self { quick: open()?, patient: open()?, epoch })
    }
}

#[cfg(test)]
mod tests;
