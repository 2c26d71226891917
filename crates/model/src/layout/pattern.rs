//! [`Pattern`]: how Motion names the files of a camera, checked when it is read from text. From the pattern of movies it
//! derives those of their pictures, snapshots and timelapses, and the other way round.

use std::fmt;
use std::str::FromStr;

use super::class::Class;
use super::matching::{Match, Values, whole};
use super::token::{Field, Token, check_ends, push_text, tokens};
use super::{FileKind, FlatFile, Parsed};
use crate::error::Error;
use crate::event::frames::{Frame, Shows};
use crate::event::{Camera, Day};

/// A file-name pattern of Motion without extension, relative to a camera's directory or to the root:
/// `%v-%Y%m%d%H%M%S`, `%Y-%m-%d/%H-%M-%S`, `%Y-%m-%d/%H/%M-%S`.
///
/// It may be the pattern of movies or of pictures; it stands for both. Displayed and serialized as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    place: DatePlace,
    fields: Vec<Field>,
    /// The first one, two, ... directories.
    directories: Vec<Vec<Token>>,
    movie: Vec<Token>,
    /// The names of pictures, without equal ones.
    pictures: Vec<Vec<Token>>,
    snapshot: Vec<Token>,
    timelapse: Vec<Token>,
}

/// Where in a path the date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePlace {
    /// The directories have it.
    Directory {
        /// After so many of them it is complete.
        levels: usize,
    },
    /// It is complete only with the file's name.
    File,
}

/// The maximum length of a pattern, in bytes.
const MAX_LENGTH: usize = 500;

/// What Motion appends to the name of a snapshot.
const SNAPSHOT: &str = "-snapshot";

/// The end of Motion's default name of a timelapse.
const TIMELAPSE: &str = "-timelapse";

impl Pattern {
    /// Where the date is.
    pub fn date(&self) -> DatePlace {
        self.place
    }

    /// Whether the names have Motion's event number (`%v`).
    pub fn is_numbered(&self) -> bool {
        self.fields.iter().any(|field| matches!(field, Field::Number(_)))
    }

    /// Whether the names tell the camera (`%t` or `%$`).
    pub fn names_camera(&self) -> bool {
        self.fields.iter().any(|field| matches!(field, Field::CameraId | Field::CameraName))
    }

    /// How many directories are before the file's name.
    pub fn dirs(&self) -> usize {
        self.directories.len()
    }

    /// The path of a day's directory, such as `2026/11/28`. `None` if the date is in the files' names, or if `%y` cannot
    /// write the year.
    pub fn day_dir(&self, day: Day) -> Option<String> {
        let text: String = self.day_tokens()?.iter().map(|token| of_day(token, day)).collect();
        (self.day_of_dir(&text) == Some(day)).then_some(text)
    }

    /// The day of a directory's path: the inverse of [`Pattern::day_dir`].
    pub fn day_of_dir(&self, path: &str) -> Option<Day> {
        match whole(self.day_tokens()?, path) {
            Match::One(values) => values.day(),
            Match::None | Match::Several => None,
        }
    }

    /// Whether a directory of this path (of one to [`Pattern::dirs`] components) can contain matching files: each
    /// component matches, and the values that they share are equal.
    pub fn may_lead(&self, path: &str) -> bool {
        let levels = path.bytes().filter(|byte| *byte == b'/').count();
        match self.directories.get(levels).map(|tokens| whole(tokens, path)) {
            Some(Match::One(values)) => values.may_be_day() && camera(&values).is_ok(),
            Some(Match::Several) => true,
            Some(Match::None) | None => false,
        }
    }

    /// The tokens of a day's directory.
    pub(super) fn day_tokens(&self) -> Option<&[Token]> {
        match self.place {
            DatePlace::Directory { levels } => self.directories.get(levels.checked_sub(1)?).map(Vec::as_slice),
            DatePlace::File => None,
        }
    }

