//! URLs of the files of events, and the encoding of names in them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::{self, Display, Formatter};

use owlery_model::event::text::Text;
use owlery_model::event::{Camera, EventId};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Serialize, Serializer};

/// The characters to encode in a segment of a path (RFC 3986, section 3.3). With the colon, since a relative URL such as `a:b.jpg`
/// would have the scheme `a` (section 4.2); with the ampersand and the quote, so that HTML needs no further escaping.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'/');

/// The characters to encode in a path of several segments.
const SEGMENTS: &AsciiSet = &SEGMENT.remove(b'/');

/// One segment of a path, encoded.
pub fn segment(name: &str) -> impl Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}

/// A path below an event's directory, its segments encoded.
pub fn segments(path: &str) -> impl Display + '_ {
    utf8_percent_encode(path, SEGMENTS)
}

/// The path of an event below some prefix, encoded.
pub fn event_path(id: &EventId) -> String {
    let mut path = String::with_capacity(48);
    push_event_path(&mut path, id);
    path
}

/// Returns where in the text the part after the camera begins.
fn push_event_path(out: &mut String, id: &EventId) -> usize {
    out.extend(utf8_percent_encode(id.camera.as_str(), SEGMENT));
    let after_camera = out.len();
    out.extend(["/", &*Text::of_date(id.day.date()), "/", &*id.name.text()]);
    after_camera
}

/// The URL of the directory of an event: `/media/Camera1/2026-11-20/10-04-36/`.
#[derive(Debug, Default)]
pub struct Directory {
    url: String,
    /// Where `Camera1/2026-11-20/10-04-36/` begins.
    camera: usize,
    /// Where `/2026-11-20/10-04-36/` begins.
    after_camera: usize,
    /// The URL of one of its files while that is serialized: a page has hundreds of them.
    file: RefCell<String>,
}

impl Directory {
    /// The directory of this event. `prefix` is the path under which clients reach the router, or nothing.
    pub fn new(prefix: &str, id: &EventId) -> Self {
        let mut directory = Self::default();
        directory.set(prefix, id);
        directory
    }

    /// Replaces it by that of another event.
    pub(crate) fn set(&mut self, prefix: &str, id: &EventId) {
        self.url.clear();
        self.url.reserve(prefix.len() + 56);
        self.url.extend([prefix, "/media/"]);
        self.camera = self.url.len();
        self.after_camera = push_event_path(&mut self.url, id);
        self.url.push('/');
    }

    /// `/2026-11-20/10-04-36`
    pub(crate) fn below_camera(&self) -> &str {
        &self.url[self.after_camera..self.url.len() - 1]
    }

    /// The id of the event of this camera, if it is the same in a URL as elsewhere.
    pub(crate) fn plain_id(&self, camera: &Camera) -> Option<&str> {
        let is_plain = self.after_camera - self.camera == camera.as_str().len(); // an encoded name is longer
        is_plain.then(|| &self.url[self.camera..self.url.len() - 1])
    }

    /// The URL of a file in it.
    pub fn file<'a>(&'a self, path: impl Into<Cow<'a, str>>) -> FileUrl<'a> {
        FileUrl { directory: self, path: path.into() }
    }
}

/// The URL of a file of an event. Serialized as text.
#[derive(Debug, Clone)]
pub struct FileUrl<'a> {
    directory: &'a Directory,
    /// The file's path below the directory.
    path: Cow<'a, str>,
}

impl Display for FileUrl<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.directory.url)?;
        utf8_percent_encode(&self.path, SEGMENTS).try_for_each(|part| f.write_str(part))
    }
}

impl Serialize for FileUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut url = self.directory.file.borrow_mut();
        url.clear();
        url.push_str(&self.directory.url);
        url.extend(utf8_percent_encode(&self.path, SEGMENTS));
        serializer.serialize_str(&url)
    }
}
