//! The search for a region against a plain filter, after any changes: events of several cameras whose starts differ from
//! their names, so many that a page does not reach them all by looking at the next ones.

use super::*;
use crate::event::{MotionMask, Region};

/// An event of the model: its name within the day, how much later than its name it begins, and its mask.
type Sketch = (u32, i64, Option<MotionMask>);

fn any_mask() -> impl Strategy<Value = Option<MotionMask>> {
    // Mostly the middle of the picture, seldom its corners, sometimes everything, as when a light is switched on.
    prop_oneof![
        6 => Just(0),
        12 => (0u32..16).prop_map(|at| 0x0000_3c3c_0000_0000 >> at),
        1 => Just(1),
        1 => Just(1 << 63),
        1 => Just(u64::MAX),
    ]
    .prop_map(MotionMask::of_bits)
}

/// What a case may have: the number of names, and how many seconds an event may begin before or after its name.
type Extent = (u32, i64);

fn any_sketch((names, late): Extent) -> impl Strategy<Value = Sketch> {
    let drift = prop_oneof![20 => -3i64..1, 1 => -late..late];
    (0..names, drift, any_mask())
}

#[derive(Debug, Clone)]
enum Step {
    Day(u8, i64, Vec<Sketch>),
    Event(u8, i64, Sketch),
    Gone(u8, i64, u32),
    DayGone(u8, i64),
    CameraGone(u8),
}

fn any_step((names, late): Extent) -> impl Strategy<Value = Step> {
    let key = || (0u8..3, 20_000i64..20_003);
    prop_oneof![
        6 => (key(), prop::collection::vec(any_sketch((names, late)), 0..150)).prop_map(|((c, d), events)| Step::Day(c, d, events)),
        6 => (key(), any_sketch((names, late))).prop_map(|((c, d), event)| Step::Event(c, d, event)),
        6 => (key(), 0..names).prop_map(|((c, d), name)| Step::Gone(c, d, name)),
        1 => key().prop_map(|(c, d)| Step::DayGone(c, d)),
        1 => (0u8..3).prop_map(Step::CameraGone),
    ]
}

/// In half of the cases some events have raw numbers, which say no more than the day; in half of them some begin long
/// before or after their names.
fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let extent = (prop_oneof![Just(230u32), Just(240)], prop_oneof![Just(2i64), Just(5_000)]);
    extent.prop_flat_map(|extent| prop::collection::vec(any_step(extent), 1..24))
}

fn camera(at: u8) -> Camera {
    ["Camera2", "Camera10", "Camera1"][usize::from(at)].parse().unwrap()
}

/// Events follow each other by seconds, with longer breaks between.
fn second(at: u32) -> u32 {
    at / 8 * 2880 + at % 8
}

/// The last names are raw numbers.
fn name(at: u32) -> EventName {
    if at < 230 { EventName::Time(second(at)) } else { EventName::Number { number: at - 229, width: 2 } }
}

fn sketched(day: i64, (at, drift, mask): Sketch) -> Details {
    let start = day * 86_400 + i64::from(second(at % 230)) + drift;
    Details { motion_mask: mask, ..details(start, Some(1)) }
}

fn change(step: Step, model: &mut Model) -> Change {
    let key = |c: u8, d: i64, at: u32| EventId { camera: camera(c), day: Day::from_number(d).unwrap(), name: name(at) };
    match step {
        Step::Day(c, d, events) => {
            let id = key(c, d, 0);
            let mut events: BTreeMap<u32, Details> =
                events.iter().map(|event| (event.0, sketched(d, *event))).collect();
            for (at, details) in &mut events {
                // A scan of a day may have read names only, so it does not take a mask away.
                let known = model.get(&key(c, d, *at)).and_then(|known| known.motion_mask);
                details.motion_mask = details.motion_mask.or(known);
            }
            model.retain(|known, _| (&known.camera, known.day) != (&id.camera, id.day));
            model.extend(events.iter().map(|(at, details)| (key(c, d, *at), details.clone())));
            let events = events.into_iter().map(|(at, details)| (name(at), details)).collect();
            let (camera, day, unread) = (id.camera, id.day, Vec::new());
            Change::Day(DayScan {
                camera,
                day,
                stamp: None,
                events,
                unread,
                loose: Loose::default(),
                measured_at: Some(1),
            })
        }
        Step::Event(c, d, event) => {
            model.insert(key(c, d, event.0), sketched(d, event));
            Change::Event(key(c, d, event.0), sketched(d, event))
        }
        Step::Gone(c, d, at) => {
            model.remove(&key(c, d, at));
            Change::Gone(key(c, d, at))
        }
        Step::DayGone(c, d) => {
            let id = key(c, d, 0);
            model.retain(|known, _| (&known.camera, known.day) != (&id.camera, id.day));
            Change::DayGone(id.camera, id.day)
        }
        Step::CameraGone(c) => {
            model.retain(|id, _| id.camera != camera(c));
            Change::CameraGone(camera(c))
        }
    }
}

