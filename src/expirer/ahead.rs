//! Looks ahead of a pass at the events that it will ask about next, on a few threads: a cold disk answers many questions in the
//! time of one, and what it has told once the kernel remembers. Nothing is decided here; the pass asks again.

use std::sync::Arc;
use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Planned;
use crate::archive::Tree;

/// How many days the pass is looked ahead of: far enough for a disk, and not so far that it is forgotten again.
const AHEAD: usize = 32;
/// How many threads look.
const THREADS: usize = 4;
/// By how much their priority is lower than the pass's own, and Motion's: they wait for the disk, and are not to be waited for.
const NICE: i32 = 19;

/// The days of a pass that are looked at ahead. The threads end when it is dropped.
pub(super) struct Ahead<'a> {
    days: &'a [Planned],
    looks: Sender<&'a Planned>,
    /// How many days were handed out.
    begun: usize,
}

impl<'a> Ahead<'a> {
    /// Begins with the first days.
    pub fn begin<'scope>(scope: &'scope Scope<'scope, '_>, tree: &Tree, days: &'a [Planned]) -> Self
    where
        'a: 'scope,
    {
        let (looks, waiting) = bounded(AHEAD);
        let cameras = Arc::new(tree.cameras().map(|cameras| cameras.open).unwrap_or_default());
        for _ in 0..THREADS.min(days.len().saturating_sub(1)) {
            let waiting: Receiver<&'a Planned> = waiting.clone();
            let cameras = Arc::clone(&cameras);
            let look = move || {
                let _ = rustix::process::nice(NICE); // of this thread alone (nice(2)); where it fails, all are equal
                for (item, names) in waiting {
                    // What goes wrong here goes wrong again where it is told.
                    let camera = cameras.iter().find(|camera| *camera.camera() == item.camera);
                    if let Some(Ok(day)) = camera.map(|camera| camera.day(item.day)) {
                        for name in names {
                            let _ = day.look(*name);
                        }
                    }
                }
            };
            let started: std::io::Result<ScopedJoinHandle<'_, ()>> =
                std::thread::Builder::new().name("owlery-ahead".to_owned()).spawn_scoped(scope, look);
            if let Err(error) = started {
                tracing::debug!("nobody looks ahead: {error}");
            }
        }
        let mut ahead = Self { days, looks, begun: 0 };
        ahead.reached(0);
        ahead
    }

    /// The pass has come to this day. Those ahead are handed out as far as there is room; one that is not costs time alone.
    pub fn reached(&mut self, at: usize) {
        self.begun = self.begun.max(at + 1);
        while self.begun < self.days.len().min(at + AHEAD) && self.looks.try_send(&self.days[self.begun]).is_ok() {
            self.begun += 1;
        }
    }
}
