//! The catalog against a model: a sorted map. After any changes, pages, totals and names are the map's.

mod choice;
mod loose;
mod region;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::event::{Camera, Change, Day, DayScan, Details, Event, EventId, EventName, Loose, Movies, Stamp, State};

fn catalog() -> (tempfile::TempDir, Catalog) {
    let dir = tempfile::tempdir().unwrap();
    let (catalog, opened) = Catalog::open(dir.path()).unwrap();
    assert_eq!(opened, Opened::Created);
    (dir, catalog)
}

fn details(start: i64, bytes: Option<u64>) -> Details {
    let time = |secs| DateTime::from_timestamp(secs, 0).unwrap().naive_utc();
    Details {
        start: time(start),
        end: time(start + start.rem_euclid(7)),
        state: if start % 4 == 0 { State::Open } else { State::Complete },
        saved: start % 3 == 0,
        frames: bytes.map(|_| 5),
        bytes,
        videos: Movies::new(),
        debug_video: None,
        thumbnail: None,
        peak_change: Some(u32::try_from(start.rem_euclid(5)).unwrap()),
        motion_mask: None,
        problems: Vec::new(),
    }
}

fn id(text: &str) -> EventId {
    text.parse().unwrap()
}

fn day_scan(camera: &str, day: &str, events: &[(&str, Details)], measured_at: Option<i64>) -> Change {
    Change::Day(DayScan {
        camera: camera.parse().unwrap(),
        day: day.parse().unwrap(),
        stamp: Some(Stamp { mtime: 1, inode: 2 }),
        events: events.iter().map(|(name, details)| (name.parse().unwrap(), details.clone())).collect(),
        unread: Vec::new(),
        loose: Loose::default(),
        measured_at,
    })
}

fn all(catalog: &Catalog, query: &Query) -> Vec<Event> {
    let (mut events, mut query) = (Vec::new(), query.clone());
    loop {
        let page = catalog.events(&query).unwrap();
        events.extend(page.events);
        match page.next {
            Some(next) => query = query.cursor(next.to_string().parse().unwrap()),
            None => return events,
        }
    }
}

#[test]
fn later_cameras_are_ordered_by_name() {
    let (_dir, catalog) = catalog();
    for name in ["Camera5", "Camera1", "Camera3", "Camera2", "Camera10", "Camera9", "Camera4"] {
        catalog.apply(&[Change::Event(id(&format!("{name}/2026-11-20/10-00-00")), details(0, Some(1)))], true).unwrap();
    }
    let names: Vec<String> = all(&catalog, &Query::new().limit(2)).iter().map(|e| e.id.camera.to_string()).collect();
    assert_eq!(names, ["Camera9", "Camera5", "Camera4", "Camera3", "Camera2", "Camera10", "Camera1"]);
}

#[test]
fn a_read_of_names_keeps_measured_values() {
    let (_dir, catalog) = catalog();
    let measured = details(100, Some(1234));
    catalog.apply(&[day_scan("Camera1", "2026-01-01", &[("10-00-00", measured.clone())], Some(50))], true).unwrap();
    assert!(catalog.days_to_measure(50, i64::MAX).unwrap().is_empty());
    let glance = details(100, None);
    catalog.apply(&[day_scan("Camera1", "2026-01-01", &[("10-00-00", glance.clone())], None)], true).unwrap();
    let known = catalog.event(&id("Camera1/2026-01-01/10-00-00")).unwrap().unwrap();
    assert_eq!(known.details, measured);
    assert!(catalog.days_to_measure(50, i64::MAX).unwrap().is_empty(), "nothing new is to be measured");
    let two = [("10-00-00", glance.clone()), ("11-00-00", glance)];
    catalog.apply(&[day_scan("Camera1", "2026-01-01", &two, None)], true).unwrap();
    assert_eq!(catalog.days_to_measure(50, i64::MAX).unwrap().len(), 1, "a new event is to be measured");
}

