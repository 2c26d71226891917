//! Directories of the root that contain days but are not cameras: `--camera-pattern` does not match them, or their
//! names cannot be a camera's. Their recordings are neither shown nor expired, so they are reported with the remedy.

use std::ffi::OsStr;

use rustix::fs::FileType;

use super::dir::{Dir, join, mtime};
use super::{Report, Tree};
use crate::command_line::quote;
use crate::error::Result;
use crate::event::{Camera, Day};

/// The last result. A directory is listed again only if its time has changed.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// The time of the root, if it was old enough then to prove that its list of names has not changed since.
    root: Option<i64>,
    /// The directories that are not cameras.
    others: Vec<Other>,
}

#[derive(Debug, Clone)]
struct Other {
    name: Vec<u8>,
    /// Its time when it was listed, if it was old enough then.
    listed: Option<i64>,
    has_days: bool,
}

/// File times tick in up to 2 s (FAT).
const RACY_TIME: i64 = 3_000_000_000;

impl Tree {
    /// Reports directories of the root that contain days but are not cameras, each with the remedy. `now` is in
    /// nanoseconds since 1970.
    ///
    /// While nothing changes, it costs one stat of the root and of each directory that is not a camera.
    pub fn strangers(&self, now: i64) -> Result<Vec<Report>> {
        let root = self.root_dir()?;
        let stamp = |dir: &Dir| dir.stat_self().map(|stat| Some(mtime(&stat)).filter(|time| *time < now - RACY_TIME));
        let mut known = self.strangers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let root_time = stamp(&root)?;
        if root_time.is_none() || known.root != root_time {
            let names = self.other_names(&root)?;
            let before = std::mem::take(&mut known.others);
            let other = |name: Vec<u8>| {
                let same = before.iter().find(|other| other.name == name).cloned();
                same.unwrap_or(Other { name, listed: None, has_days: false })
            };
            known.others = names.into_iter().map(other).collect();
            known.root = root_time;
        }
        for other in &mut known.others {
            // What cannot be opened belongs to another program.
            let Ok(dir) = root.open_dir_following(&other.name) else { continue };
            let Ok(time) = stamp(&dir) else { continue };
            if time.is_none() || other.listed != time {
                let mut has_days = false;
                if dir.list(|name, kind| has_days = has_days || (is_day(name) && dir.is_dir(name, kind))).is_ok() {
                    (other.listed, other.has_days) = (time, has_days);
                }
            }
        }
        Ok(self.reports(&root, &known.others))
    }

    /// Directories and links in the root that are neither cameras nor have another meaning, sorted.
    fn other_names(&self, root: &Dir) -> Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        root.list(|name, kind| {
            let is_known = name.starts_with(b".") || matches!(name, b"queue" | b"delete_queue" | b"lost+found");
            let is_camera = std::str::from_utf8(name).is_ok_and(|name| self.is_camera_directory(name).is_some());
            if !is_known && !is_camera && (kind == FileType::Symlink || root.is_dir(name, kind)) {
                names.push(name.to_vec());
            }
        })?;
        names.sort_unstable();
        Ok(names)
    }

    fn reports(&self, root: &Dir, others: &[Other]) -> Vec<Report> {
        let with_days = others.iter().filter(|other| other.has_days);
        let camera = |other: &Other| std::str::from_utf8(&other.name).ok().and_then(|name| name.parse::<Camera>().ok());
        let more = with_days.clone().filter_map(camera).map(|camera| format!("|{}", regex::escape(camera.as_str())));
        let pattern = more.fold(self.pattern().to_owned(), |pattern, more| pattern + &more);
        let report = |other: &Other| {
            let problem = match camera(other) {
                Some(_) => format!(
                    "it contains days but is not a camera of this archive, so its events are \
                     neither listed nor expired; if it is a camera, use --camera-pattern {}",
                    quote(OsStr::new(&pattern))
                ),
                None => "it contains days, but its name cannot be a camera's (it is not UTF-8 or has control characters), so \
                         its events are neither listed nor expired; if it is a camera, rename it to a name that \
                         --camera-pattern matches"
                    .to_owned(),
            };
            Report::note(join(root.path(), &other.name), problem)
        };
        with_days.map(report).collect()
    }
}

impl Report {
    /// The report as one sentence; unprintable names are escaped.
    pub fn sentence(&self) -> String {
        format!("{}: {}", quote(self.path.as_os_str()), self.problem)
    }
}

/// Whether a name is that of a day directory.
pub(super) fn is_day(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| name.parse::<Day>().is_ok())
}
