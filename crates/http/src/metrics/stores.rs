//! The metrics of the stores that a service copies to.

use std::fmt::Result;

use prometheus_client::encoding::EncodeGaugeValue;

use super::exposition::{Exposition, Labels};
use crate::engine::{CopyState, Handle};

/// Writes what is copied to each store that has a rule; nothing without one.
pub(super) fn write(out: &mut Exposition<'_>, handle: &Handle) -> Result {
    fn each<'a, V: EncodeGaugeValue>(
        stores: &'a [CopyState],
        value: impl Fn(&CopyState) -> V + 'a,
    ) -> impl Iterator<Item = (Labels<'a, 1>, V)> {
        stores.iter().map(move |store| ([("store", store.store.as_str())], value(store)))
    }
    // What is not known yet has no series.
    fn known<'a, V: EncodeGaugeValue>(
        stores: &'a [CopyState],
        value: impl Fn(&CopyState) -> Option<V> + 'a,
    ) -> impl Iterator<Item = (Labels<'a, 1>, V)> {
        stores.iter().filter_map(move |store| Some(([("store", store.store.as_str())], value(store)?)))
    }
    let stores = handle.copying();
    let now = handle.now().local;
    // A camera's clock may be ahead.
    let age = |store: &CopyState| {
        let age = store.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0));
        store.waiting.map(|_| age)
    };
    let counts = |count: fn(&CopyState) -> u64| {
        stores.iter().map(move |store| ([("store", store.store.as_str())], count(store)))
    };
    out.gauges(
        "store_reachable",
        "Whether a store can be used.",
        each(&stores, |store| u32::from(store.trouble.is_none())),
    )?;
    out.gauges("store_waiting_events", "Events that a store lacks.", known(&stores, |store| store.waiting))?;
    let bytes = known(&stores, |store| store.waiting_bytes);
    out.gauges("store_waiting_bytes", "Bytes of these events, as far as known.", bytes)?;
    out.gauges(
        "store_oldest_waiting_age_seconds",
        "Age of the oldest event that a store lacks; 0 if it lacks none.",
        known(&stores, age),
    )?;
    out.counters(
        "store_copied_events",
        "Events that were sent to a store, wholly or in part.",
        counts(|store| store.copied),
    )?;
    out.counters("store_sent_bytes", "Bytes that were sent to a store.", counts(|store| store.sent_bytes))?;
    out.counters("store_failures", "Attempts to copy that failed.", counts(|store| store.failures))
}
