//! Event directories below one place: `2026-11-20/10-04-36/`, or `2026-11-20/01/` of the frames-only layout.

use std::collections::BTreeSet;

use super::super::class::Class;
use super::Counts;
use crate::event::frames::Frame;
use crate::event::{Day, EventName, MovieName};

/// The event directories of a place.
#[derive(Debug, Default)]
pub(super) struct EventDirectories<'a> {
    /// Day and name, as they are in the paths.
    events: BTreeSet<(&'a str, &'a str)>,
    counts: Counts,
}

impl<'a> EventDirectories<'a> {
    /// The directories in which there is a movie or a frame by its name.
    pub(super) fn of(paths: &[&'a str]) -> Self {
        let mut all = Self::default();
        for path in paths {
            if let Some((day, name, file)) = parts(path)
                && is_recording(name, file)
            {
                all.events.insert((day, name));
            }
        }
        let mut counts = Counts::default();
        for path in paths.iter().filter(|path| all.has(path)) {
            counts.files += 1;
            match Class::of(path) {
                Some((Class::Movie(_), _)) => counts.movies += 1,
                Some((Class::Picture(_), _)) => counts.pictures += 1,
                _ => {}
            }
        }
        all.counts = counts;
        all.counts.events = u64::try_from(all.events.len()).unwrap_or(u64::MAX);
        all
    }

    /// Whether a file is in an event's directory.
    pub(super) fn has(&self, path: &str) -> bool {
        let mut names = path.split('/');
        let (Some(day), Some(name), Some(_)) = (names.next(), names.next(), names.next()) else { return false };
        self.events.contains(&(day, name))
    }

    /// One of them, the newest by name.
    pub(super) fn example(&self) -> Option<String> {
        self.events.last().map(|(day, name)| format!("{day}/{name}"))
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }
}

/// Day, event and file name of a path of three names.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let (day, rest) = path.split_once('/')?;
    let (name, file) = rest.split_once('/')?;
    (!file.contains('/') && day.parse::<Day>().is_ok()).then_some((day, name, file))
}

/// Whether the file is a recording in an event's directory. A number can also be an hour, so there only the usual names
/// count.
fn is_recording(directory: &str, file: &str) -> bool {
    let is_frame = Frame::parse(file.as_bytes()).is_some();
    let movie = MovieName::parse(file.as_bytes());
    match EventName::from_bytes(directory.as_bytes()) {
        Some(EventName::Time(_)) => is_frame || movie.is_some(),
        Some(EventName::Number { .. }) => is_frame || movie.is_some_and(|movie| movie.is_usual()),
        None => false,
    }
}
