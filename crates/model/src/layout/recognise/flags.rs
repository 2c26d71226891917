//! The flags with which Owlery reads what was recognised.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arrangement, CameraNames, Found, Place};

/// The flags for these layouts: `--camera-pattern` for cameras whose names the present pattern does not match, and
/// `--layout` for each flat layout, with the camera where cameras differ, or where the pattern must not apply to all.
pub(super) fn flags(
    layouts: &[Found],
    cameras: CameraNames<'_>,
    may_apply_to_all: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut flags: Vec<String> = camera_pattern(layouts, cameras).into_iter().collect();
    let mut of_directory: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut of_root, mut of_all) = (Vec::new(), BTreeSet::new());
    for found in layouts {
        match (&found.arrangement, &found.place) {
            (arrangement, Place::Directories(names)) => {
                for name in names {
                    let patterns = of_directory.entry(name).or_default();
                    if let Arrangement::Flat(pattern) = arrangement {
                        patterns.insert(pattern.to_string());
                    }
                }
            }
            (Arrangement::Flat(pattern), Place::Root { camera: Some(camera) }) => {
                of_root.push(layout_flag(Some(camera), &pattern.to_string()));
            }
            (Arrangement::Flat(pattern), Place::Root { camera: None }) => drop(of_all.insert(pattern.to_string())),
            (Arrangement::EventDirectories, Place::Root { .. }) => {}
        }
    }
    let mut sets = of_directory.values();
    let first = sets.next().filter(|first| of_all.is_empty() || of_all == **first).cloned();
    let is_common = |first: &BTreeSet<String>| first.iter().all(|pattern| may_apply_to_all(pattern));
    match first.filter(|first| is_common(first) && sets.all(|other| other == first)) {
        Some(common) => of_all = common,
        None => of_root.extend(
            of_directory
                .iter()
                .flat_map(|(name, patterns)| patterns.iter().map(|pattern| layout_flag(Some(name), pattern))),
        ),
    }
    let values = of_all.iter().map(|pattern| layout_flag(None, pattern)).chain(of_root);
    flags.extend(values.map(|value| format!("--layout {value}")));
    flags
}

/// The value of `--layout`, quoted for a shell.
pub(super) fn layout_flag(camera: Option<&str>, pattern: &str) -> String {
    quoted(&camera.map_or_else(|| pattern.to_owned(), |camera| format!("{camera}={pattern}")))
}

/// `--camera-pattern`, if a directory with recordings does not match the present one.
fn camera_pattern(layouts: &[Found], cameras: CameraNames<'_>) -> Option<String> {
    let names = layouts.iter().filter_map(|found| match &found.place {
        Place::Directories(names) => Some(names),
        Place::Root { .. } => None,
    });
    let names: BTreeSet<&str> = names.flatten().map(String::as_str).collect();
    let (known, new): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| (cameras.matches)(name));
    if new.is_empty() {
        return None;
    }
    let present = Some(cameras.pattern.to_owned()).filter(|_| !known.is_empty());
    let all: Vec<String> = present.into_iter().chain(new.into_iter().map(escaped)).collect();
    Some(format!("--camera-pattern {}", quoted(&all.join("|"))))
}

/// The name as a regular expression that matches only itself.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// In single quotes, for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
