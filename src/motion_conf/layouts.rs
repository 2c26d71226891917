//! The layouts that a configuration makes: which names of files are patterns of a flat layout, below which camera's
//! directory, and what of them Owlery cannot read.

use std::path::{Path, PathBuf};

use owlery_model::layout::{Layout, Parsed, Pattern};

use super::camera::{CameraConf, Folders};
use super::names::{Fill, Sample};
use crate::Camera;

/// The layouts of a configuration, and what is wrong with them, one sentence each.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub layouts: Vec<(Option<Camera>, Pattern)>,
    pub warnings: Vec<String>,
    /// What was added of cameras that write into the root itself.
    in_root: Vec<InRoot>,
}

/// A name of a camera that writes into the root.
#[derive(Debug)]
struct InRoot {
    camera: Camera,
    pattern: Pattern,
    /// The path of such a file.
    sample: String,
}

/// A name of files, read.
#[derive(Debug)]
enum Reading {
    /// Of a directory for each event.
    Events,
    /// Of a directory for each second.
    Scattered,
    /// Of a flat layout.
    Flat(Flat),
    /// Of nothing that Owlery reads; the sentence says why.
    Unknown { why: String, is_in_root: bool },
}

#[derive(Debug)]
struct Flat {
    /// Whose files they are; none where the names tell it.
    camera: Option<Camera>,
    pattern: Pattern,
    /// The path of such a file, if it lies in the root itself.
    sample: Option<String>,
}

/// The layouts of these cameras, all of which are below `root`.
pub(super) fn of(cameras: &[&CameraConf], root: &Path, bases: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for conf in cameras {
        let Some(camera) = conf.directory(root, bases) else { continue };
        let names = [("movie_filename", conf.movie()), ("picture_filename", conf.picture())];
        let readings: Vec<(&str, &str, Reading)> = names
            .into_iter()
            .filter_map(|(option, name)| Some((option, name?, conf.reading(name?, root, bases)?)))
            .collect();
        found.check_mixture(&camera, conf, &readings);
        let mut patterns = Vec::new();
        for (option, name, reading) in readings {
            match reading {
                Reading::Events => {}
                Reading::Flat(flat) => patterns.extend(found.add(&camera, flat, &conf.shown(option, name))),
                Reading::Scattered if option == "movie_filename" => {}
                Reading::Scattered => found.warnings.push(format!(
                    "{camera}: {} makes a directory for every second, so one event becomes many (use text_event \
                     %Y-%m-%d/%H-%M-%S with names that begin with %C/)",
                    conf.shown(option, name)
                )),
                Reading::Unknown { why, is_in_root } => {
                    let own =
                        if is_in_root { ", and give each camera a directory of its own as target_dir" } else { "" };
                    found.warnings.push(format!(
                        "{camera}: {}: {why}. These files are no events: change the name, for example to %Y-%m-%d/%H-%M-%S{own}",
                        conf.shown(option, name)
                    ));
                }
            }
        }
        if let Ok(layout) = Layout::new(patterns)
            && !layout.patterns().is_empty()
        {
            found.warnings.extend(conf.beside(&camera, &layout, root, bases));
        }
    }
    found
}

impl Found {
    /// Adds a pattern, and returns it too. Leaves out one that does not go with the others of its camera, with a warning.
    fn add(&mut self, camera: &Camera, flat: Flat, shown: &str) -> Option<Pattern> {
        let Flat { camera: owner, pattern, sample } = flat;
        let known = |(other, _): &&(Option<Camera>, Pattern)| *other == owner;
        let mut patterns: Vec<Pattern> =
            self.layouts.iter().filter(known).map(|(_, pattern)| pattern.clone()).collect();
        if patterns.contains(&pattern) {
            return Some(pattern);
        }
        if let Some(sample) = sample {
            let new = InRoot { camera: camera.clone(), pattern: pattern.clone(), sample };
            if let Some(other) = self.in_root.iter().find(|known| known.camera != new.camera && known.is_like(&new)) {
                self.warnings.push(format!(
                    "{camera}: {shown}: nothing tells these files from those of {}; give each camera its own target_dir, or \
                     begin the names with %t-",
                    other.camera
                ));
                return None;
            }
            self.in_root.push(new);
        }
        patterns.push(pattern.clone());
        if let Err(error) = Layout::new(patterns) {
            self.warnings.push(format!(
                "{camera}: {shown} is not read: {error} (use the same directories for movie_filename and picture_filename)"
            ));
            return None;
        }
        self.layouts.push((owner, pattern.clone()));
        Some(pattern)
    }

    /// Warns of movies in event directories and pictures in none, or the other way round.
    fn check_mixture(&mut self, camera: &Camera, conf: &CameraConf, readings: &[(&str, &str, Reading)]) {
        let one = |wanted: fn(&Reading) -> bool| readings.iter().find(|(_, _, reading)| wanted(reading));
        let events = one(|reading| matches!(reading, Reading::Events));
        let flat = one(|reading| matches!(reading, Reading::Flat(_)));
        if let (Some((option, name, _)), Some((other_option, other_name, _))) = (events, flat) {
            self.warnings.push(format!(
                "{camera}: {} makes a directory for each event, and {} does not, so one event becomes two: give both names \
                 the same directories",
                conf.shown(option, name),
                conf.shown(other_option, other_name)
            ));
        }
    }
}

