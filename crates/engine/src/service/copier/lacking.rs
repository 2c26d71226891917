//! What a store lacks: the events of each day that have no proof, by the rule of the store. Days are compared when something changed in them.
//! It sends no request.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use owlery_store::{CopyRule, FileKind, Proofs};

use super::super::event_source::EventSource;
use super::super::handle::Handle;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, Event, EventId, EventName, State};

/// When an event that failed is tried again: twice as late after each failure.
const FIRST_RETRY: Duration = Duration::from_mins(1);
const LAST_RETRY: Duration = Duration::from_hours(1);
/// How often the files of all events are looked at.
const ROUND: Duration = Duration::from_hours(6);
/// How many events that failed are named.
const NAMED: usize = 10;
/// How long a numbered event waits for its movie and its name, where events are finished.
const FINISHED_WITHIN: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// A camera's day; the newest is the last.
type DayKey = (Day, Camera);

/// Keeps account of what a store lacks.
#[derive(Debug)]
pub(super) struct Lacking {
    rule: CopyRule,
    kinds: BTreeSet<FileKind>,
    proofs: Proofs,
    /// Whether numbered events get a movie and another name soon.
    finishes: bool,
    /// Whether all days were compared, or will be with those that changed.
    has_all_days: bool,
    /// Days to compare.
    changed: BTreeSet<DayKey>,
    /// Events whose copies may be of something else: their files are to be looked at.
    suspects: BTreeSet<EventId>,
    /// Events whose copies are of something else, as their files showed.
    outdated: BTreeSet<EventId>,
    /// The days whose events are still to be looked at in this round.
    to_check: BTreeSet<DayKey>,
    /// When this round began.
    checked: Option<Instant>,
    /// The days of which a rule would retire something, for [`CopyRule::Expire`].
    expiring: BTreeSet<DayKey>,
    /// What each day lacks, if it lacks something.
    days: BTreeMap<DayKey, Sums>,
    /// One of these days, and its events.
    current: Option<(DayKey, MissingOfDay)>,
    /// The events that were copied and have no proof yet, of the one day whose manifest is still to be written.
    unproved: Option<(DayKey, BTreeSet<EventId>)>,
    /// What could not be copied.
    failed: BTreeMap<EventId, Failed>,
}

/// An event that the store lacks.
#[derive(Debug)]
struct Missing {
    id: EventId,
    bytes: u64,
    start: NaiveDateTime,
}

/// What a day lacks. To take one event out of thousands takes as long as to find it, and those that are copied next are in front.
#[derive(Debug, Default)]
struct MissingOfDay {
    /// The newest first.
    events: VecDeque<Missing>,
    bytes: u64,
}

impl MissingOfDay {
    fn new(mut events: Vec<Missing>) -> Self {
        events.sort_by_key(|event| std::cmp::Reverse(event.start));
        let bytes = events.iter().fold(0u64, |sum, event| sum.saturating_add(event.bytes));
        Self { events: events.into(), bytes }
    }

    fn remove(&mut self, id: &EventId) {
        let at = self.events.iter().position(|event| event.id == *id);
        if let Some(event) = at.and_then(|at| self.events.remove(at)) {
            self.bytes = self.bytes.saturating_sub(event.bytes);
        }
    }

    fn sums(&self) -> Sums {
        let oldest = self.events.back().map(|event| event.start);
        Sums { events: self.events.len() as u64, bytes: self.bytes, oldest }
    }
}

/// An event that could not be copied.
#[derive(Debug)]
struct Failed {
    problem: String,
    times: u32,
    retry_at: Instant,
}

/// How much is lacking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// When the oldest began.
    pub(super) oldest: Option<NaiveDateTime>,
}

