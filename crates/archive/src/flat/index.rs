//! Lists the flat files below a directory, by camera and day. Where the date is in the names of the files, one listing
//! finds all days; it is kept until the directory changes, and updated by single files.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::fs::FileType;

use super::day::FlatDay;
use super::{Entry, stat_below};
use crate::clock::{Clock, SystemClock};
use crate::dir::{Dir, file_type, mtime};
use crate::error::Result;
use crate::event::{Camera, Day};
use crate::layout::{FileKind, FlatFile, Layout, Parsed};

/// The flat files below one base directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// The days; with the camera where the names separate several.
    pub days: BTreeMap<(Option<Camera>, Day), Arc<FlatDay>>,
    /// Paths that no pattern describes, or that match two of them, sorted; those of directories end with a slash.
    pub unknown: Arc<[String]>,
    /// Each listed directory below the base with its state before it was listed.
    seals: Vec<(String, Seal)>,
}

/// An index while its directories are listed.
#[derive(Default)]
struct Reading {
    files: BTreeMap<(Option<Camera>, Day), Vec<Entry>>,
    unknown: Vec<String>,
    seals: Vec<(String, Seal)>,
}

/// What changes if a name is added to a directory or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seal {
    mtime: i64,
    ctime: i64,
    inode: u64,
}

impl Seal {
    fn of(dir: &Dir) -> Result<Self> {
        let stat = dir.stat_self()?;
        Ok(Self { mtime: mtime(&stat), ctime: stat.stx_ctime, inode: stat.stx_ino })
    }

    fn newest(self) -> i64 {
        self.mtime.max(self.ctime)
    }
}

/// A directory that changed this short a time ago may change again without a new time: they tick in up to 2 s (FAT). In
/// nanoseconds.
const RACY_TIME: i64 = 3_000_000_000;

/// What is listed: the files of these patterns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    pub layout: &'a Layout,
    /// The path that the patterns describe before the base: the day's directory with a slash, or nothing.
    pub prefix: &'a str,
    /// Whether the camera in the names separates the files of several cameras. If not, all are of one.
    pub names_camera: bool,
}

impl Query<'_> {
    /// Whose file of which day it is.
    fn owner(&self, file: &FlatFile) -> (Option<Camera>, Day) {
        (file.camera.clone().filter(|_| self.names_camera), file.day)
    }
}

impl Index {
    /// Lists a directory, and those below that the patterns name.
    pub(crate) fn read(base: &Dir, query: Query<'_>) -> Result<Self> {
        let mut reading = Reading::default();
        reading.read_dir(base, query, "")?;
        let Reading { files, mut unknown, seals } = reading;
        unknown.sort_unstable();
        let days = files.into_iter().map(|(of, entries)| (of, Arc::new(FlatDay::new(entries)))).collect();
        Ok(Self { days, unknown: unknown.into(), seals })
    }

    /// Whether no name was added or removed since it was listed, as far as the times of the directories prove it.
    fn is_current(&self, base: &Dir) -> bool {
        // Compared with the times of the kernel, so the wall clock itself.
        let now = SystemClock.now().nanos();
        let is_same = |(below, seal): &(String, Seal)| {
            let there = match below.strip_suffix('/') {
                None => Seal::of(base),
                Some(path) => super::open_parent(base, &format!("{path}/x"))
                    .and_then(|(dir, _)| Seal::of(dir.as_ref().unwrap_or(base))),
            };
            there.is_ok_and(|there| there == *seal) && seal.newest() < now.saturating_sub(RACY_TIME)
        };
        self.seals.iter().all(is_same)
    }

    /// Adds or removes a file that is there now, or is not.
    fn note(&mut self, query: Query<'_>, path: &str, (file, is_there): (FlatFile, bool)) -> Noted {
        let of = query.owner(&file);
        let before = self.days.get(&of).cloned();
        let entries = before.as_ref().map(|day| day.entries()).unwrap_or_default();
        let was_there = entries.binary_search_by(|entry| (*entry.path).cmp(path)).is_ok();
        if is_there != was_there {
            let mut entries = entries.to_vec();
            if is_there {
                entries.push(Entry { path: path.into(), file });
            } else {
                entries.retain(|entry| &*entry.path != path);
            }
            if entries.is_empty() {
                self.days.remove(&of);
            } else {
                self.days.insert(of.clone(), Arc::new(FlatDay::new(entries)));
            }
        }
        let after = self.days.get(&of).cloned();
        Noted { camera: of.0, day: of.1, before, after }
    }
}

