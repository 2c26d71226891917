//! The readiness of the service.

use std::collections::BTreeMap;

use serde::Serialize;

/// The readiness of the service. Users who cannot see all cameras get the names of the parts, without reasons and numbers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// Whether all events can be queried and changes arrive.
    pub ready: bool,
    /// The parts that are not ready, with the reasons.
    pub waiting: BTreeMap<&'static str, String>,
    /// Requirements of retention rules that cannot be met.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Vec<String>>,
    /// The stores that nothing can be copied to now, since when, and why; others than admins see no reason. It leaves the status as it is.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stores: Option<BTreeMap<String, String>>,
    /// Programs that are not installed, and what does not work without them.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<String>>,
    /// The number of days that the first scan has found.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
    /// The number of days that it has read.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_done: Option<u64>,
    /// The number of events that it has found.
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
}
