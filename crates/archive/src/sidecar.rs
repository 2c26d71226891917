//! `.details.json`, the file in an event's directory that the strix web UI writes and reads: its contents, whether they
//! are plausible, and how Owlery writes it. The format is strix's, plus one key of our own (`owlery`).

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::Tree;
use super::dir::Dir;
use crate::error::Result;
use crate::event::strix::{MISSING_FILE, TIME_FORMAT, title};
use crate::event::{Container, Day, DebugMovie, Details, EventId, MotionMask, MovieName, Movies, State, Thumbnail};

/// The file's name.
pub const SIDECAR: &str = ".details.json";

/// The maximum size of a sidecar, in bytes.
pub(super) const MAX_SIDECAR_BYTES: usize = 256 * 1024;

/// The largest accepted difference between the start and the time in the directory's name.
const MAX_START_DIFFERENCE: TimeDelta = TimeDelta::minutes(10);

/// The largest accepted length of an event.
const MAX_LENGTH: TimeDelta = TimeDelta::hours(48);

/// The largest accepted size (16 TiB, the largest file of ext4); an event with a larger one is measured.
const MAX_BYTES: u64 = 1 << 44;

/// A sidecar whose form and times are plausible. The caller checks whether its files exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sidecar {
    /// When the event began.
    pub start: NaiveDateTime,
    /// When it ended.
    pub end: NaiveDateTime,
    /// The movie it names.
    pub video: Option<MovieName>,
    /// Whether it names any debug movie (strix names the wrong file).
    pub has_debug: bool,
    /// The thumbnail it names.
    pub thumbnail: Option<Thumbnail>,
    /// Our own key, if Owlery wrote the file.
    pub own: Option<Own>,
}

/// What Owlery adds, so that a later preload does not have to measure again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Own {
    /// The version of this key's format.
    version: u32,
    /// `complete` (others get no sidecar).
    state: String,
    /// The number of frames.
    pub frames: u32,
    /// The bytes of all files except this one.
    pub bytes: u64,
    /// The largest number of changed pixels.
    pub peak_change: Option<u32>,
    /// Where they are; `None` also if an earlier version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion_mask: Option<MotionMask>,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// The file type of the main movie.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    container: Option<Container>,
    /// All movies, the main one first; empty if an earlier version wrote it.
    #[serde(default, skip_serializing_if = "Movies::is_empty")]
    pub videos: Movies,
}

/// The file's format. The order of the keys is strix's.
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

/// Parses a time exactly as strix writes it; `None` for any other text.
fn plain_time(text: &str) -> Option<NaiveDateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let pair = |at: usize| {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        Some(digit(bytes[at])? * 10 + digit(bytes[at + 1])?)
    };
    let has_form = [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]] == *b"-- ::";
    let year = i32::try_from(pair(0)? * 100 + pair(2)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, pair(5)?, pair(8)?)?;
    has_form.then(|| date.and_hms_opt(pair(11)?, pair(14)?, pair(17)?)).flatten()
}

/// The file's name if `path` leads into the event's directory: `motion/Camera1/2026-11-20/10-04-36/NAME`.
fn below<'a>(path: &'a str, id: &EventId) -> Option<&'a str> {
    let (day, rest) =
        path.strip_prefix("motion/")?.strip_prefix(id.camera.as_str())?.strip_prefix('/')?.split_once('/')?;
    let name = rest.strip_prefix(&*id.name.text())?.strip_prefix('/')?;
    day.parse().is_ok_and(|day: Day| day == id.day).then_some(name)
}

/// The file that a path in a sidecar names; `None` if the value means that there is no such file.
fn named<'a>(key: &str, path: &'a str, id: &EventId) -> Result<Option<&'a str>, String> {
    if path == MISSING_FILE {
        return Ok(None);
    }
    below(path, id).map(Some).ok_or_else(|| format!("its {key} {path:?} is not in this event"))
}

