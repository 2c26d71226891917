//! Events. A daemon writes thousands of them a second, so the types borrow from the model's and allocate little.

use std::fmt::{self, Display, Formatter};

use chrono::NaiveDateTime;
use owlery_model::event::text::Text;
use owlery_model::event::{self as model, Camera, Container, Located, Location, Movie, State};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::expires::Expires;
use crate::url::{Directory, FileUrl};

/// An event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event<'a> {
    /// Its id.
    #[cfg_attr(feature = "schema", schema(value_type = model::EventId))]
    pub id: Id<'a>,
    /// Its camera.
    pub camera: &'a Camera,
    /// The camera's wall time, RFC 3339 without a zone.
    #[cfg_attr(feature = "schema", schema(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", example = "2026-11-20T10:04:35"))]
    pub start: WallTime,
    /// The same for its end.
    #[cfg_attr(feature = "schema", schema(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", example = "2026-11-20T10:04:52"))]
    pub end: WallTime,
    /// Whether Motion still writes it.
    pub state: State,
    /// Whether it is protected from all rules.
    pub saved: bool,
    /// Whether the user has reviewed it. Absent in the live stream, whose messages are the same for all users.
    #[cfg_attr(feature = "schema", schema(value_type = bool, required))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<bool>,
    /// The number of frames; null until measured.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>, required, minimum = 0))]
    pub frames: Option<u32>,
    /// The sum of the sizes of its files; null until measured.
    #[cfg_attr(feature = "schema", schema(required, minimum = 0))]
    pub bytes: Option<u64>,
    /// The path of the main movie.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, required))]
    pub video: Option<FileUrl<'a>>,
    /// The file type of the main movie.
    #[cfg_attr(feature = "schema", schema(required))]
    pub container: Option<Container>,
    /// All movies: the main one first, then the others in the order of recording.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Video>))]
    pub videos: Videos<'a>,
    /// The path of Motion's debug movie.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, required))]
    pub debug_video: Option<FileUrl<'a>>,
    /// The path of a picture; null without one, as for an event that has only movies.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, required))]
    pub thumbnail: Option<FileUrl<'a>>,
    /// The path of a movie that browsers play, made if need be; null without a movie.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, required))]
    pub playable: Option<FileUrl<'a>>,
    /// The path of a short animation, which is made on demand; null if there is nothing to make it from.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, required))]
    pub preview: Option<FileUrl<'a>>,
    /// The most pixels that changed from one frame to the next; null until measured, and if Motion did not record it.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>, required, minimum = 0))]
    pub peak_change: Option<u32>,
    /// Problems of the event, as sentences.
    pub problems: &'a [String],
    /// `local`, or the name of the store that its files are in: then they are not in the archive, and it cannot be changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "local"))]
    pub location: &'a Location,
}

impl<'a> Event<'a> {
    /// An event, whose files have URLs below `directory`, without the state of any user.
    pub fn new(Located { event, location }: &'a Located, directory: &'a Directory) -> Self {
        let details = &event.details;
        // The number of frames is not known before the event is measured, but its thumbnail is.
        let has_pictures = !details.videos.is_empty()
            || details.frames.is_some_and(|frames| frames > 0)
            || details.frames.is_none() && details.thumbnail.is_some();
        Self {
            id: Id { camera: &event.id.camera, directory },
            camera: &event.id.camera,
            start: WallTime(details.start),
            end: WallTime(details.end),
            state: details.state,
            saved: details.saved,
            reviewed: None,
            frames: details.frames,
            bytes: details.bytes,
            video: details.video().map(|video| directory.file(video.as_str())),
            container: details.container(),
            videos: Videos { movies: &details.videos, directory },
            debug_video: details.debug_video.as_ref().map(|debug| directory.file(debug.path())),
            thumbnail: details.thumbnail.as_ref().map(|thumbnail| directory.file(thumbnail.file_name())),
            playable: details.video().map(|_| directory.file("playable.mp4")),
            preview: has_pictures.then(|| directory.file("preview.webp")),
            peak_change: details.peak_change,
            problems: &details.problems,
            location,
        }
    }

