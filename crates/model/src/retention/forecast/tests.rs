//! Worked examples, and what must hold for any numbers.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::retention::MinFree;

const GB: u64 = 1_000_000_000;

/// 2026-11-20, noon.
fn now() -> Now {
    let local = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
    Now { utc: local.and_utc(), local }
}

fn ago(days: u64) -> Day {
    Day::try_from(now().today()).unwrap().back(days)
}

fn name(number: u32) -> Camera {
    format!("Camera{number}").parse().unwrap()
}

/// A camera whose days are given as (days ago, events, measured bytes, unmeasured events), the first one first.
fn camera(number: u32, days: &[(u64, u64, u64, u64)]) -> CameraSums {
    let all = |of: fn(&(u64, u64, u64, u64)) -> u64| days.iter().map(of).fold(0, u64::saturating_add);
    CameraSums {
        camera: name(number),
        events: all(|day| day.1),
        bytes: all(|day| day.2),
        unmeasured: all(|day| day.3),
        since: days.first().map(|day| ago(day.0)),
        apart: false,
        days: days
            .iter()
            .map(|(back, events, bytes, unmeasured)| DaySums {
                day: ago(*back),
                events: *events,
                bytes: *bytes,
                unmeasured: *unmeasured,
            })
            .collect(),
    }
}

/// A camera that has recorded as much every day for so many days, today too.
fn steady(number: u32, days: u64, bytes: u64) -> CameraSums {
    camera(number, &(0..=days).rev().map(|back| (back, 10, bytes, 0)).collect::<Vec<_>>())
}

fn rates(camera: &CameraSums) -> (Option<u64>, Option<u64>) {
    let forecast = forecast(std::slice::from_ref(camera), None, &Policy::default(), now());
    let of = &forecast.cameras[&camera.camera];
    assert_eq!(
        (of.bytes_per_day_7, of.bytes_per_day_30),
        (forecast.archive.bytes_per_day_7, forecast.archive.bytes_per_day_30)
    );
    (of.bytes_per_day_7, of.bytes_per_day_30)
}

fn keep(days: u32) -> Policy {
    Policy { keep: Some(Keep::Days(days)), ..Policy::default() }
}

fn archive(cameras: &[CameraSums], disk: Disk, policy: &Policy) -> ArchiveForecast {
    forecast(cameras, Some(disk), policy, now()).archive
}

/// A camera that only takes snapshots fills the disk too.
#[test]
fn loose_files_count_for_the_rate() {
    assert_eq!(rates(&camera(1, &[(7, 0, 700, 0), (1, 0, 700, 0)])), (Some(200), Some(200)));
}

/// Since the camera's first day.
#[test]
fn the_rate_covers_complete_days() {
    assert_eq!(rates(&steady(1, 40, 700)), (Some(700), Some(700)));
    let week_only = camera(1, &[(40, 1, 1, 0), (7, 1, 300, 0), (1, 1, 400, 0), (0, 1, 9999, 0)]);
    assert_eq!(rates(&week_only), (Some(100), Some(23)), "days without events count as nothing, today not at all");
    let new = camera(1, &[(3, 1, 300, 0)]);
    assert_eq!(rates(&new), (Some(100), Some(100)), "nothing is said of the days before the first");
    assert_eq!(rates(&camera(1, &[(0, 1, 300, 0)])), (None, None), "today is not complete");
    assert_eq!(rates(&camera(1, &[])), (None, None));
    assert_eq!(rates(&camera(1, &[(90, 1, 300, 0)])), (Some(0), Some(0)), "it stands still");
}

#[test]
fn what_is_not_measured_is_like_what_is() {
    let half = camera(1, &[(2, 10, 1000, 5), (1, 10, 0, 10)]);
    assert_eq!(rates(&half).0, Some(2000), "5 of 20 events have 1000 bytes in two days");
    assert_eq!(rates(&camera(1, &[(20, 10, 1000, 0), (1, 10, 0, 10)])), (None, Some(100)));
    let (known, unknown) = (steady(1, 7, 100), camera(2, &[(1, 10, 0, 10)]));
    let both = forecast(&[known.clone(), unknown], None, &keep(9), now());
    assert_eq!(both.archive.bytes_per_day_7, None, "a sum with an unknown part is not known");
    assert_eq!(both.archive.kept, [Kept { rule: Rule::KeepDays, days: Some(9), bytes: None }]);
    let began_today = forecast(&[known, camera(2, &[(0, 10, 0, 10)])], None, &Policy::default(), now());
    assert_eq!(began_today.archive.bytes_per_day_7, Some(100));
}

