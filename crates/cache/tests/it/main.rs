//! Tests of the cache through its public interface: real directories, real processes, and a source that fails, stalls and garbles.

// Tests remove and age files as other programs do.
#![allow(clippy::disallowed_methods)]

mod crash;
mod disk;
mod entries;
mod fetch;
mod index;
mod parts;
mod queue;
mod tee;
mod world;
