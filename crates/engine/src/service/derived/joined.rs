//! One movie of the events of a camera: which events, whether they are too much, and the job that makes it. It is kept in the media
//! cache, under a key of all its events, with the list of those that could not be used beside it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::NaiveDateTime;
use owlery_cache::{Cache, Content, Label, Media};
use owlery_media::{
    Error as MediaError, Ffmpeg, Job, Movie, MoviePart, MovieType, Playable, Ticket, Urgency, join_movies,
    movie_of_frames,
};
use owlery_model::printable::printable;
use tokio::sync::OwnedSemaphorePermit;

use super::files::{self, Frames};
use super::make::{keep, unreadable};
use super::{DerivedError, Made, STORED, WORK};
use crate::catalog::Query;
use crate::clock::Stop;
use crate::error::Error;
use crate::event::{Camera, Event, EventId, Located, State};
use crate::service::handle::Handle;
use crate::service::leftovers;
use crate::service::located::UsableStores;
use crate::service::media_files::MediaFiles;

/// The most events of a joined movie.
pub(super) const MAX_EVENTS: usize = 1000;
/// The most bytes of movies that are joined.
const MAX_BYTES: u64 = 4 << 30;
/// How many joined movies are made or wait at a time.
pub(super) const MAX_JOINS: usize = 4;
/// The room that stays free on the disk of the cache.
const SPARE_ROOM: u64 = 64 << 20;
/// How often the movies are on the disk while they are joined: the parts, the result, and its copy in the cache.
const COPIES: u64 = 3;
/// The part of the work that the parts are.
const PARTS: f32 = 0.5;

/// The events of one movie, in order.
#[derive(Debug, Clone)]
pub struct JoinedMovie {
    camera: Camera,
    events: Arc<[Located]>,
    /// Events that are still being recorded, which are no part of it.
    open: Vec<EventId>,
    key: String,
}

/// What there is of a joined movie.
#[derive(Debug)]
pub enum Joined {
    /// It is in the cache. The ids are those of events of which nothing, or not all, is in it.
    Ready(Content, Vec<String>),
    /// It is being made.
    Making(Ticket<Made>),
}

/// Why there is no joined movie.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// No event matches.
    #[error("no such event")]
    Nothing,
    /// All events that match are still being recorded.
    #[error("every event of this range is still being recorded")]
    AllOpen,
    /// There are more than 1,000.
    #[error("more than {MAX_EVENTS} events: choose a shorter range (from, to)")]
    TooMany,
    /// The movies have too many bytes.
    #[error(
        "the movies have {bytes} bytes, and one movie may have {limit} (4 GiB, and --cache-size): choose a shorter range \
         (from, to)"
    )]
    TooLarge {
        /// The bytes of all of them.
        bytes: u64,
        /// The most that may be joined.
        limit: u64,
    },
    /// Their files are in more than one store, so no one user's rights would be those of the result.
    #[error(
        "the events of this range are in several stores: choose a range of one of them, or bring them back with \
         `owlery recall`"
    )]
    SeveralStores,
    /// The disk of the cache has too little room to make it.
    #[error("joining these movies takes {needed} bytes on the disk of the media cache, and {free} are free")]
    NoRoom {
        /// The bytes that are needed for a while.
        needed: u64,
        /// The bytes that are free.
        free: u64,
    },
    /// Others are being made.
    #[error("{MAX_JOINS} movies are being joined; try again later")]
    Busy,
    /// The events, the cache or the programs cannot be used.
    #[error(transparent)]
    Derived(#[from] DerivedError),
}

impl From<Error> for JoinError {
    fn from(error: Error) -> Self {
        Self::Derived(error.into())
    }
}

