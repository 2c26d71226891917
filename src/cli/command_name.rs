//! The names of the commands that work on an archive.

use std::fmt;

use clap::ValueEnum;

/// A command that works on an archive. `demo`, `layout` and `passwd` do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CommandName {
    Serve,
    Scan,
    List,
    Stats,
    Plan,
    Expire,
    Queue,
    Restore,
    Delete,
    Save,
    Unsave,
    Audit,
    Check,
    Accept,
    Cache,
    Store,
    Recall,
    Ended,
}

impl CommandName {
    /// All of them, in the order of the help.
    pub(super) fn all() -> &'static [Self] {
        Self::value_variants()
    }
}

/// The word on the command line.
impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("no command is skipped").get_name())
    }
}
