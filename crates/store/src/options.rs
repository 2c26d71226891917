//! What the configuration says about one store. The table is read elsewhere; here its plain values become types.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::PathBuf;

use bytesize::ByteSize;
use owlery_model::retention::WhenFull;
use owlery_model::suggest::hint;
use owlery_model::window::Window;

use crate::encrypt::Recipients;
use crate::error::{Error, Result};
use crate::keys::HostName;
use crate::name::StoreName;
use crate::source::FileKind;
use crate::url::StoreUrl;

/// The keys of a store's table.
const KEYS: [&str; 11] =
    ["active", "copy", "encrypt", "host", "identity", "include", "rate", "url", "users", "when-full", "window"];

/// The words of `when-full`.
const WHEN_FULL: [(&str, WhenFull); 2] = [("keep", WhenFull::Keep), ("expire", WhenFull::Expire)];

/// One store of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Its name: the last part of the table's name.
    pub name: StoreName,
    /// Where it lies.
    pub url: StoreUrl,
    /// Whether it is used at all; true without the key.
    pub active: bool,
    /// The users who may use it; `None`, without the key, is all. An empty list leaves it to the command line.
    pub users: Option<BTreeSet<String>>,
    /// The name under which this host copies to it; `None`, without the key, is the system's name.
    pub host: Option<HostName>,
    /// What of an event is copied to it.
    pub include: BTreeSet<Part>,
    /// To whom its copies are encrypted; `None`, without the key, leaves them plain.
    pub encrypt: Option<Recipients>,
    /// The file of the identity that decrypts its copies, where this host shows or recalls them; `None`, without the key, if it cannot.
    pub identity: Option<PathBuf>,
    /// Which events a service copies to it by itself; none without the key.
    pub copy: CopyRule,
    /// How many bytes a second are sent at most; `None`, without the key, is no limit.
    pub rate: Option<NonZeroU64>,
    /// The hours in which a service copies; `None`, without the key, is all.
    pub window: Option<Window>,
    /// What happens to events without a copy when the disk is full; without the key they stay.
    pub when_full: WhenFull,
}

/// Which events a service copies by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyRule {
    /// None; `owlery store push` copies.
    Off,
    /// Each that is not being recorded any more. No rule retires one before its copy is proved.
    Complete,
    /// Those that are saved.
    Saved,
    /// Those that a rule would retire, which waits until their copies are proved.
    Expire,
}

/// A part of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The movie.
    Movie,
    /// The small picture of the event.
    Thumbnail,
    /// All frames.
    Frames,
    /// The frame in which most pixels changed, by itself, and the strongest so far while the event is being recorded.
    BestFrame,
}

/// A value of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A list of texts.
    List(Vec<String>),
}

impl CopyRule {
    const ALL: [(&'static str, Self); 4] =
        [("complete", Self::Complete), ("saved", Self::Saved), ("expire", Self::Expire), ("off", Self::Off)];

    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        word_of(&Self::ALL, self)
    }

    /// Whether no rule may retire an event before its copy is proved.
    pub fn holds_events(self) -> bool {
        matches!(self, Self::Complete | Self::Expire)
    }
}

impl Part {
    const ALL: [(&'static str, Self); 4] = [
        ("movie", Self::Movie),
        ("thumbnail", Self::Thumbnail),
        ("frames", Self::Frames),
        ("best-frame", Self::BestFrame),
    ];

    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        word_of(&Self::ALL, self)
    }
}

impl StoreOptions {
    /// A store with the defaults: active, for all users, and for movies and thumbnails.
    pub fn new(name: StoreName, url: StoreUrl) -> Self {
        let include = BTreeSet::from([Part::Movie, Part::Thumbnail]);
        Self {
            name,
            url,
            active: true,
            users: None,
            host: None,
            include,
            encrypt: None,
            identity: None,
            copy: CopyRule::Off,
            rate: None,
            window: None,
            when_full: WhenFull::Keep,
        }
    }

