//! The files of a state directory, and folders in its place. Nothing here knows what is in them.

pub mod state_file;
pub mod temporary_folder;
mod whole;

mod own_files;

pub use own_files::{remove_empty_folder, remove_file, rename};
pub use whole::{give_state, give_to_owner_of, write_state, write_whole};

use owlery_model::error;
