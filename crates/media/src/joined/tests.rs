//! Movies that the installed `ffmpeg` makes are joined: the length of the result is the sum, and all of it can be decoded.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::testing::{decoded, file, fixture, frame_count, movies, never, open};
use crate::{Picture, movie_of_frames};

const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 10";

/// Joins movies; returns what `ffprobe` says of the result, and the sum of their lengths.
fn joined(movies: &[File]) -> (Value, f64) {
    let (_handle, stop) = never();
    let (ffmpeg, dir) = (Ffmpeg::default(), tempfile::tempdir().unwrap());
    let part = |movie: &File| {
        let inspected = Movie::inspect(movie, &ffmpeg, &stop).unwrap();
        MoviePart::of_movie(&ffmpeg, movie, &inspected, dir.path(), &stop).unwrap()
    };
    let parts: Vec<MoviePart> = movies.iter().map(part).collect();
    result(parts, &dir)
}

fn result(parts: Vec<MoviePart>, dir: &TempDir) -> (Value, f64) {
    let (_handle, stop) = never();
    let secs = parts.iter().map(MoviePart::secs).sum();
    let mut done = Vec::new();
    let made = join_movies(&Ffmpeg::default(), parts, dir.path(), &stop, &mut |part| done.push(part)).unwrap();
    assert!(done.is_sorted() && done.iter().all(|part| (0.0..=1.0).contains(part)), "{done:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the parts are removed");
    let decoded = decoded(made.path());
    drop(made);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    (decoded, secs)
}

fn secs(decoded: &Value) -> f64 {
    decoded["format"]["duration"].as_str().unwrap().parse().unwrap()
}

fn streams(decoded: &Value) -> Vec<&str> {
    decoded["streams"].as_array().unwrap().iter().map(|stream| stream["codec_name"].as_str().unwrap()).collect()
}

#[track_caller]
fn assert_secs(decoded: &Value, expected: f64) {
    assert!((secs(decoded) - expected).abs() < 0.3, "{} s instead of {expected} s", secs(decoded));
}

/// Motion's own movies of one camera are copied: no frame is lost, and nothing is encoded anew.
#[test]
fn movies_of_a_camera_are_copied() {
    let names = ["05-44-39", "05-44-52", "05-45-07"].map(|time| format!("direct/Camera1/2026-11-21/{time}/video.mp4"));
    let dir = fixture("motion-4.5.1-sample.tar.gz", &names.each_ref().map(String::as_str));
    let paths = names.each_ref().map(|name| dir.path().join(name));
    let frames: u32 = paths.iter().map(|path| frame_count(&decoded(path))).sum();
    let (made, sum) = joined(&paths.map(|path| File::open(path).unwrap()));
    assert_eq!(streams(&made), ["h264"]);
    assert_eq!(made["streams"][0]["profile"], "Constrained Baseline", "it would be High if it were encoded here");
    assert_eq!(frame_count(&made), frames);
    assert_secs(&made, sum);
}

/// The same codec in other containers, with the same sound.
#[test]
fn containers_do_not_matter() {
    let sound = format!("-map 1:a {H264} -profile:v main -c:a aac");
    let dir = movies(2, &[("a.mp4", &sound), ("b.mkv", &sound), ("c.flv", &sound), ("d.mov", &sound)]);
    let movies = ["a.mp4", "b.mkv", "c.flv", "d.mov"].map(|name| open(&dir, name));
    let (made, sum) = joined(&movies);
    assert_eq!(streams(&made), ["h264", "aac"]);
    assert_eq!((frame_count(&made), &made["streams"][0]["profile"]), (80, &"Main".into()));
    assert_secs(&made, sum);
    assert_secs(&made, 8.0);
}

/// Codecs, sizes and sounds of all kinds: one size, one codec, no sound.
#[test]
fn movies_of_different_kinds_are_encoded() {
    let small = format!("{H264} -s 48x48");
    let sound = format!("-map 1:a {H264} -c:a aac");
    let dir = movies(
        1,
        &[
            ("a.mp4", &small),
            ("b.avi", "-c:v mpeg4"),
            ("c.mp4", "-c:v libaom-av1 -cpu-used 8"),
            ("d.mkv", &sound),
            ("e.mp4", "-c:v libvpx-vp9 -deadline realtime -pix_fmt yuv420p -s 96x54"),
        ],
    );
    let (made, sum) = joined(&["a.mp4", "b.avi", "c.mp4", "d.mkv", "e.mp4"].map(|name| open(&dir, name)));
    assert_eq!(streams(&made), ["h264"]);
    assert_eq!((&made["streams"][0]["width"], &made["streams"][0]["height"]), (&96.into(), &54.into()));
    assert!(frame_count(&made) >= 48, "{made}");
    assert_secs(&made, sum);
    assert_secs(&made, 5.0);
}

/// Movies of frames, and what is left of one that was cut off, are parts too.
#[test]
fn frames_and_remains_are_parts() {
    let (_handle, stop) = never();
    let (ffmpeg, dir) = (Ffmpeg::default(), tempfile::tempdir().unwrap());
    let source = movies(4, &[("cut.mkv", H264)]);
    let bytes = fs::read(source.path().join("cut.mkv")).unwrap();
    let cut = file(&bytes[..bytes.len() / 2]);
    let inspected = Movie::inspect(&cut, &ffmpeg, &stop).unwrap();
    let remains = MoviePart::of_movie(&ffmpeg, &cut, &inspected, dir.path(), &stop).unwrap();
    assert!(remains.secs() > 0.5 && remains.secs() < 3.5, "{}", remains.secs());
    let ppm = [b"P6 64 48 255\n".as_slice(), &[90; 64 * 48 * 3]].concat();
    let jpeg = Picture::decode(&ppm, 64).unwrap().jpeg(90).unwrap();
    let times: Vec<Duration> = (0..5).map(|n| Duration::from_millis(n * 300)).collect();
    let frames = movie_of_frames(&ffmpeg, &times, |_| Ok(jpeg.clone()), dir.path(), &stop, &mut |_| ()).unwrap();
    let frames = MoviePart::of_frames(&ffmpeg, frames, &stop).unwrap();
    let (made, sum) = result(vec![remains, frames], &dir);
    assert_eq!(streams(&made), ["h264"]);
    assert_secs(&made, sum);
}

/// Nothing is left behind by work that is cancelled, and none is made of nothing.
#[test]
fn cancelled_work_leaves_nothing() {
    let (ffmpeg, dir) = (Ffmpeg::default(), tempfile::tempdir().unwrap());
    let (handle, stop) = never();
    let source = movies(1, &[("a.mp4", H264)]);
    let movie = open(&source, "a.mp4");
    let inspected = Movie::inspect(&movie, &ffmpeg, &stop).unwrap();
    let part = MoviePart::of_movie(&ffmpeg, &movie, &inspected, dir.path(), &stop).unwrap();
    drop(handle);
    let cancelled = join_movies(&ffmpeg, vec![part], dir.path(), &stop, &mut |_| ());
    assert!(matches!(cancelled, Err(Error::Cancelled)), "{cancelled:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(matches!(join_movies(&ffmpeg, Vec::new(), dir.path(), &stop, &mut |_| ()), Err(Error::NoFrame)));
}