impl JoinedMovie {
    /// When its first event begins, and its last one ends.
    pub fn span(&self) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let (first, last) = (self.events.first()?, self.events.last()?);
        Some((first.event.details.start, last.event.details.end))
    }

    /// The camera.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Where events of it are that are not in the archive.
    pub fn first_location(&self) -> crate::event::Location {
        let of_store = self.events.iter().find(|located| located.location.store().is_some());
        of_store.or(self.events.first()).map_or(crate::event::Location::Local, |located| located.location.clone())
    }

    fn new(camera: Camera, events: Vec<Located>, open: Vec<EventId>) -> Result<Self, JoinError> {
        let stores: BTreeSet<&str> = events.iter().filter_map(|located| located.location.store()).collect();
        if stores.len() > 1 {
            return Err(JoinError::SeveralStores);
        }
        let mut hasher = DefaultHasher::new();
        for Located { event, location } in &events {
            let details = &event.details;
            (event.id.to_string(), details.start, details.end, details.frames, details.bytes).hash(&mut hasher);
            location.store().hash(&mut hasher);
            for movie in &*details.videos {
                movie.name.as_str().hash(&mut hasher);
            }
        }
        let place = stores.first().map_or_else(|| "owlery:".to_owned(), |store| format!("{STORED}{store}/"));
        let key = format!("{place}export.mp4/{camera}?events={}&v={:016x}", events.len(), hasher.finish());
        Ok(Self { camera, events: events.into(), open, key })
    }

    /// The bytes of all movies; of an event without movies, of its frames.
    fn bytes(&self) -> u64 {
        let of = |event: &Event| {
            let sizes = event.details.videos.iter().map(|movie| movie.bytes);
            let all: Option<u64> = sizes.sum();
            if event.details.videos.is_empty() { event.details.bytes } else { all.or(event.details.bytes) }
        };
        self.events.iter().map(|located| of(&located.event).unwrap_or(0)).fold(0, u64::saturating_add)
    }

    /// The key of the list of events that could not be used.
    fn list_key(&self) -> String {
        format!("{}&left-out", self.key)
    }
}

impl Handle {
    /// The events of a camera that match a query, which lists them oldest first, for one movie. Blocks as queries do.
    ///
    /// # Errors
    /// There are none, or too many.
    pub fn events_to_join(
        &self,
        camera: &Camera,
        mut query: Query,
        stores: &UsableStores,
    ) -> Result<JoinedMovie, JoinError> {
        let (mut events, mut open) = (Vec::new(), Vec::new());
        loop {
            let page = self.located_events(&query, stores)?;
            for located in page.events {
                match located.event.details.state {
                    State::Open => open.push(located.event.id),
                    State::Complete | State::Interrupted => events.push(located),
                }
            }
            if events.len() + open.len() > MAX_EVENTS {
                return Err(JoinError::TooMany);
            }
            match page.next {
                Some(next) => query = query.cursor(next),
                None => break,
            }
        }
        match (events.is_empty(), open.is_empty()) {
            (true, true) => Err(JoinError::Nothing),
            (true, false) => Err(JoinError::AllOpen),
            _ => JoinedMovie::new(camera.clone(), events, open),
        }
    }

    /// A joined movie: that of the cache, else the job that makes it, which is started if there is none. Blocks for as long as the
    /// disk of the cache takes.
    ///
    /// # Errors
    /// It is too large, too many are being made, or the cache cannot be used.
    pub fn joined_movie(self: &Arc<Self>, movie: &JoinedMovie) -> Result<Joined, JoinError> {
        let cache = self.cache()?;
        if let Some((content, mut left_out)) = cached(&cache, movie) {
            left_out.extend(movie.open.iter().map(ToString::to_string));
            return Ok(Joined::Ready(content, left_out));
        }
        let mut pools = self.derivation.lock();
        let pools = pools.as_mut().ok_or(Error::Stopped)?;
        let is_of_store = movie.events.iter().any(|located| located.location.store().is_some());
        let pool = if is_of_store { pools.of_stores().map_err(DerivedError::from)? } else { &pools.movies };
        // Another request shares the job, or gets the error of one that failed a while ago.
        let is_known = pool.state(&movie.key).is_some();
        let permit = if is_known { None } else { Some(self.permit_to_join(&cache, movie)?) };
        let work = Work { handle: Arc::downgrade(self), movie: movie.clone(), _permit: permit };
        let key = movie.key.clone();
        Ok(Joined::Making(pool.submit(key, Urgency::OnDemand, move |job| work.run(job))))
    }
}

impl Handle {
    fn permit_to_join(&self, cache: &Cache, movie: &JoinedMovie) -> Result<OwnedSemaphorePermit, JoinError> {
        check_size(cache, movie.bytes())?;
        Arc::clone(&self.derivation.joins).try_acquire_owned().map_err(|_| JoinError::Busy)
    }
}

fn check_size(cache: &Cache, bytes: u64) -> Result<(), JoinError> {
    let limit = MAX_BYTES.min(cache.options().max_bytes);
    if bytes > limit {
        return Err(JoinError::TooLarge { bytes, limit });
    }
    let needed = bytes.saturating_mul(COPIES).saturating_add(SPARE_ROOM);
    match free(&cache.options().dir) {
        Some(free) if free < needed => Err(JoinError::NoRoom { needed, free }),
        _ => Ok(()),
    }
}

