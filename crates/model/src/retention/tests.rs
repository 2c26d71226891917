//! The plan against a naive model: for every event of every day, whether it is taken according to the documentation.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

mod copies;

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
    EventView {
        name: EventName::Time(secs),
        saved,
        open,
        lacks_copy: None,
        bytes: Some(u64::from(secs) + 1),
        frees: Some(u64::from(secs) + 1),
    }
}

/// A day as the catalog tells it, completed with its events if some of them are saved or open.
fn day_view(camera: Camera, day: Day, events: Vec<EventView>) -> DayView {
    let count = events.len() as u64;
    let saved = events.iter().filter(|event| event.saved).count() as u64;
    let open = events.iter().filter(|event| event.open).count() as u64;
    let bytes = events.iter().map(|event| event.bytes).sum();
    let frees = events.iter().map(|event| event.frees).sum();
    let measured = events.iter().filter_map(|event| event.bytes).sum();
    let mut view = DayView {
        camera,
        day,
        events: count,
        saved,
        open,
        bytes,
        measured,
        loose: 0,
        measured_on_disk: true,
        weighed: bytes.is_some(),
        frees,
        uncopied: None,
        mixed: None,
        foreign: None,
    };
    view.mixed = view.is_mixed().then_some(events);
    view
}

/// A view of `days` (camera, days ago, events) and the sums that belong to it.
fn view(days: &[(u32, u64, Vec<EventView>)]) -> View {
    let mut view = View::default();
    for (number, back, events) in days {
        let of = camera(*number);
        let at = view.cameras.iter().position(|known| known.camera == of).unwrap_or_else(|| {
            view.cameras.push(CameraView { camera: of.clone(), events: 0, bytes: 0, apart: false });
            view.cameras.len() - 1
        });
        let bytes = events.iter().filter_map(|event| event.bytes).sum::<u64>();
        view.cameras[at].events += events.len() as u64;
        view.cameras[at].bytes += bytes;
        view.events += events.len() as u64;
        view.bytes += bytes;
        view.days.push(day_view(of, ago(*back), events.clone()));
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
fn a_day_expires_after_more_than_n_days() {
    let view = view(&[
        (1, 44, vec![event(1, false, false)]),
        (1, 45, vec![event(1, false, false)]),
        (1, 46, vec![event(1, false, false)]),
    ]);
    assert_eq!(planned(&plan(&view, &policy(Some(Keep::Days(45))), now())), [(ago(46), 1)]);
    assert_eq!(planned(&plan(&view, &policy(Some(Keep::Days(44))), now())), [(ago(46), 1), (ago(45), 1)]);
}

#[test]
fn nothing_expires_without_a_rule_or_forever() {
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
fn a_cameras_rule_outranks_the_general_one() {
    let days: Vec<_> = [1, 2, 10].map(|number| (number, 20, vec![event(1, false, false)])).into();
    let mut policy = policy(Some(Keep::Days(10)));
    policy.cameras.insert(camera(1), Keep::Forever);
    policy.cameras.insert(camera(2), Keep::Days(30));
    let plan = plan(&view(&days), &policy, now());
    let cameras: Vec<_> = plan.items.iter().map(|item| item.camera.clone()).collect();
    assert_eq!(cameras, [camera(10)], "Camera10 has no rule of its own, although Camera1 has");
}

#[test]
fn a_saved_open_event_is_listed_once() {
    let view = view(&[(1, 60, vec![event(1, true, true), event(2, false, true), event(3, false, false)])]);
    let plan = plan(&view, &policy(Some(Keep::Days(45))), now());
    let told: Vec<_> = plan.kept.iter().map(|item| (&item.reason, item.count)).collect();
    assert_eq!(told, [(&Reason::Saved, 1), (&Reason::Open, 1)]);
    assert_eq!(plan.items.len(), 1);
    assert_eq!(plan.items[0].events, EventSelection::Some(vec![EventName::Time(3)]));
    assert_eq!(plan.items[0].bytes, Some(4));
}

#[test]
fn one_unmeasured_event_makes_the_sum_unknown() {
    let mut unmeasured = event(2, false, false);
    unmeasured.bytes = None;
    let view = view(&[(1, 60, vec![event(1, true, false), event(3, false, false), unmeasured])]);
    assert_eq!(plan(&view, &policy(Some(Keep::Days(45))), now()).items[0].bytes, None);
}

/// Exactly the share is not.
#[test]
fn more_than_the_share_is_held() {
    let old = (1, 60, vec![event(1, false, false)]);
    let half = view(&[old.clone(), (1, 5, vec![event(1, false, false)])]);
    let rules = policy(Some(Keep::Days(45)));
    assert_eq!(hold(&plan(&half, &rules, now()), &half, &rules), None);
    let more = view(&[old.clone(), (1, 59, vec![event(1, false, false)]), (1, 5, vec![event(1, false, false)])]);
    let held = hold(&plan(&more, &rules, now()), &more, &rules).unwrap();
    assert_eq!(held.guard, Guard::Share);
    let never = Policy { max_share: 1.0, ..rules };
    let all = view(&[old]);
    assert_eq!(hold(&plan(&all, &never, now()), &all, &never), None, "1 never holds");
}

#[test]
fn the_larger_share_of_events_or_bytes_counts() {
    // One event of four, but nearly all of the bytes.
    let big = EventView { bytes: Some(1_000_000), ..event(1, false, false) };
    let small = || vec![event(1, false, false)];
    let view = view(&[(1, 60, vec![big]), (1, 3, small()), (1, 4, small()), (1, 5, small())]);
    let rules = policy(Some(Keep::Days(45)));
    assert!(plan(&view, &rules, now()).share(&view) > 0.99);
    assert_eq!(hold(&plan(&view, &rules, now()), &view, &rules).unwrap().guard, Guard::Share);
}

/// In the share of a pass.
#[test]
fn unmeasured_events_count_by_the_average() {
    // One stale event that was just measured, nine that were not measured yet.
    let unmeasured = || vec![EventView { bytes: None, frees: None, ..event(1, false, false) }];
    let mut days = vec![(1, 60, vec![event(1, false, false)])];
    days.extend((2..11).map(|back| (1, back, unmeasured())));
    let view = View { unmeasured: 9, ..view(&days) };
    let rules = policy(Some(Keep::Days(45)));
    let share = plan(&view, &rules, now()).share(&view);
    assert!((0.09..0.11).contains(&share), "{share}");
}

#[test]
fn a_rule_for_an_unknown_camera_holds_all() {
    let view = view(&[(1, 60, vec![event(1, false, false)])]);
    let mut rules = Policy { max_share: 1.0, ..policy(Some(Keep::Days(45))) };
    rules.cameras.insert(camera(2), Keep::Forever);
    let held = hold(&plan(&view, &rules, now()), &view, &rules).unwrap();
    assert_eq!(held.guard, Guard::Configuration);
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
        lacks_copy: None,
        bytes: bytes.map(u64::from),
        frees: None,
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
        .prop_map(|(keep, cameras)| Policy { keep, cameras, ..Policy::default() })
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
                EventSelection::Some(names) => names.clone(),
                EventSelection::All => events.iter().map(|event| event.name).collect(),
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
    fn saved_or_open_events_split_a_day(days in any_days(), policy in any_policy()) {
        let view = view(&days);
        for item in plan(&view, &policy, now()).items.iter().filter(|item| item.events == EventSelection::All) {
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
    fn no_rule_text_panics(texts in prop::array::uniform5("(Camera1=)?[0-9.]{0,3}.{0,8}")) {
        let [days, size, free, floor, share] = texts;
        let rules = Rules {
            keep_days: vec![days],
            max_size: vec![size],
            min_free: Some(free),
            floor_days: Some(floor),
            max_share: Some(share),
        };
        if let Ok(policy) = Policy::parse(&rules) {
            prop_assert!(policy.check().is_ok());
        }
    }
}

mod size {
    //! Rules of size and space.

    use super::*;

    /// A day of one event of so many bytes, which are also what it frees.
    fn one(number: u32, back: u64, bytes: u64) -> (u32, u64, Vec<EventView>) {
        (number, back, vec![EventView { bytes: Some(bytes), frees: Some(bytes), ..event(1, false, false) }])
    }

    fn with_disk(days: &[(u32, u64, Vec<EventView>)], free: u64, queued: u64) -> View {
        View { disk: Some(Ok(Disk { total: 1000, free })), queued, ..view(days) }
    }

    /// The reason has the excess.
    #[test]
    fn the_oldest_days_go_until_the_archive_fits() {
        let days = view(&[one(1, 30, 100), one(2, 29, 100), one(1, 28, 100), one(1, 1, 100)]);
        let rules = Policy { max_size: Some(250), ..Policy::default() };
        let plan = plan(&days, &rules, now());
        assert_eq!(planned(&plan), [(ago(30), 1), (ago(29), 1)]);
        assert_eq!(plan.items[0].reason.to_string(), "archive over 250 B by 150 B");
        assert_eq!(plan.alerts, [""; 0]);
    }

    /// They count for the archive's limit too.
    #[test]
    fn a_cameras_limit_takes_only_its_days() {
        let days = view(&[one(1, 30, 100), one(2, 29, 100), one(2, 28, 100), one(1, 27, 100)]);
        let mut rules = Policy { max_size: Some(300), ..Policy::default() };
        rules.camera_sizes.insert(camera(2), 100);
        let plan = plan(&days, &rules, now());
        assert_eq!(planned(&plan), [(ago(29), 1)], "the camera's own rule made the archive fit");
        assert_eq!(plan.items[0].reason.to_string(), "Camera2 over 100 B by 100 B");
    }

    /// The floor, saved, open, `forever` and restored; the alert says what holds the space.
    #[test]
    fn protected_days_stay_and_cause_an_alert() {
        let saved = vec![event(7, true, false)];
        let mut days = view(&[(1, 30, saved), one(2, 30, 100), one(3, 30, 100), one(1, 5, 100), one(1, 1, 100)]);
        days.restored.push((camera(3), ago(30)));
        let mut rules = Policy { max_size: Some(10), floor_days: 6, ..Policy::default() };
        rules.cameras.insert(camera(2), Keep::Forever);
        let plan = plan(&days, &rules, now());
        assert!(plan.items.is_empty(), "{plan:?}");
        let kept: Vec<_> = plan.kept.iter().map(|item| (item.camera.as_str(), &item.reason)).collect();
        assert_eq!(kept, [("Camera1", &Reason::Saved), ("Camera3", &Reason::Restored), ("Camera1", &Reason::Floor)]);
        assert_eq!(plan.alerts.len(), 1);
        for part in ["nothing more may be deleted", "saved: 1 events", "floor", "Camera2 (forever)"] {
            assert!(plan.alerts[0].contains(part), "{part}: {}", plan.alerts[0]);
        }
    }

    /// Under both rules, once it is known that there is nothing else in them.
    #[test]
    fn days_of_loose_files_go_like_others() {
        let mut view = with_disk(&[one(1, 31, 100), one(1, 30, 0), one(1, 29, 100), one(1, 28, 100)], 0, 0);
        let mut loose = day_view(camera(1), ago(30), Vec::new());
        loose = DayView { loose: 3, bytes: Some(70), frees: Some(70), measured: 70, ..loose };
        (view.days[1], view.bytes) = (loose, 370);
        let of_size = Policy { max_size: Some(200), ..Policy::default() };
        let of_space = Policy { min_free: Some(MinFree::Bytes(150)), ..Policy::default() };
        for rules in [of_size, of_space] {
            assert_eq!(plan(&view, &rules, now()).needs, [(camera(1), ago(30), Need::Foreign)]);
            view.days[1].foreign = Some(Foreign::default());
            let found = plan(&view, &rules, now());
            assert_eq!(planned(&found), [(ago(31), 1), (ago(30), 0)], "{rules:?}");
            assert_eq!((found.items[1].bytes, &found.alerts[..]), (Some(70), &[][..]));
            view.days[1].foreign = Some(Foreign { count: 1, example: "notes.txt".to_owned() });
            let kept = plan(&view, &rules, now());
            assert_eq!(planned(&kept), [(ago(31), 1), (ago(29), 1)], "a file of the user's stays");
            view.days[1].foreign = None;
        }
    }

    /// Nothing younger is taken before.
    #[test]
    fn unknown_bytes_are_requested_first() {
        let mut unknown = one(1, 30, 100);
        unknown.2[0].bytes = None;
        let days = [one(1, 31, 10), unknown, one(1, 29, 100), one(1, 28, 100)];
        let rules = Policy { max_size: Some(100), ..Policy::default() };
        let first = plan(&view(&days), &rules, now());
        assert_eq!(first.needs, [(camera(1), ago(30), Need::Bytes)]);
        assert_eq!(planned(&first), [(ago(31), 1)], "what is known and older");
    }

    /// What counts for the total is measured before anything is taken, also today, unless space became short meanwhile.
    #[test]
    fn a_total_is_measured_before_it_takes() {
        let mut view = view(&[one(1, 31, 100), one(1, 30, 100), one(1, 0, 100), one(2, 30, 100)]);
        for camera in [2, 3] {
            view.days[camera].measured_on_disk = false;
        }
        let rules = Policy { max_size: Some(100), ..Policy::default() };
        let first = plan(&view, &rules, now());
        let lacks = |at: usize| (view.days[at].camera.clone(), view.days[at].day, Need::Bytes);
        assert_eq!((first.needs.len(), planned(&first).len()), (2, 0), "{first:?}");
        assert!([2, 3].iter().all(|at| first.needs.contains(&lacks(*at))), "{first:?}");
        let short = View { became_short: true, ..view };
        let waits = plan(&short, &rules, now());
        assert!(waits.needs.is_empty() && waits.items.is_empty(), "{waits:?}");
        assert!(waits.alerts[0].contains("waits until the sizes of 2 days are measured"), "{waits:?}");
    }

    #[test]
    fn queued_and_planned_bytes_count_as_free() {
        let days = [one(1, 50, 100), one(1, 30, 100), one(1, 29, 100)];
        let rules = Policy { min_free: Some(MinFree::Percent(40.0)), ..Policy::default() };
        let count = |free, queued, rules: &Policy| planned(&plan(&with_disk(&days, free, queued), rules, now())).len();
        assert_eq!(count(400, 0, &rules), 0, "exactly the mark is enough");
        assert_eq!(count(399, 0, &rules), 1);
        assert_eq!(count(299, 0, &rules), 2);
        assert_eq!(count(299, 101, &rules), 0, "it is on its way already");
        let both = Policy { keep: Some(Keep::Days(45)), ..rules.clone() };
        assert_eq!(count(300, 0, &both), 1, "the stale day is enough");
        assert_eq!(count(299, 0, &both), 2);
        let plan = plan(&with_disk(&days, 299, 0), &rules, now());
        assert_eq!(plan.items[0].reason.to_string(), "free space 299 B under 400 B by 101 B");
        let pressed = |free| View { pressed: true, ..with_disk(&days, free, 0) };
        let count = |free| planned(&super::plan(&pressed(free), &rules, now())).len();
        assert_eq!((count(419), count(420)), (1, 0), "while space is short, 1.05 times the mark is asked for");
    }

    #[test]
    fn a_camera_on_another_disk_frees_nothing_here() {
        let mut days = with_disk(&[one(1, 30, 100), one(2, 29, 100)], 350, 0);
        days.cameras[0].apart = true;
        let rules = Policy { min_free: Some(MinFree::Bytes(400)), ..Policy::default() };
        let plan = plan(&days, &rules, now());
        assert_eq!(plan.items.iter().map(|item| item.camera.clone()).collect::<Vec<_>>(), [camera(2)]);
    }

    /// It counts neither as plenty nor as none.
    #[test]
    fn unreadable_free_space_is_an_alert() {
        let days = View { disk: Some(Err("no such disk".to_owned())), ..view(&[one(1, 30, 100)]) };
        let rules = Policy { min_free: Some(MinFree::Bytes(400)), ..Policy::default() };
        let plan = plan(&days, &rules, now());
        assert!(plan.items.is_empty() && plan.alerts[0].contains("no such disk"), "{plan:?}");
    }

    proptest! {
        /// And never a kept day.
        #[test]
        fn no_more_is_taken_than_needed(days in any_days(), limit in 1u64..1_000_000, floor in 1u32..8) {
            let view = view(&days);
            let rules = Policy { max_size: Some(limit), floor_days: floor, ..Policy::default() };
            let plan = plan(&view, &rules, now());
            for item in &plan.items {
                let names: BTreeMap<_, _> = events_of(&days, item).iter().map(|event| (event.name, event)).collect();
                let taken: Vec<&EventView> = match &item.events {
                    EventSelection::All => names.values().copied().collect(),
                    EventSelection::Some(some) => some.iter().map(|name| names[name]).collect(),
                };
                prop_assert!(taken.iter().all(|event| !event.saved && !event.open));
                prop_assert!(item.day <= ago(u64::from(floor.max(2))));
                prop_assert!(item.bytes.is_some());
            }
            let bytes = |items: &[Item]| items.iter().filter_map(|item| item.bytes).sum::<u64>();
            let left = view.bytes - bytes(&plan.items);
            prop_assert!(left <= limit || !plan.alerts.is_empty() || !plan.needs.is_empty(), "fits, or says why not");
            if let Some((_, but_last)) = plan.items.split_last() {
                prop_assert!(view.bytes - bytes(but_last) > limit, "the last one was needed");
            }
        }
    }
}
