//! The worker thread that empties the delete queue at the lowest priorities and at its [`Pace`]. It does not choose
//! what to remove: it receives passes, and the archive checks each one's manifest again.

mod pace;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, bounded, select};

pub(crate) use pace::Pace;

use crate::archive::{QueuedPass, Report, Tally, Tree};
use crate::clock::Stop;

/// Passes that may wait; a full channel blocks the sender.
const CAPACITY: usize = 64;

/// The reaper: runs until stopped, or until every sender is gone and the queue is empty.
#[derive(Debug)]
pub(crate) struct Reaper {
    tree: Arc<Tree>,
    tally: Arc<Tally>,
    pace: Arc<Pace>,
    passes: Receiver<QueuedPass>,
    /// Whether to log what stays; false if the caller prints it.
    logs: bool,
}

impl Reaper {
    /// A reaper and the channel that passes are sent to.
    pub(crate) fn new(tree: Arc<Tree>, tally: Arc<Tally>, pace: Arc<Pace>) -> (Self, Sender<QueuedPass>) {
        let (sender, passes) = bounded(CAPACITY);
        (Self { tree, tally, pace, passes, logs: true }, sender)
    }

    /// Disables logging of what stays, since the caller prints it.
    #[must_use]
    pub(crate) fn quiet(mut self) -> Self {
        self.logs = false;
        self
    }

    /// Reaps the passes that it receives. Returns what could not be removed in the end. Lowers the priority of the
    /// calling thread.
    pub(crate) fn run(&self, stop: &Stop) -> Vec<Report> {
        step_back();
        let mut left = Vec::new();
        loop {
            let pass = select! {
                recv(stop.receiver()) -> _ => return left,
                recv(self.passes) -> pass => match pass {
                    Ok(pass) => pass,
                    Err(_) => return left,
                },
            };
            left.extend(self.reap(&pass, stop));
            self.tally.passes.fetch_add(1, Ordering::Release);
            if stop.is_set() {
                return left;
            }
        }
    }

    /// Removes one pass, in as many windows as it takes.
    fn reap(&self, pass: &QueuedPass, stop: &Stop) -> Vec<Report> {
        while self.pace.wait_open(stop) {
            crate::fault::point("reaper");
            crate::fault::crash("reaper"); // waits with `reaper@FIFO`
            let reaped = self.tree.reap(pass, &self.tally, &self.pace.turns(stop));
            if reaped.was_cut_short {
                continue; // to stop, or for the next window
            }
            if reaped.is_gone {
                tracing::info!(pass = %pass.manifest.pass, "the pass is removed");
            }
            if self.logs && reaped.is_news {
                for report in &reaped.left {
                    tracing::warn!(pass = %pass.manifest.pass, path = %report.path.display(), "{}", report.problem);
                }
            }
            return reaped.left;
        }
        Vec::new()
    }
}

/// Gives this thread the lowest priorities for processors and disk (`setpriority(2)` and `ioprio_set(2)` on Linux);
/// threads that it starts inherit them. If a call fails, that priority stays normal.
pub(crate) fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, crate::fault::nice()) {
        tracing::debug!("cannot lower the priority: {error}");
    }
    if let Err(error) = owlery_sys::set_idle_io_class() {
        tracing::debug!("cannot lower the priority on the disk: {error}");
    }
}