impl Reading {
    fn read_dir(&mut self, dir: &Dir, query: Query<'_>, below: &str) -> Result<()> {
        self.seals.push((below.to_owned(), Seal::of(dir)?));
        let mut dirs = Vec::new();
        let mut whole = format!("{}{below}", query.prefix);
        let stem = whole.len();
        let from = query.prefix.len();
        dir.list(|name, kind| {
            whole.truncate(stem);
            let Ok(name) = std::str::from_utf8(name) else {
                self.unknown.push(format!("{below}{}", String::from_utf8_lossy(name)));
                return;
            };
            whole.push_str(name);
            let parsed = query.layout.parse(&whole);
            // An entry of any kind protects, as in the directory of an event.
            let is_mark = matches!(&parsed, Parsed::File(file) if file.kind == FileKind::Saved);
            let kind = if is_mark { kind } else { dir.kind_of(name.as_bytes(), kind) };
            if !is_mark && kind == FileType::Directory {
                if query.layout.patterns().iter().any(|pattern| pattern.may_lead(&whole)) {
                    dirs.push(name.to_owned());
                } else {
                    self.unknown.push(format!("{}/", &whole[from..]));
                }
                return;
            }
            match parsed {
                Parsed::File(file) if is_mark || kind == FileType::RegularFile => {
                    let of = query.owner(&file);
                    self.files.entry(of).or_default().push(Entry { path: whole[from..].into(), file });
                }
                _ => self.unknown.push(whole[from..].to_owned()),
            }
        })?;
        for name in dirs {
            match dir.open_dir(name.as_bytes()) {
                Err(error) if error.is_no_directory() => {} // removed since it was listed
                inner => self.read_dir(&inner?, query, &format!("{below}{name}/"))?,
            }
        }
        Ok(())
    }
}

/// Listings of directories with flat files, shared by all handles on them.
#[derive(Debug, Default)]
pub(crate) struct IndexCache {
    /// Written by each thread that lists or notes.
    listings: Mutex<HashMap<Key, Listing>>,
    /// For each directory with the files of many days a lock that is held while it is listed, so that others wait for it instead
    /// of listing it too. Written by each thread that lists one for the first time.
    turns: Mutex<HashMap<Key, Arc<Mutex<()>>>>,
}

/// A listing, with the names that were noted since.
#[derive(Debug, Clone)]
struct Listing {
    index: Arc<Index>,
    /// When it was begun.
    at: Instant,
    /// Whether it has the files of many days.
    is_shared: bool,
}

/// A listing is of a directory by the patterns of one camera, or of all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    base: PathBuf,
    layout: Arc<str>,
    names_camera: bool,
}

/// How many listings of single days are kept.
const MAX_DAYS: usize = 64;

/// The directory that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub base: &'a Dir,
    pub query: Query<'a>,
    /// Whether it has the files of many days.
    pub is_shared: bool,
}

impl Place<'_> {
    fn key(&self) -> Key {
        Key {
            base: self.base.path().to_path_buf(),
            layout: Arc::clone(self.query.layout.text()),
            names_camera: self.query.names_camera,
        }
    }
}

impl IndexCache {
    fn listings(&self) -> MutexGuard<'_, HashMap<Key, Listing>> {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, place: Place<'_>) -> Option<Listing> {
        self.listings().get(&place.key()).cloned()
    }

    /// The lock of a directory: a disk that hangs while it is listed must not hold the listings of others.
    fn turn(&self, place: Place<'_>) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(place.key()).or_default())
    }

    /// The files as they are on disk. Lists the directory unless it is unchanged, or was listed at or after `since`.
    pub(crate) fn current(&self, place: Place<'_>, since: Option<Instant>) -> Result<Arc<Index>> {
        let usable = || {
            let known = self.known(place)?;
            let is_usable = since.is_some_and(|since| known.at >= since) || known.index.is_current(place.base);
            is_usable.then_some(known.index)
        };
        if let Some(index) = usable() {
            return Ok(index);
        }
        let turn = place.is_shared.then(|| self.turn(place));
        let _one = turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        if place.is_shared
            && let Some(index) = usable()
        {
            return Ok(index);
        }
        let at = Instant::now();
        let index = Arc::new(Index::read(place.base, place.query)?);
        let mut listings = self.listings();
        if listings.len() >= MAX_DAYS {
            listings.retain(|_, listing| listing.is_shared);
        }
        let listing = Listing { index: Arc::clone(&index), at, is_shared: place.is_shared };
        listings.insert(place.key(), listing);
        Ok(index)
    }

    /// The files as they were last listed or noted; lists the directory the first time.
    pub(crate) fn recent(&self, place: Place<'_>) -> Result<Arc<Index>> {
        self.known(place).map_or_else(|| self.current(place, None), |known| Ok(known.index))
    }

    /// Reads one name again, after a hint that it changed. Returns its day as it was before and as it is now; `None` if the
    /// directory was not listed yet, or no pattern describes the name.
    pub(crate) fn note(&self, place: Place<'_>, path: &str) -> Option<Noted> {
        let Parsed::File(file) = place.query.layout.parse(&format!("{}{path}", place.query.prefix)) else {
            return None;
        };
        // Read before the listings are locked, since its disk may hang. Whatever changes after that is hinted again.
        let is_fit = |stat| file.kind == FileKind::Saved || file_type(&stat) == FileType::RegularFile;
        let is_there = stat_below(place.base, path).is_ok_and(is_fit);
        let mut listings = self.listings();
        let listing = listings.get_mut(&place.key())?;
        Some(Arc::make_mut(&mut listing.index).note(place.query, path, (file, is_there)))
    }
}

