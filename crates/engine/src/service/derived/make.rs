//! Making derived media: the work of a job.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;
use std::sync::{Once, Weak};

use owlery_cache::{Cache, Expected, Label, Media, Stored};
use owlery_media::{
    Animation, Error, Ffmpeg, Job, Movie, Playable, Result, Width, make_playable, movie_thumbnail, preview_of_frames,
    preview_of_movie, sprite_of_frames, sprite_of_movie, thumbnail,
};
use owlery_model::printable::printable;

use super::files::{self, Frames};
use super::{Derivative, Made, WORK};
use crate::clock::Stop;
use crate::event::{Event, EventId, Location};
use crate::service::handle::Handle;
use crate::service::leftovers;
use crate::service::media_files::MediaFiles;

/// How many bytes of a movie are copied at a time.
const PIECE: usize = 1024 * 1024;

/// The work of one job.
pub(super) struct Work {
    /// A job that waits does not keep the service.
    pub handle: Weak<Handle>,
    pub event: Event,
    pub location: Location,
    pub kind: Derivative,
}

impl Work {
    /// Makes the media and stores them.
    pub(super) fn run(&self, job: &Job) -> Result<Made> {
        let handle = self.handle.upgrade().ok_or(Error::Cancelled)?;
        let made = self.make(&handle, job);
        let counter = match &made {
            Ok(_) => &handle.derivation.made,
            Err(error) => {
                if !matches!(error, Error::Cancelled) {
                    let (what, why) = (self.kind.file_name(), printable(&error.to_string()));
                    tracing::warn!(event = %self.event.id, "cannot make {what}: {why}");
                }
                &handle.derivation.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        made
    }

    fn make(&self, handle: &Handle, job: &Job) -> Result<Made> {
        let files =
            handle.files_of(&self.event.id, &self.location).map_err(|error| unreadable(&self.event.id, &error))?;
        let source = Source { event: &self.event, files: &files, ffmpeg: &handle.derivation.ffmpeg, stop: job.stop() };
        let made = match self.kind {
            Derivative::Thumbnail(width) => vec![(self.kind, source.thumbnail(width)?)],
            Derivative::Preview(animation) => vec![(self.kind, source.preview(animation)?)],
            Derivative::Sprite | Derivative::SpriteIndex => source.sprite()?,
            Derivative::Playable => {
                let cache = handle.cache().map_err(|error| Error::NotKept(error.to_string()))?;
                let key = Handle::derived_key(&self.event, &self.location, self.kind);
                return source.playable((&cache, &handle.derivation.is_tidy), &key, job).map(|()| Vec::new());
            }
        };
        let made = made.into_iter().map(|(kind, bytes)| (kind, self.media(kind, bytes))).collect::<Made>();
        if let Ok(cache) = handle.cache() {
            for (kind, media) in &made {
                if let Err(error) = cache.put(&Handle::derived_key(&self.event, &self.location, *kind), media) {
                    tracing::warn!("{error}; it is made again the next time");
                }
            }
        }
        Ok(made)
    }

    fn media(&self, kind: Derivative, bytes: Vec<u8>) -> Media {
        Media::new(bytes, kind.mime(), &file_name(&self.event.id, kind))
    }
}

/// The name under which a browser saves it.
fn file_name(event: &EventId, kind: Derivative) -> String {
    let name = kind.file_name();
    let ending = if matches!(kind, Derivative::Thumbnail(_)) { ".jpg" } else { "" };
    format!("{}-{name}{ending}", event.to_string().replace('/', "_"))
}

pub(super) fn unreadable(event: &EventId, error: &crate::error::Error) -> Error {
    match error {
        crate::error::Error::Store(why) => return Error::Away(why.clone()),
        crate::error::Error::DamagedCopy(why) => return Error::Damaged(why.clone()),
        _ => {}
    }
    Error::Io { operation: "read the event", source: io::Error::other(format!("{event}: {}", error.chain())) }
}

/// What media are made from.
struct Source<'a> {
    event: &'a Event,
    files: &'a MediaFiles,
    ffmpeg: &'a Ffmpeg,
    stop: &'a Stop,
}

impl Source<'_> {
    fn picture(&self, name: &str) -> Result<Vec<u8>> {
        files::picture(self.files, name).map_err(|error| unreadable(&self.event.id, &error))
    }

    fn frames(&self) -> Result<Frames> {
        Frames::list(self.event, self.files).map_err(|error| unreadable(&self.event.id, &error))
    }

    /// The main movie, and what it needs. Of what has no index, say, nothing can be read, and ffmpeg would be tried in vain.
    fn movie(&self) -> Result<(File, Movie)> {
        let movie = files::main_movie(self.event, self.files).map_err(|error| unreadable(&self.event.id, &error))?;
        let movie = movie.ok_or(Error::NoFrame)?.file;
        let inspected = Movie::inspect(&movie, self.ffmpeg, self.stop)?;
        match inspected.playable {
            Playable::Nothing(why) => Err(Error::Unplayable(why.text().to_owned())),
            _ => Ok((movie, inspected)),
        }
    }

