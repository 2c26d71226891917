//! What Motion's own configuration tells: each camera's directory and stream port, and the event gap. The form is
//! Motion 4's: `name value` lines, `#` and `;` comments, `camera FILE` and `camera_dir DIR` for the cameras' own files,
//! which inherit what the main file says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::Camera;

/// Ports by camera.
pub(super) type Ports = BTreeMap<Camera, u16>;

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MotionConf {
    cameras: Vec<CameraConf>,
    /// The longest event gap of any camera, if one is set.
    pub event_gap: Option<Duration>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct CameraConf {
    target_dir: Option<PathBuf>,
    stream_port: u16,
    event_gap: Option<u64>,
}

impl MotionConf {
    /// Reads a configuration and the cameras' files that it names.
    pub fn read(path: &Path) -> Result<Self> {
        let mut main = CameraConf::default();
        let mut files = Vec::new();
        read_file(path, &mut main, &mut files)?;
        let mut cameras = Vec::new();
        for file in &files {
            let mut camera = main.clone();
            read_file(file, &mut camera, &mut Vec::new())?;
            cameras.push(camera);
        }
        if cameras.is_empty() {
            cameras.push(main);
        }
        let event_gap = cameras.iter().filter_map(|camera| camera.event_gap).max().map(Duration::from_secs);
        Ok(Self { cameras, event_gap: event_gap.filter(|gap| !gap.is_zero()) })
    }

    /// The ports of the cameras whose directories lie directly in `root`.
    pub fn ports_below(&self, root: &Path) -> Ports {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let port = |camera: &CameraConf| {
            let dir = camera.target_dir.as_ref()?;
            let parent = dir.parent()?.canonicalize().ok()?;
            let name = dir.file_name()?.to_str()?.parse().ok()?;
            (parent == root && camera.stream_port > 0).then_some((name, camera.stream_port))
        };
        self.cameras.iter().filter_map(port).collect()
    }
}

fn read_file(path: &Path, conf: &mut CameraConf, files: &mut Vec<PathBuf>) -> Result<()> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Config(format!("cannot read Motion's configuration {}: {error}", path.display())))?;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        let Some((name, value)) = line.split_once([' ', '\t', '=']) else { continue };
        let value = value.trim_start_matches([' ', '\t', '=']).trim().trim_matches('"');
        match name {
            "target_dir" => conf.target_dir = Some(value.into()),
            "stream_port" => conf.stream_port = value.parse().unwrap_or(0),
            "event_gap" => conf.event_gap = value.parse().ok(),
            "camera" => files.push(value.into()),
            "camera_dir" => {
                let listed = std::fs::read_dir(value)
                    .map_err(|error| Error::Config(format!("cannot read camera_dir {value}: {error}")))?;
                let is_conf = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "conf");
                let mut confs: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).filter(is_conf).collect();
                confs.sort();
                files.extend(confs);
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_inherit_from_the_main_file() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("archive");
        std::fs::create_dir(&root).unwrap();
        let file = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
        let (here, archive) = (dir.path().display(), root.display());
        file(
            "motion.conf",
            format!("# main\nevent_gap 30\nstream_port 0\ncamera {here}/c1.conf\ncamera {here}/c2.conf\n"),
        );
        file("c1.conf", format!("camera_id 1\nstream_port 8081\ntarget_dir {archive}/Camera1\n"));
        file("c2.conf", "; two\nevent_gap = 45\nstream_port=8082\ntarget_dir /elsewhere/Camera2\n".to_owned());
        let conf = MotionConf::read(&dir.path().join("motion.conf")).unwrap();
        assert_eq!(conf.event_gap, Some(Duration::from_secs(45)));
        let ports = conf.ports_below(&root);
        assert_eq!(ports.into_iter().collect::<Vec<_>>(), [("Camera1".parse().unwrap(), 8081)]);
        assert!(MotionConf::read(&dir.path().join("none.conf")).is_err());
    }
}
