//! Why a folder is no archive, with what was seen in it and the cure.

use super::Tree;
use super::dir::Dir;
use super::marker::MARKER;
use super::strangers::is_day;
use crate::command_line::quote;

impl Tree {
    /// Says why the root, which holds neither a camera nor a marker, is no archive.
    pub(super) fn why_unknown(&self, root: &Dir) -> String {
        let why = format!(
            "it holds no directory that matches --camera-pattern {} and no {MARKER}",
            quote(self.pattern().as_ref())
        );
        // Nothing of this look is kept: the tree is dropped.
        let strangers = self.strangers(0).unwrap_or_default();
        if let Some(first) = strangers.first() {
            return format!("{why}; {}", first.sentence());
        }
        let (mut has_days, mut is_empty, mut movie) = (false, true, None);
        let listed = root.list(|name, kind| {
            is_empty &= name.starts_with(b".");
            has_days = has_days || (is_day(name) && root.is_dir(name, kind));
            if movie.is_none() && is_media(name) {
                movie = Some(String::from_utf8_lossy(name).into_owned());
            }
        });
        let seen = match (listed.is_ok(), movie) {
            (true, _) if has_days => "it holds days, as a camera's directory does: name the folder above it".to_owned(),
            (true, Some(name)) => format!(
                "it holds files such as {}: Owlery needs a directory for each event (README, \"Configure Motion for it\")",
                quote(name.as_ref())
            ),
            (true, None) if is_empty => "it is empty: owlery serve waits there for the first camera".to_owned(),
            _ => return why,
        };
        format!("{why}; {seen}")
    }
}

/// Whether a file is named as what Motion records.
fn is_media(name: &[u8]) -> bool {
    let ends = |end: &&str| name.len() > end.len() && name.to_ascii_lowercase().ends_with(end.as_bytes());
    [".jpg", ".mp4", ".mkv", ".avi", ".webm", ".mov", ".flv", ".ogg", ".mpg", ".webp"].iter().any(ends)
}
