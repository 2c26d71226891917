//! The worker thread that empties the delete queue. It does not choose what: passes are handed to it, and the archive
//! checks each one's manifest again.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::archive::{QueuedPass, Tally, Tree};
use crate::clock::Stop;

/// Passes that may wait to be taken up; more make the sender wait.
const WAITING: usize = 64;

/// The reaper's work: runs until told to stop, or until every sender is gone and the queue is empty.
#[derive(Debug)]
pub struct Reaper {
    tree: Arc<Tree>,
    tally: Arc<Tally>,
    passes: Receiver<QueuedPass>,
}

impl Reaper {
    /// A reaper and the way to hand passes to it.
    pub fn new(tree: Arc<Tree>, tally: Arc<Tally>) -> (Self, Sender<QueuedPass>) {
        let (sender, passes) = bounded(WAITING);
        (Self { tree, tally, passes }, sender)
    }

    /// Reaps what it is handed. Answers what could not be removed in the end.
    pub fn run(&self, stop: &Stop) -> Vec<crate::archive::Report> {
        let mut left = Vec::new();
        loop {
            let pass = select! {
                recv(stop.receiver()) -> _ => return left,
                recv(self.passes) -> pass => match pass {
                    Ok(pass) => pass,
                    Err(_) => return left,
                },
            };
            if stop.is_set() {
                return left;
            }
            left.extend(self.reap(&pass, stop));
        }
    }

    fn reap(&self, pass: &QueuedPass, stop: &Stop) -> Vec<crate::archive::Report> {
        crate::fault::point("reaper");
        match self.tree.reap(pass, &self.tally, &|| stop.is_set()) {
            Ok(reaped) => {
                if reaped.is_gone {
                    tracing::info!("pass {} is removed", pass.manifest.pass);
                }
                for report in &reaped.left {
                    tracing::warn!("{}: {}", report.path.display(), report.problem);
                }
                reaped.left
            }
            Err(error) => {
                tracing::error!("pass {}: {}", pass.manifest.pass, error.chain());
                vec![crate::archive::Report::of(&error, &pass.path)]
            }
        }
    }
}
