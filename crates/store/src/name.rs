//! The name of a store in the configuration, in URLs and on the command line.

use std::fmt;
use std::str::FromStr;

use owlery_model::event::location::LOCAL;

/// The longest name.
const MAX_LENGTH: usize = 40;

/// The name of a store: 1 to 40 of `a`–`z`, `0`–`9` and `-`, beginning with a letter; not `local`, which is how an event of the archive is
/// located.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreName(Box<str>);

impl StoreName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StoreName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let begins_well = text.starts_with(|first: char| first.is_ascii_lowercase());
        if is_plain && begins_well && text.len() <= MAX_LENGTH && text != LOCAL {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "{text:?} is not a name of a store: it has 1 to {MAX_LENGTH} of a–z, 0–9 and -, begins with a letter, and is not {LOCAL}; such as offsite"
        ))
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_accepted() {
        for good in ["a", "offsite", "nas-2", &"x".repeat(MAX_LENGTH)] {
            assert_eq!(good.parse::<StoreName>().unwrap().to_string(), good);
        }
        for bad in ["", "local", "-a", "2nd", "A", "a_b", "a/b", "..", "ä", &"x".repeat(MAX_LENGTH + 1)] {
            assert!(bad.parse::<StoreName>().is_err(), "{bad:?}");
        }
    }
}
