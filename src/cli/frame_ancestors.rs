//! `--frame-ancestors SOURCE…`: separates the values of the flag from a root that follows them.

use std::ffi::{OsStr, OsString};

use crate::http::Access;

const FLAG: &str = "--frame-ancestors";

/// Repeats the flag before each of its sources: an option with several values in clap would take the root for one of them.
pub(super) fn one_flag_each(line: Vec<OsString>) -> Vec<OsString> {
    let mut separate = Vec::with_capacity(line.len());
    let mut words = line.into_iter().peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            separate.push(word);
            separate.extend(words);
            break;
        }
        let is_flag = word == FLAG;
        separate.push(word);
        if is_flag {
            separate.extend(words.next());
            while let Some(source) = words.next_if(|word| is_source(word)) {
                separate.extend([FLAG.into(), source]);
            }
        }
    }
    separate
}

/// Whether a word is a source and not a path. A bare host can be either, so it needs a flag of its own.
fn is_source(word: &OsStr) -> bool {
    let text = word.to_str().unwrap_or_default();
    let is_marked = text.contains(':') || text.starts_with(['*', '\'']) || ["self", "none"].contains(&text);
    is_marked && Access::default().frame_ancestors(&[text]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_no_source() {
        for (typed, meant) in [
            ("serve --frame-ancestors https://a.b /root", "serve --frame-ancestors https://a.b /root"),
            (
                "serve --frame-ancestors https://a.b:1 self *.c root --listen x",
                "serve --frame-ancestors https://a.b:1 --frame-ancestors self --frame-ancestors *.c root --listen x",
            ),
            ("serve root --frame-ancestors home --insecure", "serve root --frame-ancestors home --insecure"),
            ("serve --frame-ancestors=self root", "serve --frame-ancestors=self root"),
            ("serve -- --frame-ancestors self self", "serve -- --frame-ancestors self self"),
            ("serve root --frame-ancestors", "serve root --frame-ancestors"),
        ] {
            let line = typed.split(' ').map(OsString::from).collect();
            let separate: Vec<String> = one_flag_each(line).into_iter().map(|w| w.into_string().unwrap()).collect();
            assert_eq!(separate.join(" "), meant);
        }
    }
}
