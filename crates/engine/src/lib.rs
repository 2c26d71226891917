//! The engine of Owlery: scan, watch, expirer, reaper and audit, and the service that joins them. This root
//! re-exports what embedding programs, the HTTP router and the commands use; nothing else is public.

mod audit;
mod copy_proofs;
mod expirer;
mod layout_survey;
mod reaper;
mod scan;
mod service;
mod watch;

pub use archive::{
    Cause, Depth, EventFiles, Gathering, Manifest, MediaFile, MediaPath, QueuedPass, Recall, Report, Shape, Stage,
    StuckPass,
};
pub use catalog::{
    AuditPage, CameraSummary, Choice, Chooser, Cursor, DaySummary, Named, NamedRange, Order, Page, Query,
};
pub use expirer::{GuardState, HeldPass, Pass, QueueSums, Recalled, Restoration};
pub use layout_survey::{LayoutSurvey, survey_layout};
#[cfg(feature = "media")]
pub use owlery_cache as cache;
#[cfg(feature = "media")]
pub use owlery_media as derive;
pub use owlery_model::layout;
pub use owlery_model::window::Window;
pub use owlery_state::temporary_folder::TemporaryFolder;
#[cfg(feature = "stores")]
pub use owlery_store as store;
pub use scan::{Progress, Sidecars, Summary};
pub use service::{
    Activity, Archive, ArchiveSnapshot, CameraInfo, CameraSnapshot, CatalogReader, Component, DirectoryChecks,
    Findings, Handle, Histogram, HistogramSnapshot, LocatedPage, Marks, Measure, Notification, OpenArchive, Options,
    Preview, Queue, Reaped, RetentionState, Retired, Reviewer, Service, Stats, Status, Subscription, UsableStores,
};
#[cfg(feature = "media")]
pub use service::{
    CacheOptions, DerivationCounts, Derivative, Derived, DerivedError, FinishingFigures, JoinError, Joined,
    JoinedMovie, Made, MediaFiles, check_cache_dir, give_cache, open_cache, store_of_key,
};
#[cfg(feature = "stores")]
pub use service::{CopyActivity, CopyState, EventSource};
#[cfg(all(feature = "media", feature = "stores"))]
pub use service::{PrefetchCounts, PrefetchedDay, Reading, StoredError, StoredFile, StoredFiles};
pub use watch::Mode;

use owlery_archive as archive;
use owlery_catalog as catalog;
#[cfg(feature = "media")]
use owlery_model::finishing;
use owlery_model::{clock, command_line, error, event, fault, retention, stream_url, time, window};
use owlery_state::{state_file, temporary_folder};
