//! The loose files of a day: they count in its sums, whatever happens to its events.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A change of one of two days of a camera: loose files, and which of three events there are.
#[derive(Debug, Clone)]
enum Step {
    /// Counted alone.
    Loose(u32, Loose),
    /// The whole day: events and loose files.
    Day(u32, Vec<u8>, Loose),
    Event(u32, u8),
    EventGone(u32, u8),
    DayGone(u32),
}

fn loose() -> impl Strategy<Value = Loose> {
    (0u64..4, prop::option::of(0u64..1000))
        .prop_map(|(files, bytes)| Loose { files, bytes: bytes.map(|bytes| if files == 0 { 0 } else { bytes }) })
}

fn any_step() -> impl Strategy<Value = Step> {
    let (day, nth) = (0u32..2, 0u8..3);
    prop_oneof![
        (day.clone(), loose()).prop_map(|(day, loose)| Step::Loose(day, loose)),
        (day.clone(), prop::collection::btree_set(nth.clone(), 0..3), loose())
            .prop_map(|(day, events, loose)| Step::Day(day, events.into_iter().collect(), loose)),
        (day.clone(), nth.clone()).prop_map(|(day, nth)| Step::Event(day, nth)),
        (day.clone(), nth).prop_map(|(day, nth)| Step::EventGone(day, nth)),
        day.prop_map(Step::DayGone),
    ]
}

/// What is known of a day: its events, and its loose files with the bytes that were measured last.
#[derive(Debug, Default, Clone)]
struct Known {
    events: std::collections::BTreeSet<u8>,
    loose: Loose,
}

impl Known {
    fn count(&mut self, counted: Loose) {
        let kept = if self.loose.files > 0 { self.loose.bytes } else { None };
        let bytes = counted.bytes.or(if counted.files == 0 { Some(0) } else { kept });
        self.loose = Loose { files: counted.files, bytes };
    }
}

fn day(nth: u32) -> Day {
    format!("2026-11-2{nth}").parse().unwrap()
}

fn event(nth: u8) -> EventName {
    format!("10-00-0{nth}").parse().unwrap()
}

/// The change that a step is, after it was noted in the model.
fn change(step: &Step, model: &mut BTreeMap<u32, Known>) -> Change {
    let camera: Camera = "Camera1".parse().unwrap();
    let id = |of: u32, nth: u8| EventId { camera: camera.clone(), day: day(of), name: event(nth) };
    let measured = details(0, Some(7));
    match step {
        Step::Loose(of, counted) => {
            model.entry(*of).or_default().count(*counted);
            Change::Loose(camera, day(*of), *counted)
        }
        Step::Day(of, events, counted) => {
            let known = model.entry(*of).or_default();
            known.events = events.iter().copied().collect();
            known.count(*counted);
            Change::Day(DayScan {
                camera,
                day: day(*of),
                stamp: None,
                events: events.iter().map(|nth| (event(*nth), measured.clone())).collect(),
                unread: Vec::new(),
                loose: *counted,
                measured_at: None,
            })
        }
        Step::Event(of, nth) => {
            model.entry(*of).or_default().events.insert(*nth);
            Change::Event(id(*of, *nth), measured)
        }
        Step::EventGone(of, nth) => {
            if let Some(known) = model.get_mut(of) {
                known.events.remove(nth);
            }
            Change::Gone(id(*of, *nth))
        }
        Step::DayGone(of) => {
            model.remove(of);
            Change::DayGone(camera, day(*of))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn loose_files_count_in_their_day(steps in prop::collection::vec(any_step(), 1..30), batch in 1usize..5) {
        let (_dir, catalog) = catalog();
        let mut model = BTreeMap::new();
        for steps in steps.chunks(batch) {
            let changes: Vec<Change> = steps.iter().map(|step| change(step, &mut model)).collect();
            catalog.apply(&changes, false).unwrap();
        }
        let bytes = |known: &Known| 7 * known.events.len() as u64 + known.loose.bytes.unwrap_or(0);
        let listed = model.iter().filter(|(_, known)| !known.events.is_empty() || known.loose.files > 0);
        let expected: BTreeMap<Day, _> = listed
            .map(|(of, known)| {
                let sum = known.loose.bytes.or((known.loose.files == 0).then_some(0)).map(|_| bytes(known));
                (day(*of), (known.events.len() as u64, known.loose.files, sum))
            })
            .collect();
        let found = catalog.days(None, None, None).unwrap();
        let found: BTreeMap<Day, _> = found.into_iter().map(|day| (day.day, (day.events, day.loose, day.bytes))).collect();
        prop_assert_eq!(&found, &expected);
        let all: u64 = model.values().map(bytes).sum();
        prop_assert_eq!(catalog.cameras().unwrap().first().map_or(0, |camera| camera.bytes), all);
        let view = catalog.retention_view(Some(Day::LAST)).unwrap();
        prop_assert_eq!(view.bytes, all);
        for of in &view.days {
            let (events, loose, bytes) = expected.get(&of.day).copied().unwrap_or((0, 0, Some(0)));
            prop_assert_eq!((of.events, of.loose, of.bytes), (events, loose, bytes));
        }
    }
}
