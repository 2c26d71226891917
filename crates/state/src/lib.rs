//! The files of a state directory, and the temporary folders that replace one. The crates that own a file decide its contents.

pub mod journal;
mod own_files;
pub mod state_file;
pub mod temporary_folder;
mod whole;

pub use own_files::{remove_empty_folder, remove_file, rename};
pub use whole::{give_contents, give_state, give_to_owner_of, write_state, write_whole};

use owlery_model::error;
