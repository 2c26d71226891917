//! Judges the files of one place: of the root itself, or below one of its directories.

use std::collections::{BTreeMap, BTreeSet};

use super::super::class::Class;
use super::super::{Layout, Parsed, Pattern};
use super::events::EventDirectories;
use super::evidence::Evidence;
use super::flags::layout_flag;
use super::numbers::{Reading, Readings};
use super::{Arrangement, Doubt, Findings, Found, Place, UNKNOWN_EXAMPLES, shape};
use crate::event::{Camera, Container};

/// A place and the paths of its files.
pub(super) struct Base<'a> {
    /// The directory; empty for the root itself.
    pub(super) name: &'a str,
    /// Relative to it.
    pub(super) paths: &'a [&'a str],
    /// All directories of the root.
    pub(super) directories: &'a BTreeSet<&'a str>,
}

/// The movies of one shape.
#[derive(Default)]
struct Tally<'a> {
    movies: u64,
    readings: Readings,
    is_default: bool,
    label: &'a str,
    example: &'a str,
}

/// A pattern that was accepted.
struct Accepted<'a> {
    pattern: Pattern,
    label: &'a str,
    evidence: Evidence,
}

/// The most shapes of one place that are judged, largest first: more are no sign of one program.
const SHAPES: usize = 64;

/// Of so many movies of a place ...
const OF_MOVIES: u64 = 10;

/// ... at least so many must have a recognised shape.
const MAJORITY: u64 = 9;

