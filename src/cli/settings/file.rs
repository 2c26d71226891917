//! The settings of a TOML file: the keys are the names of the flags, and the tables `[users]`, `[tokens]`,
//! `[proxy]` and `[stores]`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Values;
use super::declaration::{self, Kind, Setting};
use super::values::Value;
use crate::{Error, Result};
use owlery_model::suggest::nearest;

impl Values {
    /// Reads a file. An unknown key is an error.
    pub(super) fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Config(format!("cannot read --config {}: {error}", path.display())))?;
        toml::from_str(&text).map_err(|error| Error::Config(format!("{}{}", path.display(), describe(&text, &error))))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct File;
        impl<'de> Visitor<'de> for File {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = Values::default();
                while let Some(key) = map.next_key()? {
                    match key {
                        Key::Users => values.tables.users = map.next_value()?,
                        Key::Tokens => values.tables.tokens = map.next_value()?,
                        Key::Stores => values.stores = map.next_value()?,
                        Key::Proxy => values.tables.proxy = Some(map.next_value()?),
                        Key::Setting(setting) => {
                            if let Some(value) = map.next_value_seed(ValueOf(setting))? {
                                values.set(setting, value);
                            }
                        }
                    }
                }
                Ok(values)
            }
        }
        deserializer.deserialize_map(File)
    }
}

/// A key of the file.
enum Key {
    Users,
    Tokens,
    Proxy,
    Stores,
    Setting(&'static Setting),
}

/// The settings that a file can have: it cannot name another file.
fn settings() -> impl Iterator<Item = &'static Setting> {
    declaration::ALL.iter().copied().filter(|setting| *setting != declaration::CONFIG)
}

static KEYS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| settings().map(|setting| setting.name).chain(["users", "tokens", "proxy", "stores"]).collect());

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.as_str() {
            "users" => Ok(Self::Users),
            "tokens" => Ok(Self::Tokens),
            "proxy" => Ok(Self::Proxy),
            "stores" => Ok(Self::Stores),
            other => {
                let setting = settings().find(|setting| setting.name == other);
                setting.map(Self::Setting).ok_or_else(|| D::Error::unknown_field(other, KEYS.as_slice()))
            }
        }
    }
}

/// Deserializes the value of a setting; `None` for a switch that is off.
struct ValueOf(&'static Setting);

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(match self.0.kind {
            Kind::Switch => bool::deserialize(deserializer)?.then_some(Value::On),
            Kind::Text => Some(Value::Text(Scalar::deserialize(deserializer)?.into_text())),
            Kind::Path => Some(Value::Path(String::deserialize(deserializer)?.into())),
            Kind::List | Kind::Sources | Kind::PerCamera => {
                Some(Value::List(match OneOrMany::deserialize(deserializer)? {
                    OneOrMany::One(one) => vec![one.into_text()],
                    OneOrMany::Many(many) => many.into_iter().map(Scalar::into_text).collect(),
                }))
            }
            Kind::ByCamera => {
                let table = BTreeMap::<String, String>::deserialize(deserializer)?;
                Some(Value::List(table.into_iter().map(|(camera, value)| format!("{camera}={value}")).collect()))
            }
        })
    }
}

/// A value that may be written as a text or a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a number")]
enum Scalar {
    Text(String),
    Whole(i64),
    Real(f64),
}

impl Scalar {
    /// The value as it would be typed.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, a number, or a list of them: [45, \"Camera1=forever\"]")]
enum OneOrMany {
    One(Scalar),
    Many(Vec<Scalar>),
}

/// Describes an error with its line. It shows the key of that line, never the value, which may be a password hash.
fn describe(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let message = with_hint(message);
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return format!(": {message}") };
    let number = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
    format!(", line {number} ({key}): {message}")
}

/// Suggests the most similar key in place of serde's list of all keys.
fn with_hint(message: String) -> String {
    // serde's message: unknown field `keep-dayz`, expected one of `keep-days`, `max-size`, …
    let Some((_, names)) = message.split_once("unknown field ") else { return message };
    let mut names = names.split('`').skip(1).step_by(2);
    let Some(key) = names.next() else { return message };
    match nearest(key, names) {
        Some(near) => format!("unknown field `{key}`; did you mean `{near}`?"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        describe(text, &toml::from_str::<Values>(text).unwrap_err())
    }

    #[test]
    fn unknown_keys_and_wrong_forms_are_refused() {
        assert!(toml::from_str::<Values>("keep_dayz = 3").is_err());
        assert!(toml::from_str::<Values>("keep-days = true").is_err());
        assert!(toml::from_str::<Values>("config = \"other.toml\"").is_err());
        let values: Values = toml::from_str("keep-days = [45, \"Camera2=forever\"]\ninsecure = false").unwrap();
        assert_eq!(values.list(declaration::KEEP_DAYS), ["45", "Camera2=forever"]);
        assert_eq!(values.given().count(), 1);
    }

    #[test]
    fn errors_show_line_and_key_without_value() {
        let secret = "[users]\n\nanna = { password = \"secret\", rolle = \"x\" }\n";
        assert_eq!(wrong(secret), ", line 3 (anna): unknown field `rolle`; did you mean `role`?");
        assert!(wrong("keep-days = 3\nkeep-days = 4").contains("line 2 (keep-days)"));
        assert!(wrong("x").contains("line 1"));
        assert_eq!(wrong("min-free = true"), ", line 1 (min-free): expected a text or a number");
        assert!(wrong("keep-days = {a = 1}").contains("or a list of them"));
        assert!(wrong("keep-days = ").contains("line 1"));
    }

    #[test]
    fn the_most_similar_key_is_suggested() {
        assert!(wrong("keep_days = 3").contains("unknown field `keep_days`; did you mean `keep-days`?"));
        assert!(wrong("[proxy]\nform = [\"127.0.0.1\"]").contains("did you mean `from`?"));
        assert!(wrong("[retention]\nkeep-days = 3").contains("unknown field `retention`, expected one of"));
    }
}
