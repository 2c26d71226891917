//! The settings, and the flags, with which Owlery reads what was recognised.

use std::collections::BTreeMap;

use super::{Arrangement, CameraNames, Found, Pattern, Place};

/// The settings with which Owlery reads what was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The value of `--camera-pattern`, if the present one does not match all cameras.
    pub camera_pattern: Option<String>,
    /// The layouts, each of one camera or of all.
    pub layouts: Vec<(Option<String>, Pattern)>,
}

impl Settings {
    /// As flags, quoted for a shell.
    pub(super) fn flags(&self) -> Vec<String> {
        let pattern = self.camera_pattern.iter().map(|pattern| format!("--camera-pattern {}", quoted(pattern)));
        let layout = |(camera, pattern): &(Option<String>, Pattern)| {
            format!("--layout {}", layout_flag(camera.as_deref(), &pattern.to_string()))
        };
        pattern.chain(self.layouts.iter().map(layout)).collect()
    }
}

/// The settings for these layouts: the cameras' names where the present pattern does not match them, and each flat layout,
/// with the camera where cameras differ, or where the pattern must not apply to all.
pub(super) fn settings(
    layouts: &[Found],
    cameras: CameraNames<'_>,
    may_apply_to_all: impl Fn(&str) -> bool,
) -> Settings {
    let mut of_directory: BTreeMap<&str, BTreeMap<String, &Pattern>> = BTreeMap::new();
    let (mut of_one, mut of_all) = (Vec::new(), BTreeMap::new());
    for found in layouts {
        match (&found.arrangement, &found.place) {
            (arrangement, Place::Directories(names)) => {
                for name in names {
                    let patterns = of_directory.entry(name).or_default();
                    if let Arrangement::Flat(pattern) = arrangement {
                        patterns.insert(pattern.to_string(), pattern);
                    }
                }
            }
            (Arrangement::Flat(pattern), Place::Root { camera: Some(camera) }) => {
                of_one.push((Some(camera.clone()), pattern.clone()));
            }
            (Arrangement::Flat(pattern), Place::Root { camera: None }) => {
                of_all.insert(pattern.to_string(), pattern);
            }
            (Arrangement::EventDirectories, Place::Root { .. }) => {}
        }
    }
    let mut sets = of_directory.values();
    let first = sets.next().filter(|first| of_all.is_empty() || of_all == **first).cloned();
    let is_common = |first: &BTreeMap<String, &Pattern>| first.keys().all(|pattern| may_apply_to_all(pattern));
    match first.filter(|first| is_common(first) && sets.all(|other| other == first)) {
        Some(common) => of_all = common,
        None => of_one.extend(of_directory.iter().flat_map(|(name, patterns)| {
            patterns.values().map(|pattern| (Some((*name).to_owned()), (*pattern).clone()))
        })),
    }
    let layouts = of_all.values().map(|pattern| (None, (*pattern).clone())).chain(of_one).collect();
    Settings { camera_pattern: camera_pattern(of_directory.keys().copied(), cameras), layouts }
}

/// The value of `--layout`, quoted for a shell.
pub(super) fn layout_flag(camera: Option<&str>, pattern: &str) -> String {
    quoted(&camera.map_or_else(|| pattern.to_owned(), |camera| format!("{camera}={pattern}")))
}

/// The pattern of cameras, if a directory with recordings does not match the present one.
fn camera_pattern<'a>(names: impl Iterator<Item = &'a str>, cameras: CameraNames<'_>) -> Option<String> {
    let (known, new): (Vec<&str>, Vec<&str>) = names.partition(|name| (cameras.matches)(name));
    if new.is_empty() {
        return None;
    }
    let present = Some(cameras.pattern.to_owned()).filter(|_| !known.is_empty());
    let all: Vec<String> = present.into_iter().chain(new.into_iter().map(escaped)).collect();
    Some(all.join("|"))
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
