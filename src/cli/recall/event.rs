//! Brings one event back: finds out what the archive lacks of it, gathers that, and has it put in place.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Seek, Write};

use owlery_model::event::frames::{Frame, Shows};

use super::Run;
use super::times::Times;
use crate::store::{CopiedEvent, CopiedFile, unpack_frames};
use crate::{Archive, Error, EventFiles, EventId, Gathering, MediaPath, Recall, Shape};

/// What was brought back of an event.
#[derive(Default)]
pub(super) struct Brought {
    /// The files that the archive lacked.
    pub files: u64,
    /// The bytes that were read.
    pub bytes: u64,
    /// Until when no rule takes it.
    pub kept_until: Option<String>,
    /// What could not be brought back.
    pub left: Vec<String>,
}

/// Why an event could not be brought back.
pub(super) enum Problem {
    /// It alone is concerned.
    OfEvent(String),
    /// All events of its day are concerned.
    OfDay(String),
    /// What the store said.
    OfStore(crate::store::Error),
    /// The disk is full: no other event would fit.
    Full(String),
}

impl Problem {
    fn of_day(error: Error) -> Self {
        match Self::from(error) {
            Self::OfEvent(why) => Self::OfDay(why),
            other => other,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if error.is_full() { Self::Full(error.chain()) } else { Self::OfEvent(error.chain()) }
    }
}

impl From<crate::store::Error> for Problem {
    fn from(found: crate::store::Error) -> Self {
        match &found {
            crate::store::Error::Io { source, .. } if owlery_model::error::is_full(source) => {
                Self::Full(found.to_string())
            }
            _ => Self::OfStore(found),
        }
    }
}

/// A file by its place in an event: whether it is in `debug/`, and its name.
type Place = (bool, String);

/// The files of an event that the archive has.
struct There {
    /// `None` if there is no such event.
    event: Option<EventFiles>,
    places: BTreeSet<Place>,
}

/// How a file of the store compares with the archive.
#[derive(PartialEq, Eq)]
enum Compared {
    Missing,
    /// One of this name and size is there.
    Same,
    /// One of this name and another size is there.
    Other,
}

/// How a copied event compares with the archive.
#[derive(Default)]
struct Difference<'a> {
    /// The objects to read.
    missing: Vec<&'a CopiedFile>,
    /// Whether the archive has any file of the copy: then its event is the same one.
    has_common: bool,
    /// What is there and differs, a sentence each.
    left: Vec<String>,
}

impl There {
    fn of(archive: &Archive, id: &EventId) -> Result<Self, Problem> {
        match archive.event_files(id) {
            Err(error) if error.is_not_found() || matches!(error, Error::Unknown { .. }) => {
                Ok(Self { event: None, places: BTreeSet::new() })
            }
            files => {
                let event = files?;
                Ok(Self { places: event.names.iter().cloned().collect(), event: Some(event) })
            }
        }
    }

    fn compare(&self, place: &Place, bytes: u64) -> Result<Compared, Error> {
        let Some(event) = self.event.as_ref().filter(|_| self.places.contains(place)) else {
            return Ok(Compared::Missing);
        };
        match event.open(place) {
            Err(error) if error.is_not_found() => Ok(Compared::Missing), // gone since, or no file: then its name is taken
            file => Ok(if file?.len == bytes { Compared::Same } else { Compared::Other }),
        }
    }

    /// Whether it has all frames of a copy, by their number: their sizes would cost reading the copy.
    fn has_frames(&self, copied: &CopiedEvent) -> bool {
        let is_frame = |(in_debug, name): &&Place| {
            !in_debug && Frame::parse(name.as_bytes()).is_some_and(|frame| frame.shows == Shows::Camera)
        };
        let there = self.places.iter().filter(is_frame).count() as u64;
        copied.frames.is_some_and(|frames| frames > 0 && there >= u64::from(frames))
    }

    fn difference<'a>(&self, id: &EventId, copied: &'a CopiedEvent) -> Result<Difference<'a>, Problem> {
        let mut difference = Difference::default();
        let has_all_frames = copied.files.iter().any(CopiedFile::is_frames);
        for file in copied.files.iter().filter(|file| !(has_all_frames && file.is_best_frame())) {
            let compared = match file.is_frames() {
                true if self.has_frames(copied) => Compared::Same,
                true => Compared::Missing,
                false => self.compare(&place(id, file.own_name())?, file.plain().0)?,
            };
            match compared {
                Compared::Missing => difference.missing.push(file),
                Compared::Same => difference.has_common = true,
                Compared::Other => difference.left.push(other(file.own_name())),
            }
        }
        Ok(difference)
    }
}

/// An event that is being gathered.
struct Work<'a> {
    id: &'a EventId,
    there: There,
    times: Times,
    gathering: Gathering<'a>,
    /// How many files were gathered.
    files: u64,
    /// Whether the archive has any file of the copy: then its event is the same one.
    has_common: bool,
    left: Vec<String>,
}

