//! What is not known of the day before or after.

use std::fs;

use crate::{Layouts, Tree};

/// A day that cannot be read may hold a saved event that goes on in the next one.
#[test]
fn an_unreadable_neighbour_holds_a_day() {
    let root = tempfile::tempdir().unwrap();
    let camera = root.path().join("Camera1");
    fs::create_dir(&camera).unwrap();
    for name in ["07-20260930235958.mkv", ".07-20260930235958.saved", "07-20261001000001-00.jpg"] {
        fs::write(camera.join(name), "").unwrap();
    }
    let layouts = Layouts::of_patterns(&[(None, "%v-%Y%m%d%H%M%S".parse().unwrap())]).unwrap();
    let tree = Tree::open_with(root.path(), "Camera.*", false, layouts).unwrap();
    let spared = || {
        let camera = tree.camera(&"Camera1".parse().unwrap()).unwrap();
        let day = camera.day("2026-10-01".parse().unwrap()).unwrap();
        camera.files_of_saved_neighbours(&day).map(|files| files.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(spared().unwrap(), ["07-20261001000001-00.jpg"]);
    fs::write(camera.join("2026-09-30"), "no directory").unwrap();
    assert!(spared().is_err());
}
