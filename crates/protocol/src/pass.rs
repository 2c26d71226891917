//! Plans and passes.

use std::path::PathBuf;

use owlery_model::event::{Guard, Item, RecordedGuard};
use serde::{Deserialize, Serialize};

/// A guard's refusal.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// The guard.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub guard: RecordedGuard,
    /// The reason.
    pub message: String,
}

/// A plan.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Plan {
    /// What it would retire.
    pub items: Vec<Item>,
    /// What it would keep of the days that it takes from.
    pub kept: Vec<Item>,
    /// Requirements of rules that cannot be met.
    pub alerts: Vec<String>,
    /// The guard that would hold the pass.
    #[cfg_attr(feature = "schema", schema(required))]
    pub held: Option<Refusal>,
    /// Whether any rule can expire anything.
    pub has_rule: bool,
    /// What is kept for its wrong date alone; null without any, and from daemons that do not tell it.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required))]
    pub wrong_date: Option<WrongDate>,
}

/// Days dated before 2001, when the clock was wrong. They go only once they are confirmed.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WrongDate {
    /// The id that confirms them.
    pub pass: String,
    /// The days.
    pub items: Vec<Item>,
}

/// A pass.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pass {
    /// Its name in the delete queue; with `refused`, the id that confirms it; null where there was nothing to do.
    #[cfg_attr(feature = "schema", schema(required))]
    pub pass: Option<String>,
    /// When it was made, RFC 3339.
    pub started: String,
    /// What it retired, or would retire.
    pub items: Vec<Item>,
    /// Until when it can be restored, RFC 3339.
    #[cfg_attr(feature = "schema", schema(required))]
    pub undo_until: Option<String>,
    /// The guard that holds it.
    #[cfg_attr(feature = "schema", schema(required))]
    pub refused: Option<Refusal>,
    /// Requirements of rules that cannot be met.
    pub alerts: Vec<String>,
    /// What could not be moved, and other failures.
    pub failures: Vec<Report>,
    /// Events that another program had emptied, and whose directories were removed at the same time; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emptied: Vec<Item>,
}

impl Pass {
    /// A pass that a guard refuses before there is a plan.
    pub fn refused(started: String, guard: Guard, message: String) -> Self {
        let refused = Some(Refusal { guard: guard.into(), message });
        let (items, alerts, failures, emptied) = (vec![], vec![], vec![], vec![]);
        Self { pass: None, started, items, undo_until: None, refused, alerts, failures, emptied }
    }
}

/// A report.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Report {
    /// The file or directory.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    #[serde(serialize_with = "crate::printable::serialize_path")]
    pub path: PathBuf,
    /// The problem, as a sentence.
    pub problem: String,
}
