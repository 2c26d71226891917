//! Patterns and layouts that are refused, and what the messages say.

use super::*;

fn refusal(text: &str) -> String {
    let error = text.parse::<Pattern>().unwrap_err();
    assert!(matches!(error, Error::Config(_)));
    error.to_string()
}

#[test]
fn unusable_patterns_are_refused_with_a_cure() {
    for (text, expected) in [
        ("", "empty"),
        ("%Y%m%d%H%M%S/", "empty"),
        ("%Y-%m-%d//%H-%M-%S", "empty"),
        ("/%Y%m%d%H%M%S", "absolute"),
        ("../%Y%m%d%H%M%S", "leave out . and .."),
        ("./%Y%m%d%H%M%S", "leave out . and .."),
        (".%Y%m%d%H%M%S", "hidden"),
        (".x/%Y%m%d%H%M%S", "hidden"),
        ("delete_queue/%Y%m%d%H%M%S", "Owlery's own"),
        ("%Y%m%d\n%H%M%S", "control character"),
        ("%Y%m%d", "lacks %H %M %S"),
        ("%v", "lacks %Y %m %d %H %M %S"),
        ("%H-%M-%S", "lacks %Y %m %d;"),
        ("%Y-%m-%d/%H-%M-%S/video", "the file's name lacks %S"),
        ("%C/%H-%M-%S-%q", "text_event"),
        ("%Y%m%d%H%M%S-%D", "%D is not supported; supported are"),
        ("%Y%m%d%H%M%S-%1v", "%1 is not supported"),
        ("%Y%m%d%H%M%S-%{host}", "%{host} is not supported"),
        ("%Y%m%d%H%M%S-%{movienbr", "has no }"),
        ("%Y%m%d%H%M%S%", "single %"),
        ("%v%Y%m%d%H%M%S", "%Y directly after it"),
        ("%t1-%Y%m%d%H%M%S", "a digit directly after it"),
        ("%$%Y%m%d%H%M%S", "%Y directly after it"),
        ("%v%{movienbr}-%Y%m%d%H%M%S", "%{movienbr} directly after it"),
        ("%Y%m%d%H%M%S-%v%{eventid}", "%{eventid} directly after it"),
        ("%Y%m%d%H%M%S.mp4", "leave out the extension .mp4"),
        ("%Y%m%d%H%M%S_%$", "front=%Y%m%d%H%M%S_front"),
        ("%Y%m%d%H%M%S-snapshot", "need no pattern"),
        ("%t/%Y-%m-%d/%H-%M-%S", "leave out the camera's directory"),
        ("%v/%Y-%m-%d/%H-%M-%S", "only the date"),
        ("%Y%m%d%H/%M%S", "only the date"),
        ("%q/%Y%m%d%H%M%S", "belongs into the file's"),
        ("%q-%q-%Y%m%d%H%M%S", "twice"),
    ] {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
    assert!(refusal(&format!("%Y%m%d%H%M%S{}", "x".repeat(500))).contains("longer"));
}

#[test]
fn dates_in_different_places_are_refused() {
    let refused = |patterns: [&str; 2]| Layout::new(patterns.map(pattern).into()).unwrap_err().to_string();
    for patterns in [
        ["%Y-%m-%d/%H-%M-%S", "%Y%m%d%H%M%S"],
        ["%Y-%m-%d/%H-%M-%S", "%Y/%m-%d/%H-%M-%S"],
        ["%Y-%m-%d/%H-%M-%S", "%Y%m%d/%H-%M-%S"],
    ] {
        assert!(refused(patterns).contains("different places"));
    }
    let same = ["%Y-%m-%d/%H-%M-%S", "%F/pictures/%v-%H%M%S-%q"];
    assert!(Layout::new(same.map(pattern).into()).is_ok());
}
