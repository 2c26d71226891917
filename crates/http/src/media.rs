//! Files of events, for browsers and strix, zip files of events, joined movies, derived media, and entries of the media cache.

mod cached;
mod derived;
pub(crate) mod files;
mod joined;
mod state_cache;
#[cfg(feature = "stores")]
mod stored;
mod zip;

pub(crate) use cached::{__path_cache_put, __path_cached, cache_put, cached};
pub(crate) use derived::{__path_derived, derived, is_derived};
pub(crate) use files::Binary;
pub(crate) use files::listing::images_of;
pub(crate) use files::{__path_day_picture, __path_file, day_picture, file, motion};
pub(crate) use joined::{__path_export_movie, export_movie};
pub(crate) use state_cache::StateCache;
#[cfg(feature = "stores")]
pub(crate) use stored::{OfStore, stored_images};
pub(crate) use zip::{__path_event_zip, __path_export, ZipPermits, event_zip, export};
