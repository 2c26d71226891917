//! The integration tests: one binary around one [`world::World`]. Each file tells one story; tests run in parallel,
//! each in folders of its own, and wait for conditions. They begin in the order of their names, so what waits longest, for
//! the real Motion, has the first one.
//!
//! The program is needed for most of them, so without the `cli` feature only those of the library run.

#![allow(unreachable_pub)] // a program has no public API

#[cfg(feature = "cli")]
mod world;

#[cfg(feature = "cli")]
mod adopt;
#[cfg(feature = "cli")]
mod against_motion;
#[cfg(feature = "cli")]
mod audit;
#[cfg(feature = "cli")]
mod bad_input;
#[cfg(feature = "cli")]
mod browser;
#[cfg(feature = "cli")]
mod bucket;
#[cfg(feature = "cli")]
mod cache;
#[cfg(feature = "cli")]
mod catalog;
#[cfg(feature = "cli")]
mod catalog_fuzz;
#[cfg(feature = "cli")]
mod causes;
#[cfg(feature = "cli")]
mod clock;
#[cfg(feature = "cli")]
mod cluster;
#[cfg(feature = "cli")]
mod commands;
#[cfg(feature = "cli")]
mod confirm;
#[cfg(feature = "cli")]
mod copy_kills;
#[cfg(feature = "cli")]
mod copying;
#[cfg(feature = "cli")]
mod crash;
#[cfg(feature = "cli")]
mod demo;
#[cfg(feature = "cli")]
mod details;
#[cfg(feature = "cli")]
mod disk;
#[cfg(feature = "cli")]
mod embed;
#[cfg(feature = "cli")]
mod emptied;
#[cfg(feature = "cli")]
mod encryption;
#[cfg(feature = "cli")]
mod expire;
#[cfg(feature = "cli")]
mod fake_motion;
#[cfg(feature = "cli")]
mod finish;
#[cfg(feature = "cli")]
mod first_picture;
#[cfg(feature = "cli")]
mod flat;
#[cfg(feature = "cli")]
mod full_disk;
#[cfg(feature = "cli")]
mod fuse;
#[cfg(feature = "cli")]
mod http;
#[cfg(feature = "cli")]
mod layout;
#[cfg(feature = "cli")]
mod layouts;
mod library;
#[cfg(feature = "cli")]
mod lifecycle;
#[cfg(feature = "cli")]
mod line;
#[cfg(feature = "cli")]
mod listener;
#[cfg(feature = "cli")]
mod loose;
#[cfg(feature = "cli")]
mod metrics;
#[cfg(feature = "cli")]
mod movies;
#[cfg(feature = "cli")]
mod pool;
#[cfg(feature = "cli")]
mod queue;
#[cfg(feature = "cli")]
mod reaper;
#[cfg(feature = "cli")]
mod recall;
#[cfg(feature = "cli")]
mod recall_kills;
#[cfg(feature = "cli")]
mod region;
#[cfg(feature = "cli")]
mod regressions;
#[cfg(feature = "cli")]
#[path = "../../crates/store/tests/it/s3_server.rs"]
mod s3_server;
#[cfg(feature = "cli")]
mod sample;
#[cfg(feature = "cli")]
mod servers;
#[cfg(feature = "cli")]
mod settings;
#[cfg(feature = "cli")]
mod sizes;
#[cfg(feature = "cli")]
mod smoke;
#[cfg(feature = "cli")]
mod soak;
#[cfg(feature = "cli")]
mod space;
#[cfg(feature = "cli")]
mod state;
#[cfg(feature = "cli")]
mod stats;
#[cfg(feature = "cli")]
mod store_kinds;
#[cfg(feature = "cli")]
mod stores;
#[cfg(feature = "cli")]
mod tls;
#[cfg(feature = "cli")]
mod trees;
#[cfg(feature = "cli")]
mod undo;
#[cfg(feature = "cli")]
mod versions;
#[cfg(feature = "cli")]
mod watch;
#[cfg(feature = "cli")]
mod written;
