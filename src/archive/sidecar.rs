//! `.details.json`, the file in an event's directory that the strix web UI writes and reads: what it says, whether it
//! can be believed, and how Owlery writes it. The form is strix's, plus one key of our own (`owlery`).

use std::borrow::Cow;

use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::Tree;
use super::dir::Dir;
use crate::error::Result;
use crate::event::{Container, Details, EventId, State, Thumbnail};

/// The file's name.
pub const SIDECAR: &str = ".details.json";

/// What strix writes where there is no such file.
pub(crate) const MISSING: &str = "images/missing.jpg";

/// How strix writes a time.
pub(crate) const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// A sidecar larger than this is none.
pub(super) const LARGEST: usize = 256 * 1024;

/// A start further from the time in the directory's name than this is not believed.
const FURTHEST_START: TimeDelta = TimeDelta::minutes(10);

/// An event longer than this is not believed.
const LONGEST: TimeDelta = TimeDelta::hours(48);

/// A sidecar whose shape and times are plausible. Whether its files are there is for whoever has the directory open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sidecar {
    /// When the event began.
    pub start: NaiveDateTime,
    /// When it ended.
    pub end: NaiveDateTime,
    /// The movie it names.
    pub video: Option<Container>,
    /// Whether it names any debug movie (strix names the wrong file).
    pub has_debug: bool,
    /// The picture it names.
    pub thumbnail: Option<Thumbnail>,
    /// Our own key, where we wrote it.
    pub own: Option<Own>,
}

/// What Owlery adds, so that a later preload need not measure again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The version of this key's form.
    version: u32,
    /// `complete` (others get no sidecar).
    state: String,
    /// The number of frames.
    pub frames: u32,
    /// The bytes of all files but this one.
    pub bytes: u64,
    /// The most changed pixels.
    pub peak_change: Option<u32>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// The file's form. The order of the keys is strix's.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    start: Cow<'a, str>,
    #[serde(borrow)]
    end: Cow<'a, str>,
    #[serde(borrow)]
    title: Cow<'a, str>,
    #[serde(borrow)]
    video: Cow<'a, str>,
    #[serde(borrow)]
    debug_video: Cow<'a, str>,
    #[serde(borrow)]
    thumbnail: Cow<'a, str>,
    images: Vec<serde_json::Value>,
    saved: bool,
    #[serde(borrow)]
    event_path: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owlery: Option<Own>,
}

/// The title that strix shows: `Fri Nov 20 10:04:35 AM`.
pub(crate) fn title(start: NaiveDateTime) -> String {
    start.format("%a %b %d %I:%M:%S %p").to_string()
}

impl Sidecar {
    /// Parses the file of the event `id`. The error says in words why it is not believed.
    pub fn parse(bytes: &[u8], id: &EventId) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_slice(bytes).map_err(|error| format!("its form is wrong: {error}"))?;
        let time = |key: &str, text: &str| {
            NaiveDateTime::parse_from_str(text, TIME).map_err(|_| format!("its {key} {text:?} is no time"))
        };
        let (start, end) = (time("start", &wire.start)?, time("end", &wire.end)?);
        if end < start || end - start > LONGEST {
            return Err(format!("its end {end} does not fit its start {start}"));
        }
        let fits = match id.named_time() {
            Some(named) => (start - named).abs() <= FURTHEST_START,
            None => (start.date() - id.day.date()).abs() <= TimeDelta::days(1),
        };
        if !fits {
            return Err(format!("its start {start} does not fit the directory's name"));
        }
        let folder = format!("motion/{id}/");
        let file = |key: &str, path: &str| match path {
            MISSING => Ok(None),
            path => match path.strip_prefix(&folder) {
                Some(name) => Ok(Some(name.to_owned())),
                None => Err(format!("its {key} {path:?} is not in this event")),
            },
        };
        let video = file("video", &wire.video)?
            .map(|name| Container::of(name.as_bytes()).ok_or_else(|| format!("its video {name:?} is no movie")));
        let thumbnail = file("thumbnail", &wire.thumbnail)?
            .map(|name| Thumbnail::of(name.as_bytes()).ok_or_else(|| format!("its thumbnail {name:?} is no picture")));
        Ok(Self {
            start,
            end,
            video: video.transpose()?,
            has_debug: wire.debug_video != MISSING,
            thumbnail: thumbnail.transpose()?,
            own: wire.owlery.filter(|own| own.version == 1 && own.state == State::Complete.as_str()),
        })
    }
}

