//! Tests of patterns over the names of real recordings. Those of [`group`] and the property tests are below.

mod events;
pub(super) mod names;
mod properties;
mod refused;

use super::*;

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

fn layout(patterns: &[&str]) -> Layout {
    Layout::new(patterns.iter().map(|text| pattern(text)).collect()).unwrap()
}

fn file(layout: &Layout, path: &str) -> FlatFile {
    match layout.parse(path) {
        Parsed::File(file) => file,
        other => panic!("{path}: {other:?}"),
    }
}

fn frame(name: &str) -> Frame {
    Frame::parse(name.as_bytes()).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The names that a layout does not describe.
fn not_described<'a>(layout: &Layout, names: &'a str) -> Vec<&'a str> {
    names.split_whitespace().filter(|name| layout.parse(name) == Parsed::None).collect()
}

#[test]
fn default_names_of_motion_5_parse() {
    let layout = layout(&["%v-%{movienbr}-%Y%m%d%H%M%S"]);
    assert_eq!(not_described(&layout, names::MOTION_5), ["lastsnap.jpg"]);
    let expected =
        |secs, number, part, kind| FlatFile { camera: None, day: day("2026-11-28"), secs, number, part, kind };
    let at = 13 * 3600 + 17 * 60 + 25;
    let movie = expected(at, Some(2), Some(2), FileKind::Movie(Container::Mkv));
    assert_eq!(file(&layout, "02-2-20261128131725.mkv"), movie);
    let picture = expected(at, Some(2), None, FileKind::Picture(frame("13-17-25-04.jpg")));
    assert_eq!(file(&layout, "02-20261128131725-04.jpg"), picture);
    assert_eq!(file(&layout, "02-20261128131717-snapshot.jpg"), expected(at - 8, Some(2), None, FileKind::Snapshot));
    assert_eq!(file(&layout, "20261128-timelapse.mpg"), expected(0, None, None, FileKind::Timelapse));
    assert_eq!(file(&layout, ".02-2-20261128131725.saved"), expected(at, Some(2), None, FileKind::Saved));
    assert_eq!(file(&layout, ".02-20261128131725-04.saved"), expected(at, Some(2), None, FileKind::Saved));
    let debug = FileKind::DebugPicture(frame("13-17-25-04r.webp"));
    assert_eq!(file(&layout, "02-20261128131725-04r.webp").kind, debug);
    assert_eq!(file(&layout, "02-2-20261128131725m.mkv").kind, FileKind::DebugMovie(Container::Mkv));
}

#[test]
fn names_of_motion_eye_parse() {
    let layout = layout(&["%Y-%m-%d/%H-%M-%S"]);
    assert_eq!(not_described(&layout, names::MOTION_EYE_1), [".keep"]);
    assert_eq!(not_described(&layout, names::MOTION_EYE_2), [".keep"]);
    assert_eq!(not_described(&layout, names::MOTION_EYE_3), [".keep", "lastsnap.jpg"]);
    let kind = |name: &str| file(&layout, &format!("2026-11-28/{name}")).kind;
    assert_eq!(kind("13-10-02.mp4"), FileKind::Movie(Container::Mp4));
    assert_eq!(kind("13-10-02m.mp4"), FileKind::DebugMovie(Container::Mp4));
    assert_eq!(kind("13-10-02.mp4.thumb"), FileKind::Thumb);
    assert_eq!(kind("13-10-02m.mp4.thumb"), FileKind::DebugThumb);
    assert_eq!(kind("13-10-07.jpg"), FileKind::Picture(frame("13-10-07-00.jpg")));
    assert_eq!(kind("13-10-07m.jpg"), FileKind::DebugPicture(frame("13-10-07-00m.jpg")));
    assert_eq!(kind("13-10-07-123.ppm"), FileKind::Picture(frame("13-10-07-123.ppm")));
    assert_eq!(kind(".13-10-02.saved"), FileKind::Saved);
    assert_eq!(file(&layout, "2026-11-28/20261128-timelapse.avi").kind, FileKind::Timelapse);
    assert_eq!(layout.parse("2026-11-28/20261127-timelapse.avi"), Parsed::None);
}

#[test]
fn pictures_and_movies_derive_each_other() {
    for text in ["%t-%v-%Y%m%d%H%M%S", "%t-%v-%Y%m%d%H%M%S-%q"] {
        let layout = layout(&[text]);
        assert_eq!(file(&layout, "2-01-20261128131725.avi").camera, Some("Camera2".parse().unwrap()));
        assert_eq!(file(&layout, "2-01-20261128131725-05.jpg").number, Some(1));
        assert_eq!(file(&layout, "2-01-20261128131725-snapshot.jpg").kind, FileKind::Snapshot);
    }
    let layout = layout(&["%Y%m%d_%H%M%S_%q_%v", "%v_%{movienbr}_%Y%m%d_%H%M%S"]);
    assert_eq!(file(&layout, "20261128_131725_05_01.jpg").kind, FileKind::Picture(frame("13-17-25-05.jpg")));
    assert_eq!(file(&layout, "20261128_131725_01.mp4").number, Some(1));
    assert_eq!(file(&layout, "01_20261128_131725.jpg").number, Some(1));
    assert_eq!(layout.parse("01_3_20261128_131725.jpg"), Parsed::None);
}