    /// The name under which this host copies to it.
    ///
    /// # Errors
    /// [`Error::Config`] if none is configured, and the system's name cannot be one.
    pub fn host_name(&self) -> Result<HostName> {
        if let Some(host) = &self.host {
            return Ok(host.clone());
        }
        let system = rustix::system::uname();
        let wrong =
            |why: String| Error::Config(format!("{why}; set `host` in [stores.{}] of the configuration", self.name));
        system.nodename().to_string_lossy().parse().map_err(wrong)
    }

    /// A store of the values of its table.
    ///
    /// # Errors
    /// [`Error::Config`] for a name, a key or a value that is not valid, or without `url`. It names the key, the value and the
    /// cure; values of `url` are not repeated.
    pub fn from_values<K: AsRef<str>>(name: &str, values: impl IntoIterator<Item = (K, OptionValue)>) -> Result<Self> {
        let name: StoreName = name.parse().map_err(|why| Error::Config(format!("[stores.{name}]: {why}")))?;
        let (mut url, mut rest) = (None, Vec::new());
        for (key, value) in values {
            match (key.as_ref(), value) {
                ("url", value) => url = Some(url_of(&Place(&name, "url"), value)?),
                (key, value) => rest.push((key.to_owned(), value)),
            }
        }
        let without =
            || Error::Config(format!("[stores.{name}] has no `url`; write where it lies, such as s3://BUCKET/PREFIX"));
        let url = url.ok_or_else(without)?;
        let mut options = Self::new(name, url);
        for (key, value) in rest {
            options.set(&key, value)?;
        }
        Ok(options)
    }

    /// Whether a user may use the store. `None` is the administrator of the command line, who may use each.
    pub fn permits(&self, user: Option<&str>) -> bool {
        match (&self.users, user) {
            (None, _) | (_, None) => true,
            (Some(users), Some(user)) => users.contains(user),
        }
    }

    /// The kinds of files that are copied.
    pub fn kinds(&self) -> BTreeSet<FileKind> {
        let kind = |part: &Part| match part {
            Part::Movie => FileKind::Movie,
            Part::Thumbnail => FileKind::Thumbnail,
            Part::Frames => FileKind::Frame,
            Part::BestFrame => FileKind::BestFrame,
        };
        self.include.iter().map(kind).collect()
    }

    fn set(&mut self, key: &str, value: OptionValue) -> Result<()> {
        let name = self.name.clone();
        let place = Place(&name, key);
        match key {
            "active" => self.active = place.flag(value)?,
            "copy" => self.copy = place.word(&Self::text(&place, value)?, &CopyRule::ALL)?,
            "rate" => self.rate = Some(place.rate(&Self::text(&place, value)?)?),
            "when-full" => self.when_full = place.word(&Self::text(&place, value)?, &WHEN_FULL)?,
            "window" => {
                let text = Self::text(&place, value)?;
                let wrong =
                    |error: owlery_model::error::Error| place.wrong(&error.to_string(), "write two times of day");
                self.window = Some(text.parse().map_err(wrong)?);
            }
            "host" => {
                let text = Self::text(&place, value)?;
                self.host = Some(text.parse().map_err(|why: String| place.wrong(&why, "write another name"))?);
            }
            "encrypt" => {
                let texts = match value {
                    OptionValue::Text(text) => vec![text],
                    other => place.list(other)?,
                };
                let wrong = |why| Error::Config(format!("`encrypt` of [stores.{name}] is not valid: {why}"));
                self.encrypt = Some(Recipients::parse(texts).map_err(wrong)?);
            }
            "identity" => {
                let path = PathBuf::from(Self::text(&place, value)?);
                if !path.is_absolute() {
                    return Err(place.wrong(
                        "it is no absolute path",
                        "name the file of the secret key, such as /etc/owlery/key.txt",
                    ));
                }
                self.identity = Some(path);
            }
            "users" => self.users = Some(place.list(value)?.into_iter().collect()),
            "include" => {
                let words = place.list(value)?;
                self.include = words.iter().map(|word| place.word(word, &Part::ALL)).collect::<Result<_>>()?;
                if self.include.is_empty() {
                    return Err(place.wrong("the list is empty", "name what to copy"));
                }
            }
            unknown => {
                let keys = KEYS.join(", ");
                return Err(Error::Config(format!(
                    "[stores.{name}] has the unknown key {unknown:?}{}; the keys are {keys}",
                    hint(unknown, KEYS)
                )));
            }
        }
        Ok(())
    }

