//! One camera of Motion's configuration: its options, and the directories of its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::lines::{is_on, number, path, text};
use super::names::{Sample, Specifiers};
use super::streams::StreamConf;
use crate::{Day, EventName};

/// The gap to assume where Motion never ends an event (`event_gap` 0 or less), and the longest one.
const MAX_GAP: Duration = Duration::from_hours(24);
/// Motion's defaults.
const DEFAULT_GAP: Duration = Duration::from_mins(1);
const DEFAULT_MAX_TIME: i64 = 120;

/// The options of one camera that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CameraConf {
    id: Option<i64>,
    /// Its position among the cameras, from 1, which is Motion's default for the id; 0 if the main file is the only camera.
    pub place: i64,
    name: Option<String>,
    target_dir: Option<PathBuf>,
    /// Where its live stream is.
    pub stream: StreamConf,
    event_gap: Option<i64>,
    text_event: Option<String>,
    pictures: Option<bool>,
    picture_filename: Option<String>,
    movies: Option<bool>,
    movie_filename: Option<String>,
    movie_max_time: Option<i64>,
    snapshot_filename: Option<String>,
    timelapse_filename: Option<String>,
    /// `cleandir_params` of Motion 5.
    pub cleandir: Option<String>,
    /// motionEye's `@preserve_movies` and `@preserve_pictures`: for how many days, 0 for ever.
    pub keep_movies: Option<i64>,
    pub keep_pictures: Option<i64>,
    /// The commands of `on_event_end` and the like, by option.
    pub hooks: BTreeMap<String, String>,
    /// The file of each option.
    files: BTreeMap<String, Arc<Path>>,
    /// Whether an option occurs that only Motion 5 has.
    pub is_motion_5: bool,
}

impl CameraConf {
    /// Sets an option of a file. It accepts the names of Motion 4 and 5, the older ones that Motion 4 still accepts, and those
    /// that motionEye keeps in comments.
    pub(super) fn take(&mut self, name: &str, value: &[u8], file: &Arc<Path>) {
        self.files.insert(name.to_owned(), Arc::clone(file));
        match name {
            "camera_id" | "device_id" => self.id = Some(number(value)),
            "camera_name" | "device_name" => self.name = Some(text(value)),
            "target_dir" => self.target_dir = Some(path(value)).filter(|dir| !dir.as_os_str().is_empty()),
            "event_gap" => self.event_gap = Some(number(value)),
            "text_event" => self.text_event = Some(text(value)),
            "picture_output" | "output_pictures" => self.pictures = Some(!value.eq_ignore_ascii_case(b"off")),
            "picture_filename" => self.picture_filename = file_name(value),
            "movie_output" | "ffmpeg_output_movies" => self.movies = Some(is_on(value)),
            "movie_filename" => self.movie_filename = file_name(value),
            "snapshot_filename" => self.snapshot_filename = file_name(value),
            "timelapse_filename" => self.timelapse_filename = file_name(value),
            "movie_max_time" | "max_movie_time" => self.movie_max_time = Some(number(value)),
            "cleandir_params" => self.cleandir = Some(text(value)),
            "@preserve_movies" => self.keep_movies = Some(number(value)),
            "@preserve_pictures" => self.keep_pictures = Some(number(value)),
            hook if hook.starts_with("on_") => _ = self.hooks.insert(hook.to_owned(), text(value)),
            other => self.stream.take(other, value),
        }
        self.is_motion_5 |= matches!(
            name,
            "cleandir_params"
                | "device_id"
                | "device_name"
                | "movie_container"
                | "config_dir"
                | "webcontrol_access"
                | "webcontrol_port2"
        );
    }

    /// The file that sets an option, as text; empty if none does.
    pub(super) fn at(&self, option: &str) -> String {
        self.files.get(option).map_or_else(String::new, |file| file.display().to_string())
    }

    /// An option with its value and its file, for messages.
    pub(super) fn shown(&self, option: &str, value: &str) -> String {
        match self.at(option).as_str() {
            "" => format!("{option} {value:?} (Motion's default)"),
            file => format!("{option} {value:?} of {file}"),
        }
    }

    /// Whether it records movies.
    pub(super) fn records_movies(&self) -> bool {
        self.movies.unwrap_or(true)
    }

    /// Whether a name for pictures or snapshots is set.
    pub(super) fn names_pictures(&self) -> bool {
        [&self.picture_filename, &self.snapshot_filename].into_iter().any(Option::is_some)
    }

    /// Motion's event gap for this camera.
    pub(super) fn gap(&self) -> Duration {
        match self.event_gap {
            None => DEFAULT_GAP,
            Some(..=0) => MAX_GAP,
            Some(seconds) => Duration::from_secs(seconds.unsigned_abs()).min(MAX_GAP),
        }
    }

    /// How its pieces of a movie overwrite each other, as a sentence; `None` if they do not.
    pub(super) fn overwritten(&self, root: &Path, bases: &[PathBuf]) -> Option<String> {
        let camera = self.directory(root, bases)?;
        let name = self.movie()?;
        let max_time = self.movie_max_time.unwrap_or(DEFAULT_MAX_TIME);
        let is_constant =
            self.specifiers().render(name, Sample::FIRST) == self.specifiers().render(name, Sample::LATER);
        let set = if self.movie_max_time.is_some() { "" } else { " (Motion's default)" };
        (max_time > 0 && is_constant).then(|| {
            format!(
                "{camera}: movie_max_time {max_time}{set} with the constant name {name:?} keeps only the last piece of a \
                 longer event: set movie_max_time 0"
            )
        })
    }

