//! What the files of a place say about a pattern: how many it describes, and whether companions that only Motion makes are
//! among them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{FileKind, FlatFile, Layout, Parsed, Pattern, group};
use super::{Counts, EXAMPLES};
use crate::event::{Camera, Day};

/// The files of a place by one layout.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) counts: Counts,
    /// Movies of all kinds.
    pub(super) all_movies: u64,
    /// Names that can be read in two ways.
    pub(super) ambiguous: u64,
    /// Paths of movies, below the place.
    pub(super) examples: Vec<String>,
    /// Whether something beside the movies is of Motion alone.
    pub(super) has_companions: bool,
    /// Whether the numbers of the movies grow with time, as event numbers do and those of cameras do not.
    pub(super) numbers_grow: bool,
}

/// So many seconds with several numbered pictures are no accident.
const SERIES: usize = 3;

impl Evidence {
    /// Reads the paths with these patterns; `None` if they cannot be used together.
    pub(super) fn of(patterns: &[Pattern], paths: &[&str]) -> Option<Self> {
        let layout = Layout::new(patterns.to_vec()).ok()?;
        let mut evidence = Self::default();
        let mut days: BTreeMap<(Option<Camera>, Day), Vec<FlatFile>> = BTreeMap::new();
        for path in paths {
            match layout.parse(path) {
                Parsed::None => {}
                Parsed::Ambiguous => evidence.ambiguous += 1,
                Parsed::File(file) => {
                    evidence.count(file.kind, path);
                    days.entry((file.camera.clone(), file.day)).or_default().push(file);
                }
            }
        }
        let mut numbers = Vec::new();
        for files in days.values() {
            evidence.counts.events += u64::try_from(group(files).events.len()).unwrap_or(0);
            evidence.has_companions |= has_companions(files);
            let movies = files.iter().filter(|file| matches!(file.kind, FileKind::Movie(_)));
            numbers.extend(movies.filter_map(|file| Some((file.day, file.secs, file.number?))));
        }
        numbers.sort_unstable();
        let different: BTreeSet<u32> = numbers.iter().map(|(_, _, number)| *number).collect();
        evidence.numbers_grow = different.len() >= SERIES && numbers.is_sorted_by_key(|(_, _, number)| *number);
        Some(evidence)
    }

    fn count(&mut self, kind: FileKind, path: &str) {
        self.counts.files += 1;
        match kind {
            FileKind::Movie(_) => {
                self.counts.movies += 1;
                self.all_movies += 1;
                if self.examples.len() < EXAMPLES {
                    self.examples.push(path.to_owned());
                }
            }
            FileKind::DebugMovie(_) | FileKind::Timelapse => self.all_movies += 1,
            FileKind::Picture(_) => self.counts.pictures += 1,
            FileKind::Thumb
            | FileKind::DebugThumb
            | FileKind::DebugPicture(_)
            | FileKind::Snapshot
            | FileKind::Saved => {}
        }
    }
}

/// Whether a day has snapshots, thumbnails or debug movies beside their movies, or series of numbered pictures.
fn has_companions(files: &[FlatFile]) -> bool {
    let seconds = |wanted: fn(FileKind) -> bool| -> BTreeSet<u32> {
        files.iter().filter(|file| wanted(file.kind)).map(|file| file.secs).collect()
    };
    let movies = seconds(|kind| matches!(kind, FileKind::Movie(_)));
    let beside = seconds(|kind| matches!(kind, FileKind::Thumb | FileKind::DebugMovie(_)));
    let mut pictures: BTreeMap<u32, BTreeSet<u16>> = BTreeMap::new();
    for file in files {
        if let FileKind::Picture(frame) = file.kind {
            pictures.entry(file.secs).or_default().insert(frame.sub);
        }
    }
    let series = pictures.values().filter(|subs| subs.len() > 1).count();
    files.iter().any(|file| file.kind == FileKind::Snapshot)
        || beside.intersection(&movies).next().is_some()
        || series >= SERIES
}
