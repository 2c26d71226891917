//! Day locks: one reader or mover for each day at a time. A thread that lists a day, or moves something out of it,
//! holds the day's lock until its changes are queued. So changes arrive in the order of the scans, and an old scan
//! never overwrites a newer one.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::event::{Camera, Day};

/// The locked days.
#[derive(Debug, Default)]
pub(crate) struct DayLocks {
    /// Inserted by `take`, removed when a lock is dropped.
    busy: Mutex<HashSet<(Camera, Day)>>,
    free: Condvar,
}

/// The right to work on a day, until it is dropped. May be sent between threads.
#[derive(Debug)]
pub(crate) struct DayLock {
    day_locks: Arc<DayLocks>,
    day: (Camera, Day),
}

impl DayLocks {
    /// Waits until the day is free, and locks it.
    pub(crate) fn take(self: &Arc<Self>, camera: &Camera, day: Day) -> DayLock {
        let day = (camera.clone(), day);
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        while busy.contains(&day) {
            busy = self.free.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        busy.insert(day.clone());
        DayLock { day_locks: Arc::clone(self), day }
    }
}

impl Drop for DayLock {
    fn drop(&mut self) {
        self.day_locks.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.day);
        self.day_locks.free.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_day_lock_excludes_others() {
        let day_locks = Arc::new(DayLocks::default());
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let camera: Camera = "Camera1".parse().unwrap();
        let day: Day = "2026-11-20".parse().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _lock = day_locks.take(&camera, day);
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        let _other_day = day_locks.take(&camera, day);
        drop(day_locks.take(&camera, day.back(1)));
    }
}