/// What may have to be finished: numbers that are over and have frames, or are not measured; the newest first.
#[test]
fn numbered_events_are_found() {
    let (_dir, catalog) = catalog();
    let without_frames = Details { frames: Some(0), ..details(5, Some(1)) };
    let newer = [("07", details(1, None)), ("05", details(2, Some(9))), ("10-00-00", details(3, Some(1)))];
    let older = [("001", details(1, Some(1))), ("06", details(4, Some(1))), ("08", without_frames)];
    for camera in ["Camera2", "Camera1"] {
        catalog.apply(&[day_scan(camera, "2026-01-02", &newer, Some(1))], true).unwrap();
    }
    catalog.apply(&[day_scan("Camera1", "2026-01-01", &older, Some(1))], true).unwrap();
    let found: Vec<String> = catalog.numbered().unwrap().iter().map(ToString::to_string).collect();
    let expected = ["Camera1/2026-01-02/07", "Camera1/2026-01-02/05", "Camera2/2026-01-02/07", "Camera2/2026-01-02/05"];
    assert_eq!(found[..4], expected);
    assert_eq!(found[4..], ["Camera1/2026-01-01/001"], "06 is open, and 08 has no frames");
}

#[test]
fn an_unreadable_event_stays_in_the_catalog() {
    let (_dir, catalog) = catalog();
    let events =
        [("10-00-00", details(1, Some(1))), ("11-00-00", details(2, Some(1))), ("12-00-00", details(3, Some(1)))];
    catalog.apply(&[day_scan("Camera1", "2026-01-01", &events, Some(1))], true).unwrap();
    let Change::Day(mut scan) = day_scan("Camera1", "2026-01-01", &events[..1], Some(2)) else { unreachable!() };
    scan.unread = vec!["11-00-00".parse().unwrap()];
    let applied = catalog.apply(&[Change::Day(scan)], true).unwrap();
    assert_eq!(applied.updates, [EventUpdate::Removed(id("Camera1/2026-01-01/12-00-00"))]);
    assert_eq!(all(&catalog, &Query::new()).len(), 2);
}

#[test]
fn a_cursor_outlives_its_event_and_its_camera() {
    let (_dir, catalog) = catalog();
    for (camera, start) in [("Camera1", 1), ("Camera2", 1), ("Camera3", 1), ("Camera1", 2)] {
        let id = id(&format!("{camera}/2026-01-01/0{start}-00-00"));
        catalog.apply(&[Change::Event(id, details(start, None))], true).unwrap();
    }
    let page = catalog.events(&Query::new().limit(3)).unwrap();
    let cursor = page.next.unwrap();
    catalog.apply(&[Change::CameraGone("Camera2".parse().unwrap())], true).unwrap();
    let rest = catalog.events(&Query::new().cursor(cursor)).unwrap().events;
    assert_eq!(rest.iter().map(|e| e.id.to_string()).collect::<Vec<_>>(), ["Camera1/2026-01-01/01-00-00"]);
}

#[test]
fn a_failed_query_leaves_the_reader_usable() {
    let (_dir, catalog) = catalog();
    for ends_itself in [false, true, false, true] {
        let failed = catalog.read("query", |connection| {
            if ends_itself {
                connection.execute_batch("ROLLBACK")?; // as SQLite does by itself after some errors
            }
            connection.query_row("SELECT no_such_column FROM events", [], |_| Ok(()))
        });
        assert!(failed.unwrap_err().chain().contains("no_such_column"));
    }
    assert_eq!(all(&catalog, &Query::new()), []);
}

#[test]
fn long_queries_do_not_delay_pages() {
    let (_dir, catalog) = catalog();
    let (held, is_held) = crossbeam_channel::bounded(READERS);
    let (release, is_released) = crossbeam_channel::bounded::<()>(0);
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                let wait = |_: &Reader| {
                    held.send(()).unwrap();
                    let _ = is_released.recv();
                    Ok(())
                };
                catalog.read("wait in", wait).unwrap();
            });
        }
        (0..READERS).for_each(|_| is_held.recv().unwrap());
        assert_eq!(all(&catalog, &Query::new()), []);
        assert_eq!(catalog.event(&id("Camera1/2026-01-01/10-00-00")).unwrap(), None);
        assert_eq!(catalog.cameras().unwrap(), []);
        drop(release);
    });
}

