//! When an event will expire.

use owlery_model::event::{Day, Reason};
use serde::Serialize;

/// When a rule will take an event, and why; or why none will.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Expires {
    /// The first day on which a pass may take it: for a rule of age that day, for rules of size and space an estimate. Null if no rule takes
    /// it, or if the day is unknown.
    #[cfg_attr(feature = "schema", schema(required))]
    pub at: Option<Day>,
    /// Which rule takes it, or why none does, in words for a person. The wording may change.
    pub reason: String,
    /// The same for programs, as in plans, with the figures of now; null if there is no rule.
    #[cfg_attr(feature = "schema", schema(required))]
    pub rule: Option<Reason>,
}
