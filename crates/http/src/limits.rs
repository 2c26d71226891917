//! Limits on what requests may use: time, body size, memory, and threads that read.

mod budget;
mod reads;
mod request;
mod upload;

pub(crate) use budget::Budget;
pub(crate) use reads::{Reads, blocking};
pub(crate) use request::{RequestLimits, catch_panic, limit};
pub(crate) use upload::Upload;
