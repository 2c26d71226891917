//! Files of events, for browsers and strix, and zip files of events.

pub(crate) mod files;
mod state_cache;
mod zip;

pub(crate) use files::{__path_file, file, motion};
pub(crate) use state_cache::StateCache;
pub(crate) use zip::{__path_event_zip, __path_export, ZipPermits, event_zip, export};