    /// Adds every reading of a file's stem (its path without the extension) to `found`.
    pub(super) fn read(&self, class: Class, stem: &str, found: &mut Parsed) {
        let debug = |suffix| stem.strip_suffix(suffix);
        match class {
            Class::Movie(container) => {
                add(&self.movie, stem, found, |_| FileKind::Movie(container));
                if let Some(stem) = debug('m') {
                    add(&self.movie, stem, found, |_| FileKind::DebugMovie(container));
                }
                if stem.ends_with(TIMELAPSE) {
                    add_timelapse(&self.timelapse, stem, found);
                }
            }
            Class::Thumb => {
                add(&self.movie, stem, found, |_| FileKind::Thumb);
                if let Some(stem) = debug('m') {
                    add(&self.movie, stem, found, |_| FileKind::DebugThumb);
                }
            }
            Class::Picture(format) => {
                let frame = |values: &Values<'_>, shows| {
                    let (sub, width) = values.sub().unwrap_or((0, 2));
                    Frame { secs: values.secs().unwrap_or(0), sub, width, shows, format }
                };
                if stem.ends_with(SNAPSHOT) {
                    add(&self.snapshot, stem, found, |_| FileKind::Snapshot);
                }
                for tokens in &self.pictures {
                    add(tokens, stem, found, |values| FileKind::Picture(frame(values, Shows::Camera)));
                    for (suffix, shows) in [('m', Shows::Motion), ('r', Shows::Region)] {
                        if let Some(stem) = debug(suffix) {
                            add(tokens, stem, found, |values| FileKind::DebugPicture(frame(values, shows)));
                        }
                    }
                }
            }
            Class::Saved => {
                for tokens in self.pictures.iter().chain([&self.movie]) {
                    add(tokens, stem, found, |_| FileKind::Saved);
                }
            }
        }
    }
}

/// A token of a day's directory as text.
fn of_day(token: &Token, day: Day) -> String {
    use chrono::Datelike;
    let date = day.date();
    match token {
        Token::Text(text) => text.to_string(),
        Token::Field(Field::Year) => format!("{:04}", date.year()),
        Token::Field(Field::YearOfCentury) => format!("{:02}", date.year().rem_euclid(100)),
        Token::Field(Field::Month) => format!("{:02}", date.month()),
        Token::Field(Field::Day) => format!("{:02}", date.day()),
        Token::Field(_) => String::new(), // such patterns are refused
    }
}

/// Adds one reading of a file of a camera's events.
fn add(tokens: &[Token], stem: &str, found: &mut Parsed, kind: impl Fn(&Values<'_>) -> FileKind) {
    let values = match whole(tokens, stem) {
        Match::None => return,
        Match::One(values) => values,
        Match::Several => return *found = Parsed::Ambiguous,
    };
    let kind = kind(&values);
    let part = if kind == FileKind::Saved { None } else { values.part() };
    if let (Some(day), Some(secs), Ok(camera)) = (values.day(), values.secs(), camera(&values)) {
        found.add(FlatFile { camera, day, secs, number: values.number(), part, kind });
    }
}

/// Adds the reading of a timelapse, which has no time.
fn add_timelapse(tokens: &[Token], stem: &str, found: &mut Parsed) {
    if let Match::One(values) = whole(tokens, stem)
        && let (Some(day), Ok(camera)) = (values.day(), camera(&values))
    {
        found.add(FlatFile { camera, day, secs: 0, number: None, part: None, kind: FileKind::Timelapse });
    }
}

/// The camera that the names tell; an error if it cannot be one.
fn camera(values: &Values<'_>) -> Result<Option<Camera>, Error> {
    match (values.camera_name(), values.camera_id()) {
        (Some(name), _) => name.parse().map(Some),
        (None, Some(id)) => format!("Camera{id}").parse().map(Some),
        (None, None) => Ok(None),
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).map_err(|why| Error::Config(format!("the layout {text:?} cannot be used: {why}")))
    }
}

