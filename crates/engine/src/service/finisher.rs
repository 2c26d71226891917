//! The finisher: a worker that finishes events of the frames-only layout, newest first, one at a time. It chooses events and tries
//! again what failed; `event` carries out the procedure of `doc/finishing.md` for one of them.

mod event;
mod figures;
mod later;
mod movie;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::select;
use owlery_media::Ffmpeg;

use super::handle::Handle;
use super::leftovers;
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::{EventId, EventName};
use event::Outcome;
pub(super) use figures::Figures;
pub use figures::FinishingFigures;
use later::Later;

/// How often markers are looked for. Numbered events are noticed at once.
const POLL: Duration = Duration::from_secs(5);
/// How long the catalog may take to be written before events are chosen.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// The directory in the state directory where movies are made.
pub(super) const WORK: &str = "finishing";

/// Why an event could not be finished now.
#[derive(Debug, thiserror::Error)]
pub(super) enum FinishError {
    /// Its files could not be read or changed.
    #[error("{}", .0.chain())]
    Archive(#[from] Error),
    /// Its movie could not be made.
    #[error(transparent)]
    Media(#[from] owlery_media::Error),
}

impl FinishError {
    fn is_stop(&self) -> bool {
        matches!(self, Self::Archive(Error::Stopped) | Self::Media(owlery_media::Error::Cancelled))
    }
}

/// An event that may have to be finished.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    id: EventId,
    /// When Motion touched its marker in `queue/`, in nanoseconds since 1970; `None` without a marker.
    marker: Option<i64>,
}

/// The finisher. Used by its own thread only.
pub(super) struct Finisher {
    handle: Arc<Handle>,
    ffmpeg: Ffmpeg,
    /// Where movies are made before they are copied to their events.
    work: PathBuf,
    later: Later,
    /// What stops all finishing.
    trouble: Option<String>,
}

impl Finisher {
    pub(super) fn new(handle: Arc<Handle>, work: PathBuf) -> Self {
        Self { handle, ffmpeg: Ffmpeg::default(), work, later: Later::default(), trouble: None }
    }

    /// Runs until stopped. Lowers the priority of the calling thread.
    pub(super) fn run(mut self, stop: &Stop) -> Result<()> {
        crate::reaper::step_back();
        leftovers::remove(&self.work);
        loop {
            crate::fault::point("finish");
            let trouble = crate::state_file::make_folder(&self.work).and_then(|()| self.round(stop)).err();
            self.note_trouble(trouble.filter(|error| !matches!(error, Error::Stopped)));
            select! {
                recv(stop.receiver()) -> _ => return Ok(()),
                recv(self.handle.scanner.finishing.woken()) -> _ => {}
                default(POLL) => {}
            }
        }
    }

    /// Logs what stops all finishing, once.
    fn note_trouble(&mut self, trouble: Option<Error>) {
        let trouble = trouble.map(|error| format!("no event is finished: {}", error.chain()));
        if let Some(trouble) = trouble.as_ref().filter(|trouble| Some(*trouble) != self.trouble.as_ref()) {
            tracing::warn!("{trouble}");
        }
        self.trouble = trouble;
        self.handle.finishing.set_alert(self.trouble.clone().or_else(|| self.later.alert()));
    }

    /// Finishes what can be finished now. After each event the newest one is chosen anew: an event that has just ended does not wait
    /// for old ones.
    fn round(&mut self, stop: &Stop) -> Result<()> {
        while !stop.is_set() && !self.handle.tree.is_stalled_for(None) {
            let candidates = self.candidates()?;
            self.later.retain(&candidates.iter().map(|candidate| &candidate.id).collect(), Instant::now());
            self.publish(&candidates);
            let mut due: Vec<&Candidate> = candidates.iter().collect();
            loop {
                let now = Instant::now();
                due.retain(|candidate| self.later.is_due(&candidate.id, now));
                let Some(next) = self.choose(&due) else { return Ok(()) };
                if stop.is_set() || self.finish(next, stop) {
                    break;
                }
                due.retain(|candidate| *candidate != next);
            }
        }
        Ok(())
    }

    /// Tries to finish an event. Returns whether that took long.
    fn finish(&mut self, next: &Candidate, stop: &Stop) -> bool {
        match event::finish(&self.handle, (&self.ffmpeg, &self.work), next, stop) {
            Err(error) if error.is_stop() => true,
            Err(error) => {
                self.handle.finishing.failed.fetch_add(1, Ordering::Relaxed);
                self.later.failed(&next.id, &error, Instant::now());
                true
            }
            Ok(Outcome::Finished) => {
                self.handle.finishing.finished.fetch_add(1, Ordering::Relaxed);
                self.later.succeeded(&next.id);
                true
            }
            Ok(Outcome::Gone | Outcome::NotOver) => false,
            Ok(Outcome::Nothing) => {
                self.later.nothing(next.id.clone(), Instant::now());
                false
            }
        }
    }

    /// Publishes how many events wait, those that failed included, and what cannot be finished.
    fn publish(&self, candidates: &[Candidate]) {
        let waiting = candidates.iter().filter(|candidate| !self.later.has_nothing(&candidate.id)).count();
        self.handle.finishing.waiting.store(waiting as u64, Ordering::Relaxed);
        self.handle.finishing.set_alert(self.later.alert());
    }

    /// All events that have a number, and all that have a marker in `queue/`; newest first.
    fn candidates(&self) -> Result<Vec<Candidate>> {
        let handle = &self.handle;
        handle.changes.flush_within(WRITTEN_WITHIN)?;
        let mut all: BTreeMap<EventId, Option<i64>> =
            handle.catalog.numbered()?.into_iter().map(|id| (id, None)).collect();
        let of_cameras = |id: &EventId| handle.tree.is_camera(id.camera.as_str()).is_some();
        let markers = handle.scanner.markers()?.into_iter().filter(|(id, _)| of_cameras(id));
        all.extend(markers.map(|(id, time)| (id, Some(time))));
        all.retain(|id, _| !handle.tree.is_stalled_for(Some(&id.camera)));
        let mut all: Vec<_> = all.into_iter().map(|(id, marker)| Candidate { id, marker }).collect();
        all.sort_by(|a, b| {
            (b.id.day, b.id.name).cmp(&(a.id.day, a.id.name)).then_with(|| a.id.camera.cmp(&b.id.camera))
        });
        Ok(all)
    }

    /// The newest event. Of its day, first one whose number could also be an hour: the numbers beside it prove that it is an event, and
    /// they are still there.
    fn choose<'a>(&self, due: &[&'a Candidate]) -> Option<&'a Candidate> {
        let newest = due.first()?;
        let may_be_hour = |name: EventName| matches!(name, EventName::Number { number: 0..24, width: 2 });
        let of_the_day =
            due.iter().filter(|other| (&other.id.camera, other.id.day) == (&newest.id.camera, newest.id.day));
        let is_in_doubt = |candidate: &&&Candidate| {
            let event = self.handle.tree.unfinished(&candidate.id);
            event.and_then(|event| event.is_in_doubt()).unwrap_or(false)
        };
        let in_doubt = of_the_day.filter(|other| may_be_hour(other.id.name)).find(is_in_doubt);
        Some(in_doubt.unwrap_or(newest))
    }
}
