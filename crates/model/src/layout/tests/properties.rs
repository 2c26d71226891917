//! Property tests: no text panics, what a pattern renders it reads, and groups lose no file.

use proptest::prelude::*;

use super::super::token::{Field, Token, tokens};
use super::*;

/// File names that can follow directories with the date.
const TIMES: &[&str] =
    &["%H%M%S", "%H-%M-%S", "%v-%H.%M.%S", "%T_%v", "%H%M%S-%{movienbr}-%t", "%$-%v_%H%M%S", "%q-%T"];

fn any_pattern() -> impl Strategy<Value = Pattern> {
    let directories =
        prop::sample::select(vec!["%Y-%m-%d/", "%Y/%m/%d/", "%y%m%d/", "a%%/%F/", "%F/%H/", "%d/%m/%Y/x/"]);
    let dates = prop::sample::select(vec!["%F_", "%Y%m%d-", "x%d.%m.%y~", "%{eventid}_%Y%m%d"]);
    let prefix = prop_oneof![directories, dates];
    (prefix, prop::sample::select(TIMES.to_vec())).prop_map(|(prefix, times)| pattern(&format!("{prefix}{times}")))
}

/// The text that Motion writes for a pattern.
fn render(pattern: &Pattern, day: Day, secs: u32, number: u32, part: Option<u32>) -> String {
    let date = day.to_string();
    let text = |token: &Token| match token {
        Token::Text(text) => text.to_string(),
        Token::Field(field) => match field {
            Field::Year => date[..4].to_owned(),
            Field::YearOfCentury => date[2..4].to_owned(),
            Field::Month => date[5..7].to_owned(),
            Field::Day => date[8..].to_owned(),
            Field::Hour => format!("{:02}", secs / 3600),
            Field::Minute => format!("{:02}", secs / 60 % 60),
            Field::Second => format!("{:02}", secs % 60),
            Field::Number(width) => format!("{number:0width$}", width = usize::from(*width)),
            Field::Sub => "07".to_owned(),
            Field::CameraId => "3".to_owned(),
            Field::CameraName => "front".to_owned(),
            Field::Part => part.unwrap_or(1).to_string(),
            Field::EventId => "0000120261128131725".to_owned(),
        },
    };
    let components = pattern.to_string();
    let components = components.split('/').map(|c| tokens(c).unwrap().iter().map(text).collect::<String>());
    components.collect::<Vec<_>>().join("/")
}

fn any_file() -> impl Strategy<Value = FlatFile> {
    let kind = prop::sample::select(vec![
        FileKind::Movie(Container::Mp4),
        FileKind::DebugMovie(Container::Mp4),
        FileKind::Thumb,
        FileKind::DebugThumb,
        FileKind::Picture(frame("13-17-25-04.jpg")),
        FileKind::DebugPicture(frame("13-17-25-04m.jpg")),
        FileKind::Snapshot,
        FileKind::Timelapse,
        FileKind::Saved,
    ]);
    let secs = prop_oneof![0u32..60, 0u32..86_400];
    (secs, prop::option::of(0u32..4), kind).prop_map(|(secs, number, kind)| FlatFile {
        camera: None,
        day: day("2026-11-28"),
        secs,
        number,
        part: None,
        kind,
    })
}

proptest! {
    #[test]
    fn no_path_panics(pattern in any_pattern(), path in ".{0,40}", ending in "(\\.mp4|m\\.mkv|\\.saved|r\\.jpg|\\.mp4\\.thumb)?") {
        let layout = Layout::new(vec![pattern.clone()]).unwrap();
        for path in [path.clone(), format!("{path}{ending}"), format!(".{path}{ending}"), format!("2026-11-28/{path}{ending}")] {
            let _ = (layout.parse(&path), pattern.may_lead(&path), pattern.day_of_dir(&path));
        }
    }

    #[test]
    fn no_pattern_panics(text in "(%[YmdHMSvqtFTy$%]|%\\{movienbr\\}|[-_./a1é]|.){0,14}", path in "[-0-9/a.é]{0,30}(\\.jpg|\\.mp4)") {
        if let Ok(pattern) = text.parse::<Pattern>() {
            prop_assert_eq!(pattern.to_string(), text);
            let layout = Layout::new(vec![pattern]).unwrap();
            let _ = layout.parse(&path);
        }
    }

    #[test]
    fn what_is_rendered_is_read(
        pattern in any_pattern(), n in 10_957i64..40_000, secs in 0u32..86_400, number in 1u32..2000, part in 1u32..30,
    ) {
        let day = Day::from_number(n).unwrap();
        let stem = render(&pattern, day, secs, number, Some(part));
        let layout = Layout::new(vec![pattern.clone()]).unwrap();
        for ending in [".jpg", "m.jpg", ".mp4", "m.mkv", ".mp4.thumb", "-05.webp", "-snapshot.jpg"] {
            let text = pattern.to_string();
            let is_of_movie = ending.contains("mp4") || ending.contains("mkv");
            if is_of_movie == text.contains("%q") || (!is_of_movie && text.contains("%{movienbr}")) {
                continue; // the other form has another stem
            }
            if text.contains("%q") && ending.starts_with('-') {
                continue;
            }
            let read = file(&layout, &format!("{stem}{ending}"));
            prop_assert_eq!((read.day, read.secs), (day, secs));
            prop_assert_eq!(read.number, text.contains("%v").then_some(number));
            prop_assert_eq!(read.part, (text.contains("%{movienbr}")).then_some(part));
            prop_assert_eq!(read.camera.is_some(), pattern.names_camera());
        }
        for (end, _) in stem.match_indices('/') {
            prop_assert!(pattern.may_lead(&stem[..end]));
        }
    }

    #[test]
    fn days_and_directories_go_round(pattern in any_pattern(), n in 10_957i64..47_000) {
        let day = Day::from_number(n).unwrap();
        match pattern.date() {
            DatePlace::File => prop_assert_eq!(pattern.day_dir(day), None),
            DatePlace::Directory { levels } => {
                let path = pattern.day_dir(day).unwrap();
                prop_assert_eq!(path.split('/').count(), levels);
                prop_assert_eq!(pattern.day_of_dir(&path), Some(day));
            }
        }
    }

    #[test]
    fn groups_lose_no_file(files in prop::collection::vec(any_file(), 0..60)) {
        let grouped = group(&files);
        let mut all: Vec<usize> = grouped.events.iter().flat_map(|event| &event.members).chain(&grouped.loose).copied().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..files.len()).collect::<Vec<_>>());
        prop_assert!(grouped.events.is_sorted_by(|a, b| a.name < b.name));
        for event in &grouped.events {
            prop_assert!(event.members.is_sorted_by_key(|index| files[*index].secs));
        }
    }
}
