//! Derived media of events: thumbnails, previews, sprites and playable movies, made on demand, once, and kept in the media cache.
//! `make` makes them. What a client gets meanwhile is the caller's business.

mod files;
mod joined;
mod make;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::Duration;

use owlery_archive::{MediaFile, MovieContents, read_movie};
use owlery_cache::{Content, Media};
use owlery_media::{Animation, Ffmpeg, Jobs, JobsOptions, MovieType, Playable, Ticket, Urgency, Width};
use tokio::sync::Semaphore;

pub use joined::{JoinError, Joined, JoinedMovie};

use super::handle::Handle;
use super::media_files::MediaFiles;
use crate::archive::Report;
use crate::clock::Stop;
use crate::error::Error;
use crate::event::{Event, Location, State, Thumbnail};

/// A directory in that of the cache, for movies that are being made, and for files of stores that are read.
pub(super) const WORK: &str = "work";

/// A kind of derived media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Derivative {
    /// A small JPEG.
    Thumbnail(Width),
    /// A short animation of the strongest motion.
    Preview(Animation),
    /// One JPEG with many small frames.
    Sprite,
    /// Where each frame is in it: JSON.
    SpriteIndex,
    /// A movie that browsers play.
    Playable,
}

impl Derivative {
    /// The name of its file in URLs, below that of the event; the width of a thumbnail is a parameter.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Thumbnail(_) => "thumbnail",
            Self::Preview(Animation::WebP) => "preview.webp",
            Self::Preview(Animation::Gif) => "preview.gif",
            Self::Sprite => "sprite.jpg",
            Self::SpriteIndex => "sprite.json",
            Self::Playable => "playable.mp4",
        }
    }

    /// The kind with this file name; a thumbnail of this width.
    pub fn of_file_name(name: &str, width: Width) -> Option<Self> {
        let [webp, gif] = Animation::ALL.map(Self::Preview);
        let all = [Self::Thumbnail(width), webp, gif, Self::Sprite, Self::SpriteIndex, Self::Playable];
        all.into_iter().find(|kind| kind.file_name() == name)
    }

    /// The media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Thumbnail(_) | Self::Sprite => "image/jpeg",
            Self::Preview(animation) => animation.mime(),
            Self::SpriteIndex => "application/json",
            Self::Playable => MovieType::Mp4.mime(),
        }
    }

    /// Both parts of a sprite are made by one job.
    fn job(self) -> Self {
        if self == Self::SpriteIndex { Self::Sprite } else { self }
    }
}

/// What a job made: media that are also in the cache, if there is one. Movies are only there.
pub type Made = Vec<(Derivative, Media)>;

/// What there is of derived media.
#[derive(Debug)]
pub enum Derived {
    /// They are in the cache.
    Ready(Content),
    /// The event's own movie, which browsers play as it is.
    Movie(MediaFile, MovieType),
    /// The same of an event of a store.
    #[cfg(feature = "stores")]
    StoredMovie(super::stored_media::StoredFile, MovieType),
    /// They are being made.
    Making(Ticket<Made>),
}

