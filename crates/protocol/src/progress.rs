//! The progress of something that is being made.

use serde::Serialize;

/// The progress of something that is being made: the response to a request for it until it is done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The part that is done, from 0 to 1; 0 while it waits for others.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 1))]
    pub progress: f32,
}