#[test]
fn keeping_more_than_fits_is_warned_of() {
    let cameras = [steady(1, 6, 20 * GB), steady(2, 6, 67 * GB / 10)];
    let taken: u64 = cameras.iter().map(|camera| camera.bytes).sum();
    let disk = Disk { total: 600 * GB, free: 500 * GB - taken };
    let told = archive(&cameras, disk, &keep(45));
    assert_eq!((told.bytes_per_day_7, told.days_until_full), (Some(26_700_000_000), Some(11)));
    assert_eq!(told.kept, [Kept { rule: Rule::KeepDays, days: Some(45), bytes: Some(1_201_500_000_000) }]);
    assert_eq!(
        told.warnings,
        ["keeping 45 days takes about 1.2 TB at 26.7 GB a day, and the disk has 500.0 GB: it will be full in 11 days \
          at the earliest"]
    );
    assert!(archive(&cameras, disk, &keep(18)).warnings.is_empty(), "480.6 GB fit");
    assert_eq!(archive(&cameras, disk, &keep(19)).warnings.len(), 1, "507.3 GB do not");
    let mut policy = keep(45);
    policy.min_free = Some(MinFree::Percent(10.0));
    let told = archive(&cameras, disk, &policy);
    assert_eq!(told.kept[1], Kept { rule: Rule::MinFree, days: Some(16), bytes: Some(440 * GB) });
    assert!(told.warnings.is_empty(), "the rule of space makes it fit");
    let mut own = keep(45);
    own.cameras.insert(name(1), Keep::Days(10));
    let told = forecast(&cameras, Some(disk), &own, now());
    assert_eq!(told.cameras[&name(1)].kept, [Kept { rule: Rule::KeepDays, days: Some(10), bytes: Some(200 * GB) }]);
    assert_eq!(told.archive.kept, [Kept { rule: Rule::KeepDays, days: None, bytes: Some(501_500_000_000) }]);
    assert!(told.archive.warnings[0].starts_with("what the rules keep takes about 501.5 GB"), "{told:?}");
}

/// It may be larger than the disk.
#[test]
fn a_size_rule_is_a_number_of_days() {
    let cameras = [steady(1, 9, 10 * GB)];
    let disk = Disk { total: 500 * GB, free: 100 * GB };
    let size = |size: u64| Policy { max_size: Some(size), ..Policy::default() };
    let told = archive(&cameras, disk, &size(150 * GB));
    assert_eq!(told.kept, [Kept { rule: Rule::MaxSize, days: Some(15), bytes: Some(150 * GB) }]);
    assert!(told.warnings.is_empty());
    let told = archive(&cameras, disk, &size(300 * GB));
    assert_eq!(
        told.warnings,
        [
            "--max-size 300.0 GB is more than the 200.0 GB that the disk has: at 10.0 GB a day it will be full in 10 days \
          at the earliest"
        ]
    );
    let both = Policy { max_size: Some(300 * GB), ..keep(20) };
    assert!(archive(&cameras, disk, &both).warnings.is_empty(), "20 days are less than that, and fit");
    let mut of_camera = Policy::default();
    of_camera.camera_sizes.insert(name(1), 30 * GB);
    let told = forecast(&cameras, Some(disk), &of_camera, now());
    assert_eq!(told.cameras[&name(1)].kept, [Kept { rule: Rule::MaxSize, days: Some(3), bytes: Some(30 * GB) }]);
    assert!(told.archive.warnings.is_empty());
}

#[test]
fn a_rule_cannot_take_the_last_days() {
    let cameras = [steady(1, 9, 10 * GB)];
    let disk = Disk { total: 200 * GB, free: 100 * GB };
    let small = Policy { max_size: Some(15 * GB), ..Policy::default() };
    let told = archive(&cameras, disk, &small).warnings;
    assert_eq!(
        told,
        ["--max-size 15.0 GB leaves 15.0 GB for recordings, and the last 2 days, of which it takes nothing, need \
          20.0 GB at 10.0 GB a day"]
    );
    let floor = Policy { min_free: Some(MinFree::Bytes(120 * GB)), floor_days: 9, ..Policy::default() };
    let told = archive(&cameras, disk, &floor).warnings;
    assert!(told[0].starts_with("--min-free leaves 80.0 GB") && told[0].contains("9 days"), "{told:?}");
    assert!(archive(&cameras, disk, &Policy { floor_days: 8, ..floor }).warnings.is_empty());
}

