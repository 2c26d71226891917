//! A JSON object with a checksum of its own as the last member, so that a byte that was changed on the way is noticed also where the text
//! still is JSON: `{"a":1}` becomes `{"a":1,"sha256":"…"}`, with the SHA-256 of the text before it was sealed.
//!
//! Texts without a checksum are those of an older Owlery. Who reads them must refuse members that he does not know: one of them may be
//! what is left of a damaged checksum.

use sha2::{Digest, Sha256};

use crate::upload::{hex, sha256};

/// What is before the checksum, and after it.
const BEFORE: &[u8] = br#","sha256":""#;
const AFTER: &[u8] = br#""}"#;

/// The hexadecimal digits of a checksum.
const DIGITS: usize = 64;

/// Adds the checksum to the text of a JSON object that has members.
pub(crate) fn seal(mut text: Vec<u8>) -> Vec<u8> {
    let sum = sha256(&text);
    text.pop();
    [&text, BEFORE, sum.as_bytes(), AFTER].concat()
}

/// The text as it was before it was sealed. `None` if it is not that any more.
pub(crate) fn open(mut text: Vec<u8>) -> Option<Vec<u8>> {
    let Some((length, sum)) = parts(&text) else { return Some(text) };
    let mut found = Sha256::new();
    found.update(text.get(..length)?);
    found.update(b"}");
    if hex(&found.finalize()).as_bytes() != sum {
        return None;
    }
    text.truncate(length);
    text.push(b'}');
    Some(text)
}

/// The length of what is before the checksum, and the checksum; `None` without one.
fn parts(text: &[u8]) -> Option<(usize, &[u8])> {
    let rest = text.strip_suffix(AFTER)?;
    let (rest, sum) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    Some((rest.strip_suffix(BEFORE)?.len(), sum))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sealed_texts_are_json_and_open_again() {
        let text = br#"{"version":1,"events":[]}"#.to_vec();
        let sealed = seal(text.clone());
        let value: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        assert_eq!(value["sha256"].as_str().unwrap(), sha256(&text));
        assert_eq!(open(sealed).unwrap(), text);
        assert_eq!(open(text.clone()).unwrap(), text, "as an older Owlery has written it");
        for odd in [&b""[..], b"}", b"\"}", br#","sha256":""}"#] {
            assert_eq!(open(odd.to_vec()).unwrap(), odd);
        }
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        name: String,
        number: u64,
    }

    proptest! {
        /// Whatever is believed is what was written.
        #[test]
        fn no_changed_byte_is_believed(at in 0usize..110, with in 1u8.., more in prop::option::of((0usize..110, 1u8..))) {
            let text = Text { name: "a".into(), number: 12345 };
            let mut sealed = seal(serde_json::to_vec(&text).unwrap());
            let length = sealed.len();
            for (at, with) in [Some((at, with)), more].into_iter().flatten() {
                sealed[at % length] ^= with;
            }
            if let Some(read) = open(sealed).and_then(|text| serde_json::from_slice::<Text>(&text).ok()) {
                prop_assert_eq!(read, text);
            }
        }
    }
}