#[test]
fn queries_without_an_index_may_take_long() {
    for quick in [
        Query::new(),
        Query::new().camera("Camera1").saved(true),
        Query::new().min_seconds(5),
        Query::new().min_change(5),
        Query::new().state(State::Open),
    ] {
        assert!(!quick.may_take_long(), "{quick:?}");
    }
    for long in [
        Query::new().saved(false),
        Query::new().state(State::Interrupted),
        Query::new().state(State::Complete),
        Query::new().min_seconds(5).min_change(5),
        Query::new().min_seconds(5).state(State::Open),
        Query::new().region("0,0,1,1".parse().unwrap()),
    ] {
        assert!(long.may_take_long(), "{long:?}");
    }
}

#[test]
fn totals_beyond_64_bits_are_not_zero() {
    let (_dir, catalog) = catalog();
    for day in ["2026-01-01", "2026-01-02"] {
        let huge = details(1, Some(i64::MAX as u64));
        catalog.apply(&[day_scan("Camera1", day, &[("10-00-00", huge)], Some(1))], true).unwrap();
    }
    assert_eq!(catalog.cameras().unwrap()[0].bytes, 1 << 52);
    assert_eq!(catalog.retention_view(None).unwrap().bytes, 1 << 52);
}

#[derive(Debug, Clone)]
enum Step {
    Event(u8, i64, u32, i64),
    Gone(u8, i64, u32),
    Day(u8, i64, Vec<(u32, i64)>),
    DayGone(u8, i64),
    CameraGone(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    let key = || (0u8..4, 20_000i64..20_003);
    prop_oneof![
        4 => (key(), 0u32..6, -6i64..5).prop_map(|((c, d), n, s)| Step::Event(c, d, n, s)),
        2 => (key(), 0u32..6).prop_map(|((c, d), n)| Step::Gone(c, d, n)),
        2 => (key(), prop::collection::btree_map(0u32..6, -6i64..5, 0..5))
            .prop_map(|((c, d), events)| Step::Day(c, d, events.into_iter().collect())),
        1 => key().prop_map(|(c, d)| Step::DayGone(c, d)),
        1 => (0u8..4).prop_map(Step::CameraGone),
    ]
}

type Model = BTreeMap<EventId, Details>;

fn apply(step: &Step, model: &mut Model) -> Change {
    // Names in another order than the numbers, and one that is a prefix of another.
    let camera = |at: u8| -> Camera { ["Camera2", "Camera10", "Camera1", "Camera3"][usize::from(at)].parse().unwrap() };
    let day = |number: i64| Day::from_number(number).unwrap();
    let name = |at: u32| if at == 5 { EventName::Number { number: 1, width: 2 } } else { EventName::Time(at * 1000) };
    let key = |c: u8, d: i64, n: u32| EventId { camera: camera(c), day: day(d), name: name(n) };
    // Some begin long before their names, most within seconds.
    let details =
        |d: i64, n: u32, s: i64| details(if s < 0 { d * 86_400 + i64::from(n) * 1000 + s + 3 } else { s }, Some(7));
    match step {
        Step::Event(c, d, n, start) => {
            model.insert(key(*c, *d, *n), details(*d, *n, *start));
            Change::Event(key(*c, *d, *n), details(*d, *n, *start))
        }
        Step::Gone(c, d, n) => {
            model.remove(&key(*c, *d, *n));
            Change::Gone(key(*c, *d, *n))
        }
        Step::Day(c, d, events) => {
            model.retain(|id, _| id.camera != camera(*c) || id.day != day(*d));
            model.extend(events.iter().map(|(n, start)| (key(*c, *d, *n), details(*d, *n, *start))));
            Change::Day(DayScan {
                camera: camera(*c),
                day: day(*d),
                stamp: None,
                events: events.iter().map(|(n, start)| (name(*n), details(*d, *n, *start))).collect(),
                unread: Vec::new(),
                loose: Loose::default(),
                measured_at: Some(1),
            })
        }
        Step::DayGone(c, d) => {
            model.retain(|id, _| id.camera != camera(*c) || id.day != day(*d));
            Change::DayGone(camera(*c), day(*d))
        }
        Step::CameraGone(c) => {
            model.retain(|id, _| id.camera != camera(*c));
            Change::CameraGone(camera(*c))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn it_is_a_sorted_map(steps in prop::collection::vec(any_step(), 1..40), limit in 1usize..7, batch in 1usize..6) {
        let (_dir, catalog) = catalog();
        let mut model = Model::new();
        for steps in steps.chunks(batch) {
            let changes: Vec<Change> = steps.iter().map(|step| apply(step, &mut model)).collect();
            catalog.apply(&changes, true).unwrap();
        }
        let mut expected: Vec<Event> =
            model.iter().map(|(id, details)| Event { id: id.clone(), details: details.clone() }).collect();
        expected.sort_by_key(|event| (event.details.start, event.id.clone()));
        let query = Query::new().limit(limit);
        prop_assert_eq!(all(&catalog, &query.clone().order(Order::Asc)), expected.clone());
        let two = query.clone().camera("Camera1").camera("Camera2").camera("unknown");
        let one: Vec<Event> = expected.iter().filter(|event| event.id.camera.as_str() == "Camera1").cloned().collect();
        prop_assert_eq!(all(&catalog, &query.clone().camera("Camera1").order(Order::Asc)), one.clone());
        if let [first, .., last] = &one[..] {
            let (from, to) = (first.details.start + TimeDelta::seconds(1), last.details.start - TimeDelta::seconds(1));
            let inner = one.iter().filter(|event| (from..=to).contains(&event.details.start)).rev().cloned();
            prop_assert_eq!(all(&catalog, &query.clone().camera("Camera1").from(from).to(to)), inner.collect::<Vec<_>>());
        }
        let saved_one: Vec<Event> = one.iter().filter(|event| event.details.saved).rev().cloned().collect();
        prop_assert_eq!(all(&catalog, &query.clone().camera("Camera1").saved(true)), saved_one);
        expected.reverse();
        let of_two = |event: &&Event| matches!(event.id.camera.as_str(), "Camera1" | "Camera2");
        prop_assert_eq!(all(&catalog, &two), expected.iter().filter(of_two).cloned().collect::<Vec<_>>());
        let saved: Vec<Event> = expected.iter().filter(|event| event.details.saved).cloned().collect();
        prop_assert_eq!(all(&catalog, &query.clone().saved(true)), saved);
        prop_assert_eq!(all(&catalog, &query), expected.clone());
        let long = |event: &&Event| event.details.end - event.details.start >= TimeDelta::seconds(5);
        let strong = |event: &&Event| event.details.peak_change >= Some(3);
        let of = |is: &dyn Fn(&&Event) -> bool| expected.iter().filter(|event| is(event)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(all(&catalog, &query.clone().min_seconds(5)), of(&long));
        prop_assert_eq!(all(&catalog, &query.clone().min_change(3)), of(&strong));
        let open = |event: &&Event| event.details.state == State::Open;
        prop_assert_eq!(all(&catalog, &query.clone().state(State::Open)), of(&open));
        let long_of_one = query.clone().min_seconds(5).camera("Camera1").order(Order::Asc);
        prop_assert_eq!(all(&catalog, &long_of_one), one.iter().filter(long).cloned().collect::<Vec<_>>());
        let second = |n| chrono::NaiveTime::from_num_seconds_from_midnight_opt(n, 0).unwrap();
        let within = |is_within: fn(i64) -> bool| -> Vec<Event> {
            let secs = |event: &&Event| is_within(event.details.start.and_utc().timestamp().rem_euclid(86_400));
            expected.iter().filter(secs).cloned().collect()
        };
        prop_assert_eq!(all(&catalog, &query.clone().window((second(1), second(3)))), within(|s| (1..=3).contains(&s)));
        prop_assert_eq!(all(&catalog, &query.clone().window((second(3), second(1)))), within(|s| s >= 3 || s <= 1));

        for summary in catalog.cameras().unwrap() {
            let own: Vec<&Event> = expected.iter().filter(|event| event.id.camera == summary.camera).collect();
            prop_assert_eq!(summary.events, own.len() as u64);
            prop_assert_eq!(summary.bytes, 7 * own.len() as u64);
            prop_assert_eq!(summary.saved, own.iter().filter(|event| event.details.saved).count() as u64);
            let days = own.iter().map(|event| event.id.day);
            prop_assert_eq!(summary.days, days.clone().min().zip(days.max()));
            prop_assert_eq!(summary.day_count, days_of(&own));
            let unsaved = own.iter().filter(|event| !event.details.saved).map(|event| event.id.day).min();
            let Some((first, last)) = summary.days else { continue };
            let sums = catalog.sums(first, last).unwrap();
            let sums = sums.iter().find(|sums| sums.camera == summary.camera).unwrap();
            prop_assert_eq!((sums.events, sums.bytes), (summary.events, summary.bytes));
            prop_assert_eq!(sums.since, unsaved.or(Some(first)));
            prop_assert_eq!(sums.days.iter().map(|day| day.events).sum::<u64>(), summary.events);
            prop_assert_eq!(sums.days.iter().map(|day| day.bytes).sum::<u64>(), summary.bytes);
            prop_assert!(sums.days.iter().all(|day| day.unmeasured == 0 && day.bytes == 7 * day.events));
            prop_assert_eq!(ages_of(&catalog, &summary.camera), expected_ages(&own));
        }
        for event in &expected {
            let found = catalog.event(&event.id).unwrap();
            prop_assert_eq!(found.as_ref(), Some(event));
        }
    }
}

fn days_of(events: &[&Event]) -> u64 {
    events.iter().map(|event| event.id.day).collect::<std::collections::BTreeSet<_>>().len() as u64
}

/// The ages of a camera's events, the first of its days that is not wholly saved, and the first after that.
type Ages = (Option<(i64, i64)>, Option<Day>, Option<Day>);

fn ages_of(catalog: &Catalog, camera: &Camera) -> Ages {
    let of = |ages: Vec<CameraAges>| ages.into_iter().find(|ages| &ages.camera == camera).unwrap();
    let all = of(catalog.ages(|_| Day::from_number(100_000), |_, _| false).unwrap());
    let rest = of(catalog.ages(|_| Day::from_number(100_000), |_, day| Some(day) == all.overdue).unwrap());
    let none = of(catalog.ages(|_| all.overdue, |_, _| false).unwrap());
    assert_eq!((none.overdue, none.reach), (None, all.reach), "a day is not before itself");
    (all.reach, all.overdue, rest.overdue)
}

fn expected_ages(events: &[&Event]) -> Ages {
    let start = |event: &&&Event| event.details.start.and_utc().timestamp();
    let by_name = |event: &&&Event| (event.id.day, event.id.name);
    let first = events.iter().min_by_key(by_name).as_ref().map(start);
    let last = events.iter().max_by_key(by_name).as_ref().map(start);
    let unsaved = events.iter().filter(|event| !event.details.saved).map(|event| event.id.day);
    let mut unsaved = unsaved.collect::<std::collections::BTreeSet<_>>().into_iter();
    (first.zip(last), unsaved.next(), unsaved.next())
}

/// What a list that is merged with others asks: which of these events are there, and how a day was when it was listed.
#[test]
fn events_and_days_are_found_by_name() {
    let (_dir, catalog) = catalog();
    let event = || ("10-00-00", details(1_795_255_200, Some(1)));
    catalog.apply(&[day_scan("Camera1", "2026-11-21", &[event()], None)], false).unwrap();
    let [there, name, day, camera] = [
        "Camera1/2026-11-21/10-00-00",
        "Camera1/2026-11-21/10-00-01",
        "Camera1/2026-11-20/10-00-00",
        "Camera2/2026-11-21/10-00-00",
    ]
    .map(id);
    let present = catalog.present([&there, &name, &day, &camera]).unwrap();
    assert_eq!(present.into_iter().collect::<Vec<_>>(), std::slice::from_ref(&there));
    let stamp = Stamp { mtime: 1, inode: 2 };
    assert_eq!(catalog.stamp_of(&there.camera, there.day).unwrap(), Some((Some(stamp), 1)));
    assert_eq!(catalog.stamp_of(&day.camera, day.day).unwrap(), None);
    assert_eq!(catalog.stamp_of(&camera.camera, camera.day).unwrap(), None);
    let empty = day_scan("Camera1", "2026-11-20", &[], None);
    catalog.apply(&[empty], false).unwrap();
    let days = catalog.days_with_events(&[there.camera.clone(), camera.camera].into()).unwrap();
    assert_eq!(days, [(there.day, there.camera)].into());
}