    /// Whether its events have numbers, and no other file of Motion, such as a snapshot, lies in a directory that could be
    /// an hour.
    pub(super) fn is_numbered(&self, root: &Path, bases: &[PathBuf]) -> bool {
        let of_events = [self.picture(), self.movie()].into_iter().flatten();
        let of_times = [self.snapshot(), self.timelapse()].into_iter().flatten();
        let mut is_numbered = false;
        for name in of_events.chain(of_times) {
            match self.folders(name, root, bases) {
                Folders::Numbers => is_numbered = true,
                Folders::None if self.is_flat(name, root, bases) => {}
                _ => return false,
            }
        }
        is_numbered
    }

    /// Whether the files lie in no directory below that of a day.
    fn is_flat(&self, name: &str, root: &Path, bases: &[PathBuf]) -> bool {
        self.relative(name, root, bases, Sample::FIRST).is_none_or(|path| path.split('/').count() <= 3)
    }

    /// Whether Motion never ends an event of this camera by itself.
    pub(super) fn is_endless(&self) -> bool {
        self.event_gap.is_some_and(|gap| gap <= 0)
    }

    pub(super) fn picture(&self) -> Option<&str> {
        self.pictures.unwrap_or(false).then(|| self.picture_filename.as_deref().unwrap_or("%v-%Y%m%d%H%M%S-%q"))
    }

    pub(super) fn movie(&self) -> Option<&str> {
        self.records_movies().then(|| self.movie_filename.as_deref().unwrap_or("%v-%Y%m%d%H%M%S"))
    }

    pub(super) fn any_name(&self) -> &str {
        self.movie().or_else(|| self.picture()).unwrap_or("x")
    }

    /// The names of snapshots and of timelapses, if they are set.
    pub(super) fn snapshot(&self) -> Option<&str> {
        self.snapshot_filename.as_deref()
    }

    pub(super) fn timelapse(&self) -> Option<&str> {
        self.timelapse_filename.as_deref()
    }

    /// `camera_name` or `device_name`.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The kind of directories that a configured file name leads to.
    pub(super) fn folders(&self, name: &str, root: &Path, bases: &[PathBuf]) -> Folders {
        let event_of = |sample| {
            let path = self.relative(name, root, bases, sample)?;
            let mut parts = path.split('/').skip(1);
            let (day, event, _file) = (parts.next()?, parts.next()?, parts.next()?);
            let is_deeper = parts.next().is_some();
            (!is_deeper).then_some((day.parse::<Day>().ok()?, event.parse::<EventName>().ok()?))
        };
        let first = event_of(Sample::FIRST);
        match first {
            None => Folders::None,
            Some((_, EventName::Number { .. })) if first == event_of(Sample::OTHER_EVENT) => Folders::Hours,
            Some(_) if first != event_of(Sample::LATER) => Folders::Many,
            Some((_, EventName::Number { .. })) => Folders::Numbers,
            Some((_, EventName::Time(_))) => Folders::Times,
        }
    }

    /// The path of a file relative to `root`, rendered for `sample`.
    pub(super) fn relative(&self, name: &str, root: &Path, bases: &[PathBuf], sample: Sample) -> Option<String> {
        let dir = self.target(root, bases, |text| self.specifiers().render(text, sample), str::to_owned)?;
        let path = format!("{dir}/{}", self.specifiers().render(name, sample));
        Some(path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))
    }

    /// `target_dir` relative to `root`: with its specifiers rendered, or as it stands, and then changed by `literally`.
    pub(super) fn target(
        &self,
        root: &Path,
        bases: &[PathBuf],
        render: impl Fn(&str) -> String,
        literally: impl Fn(&str) -> String,
    ) -> Option<String> {
        let target = self.target_dir.as_ref()?;
        let below = |base: &PathBuf| {
            // Motion 4.5 does not render specifiers in target_dir, so an existing directory of that name wins.
            let literal = base.join(target);
            let rendered = target.to_str().filter(|_| !literal.is_dir()).map(|text| base.join(render(text)));
            let is_literal = rendered.is_none();
            let dir = rendered.unwrap_or(literal);
            // A camera's directory may be a link to another disk, so its own link is not resolved.
            let dir = if dir == root { dir } else { real_parent(&dir)? };
            let relative = dir.strip_prefix(root).ok()?.to_string_lossy().into_owned();
            Some(if is_literal { literally(&relative) } else { relative })
        };
        bases.iter().find_map(below)
    }

    pub(super) fn specifiers(&self) -> Specifiers<'_> {
        Specifiers {
            id: self.id.filter(|id| *id != 0).unwrap_or(self.place),
            camera: self.name.as_deref(),
            event: self.text_event.as_deref().unwrap_or("%Y%m%d%H%M%S"),
        }
    }
}

/// The event directories that a configured name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folders {
    None,
    /// Not of events: one for each hour.
    Hours,
    /// One for each event, named by its time.
    Times,
    /// One for each event, named by its number.
    Numbers,
    /// A new one for every second.
    Many,
}

/// A name of files; an empty one counts as not set.
fn file_name(value: &[u8]) -> Option<String> {
    Some(text(value)).filter(|name| !name.is_empty())
}

/// The path with the links of its parent resolved.
fn real_parent(path: &Path) -> Option<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Some(parent.canonicalize().ok()?.join(name)),
        _ => path.canonicalize().ok(),
    }
}
