//! The reviewed events of a camera's day: a sorted list of numbers, four bytes for each.

use std::collections::BTreeSet;

use crate::event::EventName;

/// The first number that stands for a name with an event number: the seconds of a day come before.
const NUMBERS: u32 = 86_400;

/// The first number of the names with so many digits. Of `w` digits there are fewer than ten to the power of `w`.
fn first_of(width: u8) -> u32 {
    NUMBERS + (2..width).map(|before| 10u32.pow(u32::from(before))).sum::<u32>()
}

/// The number of a name.
pub(super) fn code(name: EventName) -> u32 {
    match name {
        EventName::Time(secs) => secs,
        EventName::Number { number, width } => first_of(width).saturating_add(number),
    }
}

/// The name of a number; `None` if it stands for none.
pub(super) fn name(code: u32) -> Option<EventName> {
    if code < NUMBERS {
        return Some(EventName::Time(code));
    }
    let width = (2..=9).rev().find(|width| first_of(*width) <= code)?;
    EventName::of_number(code - first_of(width), width)
}

/// A set of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names(Vec<u32>);

impl Names {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, name: EventName) -> bool {
        self.0.binary_search(&code(name)).is_ok()
    }

    /// Its bytes in memory.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.0.capacity() * size_of::<u32>()
    }

    /// Those of these names that are in the set, or that are not.
    pub(super) fn among(&self, names: &BTreeSet<EventName>, are_in: bool) -> Vec<EventName> {
        names.iter().copied().filter(|name| self.has(*name) == are_in).collect()
    }

    /// All of them, times first.
    pub(super) fn iter(&self) -> impl Iterator<Item = EventName> {
        self.0.iter().copied().filter_map(name)
    }

    /// Adds names, or takes them out.
    pub(super) fn set(&mut self, names: impl IntoIterator<Item = EventName>, are_in: bool) {
        let codes: BTreeSet<u32> = names.into_iter().map(code).collect();
        if let (1, Some(one)) = (codes.len(), codes.first()) {
            match (self.0.binary_search(one), are_in) {
                (Ok(at), false) => _ = self.0.remove(at),
                (Err(at), true) => self.0.insert(at, *one),
                _ => {}
            }
            return;
        }
        if are_in {
            self.0.extend(codes);
            self.0.sort_unstable();
            self.0.dedup();
        } else {
            self.0.retain(|code| !codes.contains(code));
        }
        self.0.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_name() -> impl Strategy<Value = EventName> {
        let number = |(number, width): (u32, u8)| EventName::of_number(number % 10u32.pow(u32::from(width)), width);
        prop_oneof![
            (0u32..86_400).prop_map(EventName::Time),
            (1u32..1_000_000_000, 2u8..10).prop_filter_map("fits", number),
        ]
    }

    #[test]
    fn the_ends_of_each_width_go_round() {
        for width in 2..=9 {
            for number in [1, 10u32.pow(u32::from(width)) - 1] {
                let end = EventName::of_number(number, width).unwrap();
                assert_eq!(name(code(end)), Some(end), "{end}");
            }
        }
        assert_eq!((name(86_399), name(u32::MAX)), (Some(EventName::Time(86_399)), None));
    }

    proptest! {
        #[test]
        fn names_go_round_as_numbers(one in any_name(), other in any_name()) {
            prop_assert_eq!(name(code(one)), Some(one));
            prop_assert_eq!(code(one) == code(other), one == other);
        }

        #[test]
        fn it_is_a_set(steps in prop::collection::vec((prop::collection::vec(any_name(), 0..4), any::<bool>()), 0..20)) {
            let (mut names, mut model) = (Names::default(), BTreeSet::new());
            for (some, are_in) in steps {
                names.set(some.clone(), are_in);
                for name in some {
                    if are_in { model.insert(name) } else { model.remove(&name) };
                }
                prop_assert_eq!(names.iter().collect::<BTreeSet<_>>(), model.clone());
                prop_assert_eq!(names.len(), model.len());
            }
        }
    }
}
