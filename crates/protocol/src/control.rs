//! Requests on the control socket and replies to them. Each is one line.

use std::path::PathBuf;

use owlery_model::event::EventId;
use owlery_model::retention::Rules;
use serde::{Deserialize, Serialize};

use crate::pass::Report;

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// The pattern of the directories that are cameras.
    CameraPattern,
    /// The plan by the daemon's rules.
    Plan {
        /// What-if rules, which go over the daemon's.
        rules: Option<Rules>,
    },
    /// The cameras and the forecast by the daemon's rules.
    Stats {
        /// What-if rules, which go over the daemon's.
        rules: Option<Rules>,
    },
    /// Run a pass.
    Expire {
        /// The id of a held pass to carry out.
        confirm: Option<String>,
    },
    /// List the delete queue.
    Queue,
    /// Restore a pass from the delete queue.
    Restore {
        /// Its name.
        pass: String,
    },
    /// Move events into the delete queue.
    Delete {
        /// The events.
        events: Vec<EventId>,
    },
    /// Save or unsave events.
    Save {
        /// The events.
        events: Vec<EventId>,
        /// Whether they are to be saved.
        saved: bool,
    },
    /// Scan the whole archive.
    Scan {
        /// Whether to read every file, too.
        measure: bool,
    },
    /// Note that Motion finished a movie.
    Ended {
        /// The movie's path.
        path: PathBuf,
    },
}

/// The reply to a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The result.
    Ok(serde_json::Value),
    /// A guard or a protection refused: its message.
    Refused(String),
    /// The request is invalid: the reason.
    Usage(String),
    /// It is done but not in the audit log: what, and why.
    Unrecorded(String, String),
    /// It failed: the reason.
    Error(String),
}

/// The summary of a scan.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScanSummary {
    /// The number of cameras.
    pub cameras: u64,
    /// The number of days.
    pub days: u64,
    /// The number of events.
    pub events: u64,
    /// What is wrong, or could not be read.
    pub problems: Vec<Report>,
    /// How many of the problems are read failures.
    pub failures: u64,
    /// The duration in milliseconds.
    pub elapsed_ms: u64,
}
