//! Lists the entries of a root, whatever it holds, so that its layouts can be recognised before it is an archive. Reads
//! directories only, follows no link below the root and changes nothing.

use std::path::Path;

use rustix::fs::FileType;

use super::Report;
use super::dir::{Dir, file_type};
use crate::error::Result;
use crate::layout::recognise::Entry;

/// The entries of a root.
#[derive(Debug, Default)]
pub struct Survey {
    /// Paths relative to the root, and whether they are directories.
    paths: Vec<(String, bool)>,
    /// Links to something else than files of the root: they are not followed, so what they lead to is not listed.
    pub links: Vec<String>,
    /// Directories that could not be read.
    pub problems: Vec<Report>,
    /// Whether there are more entries than the limit. The oldest by their names are missing then.
    pub is_cut: bool,
}

impl Survey {
    /// The entries.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        self.paths.iter().map(|(path, is_dir)| Entry { path, is_dir: *is_dir }).collect()
    }
}

/// The deepest directory that is listed: `CAMERA/YYYY/MM/DD/HH` has five names.
const MAX_DEPTH: usize = 5;

/// A directory of so many times the limit is not listed to its end.
const MAX_EXCESS: usize = 10;

/// Motion's link to its newest snapshot, the only link that is of interest.
pub(super) const LAST_SNAPSHOT: &[u8] = b"lastsnap.jpg";

/// Lists at most `limit` entries of the root. Where there are more, the newest by their names are listed: half of them of
/// the root's own files, half in equal parts of its directories, as far as these have so many.
///
/// Skips hidden entries (but not the markers `.STEM.saved`), `queue`, `delete_queue`, and names that are not UTF-8. A
/// directory that cannot be read is reported; fails only if that is the root.
pub fn survey(root: &Path, limit: usize) -> Result<Survey> {
    let dir = Dir::open_root(root)?;
    let mut walk = Walk::new(limit);
    let (mut files, mut names) = walk.names(&dir, "")?;
    newest_first(&mut names);
    walk.survey.is_cut |= names.len() > limit;
    names.truncate(limit);
    let for_dirs = if files.is_empty() { limit - names.len() } else { (limit - names.len()) / 2 };
    let share = for_dirs.checked_div(names.len()).unwrap_or(0);
    let list = |name: &String, budget| Walk::new(limit).of(&dir, name, budget);
    let mut listed: Vec<Survey> = names.iter().map(|name| list(name, share)).collect();

    let used = |listed: &[Survey]| names.len() + listed.iter().map(|survey| survey.paths.len()).sum::<usize>();
    let left = limit - used(&listed);
    if files.len() > left {
        newest_first(&mut files);
        files.truncate(left);
        walk.survey.is_cut = true;
    }
    // What small directories leave is for the large ones.
    let cut = listed.iter().filter(|survey| survey.is_cut).count();
    let more = (left - files.len()).checked_div(cut).unwrap_or(0);
    if more > 0 {
        for (survey, name) in listed.iter_mut().zip(&names).filter(|(survey, _)| survey.is_cut) {
            *survey = list(name, share + more);
        }
    }
    walk.survey.paths.extend(files.into_iter().map(|name| (name, false)));
    for (name, survey) in names.into_iter().zip(listed) {
        walk.survey.paths.push((name, true));
        walk.survey.paths.extend(survey.paths);
        walk.survey.problems.extend(survey.problems);
        walk.survey.is_cut |= survey.is_cut;
    }
    Ok(walk.survey)
}

struct Walk {
    survey: Survey,
    limit: usize,
}

impl Walk {
    fn new(limit: usize) -> Self {
        Self { survey: Survey::default(), limit }
    }

    /// The entries of a directory of the root, at most `budget`.
    fn of(mut self, root: &Dir, name: &str, budget: usize) -> Survey {
        self.enter(root, name, name, budget);
        self.survey
    }

    /// Lists a subdirectory if it can be read.
    fn enter(&mut self, dir: &Dir, name: &str, path: &str, budget: usize) {
        match dir.open_dir(name.as_bytes()).and_then(|dir| self.list(&dir, path, budget)) {
            Err(error) if error.is_no_directory() => {} // it vanished, or became something else
            Err(error) => self.survey.problems.push(Report::of(&error, Path::new(path))),
            Ok(()) => {}
        }
    }

    /// Lists a directory and those below it, newest first, at most `budget` entries.
    fn list(&mut self, dir: &Dir, path: &str, budget: usize) -> Result<()> {
        let end = self.survey.paths.len() + budget;
        let (mut files, mut dirs) = self.names(dir, path)?;
        if files.len() > budget {
            newest_first(&mut files);
            files.truncate(budget);
            self.survey.is_cut = true;
        }
        self.survey.paths.extend(files.into_iter().map(|name| (below(path, &name), false)));
        newest_first(&mut dirs);
        for name in dirs {
            let left = end.saturating_sub(self.survey.paths.len());
            if left == 0 {
                self.survey.is_cut = true;
                break;
            }
            let path = below(path, &name);
            self.survey.paths.push((path.clone(), true));
            if path.split('/').count() <= MAX_DEPTH {
                self.enter(dir, &name, &path, left - 1);
            }
        }
        Ok(())
    }

