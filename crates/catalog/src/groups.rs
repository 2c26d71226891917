//! The motion masks of a day's events, joined in small groups and stored in the day's row: a search for a region reads
//! only the events of groups in which something moved there, however often something moved there in other groups.

/// The events of a group. More of them make the day's row smaller, and a search read more events for each that it finds.
const EVENTS: usize = 32;

/// The bytes of an encoded group: its last name and its mask.
const BYTES: usize = 16;

/// The masks of a day's events, added in any order.
#[derive(Debug, Default)]
pub(super) struct Groups(Vec<(i64, i64)>);

/// A group of events that follow each other by name (see `row::name_to_sql`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// No event's name is before this one.
    pub first: i64,
    /// The last event's name.
    pub last: i64,
    /// The bits of all of its masks.
    pub motion: i64,
}

impl Groups {
    /// Adds an event and the bits of its mask.
    pub(crate) fn add(&mut self, name: i64, motion: Option<i64>) {
        self.0.push((name, motion.unwrap_or(0)));
    }

    /// The bits of all masks.
    pub(crate) fn total(&self) -> i64 {
        self.0.iter().fold(0, |total, (_, motion)| total | motion)
    }

    /// The groups as they are stored; nothing if there is no mask.
    pub(crate) fn encode(&self) -> Vec<u8> {
        if self.total() == 0 {
            return Vec::new();
        }
        let mut events = self.0.clone();
        events.sort_unstable();
        let mut bytes = Vec::with_capacity(events.len().div_ceil(EVENTS) * BYTES);
        for group in events.chunks(EVENTS) {
            let last = group.last().map_or(0, |(name, _)| *name);
            let motion = group.iter().fold(0, |all, (_, motion)| all | motion);
            bytes.extend(last.to_le_bytes());
            bytes.extend(motion.to_le_bytes());
        }
        bytes
    }
}

/// The stored groups of a day, by name.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Group> {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    let mut first = 0;
    pairs.iter().map(move |[last, motion]| {
        let (last, motion) = (i64::from_le_bytes(*last), i64::from_le_bytes(*motion));
        let group = Group { first, last, motion };
        first = last.saturating_add(1);
        group
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every event is in exactly one group, which has its bits; no group is large, and no bit comes from elsewhere.
        #[test]
        fn groups_hold_every_event(events in prop::collection::btree_map(0i64..400, any::<Option<i64>>(), 0..200)) {
            let mut groups = Groups::default();
            events.iter().rev().for_each(|(name, motion)| groups.add(*name, *motion));
            let decoded: Vec<Group> = decode(&groups.encode()).collect();
            let has_mask = events.values().any(|motion| motion.is_some_and(|motion| motion != 0));
            prop_assert_eq!(!decoded.is_empty(), has_mask);
            let mut counted = 0;
            for group in &decoded {
                let inside = events.range(group.first..=group.last);
                let motion = inside.clone().fold(0, |all, (_, motion)| all | motion.unwrap_or(0));
                prop_assert!(inside.clone().count() <= EVENTS && motion == group.motion);
                counted += inside.count();
            }
            prop_assert!(counted == events.len() || !has_mask);
            prop_assert_eq!(decoded.iter().fold(0, |all, group| all | group.motion), groups.total());
        }

        #[test]
        fn no_stored_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(decode(&bytes).count(), bytes.len() / BYTES);
        }
    }
}
