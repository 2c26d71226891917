//! The syntax of Motion's configuration files: `name value` or `name = value`, names in any case, values in either kind of
//! quotes, bytes in any encoding.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The options of a file in order: the name in lower case, and the bytes of the value.
pub(super) fn options(bytes: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
    bytes.strip_prefix(BOM).unwrap_or(bytes).split(|byte| *byte == b'\n').filter_map(option)
}

/// The settings that motionEye keeps in comments (`# @preserve_movies 7`), in order: the name with its `@`, and the bytes of
/// the value.
pub(super) fn comments(bytes: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
    bytes.strip_prefix(BOM).unwrap_or(bytes).split(|byte| *byte == b'\n').filter_map(|line| {
        let comment = line.trim_ascii().strip_prefix(b"#")?.trim_ascii_start();
        comment.starts_with(b"@").then(|| option(comment)).flatten()
    })
}

fn option(line: &[u8]) -> Option<(String, &[u8])> {
    let line = line.trim_ascii();
    if line.starts_with(b"#") || line.starts_with(b";") {
        return None;
    }
    let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'=');
    let end = line.iter().position(is_between)?;
    let (name, rest) = line.split_at(end);
    let begin = rest.iter().position(|byte| !is_between(byte)).unwrap_or(rest.len());
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    Some((name, unquoted(&rest[begin..])))
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        other => other,
    }
}

/// Parses a number like C's `atoi`: it ends at the first non-digit, and a value without digits is 0.
pub(super) fn number(value: &[u8]) -> i64 {
    let value = value.trim_ascii_start();
    let (sign, digits) = match value {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        other => (1, other),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'))) * sign
}

/// Parses a switch: whether it is on.
pub(super) fn is_on(value: &[u8]) -> bool {
    ["1", "yes", "on", "true"].iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// A path of exactly these bytes.
pub(super) fn path(value: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(value))
}

/// A text, with bytes that are not UTF-8 replaced.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<(String, Vec<u8>)> {
        options(text).map(|(name, value)| (name, value.to_vec())).collect()
    }

    #[test]
    fn lines_are_read_as_motion_reads_them() {
        let file = b"\xef\xbb\xbfEvent_Gap 7 # note\r\n# comment\n;x 1\n\n  target_dir = \"/a b/C 1\"\r\nname\ncamera\t'/etc/c.conf'\n\
                     text_left Geb\xe4ude\nstream_port=8081";
        let expected: [(&str, &[u8]); 5] = [
            ("event_gap", b"7 # note"),
            ("target_dir", b"/a b/C 1"),
            ("camera", b"/etc/c.conf"),
            ("text_left", b"Geb\xe4ude"),
            ("stream_port", b"8081"),
        ];
        let read = all(file);
        let read: Vec<(&str, &[u8])> = read.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        assert_eq!(read, expected);
        assert!(all(b"\0\xff \"\n=\n'\n").len() <= 2);
        assert_eq!(unquoted(b"\"a'"), b"\"a'");
        assert_eq!(unquoted(b"\""), b"\"");
    }

    #[test]
    fn comments_of_motioneye_are_read() {
        let file = b"# @preserve_movies 7\r\n#@id 1\n  #\t@admin_password \n# note @x 1\n@y 2\n; @z 3\nthreshold 4 # @a 5\n# @b";
        let read: Vec<(String, &[u8])> = comments(file).collect();
        assert_eq!(read, [("@preserve_movies".to_owned(), &b"7"[..]), ("@id".to_owned(), b"1")]);
    }

    #[test]
    fn numbers_end_where_digits_end() {
        for (text, value) in [("7 # note", 7), ("-1", -1), ("+30s", 30), ("x", 0), ("", 0), ("- 1", 0)] {
            assert_eq!(number(text.as_bytes()), value, "{text}");
        }
        assert_eq!(number(b"99999999999999999999"), i64::MAX);
        assert_eq!(number(b"-99999999999999999999"), -i64::MAX);
    }
}
