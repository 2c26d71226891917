//! Derived media of an event archive: thumbnails, previews, and movies that browsers play. Made from bytes and open files;
//! where those come from, and where the results are kept, is up to the caller. This crate knows no HTTP, no catalog and no
//! cache.
//!
//! All functions block: they decode, or wait for a process. Call them on threads that may block, or as [`Jobs`], whose
//! threads have the lowest priority. What is made of movies needs `ffmpeg`; without it, [`Error::Missing`] is returned.

mod error;
mod ffmpeg;
mod frames_movie;
mod jobs;
mod joined;
mod movie_frames;
mod mp4;
mod picture;
mod playable;
mod preview;
mod sprite;
#[cfg(test)]
mod testing;
mod thumbnail;

pub use error::{Error, Result};
pub use ffmpeg::{Ffmpeg, Limits};
pub use frames_movie::{FramesMovie, movie_of_frames};
pub use jobs::{Job, JobState, Jobs, JobsOptions, Outcome, Ticket, Urgency};
pub use joined::{MoviePart, join_movies};
pub use movie_frames::movie_thumbnail;
pub use mp4::is_temporary_movie;
pub use picture::{MAX_BYTES, MAX_PIXELS, Picture};
pub use playable::{Movie, MovieType, Playable, Sound, Unusable, make_playable};
pub use preview::{Animation, FrameInfo, MAX_PREVIEW, preview_of_frames, preview_of_movie};
pub use sprite::{MAX_TILES, Sprite, SpriteIndex, sprite_of_frames, sprite_of_movie};
pub use thumbnail::{Width, thumbnail, thumbnail_in};
