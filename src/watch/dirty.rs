//! What the kernel's notifications leave for the watcher: paths that are worth a look, and sticky flags for what was
//! lost. The notification thread never waits and drops nothing: too many paths become one "look at everything".

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};

/// More paths than this are not remembered one by one.
const MOST: usize = 65_536;

/// Written by the notification thread, taken as a whole by the watcher.
#[derive(Debug)]
pub(super) struct Dirty {
    hints: Mutex<Hints>,
    wake: Sender<()>,
}

/// What was hinted at since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    /// Directories, or entries of directories, that changed.
    pub paths: HashSet<PathBuf>,
    /// Something was lost: everything may have changed.
    pub rescan: bool,
    /// No more watches can be had.
    pub limit: bool,
}

impl Dirty {
    /// The place for hints, and what wakes the watcher.
    pub fn new() -> (Arc<Self>, Receiver<()>) {
        let (wake, woken) = bounded(1);
        (Arc::new(Self { hints: Mutex::default(), wake }), woken)
    }

    /// Everything since the last time.
    pub fn take(&self) -> Hints {
        std::mem::take(&mut self.hints.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in a notification.
    pub fn note(&self, event: notify::Result<notify::Event>) {
        {
            let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                // Tested before the paths: a rescan comes with none.
                Ok(event) if event.need_rescan() => hints.rescan = true,
                Ok(event) if matters(event.kind) => {
                    for path in event.paths {
                        if let Some(parent) = path.parent() {
                            hints.paths.insert(parent.to_path_buf());
                        }
                        hints.paths.insert(path);
                    }
                    if hints.paths.len() > MOST {
                        hints.paths = HashSet::new();
                        hints.rescan = true;
                    }
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

/// Reading is no news (our own looks are notified of too), nor is a write before the file is closed.
fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Data(_)) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use notify::Event;
    use notify::event::{CreateKind, Flag};

    use super::*;

    #[test]
    fn a_rescan_without_paths_is_not_lost() {
        let (dirty, wake) = Dirty::new();
        dirty.note(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(wake.try_recv().is_ok());
        assert!(dirty.take().rescan);
        assert_eq!(dirty.take(), Hints::default());
    }

    #[test]
    fn a_limit_and_other_errors_are_sticky() {
        let (dirty, _wake) = Dirty::new();
        dirty.note(Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
        dirty.note(Err(notify::Error::generic("x")));
        let hints = dirty.take();
        assert!(hints.limit && hints.rescan);
    }

    #[test]
    fn too_many_paths_become_a_rescan() {
        let (dirty, _wake) = Dirty::new();
        for number in 0..=MOST {
            let path = PathBuf::from(format!("/a/{number}"));
            dirty.note(Ok(Event::new(EventKind::Create(CreateKind::Any)).add_path(path)));
        }
        assert!(dirty.take().rescan);
    }

    #[test]
    fn our_own_reading_is_no_news() {
        let (dirty, wake) = Dirty::new();
        let open = EventKind::Access(AccessKind::Open(AccessMode::Any));
        dirty.note(Ok(Event::new(open).add_path("/a/b".into())));
        assert!(wake.try_recv().is_err());
        assert_eq!(dirty.take(), Hints::default());
    }
}
