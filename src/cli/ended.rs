//! `owlery ended`: passes on Motion's word that a movie is finished. Without a daemon there is nothing to do: the next start
//! looks for itself. Nor is there for a file that is no movie of an event here: Motion's log stays clean.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::flags::Name;
use super::{Common, Outcome};
use crate::daemon::control::Request;
use crate::error::Result;

pub(super) fn run(common: &Common, words: &[OsString]) -> Result<Outcome> {
    let (root, words) = split(&common.root, words);
    let common = Common { root, given: common.given.clone() };
    let here = common.open(Name::Ended)?;
    for path in candidates(&words) {
        // What is not UTF-8 is no event's.
        let Some(path) = std::path::absolute(path).ok().filter(|path| path.to_str().is_some()) else { continue };
        match here.ask::<Option<String>>(&Request::Ended { path }) {
            None => return Ok(Outcome::Done),
            Some(Err(error)) => return Err(error),
            Some(Ok(Some(_))) => break,
            Some(Ok(None)) => {}
        }
    }
    Ok(Outcome::Done)
}

/// The root and the rest. A shell that was given `%f` without quotes, and Motion 5, which starts no shell, split names at
/// spaces; Motion 5 also leaves quotes in.
fn split(root: &Path, words: &[OsString]) -> (PathBuf, Vec<OsString>) {
    let all: Vec<&OsStr> = [root.as_os_str()].into_iter().chain(words.iter().map(OsString::as_os_str)).collect();
    let root_of = |count: &usize| Some(unquoted(&joined(&all[..*count]))).filter(|path| path.is_dir());
    let found = (1..all.len()).find_map(|count| root_of(&count).map(|root| (root, count)));
    match found {
        Some((found, count)) if !root.is_dir() => (found, words[count - 1..].to_vec()),
        _ => (root.to_path_buf(), words.to_vec()),
    }
}

/// What the words may mean, the likeliest first: one name with spaces in it, or several names; each as it is, or in quotes.
fn candidates(words: &[OsString]) -> Vec<PathBuf> {
    let whole = joined(&words.iter().map(OsString::as_os_str).collect::<Vec<_>>());
    let mut paths = Vec::new();
    for name in [&whole].into_iter().chain(words) {
        for path in [PathBuf::from(name), unquoted(name)] {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

fn joined(words: &[&OsStr]) -> OsString {
    OsString::from_vec(words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>().join(&b' '))
}

fn unquoted(text: &OsStr) -> PathBuf {
    match text.as_bytes() {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => PathBuf::from(OsStr::from_bytes(inner)),
        bytes => PathBuf::from(OsStr::from_bytes(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(texts: &[&str]) -> Vec<OsString> {
        texts.iter().map(Into::into).collect()
    }

    #[test]
    fn split_and_quoted_names_are_put_together() {
        let first = |texts: &[&str]| candidates(&words(texts));
        assert_eq!(first(&["/a/b.mp4"]), [Path::new("/a/b.mp4")]);
        assert!(first(&["/a", "b.mp4"]).contains(&"/a b.mp4".into()));
        assert!(first(&["'/a", "b.mp4'"]).contains(&"/a b.mp4".into()));
        assert!(first(&["\"/a/b.mp4\""]).contains(&"/a/b.mp4".into()));
        assert!(first(&["'"]).contains(&"'".into()));
    }

    #[test]
    fn a_split_root_is_found() {
        let dir = tempfile::Builder::new().prefix("my motion ").tempdir().unwrap();
        let pieces: Vec<&str> = dir.path().to_str().unwrap().split(' ').collect();
        let rest = words(&[&pieces[1..], &["/x/video.mp4"]].concat());
        assert_eq!(split(Path::new(pieces[0]), &rest), (dir.path().to_path_buf(), words(&["/x/video.mp4"])));
        let quoted = format!("'{}'", dir.path().display());
        assert_eq!(split(Path::new(&quoted), &words(&["x"])).0, dir.path());
        assert_eq!(split(dir.path(), &words(&["x"])), (dir.path().to_path_buf(), words(&["x"])));
    }
}
