//! Cameras, days, events and the details of an event. Names are parsed here, once, where they enter the program; invalid
//! names are refused. This module reads neither disk nor clock.

mod camera;
mod change;
mod day;
pub mod details;
mod entry;
pub mod frames;
mod id;
mod item;
pub mod location;
mod marker;
mod media_type;
mod motion;
pub mod movie;
mod movies;
pub(crate) mod parse;
mod reason;
#[cfg(feature = "schema")]
mod schema;
pub mod state;
pub mod strix;
pub mod text;

pub use camera::Camera;
pub use change::{Change, DayScan, DayStamps, Loose, Stamp};
pub use day::Day;
pub use details::{Details, Event, Thumbnail};
pub use entry::{Actor, AuditAction, Entry};
pub use id::{EventId, EventName};
pub use item::{EventSelection, Item};
pub use location::{Located, Location};
pub use marker::QueueMarker;
pub use media_type::media_type;
pub use motion::{ChangedArea, MotionMask, Region};
pub use movie::{Container, DebugMovie, Movie, MovieName};
pub use movies::Movies;
pub(crate) use reason::size_text;
pub use reason::{Interrupted, Reason};
pub use state::State;

pub use crate::guard::{Guard, RecordedGuard, UnknownGuard};