impl Lacking {
    pub(super) fn new(rule: CopyRule, kinds: BTreeSet<FileKind>, proofs: Proofs, finishes: bool) -> Self {
        Self {
            rule,
            kinds,
            proofs,
            finishes,
            has_all_days: false,
            changed: BTreeSet::new(),
            suspects: BTreeSet::new(),
            outdated: BTreeSet::new(),
            to_check: BTreeSet::new(),
            checked: None,
            expiring: BTreeSet::new(),
            days: BTreeMap::new(),
            current: None,
            unproved: None,
            failed: BTreeMap::new(),
        }
    }

    /// An event came.
    pub(super) fn added(&mut self, id: &EventId) {
        self.changed.insert(key(id));
    }

    /// An event changed: its copy may be of what it was before.
    pub(super) fn changed(&mut self, id: &EventId) {
        self.changed.insert(key(id));
        self.suspects.insert(id.clone());
    }

    /// An event is gone.
    pub(super) fn removed(&mut self, id: &EventId) {
        self.failed.remove(id);
        self.suspects.remove(id);
        self.outdated.remove(id);
        self.changed.insert(key(id));
    }

    /// Compares all days: these and those that lacked something.
    pub(super) fn read_all(&mut self, days: impl IntoIterator<Item = DayKey>) {
        self.has_all_days = true;
        self.changed.extend(days);
        self.changed.extend(self.days.keys().cloned());
    }

    /// Compares these days again.
    pub(super) fn read_again(&mut self, days: BTreeSet<DayKey>) {
        self.changed.extend(days);
    }

    /// Compares the files of these events with their copies.
    pub(super) fn suspect(&mut self, events: BTreeSet<EventId>) {
        self.changed.extend(events.iter().map(key));
        self.suspects.extend(events);
    }

    /// Looks at the files of another day, the newest first: a change in an event that is long over is no news. A round through all days
    /// begins every few hours.
    pub(super) fn check_next_day(&mut self, handle: &Handle) -> Result<()> {
        if self.to_check.is_empty() && self.checked.is_none_or(|begun| begun.elapsed() >= ROUND) {
            let days = handle.days(None, None, None)?;
            self.to_check = days.into_iter().map(|day| (day.day, day.camera)).collect();
            self.checked = Some(Instant::now());
        }
        let Some(day) = self.to_check.pop_last() else { return Ok(()) };
        let id = |name: EventName| EventId { camera: day.1.clone(), day: day.0, name };
        self.suspects.extend(handle.catalog.names_of(&day.1, day.0)?.into_iter().map(id));
        self.changed.insert(day);
        Ok(())
    }

    /// These are the days of which a rule would retire events without copies.
    pub(super) fn expiring(&mut self, days: impl IntoIterator<Item = DayKey>) {
        let now: BTreeSet<DayKey> = days.into_iter().collect();
        self.changed.extend(now.symmetric_difference(&self.expiring).cloned());
        self.expiring = now;
    }

    /// Whether the day is to be compared of which events were copied that have no proof yet.
    pub(super) fn needs_proofs(&self) -> bool {
        self.unproved.as_ref().is_some_and(|(day, _)| self.changed.contains(day))
    }

    /// All that was copied is proved, or nothing more is.
    pub(super) fn finished(&mut self, is_proved: bool) {
        if let Some((_, events)) = self.unproved.take().filter(|_| !is_proved) {
            self.suspect(events);
        }
    }

    /// Compares the days in which something changed, the newest first.
    pub(super) fn update(&mut self, handle: &Handle) -> Result<()> {
        while let Some(day) = self.changed.last().cloned() {
            if handle.stop().is_set() {
                return Err(Error::Stopped);
            }
            let events = self.missing(handle, &day)?;
            self.changed.remove(&day);
            self.count(&day, events.sums());
            let is_current = self.current.as_ref().is_some_and(|(current, _)| *current == day);
            if is_current || self.current.is_none() {
                self.current = Some((day, events));
            }
        }
        Ok(())
    }