impl Base<'_> {
    /// Recognises what lies here. The flags stay empty.
    pub(super) fn judge(&self) -> Findings {
        let mut findings = Findings::default();
        let events = EventDirectories::of(self.paths);
        let rest: Vec<&str> = self.paths.iter().copied().filter(|path| !events.has(path)).collect();
        self.add_event_directories(&events, &mut findings);

        let tallies = tally(&rest);
        let mut accepted = Vec::new();
        for (key, tally) in &tallies {
            match self.accept(key, tally, &rest) {
                Ok(new) => accepted.extend(new),
                Err(doubt) => findings.doubts.push(*doubt),
            }
        }
        if tallies.is_empty() {
            findings.doubts.extend(self.pictures_alone(&rest));
        }
        match self.common_doubt(&accepted, &rest) {
            Some(doubt) => findings.doubts.push(doubt),
            None => self.add_flat(accepted, &mut findings),
        }
        add_unknown(self, &rest, &mut findings);
        findings
    }

    /// Counts all files as unknown.
    pub(super) fn unknown(&self) -> Findings {
        let mut findings = Findings::default();
        add_unknown(self, self.paths, &mut findings);
        findings
    }

    fn add_event_directories(&self, events: &EventDirectories<'_>, findings: &mut Findings) {
        let Some(example) = events.example() else { return };
        if self.name.is_empty() {
            let why = "the root has the event directories of a single camera, which belong into a camera's directory";
            let cure = "use the directory above as the root, with this one's name as --camera-pattern";
            findings.doubts.push(self.doubt(events.counts().movies, example, why.to_owned(), cure.to_owned()));
            return;
        }
        findings.layouts.push(Found {
            arrangement: Arrangement::EventDirectories,
            place: Place::Directories(vec![self.name.to_owned()]),
            counts: events.counts(),
            examples: vec![self.path(&example)],
        });
    }

    /// The pattern of a shape, if it is Motion's; a doubt if it may be; `None` if there is nothing to say.
    fn accept<'t>(&self, key: &str, tally: &Tally<'t>, paths: &[&str]) -> Result<Option<Accepted<'t>>, Box<Doubt>> {
        let doubt = |why, cure| Box::new(self.doubt(tally.movies, self.path(tally.example), why, cure));
        let text = self.text(key, tally, paths).map_err(|(why, cure)| doubt(why, cure))?;
        let Some(pattern) = text.and_then(|text| text.parse::<Pattern>().ok()) else { return Ok(None) };
        let Some(evidence) = Evidence::of(std::slice::from_ref(&pattern), paths) else { return Ok(None) };
        let has_companions = evidence.has_companions || paths.iter().any(|path| file_name(path) == LAST_SNAPSHOT);
        let cure = format!("if they are Motion's, pass {}", self.flag(&pattern.to_string(), tally.label));
        // A number of one digit is the camera's, which no default has without the event's.
        let is_default = tally.is_default && (tally.readings.is_empty() || pattern.is_numbered());
        if let Some(why) = evidence.unlike_motion.filter(|_| is_default && !has_companions) {
            return Err(doubt(why.to_owned(), cure));
        }
        match evidence.counts.movies {
            0 => Ok(None),
            1 if is_default && !has_companions => Err(doubt("there is only one such movie".to_owned(), cure)),
            3.. if has_companions => Ok(Some(Accepted { pattern, label: tally.label, evidence })),
            _ if is_default => Ok(Some(Accepted { pattern, label: tally.label, evidence })),
            1 => Ok(None),
            _ => {
                let why = format!(
                    "phones, dash cams and other recorders also name movies like {pattern}, and too little beside them \
                     is of Motion alone, such as snapshots or series of pictures"
                );
                Err(doubt(why, cure))
            }
        }
    }

    /// The text of a shape's pattern; what speaks against it, and a cure; `None` if it is none that Motion writes.
    fn text(&self, key: &str, tally: &Tally<'_>, paths: &[&str]) -> Result<Option<String>, (String, String)> {
        let flag = |text: &str| self.flag(text, tally.label);
        match tally.readings.resolve(key) {
            Reading::Sure(text) => Ok(Some(text)),
            Reading::None => Ok(None),
            Reading::Either(event, _) if !event.contains("movienbr") && numbers_grow(&event, paths) => Ok(Some(event)),
            Reading::Either(event, camera) => Err((
                format!("all its names can be read as {event} and as {camera}"),
                format!("pass {} or {}", flag(&event), flag(&camera)),
            )),
            Reading::Mixed(event, camera) => Err((
                format!("some names can only be read as {event}, others only as {camera}"),
                format!(
                    "pass both {} and {}; a name that can be read in both ways is left out",
                    flag(&event),
                    flag(&camera)
                ),
            )),
        }
    }

    /// What speaks against all accepted patterns of this place together.
    fn common_doubt(&self, accepted: &[Accepted<'_>], paths: &[&str]) -> Option<Doubt> {
        let first = accepted.first()?;
        let shown: Vec<String> = accepted.iter().map(|accepted| accepted.pattern.to_string()).collect();
        let shown = shown.join(", ");
        let movies = accepted.iter().map(|accepted| accepted.evidence.all_movies).sum();
        let doubt = |why: String, cure: String| {
            let example = first.evidence.examples.first().map(|path| self.path(path)).unwrap_or_default();
            Some(self.doubt(movies, example, why, cure))
        };
        let now = || "pass --layout with the one that Motion uses now".to_owned();
        for label in accepted.iter().map(|accepted| accepted.label).collect::<BTreeSet<_>>() {
            let of_one = accepted.iter().filter(|accepted| !self.name.is_empty() || accepted.label == label);
            let patterns: Vec<Pattern> = of_one.map(|accepted| accepted.pattern.clone()).collect();
            match Evidence::of(&patterns, paths).filter(|_| patterns.len() > 1) {
                _ if patterns.len() == 1 => {}
                None => {
                    let why = format!("there are several layouts whose dates are in different places: {shown}");
                    return doubt(why, now());
                }
                Some(evidence) if evidence.ambiguous > 0 => {
                    let why = format!("{} of its names can be read in two ways by {shown}", evidence.ambiguous);
                    return doubt(why, now());
                }
                Some(_) => {}
            }
        }
        let all = u64::try_from(paths.iter().filter(|path| is_movie(path)).count()).unwrap_or(u64::MAX);
        if movies * OF_MOVIES < all * MAJORITY {
            let why = format!("only {movies} of {all} movies are named like {shown}");
            let cure = self.flag(&first.pattern.to_string(), first.label);
            return doubt(why, format!("if these are Motion's, pass {cure}"));
        }
        None
    }

    /// Adds the accepted patterns. In the root each label is a camera of its own.
    fn add_flat(&self, accepted: Vec<Accepted<'_>>, findings: &mut Findings) {
        for Accepted { pattern, label, evidence } in accepted {
            let place = if self.name.is_empty() {
                Place::Root { camera: label.parse::<Camera>().ok().map(|camera| camera.to_string()) }
            } else {
                Place::Directories(vec![self.name.to_owned()])
            };
            let examples: Vec<String> = evidence.examples.iter().map(|path| self.path(path)).collect();
            if let Place::Root { camera: Some(camera) } = &place
                && self.directories.contains(camera.as_str())
            {
                let flag = self.flag(&pattern.to_string(), label);
                findings.doubts.push(self.doubt(
                    evidence.counts.movies,
                    examples.into_iter().next().unwrap_or_default(),
                    format!("the root has files of a camera {camera} and a directory of that name"),
                    format!("rename the directory, and pass {flag}"),
                ));
                continue;
            }
            let (arrangement, counts) = (Arrangement::Flat(pattern), evidence.counts);
            findings.layouts.push(Found { arrangement, place, counts, examples });
        }
    }

    fn doubt(&self, files: u64, example: String, why: String, cure: String) -> Doubt {
        Doubt { place: self.name.to_owned(), files, example, why, cure }
    }

    /// The doubt about pictures of Motion's default names without any movie.
    fn pictures_alone(&self, paths: &[&str]) -> Option<Doubt> {
        let shapes = paths.iter().filter_map(|path| Some((*path, default_shape(path)?)));
        let shapes: Vec<(&str, shape::Shape<'_>)> = shapes.collect();
        let (example, first) = shapes.first()?;
        let mut readings = Readings::default();
        for (_, shape) in shapes.iter().filter(|(_, shape)| shape.key == first.key) {
            readings.add(shape.numbers);
        }
        let cure = match readings.resolve(&first.key) {
            Reading::Sure(text) if !text.contains("movienbr") => {
                format!("if Motion records pictures only, pass {}", self.flag(&text, first.label))
            }
            _ => "if they are Motion's, pass its picture_filename with --layout".to_owned(),
        };
        let files = u64::try_from(shapes.len()).unwrap_or(u64::MAX);
        let why = "there are pictures with names like Motion's, and no movies".to_owned();
        Some(self.doubt(files, self.path(example), why, cure))
    }

    /// The flag that makes Owlery read this pattern here.
    fn flag(&self, pattern: &str, label: &str) -> String {
        let camera = if self.name.is_empty() { label } else { self.name };
        format!("--layout {}", layout_flag(Some(camera).filter(|camera| !camera.is_empty()), pattern))
    }

    /// A path relative to the root.
    fn path(&self, path: &str) -> String {
        if self.name.is_empty() { path.to_owned() } else { format!("{}/{path}", self.name) }
    }
}

/// The shape of a picture that is a default of Motion or motionEye.
fn default_shape(path: &str) -> Option<shape::Shape<'_>> {
    let (Class::Picture(_), stem) = Class::of(path)? else { return None };
    let stem = stem.trim_end_matches(['m', 'r']);
    let is_sub = |sub: &str| (2..=4).contains(&sub.len()) && sub.bytes().all(|byte| byte.is_ascii_digit());
    let without = stem.rsplit_once('-').filter(|(_, sub)| is_sub(sub)).map(|(stem, _)| stem);
    [Some(stem), without].into_iter().flatten().filter_map(shape::of).find(|shape| shape.is_default)
}

