//! Tests of [`group`].

use super::*;

/// The events as `HH-MM-SS: number of members`, and the loose names.
fn events<'a>(patterns: &[&str], names: &[&'a str]) -> (Vec<String>, Vec<&'a str>) {
    let layout = layout(patterns);
    let (mut known, mut files) = (Vec::new(), Vec::new());
    for name in names {
        if let Parsed::File(file) = layout.parse(name) {
            known.push(*name);
            files.push(file);
        }
    }
    let grouped = group(&files);
    let events = grouped.events.iter().map(|event| format!("{}: {}", event.name, event.members.len())).collect();
    (events, grouped.loose.iter().map(|index| known[*index]).collect())
}

const NUMBERED: &[&str] = &["%v-%{movienbr}-%Y%m%d%H%M%S"];
const BY_TIME: &[&str] = &["%Y-%m-%d/%H-%M-%S"];

/// The events of a day, from names of their times.
fn by_time<'a>(names: &[&'a str]) -> (Vec<String>, Vec<&'a str>) {
    let paths: Vec<String> = names.iter().map(|name| format!("2026-11-28/{name}")).collect();
    let (events, loose) = events(BY_TIME, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    let loose: Vec<String> = loose.into_iter().map(str::to_owned).collect();
    (events, names.iter().filter(|name| loose.contains(&format!("2026-11-28/{name}"))).copied().collect())
}

#[test]
fn numbers_make_events() {
    let names: Vec<&str> = names::MOTION_5.split_whitespace().collect();
    let (events, loose) = events(NUMBERED, &names);
    assert_eq!(events, ["13-17-08: 30", "13-17-20: 43", "13-17-35: 31", "13-17-54: 31"]);
    let expected = [
        "20261128-timelapse.mpg",
        "02-20261128131717-snapshot.jpg",
        "03-20261128131737-snapshot.jpg",
        "04-20261128131757-snapshot.jpg",
    ];
    assert_eq!(loose, expected);
}

#[test]
fn a_restart_begins_another_event_of_a_number() {
    let (groups, loose) = events(
        NUMBERED,
        &[
            "01-1-20261128080000.mkv",
            "02-1-20261128081000.mkv",
            "01-1-20261128082000.mkv",
            "01-1-20261128103000.mkv",
            "01-2-20261128120000.mkv",
            ".01-2-20261128120000.saved",
            ".02-2-20261128120000.saved",
        ],
    );
    assert_eq!(groups, ["08-00-00: 1", "08-10-00: 1", "08-20-00: 1", "10-30-00: 3"]);
    assert_eq!(loose, [".02-2-20261128120000.saved"]);
}

#[test]
fn pre_capture_does_not_split_an_event() {
    let (groups, loose) = events(
        NUMBERED,
        &[
            "01-1-20261128080000.mkv",
            "01-20261128080008-01.jpg",
            "02-20261128080009-04.jpg",
            "01-20261128080010-01.jpg",
            "02-1-20261128080011.mkv",
            "02-20261128080030-01.jpg",
        ],
    );
    assert_eq!(groups, ["08-00-00: 3", "08-00-11: 3"]);
    assert!(loose.is_empty());
}

#[test]
fn pictures_alone_name_an_event_by_the_first() {
    let (groups, loose) =
        events(NUMBERED, &["01-20261128080001-01.jpg", "01-20261128080000-02.jpg", "02-20261128080009-04m.jpg"]);
    assert_eq!(groups, ["08-00-00: 2"]);
    assert_eq!(loose, ["02-20261128080009-04m.jpg"]);
}

#[test]
fn events_of_one_second_merge() {
    let (groups, _) =
        events(NUMBERED, &["01-1-20261128080000.mkv", "02-1-20261128080000.mkv", "02-20261128080001-01.jpg"]);
    assert_eq!(groups, ["08-00-00: 3"]);
    let (groups, _) = by_time(&["08-00-00.mkv", "08-00-00.mp4"]);
    assert_eq!(groups, ["08-00-00: 2"]);
}

#[test]
fn movies_make_events() {
    let names: Vec<&str> = names::MOTION_EYE_3.split_whitespace().collect();
    let (groups, loose) = events(BY_TIME, &names);
    assert_eq!(groups, ["13-10-02: 6", "13-10-17: 6", "13-10-32: 6", "13-10-52: 5", "13-11-04: 3"]);
    assert_eq!(loose.len(), 0);
    let names: Vec<&str> = names::MOTION_EYE_1.split_whitespace().collect();
    let (groups, loose) = events(BY_TIME, &names);
    assert_eq!((groups.len(), loose.len()), (5, 0));
}

#[test]
fn pictures_go_to_the_event_that_has_begun() {
    let (groups, loose) = by_time(&[
        "07-58-59.jpg",
        "07-59-00.jpg",
        "08-00-00.mp4",
        "08-00-00m.mp4",
        "08-00-00.mp4.thumb",
        "08-10-00.jpg",
        "08-10-00m.jpg",
        "08-20-00.mp4",
        "08-20-01m.mp4",
        "08-20-01.mp4.thumb",
        ".08-10-00.saved",
        ".08-15-00.saved",
        "20261128-timelapse.mpg",
    ]);
    assert_eq!(groups, ["08-00-00: 7", "08-20-00: 1"]);
    let expected = ["07-58-59.jpg", "08-20-01m.mp4", "08-20-01.mp4.thumb", ".08-15-00.saved", "20261128-timelapse.mpg"];
    assert_eq!(loose, expected);
    assert_eq!(by_time(&["08-00-00.jpg", "08-00-00m.mp4"]).0, Vec::<String>::new());
}
