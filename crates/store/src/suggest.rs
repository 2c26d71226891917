//! "Did you mean …?" for mistyped keys and values.

/// The similarity (Jaro-Winkler, 1 is equal) from which a word is suggested.
const MIN_SIMILARITY: f64 = 0.8;

/// `; did you mean WORD?`, or nothing if no known word is similar enough.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    let plain = word.to_lowercase().replace('_', "-");
    let alike = known.iter().map(|known| (strsim::jaro_winkler(&plain, known), known));
    let best = alike.filter(|(score, _)| *score >= MIN_SIMILARITY).max_by(|one, other| one.0.total_cmp(&other.0));
    best.map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_word_is_suggested() {
        let known = ["region", "endpoint", "virtual-hosted"];
        assert_eq!(hint("regoin", &known), "; did you mean region?");
        assert_eq!(hint("Virtual_Hosted", &known), "; did you mean virtual-hosted?");
        assert_eq!((hint("colour", &known), hint("", &known)), (String::new(), String::new()));
    }
}
