//! `owlery ended`: notifies the daemon that Motion finished a movie. It does nothing without a daemon, since the next start scans
//! the archive, and nothing for other files, so that Motion's log stays free of errors.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::Outcome;
use super::command_name::CommandName;
use super::session::Common;
use crate::Result;
use owlery_model::suggest;

pub(super) fn run(common: &Common, words: &[OsString]) -> Result<Outcome> {
    let _watch = super::hung::Watch::start(&common.root, &common.typed); // `split` already reads the disk
    let (root, words) = split(&common.root, words);
    let common = Common { root, typed: common.typed.clone() };
    let session = common.open(CommandName::Ended)?;
    if words.iter().all(|word| word.is_empty()) {
        tracing::info!("no movie given: nothing to do");
        return Ok(Outcome::Done);
    }
    let admin = session.admin()?;
    for path in candidates(&words) {
        // No event's movie has a name that is not UTF-8.
        let Some(path) = std::path::absolute(path).ok().filter(|path| path.to_str().is_some()) else { continue };
        if admin.movie_ended(&path)?.is_some() {
            break;
        }
    }
    Ok(Outcome::Done)
}

/// Sorts the command line of `ended`: first the flags, then `--`, the root and the movie, since a piece of a split name may begin
/// with a hyphen. Only words after the root count as such pieces, unless they look like a flag with a typo.
pub(super) fn sort_words(ended: &clap::Command, line: Vec<OsString>) -> Vec<OsString> {
    let mut rest = line.iter().cloned();
    let mut flags: Vec<OsString> = rest.by_ref().take(2).collect();
    if flags.get(1).is_none_or(|command| command != ended.get_name()) {
        return line;
    }
    let mut words = Vec::new();
    while let Some(word) = rest.next() {
        let (name, has_value) = flag_name(&word);
        let known = ended.get_arguments().find(|arg| name.is_some() && arg.get_long() == name);
        match known {
            // After a root and a movie, `--` is a piece of a name.
            _ if word == "--" && words.len() < 2 => {
                words.extend(rest);
                break;
            }
            Some(arg) => {
                let takes_next = arg.get_action().takes_values() && !has_value;
                flags.push(word);
                flags.extend(takes_next.then(|| rest.next()).flatten());
            }
            None if is_flag(&word, words.len(), ended) => flags.push(word),
            None => words.push(word),
        }
    }
    if !words.is_empty() {
        flags.push("--".into());
    }
    flags.extend(words);
    flags
}

/// The name of a long flag, and whether its value is in the same word.
fn flag_name(word: &OsStr) -> (Option<&str>, bool) {
    let text = word.to_str().and_then(|text| text.strip_prefix("--")).filter(|text| !text.is_empty());
    text.map_or((None, false), |text| text.split_once('=').map_or((Some(text), false), |(name, _)| (Some(name), true)))
}

/// Whether clap gets an unknown word as a flag, to refuse it or to print the help. `count` words precede it.
fn is_flag(word: &OsStr, count: usize, ended: &clap::Command) -> bool {
    let longs = ended.get_arguments().filter_map(clap::Arg::get_long);
    let is_typo = || flag_name(word).0.is_some_and(|name| suggest::nearest(name, longs).is_some());
    let is_help = word == "-h" || word == "--help";
    word.len() > 1 && word.as_bytes().starts_with(b"-") && (count == 0 || (is_help && count < 2) || is_typo())
}

/// The root and the remaining words. A shell splits an unquoted `%f` at spaces, and so does Motion 5, which starts no shell and
/// leaves quotes in the words.
fn split(root: &Path, words: &[OsString]) -> (PathBuf, Vec<OsString>) {
    let all: Vec<&OsStr> = [root.as_os_str()].into_iter().chain(words.iter().map(OsString::as_os_str)).collect();
    let root_of = |count: &usize| Some(unquoted(&joined(&all[..*count]))).filter(|path| path.is_dir());
    let found = (1..all.len()).find_map(|count| root_of(&count).map(|root| (root, count)));
    match found {
        Some((found, count)) if !root.is_dir() => (found, words[count - 1..].to_vec()),
        _ => (root.to_path_buf(), words.to_vec()),
    }
}

/// The possible meanings of the words, the likeliest first: one name with spaces, or several names; each as given, or unquoted.
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
    fn split_and_quoted_names_are_joined() {
        let first = |texts: &[&str]| candidates(&words(texts));
        assert_eq!(first(&["/a/b.mp4"]), [Path::new("/a/b.mp4")]);
        assert!(first(&["/a", "b.mp4"]).contains(&"/a b.mp4".into()));
        assert!(first(&["'/a", "b.mp4'"]).contains(&"/a b.mp4".into()));
        assert!(first(&["\"/a/b.mp4\""]).contains(&"/a/b.mp4".into()));
        assert!(first(&["'"]).contains(&"'".into()));
    }

    #[test]
    fn pieces_with_hyphens_are_no_flags() {
        let program = super::super::program();
        let ended = program.find_subcommand("ended").unwrap();
        let sorted = |line: &str| -> Vec<String> {
            let line = ["owlery", "ended"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
            sort_words(ended, line).into_iter().skip(2).map(|word| word.into_string().unwrap()).collect()
        };
        for (typed, meant) in [
            ("/r /r/Cam -x -- --y/v.mp4", "-- /r /r/Cam -x -- --y/v.mp4"),
            ("/r -- /r/Cam --state-dir", "-- /r /r/Cam --state-dir"),
            ("/r /r/Cam - -h --state-dir /s", "--state-dir /s -- /r /r/Cam - -h"),
            ("/r --state-dir=/s /r/v.mp4", "--state-dir=/s -- /r /r/v.mp4"),
            ("/r /r/v.mp4 --stat-dir /s", "--stat-dir -- /r /r/v.mp4 /s"),
            ("-x /r /r/v.mp4", "-x -- /r /r/v.mp4"),
            ("/r --help", "--help -- /r"),
            ("--help", "--help"),
            ("/r /r/v.mp4 --state-dir", "--state-dir -- /r /r/v.mp4"),
        ] {
            assert_eq!(sorted(typed).join(" "), meant, "{typed}");
        }
        let other = words(&["owlery", "list", "-x"]);
        assert_eq!(sort_words(ended, other.clone()), other);
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