impl Sidecar {
    /// Parses the file of the event `id`. The error is a sentence that says why it is ignored.
    pub(crate) fn parse(bytes: &[u8], id: &EventId) -> Result<Self, String> {
        // Parsing is faster from text that was checked as a whole; bytes that are not UTF-8 may still be well-formed
        // where it matters.
        let wire: serde_json::Result<Wire<'_>> = match std::str::from_utf8(bytes) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(bytes),
        };
        let wire = wire.map_err(|error| format!("its format is invalid: {error}"))?;
        let time = |key: &str, text: &str| {
            let parsed = plain_time(text).or_else(|| NaiveDateTime::parse_from_str(text, TIME_FORMAT).ok());
            parsed.ok_or_else(|| format!("its {key} {text:?} is not a time"))
        };
        let (start, end) = (time("start", &wire.start)?, time("end", &wire.end)?);
        if end < start || end - start > MAX_LENGTH {
            return Err(format!("its end {end} does not fit its start {start}"));
        }
        let fits = match id.named_time() {
            Some(named) => (start - named).abs() <= MAX_START_DIFFERENCE,
            None => (start.date() - id.day.date()).abs() <= TimeDelta::days(1),
        };
        if !fits {
            return Err(format!("its start {start} does not fit the directory's name"));
        }
        if let Some(own) = wire.owlery.as_ref().filter(|own| own.bytes > MAX_BYTES) {
            return Err(format!("its size of {} bytes is more than an event can have", own.bytes));
        }
        let video = named("video", &wire.video, id)?
            .map(|name| MovieName::parse(name.as_bytes()).ok_or_else(|| format!("its video {name:?} is not a movie")));
        let thumbnail = named("thumbnail", &wire.thumbnail, id)?.map(|name| {
            Thumbnail::of(name.as_bytes()).ok_or_else(|| format!("its thumbnail {name:?} is not a picture"))
        });
        let video = video.transpose()?;
        let mut own = wire.owlery.filter(|own| own.version == 1 && State::of(&own.state) == Some(State::Complete));
        if let Some(own) = &mut own
            && own.videos.first().map(|movie| &movie.name) != video.as_ref()
        {
            own.videos.clear(); // another program changed one of the two
        }
        let has_debug = wire.debug_video != MISSING_FILE;
        Ok(Self { start, end, video, has_debug, thumbnail: thumbnail.transpose()?, own })
    }
}

impl Tree {
    /// Writes the sidecar of a complete event, by temporary file and rename.
    ///
    /// Writes nothing for a flat event, a raw `%v` directory or an event without a movie, whose values may still change, nor anything
    /// that `Sidecar::parse` would reject afterwards: the start of an event during which the clock was set back may
    /// not fit its name. The caller must skip events that wait in `queue/`. Returns whether it was written.
    pub fn write_sidecar(&self, id: &EventId, details: &Details) -> Result<bool> {
        let (Some(_), Some(video), State::Complete) = (id.named_time(), details.video(), details.state) else {
            return Ok(false);
        };
        let (Some(frames), Some(bytes)) = (details.frames, details.bytes) else { return Ok(false) };
        if self.flat_day(id)?.is_some() {
            return Ok(false); // other programs' `rmdir` of the day must go on working
        }
        let path = |name: Option<String>| {
            name.map_or(Cow::Borrowed(MISSING_FILE), |name| Cow::Owned(format!("motion/{id}/{name}")))
        };
        let wire = Wire {
            start: details.start.format(TIME_FORMAT).to_string().into(),
            end: details.end.format(TIME_FORMAT).to_string().into(),
            title: title(details.start).into(),
            video: path(Some(video.as_str().to_owned())),
            debug_video: path(details.debug_video.as_ref().map(DebugMovie::path).map(Cow::into_owned)),
            thumbnail: path(details.thumbnail.as_ref().map(Thumbnail::file_name)),
            images: Vec::new(),
            saved: details.saved,
            event_path: self.event_path(id).to_string_lossy().into_owned().into(),
            owlery: Some(Own {
                version: 1,
                state: details.state.as_str().to_owned(),
                frames,
                bytes,
                peak_change: details.peak_change,
                motion_mask: details.motion_mask,
                problems: details.problems.clone(),
                container: details.container(),
                videos: details.videos.clone(),
            }),
        };
        let text = serde_json::to_vec(&wire).expect("a struct of texts and numbers is JSON");
        if text.len() > MAX_SIDECAR_BYTES || Sidecar::parse(&text, id).is_err() {
            return Ok(false);
        }
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
    use crate::event::EventName;

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
        assert_eq!((sidecar.video, sidecar.thumbnail), (Some(Container::M4v.into()), Some(Thumbnail::File)));
        assert!(!sidecar.has_debug);
    }

    #[test]
    fn json_of_the_wrong_shape_is_not_believed() {
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
        fn fast_time_parsing_agrees_with_chrono(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]|[0-9: -]{19}",
        ) {
            if let Some(time) = plain_time(&text) {
                prop_assert_eq!(NaiveDateTime::parse_from_str(&text, TIME_FORMAT), Ok(time));
            }
        }

        #[test]
        fn a_path_is_below_its_own_event_only(
            camera in "Camera1?",
            day in 20_000i64..20_003,
            name in prop_oneof![(0u32..3).prop_map(EventName::Time), (1u32..120).prop_map(|number| EventName::Number { number, width: 3 })],
            path in "motion/Camera1?/2024-10-0[4-7]/(00-00-0[0-3]|0?[0-9]{1,3})/video.mp4",
        ) {
            let id = EventId { camera: camera.parse().unwrap(), day: Day::from_number(day).unwrap(), name };
            let own = format!("motion/{id}/video.mp4");
            prop_assert_eq!(below(&own, &id), Some("video.mp4"));
            prop_assert_eq!(below(&path, &id), path.strip_prefix(&format!("motion/{id}/")));
        }

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
