//! What Motion's own configuration says: each camera's directory and stream port, and the event gap. Files of Motion 4 and 5
//! are read as Motion reads them: a camera's file inherits what the main file says above the line that names it, and a
//! camera's file that cannot be read is reported and skipped.

mod camera;
mod lines;
mod names;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::Camera;
use camera::CameraConf;

/// Ports by camera.
pub(super) type Ports = BTreeMap<Camera, u16>;

/// More than any configuration has.
const MOST_BYTES: u64 = 4 << 20;

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MotionConf {
    main: CameraConf,
    cameras: Vec<CameraConf>,
    /// The folders that a relative path may be meant from: Motion's working directory is not known. motionEye runs Motion in
    /// the folder of the main file.
    bases: Vec<PathBuf>,
}

impl MotionConf {
    /// Reads a configuration and the cameras' files that it names. Fails only where the main file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::Config(format!("cannot read Motion's configuration {}: {error}", path.display()))
        };
        let path = std::path::absolute(path).map_err(cannot)?;
        let bytes = File::open(&path).and_then(|file| read_all(&file)).map_err(cannot)?;
        // The file may be a link to where its neighbours are.
        let links_to = path.canonicalize().ok();
        let folders = [Some(&path), links_to.as_ref()].into_iter().flatten().filter_map(|path| path.parent());
        let mut bases: Vec<PathBuf> = folders.map(Path::to_path_buf).collect();
        bases.extend(std::env::current_dir());
        let mut conf = Self { bases, ..Self::default() };
        for (name, value) in lines::options(&bytes) {
            conf.main.take(&name, value);
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

    /// The longest event gap of the cameras below `root`, or of all where none is there: an event that is taken for over
    /// too early is worse than one that is open for longer.
    pub fn event_gap(&self, root: &Path) -> Duration {
        let here = self.below(root);
        let cameras = if here.is_empty() { self.cameras.iter().collect() } else { here };
        cameras.into_iter().map(CameraConf::gap).max().unwrap_or_default()
    }

    /// The ports of the cameras whose directories lie directly in `root`.
    pub fn ports_below(&self, root: &Path) -> Ports {
        let root = real(root);
        let port = |camera: &CameraConf| Some((camera.directory(&root, &self.bases)?, camera.port(&self.main)?));
        self.cameras.iter().filter_map(port).collect()
    }

    /// What the owner of this configuration should know.
    pub fn warnings(&self, root: &Path) -> Vec<String> {
        let root = real(root);
        let here = self.below(&root);
        let mut warnings: Vec<String> = here.iter().flat_map(|camera| camera.warnings(&root, &self.bases)).collect();
        if here.iter().any(|camera| camera.is_endless()) {
            warnings
                .push("event_gap 0 or less: Motion never ends an event by itself; one counts as open for a day".into());
        }
        if here.is_empty() {
            warnings.push(format!("no camera of it has a target_dir below {}", root.display()));
        }
        warnings
    }

    fn below(&self, root: &Path) -> Vec<&CameraConf> {
        let root = real(root);
        self.cameras.iter().filter(|camera| camera.directory(&root, &self.bases).is_some()).collect()
    }

    /// A camera begins with what the main file has said so far. Lines of its file that name further cameras mean nothing, as
    /// in Motion, so files that name one another are no loop.
    fn add_camera(&mut self, file: &Path) {
        match self.bases.iter().find_map(|base| open_regular(&base.join(file)).transpose()) {
            Some(Ok(bytes)) => {
                let mut camera = self.main.clone();
                camera.place = i64::try_from(self.cameras.len()).unwrap_or(0) + 1;
                lines::options(&bytes).for_each(|(name, value)| camera.take(&name, value));
                self.cameras.push(camera);
            }
            Some(Err(error)) => tracing::warn!("skipping the camera file {}: {error}", file.display()),
            None => tracing::warn!("skipping the camera file {}: there is no such file", file.display()),
        }
    }

    fn add_cameras_of(&mut self, dir: &Path) {
        let is_conf = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "conf");
        let candidates: Vec<PathBuf> = self.bases.iter().map(|base| base.join(dir)).collect();
        let found = candidates.iter().find(|dir| dir.exists()).unwrap_or(&candidates[0]);
        let listed = match std::fs::read_dir(found) {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!("skipping the cameras' folder {}: {error}", dir.display());
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

/// Reads a file; `None` where there is none. What is no file (a pipe, a device) is not waited for.
fn open_regular(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(stat) if stat.is_file() => read_all(&File::open(path)?).map(Some),
        Ok(_) => Err(std::io::Error::other("it is not a file")),
    }
}

fn read_all(file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
