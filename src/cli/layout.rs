//! `owlery layout`: prints how the recordings of a directory are arranged, and how to serve them. It works on any directory,
//! reads only, and makes nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use owlery_model::command_line::quote;
use owlery_model::layout::recognise::{Arrangement, Doubt, Found, Place, Unknown};
use owlery_model::printable::{self, printable};
use serde::Serialize;

use super::hung::Watch;
use super::session::refuse_url;
use super::settings::Values;
use super::settings::declaration::CAMERA_PATTERN;
use super::{Outcome, output};
use crate::protocol::Report;
use crate::{Error, LayoutSurvey, Result, survey_layout};

#[derive(Debug, Args)]
pub(super) struct LayoutArgs {
    /// The directory with the recordings: the one above the cameras' directories, or one that cameras write into
    root: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON document.
#[derive(Debug, Serialize)]
struct Document<'a> {
    layouts: Vec<LayoutOf<'a>>,
    doubts: &'a [Doubt],
    unknown: &'a Unknown,
    /// The flags that Owlery needs, each with its value, quoted for a shell.
    flags: &'a [String],
    /// The command that serves the directory; none where nothing was recognised.
    command: Option<String>,
    /// Links in the directory, which were not followed.
    links: &'a [String],
    problems: Vec<Report>,
    /// Whether all files were looked at. Otherwise the oldest are missing.
    complete: bool,
}

/// One layout of the directory.
#[derive(Debug, Serialize)]
struct LayoutOf<'a> {
    /// The pattern; none for a directory for each event.
    pattern: Option<String>,
    /// The directories of cameras; empty where the files lie in the root itself.
    directories: &'a [String],
    /// Where the files lie in the root itself: the camera, if a text in their names tells it.
    camera: Option<&'a str>,
    events: u64,
    movies: u64,
    pictures: u64,
    files: u64,
    examples: Vec<&'a str>,
}

impl<'a> LayoutOf<'a> {
    fn new(found: &'a Found) -> Self {
        let Found { arrangement, place, counts, examples } = found;
        let (directories, camera): (&[String], _) = match place {
            Place::Directories(names) => (names, None),
            Place::Root { camera } => (&[], camera.as_deref()),
        };
        let pattern = match arrangement {
            Arrangement::EventDirectories => None,
            Arrangement::Flat(pattern) => Some(pattern.to_string()),
        };
        let mut examples: Vec<&str> = examples.iter().map(String::as_str).collect();
        examples.sort_unstable();
        let (events, movies, pictures, files) = (counts.events, counts.movies, counts.pictures, counts.files);
        Self { pattern, directories, camera, events, movies, pictures, files, examples }
    }
}

pub(super) fn run(args: &LayoutArgs) -> Result<Outcome> {
    refuse_url(&args.root, "layout")?;
    let _watch = Watch::start(&args.root, &Values::default());
    let pattern = CAMERA_PATTERN.default.unwrap_or_default(); // so the flags are complete
    let survey = survey_layout(&args.root, pattern).map_err(|error| no_directory(&args.root, error))?;
    let findings = &survey.findings;
    let is_incomplete = output::reports(&survey.problems);
    let document = Document {
        layouts: findings.layouts.iter().map(LayoutOf::new).collect(),
        doubts: &findings.doubts,
        unknown: &findings.unknown,
        flags: &findings.flags,
        command: (!findings.layouts.is_empty()).then(|| command(&args.root, &findings.flags)),
        links: &survey.links,
        problems: survey.problems.iter().map(report).collect(),
        complete: !survey.is_cut,
    };
    if args.json {
        output::json(&document)?;
    } else {
        output::print(&text_of(&document))?;
    }
    match document.layouts.is_empty() {
        _ if is_incomplete => Ok(Outcome::Incomplete),
        true => Err(Error::NoArchive { path: args.root.clone(), why: why_nothing(&survey) }),
        false => Ok(Outcome::Done),
    }
}

fn report(report: &crate::Report) -> Report {
    Report { path: report.path.clone(), problem: report.problem.clone() }
}

/// A root that cannot be listed is none.
fn no_directory(root: &Path, error: Error) -> Error {
    match error {
        Error::Io { source, .. } => Error::NoArchive { path: root.to_path_buf(), why: source.to_string() },
        other => other,
    }
}

fn command(root: &Path, flags: &[String]) -> String {
    let flags = flags.iter().fold(String::new(), |text, flag| text + " " + flag);
    format!("owlery serve {}{flags}", quote(root.as_ref()))
}

/// Why nothing was recognised, as a sentence.
fn why_nothing(survey: &LayoutSurvey) -> String {
    let findings = &survey.findings;
    if !findings.doubts.is_empty() {
        return "no layout of Motion is certain here; the reasons are above".to_owned();
    }
    match (findings.unknown.files, survey.links.len() as u64) {
        (0, 0) => "it holds no recordings".to_owned(),
        (0, links) => format!("it holds no recordings, but {} that are not followed", output::count(links, "link")),
        (files, _) => format!("it has {}, but no recordings of Motion among them", output::count(files, "file")),
    }
}

fn text_of(document: &Document<'_>) -> String {
    let mut text = String::new();
    push_layouts(&mut text, &document.layouts);
    for Doubt { place, files, example, why, cure } in document.doubts {
        let place = if place.is_empty() { "ROOT" } else { place.as_str() };
        let files = output::count(*files, "file");
        let _ = writeln!(text, "not recognised: {} in {}, such as {}", files, printable(place), printable(example));
        let _ = writeln!(text, "  {}\n  {}", printable(why), printable(cure));
    }
    if document.unknown.files > 0 {
        let (files, examples) = (output::count(document.unknown.files, "other file"), &document.unknown.examples);
        let _ = writeln!(text, "{files}, such as {}", printable(&examples.join(", ")));
    }
    if !document.links.is_empty() {
        let _ = writeln!(
            text,
            "links, not looked into: {} (`owlery serve` reads a camera's directory behind a link)",
            printable(&document.links.join(", "))
        );
    }
    if !document.complete {
        let _ = writeln!(text, "there are more files than were looked at: the oldest are not counted");
    }
    if let Some(command) = &document.command {
        let _ = writeln!(text, "to use it:\n  {command}");
    }
    text
}

/// A table of the layouts, with examples.
fn push_layouts(text: &mut String, layouts: &[LayoutOf<'_>]) {
    const BY_EVENT: &str = "a directory for each event";
    let name = |layout: &LayoutOf<'_>| layout.pattern.clone().unwrap_or_else(|| BY_EVENT.to_owned());
    let Some(width) = layouts.iter().map(|layout| name(layout).chars().count()).max() else { return };
    let width = width.clamp(6, 60);
    let _ = writeln!(
        text,
        "{:<width$}  {:>7}  {:>7}  {:>8}  {:>7}  WHERE",
        "LAYOUT", "EVENTS", "MOVIES", "PICTURES", "FILES"
    );
    for layout in layouts {
        let place = match (layout.camera, layout.directories) {
            (Some(camera), _) => format!("ROOT itself, camera {camera}"),
            (None, []) => "ROOT itself".to_owned(),
            (None, directories) => directories.join(", "),
        };
        let LayoutOf { events, movies, pictures, files, .. } = layout;
        let _ = writeln!(
            text,
            "{:<width$}  {events:>7}  {movies:>7}  {pictures:>8}  {files:>7}  {}",
            name(layout),
            printable(&place)
        );
        for example in &layout.examples {
            let _ = writeln!(text, "  {}", printable::path(Path::new(example)));
        }
    }
}
