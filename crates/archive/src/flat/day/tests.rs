//! Directories between a day's and its files.

use std::fs;

use super::*;

/// Some patterns have more than one for each hour.
#[test]
fn inner_directories_of_any_depth_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["13/05", "13/notes", "14", "25/05", "notes/05"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    fs::write(folder.path().join("13/05/07.mkv"), "").unwrap();
    let layout = Arc::new(Layout::new(vec!["%Y-%m-%d/%H/%M/%S".parse().unwrap()]).unwrap());
    let base = Dir::open_root(folder.path()).unwrap();
    let day: Day = "2026-11-28".parse().unwrap();
    let source = FlatSource::new(base, layout, format!("{day}/"), (None, day), None);
    let mut dirs = source.inner_dirs().unwrap();
    dirs.sort();
    assert_eq!(dirs, ["13", "13/05", "14"]);
    source.remove_empty_dirs(|_| Ok(())).unwrap();
    assert!(folder.path().join("13/05/07.mkv").exists() && !folder.path().join("14").exists());
    fs::remove_file(folder.path().join("13/05/07.mkv")).unwrap();
    fs::remove_dir(folder.path().join("13/notes")).unwrap();
    let mut changed = 0;
    let count = |_: &Dir| {
        changed += 1;
        Ok(())
    };
    source.remove_empty_dirs(count).unwrap();
    assert!(!folder.path().join("13").exists() && folder.path().join("25/05").exists());
    assert_eq!(changed, 2, "the day's and that of the hour");
}
