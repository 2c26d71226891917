//! Runs of real and of feigned programs: their limits, their ends, what is left of them.

use std::fs;
use std::io::Write;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::testing::{file, is_run_with, movies, never, open, wait_until};

/// A program that runs these lines of a shell.
fn feigned(lines: &str) -> (TempDir, Ffmpeg) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ffmpeg");
    crate::testing::write_program(&path, &format!("#!/bin/sh\nmine={}\n{lines}\n", dir.path().display()));
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

/// A movie that makes ffmpeg hang must not keep a thread for ever.
#[test]
fn a_program_ends_at_its_time_limit() {
    let (_handle, stop) = never();
    let (dir, ffmpeg) = feigned("while :; do :; done");
    let ffmpeg = ffmpeg.with_limits(Limits { time: Duration::from_millis(100), ..Limits::default() });
    let begin = Instant::now();
    let error = output(&ffmpeg, &stop).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && error.is_temporary(), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(60) && !is_run_with(&dir.path().join("ffmpeg")));
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

/// Feeds a feigned program, whose output is returned.
fn fed(ffmpeg: &Ffmpeg, stop: &Stop, feed: impl FnOnce(ChildStdin) -> Result<()> + Send) -> Result<String> {
    ffmpeg.convert_stream(feed, [""; 0], stop, text)?
}

/// Writes for ever, until the pipe fails.
fn endlessly(mut pipe: ChildStdin) -> Result<()> {
    let piece = vec![7; 100_000];
    loop {
        pipe.write_all(&piece).map_err(Error::io("write"))?;
    }
}

#[test]
fn a_program_reads_what_it_is_fed() {
    let (_handle, stop) = never();
    let (_dir, ffmpeg) = feigned("exec wc -c");
    let feed = |mut pipe: ChildStdin| pipe.write_all(&vec![7; 500_000]).map_err(Error::io("write"));
    assert_eq!(fed(&ffmpeg, &stop, feed).unwrap().trim(), "500000");
    // One that does not want more, and says that it is content.
    let (_dir, ffmpeg) = feigned("exec head -c 3");
    assert_eq!(fed(&ffmpeg, &stop, endlessly).unwrap(), "\u{7}\u{7}\u{7}");
}

/// A full disk, or a picture that is not understood: the pipe fails as well, which explains nothing.
#[test]
fn a_fed_program_that_fails_says_why() {
    let (_handle, stop) = never();
    let (_dir, ffmpeg) = feigned("head -c 300000 > $mine/read; echo 'disk full' >&2; exit 3");
    let error = fed(&ffmpeg, &stop, endlessly).unwrap_err();
    assert!(matches!(&error, Error::Program { stderr, .. } if stderr == "disk full"), "{error}");
    let error = fed(&Ffmpeg::new("/nowhere/ffmpeg", "/nowhere/ffprobe"), &stop, endlessly).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

/// A full pipe must keep neither the thread that fills it nor the one that waits for it.
#[test]
fn a_fed_program_that_does_not_read_is_ended() {
    let (_handle, stop) = never();
    let (dir, ffmpeg) = feigned("while :; do :; done");
    let ffmpeg = ffmpeg.with_limits(Limits { time: Duration::from_millis(100), ..Limits::default() });
    let error = fed(&ffmpeg, &stop, endlessly).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert!(!is_run_with(&dir.path().join("ffmpeg")));
    let (dir, ffmpeg) = feigned("echo $$ > $mine/new; mv $mine/new $mine/pid; exec sleep 600");
    let (handle, stop) = never();
    let error = fed(&ffmpeg, &stop, |pipe| {
        wait_until("the program", || dir.path().join("pid").exists());
        drop(handle);
        endlessly(pipe)
    });
    assert!(matches!(error, Err(Error::Cancelled)), "{error:?}");
    assert!(is_gone(&dir));
}

#[test]
fn an_error_of_the_feed_is_returned() {
    let (_handle, stop) = never();
    let (_dir, ffmpeg) = feigned("cat > /dev/null; exit 3");
    let error = fed(&ffmpeg, &stop, |_| Err(Error::TooManyBytes)).unwrap_err();
    assert!(matches!(error, Error::TooManyBytes), "{error}");
    let error = fed(&ffmpeg, &stop, |_| panic!("as a bug of the caller would")).unwrap_err();
    assert!(matches!(error, Error::Panicked(_)), "{error}");
}
