//! What the house is about: cameras, days, events, and what is known of an event. Names are parsed here once, at the
//! door, and refused when they are not of the grammar; nothing here touches a disk or a clock.

mod camera;
mod change;
mod day;
pub mod details;
mod entry;
pub mod frames;
mod id;
mod item;
mod marker;
pub mod movie;
mod parse;
mod reason;
#[cfg(feature = "schema")]
mod schema;
pub mod state;
pub mod strix;
pub mod text;

pub use camera::Camera;
pub use change::{Change, DayScan, DayStamps, Stamp};
pub use day::Day;
pub use details::{Details, Event, Thumbnail};
pub use entry::{Actor, AuditAction, Entry};
pub use id::{EventId, EventName};
pub use item::{EventSelection, Item};
pub use marker::QueueMarker;
pub use movie::{Container, DebugMovie, Movie, MovieName};
pub(crate) use reason::size_text;
pub use reason::{Interrupted, Reason};
pub use state::State;

pub use crate::guard::{Guard, RecordedGuard, UnknownGuard};
