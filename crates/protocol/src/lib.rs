//! The JSON of Owlery: of the HTTP API, of the control socket and of `--json`. Each object is one serde type, from which its
//! schema in the OpenAPI document is derived (feature `schema`). `doc/http.md` describes the objects for users.

mod bulk;
mod cache;
mod cameras;
pub mod control;
mod days;
mod event;
mod expires;
mod pass;
mod progress;
mod queue;
mod readiness;
mod retention;
mod reviewed;
mod stores;
pub mod stream;
mod url;

pub use bulk::{DeleteRequest, DeletedEvents, SaveRequest, SavedEvents, UnchangedEvent};
pub use cache::{
    CacheEntries, CacheEntry, CacheQueue, CacheStats, CleanedCache, Enqueued, NotQueued, PrunedCache, QueuedKey,
    RefusedKey, RemovedCount, StoredAs, StoredMedia,
};
pub use cameras::{CameraInfo, Cameras};
pub use days::{DayPicture, DayPictures, DaySums, Days};
pub use event::{Event, EventPage, EventWithImages, Events, Id, Image, Video, Videos, WallTime};
pub use expires::Expires;
pub use pass::{Pass, Plan, Refusal, Report, WrongDate};
pub use progress::Progress;
pub use queue::{Queue, QueuedPass, Restoration, Saved};
pub use readiness::Readiness;
pub use retention::{GuardStatus, Retention, WaitingPass};
pub use reviewed::{ReviewRequest, ReviewedCount};
pub use stores::{
    Copying, FailedEvent, NotCopied, Prefetch, PushedEvents, RecalledEvent, RecalledEvents, Store, StoreFolder,
    StoreObject, StoreTrouble, Stores, VerifiedStore,
};
pub use url::{Directory, FileUrl, event_path, segment, segments};

use owlery_model::printable;
