//! What the stamp of a day with flat files depends on.

use std::fs;
use std::path::Path;

use super::*;
use crate::{Layouts, Tree};

/// The stamp of Camera1's day, read by this layout.
fn stamp(root: &Path, pattern: &str) -> Stamp {
    let layouts = Layouts::of_patterns(&[(None, pattern.parse().unwrap())]).unwrap();
    let tree = Tree::open_with(root, "Camera.*", false, layouts).unwrap();
    let camera = tree.camera(&"Camera1".parse().unwrap()).unwrap();
    camera.day("2026-11-28".parse().unwrap()).unwrap().stamp().unwrap()
}

/// Also where a day has a directory of its own and files among those of other days.
#[test]
fn another_layout_is_another_stamp() {
    let root = tempfile::tempdir().unwrap();
    let camera = root.path().join("Camera1");
    fs::create_dir(&camera).unwrap();
    fs::write(camera.join("10-20261128131002.mkv"), "").unwrap();
    let (one, other) = ("%v-%Y%m%d%H%M%S", "%t-%Y%m%d%H%M%S");
    let differ = || {
        assert_eq!(stamp(root.path(), one), stamp(root.path(), one));
        assert_ne!(stamp(root.path(), one), stamp(root.path(), other));
    };
    differ();
    fs::create_dir_all(camera.join("2026-11-28/14-00-00")).unwrap();
    differ();
}
