//! Which event the path of a movie means.

use std::fs;

use crate::{Layouts, Tree};

/// The names of pictures may have fewer directories than those of movies.
#[test]
fn movies_are_found_below_any_pattern() {
    let root = tempfile::tempdir().unwrap();
    let movies = root.path().join("Camera1/2026-11-28/movies");
    fs::create_dir_all(&movies).unwrap();
    fs::write(movies.join("10-00-00.mkv"), "").unwrap();
    let pattern = |text: &str| (None, text.parse().unwrap());
    let patterns = [pattern("%Y-%m-%d/%H-%M-%S-%q"), pattern("%Y-%m-%d/movies/%H-%M-%S")];
    let layouts = Layouts::of_patterns(&patterns).unwrap();
    let tree = Tree::open_with(root.path(), "Camera.*", false, layouts).unwrap();
    let found = tree.event_of_movie(&movies.join("10-00-00.mkv")).unwrap();
    assert_eq!(found.event.to_string(), "Camera1/2026-11-28/10-00-00");
}