    /// The events of a day that the store is to have and lacks.
    fn missing(&mut self, handle: &Handle, day: &DayKey) -> Result<MissingOfDay> {
        self.look_at_suspects(handle, day);
        if self.rule == CopyRule::Expire && !self.expiring.contains(day) {
            return Ok(MissingOfDay::default());
        }
        let proofs = self.proofs.of_day(&day.1, day.0);
        let kept: BTreeSet<EventName> = handle.catalog.kept_of(&day.1, day.0)?.into_iter().collect();
        let id = |name: EventName| EventId { camera: day.1.clone(), day: day.0, name };
        let mut missing = Vec::new();
        for id in handle.catalog.names_of(&day.1, day.0)?.into_iter().map(id) {
            let is_current = proofs.has(id.name) && !self.outdated.contains(&id);
            if is_current && kept.contains(&id.name) == proofs.is_saved(id.name) {
                continue;
            }
            let Some(event) = handle.event(&id)? else { continue };
            let is_same = is_current && event.details.saved == proofs.is_saved(id.name);
            if !is_same && self.is_wanted(&event, handle.now().local) {
                let (bytes, start) = (event.details.bytes.unwrap_or(0), event.details.start);
                missing.push(Missing { id: event.id, bytes, start });
            }
        }
        Ok(MissingOfDay::new(missing))
    }

    /// Compares the files of a day's suspects with their copies. One that cannot be read shows its error when it is copied.
    fn look_at_suspects(&mut self, handle: &Handle, day: &DayKey) {
        let (of_day, others): (BTreeSet<_>, _) =
            std::mem::take(&mut self.suspects).into_iter().partition(|id| key(id) == *day);
        self.suspects = others;
        if of_day.is_empty() {
            return;
        }
        let proofs = self.proofs.of_day(&day.1, day.0);
        for id in of_day.into_iter().filter(|id| proofs.has(id.name)) {
            let source = handle.event_files(&id).map(EventSource::from);
            if source.is_ok_and(|source| proofs.hold(id.name, &source, &self.kinds).unwrap_or(false)) {
                self.outdated.remove(&id);
            } else {
                self.outdated.insert(id);
            }
        }
    }

    /// Whether the store is to have an event as it is now.
    fn is_wanted(&self, event: &Event, now: NaiveDateTime) -> bool {
        let details = &event.details;
        let is_numbered = matches!(event.id.name, EventName::Number { .. });
        let is_unfinished = self.finishes && is_numbered && now.signed_duration_since(details.end) < FINISHED_WITHIN;
        details.state != State::Open && (self.rule != CopyRule::Saved || details.saved) && !is_unfinished
    }

    /// The newest event that is to be copied now: of the newest day that has one.
    pub(super) fn next(&mut self, handle: &Handle, now: Instant) -> Result<Option<EventId>> {
        while let Some(day) = self.due_day(now) {
            if self.current.as_ref().is_none_or(|(current, _)| *current != day) {
                let events = self.missing(handle, &day)?;
                self.current = Some((day, events));
                self.count_current();
                continue;
            }
            let events = self.current.iter().flat_map(|(_, missing)| &missing.events);
            let due = events.map(|event| &event.id).find(|id| !self.is_put_off(id, now)).cloned();
            if due.is_some() {
                return Ok(due);
            }
            self.current = None; // it is not what was counted
        }
        Ok(None)
    }

    fn is_put_off(&self, id: &EventId, now: Instant) -> bool {
        self.failed.get(id).is_some_and(|failed| failed.retry_at > now)
    }

    /// The newest day of which an event is to be copied now.
    fn due_day(&self, now: Instant) -> Option<DayKey> {
        let mut put_off: BTreeMap<DayKey, u64> = BTreeMap::new();
        for id in self.failed.keys().filter(|id| self.is_put_off(id, now)) {
            *put_off.entry(key(id)).or_default() += 1;
        }
        let is_due = |(day, sums): &(&DayKey, &Sums)| sums.events > put_off.get(*day).copied().unwrap_or(0);
        self.days.iter().rev().find(is_due).map(|(day, _)| day.clone())
    }

