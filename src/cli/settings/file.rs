//! The settings of a TOML file.

use std::path::Path;

use serde::{Deserialize, Deserializer};

use super::super::suggest::nearest;
use super::Given;
use crate::error::{Error, Result};

impl Given {
    /// Reads a file. Unknown keys are refused.
    pub(super) fn of_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Config(format!("cannot read --config {}: {error}", path.display())))?;
        toml::from_str(&text)
            .map_err(|error| Error::Config(format!("{}{}", path.display(), what_is_wrong(&text, &error))))
    }
}

/// A TOML value that is written as a text or a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "it is written as a text or a number")]
enum Scalar {
    Text(String),
    Whole(i64),
    Real(f64),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
        }
    }
}

/// One value, as it would be typed.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Scalar::deserialize(deserializer).map(|scalar| Some(scalar.into_text()))
}

/// One value or a list of them, as they would be typed.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "it is written as a text, a number, or a list of them: [45, \"Camera1=forever\"]")]
    enum Form {
        One(Scalar),
        Many(Vec<Scalar>),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::One(one) => vec![one.into_text()],
        Form::Many(many) => many.into_iter().map(Scalar::into_text).collect(),
    })
}

/// Where a file is wrong and why. Of the line only the key is shown: its value may be a password's hash.
fn what_is_wrong(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let message = with_hint(message);
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return format!(": {message}") };
    let number = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
    format!(", line {number} ({key}): {message}")
}

/// Names the key that was probably meant instead of all that could be.
fn with_hint(message: String) -> String {
    // serde's words: unknown field `keep-dayz`, expected one of `keep-days`, `max-size`, …
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
        what_is_wrong(text, &toml::from_str::<Given>(text).unwrap_err())
    }

    #[test]
    fn unknown_keys_and_wrong_forms_are_refused() {
        assert!(toml::from_str::<Given>("keep_dayz = 3").is_err());
        assert!(toml::from_str::<Given>("keep-days = true").is_err());
        let list: Given = toml::from_str("keep-days = [45, \"Camera2=forever\"]").unwrap();
        assert_eq!(list.keep_days, ["45", "Camera2=forever"]);
    }

    /// The line and the key are named, never the value.
    #[test]
    fn mistakes_are_named_without_their_value() {
        let secret = "[users]\n\nanna = { password = \"secret\", rolle = \"x\" }\n";
        assert_eq!(wrong(secret), ", line 3 (anna): unknown field `rolle`; did you mean `role`?");
        assert!(wrong("keep-days = 3\nkeep-days = 4").contains("line 2 (keep-days)"));
        assert!(wrong("x").contains("line 1"));
        assert_eq!(wrong("min-free = true"), ", line 1 (min-free): it is written as a text or a number");
        assert!(wrong("keep-days = {a = 1}").contains("or a list of them"));
        assert!(wrong("keep-days = ").contains("line 1"));
    }

    #[test]
    fn the_key_that_was_meant_is_offered() {
        assert!(wrong("keep_days = 3").contains("unknown field `keep_days`; did you mean `keep-days`?"));
        assert!(wrong("[proxy]\nform = [\"127.0.0.1\"]").contains("did you mean `from`?"));
        assert!(wrong("[retention]\nkeep-days = 3").contains("unknown field `retention`, expected one of"));
    }
}
