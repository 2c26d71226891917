//! "Did you mean …?" for mistyped names.

/// The similarity (Jaro-Winkler, 1 is equal) from which a name is suggested.
const MIN_SIMILARITY: f64 = 0.85;

/// The candidate most similar to `word`, if any is similar enough. Case, and `-` or `_`, make no difference.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    let alike = |candidate: &'a str| (strsim::jaro_winkler(&word, &plain(candidate)), candidate);
    let best = candidates.into_iter().map(alike).filter(|(score, _)| *score >= MIN_SIMILARITY);
    best.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, candidate)| candidate)
}

/// `; did you mean "CANDIDATE"?`, or nothing without a similar candidate.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_suggested() {
        let keys = ["keep-days", "max-size", "max-share", "min-free"];
        assert_eq!(nearest("keep-dayz", keys), Some("keep-days"));
        assert_eq!(nearest("KEEP_DAYS", keys), Some("keep-days"));
        assert_eq!(nearest("max-siez", keys), Some("max-size"));
        assert_eq!(nearest("retention", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(hint("minfree", keys), "; did you mean \"min-free\"?");
    }
}
