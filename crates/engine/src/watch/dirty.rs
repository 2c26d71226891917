//! The work that kernel notifications cause for the watcher: paths to scan, and flags for lost notifications, which stay
//! set until they are handled. The notification thread never waits and drops nothing: too many paths become one "scan everything".

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};

/// The maximum number of single paths.
const MAX_PATHS: usize = 65_536;

/// How much the watcher still has to scan.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Paths in hints. Written with the hints: by the notification thread, and by the watcher, which takes them.
    hinted: AtomicU64,
    /// Directories that wait for their scan. Written by the watcher.
    pub(super) pending: AtomicU64,
}

impl Backlog {
    /// How many directories, or entries of directories, changed and were not scanned yet.
    pub(crate) fn waiting(&self) -> u64 {
        self.hinted.load(Ordering::Relaxed) + self.pending.load(Ordering::Relaxed)
    }
}

/// Written by the notification thread, taken as a whole by the watcher.
#[derive(Debug)]
pub(super) struct Dirty {
    hints: Mutex<Hints>,
    backlog: Arc<Backlog>,
    wake: Sender<()>,
}

/// The hints since the last call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    /// Directories, or entries of directories, that changed, and when that was first noticed.
    pub paths: HashMap<PathBuf, Instant>,
    /// Something was lost: everything may have changed.
    pub rescan: bool,
    /// The kernel's limit of watches is reached.
    pub limit: bool,
}

impl Dirty {
    /// The store of hints, and a channel that wakes the watcher.
    pub(super) fn new(backlog: Arc<Backlog>) -> (Arc<Self>, Receiver<()>) {
        let (wake, woken) = bounded(1);
        (Arc::new(Self { hints: Mutex::default(), backlog, wake }), woken)
    }

    /// Takes everything since the last call.
    pub(super) fn take(&self) -> Hints {
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        self.backlog.hinted.store(0, Ordering::Relaxed);
        std::mem::take(&mut hints)
    }

    /// Records a notification.
    pub(super) fn note(&self, event: notify::Result<notify::Event>) {
        {
            let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                // Tested before the paths: a rescan comes without any.
                Ok(event) if event.need_rescan() => hints.rescan = true,
                Ok(event) if matters(event.kind) => {
                    let now = Instant::now();
                    for path in event.paths {
                        if let Some(parent) = path.parent() {
                            hints.paths.entry(parent.to_path_buf()).or_insert(now);
                        }
                        hints.paths.entry(path).or_insert(now);
                    }
                    if hints.paths.len() > MAX_PATHS {
                        hints.paths = HashMap::new();
                        hints.rescan = true;
                    }
                    self.backlog.hinted.store(hints.paths.len() as u64, Ordering::Relaxed);
                }
                Ok(_) => return,
                Err(error) if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) => hints.limit = true,
                Err(error) => {
                    tracing::warn!("notifications: {error}");
                    hints.rescan = true;
                }
            }
        }
        let _ = self.wake.try_send(()); // full means that it will wake anyway
    }
}

/// Whether an event is a change. Reading is not (our own scans cause notifications too), nor is a write before the file
/// is closed.
fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Data(_)) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use notify::Event;
    use notify::event::{CreateKind, Flag};

    use super::*;

    #[test]
    fn a_rescan_without_paths_is_not_lost() {
        let (dirty, wake) = Dirty::new(Arc::default());
        dirty.note(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(wake.try_recv().is_ok());
        assert!(dirty.take().rescan);
        assert_eq!(dirty.take(), Hints::default());
    }

    #[test]
    fn a_limit_and_other_errors_are_sticky() {
        let (dirty, _wake) = Dirty::new(Arc::default());
        dirty.note(Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
        dirty.note(Err(notify::Error::generic("x")));
        let hints = dirty.take();
        assert!(hints.limit && hints.rescan);
    }

    #[test]
    fn the_backlog_counts_what_was_not_taken() {
        let backlog = Arc::new(Backlog::default());
        let (dirty, _wake) = Dirty::new(Arc::clone(&backlog));
        let note = |path: &str| dirty.note(Ok(Event::new(EventKind::Create(CreateKind::Any)).add_path(path.into())));
        note("/a/1");
        let between = Instant::now();
        note("/a/2");
        backlog.pending.store(2, Ordering::Relaxed);
        assert_eq!(backlog.waiting(), 5, "two entries, their directory, and what waits for its scan");
        let hints = dirty.take();
        assert!(hints.paths[Path::new("/a")] <= between && hints.paths[Path::new("/a/2")] >= between);
        assert_eq!(backlog.waiting(), 2);
    }

    #[test]
    fn too_many_paths_become_a_rescan() {
        let (dirty, _wake) = Dirty::new(Arc::default());
        for number in 0..=MAX_PATHS {
            let path = PathBuf::from(format!("/a/{number}"));
            dirty.note(Ok(Event::new(EventKind::Create(CreateKind::Any)).add_path(path)));
        }
        assert!(dirty.take().rescan);
    }

    #[test]
    fn our_own_reading_is_ignored() {
        let (dirty, wake) = Dirty::new(Arc::default());
        let open = EventKind::Access(AccessKind::Open(AccessMode::Any));
        dirty.note(Ok(Event::new(open).add_path("/a/b".into())));
        assert!(wake.try_recv().is_err());
        assert_eq!(dirty.take(), Hints::default());
    }
}
