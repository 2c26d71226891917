//! "Did you mean …?" for names that users type.

/// How alike two names must be (Jaro-Winkler, 1 is equal) for one to be offered instead of the other.
const ALIKE: f64 = 0.85;

/// The candidate that is most like `word`, if any is like it. Case, `-` and `_` make no difference.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    let alike = |candidate: &'a str| (strsim::jaro_winkler(&word, &plain(candidate)), candidate);
    let best = candidates.into_iter().map(alike).filter(|(score, _)| *score >= ALIKE);
    best.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, candidate)| candidate)
}

/// `; did you mean "CANDIDATE"?`, or nothing where no candidate is like it.
pub(super) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_name_is_offered() {
        let keys = ["keep-days", "max-size", "max-share", "min-free"];
        assert_eq!(nearest("keep-dayz", keys), Some("keep-days"));
        assert_eq!(nearest("KEEP_DAYS", keys), Some("keep-days"));
        assert_eq!(nearest("max-siez", keys), Some("max-size"));
        assert_eq!(nearest("retention", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(hint("minfree", keys), "; did you mean \"min-free\"?");
    }
}