/// The bytes that are free on the disk of a directory, if that is known.
fn free(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The movie and the list beside it, if both are in the cache.
fn cached(cache: &Cache, movie: &JoinedMovie) -> Option<(Content, Vec<String>)> {
    let list = cache.get(&movie.list_key())?;
    let left_out = serde_json::from_slice(&list.bytes().ok()?).ok()?;
    Some((cache.get(&movie.key)?, left_out))
}

/// The work of one job.
struct Work {
    /// A job that waits does not keep the service.
    handle: Weak<Handle>,
    movie: JoinedMovie,
    /// Returned when the job ends.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Work {
    fn run(&self, job: &Job) -> owlery_media::Result<Made> {
        let handle = self.handle.upgrade().ok_or(MediaError::Cancelled)?;
        let made = self.make(&handle, job);
        let counter = match &made {
            Ok(()) => &handle.derivation.made,
            Err(error) => {
                if !matches!(error, MediaError::Cancelled) {
                    let (count, why) = (self.movie.events.len(), printable(&error.to_string()));
                    tracing::warn!(camera = %self.movie.camera, "cannot join the movies of {count} events: {why}");
                }
                &handle.derivation.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        made.map(|()| Vec::new())
    }

    fn make(&self, handle: &Handle, job: &Job) -> owlery_media::Result<()> {
        let not_kept = |error: Error| MediaError::NotKept(error.to_string());
        let cache = handle.cache().map_err(not_kept)?;
        let dir = cache.options().dir.join(WORK);
        handle.derivation.is_tidy.call_once(|| leftovers::remove(&dir));
        let fail = |operation| move |source| MediaError::Io { operation, source };
        fs::create_dir_all(&dir).map_err(fail("make the directory for movies that are being made"))?;
        let source = Source { handle, ffmpeg: &handle.derivation.ffmpeg, dir: &dir, stop: job.stop() };
        let (mut parts, mut left_out, mut why) = (Vec::new(), Vec::new(), None);
        for (index, located) in self.movie.events.iter().enumerate() {
            job.report(PARTS * ratio(index, self.movie.events.len()));
            let before = parts.len();
            if let Some(error) = source.add(located, &mut parts)? {
                let is_whole = parts.len() == before;
                tracing::debug!(event = %located.event.id, "left out of a joined movie (whole: {is_whole}): {error}");
                left_out.push(located.event.id.to_string());
                why = why.or(Some(error));
            }
        }
        if parts.is_empty() {
            let why = why.unwrap_or(MediaError::NoFrame);
            return Err(MediaError::Unplayable(format!("no event of the range has a movie that can be used: {why}")));
        }
        let mut report = |part: f32| job.report(PARTS + (1.0 - PARTS) * part);
        let made = join_movies(source.ffmpeg, parts, &dir, job.stop(), &mut report)?;
        let made = File::open(made.path()).map_err(fail("open the movie that was made"))?;
        let list = Media::new(serde_json::to_vec(&left_out).unwrap_or_default(), "application/json", "left-out.json");
        cache.put(&self.movie.list_key(), &list).map_err(|error| MediaError::NotKept(error.to_string()))?;
        let label = Label::new(MovieType::Mp4.mime(), &format!("{}-export.mp4", self.movie.camera));
        keep(&cache, &self.movie.key, label, made)
    }
}

#[allow(clippy::cast_precision_loss)] // a part of a whole needs few digits
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

/// Makes the parts of events.
struct Source<'a> {
    handle: &'a Handle,
    ffmpeg: &'a Ffmpeg,
    dir: &'a Path,
    stop: &'a Stop,
}

impl Source<'_> {
    /// Adds the parts of an event: its movies, else a movie of its frames. Returns why something of it is missing; fails where
    /// that is not the event's fault.
    fn add(&self, located: &Located, parts: &mut Vec<MoviePart>) -> owlery_media::Result<Option<MediaError>> {
        let Located { event, location } = located;
        let files = match self.handle.files_of(&event.id, location) {
            Ok(files) => files,
            Err(error) if error.is_not_found() => return Ok(Some(MediaError::NoFrame)), // it was deleted
            Err(error) => return Err(unreadable(&event.id, &error)),
        };
        let (before, mut missing, mut stems) = (parts.len(), None, Vec::new());
        for movie in &*event.details.videos {
            if stems.contains(&movie.name.stem()) {
                continue; // the same in another container
            }
            stems.push(movie.name.stem());
            match self.movie(&event.id, &files, movie.name.as_str()) {
                Ok(part) => parts.push(part),
                Err(error) => missing = Some(self.of_event(error)?),
            }
        }
        if parts.len() == before {
            match self.frames(event, &files) {
                Ok(part) => parts.push(part),
                Err(error) => return Ok(missing.or(Some(self.of_event(error)?))),
            }
        }
        Ok(missing)
    }

    fn movie(&self, id: &EventId, files: &MediaFiles, name: &str) -> owlery_media::Result<MoviePart> {
        let movie = files.open(&(false, name.to_owned())).map_err(|error| match error {
            gone if gone.is_not_found() => MediaError::NoFrame,
            error => unreadable(id, &error),
        })?;
        let inspected = Movie::inspect(&movie.file, self.ffmpeg, self.stop)?;
        if let Playable::Nothing(why) = inspected.playable {
            return Err(MediaError::Unplayable(why.text().to_owned()));
        }
        MoviePart::of_movie(self.ffmpeg, &movie.file, &inspected, self.dir, self.stop)
    }

    fn frames(&self, event: &Event, files: &MediaFiles) -> owlery_media::Result<MoviePart> {
        let Frames { names, infos } = Frames::list(event, files).map_err(|error| unreadable(&event.id, &error))?;
        if names.is_empty() {
            return Err(MediaError::NoFrame);
        }
        let times: Vec<Duration> =
            infos.iter().map(|info| Duration::try_from_secs_f64(info.secs).unwrap_or_default()).collect();
        let read = |index: usize| match files::picture(files, &names[index].to_string()) {
            Err(error) if !error.is_not_found() => Err(unreadable(&event.id, &error)),
            read => Ok(read.unwrap_or_default()), // an empty one counts as damaged
        };
        let made = movie_of_frames(self.ffmpeg, &times, read, self.dir, self.stop, &mut |_| ())?;
        MoviePart::of_frames(self.ffmpeg, made, self.stop)
    }

    /// An error that is the fault of an event's files, which then are left out; all others end the work.
    fn of_event(&self, error: MediaError) -> owlery_media::Result<MediaError> {
        match error {
            // ffmpeg fails as well where the disk that it writes to is full.
            MediaError::Program { .. } | MediaError::Unplayable(_)
                if free(self.dir).is_some_and(|free| free < 1 << 20) =>
            {
                Err(MediaError::NotKept("the disk of the media cache is full".to_owned()))
            }
            MediaError::Program { .. }
            | MediaError::TimedOut { .. }
            | MediaError::Unplayable(_)
            | MediaError::NoFrame
            | MediaError::Picture(_)
            | MediaError::TooManyPixels
            | MediaError::TooManyBytes
            | MediaError::Damaged(_) => Ok(error),
            MediaError::Missing { .. }
            | MediaError::Cancelled
            | MediaError::Panicked(_)
            | MediaError::NotKept(_)
            | MediaError::Away(_)
            | MediaError::Busy
            | MediaError::Io { .. } => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Details, Location, Movies};

    fn located(name: &str, location: Location) -> Located {
        let id: EventId = format!("Camera1/2026-11-20/{name}").parse().unwrap();
        let start = "2026-11-20T10:00:00".parse().unwrap();
        let details = Details {
            start,
            end: start,
            state: State::Complete,
            saved: false,
            frames: Some(0),
            bytes: Some(0),
            videos: Movies::new(),
            debug_video: None,
            thumbnail: None,
            peak_change: None,
            motion_mask: None,
            problems: Vec::new(),
        };
        Located { event: Event { id, details }, location }
    }

    fn joined(events: Vec<Located>) -> Result<JoinedMovie, JoinError> {
        JoinedMovie::new("Camera1".parse().unwrap(), events, Vec::new())
    }

    /// The key is that of exactly these events, and tells the store whose users may see it.
    #[test]
    fn keys_tell_events_and_store() {
        let one = || located("10-00-00", Location::Local);
        let two = || located("11-00-00", Location::Local);
        let stored = |name: &str| located("12-00-00", Location::Store(name.into()));
        let key = |events| joined(events).unwrap().key;
        assert_eq!(key(vec![one(), two()]), key(vec![one(), two()]));
        assert_ne!(key(vec![one(), two()]), key(vec![one()]));
        let mut longer = two();
        longer.event.details.bytes = Some(7);
        assert_ne!(key(vec![one(), two()]), key(vec![one(), longer]));
        let mixed = key(vec![one(), stored("nas")]);
        assert_eq!(
            (super::super::store_of_key(&mixed), super::super::store_of_key(&key(vec![one()]))),
            (Some("nas"), None)
        );
        assert!(matches!(joined(vec![stored("nas"), stored("s3")]), Err(JoinError::SeveralStores)));
    }
}