/// Reads and checks a pattern. The error is a sentence.
fn read(text: &str) -> Result<Pattern, String> {
    check_path(text)?;
    let mut components = text.split('/').map(tokens).collect::<Result<Vec<_>, _>>()?;
    for tokens in &components {
        check_ends(tokens)?;
    }
    let fields: Vec<Field> = components.iter().flatten().filter_map(Token::field).collect();
    check_complete(&fields)?;
    let place = date_place(&components)?;
    let file = components.pop().unwrap_or_default();
    check_file(&file, &components)?;
    let directories: Vec<Vec<Token>> = (1..=components.len()).map(|levels| path(&components[..levels], &[])).collect();

    let movie = without(&file, Field::Sub);
    let still = without(&movie, Field::Part);
    let numbered = with(&still, &[Token::Text("-".into()), Token::Field(Field::Sub)]);
    let mut pictures = vec![still.clone(), numbered, without(&file, Field::Part), file];
    if pictures.iter().chain([&movie]).any(|tokens| check_ends(tokens).is_err()) {
        return Err("without %q or %{movienbr}, as some files of an event are named, two of its specifiers would \
                    touch; a character such as - must be between them"
            .to_owned());
    }
    if !pictures[3].contains(&Token::Field(Field::Sub)) {
        pictures.truncate(2); // the pattern of movies; no picture has the number of a movie
    }
    let mut pictures: Vec<Vec<Token>> = pictures.iter().map(|tokens| path(&components, tokens)).collect();
    let mut known: Vec<Vec<Token>> = Vec::new();
    pictures.retain(|tokens| {
        let is_new = !known.contains(tokens);
        known.push(tokens.clone());
        is_new
    });
    let mut timelapse: Vec<Token> = [Field::Year, Field::Month, Field::Day].map(Token::Field).into();
    push_text(&mut timelapse, TIMELAPSE);
    Ok(Pattern {
        text: text.into(),
        place,
        fields,
        directories,
        movie: path(&components, &movie),
        pictures,
        snapshot: path(&components, &with(&still, &[Token::Text(SNAPSHOT.into())])),
        timelapse: path(&components, &timelapse),
    })
}

fn check_path(text: &str) -> Result<(), String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("it contains a control character".to_owned());
    }
    if text.starts_with('/') {
        return Err("it is absolute; write it relative to the camera's directory, or to the root".to_owned());
    }
    for component in text.split('/') {
        let why = match component {
            "" => "a name in it is empty; write it as %Y-%m-%d/%H-%M-%S, without a slash at an end",
            "." | ".." => "it must not lead out of its directory: leave out . and ..",
            hidden if hidden.starts_with('.') => "a name in it is hidden; hidden files are never recordings",
            "queue" | "delete_queue" => "queue and delete_queue are directories of Owlery's own",
            _ => continue,
        };
        return Err(why.to_owned());
    }
    Ok(())
}

/// Requires the date and the time.
fn check_complete(fields: &[Field]) -> Result<(), String> {
    let has_year = fields.contains(&Field::Year) || fields.contains(&Field::YearOfCentury);
    let rest = [Field::Month, Field::Day, Field::Hour, Field::Minute, Field::Second];
    let missing =
        (!has_year).then_some(Field::Year).into_iter().chain(rest.into_iter().filter(|f| !fields.contains(f)));
    let missing: Vec<&str> = missing.map(Field::specifier).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "it lacks {}; the path of a file must tell its date and its time to the second, as %Y-%m-%d/%H-%M-%S does",
        missing.join(" ")
    ))
}

/// Finds the directory in which the date is complete, and refuses other specifiers up to there.
fn date_place(components: &[Vec<Token>]) -> Result<DatePlace, String> {
    let complete = |tokens: &[Vec<Token>]| {
        let has = |wanted: &[Field]| tokens.iter().flatten().filter_map(Token::field).any(|f| wanted.contains(&f));
        has(&[Field::Year, Field::YearOfCentury]) && has(&[Field::Month]) && has(&[Field::Day])
    };
    let Some(levels) = (1..components.len()).find(|levels| complete(&components[..*levels])) else {
        return Ok(DatePlace::File);
    };
    match components[..levels].iter().flatten().filter_map(Token::field).find(|field| !field.is_date()) {
        None => Ok(DatePlace::Directory { levels }),
        Some(field @ (Field::CameraId | Field::CameraName)) => Err(format!(
            "{} is in the directories of a day; leave out the camera's directory, to which the pattern is relative",
            field.specifier()
        )),
        Some(field) => Err(format!(
            "{} is in the directories of a day, which may contain only the date; it can follow in the next directory, \
             as in %Y-%m-%d/%H/%M-%S",
            field.specifier()
        )),
    }
}