impl Tree {
    /// Writes the sidecar of a complete event, by temporary file and rename.
    ///
    /// Nothing is written for a raw `%v` directory or an event without a movie, since whoever reads it would believe
    /// what is not true yet; the caller keeps events away that wait in `queue/`. Answers whether it was written.
    pub fn write_sidecar(&self, id: &EventId, details: &Details) -> Result<bool> {
        let (Some(_), Some(video), State::Complete) = (id.named_time(), details.video, details.state) else {
            return Ok(false);
        };
        let (Some(frames), Some(bytes)) = (details.frames, details.bytes) else { return Ok(false) };
        let path = |name: Option<String>| {
            name.map_or(Cow::Borrowed(MISSING), |name| Cow::Owned(format!("motion/{id}/{name}")))
        };
        let wire = Wire {
            start: details.start.format(TIME).to_string().into(),
            end: details.end.format(TIME).to_string().into(),
            title: title(details.start).into(),
            video: path(Some(video.file_name().to_owned())),
            debug_video: path(details.debug_video.map(crate::event::DebugMovie::path)),
            thumbnail: path(details.thumbnail.map(Thumbnail::file_name)),
            images: Vec::new(),
            saved: details.saved,
            event_path: self.root().join(id.to_string()).to_string_lossy().into_owned().into(),
            owlery: Some(Own {
                version: 1,
                state: details.state.as_str().to_owned(),
                frames,
                bytes,
                peak_change: details.peak_change,
                problems: details.problems.clone(),
            }),
        };
        let text = serde_json::to_vec(&wire).expect("a struct of texts and numbers is JSON");
        self.event_dir(id)?.write_whole(SIDECAR.as_bytes(), &text)?;
        Ok(true)
    }

    pub(super) fn event_dir(&self, id: &EventId) -> Result<Dir> {
        self.camera(&id.camera)?.day(id.day)?.dir.open_dir(id.name.to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{"start": "2026-11-21 05:45:25", "end": "2026-11-21 05:45:31", "title": "x",
        "video": "motion/Camera1/2026-11-21/05-45-25/video.m4v", "debug_video": "images/missing.jpg",
        "thumbnail": "motion/Camera1/2026-11-21/05-45-25/thumbnail.jpg", "images": [], "saved": false,
        "event_path": "/var/lib/motion/Camera1/2026-11-21/05-45-25"}"#;

    fn parse(text: &str) -> Result<Sidecar, String> {
        Sidecar::parse(text.as_bytes(), &"Camera1/2026-11-21/05-45-25".parse().unwrap())
    }

    #[test]
    fn what_strix_writes_is_believed() {
        let sidecar = parse(GOOD).unwrap();
        assert_eq!(sidecar.end - sidecar.start, TimeDelta::seconds(6));
        assert_eq!((sidecar.video, sidecar.thumbnail), (Some(Container::M4v), Some(Thumbnail::File)));
        assert!(!sidecar.has_debug);
    }

    #[test]
    fn valid_json_of_the_wrong_shape_is_not_believed() {
        for (from, to) in [
            ("\"2026-11-21 05:45:25\"", "null"),
            ("2026-11-21 05:45:25", "2026-11-31 05:45:25"),
            ("2026-11-21 05:45:25", "2026-11-21 06:45:25"),
            ("2026-11-21 05:45:31", "2026-11-21 05:45:20"),
            ("2026-11-21 05:45:31", "2027-11-21 05:45:31"),
            ("\"x\"", "[\"x\"]"),
            ("Camera1/2026-11-21/05-45-25/video.m4v", "Camera10/2026-11-21/05-45-25/video.m4v"),
            ("video.m4v", "../../../../etc/passwd"),
            ("thumbnail.jpg", "05-45-25-00m.jpg"),
            ("\"images\": []", "\"images\": {}"),
            ("\"saved\": false", "\"saved\": \"no\""),
        ] {
            assert!(GOOD.contains(from), "{from}");
            assert!(parse(&GOOD.replacen(from, to, 1)).is_err(), "{from} -> {to}");
        }
        for text in ["", "{}", "[]", "null", "1", "\"x\"", "{\"start\":null}"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Sidecar::parse(&bytes, &"Camera1/2026-11-21/01".parse().unwrap());
        }

        #[test]
        fn no_change_to_a_good_one_panics(at in 0usize..450, byte: u8) {
            let mut bytes = GOOD.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Sidecar::parse(&bytes, &"Camera1/2026-11-21/05-45-25".parse().unwrap());
        }
    }
}
