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
    /// What in the times and numbers of the movies is unlike Motion, as a sentence.
    pub(super) unlike_motion: Option<&'static str>,
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
        let mut movies: BTreeMap<Option<&Camera>, Vec<(i64, Option<u32>)>> = BTreeMap::new();
        for ((camera, day), files) in &days {
            evidence.counts.events += u64::try_from(group(files).events.len()).unwrap_or(0);
            evidence.has_companions |= has_companions(files);
            let of_day = files.iter().filter(|file| matches!(file.kind, FileKind::Movie(_)));
            let moments = of_day.map(|file| (day.number() * 86_400 + i64::from(file.secs), file.number));
            movies.entry(camera.as_ref()).or_default().extend(moments);
        }
        for moments in movies.values_mut() {
            moments.sort_unstable();
            let numbers: Vec<u32> = moments.iter().filter_map(|(_, number)| *number).collect();
            let different: BTreeSet<u32> = numbers.iter().copied().collect();
            evidence.numbers_grow |= different.len() >= SERIES && numbers.is_sorted();
            evidence.unlike_motion = evidence.unlike_motion.or_else(|| unlike_motion(moments, &numbers));
        }
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

/// With fewer movies of a camera, times and numbers prove nothing.
const ENOUGH: usize = 10;

/// What in the times (in seconds) and numbers of a camera's movies is unlike Motion.
fn unlike_motion(movies: &[(i64, Option<u32>)], numbers: &[u32]) -> Option<&'static str> {
    let (Some((first, _)), Some((last, _))) = (movies.first(), movies.last()) else { return None };
    if movies.len() < ENOUGH {
        return None;
    }
    if numbers.is_empty() {
        let mut gaps: Vec<i64> = movies.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        gaps.sort_unstable();
        let median = gaps[gaps.len() / 2];
        let equal = gaps.iter().filter(|gap| (**gap - median).abs() <= 2.max(median / 100)).count();
        let is_regular = equal * 10 >= gaps.len() * 9;
        return is_regular
            .then_some("the movies begin at equal intervals, as those of a recorder do that never pauses");
    }
    let falls: Vec<u32> = numbers.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| pair[1]).collect();
    let to_others = falls.iter().filter(|number| **number != 1).count();
    if to_others >= SERIES && to_others * 5 > falls.len() {
        return Some("the numbers do not grow like Motion's events; they may be of channels, or of several cameras");
    }
    let is_constant = numbers.iter().all(|number| *number == numbers[0]) && last - first > 86_400;
    is_constant.then_some("the number is always the same, as that of a channel is")
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
