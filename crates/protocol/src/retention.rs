//! The state of retention.

use owlery_model::event::{Actor, Guard, Item};
use owlery_model::retention::{ArchiveForecast, Rules};
use serde::Serialize;

use crate::pass::{Plan, Refusal};
use crate::queue::QueuedPass;

/// The state of retention.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Retention {
    /// The rules as options; for users who cannot see all cameras, only the rules of theirs.
    pub rules: Rules,
    /// When the timer runs next, RFC 3339; null while it waits for the archive to be read.
    #[cfg_attr(feature = "schema", schema(required, format = DateTime))]
    pub next_check: Option<String>,
    /// The plan of a pass now; null while the guard `restored` prevents a plan.
    #[cfg_attr(feature = "schema", schema(required))]
    pub plan: Option<Plan>,
    /// Every guard that can hold a pass.
    pub guards: Vec<GuardStatus>,
    /// The forecast by these rules.
    pub forecast: ArchiveForecast,
    /// The held pass, if there is one, and the passes in the delete queue, oldest first.
    pub passes: Vec<WaitingPass>,
}

/// A guard and its present state.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Guard))]
pub struct GuardStatus {
    /// Its name.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub name: Guard,
    /// Whether it would allow a pass.
    pub ok: bool,
    /// The reason if not.
    #[cfg_attr(feature = "schema", schema(required))]
    pub message: Option<String>,
}

/// A pass in the delete queue, or one that waits for confirmation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WaitingPass {
    /// Its name in the queue; with `refused`, the id that confirms it.
    pub pass: String,
    /// When it was made, or held, RFC 3339.
    pub started: String,
    /// The actor.
    pub by: Actor,
    /// Until when it can be restored.
    #[cfg_attr(feature = "schema", schema(required))]
    pub undo_until: Option<String>,
    /// Its content.
    pub items: Vec<Item>,
    /// Whether it is being removed, so that it cannot be restored any more.
    pub reaping: bool,
    /// The guard that holds it; null in the queue.
    #[cfg_attr(feature = "schema", schema(required))]
    pub refused: Option<Refusal>,
}

impl From<QueuedPass> for WaitingPass {
    fn from(queued: QueuedPass) -> Self {
        let QueuedPass { pass, started, by, undo_until, items, reaping, .. } = queued;
        Self { pass, started, by, undo_until, items, reaping, refused: None }
    }
}
