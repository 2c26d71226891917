use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3600;
/// 2026-11-20 12:00 UTC.
const NOON: i64 = 1_795_176_000;

fn record(longest_gap: u64) -> Record {
    Record { wall: NOON, boottime: 1000, boot_id: "a".to_owned(), longest_gap }
}

/// A reading so many seconds by the wall clock and by `CLOCK_BOOTTIME` after the record.
fn same_boot(wall: i64, passed: u64) -> Reading {
    Reading { wall: NOON + wall, boottime: 1000 + passed, boot_id: "a".to_owned() }
}

fn other_boot(wall: i64) -> Reading {
    Reading { wall: NOON + wall, boottime: 30, boot_id: "b".to_owned() }
}

fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap()
}

#[test]
fn within_a_boot_a_day_ahead_is_accepted() {
    let record = record(100 * DAY); // which matters for another boot only
    for passed in [0, 5, HOUR, 40 * DAY] {
        let allowed = signed(passed + DAY);
        assert_eq!(judge(&record, &same_boot(allowed, passed)), Ok(()));
        assert!(judge(&record, &same_boot(allowed + 1, passed)).is_err());
    }
    let why = judge(&record, &same_boot(signed(400 * DAY), 2 * HOUR)).unwrap_err();
    assert_eq!(
        why,
        "the clock shows 2027-12-25T12:00:00Z, but it showed 2026-11-20T12:00:00Z only 2h ago, by the time since the boot"
    );
}

#[test]
fn reboots_allow_a_week_or_twice_the_gap() {
    for (longest, allowed) in [(0, 7 * DAY), (DAY, 7 * DAY), (4 * DAY, 8 * DAY), (90 * DAY, 180 * DAY)] {
        let record = record(longest);
        assert_eq!(judge(&record, &other_boot(signed(allowed))), Ok(()));
        assert!(judge(&record, &other_boot(signed(allowed) + 1)).is_err());
    }
    let why = judge(&record(0), &other_boot(signed(30 * DAY))).unwrap_err();
    assert!(why.contains("2026-12-20T12:00:00Z") && why.contains("more than 7days"), "{why}");
}

#[test]
fn more_than_a_day_behind_is_held() {
    let record = record(0);
    for reading in [same_boot(-signed(DAY), 10 * DAY), other_boot(-signed(DAY))] {
        assert_eq!(judge(&record, &reading), Ok(()));
    }
    for reading in [same_boot(-signed(DAY) - 1, 10 * DAY), other_boot(-signed(DAY) - 1), other_boot(-NOON)] {
        assert!(judge(&record, &reading).is_err());
    }
    let why = judge(&record, &other_boot(-NOON)).unwrap_err();
    assert!(why.contains("1970-01-01T00:00:00Z") && why.contains("2026-11-20T12:00:00Z"), "{why}");
}

#[test]
fn extreme_numbers_hold_without_overflow() {
    let strange = Record { wall: i64::MAX, boottime: u64::MAX, boot_id: "a".to_owned(), longest_gap: u64::MAX };
    assert!(judge(&strange, &same_boot(0, 0)).is_err());
    assert!(judge(&Record { wall: i64::MIN, ..strange.clone() }, &same_boot(0, 0)).is_err());
    assert_eq!(judge(&strange, &Reading { wall: i64::MAX, ..other_boot(0) }), Ok(()));
}

/// From the last record of a run to the first reading of the next.
#[test]
fn the_gap_lies_between_two_runs() {
    let before = record(2 * DAY);
    let first = other_boot(signed(5 * DAY));
    assert_eq!(next(Some(&before), Some(&first), &first).longest_gap, 5 * DAY);
    assert_eq!(next(Some(&record(6 * DAY)), Some(&first), &first).longest_gap, 6 * DAY, "the longest so far");
    assert_eq!(next(Some(&before), None, &first).longest_gap, 2 * DAY, "not the first record of this run");
    assert_eq!(next(None, Some(&first), &first).longest_gap, 0, "the first run");

    let first = same_boot(signed(3 * DAY), 3 * DAY + HOUR);
    assert_eq!(next(Some(&before), Some(&first), &first).longest_gap, 3 * DAY + HOUR, "within a boot, what passed");
}

/// A clock that was corrected during the run shows the gap before it.
#[test]
fn a_corrected_clock_shows_the_earlier_gap() {
    let first = other_boot(-NOON); // it began in 1970
    let right = Reading { boottime: first.boottime + 2 * HOUR, ..other_boot(signed(20 * DAY + 2 * HOUR)) };
    assert_eq!(next(Some(&record(0)), Some(&first), &right).longest_gap, 20 * DAY);
}

#[test]
fn records_of_a_wrong_clock_are_not_learned() {
    let in_1970 = Record { wall: 1000, ..record(0) };
    let right = other_boot(0);
    assert_eq!(next(Some(&in_1970), Some(&right), &right).longest_gap, 0, "nothing was away for 56 years");

    let ahead = Record { wall: NOON + signed(300 * DAY), ..record(300 * DAY) };
    assert_eq!(next(Some(&ahead), Some(&right), &right).longest_gap, 0, "the gap was measured with that clock");
}

proptest! {
    /// Whatever happened before, a clock that was accepted is accepted again at once and an hour later.
    #[test]
    fn what_was_accepted_is_believed(
        wall in -signed(100_000 * DAY)..signed(100_000 * DAY), boot in "[ab]", longest in 0..100_000 * DAY, first in any::<bool>(),
    ) {
        let reading = Reading { wall: NOON + wall, boottime: 5000, boot_id: boot };
        let accepted = next(Some(&record(longest)), first.then_some(&reading), &reading);
        prop_assert_eq!(judge(&accepted, &reading), Ok(()));
        let later = Reading { wall: reading.wall + 3600, boottime: 8600, ..reading.clone() };
        prop_assert_eq!(judge(&accepted, &later), Ok(()));
        let rebooted = Reading { boottime: 10, boot_id: "c".to_owned(), ..later };
        prop_assert_eq!(judge(&accepted, &rebooted), Ok(()));
    }

    /// Clocks that agree are never held within a boot, and a jump of more than a day always is.
    #[test]
    fn a_jump_is_told_from_time_that_passes(passed in 0..4000 * DAY, jump in -signed(4000 * DAY)..signed(4000 * DAY)) {
        let record = record(0);
        prop_assert_eq!(judge(&record, &same_boot(signed(passed), passed)), Ok(()));
        let jumped = judge(&record, &same_boot(signed(passed) + jump, passed));
        prop_assert_eq!(jumped.is_err(), jump > signed(DAY) || signed(passed) + jump < -signed(DAY));
    }
}