    /// As someone sees it who has reviewed it, or has not.
    #[must_use]
    pub fn reviewed(mut self, reviewed: bool) -> Self {
        self.reviewed = Some(reviewed);
        self
    }
}

/// The id of an event. Serialized as text, like [`model::EventId`], whose parts it has ready.
#[derive(Debug)]
pub struct Id<'a> {
    camera: &'a Camera,
    directory: &'a Directory,
}

impl Display for Id<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.camera.as_str())?;
        f.write_str(self.directory.below_camera())
    }
}

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.directory.plain_id(self.camera) {
            Some(id) => serializer.serialize_str(id),
            None => serializer.collect_str(self),
        }
    }
}

/// A time of the camera's wall clock. Serialized as RFC 3339 without a zone.
#[derive(Debug, Clone, Copy)]
pub struct WallTime(pub NaiveDateTime);

impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Text::of_time(self.0, b'T').serialize(serializer)
    }
}

/// The movies of an event. Serialized as a list of [`Video`].
#[derive(Debug)]
pub struct Videos<'a> {
    movies: &'a [Movie],
    directory: &'a Directory,
}

impl Serialize for Videos<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.movies.iter().map(|Movie { name, bytes }| Video {
            name: name.as_str(),
            bytes: *bytes,
            url: self.directory.file(name.as_str()),
        }))
    }
}

/// A movie of an event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Video<'a> {
    /// Its file's name.
    pub name: &'a str,
    /// Its size; null until measured.
    #[cfg_attr(feature = "schema", schema(required, minimum = 0))]
    pub bytes: Option<u64>,
    /// Its path.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub url: FileUrl<'a>,
}

/// A page of events.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EventPage<'a> {
    /// The events, in the requested order.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Event>))]
    pub events: Events<'a>,
    /// The `cursor` of the next page; null at the end.
    #[cfg_attr(feature = "schema", schema(required))]
    pub next: Option<String>,
}

impl<'a> EventPage<'a> {
    /// A page, and which of its events the user has reviewed; `None` without a user. Its URLs begin with `prefix`: the path under
    /// which clients reach the router, or nothing.
    pub fn new(events: &'a [Located], reviewed: Option<&'a [bool]>, next: Option<String>, prefix: &'a str) -> Self {
        Self { events: Events { list: events, reviewed, prefix }, next }
    }

    /// The page as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let Events { list: events, prefix, .. } = self.events;
        let mut json = Vec::with_capacity((events.len() + 1) * (Event::BYTES + 3 * prefix.len()));
        serde_json::to_writer(&mut json, self).expect("texts and numbers are JSON");
        json
    }
}

impl Event<'_> {
    /// The approximate bytes of an event as JSON.
    pub const BYTES: usize = 580;
}

/// The events of a page. Serialized as a list of [`Event`], each made when it is written.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    list: &'a [Located],
    reviewed: Option<&'a [bool]>,
    prefix: &'a str,
}

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.list.len()))?;
        let mut directory = Directory::default(); // one buffer for all
        for (nth, event) in self.list.iter().enumerate() {
            directory.set(self.prefix, &event.event.id);
            let reviewed = self.reviewed.map(|reviewed| reviewed.get(nth).copied().unwrap_or(false));
            list.serialize_element(&Event { reviewed, ..Event::new(event, &directory) })?;
        }
        list.end()
    }
}

/// An event with its pictures.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EventWithImages<'a> {
    /// The event.
    #[cfg_attr(feature = "schema", schema(inline = false))]
    #[serde(flatten)]
    pub event: Event<'a>,
    /// Its pictures.
    pub images: Vec<Image<'a>>,
    /// When a rule will take it; null if it is only in a store, whose events no rule takes.
    #[cfg_attr(feature = "schema", schema(required))]
    pub expires: Option<Expires>,
}

/// A picture of an event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Image<'a> {
    /// Its file's name.
    pub name: &'a str,
    /// Its size.
    pub bytes: u64,
    /// Its path.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub url: FileUrl<'a>,
}

#[cfg(test)]
mod tests;
