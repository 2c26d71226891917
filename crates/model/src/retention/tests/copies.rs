//! Events that a store is to have and lacks.

use super::*;

const OFFSITE: &str = "offsite";

/// An event that takes and frees so many bytes.
fn sized(secs: u32, bytes: u64, lacks_copy: Option<WhenFull>) -> EventView {
    EventView { lacks_copy, bytes: Some(bytes), frees: Some(bytes), ..event(secs, false, false) }
}

/// A view in which it is known what the store lacks, of a disk of 1000 bytes.
fn copied(days: &[(u32, u64, Vec<EventView>)], free: u64) -> View {
    let mut view = View { disk: Some(Ok(Disk { total: 1000, free })), stores: vec![OFFSITE.to_owned()], ..view(days) };
    for day in &mut view.days {
        let at =
            days.iter().position(|(number, back, _)| (camera(*number), ago(*back)) == (day.camera.clone(), day.day));
        let events = days[at.unwrap()].2.clone();
        day.uncopied = Some(events.iter().filter(|event| event.lacks_copy.is_some()).count() as u64);
        day.mixed = day.is_mixed().then_some(events);
    }
    view
}

fn min_free(bytes: u64) -> Policy {
    Policy { min_free: Some(MinFree::Bytes(bytes)), ..Policy::default() }
}

fn named(plan: &Plan) -> Vec<(Day, Vec<u32>)> {
    let secs = |item: &Item| item.names().iter().filter_map(|name| name.secs()).collect();
    plan.items.iter().map(|item| (item.day, secs(item))).collect()
}

/// Whatever is to happen to it when the disk is full.
#[test]
fn age_and_size_keep_events_without_copies() {
    for lack in [WhenFull::Keep, WhenFull::Expire].map(Some) {
        let view = copied(
            &[
                (1, 60, vec![sized(1, 10, lack), sized(2, 20, None)]),
                (1, 50, vec![sized(1, 30, lack)]),
                (1, 40, vec![sized(1, 40, None)]),
                (1, 3, vec![sized(1, 50, lack)]),
            ],
            0,
        );
        let size = Policy { max_size: Some(1), ..Policy::default() };
        for rules in [policy(Some(Keep::Days(30))), size] {
            let plan = plan(&view, &rules, now());
            assert_eq!(named(&plan), [(ago(60), vec![2]), (ago(40), vec![])], "the copied ones");
            assert_eq!(planned(&plan)[1].1, 1, "all of its day");
            assert!(plan.kept.iter().all(|item| item.reason == Reason::NotCopied), "{:?}", plan.kept);
            let (count, size) = if rules.has_size_rule() { (3, "90 B") } else { (2, "40 B") };
            let told = format!("{count} events ({size}) are past their time and kept until offsite has a copy");
            assert!(plan.alerts.contains(&told), "{:?}", plan.alerts);
        }
    }
}

/// Not of days that no rule would take, nor of those that stay for another reason.
#[test]
fn only_candidates_are_asked_for_copies() {
    let one = |back| (1, back, vec![sized(1, 100, None)]);
    let saved = (1, 70, vec![event(1, true, false)]);
    let mut view = copied(&[saved, one(65), one(60), one(50), one(20), one(10)], 0);
    view.restored.push((camera(1), ago(65)));
    view.days.iter_mut().for_each(|day| day.uncopied = None);
    let asked = |rules: &Policy| plan(&view, rules, now()).needs;
    let of = |back| (camera(1), ago(back), Need::Copies);
    assert_eq!(asked(&policy(Some(Keep::Days(30)))), [of(60), of(50)]);
    assert_eq!(asked(&min_free(150)), [of(60), of(50)], "as many as free enough");
    let without = View { stores: Vec::new(), ..view.clone() };
    assert_eq!(plan(&without, &policy(Some(Keep::Days(30))), now()).needs, []);
}

/// Copied events go first, also younger ones; then those that their store gives up, one by one.
#[test]
fn a_full_disk_takes_events_without_copies_last() {
    let view = copied(
        &[
            (1, 60, vec![sized(1, 10, Some(WhenFull::Keep)), sized(2, 10, Some(WhenFull::Expire))]),
            (
                1,
                50,
                vec![sized(3, 10, Some(WhenFull::Expire)), sized(4, 10, Some(WhenFull::Expire)), sized(5, 7, None)],
            ),
            (1, 40, vec![sized(6, 10, None)]),
            (1, 1, vec![sized(7, 10, Some(WhenFull::Expire))]),
        ],
        0,
    );
    let made = |bytes: u64| plan(&view, &min_free(bytes), now());
    let few = made(16);
    assert_eq!(named(&few), [(ago(50), vec![5]), (ago(40), vec![])], "without the old ones that have no copy");
    assert_eq!(few.alerts, ["4 events (40 B) are past their time and kept until offsite has a copy"]);
    let more = made(33);
    assert_eq!(named(&more), [(ago(60), vec![2]), (ago(50), vec![5]), (ago(50), vec![3]), (ago(40), vec![])]);
    assert!(
        more.alerts[0]
            .ends_with("2 events (20 B) are deleted before offsite has a copy, since nothing else may be deleted")
    );
    assert!(more.alerts[1].starts_with("2 events (20 B) are past their time"), "{:?}", more.alerts);
    assert_eq!(more.items[0].reason.to_string(), "free space 0 B under 33 B by 33 B; a store had no copy");
    let all = made(500);
    assert_eq!(all.count(), 5);
    assert_eq!(named(&all)[2], (ago(50), vec![3, 4]));
    let told = &all.alerts[1];
    assert!(told.contains("nothing more may be deleted (not copied yet: 1 events, 10 B)"), "{told}");
}

