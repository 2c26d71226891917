//! The credentials of an S3 store, and the texts that they are read from.
//!
//! Three forms are read. Lines `access_key = …`, `secret_key = …` and, if there is one, `session_token = …`. The file of the `aws`
//! tools: sections `[profile]` with `aws_access_key_id`, `aws_secret_access_key` and `aws_session_token`. And the JSON that the
//! `aws` tools print: `AccessKeyId`, `SecretAccessKey` and `SessionToken`, alone or below `Credentials`. Lines that begin with `#`
//! or `;`, and keys that are not listed here, are skipped in the last two forms; in the first, an unknown key is an error.

use std::fmt;

use serde_json::Value;

/// The longest value, in bytes. Session tokens have about a thousand.
const MAX_LENGTH: usize = 16 * 1024;

/// The credentials of an S3 store. `Debug` shows neither the secret nor the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
}

impl Credentials {
    /// Credentials of their parts.
    ///
    /// # Errors
    /// The name of the part that is empty, too long, or has something else than printable ASCII.
    pub fn new(access_key: &str, secret_key: &str, session_token: Option<&str>) -> Result<Self, String> {
        for (what, value) in
            [("access key", Some(access_key)), ("secret key", Some(secret_key)), ("session token", session_token)]
        {
            let Some(value) = value else { continue };
            if value.is_empty() || value.len() > MAX_LENGTH || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!("the {what} is empty, too long, or has other characters than printable ASCII"));
            }
        }
        let session_token = session_token.map(str::to_owned);
        Ok(Self { access_key: access_key.to_owned(), secret_key: secret_key.to_owned(), session_token })
    }

    /// Reads any of the three forms. Of a file with sections, the section `profile`.
    ///
    /// # Errors
    /// What is missing or wrong. No value is repeated.
    pub fn parse(text: &str, profile: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return Self::of_json(text);
        }
        let mut found = Found::default();
        match lines_of(text, profile)? {
            Lines::Plain(lines) => {
                for (nth, (key, value)) in lines.into_iter().enumerate() {
                    if !found.take(key, value, &PLAIN) && !found.take(key, value, &AWS) {
                        // What stands there may be a secret, unless it looks like a mistyped key.
                        let is_word =
                            key.len() <= 24 && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'-'));
                        let what = if is_word { format!("{key:?}") } else { format!("of value {}", nth + 1) };
                        return Err(format!("the key {what} is unknown; the keys are {}", PLAIN.join(", ")));
                    }
                }
            }
            Lines::Section(lines) => lines.into_iter().for_each(|(key, value)| {
                found.take(key, value, &AWS);
            }),
        }
        found.credentials()
    }

    /// The public half, which the store knows the account by.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The first of the forms, as the vault keeps it.
    pub(crate) fn to_text(&self) -> String {
        let token =
            self.session_token.as_deref().map_or_else(String::new, |token| format!("session_token = {token}\n"));
        format!("access_key = {}\nsecret_key = {}\n{token}", self.access_key, self.secret_key)
    }

    fn of_json(text: &str) -> Result<Self, String> {
        // The parser's error could repeat a part of the text.
        let json: Value = serde_json::from_str(text).map_err(|e| format!("the JSON is wrong in line {}", e.line()))?;
        let json = json.get("Credentials").unwrap_or(&json);
        let value = |key: &str| json.get(key).and_then(Value::as_str);
        let (Some(access_key), Some(secret_key)) = (value("AccessKeyId"), value("SecretAccessKey")) else {
            return Err("the JSON has no texts `AccessKeyId` and `SecretAccessKey`".into());
        };
        Self::new(access_key, secret_key, value("SessionToken"))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

const PLAIN: [&str; 3] = ["access_key", "secret_key", "session_token"];
const AWS: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

/// The values in the order of [`PLAIN`] and [`AWS`].
#[derive(Default)]
struct Found<'a>([Option<&'a str>; 3]);

impl<'a> Found<'a> {
    /// Whether the key is one of these.
    fn take(&mut self, key: &str, value: &'a str, keys: &[&str; 3]) -> bool {
        let slot = keys.iter().position(|known| known.eq_ignore_ascii_case(key)).and_then(|at| self.0.get_mut(at));
        slot.map(|slot| *slot = Some(value)).is_some()
    }