/// Why there are no derived media.
#[derive(Debug, thiserror::Error)]
pub enum DerivedError {
    /// The event or the cache cannot be used.
    #[error(transparent)]
    Archive(#[from] Error),
    /// They cannot be made.
    #[error(transparent)]
    Media(#[from] owlery_media::Error),
}

/// The jobs that make derived media.
#[derive(Debug)]
pub(crate) struct Derivation {
    ffmpeg: Ffmpeg,
    /// Written by the start and the stop.
    pools: Mutex<Option<Pools>>,
    /// What ffmpeg's absence says; set by the start.
    missing: OnceLock<String>,
    /// The first job that makes a movie removes what an earlier process left.
    is_tidy: Once,
    /// Permits of joined movies: each may take a thread, and room on the disk, for long.
    joins: Arc<Semaphore>,
    made: AtomicU64,
    failed: AtomicU64,
}

/// Pictures are quick and have a thread for each processor; for jobs that run ffmpeg, half of them are left to Motion.
#[derive(Debug)]
struct Pools {
    pictures: Jobs<String, Made>,
    movies: Jobs<String, Made>,
    /// For events of stores, which may be waited for for long; started by the first.
    stored: Option<Jobs<String, Made>>,
}

/// The threads for events of stores.
const STORED_THREADS: usize = 2;
/// How long the error of such a job is kept. The store may be back soon.
const STORED_ERROR: Duration = Duration::from_secs(5);

impl Pools {
    /// The pool for events of stores.
    fn of_stores(&mut self) -> owlery_media::Result<&Jobs<String, Made>> {
        if self.stored.is_none() {
            let usual = JobsOptions::default();
            let options = JobsOptions { threads: STORED_THREADS, retries: 0, remember: STORED_ERROR, ..usual };
            self.stored = Some(Jobs::start(options)?);
        }
        self.stored.as_ref().ok_or(owlery_media::Error::Cancelled)
    }

    /// How many jobs wait, and how many run.
    fn counts(&self) -> (usize, usize) {
        let all = [Some(&self.pictures), Some(&self.movies), self.stored.as_ref()];
        all.into_iter().flatten().fold((0, 0), |sum, jobs| {
            let (waiting, running) = jobs.counts();
            (sum.0 + waiting, sum.1 + running)
        })
    }
}

/// Figures of the jobs.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct DerivationCounts {
    /// Jobs that wait.
    pub waiting: u64,
    /// Jobs that run.
    pub running: u64,
    /// Jobs that made something since the start.
    pub made: u64,
    /// Jobs that failed, each time, since the start.
    pub failed: u64,
}

impl Default for Derivation {
    fn default() -> Self {
        Self {
            ffmpeg: Ffmpeg::default(),
            pools: Mutex::default(),
            missing: OnceLock::new(),
            is_tidy: Once::new(),
            joins: Arc::new(Semaphore::new(joined::MAX_JOINS)),
            made: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }
}

impl Derivation {
    /// Starts the threads. Without them nothing is made, and everything else goes on.
    pub(super) fn start(&self) {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let pictures = Jobs::start(JobsOptions { threads: processors, ..JobsOptions::default() });
        match pictures
            .and_then(|pictures| Ok(Pools { pictures, movies: Jobs::start(JobsOptions::default())?, stored: None }))
        {
            Ok(pools) => *self.lock() = Some(pools),
            Err(error) => tracing::warn!("no thumbnails and movies are made: {error}"),
        }
    }

    /// Looks for ffmpeg, and says what is missing without it.
    pub(super) fn look_for_programs(&self, stop: &Stop) {
        if let Some(missing) = missing(&self.ffmpeg, stop) {
            tracing::warn!("{missing}");
            let _ = self.missing.set(missing);
        }
    }

