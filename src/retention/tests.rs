//! The plan against a naive model: for every event of every day, is it taken or not, by the words of the documentation.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

/// 2026-11-20, noon.
fn now() -> Now {
    let local = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
    Now { utc: local.and_utc(), local }
}

fn camera(number: u32) -> Camera {
    format!("Camera{number}").parse().unwrap()
}

fn ago(days: u64) -> Day {
    Day::try_from(now().today()).unwrap().back(days)
}

fn event(secs: u32, saved: bool, open: bool) -> EventView {
    EventView { name: EventName::Time(secs), saved, open, bytes: Some(u64::from(secs) + 1) }
}

/// A day as the catalog tells it: its events one by one only if some of them are saved or open.
fn day_view(camera: Camera, day: Day, events: Vec<EventView>) -> DayView {
    let count = events.len() as u64;
    let bytes = events.iter().map(|event| event.bytes).sum();
    let saved = events.iter().filter(|event| event.saved).count() as u64;
    let is_mixed = events.iter().any(|event| event.open) || (saved > 0 && saved < count);
    DayView { camera, day, events: count, saved, bytes, mixed: if is_mixed { events } else { Vec::new() } }
}

/// A view of `days` (camera, days ago, events) and the sums that belong to it.
fn view(days: &[(u32, u64, Vec<EventView>)]) -> View {
    let mut view = View::default();
    for (number, back, events) in days {
        if !view.cameras.contains(&camera(*number)) {
            view.cameras.push(camera(*number));
        }
        view.events += events.len() as u64;
        view.bytes += events.iter().filter_map(|event| event.bytes).sum::<u64>();
        view.days.push(day_view(camera(*number), ago(*back), events.clone()));
    }
    view.days.sort_by_key(|day| (day.day, day.camera.clone()));
    view
}

fn policy(keep: Option<Keep>) -> Policy {
    Policy { keep, ..Policy::default() }
}

fn planned(plan: &Plan) -> Vec<(Day, u64)> {
    plan.items.iter().map(|item| (item.day, item.count)).collect()
}

#[test]
fn a_day_expires_when_it_lies_more_than_n_days_before_today() {
    let view = view(&[
        (1, 44, vec![event(1, false, false)]),
        (1, 45, vec![event(1, false, false)]),
        (1, 46, vec![event(1, false, false)]),
    ]);
    assert_eq!(planned(&plan(&view, &policy(Some(Keep::Days(45))), now())), [(ago(46), 1)]);
    assert_eq!(planned(&plan(&view, &policy(Some(Keep::Days(44))), now())), [(ago(46), 1), (ago(45), 1)]);
}

#[test]
fn without_a_rule_and_with_forever_nothing_expires() {
    let view = view(&[(1, 9000, vec![event(1, false, false)])]);
    for keep in [None, Some(Keep::Forever)] {
        assert_eq!(plan(&view, &policy(keep), now()), Plan::default());
        assert!(!policy(keep).can_expire());
    }
}

#[test]
fn today_and_yesterday_never_expire() {
    let view = view(&[(1, 0, vec![event(1, false, false)]), (1, 1, vec![event(1, false, false)])]);
    for keep in [0, 1] {
        assert_eq!(plan(&view, &policy(Some(Keep::Days(keep))), now()), Plan::default(), "even if asked for {keep}");
    }
    assert_eq!(newest_candidate(now()), ago(2));
}

#[test]
fn a_camera_s_own_rule_outranks_the_general_one() {
    let days: Vec<_> = [1, 2, 10].map(|number| (number, 20, vec![event(1, false, false)])).into();
    let mut policy = policy(Some(Keep::Days(10)));
    policy.cameras.insert(camera(1), Keep::Forever);
    policy.cameras.insert(camera(2), Keep::Days(30));
    let plan = plan(&view(&days), &policy, now());
    let cameras: Vec<_> = plan.items.iter().map(|item| item.camera.clone()).collect();
    assert_eq!(cameras, [camera(10)], "Camera10 has no rule of its own, although Camera1 has");
}