impl Run<'_> {
    /// Brings back what the archive lacks of an event.
    pub(super) fn bring(
        &mut self,
        id: &EventId,
        copied: &CopiedEvent,
        recall: &mut Option<Recall>,
    ) -> Result<Brought, Problem> {
        let there = There::of(&self.session.archive, id)?;
        let Difference { missing, has_common, left } = there.difference(id, copied)?;
        let bytes = missing.iter().map(|file| file.bytes).sum::<u64>();
        self.shown.skip(copied.bytes().saturating_sub(bytes));
        if missing.is_empty() {
            return Ok(Brought { left, ..Brought::default() });
        }
        let recall = match recall {
            Some(recall) => recall,
            None => recall.insert(self.session.archive.begin_recall(&id.camera).map_err(Problem::of_day)?),
        };
        let shape = shape(recall, id, copied)?;
        let times = Times::new(id.day, copied, self.session.archive.options().clock.now());
        let gathering = recall.gather(id.day, id.name, shape)?;
        let mut work = Work { id, there, times, gathering, files: 0, has_common, left };
        let gathered = missing.iter().try_for_each(|file| self.gather(&mut work, file));
        if let Err(problem) = gathered.and_then(|()| work.check()) {
            work.gathering.discard()?;
            return Err(problem);
        }
        if work.files == 0 {
            work.gathering.discard()?;
            return Ok(Brought { bytes, left: work.left, ..Brought::default() });
        }
        let brought = self.place(work, copied, recall)?;
        Ok(Brought { bytes, ..brought })
    }

    /// Has a gathered event put in place.
    fn place(&self, work: Work<'_>, copied: &CopiedEvent, recall: &Recall) -> Result<Brought, Problem> {
        let Work { id, there, times, gathering, mut left, .. } = work;
        // Whether an event that is in the archive is saved is for its user.
        gathering.finish(times.end(), copied.saved && there.event.is_none())?;
        let placed = self.session.admin().and_then(|admin| admin.place_recalled(id, self.store.name.as_str()));
        let placed = match placed {
            Ok(placed) => placed,
            Err(error) => {
                recall.forget(id.day, id.name)?;
                return Err(error.into());
            }
        };
        left.extend(placed.left);
        if !copied.whole {
            left.push("the store does not have all of its files; what it has is back".to_owned());
        }
        Ok(Brought { files: placed.files, bytes: 0, kept_until: Some(placed.kept_until), left })
    }

    /// Reads one object of the store into the event.
    fn gather(&mut self, work: &mut Work<'_>, object: &CopiedFile) -> Result<(), Problem> {
        if object.is_frames() {
            let mut zip = work.gathering.scratch()?;
            self.read(work.id, object, &mut zip)?;
            zip.rewind().map_err(|e| Error::io("read", &object.name, e))?;
            return work.unpack(zip);
        }
        let (in_debug, name) = place(work.id, object.own_name())?;
        let mut file = work.gathering.create(in_debug, &name)?;
        self.read(work.id, object, &mut file)?;
        work.gathering.end_file(&file, work.times.of(&name), true)?;
        work.files += 1;
        Ok(())
    }

    fn read(&mut self, id: &EventId, object: &CopiedFile, file: &mut File) -> Result<(), Problem> {
        let (shown, done) = (&self.shown, self.done.recalled);
        let mut take = |bytes: &[u8]| {
            shown.add(bytes.len() as u64, done);
            file.write_all(bytes)
        };
        Ok(self.requests.try_run(self.copies.read_plain(id, object, self.identities.as_ref(), &mut take))?)
    }
}

impl Work<'_> {
    /// Takes the frames that the archive lacks out of their zip file.
    fn unpack(&mut self, zip: File) -> Result<(), Problem> {
        let Self { id, there, times, gathering, files, has_common, left } = self;
        let mut take = |name: &str, size: u64, contents: &mut dyn io::Read| {
            let (in_debug, own) = place(id, name).map_err(io::Error::other)?;
            match there.compare(&(in_debug, own.clone()), size).map_err(source)? {
                Compared::Same => *has_common = true,
                Compared::Other => left.push(other(name)),
                Compared::Missing => {
                    let mut file = gathering.create(in_debug, &own).map_err(source)?;
                    io::copy(contents, &mut file)?;
                    gathering.end_file(&file, times.of(&own), false).map_err(source)?;
                    *files += 1;
                }
            }
            Ok(())
        };
        Ok(unpack_frames(zip, &mut take)?)
    }

    /// Fails if the archive has another event of this name.
    fn check(&self) -> Result<(), Problem> {
        if self.has_common || self.there.places.is_empty() {
            return Ok(());
        }
        let why = "the archive has another event of this name, with no file of the copy; it stays, and the copy is not recalled";
        Err(Problem::OfEvent(why.to_owned()))
    }
}

/// How an event lies in the archive. A flat one is refused where the names of its files on the disk are not known.
fn shape(recall: &Recall, id: &EventId, copied: &CopiedEvent) -> Result<Shape, Problem> {
    let is_of_frames = |file: &&CopiedFile| file.is_frames() || file.is_best_frame();
    let names = copied.files.iter().filter(|file| !is_of_frames(file)).map(CopiedFile::plain_name);
    let shape = recall.shape(id.day, id.name, names);
    let has_frames = copied.files.iter().any(|file| is_of_frames(&file));
    if shape == Shape::Unclear || (shape == Shape::Flat && has_frames) {
        let why = "its camera has a flat layout, and the store has not the names of all its files on the disk; restore it by hand";
        return Err(Problem::OfEvent(why.to_owned()));
    }
    Ok(shape)
}

/// The place of a file in an event. A name that is no plain one is refused.
fn place(id: &EventId, name: &str) -> Result<Place, Error> {
    let path: MediaPath = format!("{id}/{name}").parse()?;
    Ok((path.in_debug, path.file))
}

fn other(name: &str) -> String {
    format!("{name} is there already, and has another size; it stays")
}

/// The cause of an error.
fn source(error: Error) -> io::Error {
    match error {
        Error::Io { source, .. } => source,
        other => io::Error::other(other),
    }
}
