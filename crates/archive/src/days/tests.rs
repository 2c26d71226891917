//! What a camera's directory holds beside its days.

use std::fs;
use std::path::Path;

use crate::{Layouts, Tree};

fn tree(root: &Path, camera: &str, pattern: &str) -> Tree {
    let layouts = Layouts::of_patterns(&[(Some(camera.parse().unwrap()), pattern.parse().unwrap())]).unwrap();
    Tree::open_with(root, "Camera.*", false, layouts).unwrap()
}

/// Beside the days of a camera in the root lie the directories of others.
#[test]
fn cameras_are_no_strays_of_the_root() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["2026-11-28", "Camera1", "queue", "delete_queue"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    fs::write(root.path().join("2026-11-28/10-00-00.mkv"), "").unwrap();
    fs::write(root.path().join("notes.txt"), "").unwrap();
    let tree = tree(root.path(), "Garden", "%Y-%m-%d/%H-%M-%S");
    let strays = tree.camera(&"Garden".parse().unwrap()).unwrap().strays().unwrap();
    assert_eq!(strays, [tree.root().join("notes.txt")]);
}
