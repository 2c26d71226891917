//! Finishes one event: `doc/finishing.md` has the numbered procedure, `archive::Unfinished` its steps. `movie` makes what is added.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use owlery_media::Ffmpeg;

use super::{Candidate, FinishError, movie};
use crate::archive::{Addition, Unfinished};
use crate::clock::Stop;
use crate::event::frames::Shows;
use crate::event::{EventId, State};
use crate::finishing::{Part, Shot, longest_silence};
use crate::scan::{BeingFinished, Occasion};
use crate::service::handle::Handle;

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is finished, and has no marker.
    Finished,
    /// There is no such event; its marker is removed.
    Gone,
    /// Motion still writes it.
    NotOver,
    /// There is nothing to finish: it has no frames, or may not be an event.
    Nothing,
}

/// What finishing uses.
struct Finish<'a> {
    handle: &'a Handle,
    ffmpeg: &'a Ffmpeg,
    work: &'a Path,
    stop: &'a Stop,
    candidate: &'a Candidate,
}

/// Finishes an event if it is over.
pub(super) fn finish(
    handle: &Handle,
    (ffmpeg, work): (&Ffmpeg, &Path),
    candidate: &Candidate,
    stop: &Stop,
) -> Result<Outcome, FinishError> {
    let finish = Finish { handle, ffmpeg, work, stop, candidate };
    match handle.scanner.scan_event(&candidate.id, Occasion::Arrived)? {
        Some(State::Open) => Ok(Outcome::NotOver),
        Some(State::Complete | State::Interrupted) => finish.run(Evidence::Event),
        None => finish.run(Evidence::MarkerAlone),
    }
}

/// What shows that a directory is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// Its contents.
    Event,
    /// Its contents do not; there may be no directory at all.
    MarkerAlone,
}

impl Finish<'_> {
    fn run(&self, evidence: Evidence) -> Result<Outcome, FinishError> {
        let id = &self.candidate.id;
        let Some((event, parts, _running)) = self.begin(evidence)? else {
            return self.end_without_event();
        };
        let begun = Instant::now();
        let frames: usize = parts.iter().map(|part| part.frames(Shows::Camera).count()).sum();
        tracing::info!(event = %id, frames, "finishing");
        let _split_off = self.split(&event, &parts)?;
        for part in event.split_off()? {
            let part = self.handle.tree.unfinished(&part)?;
            self.finish_part(&part)?;
            part.end_split_off()?;
            self.handle.scanner.note_ended(part.id());
            self.handle.scanner.scan_event(&part.id(), Occasion::Finished)?;
            tracing::info!(event = %part.id(), "finished; it was recorded as a part of {id}");
        }
        let part = self.finish_part(&event)?;
        let Some(new) = self.rename(&event, &part)? else { return Ok(Outcome::NotOver) };
        self.handle.scanner.scan_event(id, Occasion::Arrived)?;
        self.handle.scanner.scan_event(&new, Occasion::Finished)?;
        self.remove_marker()?;
        tracing::info!(event = %new, "finished; it was recorded as {id}; took {:.1} s", begun.elapsed().as_secs_f32());
        Ok(Outcome::Finished)
    }

    /// Opens the event and marks it as being finished; `None` if there is nothing to finish.
    fn begin(&self, evidence: Evidence) -> Result<Option<(Unfinished, Vec<Part>, BeingFinished)>, FinishError> {
        let (id, marker) = (&self.candidate.id, self.candidate.marker);
        let _lock = self.handle.scanner.day_locks.take(&id.camera, id.day);
        let event = match self.handle.tree.unfinished(id) {
            Err(error) if error.is_no_directory() => return Ok(None),
            event => event?,
        };
        let parts = event.parts(longest_silence(self.handle.scanner.event_gap()))?;
        let is_event = match evidence {
            Evidence::Event => marker.is_some() || parts.iter().any(|part| part.frames(Shows::Camera).next().is_some()),
            // An hour has several events, unless the marker is that of its only one.
            Evidence::MarkerAlone => {
                event.is_in_doubt()? && parts.len() == 1 && marker.is_some() && parts[0].ended() <= marker
            }
        };
        if !is_event {
            return Ok(None);
        }
        let running = self.handle.scanner.finishing.begin(id);
        Ok(Some((event, parts, running)))
    }

    /// There is nothing to finish. If there is no such event, it was finished before, retired or removed; its marker remains if a
    /// crash came before step 9. A camera that is not there may come back with its event.
    fn end_without_event(&self) -> Result<Outcome, FinishError> {
        let tree = &self.handle.tree;
        tree.check_still_there()?;
        match tree.camera(&self.candidate.id.camera) {
            Err(error) if error.is_no_directory() => return Ok(Outcome::Nothing),
            camera => tree.check_disk(&camera?)?,
        }
        match tree.unfinished(&self.candidate.id) {
            Err(error) if error.is_no_directory() => {}
            event => return event.map(|_| Outcome::Nothing).map_err(Into::into),
        }
        self.remove_marker()?;
        Ok(Outcome::Gone)
    }

    fn remove_marker(&self) -> Result<(), FinishError> {
        if let Some(time) = self.candidate.marker {
            self.handle.tree.remove_queue_marker(&self.candidate.id, time)?;
        }
        Ok(())
    }

    /// Steps 1 to 3, and marks what is split off as being finished.
    fn split(&self, event: &Unfinished, parts: &[Part]) -> Result<Vec<BeingFinished>, FinishError> {
        let id = &self.candidate.id;
        let _lock = self.handle.scanner.day_locks.take(&id.camera, id.day);
        let made = event.split(parts)?;
        if !made.is_empty() {
            self.handle.finishing.split.fetch_add(1, Ordering::Relaxed);
            tracing::info!(event = %id, "it holds {} events, since Motion began its numbers anew; they are separated", parts.len());
        }
        let split_off = event.split_off()?;
        Ok(split_off.iter().map(|id| self.handle.scanner.finishing.begin(id)).collect())
    }

    /// Steps 4 to 7 for a directory with one event.
    fn finish_part(&self, event: &Unfinished) -> Result<Part, FinishError> {
        event.remove_leftovers()?;
        event.move_debug_frames()?;
        let part = event.parts(Duration::MAX)?.into_iter().next().unwrap_or_default();
        let maker = movie::Maker {
            event,
            ffmpeg: self.ffmpeg,
            work: self.work,
            figures: &self.handle.finishing,
            stop: self.stop,
        };
        for addition in Addition::ALL {
            if !event.has(addition)? {
                maker.add(addition, &part)?;
            }
        }
        Ok(part)
    }

    /// Step 8: renames the event; `None` if frames were added meanwhile.
    fn rename(&self, event: &Unfinished, part: &Part) -> Result<Option<EventId>, FinishError> {
        let id = &self.candidate.id;
        let _lock = self.handle.scanner.day_locks.take(&id.camera, id.day);
        let now = event.parts(Duration::MAX)?.into_iter().next().unwrap_or_default();
        let frames = |part: &Part| part.shots.iter().map(|shot: &Shot| shot.frame).collect::<HashSet<_>>();
        if frames(&now) != frames(part) {
            tracing::info!(event = %id, "frames were added while it was being finished");
            return Ok(None);
        }
        if let Some(ended) = part.ended() {
            event.set_time(ended);
        }
        let new = event.rename(part)?;
        self.handle.scanner.note_ended(new.clone());
        Ok(Some(new))
    }
}
