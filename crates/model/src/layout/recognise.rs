//! Recognises how the recordings of a root are arranged, from a list of its paths. Pure; the list is made elsewhere.

mod base;
mod events;
mod evidence;
mod flags;
mod numbers;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Layout, Parsed, Pattern};
use crate::event::Camera;
use base::Base;

/// A file or directory of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its path relative to the root, with `/` between its components.
    pub path: &'a str,
    /// Whether it is a directory. Links are neither followed nor directories.
    pub is_dir: bool,
}

/// Which directories of a root are cameras at present.
#[derive(Clone, Copy)]
pub struct CameraNames<'a> {
    /// The value of `--camera-pattern`, for the flags that are proposed.
    pub pattern: &'a str,
    /// Whether a directory's name matches it.
    pub matches: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for CameraNames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CameraNames").field(&self.pattern).finish()
    }
}

/// What a root holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Findings {
    /// What was recognised.
    pub layouts: Vec<Found>,
    /// What may be Motion's and was not recognised.
    pub doubts: Vec<Doubt>,
    /// Files that are neither recordings of a recognised layout nor known companions of them.
    pub unknown: Unknown,
    /// The flags with which Owlery reads the layouts that were recognised, each with its value, quoted for a shell. Empty
    /// if it needs none, or if nothing was recognised.
    pub flags: Vec<String>,
}

/// A layout, and where it applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How the files are arranged.
    pub arrangement: Arrangement,
    /// Where.
    pub place: Place,
    /// How much there is.
    pub counts: Counts,
    /// Up to three paths.
    pub examples: Vec<String>,
}

/// How recordings are arranged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrangement {
    /// A directory for each event: `Camera1/2026-11-20/10-04-36/`.
    EventDirectories,
    /// Files of this pattern.
    Flat(Pattern),
}

/// Where a layout applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the root itself.
    Root {
        /// The camera that the literal beginning of the names tells: `CAM01` for `CAM01_%v-%Y%m%d%H%M%S`. Without one it
        /// is named by `%t` or `%$`, or else by the root directory.
        camera: Option<String>,
    },
    /// In these directories of the root, each of which is a camera.
    Directories(Vec<String>),
}

/// How much there is of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All its files.
    pub files: u64,
    /// Its movies, without debug movies.
    pub movies: u64,
    /// Its pictures, without debug pictures and snapshots.
    pub pictures: u64,
    /// Its events.
    pub events: u64,
}

/// Files that may be Motion's, and why they were not recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The directory of the root; empty for the root itself.
    pub place: String,
    /// How many movies (or pictures, if there are no movies) are meant.
    pub files: u64,
    /// The path of one.
    pub example: String,
    /// The reason, as a sentence.
    pub why: String,
    /// What to do if they are Motion's, as a sentence.
    pub cure: String,
}

/// Files that are not understood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Unknown {
    /// How many.
    pub files: u64,
    /// Up to five paths.
    pub examples: Vec<String>,
}

/// The maximum number of examples of a layout.
const EXAMPLES: usize = 3;

/// The maximum number of examples of files that are not understood.
const UNKNOWN_EXAMPLES: usize = 5;

/// Recognises the layouts of a root from its entries.
///
/// The files of the root itself and those below each of its directories are judged separately. What distinguishes Motion
/// is its movies. A flat layout is recognised only if nine of ten movies of such a place have one shape, and that is
///
/// - a default of Motion or motionEye: an event number, a dash and a stamp of fourteen digits (`01-20261128131709`, with
///   the camera's or the movie's number or a text beside it), or `2026-11-28/13-10-02`, at least twice, and neither
///   at equal intervals nor with numbers that do not grow; or
/// - another with date and time to the second, at least three times, with companions that only Motion makes: snapshots,
///   the link `lastsnap.jpg`, debug movies, motionEye's thumbnails, series of numbered pictures in a second.
///
/// Stamps alone are not enough, because phones, dash cams and other recorders write them too. Pictures without movies are
/// not enough either. Event directories are recognised by the names of their files. Whatever is in doubt is not
/// recognised: a [`Doubt`] says why, and what can be passed.
pub fn recognise(entries: &[Entry<'_>], cameras: CameraNames<'_>) -> Findings {
    recognise_at(entries, cameras, Depth::Root)
}

/// Whether the root itself is judged, or one of its directories, for the hint that it may be the root.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Root,
    Directory,
}

fn recognise_at(entries: &[Entry<'_>], cameras: CameraNames<'_>, depth: Depth) -> Findings {
    let mut findings = Findings::default();
    let mut names = BTreeSet::new();
    let mut bases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in entries {
        let (top, rest) = match entry.path.split_once('/') {
            Some((top, rest)) if !shape::is_date(top) => (top, rest),
            _ if entry.is_dir && !entry.path.contains('/') => {
                names.insert(entry.path);
                continue;
            }
            _ => ("", entry.path),
        };
        let is_ours = matches!(top, "queue" | "delete_queue") || top.starts_with('.');
        if !entry.is_dir && !is_ours {
            bases.entry(top).or_default().push(rest);
        }
    }
    let mut places: Vec<Judged<'_>> = Vec::new();
    for (name, paths) in &bases {
        let base = Base { name, paths, directories: &names };
        let may_be_camera = name.is_empty() || name.parse::<Camera>().is_ok();
        places.push(Judged { name, paths, findings: if may_be_camera { base.judge() } else { base.unknown() } });
    }
    let dangers = dangers(&places, cameras);
    for Judged { name, paths, findings: mut judged } in places {
        withhold(&mut judged, &dangers);
        let is_nothing = judged.layouts.is_empty() && judged.doubts.is_empty();
        if is_nothing && depth == Depth::Root && !name.is_empty() {
            findings.doubts.extend(below(name, paths, cameras));
        }
        add(&mut findings, judged);
    }
    findings.flags = flags::flags(&findings.layouts, cameras, |text| !dangers.contains_key(text));
    findings
}
/// A place and what was found there.
struct Judged<'a> {
    name: &'a str,
    paths: &'a [&'a str],
    findings: Findings,
}