#[test]
fn a_saved_event_that_is_open_is_told_once() {
    let view = view(&[(1, 60, vec![event(1, true, true), event(2, false, true), event(3, false, false)])]);
    let plan = plan(&view, &policy(Some(Keep::Days(45))), now());
    let told: Vec<_> = plan.kept.iter().map(|item| (item.reason.as_str(), item.count)).collect();
    assert_eq!(told, [("saved", 1), ("open", 1)]);
    assert_eq!(plan.items.len(), 1);
    assert_eq!(plan.items[0].events, Which::Some(vec![EventName::Time(3)]));
    assert_eq!(plan.items[0].bytes, Some(4));
}

#[test]
fn one_event_that_was_not_measured_makes_the_sum_unknown() {
    let mut unmeasured = event(2, false, false);
    unmeasured.bytes = None;
    let view = view(&[(1, 60, vec![event(1, true, false), event(3, false, false), unmeasured])]);
    assert_eq!(plan(&view, &policy(Some(Keep::Days(45))), now()).items[0].bytes, None);
}

#[test]
fn a_pass_of_more_than_the_share_is_held_and_one_of_exactly_the_share_is_not() {
    let old = (1, 60, vec![event(1, false, false)]);
    let half = view(&[old.clone(), (1, 5, vec![event(1, false, false)])]);
    let rules = policy(Some(Keep::Days(45)));
    assert_eq!(hold(&plan(&half, &rules, now()), &half, &rules), None);
    let more = view(&[old.clone(), (1, 59, vec![event(1, false, false)]), (1, 5, vec![event(1, false, false)])]);
    let held = hold(&plan(&more, &rules, now()), &more, &rules).unwrap();
    assert_eq!(held.guard, "share");
    assert!(held.message.contains(&plan(&more, &rules, now()).id()), "{}", held.message);
    let never = Policy { max_share: 1.0, ..rules };
    let all = view(&[old]);
    assert_eq!(hold(&plan(&all, &never, now()), &all, &never), None, "1 never holds");
}

#[test]
fn the_share_is_that_of_events_or_of_bytes_whichever_is_larger() {
    // One event of four, but nearly all of the bytes.
    let big = EventView { bytes: Some(1_000_000), ..event(1, false, false) };
    let small = || vec![event(1, false, false)];
    let view = view(&[(1, 60, vec![big]), (1, 3, small()), (1, 4, small()), (1, 5, small())]);
    let rules = policy(Some(Keep::Days(45)));
    assert!(plan(&view, &rules, now()).share(&view) > 0.99);
    assert_eq!(hold(&plan(&view, &rules, now()), &view, &rules).unwrap().guard, "share");
}

#[test]
fn a_rule_for_a_camera_that_does_not_exist_holds_everything() {
    let view = view(&[(1, 60, vec![event(1, false, false)])]);
    let mut rules = Policy { max_share: 1.0, ..policy(Some(Keep::Days(45))) };
    rules.cameras.insert(camera(2), Keep::Forever);
    let held = hold(&plan(&view, &rules, now()), &view, &rules).unwrap();
    assert_eq!(held.guard, "configuration");
    assert!(held.message.contains("Camera2"), "{}", held.message);
}

#[test]
fn another_plan_has_another_id() {
    let rules = policy(Some(Keep::Days(45)));
    let id = |days: &[(u32, u64, Vec<EventView>)]| plan(&view(days), &rules, now()).id();
    let one = || vec![event(1, false, false)];
    let ids: BTreeSet<String> = [
        id(&[(1, 60, one())]),
        id(&[(10, 60, one())]),
        id(&[(1, 61, one())]),
        id(&[(1, 60, vec![event(1, false, false), event(2, false, false)])]),
        id(&[(1, 60, vec![event(1, false, false), event(2, true, false)])]),
        id(&[(1, 60, vec![event(2, false, false), event(1, true, false)])]),
    ]
    .into();
    assert_eq!(ids.len(), 6);
    assert_eq!(id(&[(1, 60, one())]), id(&[(1, 60, one())]));
}

