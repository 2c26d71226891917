//! Compares the catalog with the tree, and finds what is wrong with an archive or is not part of it. Changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{Archive, health, zone};
use crate::archive::{CameraDir, Depth, Report, Stage};
use crate::catalog::{Catalog, Query};
use crate::clock::Stop;
use crate::error::Result;
use crate::event::{Details, Event, EventId, State};
use crate::scan::Progress;

/// The result of [`Archive::check`]. Serialized as an object of its lists.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// Differences between the catalog and the tree.
    pub differences: Vec<Report>,
    /// Problems of events and passes, and read failures.
    pub problems: Vec<Report>,
    /// Files and folders that Owlery never touches: strays, and folders of others in a delete queue.
    pub notes: Vec<Report>,
    /// The number of events in the tree.
    #[serde(skip)]
    pub events: u64,
}

/// How long a difference must last to count: the changes of a running service may still be queued.
const SETTLE: Duration = Duration::from_secs(2);

impl Archive {
    /// Reads every event, and compares the tree with the archive's catalog. Takes no lock: it works while another
    /// process manages the archive.
    pub fn check(&self) -> Result<Findings> {
        let mut findings = Findings::default();
        let fresh = self.open_aside()?;
        let catalog = &fresh.handle().catalog;
        let summary = fresh.preload(Depth::Full, &Progress::default())?;
        let now = self.options.clock.now();
        findings.problems.extend(health::problems(&self.tree, now));
        findings.problems.extend(fresh.handle().tree.missing_disks()?);
        findings.problems.extend(summary.reports);
        let tree = all_events(catalog)?;
        findings.events = tree.len() as u64;
        for (id, details) in &tree {
            let path = self.tree.event_path(id);
            findings.problems.extend(details.problems.iter().map(|problem| Report::note(&path, problem)));
        }
        if let Some(warning) = zone::warning(catalog, &self.tree, self.options.event_gap, now)? {
            findings.problems.push(Report::note(self.root(), warning));
        }
        #[cfg(feature = "media")]
        {
            findings.problems.extend(super::media_cache::problem(&self.options.cache, &self.state_path()));
            findings.problems.extend(super::derived::missing_note(self.root()));
        }
        if self.has_catalog() {
            let mut found = differences_or_damage(self, &tree)?;
            if !found.is_empty() {
                let (_handle, stop) = Stop::new();
                stop.wait(SETTLE);
                fresh.preload(Depth::Full, &Progress::default())?;
                let again = differences_or_damage(self, &all_events(catalog)?)?;
                found.retain(|difference| again.contains(difference));
            }
            findings.differences = found;
        } else {
            findings.notes.push(Report::note(self.state_path(), "there is no catalog yet"));
        }
        for camera in self.tree.cameras()?.open {
            for note in strays(&camera)? {
                // Cameras whose files lie in the root have the same strays.
                if !findings.notes.contains(&note) {
                    findings.notes.push(note);
                }
            }
        }
        let (problems, notes) = queue(self)?;
        findings.problems.extend(problems);
        findings.notes.extend(notes);
        Ok(findings)
    }
}

/// The notes on what lies in a camera's directory and is not an event.
fn strays(camera: &CameraDir) -> Result<Vec<Report>> {
    let mut notes = Vec::new();
    let mut strays = camera.strays()?;
    for day in camera.days()?.0 {
        let listed = camera.day(day).and_then(|dir| Ok((dir.list()?, dir)));
        let Ok((list, dir)) = listed else { continue };
        let loose = dir.loose().unwrap_or_default();
        let is_without = list.events.is_empty() && loose.is_empty();
        if !loose.is_empty() {
            let what = format!(
                "{} files of {day} belong to no event (snapshots, stills, timelapses); they go with their day",
                loose.len()
            );
            notes.push(Report::note(camera.day_path(day), what));
        }
        if is_without && !list.foreign.is_empty() {
            notes.push(Report::note(
                camera.day_path(day),
                "it contains files but no event directories, so it never expires",
            ));
        }
        strays.extend(list.foreign.iter().map(|name| dir.entry_path(name)));
    }
    notes.extend(notes_of(camera.path(), strays));
    Ok(notes)
}

