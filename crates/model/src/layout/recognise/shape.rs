//! The shape of a movie's path: which pattern of a few plausible forms could have made it. Says nothing about whether
//! Motion did.

use std::fmt::Write as _;

/// The placeholder of one number before the stamp, in a key.
pub(super) const ONE: char = '\u{1}';

/// The placeholder of two numbers before the stamp, in a key.
pub(super) const TWO: char = '\u{2}';

/// The shape of a movie's path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    /// Its pattern, with placeholders for the numbers before the stamp.
    pub(super) key: String,
    /// The text before the numbers or else after the stamp, such as `CAM01`. Often a camera's name.
    pub(super) label: &'a str,
    /// The numbers before the stamp.
    pub(super) numbers: Numbers<'a>,
    /// Whether this is how Motion or motionEye name movies by default.
    pub(super) is_default: bool,
}

/// The numbers before the stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers<'a> {
    None,
    One(&'a str),
    Two(&'a str, &'a str),
}

/// What the directories before a file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Day,
    Hour,
}

/// The shape of a movie by its path without extension (and without the `m` of a debug movie).
pub(super) fn of(stem: &str) -> Option<Shape<'_>> {
    let (dirs, name) = stem.rsplit_once('/').map_or(("", stem), |(dirs, name)| (dirs, name));
    let (mut key, known) = directories(dirs)?;
    let is_day_alone = key == "%Y-%m-%d/";
    let (at, len, stamp) = (0..name.len()).find_map(|at| {
        let is_begin = at == 0 || !name.as_bytes()[at - 1].is_ascii_digit();
        is_begin.then(|| stamp(name.as_bytes().get(at..)?, known)).flatten().map(|(len, stamp)| (at, len, stamp))
    })?;
    let (prefix, numbers, is_dashed) = head(name.get(..at)?)?;
    push_literal(&mut key, prefix);
    match numbers {
        Numbers::None => {}
        Numbers::One(_) => key.push(ONE),
        Numbers::Two(..) => key.push(TWO),
    }
    if numbers != Numbers::None {
        key.push(if is_dashed { '-' } else { '_' });
    }
    key.push_str(&stamp);
    let tail = name.get(at + len..)?;
    push_tail(&mut key, tail)?;
    let is_plain = tail.is_empty();
    let is_numbered = numbers != Numbers::None && is_dashed && known == Known::Nothing && stamp == "%Y%m%d%H%M%S";
    let is_motion_eye = is_day_alone && stamp == "%H-%M-%S" && at == 0;
    let text_after = Some(tail).filter(|tail| tail.contains(char::is_alphabetic)).unwrap_or_default();
    let label = if prefix.is_empty() { text_after } else { prefix };
    let label = label.trim_matches(['-', '_', '.', ' ']);
    Some(Shape { key, label, numbers, is_default: is_plain && (is_numbered || is_motion_eye) })
}

/// Whether a directory's name can be the first of those with the date.
pub(super) fn is_date(name: &str) -> bool {
    directories(name).is_some() || (name.len() == 4 && is_year(name.as_bytes()))
}

/// The pattern of the directories before a file, with its slash. `None` if they are not date and hour alone.
fn directories(dirs: &str) -> Option<(String, Known)> {
    if dirs.is_empty() {
        return Some((String::new(), Known::Nothing));
    }
    let names: Vec<&[u8]> = dirs.split('/').map(str::as_bytes).collect();
    let (day, rest) = match &names[..] {
        [day, rest @ ..] if is_date_of(day, Some(b'-')) => ("%Y-%m-%d/", rest),
        [day, rest @ ..] if is_date_of(day, None) => ("%Y%m%d/", rest),
        [year, month, day, rest @ ..] if is_year(year) && is_digits(month, 2) && is_digits(day, 2) => {
            ("%Y/%m/%d/", rest)
        }
        _ => return None,
    };
    match rest {
        [] => Some((day.to_owned(), Known::Day)),
        [hour] if is_digits(hour, 2) => Some((format!("{day}%H/"), Known::Hour)),
        _ => None,
    }
}

fn is_digits(bytes: &[u8], count: usize) -> bool {
    bytes.len() == count && bytes.iter().all(u8::is_ascii_digit)
}

/// A year in which a camera may have recorded.
fn is_year(bytes: &[u8]) -> bool {
    is_digits(bytes, 4) && (bytes.starts_with(b"19") || bytes.starts_with(b"20"))
}

fn is_date_of(bytes: &[u8], between: Option<u8>) -> bool {
    match between {
        None => bytes.len() == 8 && is_year(&bytes[..4]) && is_digits(&bytes[4..], 4),
        Some(_) => {
            bytes.len() == 10 && is_year(&bytes[..4]) && parts(&bytes[5..], 2) == Some((5, between)) && {
                Some(bytes[4]) == between
            }
        }
    }
}

