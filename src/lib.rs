//! Owlery manages the event archive of a [Motion](https://motion-project.github.io/) capture host: it indexes and serves
//! events, notifies clients of new ones, and removes old ones by retention rules. It runs as a sidecar beside Motion
//! (the `owlery` program), or inside another program as this library.
//!
//! ```no_run
//! let archive = owlery::Archive::open(owlery::Options::new("/var/lib/motion").keep_days(45))?;
//! let service = archive.start()?; // preload, watch and expire run on their own threads
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
//! The directory tree is the truth. The catalog is derived from it and can be rebuilt at any time.

/// Compiles the Rust code of the README.
#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod motion_conf;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
mod daemon;

#[cfg(feature = "http")]
pub use owlery_engine::{
    CacheOptions, DerivationCounts, Derivative, Derived, DerivedError, JoinError, Joined, JoinedMovie, Made, cache,
    check_cache_dir, derive, give_cache, open_cache,
};
#[cfg(feature = "stores")]
pub use owlery_engine::{CopyActivity, CopyState, EventSource, store};
#[cfg(feature = "http")]
pub use owlery_http as http;
#[cfg(feature = "http")]
pub use owlery_protocol as protocol;

pub use motion_conf::MotionConf;
pub use owlery_engine::{
    Activity, Archive, ArchiveSnapshot, AuditPage, CameraInfo, CameraSnapshot, CameraSummary, CatalogReader, Cause,
    Choice, Chooser, Component, Cursor, DaySummary, Depth, DirectoryChecks, EventFiles, Findings, Gathering,
    GuardState, Handle, HeldPass, Histogram, HistogramSnapshot, LayoutSurvey, LocatedPage, Manifest, Marks, Measure,
    MediaFile, MediaPath, Mode, Named, NamedRange, Notification, OpenArchive, Options, Order, Page, Pass, Preview,
    Progress, Query, Queue, QueueSums, QueuedPass, Reaped, Recall, Recalled, Report, Restoration, RetentionState,
    Retired, Reviewer, Service, Shape, Sidecars, Stage, Stats, Status, StuckPass, Subscription, Summary,
    TemporaryFolder, UsableStores, Window, survey_layout,
};
pub use owlery_model::clock::{Boot, Clock, ManualClock, Now, Stop, StopHandle, SystemClock};
pub use owlery_model::command_line::CommandLine;
pub use owlery_model::error::{Error, Kind, Operation, Result};
pub use owlery_model::event::{
    Actor, AuditAction, Camera, Container, Day, DebugMovie, Details, Entry as AuditEntry, Event, EventId, EventName,
    EventSelection, Guard, Interrupted, Item, Located, Location, MotionMask, Movie, MovieName, Movies, Reason,
    RecordedGuard, Region, State, Thumbnail, UnknownGuard,
};
pub use owlery_model::layout::{self, Pattern};
pub use owlery_model::retention::{
    ArchiveForecast, CameraForecast, Disk, Expiry, Forecast, Keep, Kept, MinFree, Plan, Policy, Refusal, Rule, Rules,
};
pub use owlery_model::stream_url::{Login, StreamUrl};
