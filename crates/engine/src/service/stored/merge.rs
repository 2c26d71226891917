//! One list of the events of several sources, in pages. An event that several of them have is that of the first. It reads sources
//! only through [`Source`], so that any can be merged.

use std::collections::BTreeSet;

use crate::catalog::{Cursor, Order, Page};
use crate::error::Result;
use crate::event::{Event, EventId};

/// A list of events by start and id.
pub(super) trait Source {
    /// The first events after a position, at most so many.
    fn page(&self, after: Option<&Cursor>, limit: usize) -> Result<Page>;

    /// Those of these events that it has, whether its list shows them or not.
    fn present(&self, events: &BTreeSet<EventId>) -> Result<BTreeSet<EventId>>;
}

/// Events with the indexes of their sources, and the position after which there are more; `None` if there are none.
pub(super) type Merged = (Vec<(usize, Event)>, Option<Cursor>);

/// A page of several sources.
pub(super) fn merge(sources: &[&dyn Source], order: Order, limit: usize, after: Option<&Cursor>) -> Result<Merged> {
    let mut merged = Vec::new();
    let mut after = after.cloned();
    loop {
        // One more than the limit shows whether there is a next page.
        let (events, known_to) = round(sources, order, limit.saturating_add(1), after.as_ref())?;
        merged.extend(without_repeated(sources, events)?);
        if merged.len() > limit {
            merged.truncate(limit);
            let next = merged.last().map(|(_, event)| Cursor::after(event));
            return Ok((merged, next));
        }
        if known_to.is_none() {
            return Ok((merged, None));
        }
        after = known_to;
    }
}

/// The next events of all sources in their order, up to the position to which all of them are known; `None` if that is the end.
fn round(sources: &[&dyn Source], order: Order, limit: usize, after: Option<&Cursor>) -> Result<Merged> {
    let (mut found, mut known_to): (Vec<(Cursor, usize, Event)>, Option<Cursor>) = (Vec::new(), None);
    for (nth, source) in sources.iter().enumerate() {
        let page = source.page(after, limit)?;
        found.extend(page.events.into_iter().map(|event| (Cursor::after(&event), nth, event)));
        known_to = known_to.into_iter().chain(page.next).min_by(|one, other| one.compare(other, order));
    }
    found.sort_by(|one, other| one.0.compare(&other.0, order).then(one.1.cmp(&other.1)));
    let is_known = |at: &Cursor| known_to.as_ref().is_none_or(|to| at.compare(to, order).is_le());
    let known = found.into_iter().take_while(|(at, ..)| is_known(at)).map(|(_, nth, event)| (nth, event));
    Ok((known.collect(), known_to))
}

/// Drops the events that an earlier source has: there they may begin at another time, so that they are on another page.
fn without_repeated(sources: &[&dyn Source], mut events: Vec<(usize, Event)>) -> Result<Vec<(usize, Event)>> {
    for (nth, source) in sources.iter().enumerate() {
        let is_later = |(of, _): &&(usize, Event)| *of > nth;
        let later: BTreeSet<EventId> = events.iter().filter(is_later).map(|(_, event)| event.id.clone()).collect();
        if later.is_empty() {
            continue;
        }
        let present = source.present(&later)?;
        events.retain(|(of, event)| *of <= nth || !present.contains(&event.id));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::event::{Details, EventName, Movies, State};

    /// A source in memory.
    struct List {
        /// In order.
        events: Vec<Event>,
        order: Order,
        hidden: BTreeSet<EventId>,
    }

    impl Source for List {
        fn page(&self, after: Option<&Cursor>, limit: usize) -> Result<Page> {
            let is_after =
                |event: &&Event| after.is_none_or(|after| after.compare(&Cursor::after(event), self.order).is_lt());
            let mut events: Vec<Event> = self.events.iter().filter(is_after).take(limit + 1).cloned().collect();
            let next = (events.len() > limit).then(|| events.truncate(limit));
            let next = next.and_then(|()| events.last().map(Cursor::after));
            Ok(Page { events, next })
        }

        fn present(&self, events: &BTreeSet<EventId>) -> Result<BTreeSet<EventId>> {
            let own = self.events.iter().map(|event| &event.id).chain(&self.hidden);
            Ok(own.filter(|id| events.contains(id)).cloned().collect())
        }
    }

    fn event((camera, day, secs, late): (u32, u32, u32, i64)) -> Event {
        let id = EventId {
            camera: format!("Camera{camera}").parse().unwrap(),
            day: format!("2026-11-{day:02}").parse().unwrap(),
            name: EventName::Time(secs),
        };
        let start = id.day.at(i64::from(secs) + late);
        let details = Details {
            start,
            end: start,
            state: State::Complete,
            saved: false,
            frames: None,
            bytes: Some(1),
            videos: Movies::new(),
            debug_video: None,
            thumbnail: None,
            peak_change: None,
            motion_mask: None,
            problems: Vec::new(),
        };
        Event { id, details }
    }

    proptest! {
        /// However events are distributed over sources, the pages have each of them once, in order, and from the first source
        /// that has it; also where sources differ in when it began, or where one does not show what it has.
        #[test]
        fn pages_have_each_event_once(
            events in prop::collection::btree_map((1u32..4, 1u32..4, 0u32..6), prop::collection::vec((0usize..4, -2i64..3), 1..4), 0..40),
            hidden in prop::collection::vec((1u32..4, 1u32..4, 0u32..6, 0usize..4), 0..5),
            limit in 1usize..12,
            is_asc in any::<bool>(),
        ) {
            let order = if is_asc { Order::Asc } else { Order::Desc };
            let mut lists: Vec<List> =
                (0..4).map(|_| List { events: Vec::new(), order, hidden: BTreeSet::new() }).collect();
            let mut first: BTreeMap<EventId, (usize, Event)> = BTreeMap::new();
            for ((camera, day, secs), places) in events {
                for (source, late) in places.into_iter().collect::<BTreeMap<_, _>>() {
                    let event = event((camera, day, secs, late));
                    first.entry(event.id.clone()).or_insert_with(|| (source, event.clone()));
                    lists[source].events.push(event);
                }
            }
            for (camera, day, secs, source) in hidden {
                let id = event((camera, day, secs, 0)).id;
                if !lists[source].events.iter().any(|event| event.id == id) {
                    first.retain(|other, (of, _)| *other != id || *of < source);
                    lists[source].hidden.insert(id);
                }
            }
            for list in &mut lists {
                list.events.sort_by(|a, b| Cursor::after(a).compare(&Cursor::after(b), order));
            }
            let mut expected: Vec<(usize, Event)> = first.into_values().collect();
            expected.sort_by(|a, b| Cursor::after(&a.1).compare(&Cursor::after(&b.1), order));
            let sources: Vec<&dyn Source> = lists.iter().map(|list| list as &dyn Source).collect();
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let (page, next) = merge(&sources, order, limit, after.as_ref()).unwrap();
                prop_assert!(page.len() == limit || next.is_none(), "only the last page is short");
                all.extend(page);
                prop_assert!(all.len() <= expected.len());
                after = next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(all, expected);
        }
    }
}
