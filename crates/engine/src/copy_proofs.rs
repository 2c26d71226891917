//! What stores still lack of the archive's events, for the expirer: rules take an event that a store is to have only once
//! its copy is proved. This is the interface alone; who copies implements it. Without stores there is no implementation.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::archive::Tree;
use crate::error::Result;
use crate::event::{Camera, Day, EventId, EventName};
use crate::retention::WhenFull;

/// The proofs of copies. Every plan asks for the days that it would take, and every pass asks again before it retires
/// something. An error keeps the events that it is about.
pub(crate) trait CopyProofs: Debug + Send + Sync {
    /// The events of a camera's day, among `names`, that a store lacks, and what happens to each when the disk is full; of
    /// several stores that lack it, one that says [`WhenFull::Keep`] decides. Reads at most a small file, and never waits for
    /// a store.
    fn lacking(&self, camera: &Camera, day: Day, names: &[EventName]) -> Result<BTreeMap<EventName, WhenFull>>;

    /// Whether what lies on the disk now is what the stores have of this event, by the sizes and times of its files; true for an
    /// event that no store is to have. Called with the day's lock, which it must not take, for each event of a pass.
    fn is_proved(&self, tree: &Tree, id: &EventId) -> Result<bool>;

    /// The names of the stores, for messages.
    fn names(&self) -> Vec<String>;
}
