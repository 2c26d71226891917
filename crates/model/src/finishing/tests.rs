use proptest::prelude::*;

use super::*;

/// The nanoseconds of a wall time of the test's day.
fn nanos(text: &str) -> i64 {
    let secs = EventName::from_bytes(text.as_bytes()).unwrap().secs().unwrap();
    (1_800_000_000 + i64::from(secs)) * 1_000_000_000
}

/// A file written at the time in its name, `days` after the test's day.
fn file(name: &str, days: i64) -> File {
    let time = name.strip_prefix("debug/").unwrap_or(name).get(..8).unwrap();
    File { name: name.as_bytes().to_vec(), mtime: nanos(time) + days * DAY * 1_000_000 }
}

fn other(name: &str, time: &str) -> File {
    File { name: name.as_bytes().to_vec(), mtime: nanos(time) }
}

const GAP: Duration = Duration::from_secs(90);

fn of(files: &[File]) -> Vec<Part> {
    parts(files, GAP)
}

/// The frames of a part in order, and its name.
fn told(part: &Part) -> (Vec<String>, String) {
    (part.shots.iter().map(|shot| shot.frame.to_string()).collect(), part.name().unwrap().to_string())
}

fn names(part: &Part) -> Vec<String> {
    part.files.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

#[test]
fn an_event_is_called_by_its_first_frame() {
    let parts = of(&[file("10-04-37-00.jpg", 0), file("10-04-35-03.jpg", 0), file("10-04-36-00m.jpg", 0)]);
    let [part] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!(told(part).1, "10-04-35");
    assert_eq!(names(part), ["10-04-36-00m.jpg", "10-04-37-00.jpg", "10-04-35-03.jpg"], "the first frame moves last");
    assert_eq!(part.ended(), Some(nanos("10-04-37")));
}

#[test]
fn debug_frames_do_not_name_an_event() {
    let parts = of(&[file("10-04-34-00m.jpg", 0), file("10-04-36-00.jpg", 0)]);
    assert_eq!(told(&parts[0]).1, "10-04-36");
    assert_eq!(told(&of(&[file("10-04-34-00m.jpg", 0)])[0]).1, "10-04-34", "unless it has no other");
}

#[test]
fn frames_over_midnight_are_in_true_order() {
    let expected = ["23-59-58-00.jpg", "23-59-59-03.jpg", "00-00-00-00.jpg", "00-00-01-00.jpg"];
    let written = [
        file("00-00-00-00.jpg", 1),
        file("00-00-01-00.jpg", 1),
        file("23-59-58-00.jpg", 0),
        file("23-59-59-03.jpg", 0),
    ];
    let parts = of(&written);
    assert_eq!((parts.len(), told(&parts[0])), (1, (expected.map(str::to_owned).to_vec(), "23-59-58".to_owned())));
    // A copy that kept no times.
    let copied = written.map(|file| File { mtime: nanos("12-00-00"), ..file });
    assert_eq!(told(&of(&copied)[0]).0, expected);
    let mut reversed = copied.clone();
    reversed.reverse();
    assert_eq!(told(&of(&reversed)[0]).0, expected);
}

#[test]
fn a_repeated_hour_is_in_true_order() {
    let mut written = [
        file("02-59-57-00.jpg", 0),
        file("02-59-59-00.jpg", 0),
        file("02-00-00-00.jpg", 0),
        file("02-00-04-00.jpg", 0),
    ];
    for late in &mut written[2..] {
        late.mtime += HOUR * 1_000_000;
    }
    let parts = of(&written);
    assert_eq!(parts.len(), 1);
    assert_eq!(told(&parts[0]).0, ["02-59-57-00.jpg", "02-59-59-00.jpg", "02-00-00-00.jpg", "02-00-04-00.jpg"]);
    assert_eq!(parts[0].shots[3].at - parts[0].shots[0].at, 7 * SECOND);
}

/// Motion began its numbers anew and wrote a second event into the same directory.
#[test]
fn two_events_are_told_apart() {
    let files = [
        file("10-04-35-00.jpg", 0),
        file("10-04-36-00.jpg", 0),
        file("debug/10-04-36-00m.jpg", 0),
        file("14-20-00-00.jpg", 0),
        file("14-20-01-00.jpg", 0),
        file("14-20-01-00m.jpg", 0),
        other("thumbnail.jpg", "10-04-37"),
        other("video.mp4", "14-20-02"),
        other("notes.txt", "09-00-00"),
        other(".saved", "14-20-02"),
    ];
    let parts = of(&files);
    let [first, second] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!((told(first).1.as_str(), told(second).1.as_str()), ("10-04-35", "14-20-00"));
    assert_eq!(
        names(first),
        ["notes.txt", "thumbnail.jpg", "debug/10-04-36-00m.jpg", "10-04-36-00.jpg", "10-04-35-00.jpg"]
    );
    assert_eq!(names(second), ["video.mp4", "14-20-01-00m.jpg", "14-20-01-00.jpg", "14-20-00-00.jpg"]);
    assert_eq!(parts[0].frames(Shows::Motion).count(), 1);
}

/// An event over the beginning of daylight saving time: its names leave out an hour, its files were written without a break.
#[test]
fn an_hour_that_is_left_out_splits_nothing() {
    let mut written: Vec<File> = (50..60).map(|n| file(&format!("01-59-{n}-00.jpg"), 0)).collect();
    written.extend((0..10).map(|n| file(&format!("03-00-0{n}-00.jpg"), 0)));
    for late in &mut written[10..] {
        late.mtime -= HOUR * 1_000_000;
    }
    let parts = of(&written);
    assert_eq!((parts.len(), told(&parts[0]).1.as_str()), (1, "01-59-50"));
    assert_eq!(parts[0].shots[19].at - parts[0].shots[0].at, 19 * SECOND);
    written.push(file("04-03-00-00.jpg", 0));
    written[20].mtime -= HOUR * 1_000_000;
    assert_eq!(told(&of(&written)[1]).1, "04-03-00", "an event is called by the name of its frame");
    written.pop();
    // A copy that kept no times: two events, an hour apart.
    let copied: Vec<File> = written.into_iter().map(|file| File { mtime: nanos("12-00-00"), ..file }).collect();
    assert_eq!(of(&copied).len(), 2);
}

/// Motion writes lone debug frames under the number of the next event.
#[test]
fn lone_debug_frames_begin_no_event() {
    let files = [
        file("02-10-00-00m.jpg", 0),
        file("04-40-20-00m.jpg", 0),
        file("07-00-00-00.jpg", 0),
        file("07-00-01-00m.jpg", 0),
        file("09-00-00-00m.jpg", 0),
    ];
    let parts = of(&files);
    let [part] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!((told(part).1.as_str(), part.files.len()), ("07-00-00", 5));
    let debug: Vec<String> = part.debug_frames(GAP).map(|shot| shot.frame.to_string()).collect();
    assert_eq!(debug, ["07-00-01-00m.jpg"]);
    assert_eq!(part.ended(), Some(nanos("07-00-00")));
    assert_eq!(of(&files[..2]).len(), 1, "without an event they stay together");
    assert_eq!(of(&files[..2])[0].debug_frames(GAP).count(), 2);
}

#[test]
fn silence_within_the_gap_splits_nothing() {
    assert_eq!(of(&[file("10-00-00-00.jpg", 0), file("10-01-30-00.jpg", 0)]).len(), 1);
    assert_eq!(of(&[file("10-00-00-00.jpg", 0), file("10-01-31-00.jpg", 0)]).len(), 2);
}

#[test]
fn a_directory_without_frames_has_no_parts() {
    assert_eq!(of(&[other("video.mp4", "10-00-00"), other(".saved", "10-00-00")]), []);
}

/// Files of which only some kept their times are no second event.
#[test]
fn a_half_copied_event_stays_one() {
    let parts = of(&[file("10-00-00-00.jpg", 0), file("10-00-01-00.jpg", 12), file("10-00-02-00.jpg", 400)]);
    assert_eq!(parts.len(), 1);
}

#[test]
fn frames_are_shown_at_their_own_times() {
    let parts = of(&[file("10-00-00-00.jpg", 0), file("10-00-00-04.jpg", 0), file("10-00-10-02.jpg", 0)]);
    let shown = showing(parts[0].frames(Shows::Camera));
    assert!(!shown.is_timelapse);
    let times: Vec<u128> = shown.frames.iter().map(|(_, at)| at.as_millis()).collect();
    assert_eq!(times, [0, 800, 10_400]);
}

#[test]
fn a_long_event_becomes_a_timelapse() {
    let all: Vec<File> =
        (0..3000).map(|n| file(&format!("10-{:02}-{:02}-0{}.jpg", n / 5 / 60, n / 5 % 60, n % 5), 0)).collect();
    let parts = of(&all);
    let shown = showing(parts[0].frames(Shows::Camera));
    assert!(shown.is_timelapse && shown.frames.len() <= 1501, "{}", shown.frames.len());
    let (first, last) = (shown.frames[0], shown.frames[shown.frames.len() - 1]);
    assert_eq!((first.0.to_string().as_str(), first.1), ("10-00-00-00.jpg", Duration::ZERO));
    assert!(last.1 <= TIMELAPSE && last.1 > Duration::from_secs(59), "{:?}", last.1);
    let exactly = [file("10-00-00-00.jpg", 0), file("10-05-00-00.jpg", 0)];
    let whole = parts_of_any_gap(&exactly);
    assert!(!showing(whole[0].frames(Shows::Camera)).is_timelapse, "five minutes are not too long");
}

fn parts_of_any_gap(files: &[File]) -> Vec<Part> {
    parts(files, Duration::MAX)
}

#[test]
fn other_names_are_the_next_seconds() {
    let first = EventName::Time(86_398);
    let all: Vec<String> = super::names(first).map(|name| name.to_string()).collect();
    assert_eq!(all, ["23-59-58", "23-59-59"], "an event stays in its day");
}

proptest! {
    /// Each file but the hidden ones belongs to exactly one part, and parts follow each other in time.
    #[test]
    fn every_file_is_in_one_part(
        frames in prop::collection::btree_map((0u32..86_400, 0u16..30, any::<bool>()), any::<i64>(), 1..40),
        others in prop::collection::btree_map("[a-z.]{1,6}", any::<i64>(), 0..5),
        gap in 0u64..10_000,
    ) {
        let frame = |((secs, sub, is_debug), mtime): (&(u32, u16, bool), &i64)| {
            let shows = if *is_debug { Shows::Motion } else { Shows::Camera };
            let frame = Frame { secs: *secs, sub: *sub, width: 2, shows, format: crate::event::frames::Format::Jpg };
            File { name: frame.to_string().into_bytes(), mtime: *mtime }
        };
        let mut files: Vec<File> = frames.iter().map(frame).collect();
        files.extend(others.iter().map(|(name, mtime)| File { name: name.clone().into_bytes(), mtime: *mtime }));
        let parts = parts(&files, Duration::from_secs(gap));
        let mut found: Vec<&Vec<u8>> = parts.iter().flat_map(|part| &part.files).collect();
        found.sort();
        let mut expected: Vec<&Vec<u8>> = files.iter().map(|file| &file.name).filter(|name| !name.starts_with(b".")).collect();
        expected.sort();
        prop_assert_eq!(found, expected);
        for pair in parts.windows(2) {
            prop_assert!(pair[0].shots.last().unwrap().at < pair[1].shots[0].at);
        }
        for part in &parts {
            prop_assert!(part.name().is_some_and(|name| name.secs().is_some()));
            let shown = showing(part.shots.iter());
            prop_assert!(shown.frames.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        }
    }

    /// Moving the files of the first part away in their order leaves the same parts at each step.
    #[test]
    fn an_interrupted_split_goes_on(
        first in prop::collection::btree_set(36_000u32..36_100, 1..10),
        second in prop::collection::btree_set(50_000u32..50_100, 1..10),
        moved in 0usize..10,
    ) {
        let name = |secs: &u32| File {
            name: format!("{}-00.jpg", EventName::Time(*secs)).into_bytes(),
            mtime: i64::from(*secs) * 1_000_000_000,
        };
        let all: Vec<File> = first.iter().chain(&second).map(name).collect();
        let gap = Duration::from_secs(200);
        let before = parts(&all, gap);
        let gone: Vec<Vec<u8>> = before[0].files.iter().take(moved.min(before[0].files.len() - 1)).cloned().collect();
        let left: Vec<File> = all.into_iter().filter(|file| !gone.contains(&file.name)).collect();
        let after = parts(&left, gap);
        prop_assert_eq!(after[0].name(), before[0].name());
        prop_assert_eq!(&after[1], &before[1]);
    }
}