/// What a hint about one file changed.
#[derive(Debug)]
pub(crate) struct Noted {
    /// The camera, where the name contains it.
    pub camera: Option<Camera>,
    pub day: Day,
    /// The day's files before; `None` if it had none.
    pub before: Option<Arc<FlatDay>>,
    /// The day's files now.
    pub after: Option<Arc<FlatDay>>,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A directory with 20,000 files is listed once; after that each new file is read by its name.
    #[test]
    fn a_new_file_causes_no_listing() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..20_000 {
            fs::write(
                folder.path().join(format!(
                    "{:04}-2026112813{:02}{:02}-{:02}.jpg",
                    n + 1000,
                    n / 60 % 60,
                    n % 60,
                    n % 100
                )),
                "",
            )
            .unwrap();
        }
        let layout = Layout::new(vec!["%v-%Y%m%d%H%M%S".parse().unwrap()]).unwrap();
        let base = Dir::open_root(folder.path()).unwrap();
        let place =
            Place { base: &base, query: Query { layout: &layout, prefix: "", names_camera: false }, is_shared: true };
        let cache = IndexCache::default();
        let listed = || cache.known(place).unwrap().at;
        let files = |index: &Index| index.days.values().map(|day| day.entries().len()).sum::<usize>();
        assert_eq!(files(&cache.current(place, None).unwrap()), 20_000);
        let first = listed();
        for second in 0..10 {
            let name = format!("30001-202611281400{second:02}.mkv");
            fs::write(folder.path().join(&name), "").unwrap();
            let noted = cache.note(place, &name).unwrap();
            assert_eq!(noted.after.unwrap().event_of(&name).map(|name| name.to_string()), Some("14-00-00".to_owned()));
        }
        assert_eq!((files(&cache.recent(place).unwrap()), listed()), (20_010, first));
        fs::remove_file(folder.path().join("30001-20261128140000.mkv")).unwrap();
        cache.note(place, "30001-20261128140000.mkv").unwrap();
        assert_eq!((files(&cache.recent(place).unwrap()), listed()), (20_009, first));
        assert_eq!(files(&cache.current(place, None).unwrap()), 20_009, "the listing agrees");
        assert!(listed() > first);
    }

    /// Some filesystems do not report the kinds of entries in a listing.
    #[test]
    fn kinds_are_asked_for_where_unknown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        fs::create_dir(folder.path().join("dir")).unwrap();
        std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
        let base = Dir::open_root(folder.path()).unwrap();
        let kind = |name: &str| base.kind_of(name.as_bytes(), FileType::Unknown);
        assert_eq!((kind("file"), kind("dir")), (FileType::RegularFile, FileType::Directory));
        assert_eq!((kind("link"), kind("missing")), (FileType::Symlink, FileType::Unknown));
    }

    /// A camera's disk that hangs while it is listed does not hold the listings of others.
    #[test]
    fn each_directory_is_listed_on_its_own() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layout = Layout::new(vec!["%v-%Y%m%d%H%M%S".parse().unwrap()]).unwrap();
        let dirs = [&one, &other].map(|folder| Dir::open_root(folder.path()).unwrap());
        let query = Query { layout: &layout, prefix: "", names_camera: false };
        let [one, other] = dirs.each_ref().map(|base| Place { base, query, is_shared: true });
        let cache = IndexCache::default();
        let turn = cache.turn(one);
        let _listing = turn.lock().unwrap();
        assert!(cache.turn(one).try_lock().is_err(), "others wait for it");
        assert!(cache.turn(other).try_lock().is_ok());
        cache.current(other, None).unwrap();
    }
}
