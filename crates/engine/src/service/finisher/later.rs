//! What the finisher leaves alone for a while, since it failed: an event, all of a camera, or everything.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use super::FinishError;
use crate::error::Error;
use crate::event::{Camera, EventId, Guard};

/// When what could not be finished is tried again; the last one counts for all that follow.
const RETRIES: [Duration; 3] = [Duration::from_mins(1), Duration::from_mins(10), Duration::from_hours(1)];
/// How often something fails before an alert names it.
const TRIES: usize = 3;

/// What a failure concerns: others of its kind would fail too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// A program or the archive is missing.
    All,
    /// Its disk is full, read-only, or another one.
    Camera(Camera),
    /// Its files.
    Event(EventId),
}

impl Scope {
    fn of(id: &EventId, error: &FinishError) -> Self {
        let of_camera = || Self::Camera(id.camera.clone());
        match error {
            FinishError::Media(owlery_media::Error::Missing { .. })
            | FinishError::Archive(Error::Refused { guard: Guard::Marker, .. }) => Self::All,
            FinishError::Archive(Error::Refused { .. }) => of_camera(),
            FinishError::Archive(error) if error.is_full() || error.is_read_only() => of_camera(),
            FinishError::Archive(_) | FinishError::Media(_) => Self::Event(id.clone()),
        }
    }

    /// All that an event belongs to.
    fn around(id: &EventId) -> [Self; 3] {
        [Self::All, Self::Camera(id.camera.clone()), Self::Event(id.clone())]
    }

    /// The beginning of a sentence.
    fn subject(&self) -> String {
        match self {
            Self::All => "no event can be finished".to_owned(),
            Self::Camera(camera) => format!("no event of {camera} can be finished"),
            Self::Event(id) => format!("{id} cannot be finished"),
        }
    }
}

#[derive(Debug)]
struct Pause {
    due: Instant,
    failures: usize,
    /// What failed last; `None` if there is nothing to finish so far.
    why: Option<String>,
}

/// The pauses. Used by the finisher's thread only.
#[derive(Debug, Default)]
pub(super) struct Later(BTreeMap<Scope, Pause>);

impl Later {
    /// Whether an event may be tried now.
    pub(super) fn is_due(&self, id: &EventId, now: Instant) -> bool {
        self.0.is_empty()
            || Scope::around(id).iter().all(|scope| self.0.get(scope).is_none_or(|pause| pause.due <= now))
    }

    /// Forgets events that are no candidates any more. One that failed may be open for a while, since what was tried has changed it.
    pub(super) fn retain(&mut self, there: &HashSet<&EventId>, now: Instant) {
        let is_outdated = |pause: &Pause| pause.due + RETRIES[2] < now;
        self.0.retain(|scope, pause| !matches!(scope, Scope::Event(id) if !there.contains(id) && is_outdated(pause)));
    }

    /// Nothing that concerns this event fails any more.
    pub(super) fn succeeded(&mut self, id: &EventId) {
        for scope in Scope::around(id) {
            self.0.remove(&scope);
        }
    }

    /// There is nothing to finish in an event so far.
    pub(super) fn nothing(&mut self, id: EventId, now: Instant) {
        self.0.insert(Scope::Event(id), Pause { due: now + RETRIES[0], failures: 0, why: None });
    }

    /// Whether there was nothing to finish in an event when it was last tried.
    pub(super) fn has_nothing(&self, id: &EventId) -> bool {
        !self.0.is_empty() && self.0.get(&Scope::Event(id.clone())).is_some_and(|pause| pause.why.is_none())
    }

    /// An event could not be finished. Logs why.
    pub(super) fn failed(&mut self, id: &EventId, error: &FinishError, now: Instant) {
        let scope = Scope::of(id, error);
        let failures = self.0.get(&scope).map_or(0, |pause| pause.failures) + 1;
        let wait = RETRIES[(failures - 1).min(RETRIES.len() - 1)];
        let why = owlery_model::printable::printable_lines(&error.to_string());
        tracing::warn!("{}: {why}; tried again in {}", scope.subject(), humantime::format_duration(wait));
        self.0.insert(scope, Pause { due: now + wait, failures, why: Some(why) });
    }

    /// What needs a person, as a sentence: the widest failure, and how many others there are.
    pub(super) fn alert(&self) -> Option<String> {
        let mut failing = self.0.iter().filter(|(_, pause)| pause.failures >= TRIES);
        let (scope, pause) = failing.next()?;
        let others = match failing.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        Some(format!("{}{others}: {}", scope.subject(), pause.why.as_deref().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EventId {
        text.parse().unwrap()
    }

    fn full() -> FinishError {
        Error::io("write", "x", std::io::Error::from(std::io::ErrorKind::StorageFull)).into()
    }

    /// A full disk pauses its camera, a missing program everything, another error the event alone.
    #[test]
    fn a_failure_pauses_what_it_concerns() {
        let now = Instant::now();
        let (one, same, other) =
            (id("Camera1/2026-11-20/05"), id("Camera1/2026-11-20/06"), id("Camera2/2026-11-20/05"));
        let missing = || FinishError::Media(owlery_media::Error::Missing { program: "ffmpeg".into() });
        let broken = || FinishError::Media(owlery_media::Error::NoFrame);
        for (error, expected) in
            [(missing(), [false; 3]), (full(), [false, false, true]), (broken(), [false, true, true])]
        {
            let mut later = Later::default();
            later.failed(&one, &error, now);
            assert_eq!([&one, &same, &other].map(|id| later.is_due(id, now)), expected, "{error}");
            assert!(later.is_due(&one, now + RETRIES[0]));
            later.succeeded(&one);
            assert!(later.is_due(&one, now));
        }
    }

    /// The third failure is an alert, and each one waits for longer.
    #[test]
    fn failures_become_an_alert() {
        let (mut later, now, one) = (Later::default(), Instant::now(), id("Camera1/2026-11-20/05"));
        for wait in RETRIES {
            assert_eq!(later.alert(), None);
            later.failed(&one, &full(), now);
            assert!(!later.is_due(&one, now) && later.is_due(&one, now + wait));
        }
        let alert = later.alert().unwrap();
        assert!(alert.starts_with("no event of Camera1 can be finished: cannot write x: "), "{alert}");
        later.retain(&HashSet::new(), now + 3 * RETRIES[2]);
        assert!(later.alert().is_some(), "the disk is still full");
        later.nothing(one.clone(), now);
        later.retain(&HashSet::new(), now);
        assert!(later.has_nothing(&one));
        later.retain(&HashSet::new(), now + 3 * RETRIES[2]);
        assert!(!later.has_nothing(&one));
        later.succeeded(&one);
        assert_eq!(later.alert(), None);
    }
}
