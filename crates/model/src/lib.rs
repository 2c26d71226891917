//! The terms of Owlery: events and their names, retention rules and plans, the clock, errors. Pure: no module here touches a disk,
//! except for what a test asks of `fault`.

pub mod clock;
pub mod command_line;
pub mod error;
pub mod event;
pub mod fault;
pub mod printable;
pub mod retention;
pub mod time;
