//! The engine of Owlery: scan, watch, expirer, reaper and audit, and the service that joins them.

pub mod audit;
pub mod expirer;
pub mod reaper;
pub mod scan;
pub mod service;
pub mod watch;

use owlery_archive as archive;
use owlery_catalog as catalog;
use owlery_model::{clock, command_line, error, event, fault, retention};
use owlery_state::{state_file, temporary_folder};
