//! The syntax of a base path: of `--base-path` and `X-Forwarded-Prefix`.

/// The longest path that is accepted from a proxy or the configuration, in bytes.
const MAX_LENGTH: usize = 256;

/// A path of plain segments without the slash at its end, valid in every URL; `None` for anything else. `/` becomes the empty
/// path.
pub(super) fn plain(path: &str) -> Option<String> {
    let path = path.trim_matches([' ', '\t']);
    let rest = path.strip_prefix('/').filter(|_| path.len() <= MAX_LENGTH)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return (path == "/").then(String::new);
    }
    rest.split('/').all(is_plain_segment).then(|| format!("/{rest}"))
}

/// Whether a segment needs no normalisation: not empty, no dot segment, no delimiter.
fn is_plain_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let is_plain = match byte {
            // Only spaces and bytes outside ASCII may be encoded: browsers treat an encoded dot like a dot.
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                matches!((digit(), digit()), (Some(2), Some(0)) | (Some(8..=15), Some(_)))
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~+@".contains(&byte),
        };
        if !is_plain {
            return false;
        }
    }
    !segment.is_empty() && segment != "." && segment != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client can send this header through a proxy that passes it on: no such value may become part of a URL.
    #[test]
    fn a_prefix_is_a_path_of_plain_segments() {
        for (path, text) in [
            ("/", ""),
            ("/owlery", "/owlery"),
            ("/owlery/", "/owlery"),
            (" /a/b.c/d_e~f-g ", "/a/b.c/d_e~f-g"),
            ("/%C3%BCber/my%20house", "/%C3%BCber/my%20house"),
            ("/.well-known/...", "/.well-known/..."),
        ] {
            assert_eq!(plain(path).as_deref(), Some(text), "{path}");
        }
        let long = format!("/{}", "x".repeat(MAX_LENGTH));
        for bad in [
            "",
            "owlery",
            "//",
            "//evil.example",
            "/a//b",
            "/a//",
            "/..",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/a%2fb",
            "/a%",
            "/a%4",
            "/%zz",
            "http://evil.example",
            "/\\evil",
            "/a?b",
            "/a#b",
            "/a;b",
            "/a,/b",
            "/a\"b",
            "/a'b",
            "/<b>",
            "/a b",
            "/a\tb",
            "/\u{fc}",
            "/a:b",
            "/{a}",
            "/a&b",
            "/%00",
            "/%0a",
            "/%7f",
            &long,
        ] {
            assert_eq!(plain(bad), None, "{bad:?}");
        }
    }
}
