//! The methods of a handle by which users change events: save, unsave, delete.

use std::collections::BTreeSet;

use super::handle::Handle;
use crate::error::{Error, Result};
use crate::event::{Actor, EventId};
use crate::expirer::Pass;

impl Handle {
    /// Moves events into the delete queue, from where they can be restored for a day or the undo window, whichever is
    /// longer. Refuses all of them if one is saved or open.
    pub fn delete(&self, events: &[EventId]) -> Result<Pass> {
        let mut pass = self.expirer.delete(events)?;
        pass.failures.extend(self.unrecorded(true));
        self.counters.add(Actor::Hand, &pass);
        self.written()?;
        self.broadcaster.send_pass(&pass);
        Ok(pass)
    }

    /// Moves those of these events that may go into the delete queue, as one pass, like [`Handle::delete`]. Returns the pass, which has
    /// no name if nothing was moved, and the events that stay with the reason of each: it is saved, open, missing, or could not be moved.
    ///
    /// # Errors
    /// No pass can be made.
    pub fn delete_each(&self, events: &BTreeSet<EventId>) -> Result<(Pass, Vec<(EventId, Error)>)> {
        let (mut pass, left) = self.expirer.delete_each(events)?;
        pass.failures.extend(self.unrecorded(!pass.items.is_empty()));
        self.counters.add(Actor::Hand, &pass);
        self.written()?;
        if pass.pass.is_some() {
            self.broadcaster.send_pass(&pass);
        }
        Ok((pass, left))
    }

    /// Protects an event from all rules, or with `false` ends that. [`Error::Unrecorded`] means that it is done and
    /// only the audit log lacks it.
    pub fn set_saved(&self, event: &EventId, is_saved: bool) -> Result<()> {
        self.expirer.set_saved(std::slice::from_ref(event), is_saved).into_iter().collect::<Result<()>>()?;
        self.written()?;
        match self.unrecorded(true) {
            Some(report) => {
                let done = format!("{event} is {}saved", if is_saved { "" } else { "no longer " });
                Err(Error::Unrecorded { done, why: report.problem })
            }
            None => Ok(()),
        }
    }

    /// The same for many events, each for itself. An audit log that lacks this is an alert, and no error here.
    ///
    /// # Errors
    /// The service is stopping.
    pub fn set_saved_each(&self, events: &[EventId], is_saved: bool) -> Result<Vec<Result<()>>> {
        let results = self.expirer.set_saved(events, is_saved);
        self.written()?;
        self.unrecorded(true);
        Ok(results)
    }
}