/// The problems of passes in the delete queue, and notes on other folders there.
fn queue(archive: &Archive) -> Result<(Vec<Report>, Vec<Report>)> {
    let (mut passes, mut others) = archive.tree.passes()?;
    if passes.iter().any(|pass| pass.stage == Stage::Retiring) {
        // A daemon may be making it right now.
        let (_handle, stop) = Stop::new();
        stop.wait(SETTLE);
        (passes, others) = archive.tree.passes()?;
    }
    let mut problems = Vec::new();
    if !passes.is_empty() && matches!(archive.tree.marker(), Ok(None)) {
        let why = "it is missing although passes wait in the delete queue; the next serve, expire or restore writes it again \
                   with their id, and keeps them for 24 hours";
        problems.push(Report::note(archive.tree.marker_path(), why));
    }
    problems.extend(passes.into_iter().filter_map(|pass| Some(Report::note(pass.path.clone(), pass.problem()?))));
    let (unowned, notes) = others.into_iter().partition::<Vec<_>, _>(|report| report.unreadable);
    problems.extend(unowned);
    Ok((problems, notes))
}

/// Up to this many strays of a camera get a line each.
const MAX_LISTED_STRAYS: usize = 10;

/// The notes on files outside events: one for each, or one for all where they are many (snapshots).
fn notes_of(camera: &Path, strays: Vec<PathBuf>) -> Vec<Report> {
    const WHAT: &str = "not an event's; it is never touched";
    match strays.first() {
        Some(first) if strays.len() > MAX_LISTED_STRAYS => {
            let example = first.strip_prefix(camera).unwrap_or(first).display();
            let what =
                format!("{} entries, such as {example}, are not an event's; they are never touched", strays.len());
            vec![Report::note(camera, what)]
        }
        _ => strays.into_iter().map(|path| Report::note(path, WHAT)).collect(),
    }
}

fn all_events(catalog: &Catalog) -> Result<BTreeMap<EventId, Details>> {
    let mut all = BTreeMap::new();
    let mut query = Query::new().limit(1000);
    loop {
        let page = catalog.events(&query)?;
        all.extend(page.events.into_iter().map(|Event { id, details }| (id, details)));
        match page.next {
            Some(next) => query = query.cursor(next),
            None => return Ok(all),
        }
    }
}

/// [`differences`], with a damaged catalog as one of them instead of an error.
fn differences_or_damage(archive: &Archive, tree: &BTreeMap<EventId, Details>) -> Result<Vec<Report>> {
    match differences(archive, tree) {
        Err(error) if error.is_damaged_catalog() => {
            let what = format!("{}; the next start of serve, scan or expire rebuilds it", error.chain());
            Ok(vec![Report::note(archive.catalog_path(), what)])
        }
        other => other,
    }
}

/// The differences between the archive's own catalog and the tree.
fn differences(archive: &Archive, tree: &BTreeMap<EventId, Details>) -> Result<Vec<Report>> {
    let catalog = all_events(&Catalog::open_beside(&archive.state_path())?)?;
    let path = |id: &EventId| archive.tree.event_path(id);
    let mut found = Vec::new();
    for (id, there) in tree {
        match catalog.get(id) {
            None => found.push(Report::note(path(id), "it is in the tree, not in the catalog")),
            Some(known) => {
                found.extend(difference(there, known).map(|text| Report::note(path(id), text)));
            }
        }
    }
    let gone = catalog.keys().filter(|id| !tree.contains_key(*id));
    found.extend(gone.map(|id| Report::note(path(id), "it is in the catalog, not in the tree")));
    Ok(found)
}

/// The difference in one event. Facts that the catalog has not measured yet are no difference.
fn difference(there: &Details, known: &Details) -> Option<String> {
    if there.state == State::Open || known.state == State::Open {
        return None;
    }
    let mut wrong = Vec::new();
    let mut compare = |what: &str, tree: String, catalog: String| {
        if tree != catalog {
            wrong.push(format!("{what} is {tree}, the catalog says {catalog}"));
        }
    };
    compare("saved", there.saved.to_string(), known.saved.to_string());
    compare("the start", there.start.to_string(), known.start.to_string());
    // With one frame or none the movies decide, which are not read before.
    if known.is_measured() || known.frames.is_some_and(|frames| frames > 1) {
        compare("the end", there.end.to_string(), known.end.to_string());
    }
    let videos = |details: &Details| match &details.videos[..] {
        [] => "none".to_owned(),
        videos => videos.iter().map(|movie| movie.name.as_str()).collect::<Vec<_>>().join(", "),
    };
    compare("the movie", videos(there), videos(known));
    if known.is_measured() {
        compare("the state", there.state.as_str().to_owned(), known.state.as_str().to_owned());
        compare("the number of bytes", number(there.bytes), number(known.bytes));
        compare("the number of frames", number(there.frames), number(known.frames));
    }
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

fn number(measured: Option<impl ToString>) -> String {
    measured.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}
