//! What a journal of reviewed events says: a line for the version, and then a line for each change of a day, `+Camera1/2026-11-20/10-04-36,10-05-10`
//! for events that were reviewed, or with `-` for events that are no longer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::names::Names;
use crate::event::{Camera, Day, EventName};

/// The first line.
const HEAD: &str = "owlery reviewed 1\n";

/// The reviewed events by camera and day. No day is empty.
pub(super) type Days = BTreeMap<Camera, BTreeMap<Day, Names>>;

/// A line, with its end.
pub(super) fn line(camera: &Camera, day: Day, names: impl IntoIterator<Item = EventName>, are_in: bool) -> String {
    let mut line = format!("{}{camera}/{day}/", if are_in { '+' } else { '-' });
    for (nth, name) in names.into_iter().enumerate() {
        let _ = write!(line, "{}{name}", if nth > 0 { "," } else { "" }); // writing to a string cannot fail
    }
    line.push('\n');
    line
}

/// A journal of these days, as short as can be.
pub(super) fn write(days: &Days) -> String {
    let mut text = HEAD.to_owned();
    for (camera, days) in days {
        for (day, names) in days {
            text.push_str(&line(camera, *day, names.iter(), true));
        }
    }
    text
}

/// The approximate bytes of what [`write`] returns.
pub(super) fn size(days: &Days) -> u64 {
    let of_day = |camera: &Camera, names: &Names| (camera.as_str().len() + 14 + 9 * names.len()) as u64;
    days.iter().flat_map(|(camera, days)| days.values().map(move |names| of_day(camera, names))).sum()
}

/// The days of a journal, and the number of lines that make no sense; `None` if another program, or another version, wrote it.
pub(super) fn read(bytes: &[u8]) -> Option<(Days, usize)> {
    let lines = bytes.strip_prefix(HEAD.as_bytes())?;
    let (mut days, mut bad) = (Days::new(), 0);
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match std::str::from_utf8(line).ok().and_then(parse) {
            Some((camera, day, names, are_in)) => apply(&mut days, &camera, day, names, are_in),
            None => bad += 1,
        }
    }
    Some((days, bad))
}

/// Adds names of a day, or takes them out.
pub(super) fn apply(days: &mut Days, camera: &Camera, day: Day, names: Vec<EventName>, are_in: bool) {
    let of_camera = days.entry(camera.clone()).or_default();
    let known = of_camera.entry(day).or_default();
    known.set(names, are_in);
    if known.is_empty() {
        of_camera.remove(&day);
    }
    if of_camera.is_empty() {
        days.remove(camera);
    }
}

fn parse(line: &str) -> Option<(Camera, Day, Vec<EventName>, bool)> {
    let (line, are_in) = match line.strip_prefix('+') {
        Some(line) => (line, true),
        None => (line.strip_prefix('-')?, false),
    };
    let mut parts = line.split('/');
    let (camera, day, names) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    let names = names.split(',').map(|name| EventName::from_bytes(name.as_bytes())).collect::<Option<_>>()?;
    parts.next().is_none().then_some((camera, day, names, are_in))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(days: &Days) -> Vec<String> {
        let of_day = |camera: &Camera, day: &Day, names: &Names| {
            names.iter().map(|name| format!("{camera}/{day}/{name}")).collect::<Vec<_>>()
        };
        days.iter()
            .flat_map(|(camera, days)| days.iter().flat_map(move |(day, names)| of_day(camera, day, names)))
            .collect()
    }

    #[test]
    fn lines_are_applied_in_order() {
        let text = format!(
            "{HEAD}+Camera1/2026-11-20/10-04-36,10-05-10\n+a:Cam era-1/2026-11-20/007\n-Camera1/2026-11-20/10-04-36\n"
        );
        let (days, bad) = read(text.as_bytes()).unwrap();
        assert_eq!(
            (texts(&days).as_slice(), bad),
            (&["Camera1/2026-11-20/10-05-10".into(), "a:Cam era-1/2026-11-20/007".into()][..], 0)
        );
        let (again, _) = read(write(&days).as_bytes()).unwrap();
        assert_eq!(again, days);
        let (none, _) =
            read(format!("{text}-Camera1/2026-11-20/10-05-10\n-a:Cam era-1/2026-11-20/007\n").as_bytes()).unwrap();
        assert!(none.is_empty() && write(&none) == HEAD);
    }

    /// After a power cut a part of a file may be zeros, or anything.
    #[test]
    fn damaged_lines_are_left_out() {
        let bad = [
            "Camera1/2026-11-20/10-04-36",
            "+Camera1/2026-11-20/",
            "+../2026-11-20/10-04-36",
            "+Camera1/2026-13-20/10-04-36",
            "+Camera1/2026-11-20/10-04-36/x",
            "+Camera1/2026-11-20/10-04-36,",
            "\0\0\0",
            "+",
        ];
        let text = format!("{HEAD}{}\n+Camera1/2026-11-20/10-04-37\n", bad.join("\n"));
        let (days, count) = read(text.as_bytes()).unwrap();
        assert_eq!((texts(&days).as_slice(), count), (&["Camera1/2026-11-20/10-04-37".to_owned()][..], bad.len()));
    }

    #[test]
    fn other_versions_are_not_read() {
        for other in ["", "owlery reviewed 2\n", "{}", "owlery reviewed 1"] {
            assert!(read(other.as_bytes()).is_none(), "{other:?}");
        }
    }

    /// A million events of a year and ten cameras take less than ten bytes each, in the file and in memory.
    #[test]
    fn a_million_events_are_compact() {
        let mut days = Days::new();
        for camera in 0..10 {
            for day in 0..365 {
                let names = (0..274).map(|nth| EventName::Time(nth * 315)).collect();
                apply(
                    &mut days,
                    &format!("Camera{camera}").parse().unwrap(),
                    Day::from_number(20_000 + day).unwrap(),
                    names,
                    true,
                );
            }
        }
        let events: u64 = days.values().flat_map(BTreeMap::values).map(|names| names.len() as u64).sum();
        let (text, memory) =
            (write(&days).len() as u64, days.values().flat_map(BTreeMap::values).map(Names::memory).sum::<usize>());
        assert!(events > 999_000 && text < 10 * events, "{events} events take {text} bytes");
        assert!((memory as u64) < 5 * events, "{events} events take {memory} bytes of memory");
        assert!(size(&days).abs_diff(text) < text / 50, "{} for {text}", size(&days));
    }
}
