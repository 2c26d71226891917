//! The values of settings from one source, as written there: the command line, the environment or the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use super::access::AccessTables;
use super::declaration::{self, Kind, Setting};
use super::stores::StoreTables;
use crate::{Error, Result, Rules};

/// Settings that are set, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Values {
    by_name: BTreeMap<&'static str, Value>,
    /// Users, tokens and the proxy, which only a file can have.
    pub(super) tables: AccessTables,
    /// The tables of stores, which only a file can have.
    pub(super) stores: StoreTables,
}

/// A value in the form of its setting's [`Kind`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    On,
    Text(String),
    Path(PathBuf),
    List(Vec<String>),
}

impl Values {
    pub(super) fn set(&mut self, setting: &'static Setting, value: Value) {
        self.by_name.insert(setting.name, value);
    }

    pub(super) fn get(&self, setting: &Setting) -> Option<&Value> {
        self.by_name.get(setting.name)
    }

    pub(super) fn take(&mut self, setting: &Setting) -> Option<Value> {
        self.by_name.remove(setting.name)
    }

    /// The same with one more value; one more element for a setting that takes several.
    #[must_use]
    pub(crate) fn with(mut self, setting: &'static Setting, text: impl Into<String>) -> Self {
        let text = text.into();
        let value = match (setting.kind, self.by_name.remove(setting.name)) {
            (Kind::Switch, _) => Value::On,
            (Kind::Text, _) => Value::Text(text),
            (Kind::Path, _) => Value::Path(text.into()),
            (Kind::List | Kind::Sources | Kind::PerCamera | Kind::ByCamera, Some(Value::List(mut texts))) => {
                texts.push(text);
                Value::List(texts)
            }
            (Kind::List | Kind::Sources | Kind::PerCamera | Kind::ByCamera, _) => Value::List(vec![text]),
        };
        self.set(setting, value);
        self
    }

    /// The settings that are set, in the order of their declarations.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static Setting> {
        declaration::ALL.iter().copied().filter(|setting| self.by_name.contains_key(setting.name))
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, setting: &Setting) -> bool {
        self.get(setting) == Some(&Value::On)
    }

    /// The value of a text.
    pub(crate) fn text(&self, setting: &Setting) -> Option<&str> {
        match self.get(setting) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a path.
    pub(crate) fn path(&self, setting: &Setting) -> Option<&Path> {
        match self.get(setting) {
            Some(Value::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// The values of a list; empty where it is not set.
    pub(crate) fn list(&self, setting: &Setting) -> &[String] {
        match self.get(setting) {
            Some(Value::List(texts)) => texts,
            _ => &[],
        }
    }

    /// A time span; zero is a value too.
    pub(crate) fn span(&self, setting: &Setting) -> Result<Option<Duration>> {
        let units = if setting == declaration::UNDO_WINDOW { ["h", "d"] } else { ["s", "m"] };
        self.text(setting).map(|text| parse_span(setting.name, text, units)).transpose()
    }

    /// A time span above zero.
    pub(crate) fn positive_span(&self, setting: &Setting) -> Result<Option<Duration>> {
        match self.span(setting)? {
            Some(Duration::ZERO) => Err(Error::Config(format!("--{}: it must be longer than 0", setting.name))),
            other => Ok(other),
        }
    }

    /// A whole number.
    pub(crate) fn whole(&self, setting: &Setting) -> Result<Option<u32>> {
        let parse = |text: &str| {
            let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
            let wrong = || Error::Config(format!("--{} {text:?} is not a whole number, 0 or more", setting.name));
            number.ok_or_else(wrong)
        };
        self.text(setting).map(parse).transpose()
    }

    /// A size with its unit, in bytes; 0 needs none.
    pub(crate) fn size(&self, setting: &Setting) -> Result<Option<u64>> {
        self.text(setting).map(|text| parse_size(setting.name, text)).transpose()
    }

    /// The retention rules.
    pub(crate) fn rules(&self) -> Rules {
        let text = |setting| self.text(setting).map(str::to_owned);
        Rules {
            keep_days: self.list(declaration::KEEP_DAYS).to_vec(),
            max_size: self.list(declaration::MAX_SIZE).to_vec(),
            min_free: text(declaration::MIN_FREE),
            floor_days: text(declaration::FLOOR_DAYS),
            max_share: text(declaration::MAX_SHARE),
        }
    }
}

/// Parses a size with its unit, in bytes; 0 needs none. `name` is that of the flag.
pub(in super::super) fn parse_size(name: &str, text: &str) -> Result<u64> {
    let number = text.trim();
    if number != "0" && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(Error::Config(format!("--{name} {text:?} has no unit: {number}MB or {number}GB?")));
    }
    let size: std::result::Result<bytesize::ByteSize, _> = number.parse();
    let wrong = |_| Error::Config(format!("--{name} {text:?} is not a size such as 500MB or 64MiB"));
    size.map(|size| size.as_u64()).map_err(wrong)
}

/// Parses a span with its unit; 0 needs none. `name` is that of the flag; a number without a unit gets these as a hint.
pub(in super::super) fn parse_span(name: &str, text: &str, [less, more]: [&str; 2]) -> Result<Duration> {
    let number = text.trim();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number != "0" {
        return Err(Error::Config(format!("--{name} {text:?} has no unit: {number}{less} or {number}{more}?")));
    }
    humantime::parse_duration(text)
        .map_err(|error| Error::Config(format!("--{name} {text:?} is not a span such as 1h, 90s or 7d: {error}")))
}

/// The flags of all settings.
impl Args for Values {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.args(declaration::ALL.iter().map(|setting| flag(setting)))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let default = setting.default.map_or_else(String::new, |default| format!(" [default: {default}]"));
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .help(format!("{}{default}", setting.help))
        .help_heading(setting.group.heading());
    if setting.kind == Kind::Switch {
        return arg.action(ArgAction::SetTrue);
    }
    // A negative number gets the message of its setting, not the one for an unknown flag.
    let arg = arg.value_name(setting.value).allow_negative_numbers(true);
    match setting.kind {
        Kind::Switch | Kind::Text => arg.action(ArgAction::Set),
        Kind::Path => arg.action(ArgAction::Set).value_parser(clap::value_parser!(PathBuf)),
        Kind::List | Kind::Sources | Kind::PerCamera | Kind::ByCamera => arg.action(ArgAction::Append),
    }
}

/// The flags that were typed.
impl FromArgMatches for Values {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut values = Self::default();
        values.update_from_arg_matches(matches)?;
        Ok(values)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in declaration::ALL {
            let name = setting.name;
            let value = match setting.kind {
                Kind::Switch => matches.get_flag(name).then_some(Value::On),
                Kind::Text => matches.get_one(name).cloned().map(Value::Text),
                Kind::Path => matches.get_one(name).cloned().map(Value::Path),
                Kind::List | Kind::Sources | Kind::PerCamera | Kind::ByCamera => {
                    matches.get_many(name).map(|texts| Value::List(texts.cloned().collect()))
                }
            };
            if let Some(value) = value {
                self.set(setting, value);
            }
        }
        Ok(())
    }
}
