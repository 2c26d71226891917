//! The operations of commands on an archive. If a daemon manages the archive, it does the work ([`Remote`]); otherwise this
//! process does ([`Local`]). A command calls one method in both cases, and the result is the same.

mod local;
mod remote;

use std::path::Path;

use super::session::Session;
use crate::protocol::control::ScanSummary;
use crate::protocol::{Cameras, Pass, Plan, Queue, RecalledEvent, Restoration};
use crate::{EventId, Result, Rules};
use local::Local;
pub(super) use local::measure;
pub(super) use remote::{Remote, is_reachable, receive, request, send};

/// The operations on an archive that a daemon offers too.
pub(super) trait Admin {
    /// The plan by the archive's rules; a daemon puts `what_if` over its own rules.
    fn plan(&self, what_if: Option<Rules>) -> Result<Found<Plan>>;

    /// The cameras and the forecast by the archive's rules; a daemon puts `what_if` over its own rules.
    fn stats(&self, what_if: Option<Rules>) -> Result<Found<Cameras>>;

    /// Runs one pass. `confirm` is the id of a held pass to carry out.
    fn expire(&self, confirm: Option<&str>) -> Result<Found<Pass>>;

    /// The passes in the delete queue.
    fn queue(&self) -> Result<Queue>;

    /// Restores a pass from the delete queue.
    fn restore(&self, pass: &str) -> Result<Restoration>;

    /// Moves events into the delete queue.
    fn delete(&self, events: &[EventId]) -> Result<Pass>;

    /// Saves events, or unsaves them: one result for each event.
    fn save(&self, events: &[EventId], saved: bool) -> Result<Vec<Result<()>>>;

    /// Puts an event in place that was gathered from this store.
    fn place_recalled(&self, event: &EventId, store: &str) -> Result<RecalledEvent>;

    /// Scans the whole archive; with `measure`, every file too.
    fn scan(&self, measure: bool) -> Result<ScanSummary>;

    /// Passes on that Motion finished a movie. `None` if it is no movie of an event here, or no daemon runs.
    fn movie_ended(&self, path: &Path) -> Result<Option<String>>;
}

/// A result, and whether something could not be read on the way. Standard error names what.
pub(super) struct Found<T> {
    pub value: T,
    pub is_incomplete: bool,
}

impl<T> Found<T> {
    /// A result of everything.
    pub(super) fn whole(value: T) -> Self {
        Self { value, is_incomplete: false }
    }
}

/// The daemon of the session's archive if one runs, else this process. Fails where a flag was typed that the daemon would not
/// follow.
pub(super) fn choose<'a>(session: &'a Session<'_>) -> Result<Box<dyn Admin + 'a>> {
    Ok(if session.has_daemon()? {
        Box::new(Remote::new(session.archive.state_path()))
    } else {
        Box::new(Local::new(session))
    })
}