    /// Counts the day that is being copied anew.
    fn count_current(&mut self) {
        if let Some((day, sums)) = self.current.as_ref().map(|(day, missing)| (day.clone(), missing.sums())) {
            self.count(&day, sums);
        }
    }

    /// Notes how much a day lacks.
    fn count(&mut self, day: &DayKey, sums: Sums) {
        if sums.events == 0 {
            self.days.remove(day);
        } else if let Some(known) = self.days.get_mut(day) {
            *known = sums;
        } else {
            self.days.insert(day.clone(), sums);
        }
    }

    /// An event was copied; its proof comes with the next manifest. That of another day was written before this one was begun.
    pub(super) fn copied(&mut self, id: &EventId) {
        match &mut self.unproved {
            Some((day, events)) if *day == key(id) => _ = events.insert(id.clone()),
            unproved => *unproved = Some((key(id), BTreeSet::from([id.clone()]))),
        }
        self.left_out(id);
    }

    /// An event is not to be copied any more, for now.
    pub(super) fn left_out(&mut self, id: &EventId) {
        self.failed.remove(id);
        self.outdated.remove(id);
        if let Some((_, missing)) = &mut self.current {
            missing.remove(id);
        }
        self.count_current();
    }

    /// An event could not be copied; true the first time.
    pub(super) fn put_off(&mut self, id: &EventId, problem: &str, now: Instant) -> bool {
        let times = self.failed.get(id).map_or(0, |failed| failed.times);
        let wait = FIRST_RETRY.saturating_mul(2u32.saturating_pow(times)).min(LAST_RETRY);
        let failed = Failed { problem: problem.to_owned(), times: times.saturating_add(1), retry_at: now + wait };
        self.failed.insert(id.clone(), failed).is_none()
    }

    /// Whether [`Lacking::sums`] has all days. Until then it has those alone in which something changed.
    pub(super) fn is_complete(&self) -> bool {
        self.has_all_days
    }

    /// How much is lacking.
    pub(super) fn sums(&self) -> Sums {
        self.days.values().fold(Sums::default(), |sums, day| Sums {
            events: sums.events + day.events,
            bytes: sums.bytes.saturating_add(day.bytes),
            oldest: sums.oldest.into_iter().chain(day.oldest).min(),
        })
    }

    /// The first events that could not be copied, and why.
    pub(super) fn failed(&self) -> Vec<(EventId, String)> {
        self.failed.iter().take(NAMED).map(|(id, failed)| (id.clone(), failed.problem.clone())).collect()
    }
}

/// The day of an event.
fn key(id: &EventId) -> DayKey {
    (id.day, id.camera.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_is_not_counted() {
        let missing = |nth: u32| {
            let id: EventId = format!("Camera1/2026-11-20/10-00-{nth:02}").parse().unwrap();
            Missing { start: id.day.at(36_000 + i64::from(nth)), bytes: 10u64.pow(nth), id }
        };
        let mut of_day = MissingOfDay::new((0..4).map(missing).collect());
        let counted = |of_day: &MissingOfDay| {
            let Sums { events, bytes, oldest } = of_day.sums();
            (events, bytes, oldest)
        };
        assert_eq!(of_day.events[0].id, missing(3).id, "the newest is copied first");
        assert_eq!(counted(&of_day), (4, 1111, Some(missing(0).start)));
        for (nth, rest) in [(3, (3, 111, Some(missing(0).start))), (0, (2, 110, Some(missing(1).start)))] {
            of_day.remove(&missing(nth).id);
            assert_eq!(counted(&of_day), rest);
        }
        of_day.remove(&missing(0).id);
        assert_eq!(of_day.sums().events, 2, "it is gone already");
        for nth in [1, 2] {
            of_day.remove(&missing(nth).id);
        }
        assert_eq!(counted(&of_day), (0, 0, None));
    }
}