    fn credentials(self) -> Result<Credentials, String> {
        let [Some(access_key), Some(secret_key), token] = self.0 else {
            return Err("there are no lines `access_key = …` and `secret_key = …`".into());
        };
        Credentials::new(access_key, secret_key, token.filter(|token| !token.is_empty()))
    }
}

type Line<'a> = (&'a str, &'a str);

enum Lines<'a> {
    /// A text without sections.
    Plain(Vec<Line<'a>>),
    /// The lines of one section.
    Section(Vec<Line<'a>>),
}

/// The lines `key = value` of a text without sections, or of the section `profile`.
fn lines_of<'a>(text: &'a str, profile: &str) -> Result<Lines<'a>, String> {
    let (mut lines, mut section, mut is_there) = (Vec::new(), None, false);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let name = name.trim();
            // A later section of the same name replaces the values of the earlier.
            is_there |= name == profile;
            section = Some(name);
        } else if let Some((key, value)) = line.split_once('=') {
            if section.is_none_or(|section| section == profile) {
                lines.push((key.trim(), unquoted(value.trim())));
            }
        } else {
            return Err(format!("line {} is not `key = value`", at + 1));
        }
    }
    match section {
        None => Ok(Lines::Plain(lines)),
        Some(_) if is_there => Ok(Lines::Section(lines)),
        Some(_) => Err(format!("there is no section [{profile}]")),
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str, profile: &str) -> (String, String, Option<String>) {
        let found = Credentials::parse(text, profile).unwrap_or_else(|error| panic!("{text}: {error}"));
        (found.access_key, found.secret_key, found.session_token)
    }

    fn three(access: &str, secret: &str, token: Option<&str>) -> (String, String, Option<String>) {
        (access.into(), secret.into(), token.map(Into::into))
    }

    #[test]
    fn all_forms_are_read() {
        let plain = "# of the NAS\naccess_key = A\n secret_key=\"b/c+d==\"\n";
        assert_eq!(parts(plain, "default"), three("A", "b/c+d==", None));
        assert_eq!(parts("access_key=A\nsecret_key=B\nsession_token=T", "x"), three("A", "B", Some("T")));
        assert_eq!(parts("aws_access_key_id=A\naws_secret_access_key=B", "x"), three("A", "B", None));

        let file = "[default]\naws_access_key_id = A\naws_secret_access_key = B\nregion = r\n\n[nas]\naws_access_key_id=C\n\
                    aws_secret_access_key=D\naws_session_token=T\n";
        assert_eq!(parts(file, "default"), three("A", "B", None));
        assert_eq!(parts(file, "nas"), three("C", "D", Some("T")));

        let json =
            r#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "B", "SessionToken": "T", "Expiration": "x"}"#;
        assert_eq!(parts(json, "default"), three("A", "B", Some("T")));
        assert_eq!(parts(&format!(" {{\"Credentials\": {json}}}"), "default"), three("A", "B", Some("T")));
    }

    #[test]
    fn wrong_texts_are_errors_that_repeat_no_value() {
        for (text, part) in [
            ("", "access_key"),
            ("access_key = A", "secret_key"),
            ("access_key = A\nsecret_key = ", "the secret key is empty"),
            ("access_key = A\nsecret_key = hidden hidden", "the secret key"),
            ("access_key = A\nhidden", "line 2"),
            ("access_key = A\nsecretkey = hidden", "\"secretkey\" is unknown"),
            ("access_key = A\nhidden/Base64==", "of value 2 is unknown"),
            ("[other]\naws_access_key_id = A\naws_secret_access_key = hidden", "no section [default]"),
            ("{\"AccessKeyId\": \"A\"", "JSON is wrong in line 1"),
            ("{\"AccessKeyId\": \"A\", \"SecretAccessKey\": 7}", "SecretAccessKey"),
        ] {
            let error = Credentials::parse(text, "default").unwrap_err();
            assert!(error.contains(part) && !error.contains("hidden"), "{text}: {error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Credentials::new("A", "hidden", Some("hidden")).unwrap());
        assert!(shown.contains("access_key: \"A\"") && !shown.contains("hidden"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Credentials::parse(&text, "default");
        }

        #[test]
        fn what_is_written_is_read_as_the_same(access in "[!#-~]{1,40}", secret in "[!#-~]{1,40}", token in "([!#-~]{1,80})?") {
            let written = Credentials::new(&access, &secret, Some(token.as_str()).filter(|token| !token.is_empty())).unwrap();
            prop_assert_eq!(Credentials::parse(&written.to_text(), "default").unwrap(), written);
        }
    }
}
