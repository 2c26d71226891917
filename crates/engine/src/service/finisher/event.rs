//! Finishes one event: `doc/finishing.md` has the numbered procedure, `archive::Unfinished` its steps. `movie` makes what is added.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use owlery_media::Ffmpeg;

use super::{Candidate, FinishError, movie};
use crate::archive::{Addition, MadeOf, Report, Unfinished};
use crate::clock::Stop;
use crate::event::frames::Shows;
use crate::event::{EventId, State, state};
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
    let evidence = match handle.scanner.scan_event(&candidate.id, Occasion::Arrived)? {
        Some(State::Open) => return Ok(Outcome::NotOver),
        Some(State::Complete | State::Interrupted) => Evidence::Event,
        None => Evidence::MarkerAlone,
    };
    let outcome = finish.run(evidence);
    let was_begun = !matches!(outcome, Ok(Outcome::Finished | Outcome::Gone | Outcome::Nothing));
    if was_begun && !handle.scanner.is_stopped() {
        let scanned = handle.scanner.scan_event(&candidate.id, Occasion::Found); // it is not being finished any more
        return outcome.and_then(|outcome| scanned.map(|_| outcome).map_err(Into::into));
    }
    outcome
}

/// What shows that a directory is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// Its contents.
    Event,
    /// Its contents do not; there may be no directory at all.
    MarkerAlone,
}

/// How finishing begins.
enum Begun {
    /// With an event, and the events that its directory holds.
    Event(Unfinished, Vec<Part>, BeingFinished),
    /// There is nothing to finish so far.
    Nothing,
    /// There is nothing but a marker, at most.
    MarkerAlone,
}

