//! The `Range` header: which single part of a file is asked for.

/// What a header asks for of a file of `len` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The header is none that is understood, which leaves it unheeded (RFC 9110, section 14.2).
    Whole,
    /// The first and the last byte.
    Part(u64, u64),
    /// No byte of what is there.
    Nothing,
}

/// The part that a header asks for: of several the first that there is, which is what a server may reduce them to (RFC 9110,
/// sections 14.2 and 15.3.7: one or more of them; whoever asks looks at what came).
pub(super) fn wanted(header: &str, len: u64) -> Wanted {
    let Some((unit, ranges)) = header.split_once('=') else { return Wanted::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let mut found = None;
    let mut has_any = false;
    for range in ranges.split(',').map(|range| range.trim_matches([' ', '\t'])) {
        if range.is_empty() {
            continue; // a list may have empty elements (section 5.6.1.2)
        }
        let Some((from, to)) = one(range, len) else { return Wanted::Whole };
        has_any = true;
        if found.is_none() && from < len {
            found = Some(Wanted::Part(from, to.min(len - 1)));
        }
    }
    if has_any { found.unwrap_or(Wanted::Nothing) } else { Wanted::Whole }
}

/// The first byte and the last; the first is not below `len` if there are no such bytes.
fn one(range: &str, len: u64) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    // A number too large for 64 bits is past the end of any file.
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(from), Some(to)) if from <= to => Some((from, to)),
        (Some(from), None) if last.is_empty() => Some((from, u64::MAX)),
        (None, Some(suffix)) if first.is_empty() => {
            Some((if suffix == 0 { len } else { len.saturating_sub(suffix) }, u64::MAX))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_is_understood_or_left_unheeded() {
        for (header, expected) in [
            ("bytes=0-0", Wanted::Part(0, 0)),
            ("bytes=3-", Wanted::Part(3, 9)),
            ("bytes=3-99", Wanted::Part(3, 9)),
            ("BYTES=3-4", Wanted::Part(3, 4)),
            ("bytes=3-99999999999999999999999", Wanted::Part(3, 9)),
            ("bytes=-4", Wanted::Part(6, 9)),
            ("bytes=-99", Wanted::Part(0, 9)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=10-11, -0", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=0-1,3-4", Wanted::Part(0, 1)),
            ("bytes=3-4 ,\t0-1", Wanted::Part(3, 4)),
            ("bytes=, 20-30,,-2", Wanted::Part(8, 9)),
            ("bytes=0-1,x", Wanted::Whole),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes=,", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header}");
        }
        assert_eq!((wanted("bytes=0-", 0), wanted("bytes=-5", 0)), (Wanted::Nothing, Wanted::Nothing));
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(header in "bytes=[0-9,\\- ]{0,12}|\\PC{0,12}", len in 0u64..20) {
            if let Wanted::Part(from, to) = wanted(&header, len) {
                prop_assert!(from <= to && to < len);
            }
        }
    }
}