    /// Cancels all jobs, and waits for their threads.
    pub(super) fn stop(&self) {
        let pools = self.lock().take();
        drop(pools);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Pools>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What cannot be made since ffmpeg is missing.
fn missing(ffmpeg: &Ffmpeg, stop: &Stop) -> Option<String> {
    let error = ffmpeg.version(stop).err().filter(|error| !matches!(error, owlery_media::Error::Cancelled))?;
    Some(format!(
        "{error}; until then no thumbnails of movies are made, and only movies that browsers play can be played"
    ))
}

/// The same for `check`.
pub(super) fn missing_note(root: &Path) -> Option<Report> {
    let (_handle, stop) = Stop::new();
    missing(&Ffmpeg::default(), &stop).map(|missing| Report::note(root, missing))
}

/// What the keys of media of stores begin with in the media cache; the name of the store follows, and a slash.
pub(super) const STORED: &str = "owlery:store/";

/// The name of the store whose media have this key in the media cache; `None` for all other media.
pub fn store_of_key(key: &str) -> Option<&str> {
    let rest = key.strip_prefix(STORED)?;
    Some(rest.split_once('/').map_or(rest, |(store, _)| store))
}

impl Handle {
    /// The key of derived media in the cache. It changes with the event, so that outdated media are never served; that of an event of a
    /// store is known by [`store_of_key`].
    pub fn derived_key(event: &Event, location: &Location, kind: Derivative) -> String {
        let details = &event.details;
        let mut hasher = DefaultHasher::new();
        (details.start, details.end, details.frames, details.bytes, &details.thumbnail).hash(&mut hasher);
        for movie in &*details.videos {
            movie.name.as_str().hash(&mut hasher);
        }
        let width = if let Derivative::Thumbnail(width) = kind { width.pixels() } else { 0 };
        let place = location.store().map_or_else(|| "owlery:".to_owned(), |store| format!("{STORED}{store}"));
        format!("{place}/{}/{}?w={width}&v={:016x}", event.id, kind.file_name(), hasher.finish())
    }

    /// Derived media of an event, if that waits for no disk.
    pub fn derived_at_once(&self, event: &Event, location: &Location, kind: Derivative) -> Option<Content> {
        self.cache().ok()?.get_at_once(&Self::derived_key(event, location, kind))
    }

    /// Derived media of an event: those of the cache, else the job that makes them, which is started if there is none. Blocks
    /// for as long as the disk takes; for [`Derivative::Playable`] also the store of the event.
    ///
    /// # Errors
    /// There is nothing to make them from; or the event, or the cache, cannot be used.
    pub fn derived(
        self: &Arc<Self>,
        event: &Event,
        location: &Location,
        kind: Derivative,
    ) -> Result<Derived, DerivedError> {
        let key = Self::derived_key(event, location, kind);
        let cache = self.cache();
        if let Some(content) = cache.as_ref().ok().and_then(|cache| cache.get(&key)) {
            return Ok(Derived::Ready(content));
        }
        if kind == Derivative::Playable {
            if let Some(movie) = self.movie_as_is(event, location)? {
                return Ok(movie);
            }
            if event.details.state == State::Open {
                return Err(unplayable("it is still being recorded, and browsers do not play this kind of movie"));
            }
            // A movie that is not kept would be made again for every request.
            cache?;
        }
        let job = Self::derived_key(event, location, kind.job());
        let (event, location, kind) = (event.clone(), location.clone(), kind.job());
        let needs_ffmpeg = needs_ffmpeg(&event, kind);
        let work = make::Work { handle: Arc::downgrade(self), event, location, kind };
        let mut pools = self.derivation.lock();
        let pools = pools.as_mut().ok_or(Error::Stopped)?;
        let pool = match work.location {
            Location::Local if needs_ffmpeg => &pools.movies,
            Location::Local => &pools.pictures,
            Location::Store(_) => pools.of_stores()?,
        };
        Ok(Derived::Making(pool.submit(job, Urgency::OnDemand, move |job| work.run(job))))
    }

    /// The event's main movie, if browsers play it as it is. Of a store's, only what tells that is read.
    fn movie_as_is(&self, event: &Event, location: &Location) -> Result<Option<Derived>, DerivedError> {
        let files = self.files_of(&event.id, location)?;
        let name = event.details.video().ok_or(owlery_media::Error::NoFrame)?.as_str();
        let fail = |error| Error::io("read", self.event_path(&event.id), error);
        match files {
            MediaFiles::Archive(files) => {
                let movie = files.open(&(false, name.to_owned()))?;
                let contents = read_movie(&movie.file).map_err(fail)?;
                Ok(type_as_is(&contents)?.map(|kind| Derived::Movie(movie, kind)))
            }
            #[cfg(feature = "stores")]
            MediaFiles::Store(files) => {
                let movie = files.open_waiting(name)?;
                let contents = movie.contents().map_err(|error| error.of_file(&event.id, name))?;
                Ok(type_as_is(&contents)?.map(|kind| Derived::StoredMovie(movie, kind)))
            }
        }
    }

    /// What is missing on this host for derived media, as a sentence.
    pub fn missing_programs(&self) -> Option<String> {
        self.derivation.missing.get().cloned()
    }

    /// The figures of the jobs that make derived media.
    pub fn derivation_counts(&self) -> DerivationCounts {
        let derivation = &self.derivation;
        let counts = derivation.lock().as_ref().map(Pools::counts);
        let (waiting, running) = counts.unwrap_or_default();
        DerivationCounts {
            waiting: waiting as u64,
            running: running as u64,
            made: derivation.made.load(Ordering::Relaxed),
            failed: derivation.failed.load(Ordering::Relaxed),
        }
    }
}

/// The type of a movie that browsers play as it is; an error if nothing can be played.
fn type_as_is(contents: &MovieContents) -> Result<Option<MovieType>, DerivedError> {
    match Playable::of_contents(contents) {
        Some(Playable::AsIs(kind)) => Ok(Some(kind)),
        Some(Playable::Nothing(why)) => Err(unplayable(why.text())),
        _ => Ok(None),
    }
}

fn unplayable(why: &str) -> DerivedError {
    owlery_media::Error::Unplayable(why.to_owned()).into()
}

/// Whether derived media of an event are made from its movie, since it has no pictures that would do.
fn needs_ffmpeg(event: &Event, kind: Derivative) -> bool {
    let details = &event.details;
    // Before the event is measured, its frames are not counted, but one of them is its thumbnail.
    let has_frames = details.frames.map_or(matches!(details.thumbnail, Some(Thumbnail::Frame(_))), |frames| frames > 0);
    match kind {
        Derivative::Thumbnail(_) => details.thumbnail.is_none() && !has_frames,
        Derivative::Preview(_) | Derivative::Sprite | Derivative::SpriteIndex => !has_frames,
        Derivative::Playable => true,
    }
}
