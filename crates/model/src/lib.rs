//! The terms of Owlery: events and their names, retention rules and plans, the clock, errors. Pure: no module here
//! touches a disk, except `fault` at a test's request.

pub mod clock;
pub mod command_line;
pub mod error;
pub mod event;
pub mod fault;
pub mod finishing;
mod guard;
pub mod layout;
pub mod printable;
pub mod retention;
pub mod stream_url;
pub mod suggest;
pub mod time;
pub mod window;