/// It is measured before anything younger goes, and what frees nothing stays.
#[test]
fn uncopied_events_are_measured_first() {
    let lacks = Some(WhenFull::Expire);
    let unknown = EventView { frees: None, ..sized(1, 10, lacks) };
    let linked = EventView { frees: Some(0), ..sized(1, 10, lacks) };
    let younger = (1, 50, vec![sized(2, 10, lacks)]);
    let first = plan(&copied(&[(1, 60, vec![unknown]), younger.clone()], 0), &min_free(5), now());
    assert_eq!((first.needs, first.items), (vec![(camera(1), ago(60), Need::Frees)], vec![]));
    let known = plan(&copied(&[(1, 60, vec![linked]), younger], 0), &min_free(5), now());
    assert_eq!(named(&known), [(ago(50), vec![2])]);
}

/// Who confirms a pass of copied events does not confirm it without copies.
#[test]
fn a_plan_without_copies_has_another_id() {
    let of =
        |lacks| plan(&copied(&[(1, 60, vec![sized(1, 10, lacks), event(2, true, false)])], 0), &min_free(5), now());
    let (with, without) = (of(None), of(Some(WhenFull::Expire)));
    assert_eq!(named(&with), named(&without));
    assert_ne!(with.id(), without.id());
}

fn any_lack() -> impl Strategy<Value = Option<WhenFull>> {
    prop_oneof![2 => Just(None), 1 => Just(Some(WhenFull::Keep)), 2 => Just(Some(WhenFull::Expire))]
}

proptest! {
    #[test]
    fn nothing_goes_before_its_copy(
        days in any_days(),
        lacks in prop::collection::vec(any_lack(), 100),
        rules in any_policy(),
        limit in prop::option::of(1u64..1_000_000),
        wanted in prop::option::of(1u64..2000),
        floor in 1u32..8,
    ) {
        let mut days = days;
        days.retain(|(_, _, events)| !events.is_empty());
        let events = days.iter_mut().flat_map(|(_, _, events)| events);
        for (event, lacks) in events.zip(lacks) {
            let bytes = u64::from(event.name.secs().unwrap()) / 500;
            *event = EventView { bytes: Some(bytes), frees: Some(bytes), lacks_copy: lacks, ..event.clone() };
        }
        let view = copied(&days, 0);
        let rules = Policy { max_size: limit, min_free: wanted.map(MinFree::Bytes), floor_days: floor, ..rules };
        let plan = plan(&view, &rules, now());
        prop_assert!(plan.needs.is_empty());
        let mut taken = BTreeSet::new();
        let mut last_resort = Vec::new();
        for item in &plan.items {
            let is_without = matches!(item.reason, Reason::WithoutCopy { .. });
            for event in events_of(&days, item) {
                if item.events != EventSelection::All && !item.names().contains(&event.name) {
                    continue;
                }
                prop_assert!(taken.insert((item.camera.clone(), item.day, event.name)), "planned twice");
                prop_assert!(!event.saved && !event.open);
                prop_assert_eq!(event.lacks_copy, is_without.then_some(WhenFull::Expire));
                if is_without {
                    last_resort.push(event.frees.unwrap());
                }
            }
        }
        for item in &plan.kept {
            prop_assert!(item.names().iter().all(|name| !taken.contains(&(item.camera.clone(), item.day, *name))));
        }
        if let Some(last) = last_resort.last() {
            let frees: u64 = plan.items.iter().filter_map(|item| item.frees).sum();
            prop_assert!(frees - last < wanted.unwrap_or(0) * 21 / 20 + 1, "the last one was needed");
            for (number, back, events) in &days {
                let may_go = |event: &&EventView| event.may_go() && *back >= u64::from(floor.max(2));
                for event in events.iter().filter(may_go) {
                    let is_forever = rules.cameras.get(&camera(*number)) == Some(&Keep::Forever);
                    prop_assert!(is_forever || taken.contains(&(camera(*number), ago(*back), event.name)), "copied ones first");
                }
            }
        }
    }
}