fn any_days() -> impl Strategy<Value = Vec<(u32, u64, Vec<EventView>)>> {
    let any_event = (0u32..86_400, prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<Option<u32>>());
    let any_event = any_event.prop_map(|(secs, saved, open, bytes)| EventView {
        name: EventName::Time(secs),
        saved,
        open,
        bytes: bytes.map(u64::from),
    });
    let any_day = (1u32..4, 0u64..12, prop::collection::vec(any_event, 0..5));
    prop::collection::vec(any_day, 0..20).prop_map(|mut days| {
        days.sort_by_key(|(camera, back, _)| (*camera, *back));
        days.dedup_by_key(|(camera, back, _)| (*camera, *back));
        for (_, _, events) in &mut days {
            events.sort_by_key(|event| event.name);
            events.dedup_by_key(|event| event.name);
        }
        days
    })
}

fn any_keep() -> impl Strategy<Value = Keep> {
    prop_oneof![(1u32..12).prop_map(Keep::Days), Just(Keep::Forever), Just(Keep::Days(u32::MAX))]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (prop::option::of(any_keep()), prop::collection::btree_map((1u32..5).prop_map(camera), any_keep(), 0..3))
        .prop_map(|(keep, cameras)| Policy { keep, cameras, max_share: 0.5 })
}

/// The words of the documentation, event by event.
fn is_taken(policy: &Policy, number: u32, back: u64, event: &EventView) -> bool {
    let rule = policy.cameras.get(&camera(number)).or(policy.keep.as_ref());
    let is_stale = match rule {
        Some(Keep::Days(days)) => back > u64::from(*days),
        Some(Keep::Forever) | None => false,
    };
    is_stale && back >= 2 && !event.saved && !event.open
}

/// The events of the day that an item is about.
fn events_of<'a>(days: &'a [(u32, u64, Vec<EventView>)], item: &Item) -> &'a [EventView] {
    let is_it = |number: u32, back: u64| (camera(number), ago(back)) == (item.camera.clone(), item.day);
    &days.iter().find(|(number, back, _)| is_it(*number, *back)).unwrap().2
}

proptest! {
    #[test]
    fn the_plan_takes_exactly_what_the_model_takes(days in any_days(), policy in any_policy()) {
        let view = view(&days);
        let plan = plan(&view, &policy, now());
        let mut model = BTreeSet::new();
        for (number, back, events) in &days {
            for event in events.iter().filter(|event| is_taken(&policy, *number, *back, event)) {
                model.insert((camera(*number), ago(*back), event.name));
            }
        }
        let mut taken = BTreeSet::new();
        for item in &plan.items {
            let events = events_of(&days, item);
            let names = match &item.events {
                Which::Some(names) => names.clone(),
                Which::All => events.iter().map(|event| event.name).collect(),
            };
            prop_assert_eq!(item.count, names.len() as u64);
            let bytes: Option<u64> = events.iter().filter(|e| names.contains(&e.name)).map(|e| e.bytes).sum();
            prop_assert_eq!(item.bytes, bytes);
            for name in names {
                prop_assert!(taken.insert((item.camera.clone(), item.day, name)), "planned twice");
            }
        }
        prop_assert_eq!(taken, model);
        prop_assert!(plan.items.is_sorted_by_key(|item| item.day), "oldest first");
    }

    #[test]
    fn a_whole_day_is_planned_only_if_nothing_of_it_is_saved_or_open(days in any_days(), policy in any_policy()) {
        let view = view(&days);
        for item in plan(&view, &policy, now()).items.iter().filter(|item| item.events == Which::All) {
            let events = events_of(&days, item);
            prop_assert!(!events.iter().any(|event| event.saved || event.open));
        }
    }

    #[test]
    fn a_longer_rule_never_takes_more(days in any_days(), keep in 1u32..12) {
        let view = view(&days);
        let count = |keep| plan(&view, &policy(Some(Keep::Days(keep))), now()).count();
        prop_assert!(count(keep + 1) <= count(keep));
    }

    #[test]
    fn no_rule_text_panics(text in ".{0,20}", share in ".{0,8}") {
        if let Ok(policy) = Policy::parse(&[text], Some(&share)) {
            prop_assert!(policy.check().is_ok());
        }
    }
}
