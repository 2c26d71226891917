//! Problems of the archive as a whole, whatever the rules say: a missing or broken marker, a read-only root or camera
//! disk, a full disk, directories with recordings that are not cameras. The expirer's timer checks them every 10 s and
//! publishes them as alerts; `owlery check` prints them.

use super::handle::Handle;
use super::status::Component;
use crate::archive::{InPlace, Report, Room, Tree};
use crate::clock::Now;
use crate::error::Error;
use crate::event::Camera;
use crate::expirer::is_same_disk;

impl Handle {
    /// Conditions that need a person: what a rule demands and cannot be done, and removals that are stuck.
    pub fn alerts(&self) -> Vec<String> {
        let mut alerts = self.status.alerts();
        alerts.extend(self.expirer.held_alert());
        #[cfg(feature = "media")]
        alerts.extend(self.media_cache.alert().into_iter().chain(self.finishing.alert()));
        #[cfg(feature = "stores")]
        alerts.extend(self.copy_alerts());
        let stuck = self.tree.stuck();
        if let Some(first) = stuck.first() {
            let (passes, entries) = (stuck.len(), stuck.iter().map(|pass| pass.entries).sum::<u64>());
            alerts.push(format!(
                "the delete queue is stuck: {entries} entries of {passes} passes; the first {}",
                first.problem
            ));
        }
        alerts
    }
}

/// The present alerts. `can_expire` says whether there is a rule.
pub(super) fn alerts(shared: &Handle) -> Vec<String> {
    let can_expire = shared.expirer.policy().can_expire();
    let mut alerts = Vec::new();
    if can_expire && let Err(Error::Refused { message, .. }) = shared.tree.verify_identity() {
        alerts.push(format!("nothing expires: {message}"));
    }
    let unwritten = shared.expirer.audit.unwritten();
    if unwritten > 0 {
        alerts.push(format!(
            "{unwritten} audit entries cannot be written, and their passes are not removed unless the disk is full: make the \
             state directory writable, or name another with --state-dir"
        ));
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
    alerts.extend(full_state(shared));
    alerts.extend(unowned_passes(shared));
    match shared.tree.missing_disks() {
        Ok(missing) => alerts.extend(missing.iter().map(Report::sentence)),
        Err(error) => tracing::debug!("{}", error.chain()),
    }
    match shared.tree.strangers(shared.now().nanos()) {
        Ok(strangers) => alerts.extend(few(&strangers)),
        Err(error) => tracing::debug!("{}", error.chain()), // other components report that the root cannot be read
    }
    match flat(shared) {
        Ok(flat) => alerts.extend(few(&flat)),
        Err(error) => tracing::debug!("{}", error.chain()),
    }
    alerts
}

/// The alert about the state directory's disk, if that is full and not the root's.
fn full_state(shared: &Handle) -> Option<String> {
    let state = shared.state_dir();
    if is_same_disk(state, shared.tree.root()) {
        return None;
    }
    let there = state.ancestors().find(|path| path.is_dir())?; // a full disk may have no room for the directory itself
    let why = Room::of(&rustix::fs::statvfs(there).ok()?).full()?;
    let state = state.display();
    Some(format!(
        "the disk of the state directory {state} is full ({why}): the catalog and the audit log cannot be written"
    ))
}

/// The alert about passes in the delete queue that are never removed: of other archives, or with a manifest that this
/// version cannot use.
fn unowned_passes(shared: &Handle) -> Option<String> {
    let (_, mut others) = shared.tree.passes().ok()?; // the reaper reports a queue that cannot be read
    others.retain(|other| other.unreadable);
    let first = others.first()?.sentence();
    Some(match others.len() {
        1 => first,
        passes => {
            let list = shared.expirer.command.list("queue", &[]);
            format!(
                "{passes} passes in the delete queue are never removed; list them with: {list}; the first is {first}"
            )
        }
    })
}

/// Cameras with recordings but without a single event.
fn flat(shared: &Handle) -> crate::error::Result<Vec<Report>> {
    if shared.status.troubles().contains_key(&Component::Preload) {
        return Ok(Vec::new()); // the catalog is not complete yet
    }
    let cameras = shared.catalog.cameras()?;
    let is_empty = |camera: &Camera| cameras.iter().any(|known| known.camera == *camera && known.events == 0);
    if cameras.iter().all(|camera| camera.events > 0) {
        return Ok(Vec::new());
    }
    shared.tree.flat_cameras(is_empty)
}

/// How many directories alerts name one by one.
const MAX_NAMED: usize = 5;

fn few(strangers: &[Report]) -> impl Iterator<Item = String> {
    let more = strangers.len().saturating_sub(MAX_NAMED);
    let rest =
        (more > 0).then(|| format!("{more} more directories hold recordings that are not shown; see: owlery check"));
    strangers.iter().take(MAX_NAMED).map(Report::sentence).chain(rest)
}

/// What `owlery check` reports about the archive as a whole.
pub(super) fn problems(tree: &Tree, now: Now) -> Vec<Report> {
    let mut problems = match tree.marker() {
        Err(Error::Refused { message, .. }) => {
            vec![Report::failure(tree.marker_path(), format!("nothing expires: {message}"))]
        }
        Err(error) => vec![Report::failure(tree.marker_path(), format!("nothing expires: {}", error.chain()))],
        Ok(_) => Vec::new(),
    };
    match tree.in_place() {
        Ok(found) => problems.extend(found.iter().map(|(id, stage)| {
            let why = match stage {
                InPlace::Moved => "it was moved beside its day, and is moved back at the next pass",
                InPlace::Removing => {
                    "it is being removed in place; its directory stays until the audit log has the entry"
                }
            };
            Report::failure(tree.event_path(id), why)
        })),
        Err(error) => problems.push(Report::of(&error, tree.root())),
    }
    match tree.strangers(now.nanos()) {
        Ok(strangers) => problems.extend(strangers),
        Err(error) => problems.push(Report::of(&error, tree.root())),
    }
    problems
}