#[test]
fn matching_is_strict() {
    let layout = layout(&["%v-%Y%m%d%H%M%S"]);
    for name in [
        "1-20261128131725.mp4",
        "001-20261128131725.mp4",
        "01-20261328131725.mp4",
        "01-20260230131725.mp4",
        "01-20261128241725.mp4",
        "01-20261128136025.mp4",
        "01-20261128131760.mp4",
        "01-2026112813172.mp4",
        "01-202611281317255.mp4",
        "01-20261128131725.mp4.part",
        "01-20261128131725.MP4",
        "01-20261128131725 .mp4",
        " 01-20261128131725.mp4",
        "x/01-20261128131725.mp4",
        "/01-20261128131725.mp4",
        ".01-20261128131725.mp4",
        "01-20261128131725.saved",
        "..01-20261128131725.saved",
        "٠١-20261128131725.mp4",
        "01-20261128131725mm.mp4",
        "01-20261128131725r.mp4",
        "01-20261128131725-5.jpg",
        "01-20261128131725-00005.jpg",
        "01-20261128131725-snapshotm.jpg",
        "2026-timelapse.mpg",
        "",
        ".",
    ] {
        assert_eq!(layout.parse(name), Parsed::None, "{name}");
    }
    assert_eq!(file(&layout, "100-20261128131725.mp4").number, Some(100));
    assert_eq!(file(&self::layout(&["%3v-%F_%T"]), "001-2026-11-28_13:17:25.mp4").number, Some(1));
    assert_eq!(file(&self::layout(&["%y%m%d%%%H%M%S"]), "261128%131725.mp4").day, day("2026-11-28"));
    assert_eq!(file(&self::layout(&["%{eventid}-%Y%m%d%H%M%S"]), "0000120261128131725-20261128131725.mp4").secs, 47845);
}

#[test]
fn two_readings_are_ambiguous() {
    let layout = layout(&["%t-%v-%Y%m%d%H%M%S", "%v-%{movienbr}-%Y%m%d%H%M%S"]);
    assert_eq!(layout.parse("10-10-20261128131725.mkv"), Parsed::Ambiguous);
    assert_eq!(file(&layout, "1-01-20261128131725.mkv").camera, Some("Camera1".parse().unwrap()));
    assert_eq!(file(&layout, "01-1-20261128131725.mkv").part, Some(1));
    let names = self::layout(&["%$_%Y_%$_%Y%m%d%H%M%S", "%$-%v-%Y%m%d%H%M%S"]);
    let camera = |name: &str| file(&names, name).camera.unwrap().to_string();
    assert_eq!(camera("front door-01-02-20261128131725.mkv"), "front door-01");
    assert_eq!(camera("Tür_2026_Tür_20261128131725.mkv"), "Tür");
    assert_eq!(self::layout(&["%$-%v-%$x-%Y%m%d%H%M%S"]).parse("a-01-ax-20261128131725.mkv"), {
        Parsed::File(FlatFile { camera: Some("a".parse().unwrap()), ..file(&names, "a-01-20261128131725.mkv") })
    });
    for hidden in [".front-01-20261128131725.mkv", "queue-01-20261128131725.mkv", "a/b-01-20261128131725.mkv"] {
        assert_eq!(names.parse(hidden), Parsed::None, "{hidden}");
    }
    let unclear = self::layout(&["%$1%v-%Y%m%d%H%M%S"]);
    assert_eq!(unclear.parse("cam1111-20261128131725.mkv"), Parsed::Ambiguous);
}

#[test]
fn directories_lead_to_files() {
    let hours = pattern("%Y/%m/%d/%H/%Y%m%d-%M%S");
    assert_eq!((hours.date(), hours.dirs()), (DatePlace::Directory { levels: 3 }, 4));
    assert_eq!(hours.day_dir(day("2026-11-28")).as_deref(), Some("2026/11/28"));
    assert_eq!(hours.day_of_dir("2026/11/28"), Some(day("2026-11-28")));
    for bad in ["2026/11", "2026/11/31", "2026/11/28/", "2026-11-28", "2026/11/028", "/2026/11/28", ""] {
        assert_eq!(hours.day_of_dir(bad), None, "{bad}");
    }
    for good in ["2026", "2026/11", "2026/11/30", "2026/11/30/23"] {
        assert!(hours.may_lead(good), "{good}");
    }
    for bad in ["", "26", "2026/13", "2026/11/31", "2026/11/30/24", "2026/11/30/23/00", "2026/", "Camera1"] {
        assert!(!hours.may_lead(bad), "{bad}");
    }
    assert_eq!(file(&layout(&["%Y/%m/%d/%H/%Y%m%d-%M%S"]), "2026/11/28/13/20261128-1725.mp4").secs, 47_845);
    assert_eq!(layout(&["%Y/%m/%d/%H/%Y%m%d-%M%S"]).parse("2026/11/28/13/20261127-1725.mp4"), Parsed::None);

    let flat = pattern("%v-%Y%m%d%H%M%S");
    assert_eq!((flat.date(), flat.dirs(), flat.day_dir(day("2026-11-28"))), (DatePlace::File, 0, None));
    assert!(flat.is_numbered() && !flat.names_camera() && !flat.may_lead("01"));
    let cameras = pattern("%$/%v-%Y%m%d%H%M%S");
    assert!(cameras.names_camera() && cameras.may_lead("front") && !cameras.may_lead(".owlery"));
    assert_eq!(cameras.date(), DatePlace::File);
    assert_eq!(pattern("%y%m%d/%H%M%S").day_dir(day("1999-11-28")), None);
}

#[test]
fn patterns_go_round_as_text() {
    let text = r#"["%v-%{movienbr}-%Y%m%d%H%M%S","%v-%F-%H%M%S-%q"]"#;
    let patterns: Vec<Pattern> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&patterns).unwrap(), text);
    assert_eq!(patterns[1], pattern("%v-%F-%H%M%S-%q"));
    assert!(Layout::new(patterns).unwrap().is_numbered());
    assert!(!Layout::default().is_numbered() && Layout::default().parse("13-10-02.mp4") == Parsed::None);
}
