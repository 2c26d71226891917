//! Owlery
pub mod archive;
pub mod clock;
pub mod error;
pub mod event;
pub mod scan;
pub mod catalog;
pub mod retention;