impl InRoot {
    /// Whether the pattern of one describes files of the other.
    fn is_like(&self, other: &Self) -> bool {
        let reads = |pattern: &Pattern, sample: &str| {
            Layout::new(vec![pattern.clone()]).is_ok_and(|layout| layout.parse(sample) != Parsed::None)
        };
        reads(&self.pattern, &other.sample) || reads(&other.pattern, &self.sample)
    }
}

impl CameraConf {
    /// Its directory below `root`; for a camera that writes into the root itself, its name; `None` where its files go
    /// elsewhere. `bases` are the candidates for Motion's working directory.
    pub(super) fn directory(&self, root: &Path, bases: &[PathBuf]) -> Option<Camera> {
        let name = self.any_name();
        let path = self.template(name, root, bases, Fill::All)?;
        match own_directory(&path) {
            Some((camera, _)) => camera.parse().ok(),
            None => self.name_in_root(&self.template(name, root, bases, Fill::AllButCamera)?, root),
        }
    }

    /// The name of a camera that writes into the root: the one that its files' names tell (`%$`, or `Camera` and the id for
    /// `%t`), else `camera_name` or `device_name`, else that of the root's directory (which it has without a configuration
    /// too), or, beside other cameras, `Camera` and the id.
    fn name_in_root(&self, path: &str, root: &Path) -> Option<Camera> {
        let by_id = || format!("Camera{}", self.specifiers().id).parse().ok();
        if path.contains("%t") && !path.contains("%$") {
            return by_id();
        }
        let of_root = || root.file_name()?.to_str().filter(|_| self.place == 0);
        let named = |name: &str| name.parse().ok();
        self.name().and_then(named).or_else(|| of_root().and_then(named)).or_else(by_id)
    }

    /// Reads a name of movies or pictures; `None` where it leads out of `root`.
    fn reading(&self, name: &str, root: &Path, bases: &[PathBuf]) -> Option<Reading> {
        match self.folders(name, root, bases) {
            Folders::Times | Folders::Numbers => return Some(Reading::Events),
            Folders::Many => return Some(Reading::Scattered),
            Folders::None | Folders::Hours => {}
        }
        let path = self.template(name, root, bases, Fill::All)?;
        let flat = |camera, text: &str, sample: Option<String>| match text.parse() {
            Ok(pattern) => Reading::Flat(Flat { camera, pattern, sample }),
            Err(error) => Reading::Unknown { why: error.to_string(), is_in_root: sample.is_some() },
        };
        if let Some((camera, rest)) = own_directory(&path) {
            return Some(flat(Some(camera.parse().ok()?), rest, None));
        }
        let extension = if self.movie() == Some(name) { "mkv" } else { "jpg" };
        let sample = Some(format!("{}.{extension}", self.relative(name, root, bases, Sample::FIRST)?));
        let general = self.template(name, root, bases, Fill::AllButCamera)?;
        if general.parse::<Pattern>().is_ok_and(|pattern| pattern.names_camera()) {
            return Some(flat(None, &general, sample));
        }
        Some(flat(Some(self.name_in_root(&general, root)?), &path, sample))
    }

    /// Its snapshots and timelapses that a layout does not describe, one sentence each.
    fn beside(&self, camera: &Camera, layout: &Layout, root: &Path, bases: &[PathBuf]) -> Vec<String> {
        let names = [("snapshot_filename", self.snapshot(), "jpg"), ("timelapse_filename", self.timelapse(), "mpg")];
        let unknown = names.into_iter().filter_map(|(option, name, extension)| {
            let name = name?;
            let path = self.relative(name, root, bases, Sample::FIRST)?;
            let own = self.template(name, root, bases, Fill::All)?;
            let path = match own_directory(&own) {
                Some((other, _)) => path.strip_prefix(other.as_str())?.strip_prefix('/').filter(|_| other == camera.as_str())?,
                None => &path,
            };
            (layout.parse(&format!("{path}.{extension}")) == Parsed::None).then(|| {
                let pattern = layout.patterns()[0].to_string();
                format!(
                    "{camera}: {}: the layout {pattern:?} does not describe these files, so Owlery leaves them alone (the \
                     names that it knows are its own and -snapshot)",
                    self.shown(option, name)
                )
            })
        });
        unknown.collect()
    }

    /// The path of files of this name relative to `root`, with specifiers only for what differs from file to file.
    fn template(&self, name: &str, root: &Path, bases: &[PathBuf], fill: Fill) -> Option<String> {
        let dir =
            self.target(root, bases, |text| self.specifiers().fill(text, fill), |literal| literal.replace('%', "%%"))?;
        let path = format!("{dir}/{}", self.specifiers().fill(name, fill));
        Some(path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))
    }
}

/// The first directory of a path, if it is the same for all files, and the rest of the path.
fn own_directory(path: &str) -> Option<(String, &str)> {
    let (first, rest) = path.split_once('/')?;
    let text = first.replace("%%", "\0");
    (!text.contains('%')).then(|| (text.replace('\0', "%"), rest))
}
