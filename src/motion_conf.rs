//! Reads the configuration of Motion 4 and 5: each camera's directory, layout and live stream, and the event gap. The rules are
//! Motion's: a camera file inherits the options that stand above its line in the main file, and a camera file that cannot be
//! read is reported and skipped.

mod camera;
mod deleters;
mod layouts;
mod lines;
mod names;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::{Camera, Error, Options, Pattern, Result, StreamUrl};
use camera::CameraConf;

/// The limit for one file, above the size of any real configuration. It ends the reading of an endless device.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Motion's configuration: the main file and the camera files that it names. `Debug` shows no password.
///
/// ```no_run
/// let conf = owlery::MotionConf::read("/etc/motion/motion.conf")?;
/// for warning in conf.warnings("/var/lib/motion") {
///     eprintln!("{warning}");
/// }
/// let service = owlery::Archive::open(conf.options("/var/lib/motion").keep_days(45))?.start()?;
/// # Ok::<(), owlery::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MotionConf {
    main: CameraConf,
    cameras: Vec<CameraConf>,
    /// The candidates for the folder that relative paths start from. Motion's working directory is unknown; motionEye runs
    /// Motion in the folder of the main file.
    bases: Vec<PathBuf>,
}

impl MotionConf {
    /// Reads a configuration and the camera files that it names.
    ///
    /// # Errors
    ///
    /// Fails where the main file cannot be read. A camera file that cannot be read is logged and skipped.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let cannot = |error: std::io::Error| {
            Error::Config(format!("cannot read Motion's configuration {}: {error}", path.display()))
        };
        let path = std::path::absolute(path).map_err(cannot)?;
        let bytes = File::open(&path).and_then(|file| read_all(&file)).map_err(cannot)?;
        // The main file may be a link into the folder that holds the camera files.
        let links_to = path.canonicalize().ok();
        let folders = [Some(&path), links_to.as_ref()].into_iter().flatten().filter_map(|path| path.parent());
        let mut bases: Vec<PathBuf> = folders.map(Path::to_path_buf).collect();
        bases.extend(std::env::current_dir());
        let mut conf = Self { bases, ..Self::default() };
        let file: Arc<Path> = path.into();
        for (name, value) in lines::comments(&bytes).chain(lines::options(&bytes)) {
            conf.main.take(&name, value, &file);
            match name.as_str() {
                "camera" | "thread" => conf.add_camera(&lines::path(value)),
                "camera_dir" | "config_dir" => conf.add_cameras_of(&lines::path(value)),
                _ => {}
            }
        }
        if conf.cameras.is_empty() {
            conf.cameras.push(conf.main.clone());
        }
        Ok(conf)
    }

    /// The options for the archive at `root`: Motion's event gap, the cameras' streams, ports and layouts, which of them give
    /// their events numbers, and defaults for everything else.
    pub fn options(&self, root: impl Into<PathBuf>) -> Options {
        let root = root.into();
        let (gap, ports, numbered) = (self.event_gap(&root), self.ports(&root), self.numbered(&root));
        let layouts = self.layouts(&root);
        let live = self.streams(&root);
        let options = Options::new(root).event_gap(gap).ports(ports).live(live).numbered(numbered);
        layouts.into_iter().fold(options, |options, (camera, pattern)| options.layout(camera, pattern))
    }

    /// The longest event gap of the cameras below `root`, or of all cameras where none is there: to end an event too early is
    /// worse than to keep it open for longer.
    pub fn event_gap(&self, root: impl AsRef<Path>) -> Duration {
        let here = self.below(root.as_ref());
        let cameras = if here.is_empty() { self.cameras.iter().collect() } else { here };
        cameras.into_iter().map(CameraConf::gap).max().unwrap_or_default()
    }

    /// The stream ports of the cameras whose directories lie directly in `root`.
    pub fn ports(&self, root: impl AsRef<Path>) -> BTreeMap<Camera, u16> {
        let root = real(root.as_ref());
        let port = |camera: &CameraConf| Some((camera.directory(&root, &self.bases)?, camera.port(&self.main)?));
        self.cameras.iter().filter_map(port).collect()
    }

    /// The live streams of the cameras whose directories lie directly in `root`, as this host reaches them. One over TLS is left
    /// out and is among the [`warnings`](Self::warnings).
    pub fn streams(&self, root: impl AsRef<Path>) -> BTreeMap<Camera, StreamUrl> {
        streams::of(&self.cameras, &self.main, &real(root.as_ref()), &self.bases).urls
    }

    /// The cameras below `root` that give their events numbers (`%v` in the directory's name), and make no hour directories.
    pub fn numbered(&self, root: impl AsRef<Path>) -> BTreeSet<Camera> {
        let root = real(root.as_ref());
        let camera = |camera: &CameraConf| camera.directory(&root, &self.bases);
        self.cameras.iter().filter(|camera| camera.is_numbered(&root, &self.bases)).filter_map(camera).collect()
    }

    /// The layouts of cameras that make no directory for each event, by the names of their movies and pictures (Motion's
    /// defaults where none is set), with `%C` replaced by `text_event`. A pattern is relative to its camera's directory
    /// below `root`.
    ///
    /// For a camera that writes into `root` itself it is relative to `root`. Without a camera the names of the files tell it
    /// (`%$`, or `%t` for `Camera` and the id). Else the camera has the name of `camera_name` or `device_name`; without a
    /// usable one that of the directory `root` if the main file is the only camera, or `Camera` and the id.
    ///
    /// The patterns of one camera can be used together: one that cannot, and a name that no pattern describes, is left out
    /// and is among the [`warnings`](Self::warnings).
    pub fn layouts(&self, root: impl AsRef<Path>) -> Vec<(Option<Camera>, Pattern)> {
        let root = real(root.as_ref());
        layouts::of(&self.below(&root), &root, &self.bases).layouts
    }

    /// Problems of the configuration that cost events or order in the archive at `root`, one sentence each: those of
    /// [`losses`](Self::losses), file names that Owlery does not read, other programs that delete recordings (Motion's
    /// `cleandir_params`, motionEye's "Preserve Movies", commands of hooks), live streams over TLS, no camera below `root`.
    pub fn warnings(&self, root: impl AsRef<Path>) -> Vec<String> {
        let mut warnings = self.losses(&root);
        warnings.extend(self.remarks(&root));
        warnings
    }

    /// The problems by which Motion loses recordings in the archive at `root`, one sentence each: movies that overwrite each
    /// other.
    pub fn losses(&self, root: impl AsRef<Path>) -> Vec<String> {
        let root = real(root.as_ref());
        self.below(&root).iter().filter_map(|camera| camera.overwritten(&root, &self.bases)).collect()
    }

    /// The warnings without the losses.
    pub(crate) fn remarks(&self, root: impl AsRef<Path>) -> Vec<String> {
        let root = real(root.as_ref());
        let here = self.below(&root);
        let mut warnings = layouts::of(&here, &root, &self.bases).warnings;
        for warning in here.iter().flat_map(|camera| deleters::warnings(camera)) {
            // One that stands in the main file is that of several cameras.
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings.extend(streams::of(&self.cameras, &self.main, &root, &self.bases).warnings);
        if here.iter().any(|camera| camera.is_endless()) {
            warnings
                .push("event_gap 0 or less: Motion never ends an event by itself; one counts as open for a day".into());
        }
        if here.is_empty() {
            warnings.push(format!("no camera of this configuration has a target_dir below {}", root.display()));
        }
        warnings
    }

    fn below(&self, root: &Path) -> Vec<&CameraConf> {
        let root = real(root);
        self.cameras.iter().filter(|camera| camera.directory(&root, &self.bases).is_some()).collect()
    }

    /// Adds a camera: the options of the main file so far, then those of its own file. Like Motion, this ignores further
    /// camera files that a camera file names, so files that name one another make no loop.
    fn add_camera(&mut self, file: &Path) {
        let open = |base: &PathBuf| {
            let path = base.join(file);
            Some(open_regular(&path).transpose()?.map(|bytes| (path, bytes)))
        };
        match self.bases.iter().find_map(open) {
            Some(Ok((path, bytes))) => {
                let mut camera = self.main.clone();
                camera.place = i64::try_from(self.cameras.len()).unwrap_or(0) + 1;
                let path: Arc<Path> = path.into();
                let settings = lines::comments(&bytes).chain(lines::options(&bytes));
                settings.for_each(|(name, value)| camera.take(&name, value, &path));
                self.cameras.push(camera);
            }
            Some(Err(error)) => tracing::warn!(path = %file.display(), "skipping the camera file: {error}"),
            None => tracing::warn!(path = %file.display(), "skipping the camera file: no such file"),
        }
    }

    fn add_cameras_of(&mut self, dir: &Path) {
        let is_conf = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "conf");
        let candidates: Vec<PathBuf> = self.bases.iter().map(|base| base.join(dir)).collect();
        let found = candidates.iter().find(|dir| dir.exists()).unwrap_or(&candidates[0]);
        let listed = match std::fs::read_dir(found) {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!(path = %dir.display(), "skipping the folder of camera files: {error}");
                return;
            }
        };
        let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).filter(is_conf).collect();
        files.sort();
        for file in &files {
            self.add_camera(file);
        }
    }
}

fn real(root: &Path) -> PathBuf {
    root.canonicalize().unwrap_or_else(|_| root.to_path_buf())
}

/// Reads a file; `None` where it does not exist. Pipes and devices are refused, since reading them can block.
fn open_regular(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(stat) if stat.is_file() => read_all(&File::open(path)?).map(Some),
        Ok(_) => Err(std::io::Error::other("not a file")),
    }
}

fn read_all(file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
