//! The worker thread that empties the delete queue, behind everything else that the host does: at the lowest priorities,
//! at its [`Pace`]. It does not choose what: passes are handed to it, and the archive checks each one's manifest again.

mod pace;
mod window;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, bounded, select};

pub use pace::Pace;
pub use window::Window;

use crate::archive::{QueuedPass, Report, Tally, Tree};
use crate::clock::Stop;

/// Passes that may wait to be taken up; more make the sender wait.
const WAITING: usize = 64;
/// The lowest priority for a processor there is.
const NICE: i32 = 19;

/// The reaper's work: runs until told to stop, or until every sender is gone and the queue is empty.
#[derive(Debug)]
pub struct Reaper {
    tree: Arc<Tree>,
    tally: Arc<Tally>,
    pace: Arc<Pace>,
    passes: Receiver<QueuedPass>,
    /// Whether what stays is logged: not where it is printed.
    logs: bool,
}

impl Reaper {
    /// A reaper and the way to hand passes to it.
    pub fn new(tree: Arc<Tree>, tally: Arc<Tally>, pace: Arc<Pace>) -> (Self, Sender<QueuedPass>) {
        let (sender, passes) = bounded(WAITING);
        (Self { tree, tally, pace, passes, logs: true }, sender)
    }

    /// Has what stays not be logged, since the caller prints it.
    pub fn quiet(mut self) -> Self {
        self.logs = false;
        self
    }

    /// Reaps what it is handed. Answers what could not be removed in the end. Lowers the priority of the calling thread.
    pub fn run(&self, stop: &Stop) -> Vec<Report> {
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

/// Lets everybody else go first, on the processors and on the disk. Both are of this thread alone (`setpriority(2)` and
/// `ioprio_set(2)` on Linux), and a thread that it starts begins with them. Where one fails, all are equal.
fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!("cannot lower the reaper's priority: {error}");
    }
    if let Err(error) = owlery_sys::set_idle_io_class() {
        tracing::debug!("cannot lower the reaper's priority on the disk: {error}");
    }
}