impl Finish<'_> {
    fn run(&self, evidence: Evidence) -> Result<Outcome, FinishError> {
        let id = &self.candidate.id;
        let (event, parts, running) = match self.begin(evidence)? {
            Begun::Event(event, parts, running) => (event, parts, running),
            Begun::Nothing => return Ok(Outcome::Nothing),
            Begun::MarkerAlone => return self.end_without_event(),
        };
        let begun = Instant::now();
        let frames: usize = parts.iter().map(|part| part.frames(Shows::Camera).count()).sum();
        tracing::info!(event = %id, frames, "finishing");
        self.handle.scanner.scan_event(id, Occasion::Found)?; // the catalog knows it as open from here on
        for (part, running) in self.split(&event, &parts)? {
            let part = self.handle.tree.unfinished(&part)?;
            let (_, of) = self.finish_part(&part)?;
            part.end_split_off(of)?;
            self.handle.scanner.note_ended(part.id());
            drop(running);
            self.handle.scanner.scan_event(&part.id(), Occasion::Finished)?;
            tracing::info!(event = %part.id(), "finished; it was recorded as a part of {id}");
        }
        let (part, of) = self.finish_part(&event)?;
        let Some(new) = self.rename(&event, &part, of)? else { return Ok(Outcome::NotOver) };
        drop(running);
        if new != *id {
            self.handle.scanner.scan_event(id, Occasion::Arrived)?;
        }
        self.handle.scanner.scan_event(&new, Occasion::Finished)?;
        if let Err(error) = self.remove_marker() {
            tracing::warn!("{error}"); // it is finished; the marker alone is tried again
        }
        tracing::info!(event = %new, "finished; it was recorded as {id}; took {:.1} s", begun.elapsed().as_secs_f32());
        Ok(Outcome::Finished)
    }

    /// Opens the event and marks it as being finished.
    fn begin(&self, evidence: Evidence) -> Result<Begun, FinishError> {
        let (id, marker) = (&self.candidate.id, self.candidate.marker);
        let _lock = self.handle.scanner.day_locks.take(&id.camera, id.day);
        let event = match self.handle.tree.unfinished(id) {
            Err(error) if error.is_no_directory() => return Ok(Begun::MarkerAlone),
            event => event?,
        };
        let parts = event.parts(self.gap())?;
        let has_frames = parts.iter().any(|part| part.frames(Shows::Camera).next().is_some());
        match evidence {
            // Motion ended it, and there is nothing of it.
            Evidence::Event if parts.is_empty() => return Ok(Begun::MarkerAlone),
            Evidence::Event if has_frames || marker.is_some() => {}
            Evidence::MarkerAlone if self.is_marked_event(&event, &parts)? => {}
            Evidence::MarkerAlone => {
                let why = "it may be the directory of an hour, so it is not finished; rename it to the time of its first frame if it is an event";
                self.handle.scanner.warn_once(&Report::note(event.path(), why));
                return Ok(Begun::Nothing);
            }
            Evidence::Event => return Ok(Begun::Nothing),
        }
        let running = self.handle.scanner.finishing.begin(id);
        Ok(Begun::Event(event, parts, running))
    }

    /// Whether a directory that could also be that of an hour has one event, and Motion touched the marker when that ended. In an
    /// archive of hours, the marker of this number is that of another event.
    fn is_marked_event(&self, event: &Unfinished, parts: &[Part]) -> Result<bool, FinishError> {
        let ([part], Some(marker)) = (parts, self.candidate.marker) else { return Ok(false) };
        let longest = i64::try_from(state::patience(self.handle.scanner.event_gap()).as_nanos()).unwrap_or(i64::MAX);
        let is_its_end = part.ended().is_some_and(|ended| (0..=longest).contains(&marker.saturating_sub(ended)));
        Ok(is_its_end && event.is_in_doubt()?)
    }

    /// How far apart two frames of one event are at most.
    fn gap(&self) -> Duration {
        longest_silence(self.handle.scanner.event_gap())
    }

    /// There is no such event, or nothing in it: it was finished before, retired or removed, and its marker remains if a crash came before
    /// step 9. A camera that is not there may come back with its event.
    fn end_without_event(&self) -> Result<Outcome, FinishError> {
        let tree = &self.handle.tree;
        tree.check_still_there()?;
        match tree.camera(&self.candidate.id.camera) {
            Err(error) if error.is_no_directory() => return Ok(Outcome::Nothing),
            camera => tree.check_disk(&camera?)?,
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

    /// Steps 1 to 3. Returns what is split off, marked as being finished.
    fn split(&self, event: &Unfinished, parts: &[Part]) -> Result<Vec<(EventId, BeingFinished)>, FinishError> {
        let id = &self.candidate.id;
        let _lock = self.handle.scanner.day_locks.take(&id.camera, id.day);
        if id.named_time().is_some() {
            return Ok(Vec::new()); // that is what the directory is called, and its first event would lose its name
        }
        if !event.split(parts)?.is_empty() {
            self.handle.finishing.split.fetch_add(1, Ordering::Relaxed);
            tracing::info!(event = %id, "it holds {} events, and they are separated", parts.len());
        }
        let split_off = event.split_off()?;
        let begin = |id: EventId| {
            let running = self.handle.scanner.finishing.begin(&id);
            (id, running)
        };
        Ok(split_off.into_iter().map(begin).collect())
    }

    /// Steps 4 to 7 for a directory with one event.
    fn finish_part(&self, event: &Unfinished) -> Result<(Part, MadeOf), FinishError> {
        event.move_debug_frames()?;
        let part = event.parts(Duration::MAX)?.into_iter().next().unwrap_or_default();
        let of = MadeOf { frames: part.shots.len(), ended: part.ended().unwrap_or_default() };
        event.remove_outdated(of)?;
        let (figures, gap) = (&self.handle.finishing, self.gap());
        let maker = movie::Maker { event, ffmpeg: self.ffmpeg, work: self.work, gap, figures, stop: self.stop };
        for addition in Addition::ALL {
            if !event.has(addition, of)? {
                maker.add(addition, &part, of)?;
            }
        }
        Ok((part, of))
    }

    /// Step 8: renames the event; `None` if frames were added meanwhile.
    fn rename(&self, event: &Unfinished, part: &Part, of: MadeOf) -> Result<Option<EventId>, FinishError> {
        let id = &self.candidate.id;
        let _lock = self.handle.scanner.day_locks.take(&id.camera, id.day);
        let now = event.parts(Duration::MAX)?.into_iter().next().unwrap_or_default();
        let frames = |part: &Part| part.shots.iter().map(|shot: &Shot| shot.frame).collect::<HashSet<_>>();
        if frames(&now) != frames(part) {
            tracing::info!(event = %id, "frames were added while it was being finished");
            return Ok(None);
        }
        let new = event.rename(part, of)?;
        self.handle.scanner.note_ended(new.clone());
        Ok(Some(new))
    }
}
