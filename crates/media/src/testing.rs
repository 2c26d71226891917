//! Movies for the tests, made by the installed `ffmpeg`, and what `ffprobe` says about results.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use owlery_model::clock::{Stop, StopHandle};
use serde_json::Value;
use tempfile::TempDir;

/// A stop that is never set.
pub(crate) fn never() -> (StopHandle, Stop) {
    Stop::new()
}

/// How long tests wait for what must happen.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Waits until a condition holds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let (_handle, stop) = never();
    let end = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < end, "{what} did not happen");
        stop.wait(std::time::Duration::from_millis(2));
    }
}

/// Movies that one run of `ffmpeg` makes: each of `seconds` with a moving test picture, ten frames a second, and a tone.
/// Each has a name, and the options of its output.
pub(crate) fn movies(seconds: u32, movies: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error"]);
    command.args(["-f", "lavfi", "-i", &format!("testsrc2=size=64x48:rate=10:duration={seconds}")]);
    command.args(["-f", "lavfi", "-i", &format!("sine=duration={seconds}:sample_rate=44100")]);
    for (name, options) in movies {
        command.args(["-map", "0:v"]).args(options.split_whitespace()).arg(dir.path().join(name));
    }
    let made = command.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    dir
}

/// An open movie of a folder.
pub(crate) fn open(dir: &TempDir, name: &str) -> File {
    File::open(dir.path().join(name)).unwrap()
}

/// A file with these bytes.
pub(crate) fn file(bytes: &[u8]) -> File {
    use std::io::Write;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// The first video stream of a file, after all of its frames were decoded without an error.
pub(crate) fn decoded(path: &Path) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(["-loglevel", "error", "-count_frames", "-of", "json", "-show_streams", "-show_format"]);
    let probed = command.arg(path).output().unwrap();
    assert!(probed.status.success() && probed.stderr.is_empty(), "{}", String::from_utf8_lossy(&probed.stderr));
    serde_json::from_slice(&probed.stdout).unwrap()
}

/// How many frames were decoded.
pub(crate) fn frame_count(decoded: &Value) -> u32 {
    decoded["streams"][0]["nb_read_frames"].as_str().unwrap().parse().unwrap()
}

/// The JPEG with EXIF data that have this orientation.
pub(crate) fn oriented(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]].concat();
    let len = u16::try_from(tiff.len() + 8).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &len, b"Exif\0\0", &tiff, &jpeg[2..]].concat()
}

/// Whether a process runs whose command line contains this.
pub(crate) fn is_run_with(text: &Path) -> bool {
    let text = text.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap();
    let mut commands = processes.filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    commands.any(|command| String::from_utf8_lossy(&command).contains(text))
}

/// The files of a fixture of the repository, whose paths end like this.
pub(crate) fn fixture(name: &str, endings: &[&str]) -> TempDir {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
    let dir = tempfile::tempdir().unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(File::open(path).unwrap()));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        if endings.iter().any(|ending| path.ends_with(ending)) {
            entry.unpack_in(dir.path()).unwrap();
        }
    }
    dir
}

/// Writes a script that can be run. Another process writes it: the kernel runs no file that is open for writing, and a program that
/// another test starts at this moment would inherit the open file.
pub(crate) fn write_program(path: &Path, script: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}