/// `count` numbers of two digits at the beginning: their length, and what is between them.
fn parts(bytes: &[u8], count: usize) -> Option<(usize, Option<u8>)> {
    let len = count * 2;
    if bytes.get(..len).is_some_and(|digits| is_digits(digits, len)) {
        return Some((len, None));
    }
    let between = *bytes.get(2).filter(|byte| b"-_.:".contains(byte))?;
    let len = count * 3 - 1;
    let fits = bytes.get(..len)?.iter().enumerate().all(|(n, byte)| match n % 3 {
        2 => *byte == between,
        _ => byte.is_ascii_digit(),
    });
    fits.then_some((len, Some(between)))
}

/// The stamp at the beginning: its length and pattern. It completes what the directories tell, or repeats it.
fn stamp(bytes: &[u8], known: Known) -> Option<(usize, String)> {
    let full = date_and_time(bytes);
    let part = match known {
        Known::Nothing => None,
        Known::Day => time(bytes, &["%H", "%M", "%S"]),
        Known::Hour => time(bytes, &["%H", "%M", "%S"]).or_else(|| time(bytes, &["%M", "%S"])),
    };
    full.or(part)
}

fn date_and_time(bytes: &[u8]) -> Option<(usize, String)> {
    const SEPARATORS: [&str; 7] = ["-", "_", "T", " ", ".", "--", "__"];
    let (len, date) = match bytes.get(..10) {
        _ if bytes.get(..8).is_some_and(|date| is_date_of(date, None)) => (8, "%Y%m%d".to_owned()),
        Some(date) if [b'-', b'_', b'.'].into_iter().any(|between| is_date_of(date, Some(between))) => {
            let between = char::from(date[4]);
            (10, format!("%Y{between}%m{between}%d"))
        }
        _ => return None,
    };
    let rest = &bytes[len..];
    let joined = if len == 8 { time(rest, &["%H", "%M", "%S"]).filter(|(len, _)| *len == 6) } else { None };
    if let Some((more, time)) = joined {
        return Some((len + more, date + &time));
    }
    SEPARATORS.into_iter().rev().find_map(|between| {
        let (more, time) = time(rest.strip_prefix(between.as_bytes())?, &["%H", "%M", "%S"])?;
        Some((len + between.len() + more, format!("{date}{between}{time}")))
    })
}

/// A time at the beginning that no further digit follows.
fn time(bytes: &[u8], fields: &[&str]) -> Option<(usize, String)> {
    let (len, between) = parts(bytes, fields.len())?;
    let is_end = !bytes.get(len).is_some_and(u8::is_ascii_digit);
    let between = between.map(|byte| char::from(byte).to_string()).unwrap_or_default();
    is_end.then(|| (len, fields.join(&between)))
}

/// The text and the numbers before a stamp, and whether dashes end the numbers.
fn head(head: &str) -> Option<(&str, Numbers<'_>, bool)> {
    let Some((rest, second, end)) = last_number(head) else {
        let is_text = head.is_empty() || head.contains(char::is_alphabetic);
        return is_text.then_some((head, Numbers::None, false));
    };
    match last_number(rest) {
        Some(("", first, other)) if other == end => Some(("", Numbers::Two(first, second), end == '-')),
        _ if rest.is_empty() || rest.contains(char::is_alphabetic) => Some((rest, Numbers::One(second), end == '-')),
        _ => None,
    }
}

/// Splits `CAM01_02-` into `CAM01_`, `02` and `-`.
fn last_number(head: &str) -> Option<(&str, &str, char)> {
    let end = head.chars().next_back().filter(|c| matches!(c, '-' | '_'))?;
    let text = &head[..head.len() - 1];
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_alone = rest.is_empty() || rest.ends_with(['-', '_', ' ', '.']);
    let digits = &text[rest.len()..];
    (is_alone && (1..=9).contains(&digits.len())).then_some((rest, digits, end))
}

fn push_literal(key: &mut String, text: &str) {
    key.push_str(&text.replace('%', "%%"));
}

/// Appends what follows a stamp: nothing, a number, or text after a separator.
fn push_tail(key: &mut String, tail: &str) -> Option<()> {
    let rest = tail.strip_prefix(['-', '_', '.', ' ']).unwrap_or(tail);
    if tail.is_empty() {
        return Some(());
    }
    if rest.len() < tail.len() && rest.len() >= 2 && rest.bytes().all(|byte| byte.is_ascii_digit()) && rest.len() < 5 {
        let _ = write!(key, "{}%v", &tail[..1]); // writing to a string cannot fail
        return Some(());
    }
    let is_text = rest.len() < tail.len() && rest.starts_with(char::is_alphabetic);
    is_text.then(|| push_literal(key, tail))
}
