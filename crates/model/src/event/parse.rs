//! Shared parts of the name parsers.

use std::str::FromStr;

use crate::error::Error;

/// The decimal digits of `bytes` as a number; `None` if anything else is in it.
pub(crate) fn digits(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// For serde: a value from its text form.
pub(crate) fn from_text<'de, D: serde::Deserializer<'de>, T: FromStr<Err = Error>>(from: D) -> Result<T, D::Error> {
    let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}
