//! Runs of real and of feigned programs: their limits, their ends, what is left of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::testing::{file, movies, never, open, wait_until};

/// A program that runs these lines of a shell.
fn feigned(lines: &str) -> (TempDir, Ffmpeg) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ffmpeg");
    fs::write(&path, format!("#!/bin/sh\nmine={}\n{lines}\n", dir.path().display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let ffmpeg = Ffmpeg::new(&path, &path);
    (dir, ffmpeg)
}

/// Runs a program to its end, and returns what it prints.
fn output(ffmpeg: &Ffmpeg, stop: &Stop) -> Result<String> {
    ffmpeg.convert(&file(b""), &[], [""; 0], stop, text)?
}

/// Whether the process that wrote its id into the file `pid` is gone.
fn is_gone(dir: &TempDir) -> bool {
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
    !Path::new("/proc").join(pid.trim()).exists()
}

#[test]
fn a_missing_program_is_named() {
    let (_handle, stop) = never();
    let ffmpeg = Ffmpeg::new("/nowhere/ffmpeg", "/nowhere/ffprobe");
    for result in [ffmpeg.version(&stop), output(&ffmpeg, &stop)] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Missing { .. }) && !error.is_temporary(), "{error}");
        assert!(error.to_string().contains("install ffmpeg"), "{error}");
    }
}

#[test]
fn the_version_is_read() {
    let (_handle, stop) = never();
    let version = Ffmpeg::default().version(&stop).unwrap();
    assert!(version.starts_with(|first: char| first.is_ascii_alphanumeric()), "{version}");
    let (_dir, ffmpeg) = feigned("echo 'ffmpeg version 5.1.9-0+deb12u1 Copyright (c)'");
    assert_eq!(ffmpeg.version(&stop).unwrap(), "5.1.9-0+deb12u1");
}

/// Whether no process runs the feigned program.
fn none_runs(dir: &TempDir) -> bool {
    let name = dir.path().join("ffmpeg").into_os_string().into_string().unwrap();
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    !processes.into_iter().any(|command| String::from_utf8_lossy(&command).contains(&name))
}

/// A movie that makes ffmpeg hang must not keep a thread for ever.
#[test]
fn a_program_ends_at_its_time_limit() {
    let (_handle, stop) = never();
    let (dir, ffmpeg) = feigned("while :; do :; done");
    let ffmpeg = ffmpeg.with_limits(Limits { time: Duration::from_millis(100), ..Limits::default() });
    let begin = Instant::now();
    let error = output(&ffmpeg, &stop).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && error.is_temporary(), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(60) && none_runs(&dir));
}

#[test]
fn a_cancelled_program_ends() {
    let (handle, stop) = never();
    let (dir, ffmpeg) = feigned("echo $$ > $mine/new; mv $mine/new $mine/pid; exec sleep 600");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| output(&ffmpeg, &stop));
        wait_until("the program", || dir.path().join("pid").exists());
        drop(handle);
        assert!(matches!(run.join().unwrap(), Err(Error::Cancelled)));
    });
    assert!(is_gone(&dir));
    assert!(matches!(output(&ffmpeg, &stop), Err(Error::Cancelled)), "nothing is started any more");
}

/// A damaged movie can make ffmpeg print a line for every frame, and print what the movie contains.
#[test]
fn the_last_words_are_bounded_and_printable() {
    let (_handle, stop) = never();
    let (_dir, ffmpeg) =
        feigned("yes 'a line for every frame' | head -n 40000 >&2; printf 'bad \\033[2J data\\n' >&2; exit 3");
    let Err(Error::Program { status, stderr, .. }) = output(&ffmpeg, &stop) else { panic!() };
    assert_eq!(status.code(), Some(3));
    assert!(stderr.len() < 5000 && stderr.ends_with("frame\nbad \\u{1b}[2J data"), "{stderr}");
}

/// The limits are set just after the start, so the program waits for the last of them.
#[test]
fn limits_and_priorities_hold_for_the_program() {
    let (_handle, stop) = never();
    let wait = "while [ \"$(ulimit -t)\" = unlimited ]; do :; done";
    let (_dir, ffmpeg) = feigned(&format!("{wait}; cat /proc/$$/limits; echo Priority $(nice) $(ionice)"));
    let limits = Limits { time: Duration::from_secs(99), memory: 1 << 30, output: 1 << 20 };
    let text = output(&ffmpeg.with_limits(limits), &stop).unwrap();
    for (name, value) in [
        ("Max address space", "1073741824"),
        ("Max file size", "1048576"),
        ("Max cpu time", "400"),
        ("Max core file size", "0"),
        ("Priority", "19 idle"),
    ] {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert!(line.trim_start().starts_with(value), "{name}: {line}");
    }
}

#[test]
fn a_movie_that_needs_too_much_memory_fails() {
    let (_handle, stop) = never();
    let dir = movies(1, &[("movie.mkv", "-c:v mpeg4")]);
    let small = Ffmpeg::default().with_limits(Limits { memory: 100 << 20, ..Limits::default() });
    let scaled = ["-vf", "scale=8000:8000", "-f", "null", "-"];
    assert!(matches!(small.convert(&open(&dir, "movie.mkv"), &[], scaled, &stop, |_| ()), Err(Error::Program { .. })));
}

/// A file in the archive may contain a list of other files, which ffmpeg would read and show.
#[test]
fn lists_of_other_files_are_refused() {
    let (_handle, stop) = never();
    let dir = movies(1, &[("secret.ts", "-c:v mpeg2video")]);
    let secret = dir.path().join("secret.ts");
    let lists = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n", secret.display()),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{}\n#EXT-X-ENDLIST\n", secret.display()),
        format!("ffconcat version 1.0\nfile '{}'\n", secret.display()),
    ];
    let ffmpeg = Ffmpeg::default();
    assert!(ffmpeg.tracks(&open(&dir, "secret.ts"), &stop).unwrap().video.is_some());
    for list in lists {
        assert!(ffmpeg.tracks(&file(list.as_bytes()), &stop).is_err(), "{list}");
        let frame = ffmpeg.convert(&file(list.as_bytes()), &[], ["-f", "null", "-"], &stop, |_| ());
        assert!(matches!(frame, Err(Error::Program { .. })), "{list}");
    }
}
