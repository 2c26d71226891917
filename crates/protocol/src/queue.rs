//! The delete queue, what is restored from it, and what is saved.

use std::path::PathBuf;

use owlery_model::event::{Actor, EventId, Item};
use serde::{Deserialize, Serialize};

use crate::pass::Report;

/// The delete queue.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Queue {
    /// Its passes, oldest first.
    pub passes: Vec<QueuedPass>,
    /// Entries that are not Owlery's.
    pub others: Vec<Report>,
}

/// A pass in the delete queue.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QueuedPass {
    /// Its name.
    pub pass: String,
    /// When it was made, RFC 3339.
    pub started: String,
    /// The actor.
    pub by: Actor,
    /// Until when it can be restored, RFC 3339.
    #[cfg_attr(feature = "schema", schema(required))]
    pub undo_until: Option<String>,
    /// Its content when it was made, including what has been restored since.
    pub items: Vec<Item>,
    /// Its path; null for users who cannot see all cameras.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, required))]
    #[serde(serialize_with = "crate::printable::serialize_path_if_any")]
    pub path: Option<PathBuf>,
    /// Whether it is being removed, so that it cannot be restored any more.
    pub reaping: bool,
    /// A problem: it was interrupted, or cannot be removed.
    #[cfg_attr(feature = "schema", schema(required))]
    #[serde(default)]
    pub problem: Option<String>,
}

/// The result of restoring a pass.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Restoration {
    /// Its name.
    pub pass: String,
    /// What was restored.
    pub items: Vec<Item>,
    /// Until when no rule takes the restored days again, RFC 3339.
    #[cfg_attr(feature = "schema", schema(required))]
    pub kept_until: Option<String>,
    /// What stays in the queue.
    pub left: Vec<Report>,
    /// Other failures, such as a missing entry of the audit log.
    #[serde(default)]
    pub failures: Vec<Report>,
}

/// The result of saving or unsaving events.
#[derive(Debug, Serialize)]
pub struct Saved {
    /// The changed events.
    pub events: Vec<EventId>,
    /// Whether they are saved now.
    pub saved: bool,
}