/// Whether the numbers grow with time if they are read as Motion's event numbers.
fn numbers_grow(event: &str, paths: &[&str]) -> bool {
    let pattern = event.parse::<Pattern>().ok();
    let evidence = pattern.and_then(|pattern| Evidence::of(&[pattern], paths));
    evidence.is_some_and(|evidence| evidence.numbers_grow)
}

/// Motion's link to its newest snapshot.
const LAST_SNAPSHOT: &str = "lastsnap.jpg";

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether a file is a movie by its extension, in upper case too.
fn is_movie(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| Container::of_extension(extension.as_bytes()).is_some())
}

/// The shapes of movies, largest first.
fn tally<'a>(paths: &[&'a str]) -> Vec<(String, Tally<'a>)> {
    let mut tallies: BTreeMap<String, Tally<'a>> = BTreeMap::new();
    for path in paths {
        let Some((Class::Movie(_), stem)) = Class::of(path) else { continue };
        let without = stem.strip_suffix('m').filter(|stem| stem.ends_with(|c: char| c.is_ascii_digit()));
        let Some(shape) = shape::of(without.unwrap_or(stem)) else { continue };
        let tally = tallies.entry(shape.key).or_default();
        tally.movies += u64::from(without.is_none());
        tally.readings.add(shape.numbers);
        tally.is_default = shape.is_default;
        (tally.label, tally.example) = (shape.label, path);
    }
    let mut tallies: Vec<_> = tallies.into_iter().filter(|(_, tally)| tally.movies > 0).collect();
    tallies.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.movies));
    tallies.truncate(SHAPES);
    tallies
}

/// Counts the files that no recognised layout describes.
fn add_unknown(base: &Base<'_>, paths: &[&str], findings: &mut Findings) {
    let layouts: Vec<Layout> = findings
        .layouts
        .iter()
        .filter_map(|found| match &found.arrangement {
            Arrangement::Flat(pattern) => Layout::new(vec![pattern.clone()]).ok(),
            Arrangement::EventDirectories => None,
        })
        .collect();
    for path in paths {
        let name = file_name(path);
        let is_known = layouts.iter().any(|layout| layout.parse(path) != Parsed::None);
        if is_known || name.starts_with('.') || name == LAST_SNAPSHOT {
            continue;
        }
        findings.unknown.files += 1;
        if findings.unknown.examples.len() < UNKNOWN_EXAMPLES {
            findings.unknown.examples.push(base.path(path));
        }
    }
}
