//! Owlery manages the event archive of a [Motion](https://motion-project.github.io/) capture host: it indexes and serves
//! events, notifies of new ones, and removes those that retention rules no longer keep. It runs as a sidecar beside Motion
//! (the `owlery` program), or inside another program as this library.
//!
//! ```no_run
//! let archive = owlery::Archive::open(owlery::Options::new("/var/lib/motion").keep_days(45))?;
//! let service = archive.start()?; // preload, watch and expire on threads of their own
//! let page = service.events(&owlery::Query::new().camera("Camera1").limit(50))?;
//! for event in page.events {
//!     println!("{} {}", event.id, event.details.state.as_str());
//! }
//! let mut subscription = service.subscribe();
//! if let Some(owlery::Notification::Added(event)) = subscription.wait() {
//!     println!("new: {}", event.id);
//! }
//! service.shutdown()?;
//! # Ok::<(), owlery::Error>(())
//! ```
//!
//! `http::router` (feature `http`) returns an axum router for a service, which can be mounted below any path of another
//! program's router; `examples/embed.rs` is such a program.
//!
//! The directory tree is the truth. Everything else (the catalog) is derived from it and can be deleted at any time.

// Some items are used by the program only.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]

mod motion_conf;

use owlery_archive as archive;
use owlery_catalog as catalog;
use owlery_engine::{audit, expirer, reaper, scan, service, watch};
use owlery_model::{clock, error, event, fault, printable, retention, time};

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
mod daemon;
#[cfg(feature = "http")]
pub use owlery_http as http;
#[cfg(feature = "http")]
pub use owlery_protocol as protocol;

pub use archive::{Manifest, MediaFile, MediaPath, QueuedPass, Report, Stage, StuckPass};
pub use catalog::{AuditPage, CameraSummary, Cursor, DaySummary, Order, Page, Query};
pub use clock::{Boot, Clock, ManualClock, Now, SystemClock};
pub use error::{Error, Kind, Result};
pub use event::{
    Actor, AuditAction, Camera, Container, Day, DebugMovie, Details, Entry as AuditEntry, Event, EventId, EventName,
    EventSelection, Guard, Interrupted, Item, Movie, MovieName, Reason, RecordedGuard, State, Thumbnail, UnknownGuard,
};
pub use expirer::{GuardState, HeldPass, Pass, QueueSums, Restoration};
pub use motion_conf::MotionConf;
pub use reaper::Window;
pub use retention::{
    ArchiveForecast, CameraForecast, Disk, Forecast, Keep, Kept, MinFree, Plan, Policy, Refusal, Rule, Rules,
};
pub use scan::{Progress, Sidecars, Summary};
pub use service::{
    Activity, Archive, CameraInfo, CameraSurvey, Component, Handle, Histogram, HistogramSnapshot, Notification,
    Options, Preview, Queue, Reaped, RetentionState, Retired, Service, Stats, Status, Subscription, Survey,
};
pub use watch::Mode;

/// Internals that the benchmarks measure. Not part of the public API.
#[doc(hidden)]
pub mod bench {
    pub use crate::catalog::Catalog;
    pub use crate::event::{Change, DayScan, Stamp};
    pub use crate::retention::{newest_needed, plan};
}
