//! Queries whose events are chosen outside the catalog, and the names of all events of a query.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::event::MotionMask;

/// Chooses these events, and counts the questions.
#[derive(Clone)]
struct Chosen {
    events: Arc<BTreeSet<EventId>>,
    asked: Arc<AtomicUsize>,
}

impl Chooser for Chosen {
    fn has(&self, camera: &Camera, day: Day, name: EventName) -> bool {
        self.asked.fetch_add(1, Relaxed);
        self.events.contains(&EventId { camera: camera.clone(), day, name })
    }

    fn may_have(&self, camera: &Camera, day: Day) -> bool {
        self.events.iter().any(|id| id.camera == *camera && id.day == day)
    }
}

/// Three cameras with events of twenty days, some of which begin before or after the time in their names.
fn filled() -> (tempfile::TempDir, Catalog) {
    let (dir, catalog) = catalog();
    for camera in 1..=3 {
        for day in 1..=20 {
            let day: Day = format!("2026-11-{day:02}").parse().unwrap();
            let events = (0..12u32).map(|nth| {
                let secs = nth * 7_000 + camera * 10;
                let start = day.at(i64::from(secs)).and_utc().timestamp() - i64::from(nth % 3) * 5;
                let motion_mask = MotionMask::of_bits(1 << (63 - nth % 4));
                (EventName::Time(secs), Details { motion_mask, ..details(start, Some(1)) })
            });
            let scan = DayScan {
                camera: format!("Camera{camera}").parse().unwrap(),
                day,
                stamp: None,
                events: events.collect(),
                unread: Vec::new(),
                loose: Loose::default(),
                measured_at: None,
            };
            catalog.apply(&[Change::Day(scan)], true).unwrap();
        }
    }
    (dir, catalog)
}

#[test]
fn chosen_events_fill_pages_in_order() {
    let (_dir, catalog) = filled();
    let every = all(&catalog, &Query::new().limit(1000));
    let is_chosen = |nth: usize| nth % 7 == 3 || (200..215).contains(&nth);
    let chosen = every.iter().enumerate().filter(|(nth, _)| is_chosen(*nth)).map(|(_, event)| event.id.clone());
    let chosen = Chosen { events: Arc::new(chosen.collect()), asked: Arc::default() };
    let region = "0,0,0.25,0.125".parse().unwrap();
    for query in [
        Query::new(),
        Query::new().order(Order::Asc),
        Query::new().camera("Camera2"),
        Query::new().camera("Camera1").camera("Camera3").order(Order::Asc),
        Query::new().saved(true),
        Query::new().saved(true).camera("Camera1"),
        Query::new().min_seconds(3),
        Query::new().region(region),
        Query::new().region(region).camera("Camera2").order(Order::Asc),
    ] {
        let mut expected = all(&catalog, &query.clone().limit(1000));
        expected.retain(|event| chosen.events.contains(&event.id));
        assert!(!expected.is_empty(), "{query:?}");
        for limit in [1, 5, 1000] {
            let query = query.clone().choice(Choice::new(chosen.clone())).limit(limit);
            assert_eq!(all(&catalog, &query), expected, "{query:?}");
        }
    }
}

#[test]
fn days_without_chosen_events_are_not_read() {
    let (_dir, catalog) = filled();
    let id = id("Camera2/2026-11-03/00-00-20");
    let chosen = Chosen { events: Arc::new([id.clone()].into()), asked: Arc::default() };
    for query in [Query::new(), Query::new().camera("Camera2")] {
        let page = catalog.events(&query.choice(Choice::new(chosen.clone()))).unwrap();
        assert_eq!(page.events.iter().map(|event| &event.id).collect::<Vec<_>>(), [&id]);
        assert!(page.next.is_none());
        assert!(chosen.asked.swap(0, Relaxed) <= 40, "one day of three cameras");
    }
}

#[test]
fn names_are_those_of_all_pages() {
    let (_dir, catalog) = filled();
    let at = |day: &str, secs| day.parse::<Day>().unwrap().at(secs);
    let bounded = Query::new().from(at("2026-11-04", 30)).to(at("2026-11-09", 14_015));
    for query in [Query::new(), bounded.clone(), bounded.camera("Camera1").camera("Camera9")] {
        let expected: BTreeSet<EventId> = all(&catalog, &query.clone().limit(1000)).into_iter().map(|e| e.id).collect();
        let names = catalog.names(&query).unwrap();
        let found = names.into_iter().flat_map(|((camera, day), names)| {
            names.into_iter().map(move |name| EventId { camera: camera.clone(), day, name })
        });
        assert_eq!(found.collect::<BTreeSet<_>>(), expected, "{query:?}");
        assert!(!expected.is_empty());
    }
}
