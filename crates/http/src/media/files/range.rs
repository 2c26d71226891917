//! The `Range` header.

/// The part of a file that a header requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestedRange {
    /// The header is invalid or of another unit, so it is ignored (RFC 9110, section 14.2).
    Whole,
    /// The first and the last byte.
    Part(u64, u64),
    /// No requested byte exists.
    Unsatisfiable,
}

/// Parses a header for a file of `len` bytes. Of several ranges the first satisfiable one counts: a server may send any of them (RFC
/// 9110, sections 14.2 and 15.3.7).
pub(super) fn requested_range(header: &str, len: u64) -> RequestedRange {
    let Some((unit, ranges)) = header.split_once('=') else { return RequestedRange::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return RequestedRange::Whole;
    }
    let mut found = None;
    let mut has_any = false;
    for range in ranges.split(',').map(|range| range.trim_matches([' ', '\t'])) {
        if range.is_empty() {
            continue; // a list may have empty elements (section 5.6.1.2)
        }
        let Some((from, to)) = one(range, len) else { return RequestedRange::Whole };
        has_any = true;
        if found.is_none() && from < len {
            found = Some(RequestedRange::Part(from, to.min(len - 1)));
        }
    }
    if has_any { found.unwrap_or(RequestedRange::Unsatisfiable) } else { RequestedRange::Whole }
}

/// The first and the last byte. The first is at least `len` if no such byte exists.
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
    fn valid_ranges_are_parsed_and_others_ignored() {
        for (header, expected) in [
            ("bytes=0-0", RequestedRange::Part(0, 0)),
            ("bytes=3-", RequestedRange::Part(3, 9)),
            ("bytes=3-99", RequestedRange::Part(3, 9)),
            ("BYTES=3-4", RequestedRange::Part(3, 4)),
            ("bytes=3-99999999999999999999999", RequestedRange::Part(3, 9)),
            ("bytes=-4", RequestedRange::Part(6, 9)),
            ("bytes=-99", RequestedRange::Part(0, 9)),
            ("bytes=10-", RequestedRange::Unsatisfiable),
            ("bytes=-0", RequestedRange::Unsatisfiable),
            ("bytes=10-11, -0", RequestedRange::Unsatisfiable),
            ("bytes=99999999999999999999999-", RequestedRange::Unsatisfiable),
            ("bytes=0-1,3-4", RequestedRange::Part(0, 1)),
            ("bytes=3-4 ,\t0-1", RequestedRange::Part(3, 4)),
            ("bytes=, 20-30,,-2", RequestedRange::Part(8, 9)),
            ("bytes=0-1,x", RequestedRange::Whole),
            ("bytes=5-4", RequestedRange::Whole),
            ("bytes=-", RequestedRange::Whole),
            ("bytes=", RequestedRange::Whole),
            ("bytes=,", RequestedRange::Whole),
            ("bytes=+1-2", RequestedRange::Whole),
            ("bytes", RequestedRange::Whole),
            ("lines=0-1", RequestedRange::Whole),
        ] {
            assert_eq!(requested_range(header, 10), expected, "{header}");
        }
        assert_eq!(
            (requested_range("bytes=0-", 0), requested_range("bytes=-5", 0)),
            (RequestedRange::Unsatisfiable, RequestedRange::Unsatisfiable)
        );
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(header in "bytes=[0-9,\\- ]{0,12}|\\PC{0,12}", len in 0u64..20) {
            if let RequestedRange::Part(from, to) = requested_range(&header, len) {
                prop_assert!(from <= to && to < len);
            }
        }
    }
}