impl Judged<'_> {
    fn has(&self, pattern: &Pattern) -> bool {
        self.findings.layouts.iter().any(|found| found.pattern() == Some(pattern))
    }
}

/// The patterns that must not apply to all cameras, with a directory each: it would count as a camera, and has files that
/// match the pattern but were not recognised. A phone's directory `Camera` is one.
fn dangers(places: &[Judged<'_>], cameras: CameraNames<'_>) -> BTreeMap<String, String> {
    let patterns = places.iter().flat_map(|place| &place.findings.layouts).filter_map(Found::pattern);
    let patterns: BTreeMap<String, &Pattern> = patterns.map(|pattern| (pattern.to_string(), pattern)).collect();
    let mut dangers = BTreeMap::new();
    for (text, pattern) in patterns {
        let Ok(layout) = Layout::new(vec![pattern.clone()]) else { continue };
        let is_camera = |place: &Judged<'_>| (cameras.matches)(place.name) || !place.findings.layouts.is_empty();
        let mut others =
            places.iter().filter(|place| !place.name.is_empty() && is_camera(place) && !place.has(pattern));
        if let Some(place) = others.find(|place| place.paths.iter().any(|path| layout.parse(path) != Parsed::None)) {
            dangers.insert(text, place.name.to_owned());
        }
    }
    dangers
}

/// Turns layouts of the root itself into doubts if their flag would apply to another directory too.
fn withhold(judged: &mut Findings, dangers: &BTreeMap<String, String>) {
    let (kept, withheld): (Vec<Found>, Vec<Found>) =
        std::mem::take(&mut judged.layouts).into_iter().partition(|found| {
            found.place != Place::Root { camera: None }
                || !found.pattern().is_some_and(|pattern| dangers.contains_key(&pattern.to_string()))
        });
    judged.layouts = kept;
    for found in withheld {
        let Some(pattern) = found.pattern().map(ToString::to_string) else { continue };
        let Some(directory) = dangers.get(&pattern) else { continue };
        judged.doubts.push(Doubt {
            place: String::new(),
            files: found.counts.movies,
            example: found.examples.first().cloned().unwrap_or_default(),
            why: format!(
                "--layout '{pattern}' would apply to the directory {directory:?} too, which may not be Motion's"
            ),
            cure: format!(
                "move that directory out of the root, or give the camera of these files a name with --layout \
                 'NAME={pattern}'"
            ),
        });
    }
}

/// Adds what was found in one place, joining the directories of one layout.
fn add(findings: &mut Findings, judged: Findings) {
    for found in judged.layouts {
        let same = findings.layouts.iter_mut().find(|known| known.arrangement == found.arrangement);
        let same = same.map(|known| (&mut known.place, &mut known.counts, &mut known.examples));
        match (same, found.place) {
            (Some((Place::Directories(known), counts, examples)), Place::Directories(new)) => {
                known.extend(new);
                counts.add(found.counts);
                examples.extend(found.examples);
                examples.truncate(EXAMPLES);
            }
            (_, place) => findings.layouts.push(Found { place, ..found }),
        }
    }
    findings.doubts.extend(judged.doubts);
    findings.unknown.files += judged.unknown.files;
    findings.unknown.examples.extend(judged.unknown.examples);
    findings.unknown.examples.truncate(UNKNOWN_EXAMPLES);
}

/// The hint that a directory of the root is itself a root.
fn below(name: &str, paths: &[&str], cameras: CameraNames<'_>) -> Option<Doubt> {
    let entries: Vec<Entry<'_>> = paths.iter().map(|path| Entry { path, is_dir: false }).collect();
    let found = recognise_at(&entries, cameras, Depth::Directory).layouts;
    let example = found.iter().find(|found| matches!(found.place, Place::Directories(_)))?.examples.first()?;
    Some(Doubt {
        place: name.to_owned(),
        files: found.iter().map(|found| found.counts.movies).sum(),
        example: format!("{name}/{example}"),
        why: "the directories of cameras are not in the root but one level below".to_owned(),
        cure: format!("use the directory {name:?} of the root as the root"),
    })
}

impl Found {
    /// The pattern of a flat layout.
    pub fn pattern(&self) -> Option<&Pattern> {
        match &self.arrangement {
            Arrangement::Flat(pattern) => Some(pattern),
            Arrangement::EventDirectories => None,
        }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.movies += other.movies;
        self.pictures += other.pictures;
        self.events += other.events;
    }
}
