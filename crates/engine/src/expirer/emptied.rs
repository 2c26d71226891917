//! Finds events of which another program (Motion's `cleandir`, `find -delete`) has removed recordings in place. They
//! are read again, and the directories of emptied ones are removed. Emptying an event changes no time that a walk
//! reads, so event directories are listed for a bounded time: first the oldest, which cleaners reach first, then
//! continuing where the last search ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Expirer;
use crate::archive::{CameraDir, Left};
use crate::clock::{Now, Stop};
use crate::error::Result;
use crate::event::{AuditAction, Camera, Day, Entry, EventId, EventName, EventSelection, Item, Reason};
use crate::scan::Occasion;

/// How long a daemon searches at each check interval. Half of it is for the oldest days.
pub(crate) const SEARCH_TIME: Duration = Duration::from_secs(1);
/// How long a search at the end of a command takes.
pub(crate) const SHORT_SEARCH_TIME: Duration = Duration::from_millis(30);

/// An event directory without recordings, of which the catalog has none either, may be being filled by another program:
/// it must have been unchanged for this time, or since the previous search one check interval ago.
const QUIET: Duration = Duration::from_mins(10);

/// How many directories without recordings are remembered until the next search; further ones wait for [`QUIET`].
const MAX_SEEN: usize = 10_000;

/// The state between two searches. Used by one search at a time.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<SearchState>);

#[derive(Debug, Default)]
struct SearchState {
    /// The day at which the next search continues; `None`: with the oldest.
    from: Option<(Day, Camera)>,
    /// Directories without recordings that were left, and their times.
    seen: HashMap<EventId, i64>,
    /// The events whose directories this search removed.
    removed: Vec<Item>,
}

impl Expirer {
    /// Searches the days before yesterday for events that lack recordings, removes the directories of emptied ones and
    /// records that, for about as long as `within`. Returns the removed events. Errors are logged: no pass depends on it.
    pub(crate) fn remove_emptied(&self, within: Duration, stop: &Stop) -> Vec<Item> {
        let (now, doubt) = self.clock.moment();
        if doubt.is_some() || !self.audit.is_lasting() {
            return Vec::new(); // it is unknown which days are past, or removals could not be recorded
        }
        self.look_for_emptied(within / 2, now, stop).unwrap_or_else(|error| {
            tracing::warn!("{}", error.chain());
            Vec::new()
        })
    }

    fn look_for_emptied(&self, share: Duration, now: Now, stop: &Stop) -> Result<Vec<Item>> {
        let cameras = self.tree.cameras()?.open;
        let mut days: Vec<(Day, &CameraDir)> = Vec::new();
        for camera in &cameras {
            let listed = camera.days()?.0;
            days.extend(listed.into_iter().filter(|day| day.date() < now.yesterday()).map(|day| (day, camera)));
        }
        days.sort_by_key(|(day, camera)| (*day, camera.camera().clone()));
        let mut memory = self.emptied.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.search_days(&days, &mut memory, share, now, stop);
        let rest = days.get(first..).unwrap_or_default();
        let from = memory.from.take();
        let is_before = |(day, camera): &(Day, &CameraDir)| {
            from.as_ref().is_some_and(|(at, of)| (*day, camera.camera()) < (*at, of))
        };
        let rest = rest.get(rest.partition_point(is_before)..).unwrap_or_default();
        let searched = self.search_days(rest, &mut memory, share, now, stop);
        memory.from = rest.get(searched).map(|(day, camera)| (*day, camera.camera().clone()));
        Ok(std::mem::take(&mut memory.removed))
    }

    /// Searches these days, at least one, until the time is over. Returns how many it searched.
    fn search_days(
        &self,
        days: &[(Day, &CameraDir)],
        memory: &mut SearchState,
        share: Duration,
        now: Now,
        stop: &Stop,
    ) -> usize {
        let begun = Instant::now();
        for (at, (day, camera)) in days.iter().enumerate() {
            if stop.is_set() || (at > 0 && begun.elapsed() >= share) {
                return at;
            }
            match self.search_day(camera, *day, memory, now, stop) {
                Err(error) if !error.is_not_found() => tracing::warn!("{}", error.chain()),
                _ => {}
            }
        }
        days.len()
    }

    fn search_day(&self, camera: &CameraDir, day: Day, memory: &mut SearchState, now: Now, stop: &Stop) -> Result<()> {
        let SearchState { seen, removed, .. } = memory;
        let dir = camera.day(day)?;
        let known = self.catalog.details_of(camera.camera(), day)?;
        let (mut removable, mut changed) = (Vec::new(), Vec::new());
        for name in dir.list()?.events {
            if stop.is_set() {
                return Ok(());
            }
            // a walk reports what cannot be read
            let Ok(contents) = dir.contents(name, known.get(&name)) else { continue };
            let id = dir.id(name);
            let quiet_since = now.nanos().saturating_sub(i64::try_from(QUIET.as_nanos()).unwrap_or(i64::MAX));
            if contents.left != Some(Left::Nothing) {
                changed.extend(contents.differs.then_some(id));
                continue;
            }
            let was_seen = seen.remove(&id) == Some(contents.changed);
            if contents.differs || was_seen || contents.changed < quiet_since {
                removable.push(name);
            } else if seen.len() < MAX_SEEN {
                seen.insert(id, contents.changed);
            } else {
                seen.clear();
            }
        }
        let open = self.scanner.found_open();
        removable.retain(|name| !open.contains(&dir.id(*name)));
        if !removable.is_empty() {
            let gone = {
                let _queue = self.tree.lock_queue();
                let _lock = self.scanner.day_locks.take(camera.camera(), day);
                self.tree.remove_emptied(camera, day, &removable, now)?
            };
            removed.extend(self.note_emptied(camera.camera(), day, &gone, now));
            changed.extend(gone.into_iter().map(|name| dir.id(name)));
        }
        for id in changed {
            self.scanner.scan_event(&id, Occasion::Found)?;
        }
        Ok(())
    }

    fn note_emptied(&self, camera: &Camera, day: Day, gone: &[EventName], now: Now) -> Option<Item> {
        if gone.is_empty() {
            return None;
        }
        let item = Item {
            camera: camera.clone(),
            day,
            events: EventSelection::Some(gone.to_vec()),
            count: gone.len() as u64,
            bytes: None,
            frees: None,
            reason: Reason::Emptied,
        };
        tracing::info!(%camera, %day, "removed the directories of {} emptied events", gone.len());
        self.audit.note(now, [Entry::of(AuditAction::Emptied, &item)]);
        Some(item)
    }
}