/// Checks the file's name, and which specifiers only it may have.
fn check_file(file: &[Token], directories: &[Vec<Token>]) -> Result<(), String> {
    let is_in = |tokens: &[Token], field| tokens.iter().any(|token| token.field() == Some(field));
    if !is_in(file, Field::Second) {
        return Err("the file's name lacks %S; directories of one event each (%Y-%m-%d/%H-%M-%S/video) are read \
                    without --layout"
            .to_owned());
    }
    for field in [Field::Sub, Field::Part] {
        if directories.iter().any(|tokens| is_in(tokens, field)) {
            return Err(format!("{} is in a directory's name; it belongs into the file's", field.specifier()));
        }
        if file.iter().filter(|token| token.field() == Some(field)).count() > 1 {
            return Err(format!("{} is in it twice", field.specifier()));
        }
    }
    match file.last() {
        Some(Token::Field(Field::CameraName)) => Err("%$ is its end, where Motion appends -snapshot and m to some \
                                                     names; use a pattern for each camera with the name as text, such \
                                                     as --layout 'front=%Y%m%d%H%M%S_front'"
            .to_owned()),
        Some(Token::Text(text)) if text.ends_with(SNAPSHOT) || text.ends_with(TIMELAPSE) => {
            Err("snapshots and timelapses need no pattern of their own; give that of the movies or pictures".to_owned())
        }
        Some(Token::Text(text)) => match text.rsplit_once('.') {
            Some((_, extension)) => Err(format!("leave out the extension .{extension}")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The tokens of a path of these directories and a file's name; without a file's name that of the last directory.
fn path(directories: &[Vec<Token>], file: &[Token]) -> Vec<Token> {
    let mut path = Vec::new();
    for (n, tokens) in directories.iter().map(Vec::as_slice).chain(Some(file).filter(|f| !f.is_empty())).enumerate() {
        push_text(&mut path, if n > 0 { "/" } else { "" });
        extend(&mut path, tokens);
    }
    path
}

fn with(tokens: &[Token], more: &[Token]) -> Vec<Token> {
    let mut all = tokens.to_vec();
    extend(&mut all, more);
    all
}

fn extend(all: &mut Vec<Token>, more: &[Token]) {
    for token in more {
        match token {
            Token::Text(text) => push_text(all, text),
            Token::Field(_) => all.push(token.clone()),
        }
    }
}

/// The tokens without a field, and without the separator that would be doubled or left at an end.
fn without(tokens: &[Token], field: Field) -> Vec<Token> {
    let Some(place) = tokens.iter().position(|token| token.field() == Some(field)) else { return tokens.to_vec() };
    let (before, after) = (&tokens[..place], &tokens[place + 1..]);
    let is_separator = |c: char| matches!(c, '-' | '_' | '.' | ' ' | '+');
    let ending = |token: &Token| match token {
        Token::Text(text) => text.strip_suffix(is_separator).map(str::to_owned),
        Token::Field(_) => None,
    };
    let beginning = |token: &Token| match token {
        Token::Text(text) => text.strip_prefix(is_separator).map(str::to_owned),
        Token::Field(_) => None,
    };
    let (left, right) = (before.last().and_then(ending), after.first().and_then(beginning));
    let mut all = Vec::new();
    match (left, right) {
        (Some(left), right) if right.is_some() || after.is_empty() => {
            extend(&mut all, &before[..before.len() - 1]);
            push_text(&mut all, &left);
            extend(&mut all, after);
        }
        (_, Some(right)) if before.is_empty() => {
            push_text(&mut all, &right);
            extend(&mut all, &after[1..]);
        }
        _ => {
            extend(&mut all, before);
            extend(&mut all, after);
        }
    }
    all
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text alone, from which all else follows.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl serde::Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::event::parse::from_text(deserializer)
    }
}
