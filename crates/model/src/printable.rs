//! Escapes text for terminals and logs. Names on disk can contain anything: escape sequences that rewrite the screen,
//! line breaks that fake a line, characters that reverse the reading order. JSON output has escapes of its own.

use std::fmt::Write as _;
use std::path::Path;

/// The text with every character that is not printable as an escape: `\u{1b}`. Line breaks are escaped too.
pub fn printable(text: &str) -> String {
    escaped(text, |_| false)
}

/// Like `printable`, for a text of several lines: line breaks stay.
pub fn printable_lines(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// A printable path.
pub fn path(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Serializes a path as text. serde's own implementation fails for paths that are not UTF-8; here such bytes are
/// replaced.
pub fn serialize_path<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Like `serialize_path`, for a path that may be missing.
#[allow(clippy::ref_option)] // the signature that serde needs
pub fn serialize_path_if_any<S: serde::Serializer>(
    path: &Option<std::path::PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&path.as_ref().map(|path| path.to_string_lossy()), serializer)
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unprintable(c) && !stays(c) {
            let _ = write!(out, "{}", c.escape_default()); // writing to a string cannot fail
        } else {
            out.push(c);
        }
    }
    out
}

/// Controls (also those of U+0080 to U+009F), line separators, and characters that change the direction of the text.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters that a terminal interprets are escaped; letters of any language stay.
    #[test]
    fn controls_are_escaped_and_letters_stay() {
        assert_eq!(printable("a\x1b[2Jb\nc\u{9b}d\u{202e}e"), r"a\u{1b}[2Jb\nc\u{9b}d\u{202e}e");
        assert_eq!(printable("Küche 客厅 ★"), "Küche 客厅 ★");
        assert_eq!(printable_lines("a\nb\r\x07"), "a\nb\\r\\u{7}");
    }
}
