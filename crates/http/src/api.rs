//! The API, version 1, a file for each resource; the API of strix; the health of the service.

mod audit;
mod bulk;
mod cache;
mod cameras;
mod days;
mod event;
mod events;
mod health;
mod page_cache;
mod pictures;
mod queue;
mod redact;
mod retention;
mod reviewed;
#[cfg(feature = "stores")]
mod stores;
pub(crate) mod strix;
mod tagged;

pub(super) use audit::*;
pub(super) use bulk::*;
pub(crate) use cache::*;
pub(super) use cameras::*;
pub(super) use days::*;
pub(super) use event::*;
pub(crate) use events::*;
pub(super) use health::*;
pub(super) use page_cache::PageCache;
pub(super) use pictures::*;
pub(super) use queue::*;
pub(super) use retention::*;
pub(super) use reviewed::*;
#[cfg(feature = "stores")]
pub(crate) use stores::*;

#[cfg(test)]
mod tests;