    /// The file that is a thumbnail. Of an event of a store, that is also the frame that its manifest knows as the strongest.
    fn thumbnail_name(&self) -> Option<String> {
        match (self.files, &self.event.details.thumbnail) {
            (MediaFiles::Archive(_), _) => files::thumbnail_file(self.event),
            #[cfg(feature = "stores")]
            (MediaFiles::Store(_), thumbnail) => thumbnail.as_ref().map(crate::event::Thumbnail::file_name),
        }
    }

    /// The thumbnail: from the file that is one, else from the frame with the strongest motion, else from the movie. A picture that
    /// is damaged is passed over.
    fn thumbnail(&self, width: Width) -> Result<Vec<u8>> {
        let mut failed = None;
        if let Some(name) = self.thumbnail_name() {
            match self.picture(&name).and_then(|bytes| thumbnail(&bytes, width)) {
                Ok(made) => return Ok(made),
                // Nothing else of the event can be had either.
                Err(error @ Error::Away(_)) => return Err(error),
                Err(error) => failed = Some(error),
            }
        }
        let mut frames = self.frames()?;
        frames.read_motion(self.files, self.event.details.peak_change);
        let strongest = frames.strongest().map(|index| frames.names[index]);
        // The others follow in case the strongest one is damaged, as a full disk leaves it.
        for frame in strongest.iter().chain(frames.names.iter().take(3)) {
            match self.picture(&frame.to_string()).and_then(|bytes| thumbnail(&bytes, width)) {
                Ok(made) => return Ok(made),
                Err(error) => failed = Some(error),
            }
        }
        if self.event.details.video().is_none() {
            return Err(failed.unwrap_or(Error::NoFrame));
        }
        let (movie, inspected) = self.movie()?;
        movie_thumbnail(self.ffmpeg, &movie, inspected.secs.map(|secs| secs / 4.0), width, self.stop)
    }

    fn preview(&self, animation: Animation) -> Result<Vec<u8>> {
        let mut frames = self.frames()?;
        if frames.names.is_empty() {
            let (movie, inspected) = self.movie()?;
            return preview_of_movie(self.ffmpeg, &movie, inspected.secs, None, animation, self.stop);
        }
        frames.read_motion(self.files, None);
        preview_of_frames(&frames.infos, |index| self.picture(&frames.names[index].to_string()), animation)
    }

    fn sprite(&self) -> Result<Vec<(Derivative, Vec<u8>)>> {
        let frames = self.frames()?;
        let sprite = if frames.names.is_empty() {
            let (movie, inspected) = self.movie()?;
            sprite_of_movie(self.ffmpeg, &movie, inspected.secs, self.stop)?
        } else {
            let times: Vec<f64> = frames.infos.iter().map(|info| info.secs).collect();
            sprite_of_frames(&times, |index| self.picture(&frames.names[index].to_string()))?
        };
        let index = serde_json::to_vec(&sprite.index).unwrap_or_default(); // numbers are JSON
        Ok(vec![(Derivative::Sprite, sprite.jpeg), (Derivative::SpriteIndex, index)])
    }

    /// Makes a movie that browsers play, and stores it.
    fn playable(&self, (cache, is_tidy): (&Cache, &Once), key: &str, job: &Job) -> Result<()> {
        let (movie, inspected) = self.movie()?;
        let work = cache.options().dir.join(WORK);
        is_tidy.call_once(|| leftovers::remove(&work));
        let fail = |operation| move |source| Error::Io { operation, source };
        fs::create_dir_all(&work).map_err(fail("make the directory for movies that are being made"))?;
        let made = make_playable(self.ffmpeg, &movie, &inspected, &work, self.stop, &mut |part| job.report(part))?;
        let made = File::open(made.path()).map_err(fail("open the movie that was made"))?;
        let name = file_name(&self.event.id, Derivative::Playable);
        let label = Label::new(Derivative::Playable.mime(), &name);
        keep(cache, key, label, made)
    }
}

/// Keeps a movie in the cache, where alone it is of use.
pub(super) fn keep(cache: &Cache, key: &str, label: Label, made: File) -> Result<()> {
    let stored = store(cache, key, label, made);
    match stored.map_err(|error| Error::NotKept(error.to_string()))? {
        Stored::New | Stored::Kept => Ok(()),
        Stored::Empty => Err(Error::Unplayable("ffmpeg made an empty movie".to_owned())),
        Stored::TooLarge => {
            let max = cache.options().max_bytes;
            Err(Error::NotKept(format!("it is larger than the media cache, which has {max} bytes (--cache-size)")))
        }
    }
}

/// Copies a movie into the cache.
fn store(cache: &Cache, key: &str, label: Label, mut movie: File) -> owlery_cache::Result<Stored> {
    let fail = |source| owlery_cache::Error::Io { operation: "write to", path: cache.options().dir.clone(), source };
    let mut writer = cache.writer(key, label, Expected::default())?;
    let mut piece = vec![0; PIECE];
    loop {
        match movie.read(&mut piece).map_err(fail)? {
            0 => return writer.commit(),
            count => writer.write_all(&piece[..count]).map_err(fail)?,
        }
    }
}
