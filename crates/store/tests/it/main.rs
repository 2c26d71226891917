//! Copies in real stores: a folder, and the memory of `object_store`, with requests that fail on the way.

mod copies;
mod faulty;
mod s3;
mod server;
mod verification;
mod world;