    fn text(place: &Place<'_>, value: OptionValue) -> Result<String> {
        match value {
            OptionValue::Text(text) => Ok(text),
            _ => Err(place.wrong("it is no text", "write it as a text between \" and \"")),
        }
    }
}

fn url_of(place: &Place<'_>, value: OptionValue) -> Result<StoreUrl> {
    let text = StoreOptions::text(place, value)?;
    text.parse().map_err(|why| Error::Config(format!("`url` of [stores.{}] is not valid: {why}", place.0)))
}

/// A store and a key of it, for messages.
struct Place<'a>(&'a StoreName, &'a str);

impl Place<'_> {
    fn wrong(&self, why: &str, cure: &str) -> Error {
        Error::Config(format!("`{}` of [stores.{}] is not valid: {why}; {cure}", self.1, self.0))
    }

    fn flag(&self, value: OptionValue) -> Result<bool> {
        match value {
            OptionValue::Flag(flag) => Ok(flag),
            OptionValue::Text(text) => Err(self.wrong(&format!("{text:?} is a text"), "write true or false")),
            OptionValue::List(_) => Err(self.wrong("it is a list", "write true or false")),
        }
    }

    fn list(&self, value: OptionValue) -> Result<Vec<String>> {
        match value {
            OptionValue::List(list) => Ok(list),
            OptionValue::Text(text) => Err(self.wrong(&format!("{text:?} is no list"), "write it between [ and ]")),
            OptionValue::Flag(_) => Err(self.wrong("it is no list", "write a list of texts between [ and ]")),
        }
    }

    /// Bytes a second.
    fn rate(&self, text: &str) -> Result<NonZeroU64> {
        let has_unit = text.trim_end().ends_with(|char: char| char.is_ascii_alphabetic());
        let bytes = text.parse::<ByteSize>().ok().filter(|_| has_unit).and_then(|size| NonZeroU64::new(size.as_u64()));
        bytes.ok_or_else(|| {
            self.wrong(
                &format!("{text:?} is no number of bytes a second"),
                "write one with its unit, such as 500kB or 2MB",
            )
        })
    }

    fn word<T: std::marker::Copy>(&self, word: &str, known: &[(&str, T)]) -> Result<T> {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let found = known.iter().find(|(known, _)| *known == word);
        let wrong = || {
            self.wrong(
                &format!("{word:?} is unknown{}", hint(word, words.iter().copied())),
                &format!("it is one of {}", words.join(", ")),
            )
        };
        found.map(|(_, value)| *value).ok_or_else(wrong)
    }
}

