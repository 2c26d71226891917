//! What can go wrong while media are made.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::picture::{MAX_BYTES, MAX_PIXELS};

/// An error of this crate. Texts of other programs in it are bounded and printable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no picture of a known format, or a damaged or truncated one.
    #[error("cannot read the picture: {0}")]
    Picture(String),
    /// The picture has more pixels than [`MAX_PIXELS`], or its decoder needs more memory than allowed.
    #[error("the picture is too large: at most {MAX_PIXELS} pixels are decoded")]
    TooManyPixels,
    /// The file of a picture has more bytes than [`MAX_BYTES`].
    #[error("the picture is too large: at most {MAX_BYTES} bytes are read")]
    TooManyBytes,
    /// No frame can be shown: there is none, or none that can be read.
    #[error("there is no frame to show")]
    NoFrame,
    /// The movie has nothing that can be played: it is empty, or the part that describes its data was never written.
    #[error("the movie has nothing that can be played: {0}")]
    Unplayable(String),
    /// A program is not installed.
    #[error("{} was not found: install ffmpeg", .program.display())]
    Missing {
        /// The name or path of the program.
        program: PathBuf,
    },
    /// A program ran longer than its limit and was ended.
    #[error("{} was ended after its time limit of {} s{}", .program.display(), .limit.as_secs(), after_colon(.stderr))]
    TimedOut {
        /// The name or path of the program.
        program: PathBuf,
        /// The limit.
        limit: Duration,
        /// The end of its standard error.
        stderr: String,
    },
    /// A program failed.
    #[error("{} failed ({status}){}", .program.display(), after_colon(.stderr))]
    Program {
        /// The name or path of the program.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of its standard error.
        stderr: String,
    },
    /// The work was cancelled, or the program that owns it stops.
    #[error("cancelled")]
    Cancelled,
    /// A job panicked.
    #[error("the job failed with a panic: {0}")]
    Panicked(String),
    /// The result could not be kept, and is of no use otherwise.
    #[error("what was made could not be kept: {0}")]
    NotKept(String),
    /// What the media are made of cannot be read now, and may be later.
    #[error("{0}")]
    Away(String),
    /// What the media are made of is not what it was.
    #[error("{0}")]
    Damaged(String),
    /// As many jobs wait as may wait.
    #[error("too many jobs are waiting: try again later")]
    Busy,
    /// An operation of the system failed.
    #[error("cannot {operation}: {source}")]
    Io {
        /// What was attempted.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// What a program said last, if it said something.
fn after_colon(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(": {stderr}") }
}

impl Error {
    /// For `map_err`: an operation that failed.
    pub(crate) fn io<E: Into<io::Error>>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Io { operation, source: error.into() }
    }

    /// Whether the same work may succeed when it is tried again without a change of its input.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Program { .. } | Self::Panicked(_) | Self::Busy | Self::Io { .. } => true,
            Self::Picture(_)
            | Self::TooManyPixels
            | Self::TooManyBytes
            | Self::NoFrame
            | Self::Unplayable(_)
            | Self::Missing { .. }
            | Self::NotKept(_)
            | Self::Away(_)
            | Self::Damaged(_)
            | Self::Cancelled => false,
        }
    }
}

/// The result of making media.
pub type Result<T> = std::result::Result<T, Error>;
