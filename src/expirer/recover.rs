//! What a crash, or a disk that failed, has left of a pass that was being made: it is put back into the archive, since nobody
//! has looked again at what was moved. What is past its time is in the next plan anew.

use chrono::TimeDelta;

use super::Expirer;
use crate::archive::{Depth, RestoringPass};
use crate::error::Result;

/// How long what cannot be put back stays in the queue at least.
const SPARED: TimeDelta = TimeDelta::hours(24);

impl Expirer {
    /// Puts back what was left of passes that were never finished. To be called before a pass is made, and before anything
    /// is reaped.
    pub fn recover(&self) {
        let _queue = self.tree.lock_queue();
        self.put_back_unfinished();
    }

    /// The same for whoever holds the queue.
    pub(super) fn put_back_unfinished(&self) {
        let unfinished = match self.tree.unfinished_passes() {
            Ok(unfinished) => unfinished,
            Err(error) => return tracing::debug!("{}", error.chain()), // a root that is not there has no pass either
        };
        for pass in unfinished {
            let name = pass.name().to_owned();
            match self.put_back(pass) {
                Ok(events) => {
                    tracing::warn!("pass {name} was cut off while it was made: {events} events are put back");
                }
                Err(error) => {
                    tracing::error!("pass {name}, which was cut off, cannot be put back: {}", error.chain());
                }
            }
        }
    }

    /// Answers how many events are in the archive again.
    fn put_back(&self, mut pass: RestoringPass<'_>) -> Result<usize> {
        let (days, mut left) = pass.days()?;
        let mut events = 0;
        for (camera, day) in days {
            let restored = {
                let _ticket = self.scanner.tickets.take(&camera, day);
                pass.restore_day(&camera, day)?
            };
            events += restored.events.len();
            left.extend(restored.left);
            if let Err(error) = self.scanner.scan_day(&camera, day, Depth::Glance) {
                tracing::warn!("{}", error.chain()); // the next look at the day tells the catalog
            }
        }
        for report in left {
            tracing::error!("{}: {}", report.path.display(), report.problem);
        }
        pass.finish(self.scanner.clock.now().utc + SPARED)?;
        Ok(events)
    }
}