/// What a query leaves of all events.
type Filter = fn(&Event) -> bool;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_region_is_a_filter(
        steps in any_steps(),
        batch in 1usize..6,
        limit in 1usize..4,
        (first, last) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let (_dir, catalog) = catalog();
        let mut model = Model::new();
        for steps in steps.chunks(batch) {
            let changes: Vec<Change> = steps.iter().map(|step| change(step.clone(), &mut model)).collect();
            catalog.apply(&changes, false).unwrap();
        }
        let mut events: Vec<Event> =
            model.iter().map(|(id, details)| Event { id: id.clone(), details: details.clone() }).collect();
        events.sort_by_key(|event| (event.details.start, event.id.clone()));
        // The bounds are exactly the starts of two events.
        let start = |at: prop::sample::Index| match events.len() {
            0 => details(0, None).start,
            len => events[at.index(len)].details.start,
        };
        let (from, to) = (start(first), start(last));
        let filters: [(Query, Filter); 5] = [
            (Query::new(), |_| true),
            (Query::new().camera("Camera10"), |event| event.id.camera.as_str() == "Camera10"),
            (Query::new().camera("Camera2").camera("Camera1"), |event| event.id.camera.as_str() != "Camera10"),
            (Query::new().min_change(3).min_seconds(2), |event| {
                event.details.peak_change >= Some(3) && event.details.end - event.details.start >= TimeDelta::seconds(2)
            }),
            (Query::new().saved(true), |event| event.details.saved),
        ];
        for region in ["0.9,0.9,1,1", "0,0,0.1,0.1", "0.3,0.2,0.4,0.5", "0,0,1,1"] {
            let region: Region = region.parse().unwrap();
            for (query, filter) in &filters {
                let meets = |event: &&Event| event.details.motion_mask.is_some_and(|mask| mask.meets(region)) && filter(event);
                let expected: Vec<Event> = events.iter().filter(meets).cloned().collect();
                let inside: Vec<Event> =
                    expected.iter().filter(|event| (from..=to).contains(&event.details.start)).cloned().collect();
                let query = query.clone().region(region).limit(limit);
                let in_order = |events: &[Event], order| match order {
                    Order::Asc => events.to_vec(),
                    Order::Desc => events.iter().rev().cloned().collect(),
                };
                for order in [Order::Asc, Order::Desc] {
                    let query = query.clone().order(order);
                    for (query, expected) in [(query.clone(), &expected), (query.from(from).to(to), &inside)] {
                        let (found, expected) = (all(&catalog, &query), in_order(expected, order));
                        let ids = |events: &[Event]| events.iter().map(|event| event.id.to_string()).collect::<Vec<_>>();
                        prop_assert!(found == expected, "{query:?}: {:?} {:?}", ids(&found), ids(&expected));
                    }
                }
            }
        }
    }
}

/// The masks are kept by a scan that reads names only, and unknown ones never match.
#[test]
fn names_alone_keep_the_mask() {
    let (_dir, catalog) = catalog();
    let mask = MotionMask::of_bits(1);
    let known = Details { motion_mask: mask, ..details(100, Some(1)) };
    let (glance, unknown) = (Details { motion_mask: None, ..known.clone() }, details(200, Some(1)));
    let scan = |first: Details, at| {
        day_scan("Camera1", "2026-01-01", &[("10-00-00", first), ("11-00-00", unknown.clone())], at)
    };
    catalog.apply(&[scan(known, Some(1))], false).unwrap();
    catalog.apply(&[scan(glance, None)], false).unwrap();
    let found = catalog.events(&Query::new().region("0.9,0.9,1,1".parse().unwrap())).unwrap().events;
    assert_eq!(found.iter().map(|event| event.details.motion_mask).collect::<Vec<_>>(), [mask]);
}