#[test]
fn sparse_files_do_not_enlarge_the_disk() {
    let told = archive(&[steady(1, 9, 10 * GB)], Disk { total: 80 * GB, free: 30 * GB }, &keep(9)).warnings;
    assert!(told[0].starts_with("keeping 9 days takes about 90.0 GB") && told[0].contains("has 80.0 GB"), "{told:?}");
}

#[test]
fn cameras_on_other_disks_do_not_count() {
    let mut cameras = [steady(1, 9, 10 * GB), steady(2, 9, 90 * GB)];
    cameras[1].apart = true;
    let told = archive(&cameras, Disk { total: 200 * GB, free: 50 * GB }, &keep(12));
    assert_eq!((told.bytes_per_day_7, told.days_until_full), (Some(100 * GB), Some(5)));
    assert!(told.warnings.is_empty(), "{told:?}");
}

#[test]
fn zero_and_unknown_rates_fill_no_disk() {
    let disk = Disk { total: 10, free: 0 };
    for cameras in [&[][..], &[camera(1, &[])], &[camera(1, &[(9, 1, 1, 1)])], &[camera(1, &[(90, 1, 1, 0)])]] {
        let told = archive(cameras, disk, &keep(45));
        assert_eq!((told.days_until_full, told.warnings.len()), (None, 0), "{cameras:?}");
    }
}

fn any_days() -> impl Strategy<Value = Vec<(u64, u64, u64, u64)>> {
    let number = || prop_oneof![0..20u64, any::<u64>()];
    proptest::collection::vec((0..40u64, number(), number(), number()), 0..12)
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let size = || proptest::option::of(prop_oneof![1..100_000u64, 1..=u64::MAX]);
    let keep = || proptest::option::of(prop_oneof![Just(Keep::Forever), (1..=u32::MAX).prop_map(Keep::Days)]);
    let free = proptest::option::of(prop_oneof![
        (1..=u64::MAX).prop_map(MinFree::Bytes),
        (0.1..99.9f64).prop_map(MinFree::Percent)
    ]);
    (keep(), keep(), size(), size(), free, 1..=u32::MAX).prop_map(
        |(keep, own, max_size, own_size, min_free, floor_days)| {
            let mut policy = Policy { keep, max_size, min_free, floor_days, ..Policy::default() };
            policy.cameras.extend(own.map(|keep| (name(1), keep)));
            policy.camera_sizes.extend(own_size.map(|size| (name(2), size)));
            policy
        },
    )
}

proptest! {
    #[test]
    fn no_numbers_make_it_stumble(
        days in proptest::collection::vec((any_days(), any::<bool>()), 0..4),
        policy in any_policy(),
        disk in proptest::option::of((any::<u64>(), any::<u64>())),
    ) {
        let cameras: Vec<CameraSums> = (1..).zip(days)
            .map(|(number, (days, apart))| CameraSums { apart, ..camera(number, &days) })
            .collect();
        let disk = disk.map(|(total, free)| Disk { total, free });
        let told = forecast(&cameras, disk, &policy, now());
        prop_assert_eq!(told.cameras.len(), cameras.len());
        prop_assert!(disk.is_some() || told.archive.days_until_full.is_none());
        let json = serde_json::to_string(&told.archive).unwrap();
        prop_assert_eq!(serde_json::from_str::<ArchiveForecast>(&json).unwrap(), told.archive);
    }

    #[test]
    fn more_bytes_a_day_never_last_longer(
        bytes in 0..=u64::MAX / 64, more in 0..=u64::MAX / 64, days in 1..40u64, free in any::<u64>(), kept in 1..=u32::MAX,
    ) {
        let disk = Disk { total: u64::MAX, free };
        let policy = Policy { min_free: Some(MinFree::Bytes(1)), max_size: Some(free.max(1)), ..keep(kept) };
        let of = |bytes| archive(&[steady(1, days, bytes)], disk, &policy);
        let (less, more) = (of(bytes), of(bytes.saturating_add(more)));
        let never = |days: Option<u64>| days.unwrap_or(u64::MAX);
        prop_assert!(less.bytes_per_day_7 <= more.bytes_per_day_7);
        prop_assert!(never(less.days_until_full) >= never(more.days_until_full));
        prop_assert!(less.kept[0].bytes <= more.kept[0].bytes);
        prop_assert!(never(less.kept[1].days) >= never(more.kept[1].days));
    }

    #[test]
    fn more_days_never_remove_a_warning(bytes in 1..GB, days in 1..40u64, free in 0..100 * GB, kept in 1..200u32) {
        let of = |kept| archive(&[steady(1, days, bytes)], Disk { total: 200 * GB, free }, &keep(kept)).warnings.len();
        prop_assert!(of(kept) <= of(kept + 1));
    }
}
