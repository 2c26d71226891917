//! Filters of queries by what the catalog does not have. What has it decides; a query asks for each event in its way, and first for
//! each day, so that days without such events cost nothing.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::event::{Camera, Day, EventName};

/// Decides which events belong to a list. It must not use the catalog: the query reads it meanwhile.
pub trait Chooser: Send + Sync {
    /// Whether the list has this event.
    fn has(&self, camera: &Camera, day: Day, name: EventName) -> bool;

    /// False if the list has no event of this day.
    fn may_have(&self, camera: &Camera, day: Day) -> bool;
}

/// A chooser as a part of a query. Two are equal if they are the same one.
#[derive(Clone)]
pub struct Choice(Arc<dyn Chooser>);

impl Choice {
    /// The events that this one decides for.
    pub fn new(chooser: impl Chooser + 'static) -> Self {
        Self(Arc::new(chooser))
    }

    pub(super) fn has(&self, camera: &Camera, day: Day, name: EventName) -> bool {
        self.0.has(camera, day, name)
    }

    pub(super) fn may_have(&self, camera: &Camera, day: Day) -> bool {
        self.0.may_have(camera, day)
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Choice")
    }
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Choice {}

impl Hash for Choice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}
