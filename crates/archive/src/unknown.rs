//! Explains why a folder is not an archive, with what was found in it and the remedy.

use super::Tree;
use super::dir::Dir;
use super::marker::MARKER;
use super::strangers::is_day;
use super::unread::Flat;
use crate::command_line::quote;

impl Tree {
    /// Explains why the root, which contains neither a camera nor a marker, is not an archive.
    pub(super) fn why_unknown(&self, root: &Dir) -> String {
        let why = format!(
            "it contains no directory that matches --camera-pattern {} and no {MARKER}",
            quote(self.pattern().as_ref())
        );
        // `strangers` caches its result, but this tree is dropped afterwards.
        let strangers = self.strangers(0).unwrap_or_default();
        if let Some(first) = strangers.first() {
            return format!("{why}; {}", first.sentence());
        }
        let (mut has_days, mut is_empty) = (false, true);
        let listed = root.list(|name, kind| {
            is_empty &= name.starts_with(b".");
            has_days = has_days || (is_day(name) && root.is_dir(name, kind));
        });
        let seen = match (listed.is_ok(), Flat::in_dir(root).ok().flatten()) {
            (true, _) if has_days => {
                "it contains days, as a camera's directory does: use the folder above it as ROOT".to_owned()
            }
            (true, Some(flat)) => flat.seen(""),
            (true, None) if is_empty => "it is empty: owlery serve waits there for the first camera".to_owned(),
            _ => return why,
        };
        format!("{why}; {seen}")
    }
}