fn word_of<T: PartialEq + std::marker::Copy>(known: &[(&'static str, T)], value: T) -> &'static str {
    known.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::OptionValue::{Flag, List, Text};
    use super::*;

    fn list(words: &[&str]) -> OptionValue {
        List(words.iter().map(ToString::to_string).collect())
    }

    fn made(values: &[(&str, OptionValue)]) -> Result<StoreOptions> {
        let url = ("url", Text("file:///mnt/nas/owlery".into()));
        StoreOptions::from_values("offsite", values.iter().cloned().chain([url]))
    }

    #[test]
    fn values_become_options() {
        let least = made(&[]).unwrap();
        assert_eq!(least, StoreOptions::new("offsite".parse().unwrap(), "file:///mnt/nas/owlery".parse().unwrap()));
        assert_eq!((least.active, least.include.len()), (true, 2));
        assert!(least.permits(Some("anna")) && least.permits(None));

        let all = made(&[
            ("active", Flag(false)),
            ("users", list(&["anna"])),
            ("include", list(&["frames", "movie", "frames"])),
            ("copy", Text("expire".into())),
            ("rate", Text("2MB".into())),
            ("when-full", Text("expire".into())),
            ("window", Text("22:00-06:00".into())),
        ])
        .unwrap();
        assert!(!all.active);
        assert_eq!(all.include, BTreeSet::from([Part::Frames, Part::Movie]));
        assert_eq!((all.copy, all.rate.map(NonZeroU64::get)), (CopyRule::Expire, Some(2_000_000)));
        assert_eq!((least.when_full, all.when_full), (WhenFull::Keep, WhenFull::Expire));
        assert_eq!(all.window.unwrap().to_string(), "22:00-06:00");
        assert!(all.permits(Some("anna")) && !all.permits(Some("ben")) && all.permits(None));
        let none = made(&[("users", list(&[]))]).unwrap();
        assert!(!none.permits(Some("anna")) && none.permits(None));
    }

    #[test]
    fn words_are_written_as_they_are_read() {
        assert_eq!((Part::Frames.as_str(), Part::Movie.as_str()), ("frames", "movie"));
    }

    #[test]
    fn errors_name_key_value_and_cure() {
        for (key, value, parts) in [
            ("active", Text("yes".into()), ["`active` of [stores.offsite]", "\"yes\"", "true or false"]),
            ("active", list(&[]), ["`active`", "a list", "true or false"]),
            ("users", Text("anna".into()), ["`users`", "\"anna\"", "between [ and ]"]),
            ("users", Flag(true), ["`users`", "no list", "between [ and ]"]),
            ("copy", Text("save".into()), ["`copy`", "did you mean \"saved\"?", "complete, saved, expire, off"]),
            ("copy", Flag(true), ["`copy`", "no text", "write it as a text"]),
            ("rate", Text("1".into()), ["`rate`", "bytes a second", "such as 500kB or 2MB"]),
            ("rate", Text("0MB".into()), ["`rate`", "bytes a second", "such as 500kB or 2MB"]),
            ("when-full", Text("delete".into()), ["`when-full`", "\"delete\"", "keep, expire"]),
            ("window", Text("night".into()), ["`window`", "01:00-05:30", "two times of day"]),
            ("include", list(&["movie", "sound"]), ["`include`", "\"sound\"", "movie, thumbnail, frames, best-frame"]),
            ("include", list(&[]), ["`include`", "empty", "name what to copy"]),
            ("url", Text("s3://anna:hunter2@x".into()), ["`url`", "password", "owlery store login"]),
            ("url", Flag(true), ["`url`", "no text", "write it as a text"]),
            ("host", Text("a/b".into()), ["`host`", "\"a/b\"", "write another name"]),
            ("activ", Flag(true), ["[stores.offsite]", "\"activ\"", "did you mean \"active\"?"]),
            (
                "encryption",
                Text("age1".into()),
                ["[stores.offsite]", "did you mean \"encrypt\"?", "the keys are active, copy, encrypt, host"],
            ),
            ("encrypt", Text("age1".into()), ["`encrypt` of [stores.offsite]", "\"age1\"", "58 letters and digits"]),
            ("encrypt", Text("ssh-rsa hunter2".into()), ["`encrypt`", "the text is no public key", "58 letters"]),
            ("encrypt", Text("AGE-SECRET-KEY-1HUNTER2".into()), ["`encrypt`", "must not be on this host", "-y FILE"]),
            ("encrypt", Text("age-secret-key-1hunter2".into()), ["`encrypt`", "must not be on this host", "-y FILE"]),
            (
                "identity",
                Text("AGE-SECRET-KEY-1HUNTER2".into()),
                ["`identity`", "no absolute path", "the file of the secret"],
            ),
            ("encrypt", list(&[]), ["`encrypt`", "empty", "leave the key `encrypt` out"]),
            ("encrypt", Flag(true), ["`encrypt`", "no list", "a list of texts"]),
        ] {
            let error = made(&[(key, value)]).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, Error::Config(_)) && parts.iter().all(|part| text.contains(part)), "{key}: {text}");
            assert!(!text.to_lowercase().contains("hunter2"), "{text}");
        }
        let nowhere = StoreOptions::from_values("offsite", [("active", Flag(true))]).unwrap_err();
        assert!(nowhere.to_string().contains("has no `url`"), "{nowhere}");
        let name = StoreOptions::from_values::<&str>("Off/Site", []).unwrap_err();
        assert!(name.to_string().contains("is not a name of a store"), "{name}");
    }
}
