//! A camera's name. The archive's pattern decides which directories of a root are cameras; this module decides which
//! names are possible.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;

/// The name of a camera: one directory name directly below the root, such as `Camera1`.
///
/// Never empty, hidden, or longer than a file name may be (255 bytes), without separators and control characters, and
/// not one of the names with another meaning in the root (`queue`, `delete_queue`). Two names are equal only if all
/// letters are: `Camera1` is unrelated to `Camera10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Camera(Arc<str>);

impl Camera {
    /// The name as it is on disk.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Camera {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fits = !text.is_empty()
            && text.len() <= 255
            && !text.starts_with('.')
            && !text.chars().any(|c| c == '/' || c.is_control())
            && !matches!(text, "queue" | "delete_queue");
        if fits { Ok(Self(text.into())) } else { Err(Error::Name { what: "a camera's name", text: text.to_owned() }) }
    }
}

impl fmt::Display for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Camera {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Camera {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::parse::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused_not_cleaned_up() {
        for bad in ["", ".", "..", ".owlery", "a/b", "../Camera1", "Cam\0era", "Cam\nera", "queue", "delete_queue"] {
            assert!(bad.parse::<Camera>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(256).parse::<Camera>().is_err());
        for good in ["Camera1", "Camera 2", "Camera-Tür", "x"] {
            assert_eq!(good.parse::<Camera>().unwrap().as_str(), good);
        }
    }
}
