//! What keeps the archive from being managed at all, whatever the rules say: a marker that is missing or broken, a root
//! or a camera's disk that is read-only, a disk that is full. Looked at every 10 s by the expirer's timer, told as alerts; and
//! by `owlery check`.

use super::handle::Handle;
use crate::archive::{Report, Tree};
use crate::error::Error;

/// What must be told now. `can_expire` says whether there is a rule.
pub(super) fn alerts(shared: &Handle) -> Vec<String> {
    let can_expire = shared.expirer.policy().can_expire();
    let mut alerts = Vec::new();
    if can_expire && let Err(Error::Refused { message, .. }) = shared.tree.verify_identity() {
        alerts.push(format!("nothing expires: {message}"));
    }
    for (what, room) in shared.tree.rooms() {
        if room.is_read_only {
            // Some archives are served from a read-only disk on purpose.
            if can_expire || shared.was_writable() {
                alerts.push(format!("{what} is mounted read-only: nothing can be recorded there, and nothing expires"));
            }
        } else if let Some(why) = room.full() {
            alerts.push(format!("{what} is full ({why}): Motion cannot record there"));
        }
    }
    alerts
}

/// What `owlery check` finds wrong with the archive as a whole.
pub(super) fn problems(tree: &Tree) -> Vec<Report> {
    match tree.marker() {
        Err(Error::Refused { message, .. }) => {
            vec![Report::failure(tree.marker_path(), format!("nothing here expires: {message}"))]
        }
        Err(error) => vec![Report::failure(tree.marker_path(), format!("nothing here expires: {}", error.chain()))],
        Ok(_) => Vec::new(),
    }
}