    /// The names of files and of directories that are listed.
    fn names(&mut self, dir: &Dir, path: &str) -> Result<(Vec<String>, Vec<String>)> {
        let (mut files, mut dirs) = (Vec::new(), Vec::new());
        let max = self.limit.saturating_mul(MAX_EXCESS);
        let survey = &mut self.survey;
        dir.list(|bytes, kind| {
            let Ok(name) = std::str::from_utf8(bytes) else { return };
            let is_marker = bytes.strip_suffix(b".saved").is_some_and(|stem| stem.starts_with(b".") && stem.len() > 1);
            let is_queue = path.is_empty() && matches!(name, "queue" | "delete_queue");
            if (name.starts_with('.') && !is_marker) || is_queue {
                return;
            }
            if files.len() + dirs.len() >= max {
                survey.is_cut = true;
                return;
            }
            let kind = match kind {
                FileType::Unknown => dir.stat(bytes).map_or(FileType::Unknown, |stat| file_type(&stat)),
                known => known,
            };
            match kind {
                FileType::Directory if !is_marker => dirs.push(name.to_owned()),
                FileType::RegularFile => files.push(name.to_owned()),
                FileType::Symlink if bytes == LAST_SNAPSHOT => files.push(name.to_owned()),
                FileType::Symlink if path.is_empty() => survey.links.push(name.to_owned()),
                _ => {}
            }
        })?;
        Ok((files, dirs))
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// Sorts names by the date in them, or else by the name, newest first.
fn newest_first(names: &mut [String]) {
    names.sort_unstable_by(|a, b| stamp(b).cmp(stamp(a)).then_with(|| b.cmp(a)));
}

/// The part of a name that tells when it was made: the longest run of digits, if it can be a date.
fn stamp(name: &str) -> &str {
    let runs = name.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 8);
    runs.max_by_key(|run| run.len()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A root with these files; names that end with a slash are directories.
    fn made(paths: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in paths {
            let whole = root.path().join(path);
            let dir = if path.ends_with('/') { whole.as_path() } else { whole.parent().unwrap() };
            std::fs::create_dir_all(dir).unwrap();
            if !path.ends_with('/') {
                std::fs::write(&whole, "").unwrap();
            }
        }
        root
    }

    fn files(survey: &Survey) -> Vec<&str> {
        let mut files: Vec<&str> =
            survey.paths.iter().filter(|(_, is_dir)| !is_dir).map(|(path, _)| path.as_str()).collect();
        files.sort_unstable();
        files
    }

    #[test]
    fn hidden_and_own_entries_are_skipped() {
        let root = made(&[
            "Camera1/2026-11-28/13-10-02.mp4",
            "Camera1/2026-11-28/.13-10-02.saved",
            "Camera1/.keep",
            "Camera1/.saved",
            ".owlery/archive.json",
            "queue/x",
            "delete_queue/2026/x",
            "a/2026/11/28/13/10-02.mp4",
            "a/b/c/d/e/f/g",
        ]);
        symlink("/", root.path().join("Camera2")).unwrap();
        symlink("/x.jpg", root.path().join("Camera1/lastsnap.jpg")).unwrap();
        symlink("/x.jpg", root.path().join("Camera1/other.jpg")).unwrap();
        let survey = survey(root.path(), 1000).unwrap();
        let expected = [
            "Camera1/2026-11-28/.13-10-02.saved",
            "Camera1/2026-11-28/13-10-02.mp4",
            "Camera1/lastsnap.jpg",
            "a/2026/11/28/13/10-02.mp4",
        ];
        assert_eq!(files(&survey), expected);
        assert_eq!(survey.links, ["Camera2"]);
        assert!(survey.entries().iter().any(|entry| entry.path == "a/b/c/d/e/f" && entry.is_dir));
        assert!(!survey.is_cut && survey.problems.is_empty());
    }

    #[test]
    fn a_limit_cuts_off_the_oldest_of_each_camera() {
        let mut paths = Vec::new();
        for camera in ["Camera1", "Camera2"] {
            for day in 10..30 {
                paths.extend((0..10).map(|n| format!("{camera}/2026-11-{day}/13-10-0{n}.mp4")));
            }
        }
        paths.extend((10..60).map(|n| format!("{:02}-202611281310{n}.mp4", 99 - n)));
        let root = made(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let survey = survey(root.path(), 100).unwrap();
        let files = files(&survey);
        assert!(survey.is_cut && survey.paths.len() <= 100 && survey.paths.len() > 90, "{}", survey.paths.len());
        for newest in ["Camera1/2026-11-29/13-10-09.mp4", "Camera2/2026-11-29/13-10-09.mp4", "40-20261128131059.mp4"] {
            assert!(files.contains(&newest), "{newest}: {files:?}");
        }
        assert!(!files.iter().any(|path| path.contains("2026-11-10")));
        assert!(super::survey(root.path(), 0).unwrap().entries().is_empty());
    }

    #[test]
    fn unreadable_directories_are_reported() {
        let root = made(&["a/x.mp4", "b/x.mp4"]);
        std::fs::set_permissions(root.path().join("a"), PermissionsExt::from_mode(0o0)).unwrap();
        if std::fs::read_dir(root.path().join("a")).is_err() {
            let survey = survey(root.path(), 10).unwrap(); // not as root, who may read everything
            assert_eq!((survey.problems.len(), files(&survey)), (1, vec!["b/x.mp4"]));
        }
        std::fs::set_permissions(root.path().join("a"), PermissionsExt::from_mode(0o700)).unwrap();
        assert!(survey(&root.path().join("none"), 10).is_err());
    }
}
