//! Movies of frames of every format, size and kind of damage, by the real ffmpeg; what it decodes of the result.

use std::fs;
use std::io;
use std::process::Command;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::testing::{decoded, frame_count, is_run_with, never, oriented};
use crate::{Movie, MovieType, Playable};

/// The colour of a frame. Three times three times three can be told apart after they were encoded twice.
fn colour(number: usize) -> [u8; 3] {
    [number, number / 3, number / 9].map(|digit| [30, 120, 220][digit % 3])
}

/// The number of the frame that has nearly this colour.
fn number(found: [u8; 3]) -> usize {
    let far = |number: &usize| -> u32 { (0..3).map(|i| u32::from(colour(*number)[i].abs_diff(found[i]))).sum() };
    let near = (0..27).min_by_key(far).unwrap();
    assert!(far(&near) < 40, "{found:?} is no colour of a frame");
    near
}

fn picture(number: usize, (width, height): (u32, u32), format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_pixel(width, height, Rgb(colour(number)));
    let mut bytes = io::Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(number: usize) -> Vec<u8> {
    picture(number, (64, 48), ImageFormat::Jpeg)
}

/// A finished movie, in a folder that contains nothing else.
struct Made {
    movie: FramesMovie,
    folder: TempDir,
    /// What was reported of its progress.
    parts: Vec<f32>,
}

fn make(frames: &[(u64, Vec<u8>)]) -> Result<Made> {
    let (_handle, stop) = never();
    let folder = tempfile::tempdir().unwrap();
    let times: Vec<_> = frames.iter().map(|(at, _)| Duration::from_millis(*at)).collect();
    let read = |index: usize| Ok(frames[index].1.clone());
    let mut parts = Vec::new();
    let made = movie_of_frames(&Ffmpeg::default(), &times, read, folder.path(), &stop, &mut |part| parts.push(part));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(made.is_ok()));
    Ok(Made { movie: made?, folder, parts })
}

impl Made {
    /// When its frames are shown and for how long, in milliseconds, by the container.
    fn times(&self) -> (Vec<u64>, Vec<u64>) {
        let mut command = Command::new("ffprobe");
        command.args(["-loglevel", "error", "-of", "json", "-show_packets", "-show_streams"]);
        let probed = command.arg(self.movie.file.path()).output().unwrap();
        let probed: Value = serde_json::from_slice(&probed.stdout).unwrap();
        assert_eq!(probed["streams"][0]["time_base"], "1/1000");
        let packets = probed["packets"].as_array().unwrap();
        packets.iter().map(|packet| (packet["pts"].as_u64().unwrap(), packet["duration"].as_u64().unwrap())).unzip()
    }

    /// Its frames, each with a column at its left, the middle and a column at its right, as far as an encoder keeps them.
    fn pixels(&self) -> Vec<[[u8; 3]; 3]> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-loglevel", "fatal", "-i"]).arg(self.movie.file.path());
        command.args(["-fps_mode", "passthrough", "-vf", "scale=16:16:flags=area", "-pix_fmt", "rgb24"]);
        let decoded = command.args(["-f", "rawvideo", "-"]).output().unwrap();
        assert!(decoded.status.success(), "{}", String::from_utf8_lossy(&decoded.stderr));
        let pixel = |frame: &[u8], x: usize| frame[(8 * 16 + x) * 3..][..3].try_into().unwrap();
        decoded.stdout.chunks_exact(16 * 16 * 3).map(|frame| [0, 8, 15].map(|x| pixel(frame, x))).collect()
    }

    /// The numbers of its frames, in order.
    fn numbers(&self) -> Vec<usize> {
        self.pixels().into_iter().map(|[_, middle, _]| number(middle)).collect()
    }
}

/// A night with long pauses, a burst of a hundred frames a second, and times that stand still or go back.
#[test]
fn frames_are_shown_in_order_at_their_times() {
    let mut times = vec![0, 333, 667, 1000, 56_000, 56_500, 56_500, 56_400];
    times.extend((0..15).map(|i| 60_000 + i * 10));
    let frames: Vec<_> = times.iter().enumerate().map(|(number, at)| (*at, jpeg(number))).collect();
    let made = make(&frames).unwrap();
    assert_eq!((made.movie.frames, made.movie.left_out), (23, 0));
    assert_eq!(made.numbers(), (0..23).collect::<Vec<_>>());
    times[6..8].copy_from_slice(&[56_501, 56_502]);
    let (at, lengths) = made.times();
    assert_eq!(at, times);
    let expected: Vec<_> = times.windows(2).map(|two| two[1] - two[0]).chain([10]).collect();
    assert_eq!(lengths, expected, "the last one is shown for the median distance");
    let last = made.parts.last();
    assert!(made.parts.is_sorted() && last.is_some_and(|part| (*part - 1.0).abs() < 0.001), "{:?}", made.parts);
}

/// What browsers need, and what the other movies of this crate have.
#[test]
fn the_movie_plays_in_browsers() {
    let (_handle, stop) = never();
    let odd = |at: u64| (at, picture(5, (65, 49), ImageFormat::Jpeg));
    let made = make(&[odd(0), odd(1000), odd(2000)]).unwrap();
    let file = &made.movie.file;
    let movie = Movie::inspect(file.as_file(), &Ffmpeg::new("/nowhere/ffmpeg", "/nowhere/ffprobe"), &stop).unwrap();
    assert_eq!((movie.playable, movie.secs), (Playable::AsIs(MovieType::Mp4), Some(3.0)));
    let decoded = decoded(file.path());
    let stream = &decoded["streams"][0];
    assert_eq!((&stream["codec_name"], &stream["pix_fmt"]), (&"h264".into(), &"yuv420p".into()));
    assert_eq!((&stream["width"], &stream["height"]), (&66.into(), &50.into()));
    assert_eq!(decoded["streams"].as_array().unwrap().len(), 1);
    let bytes = fs::read(file.path()).unwrap();
    let at = |kind: &[u8]| bytes.windows(4).position(|four| four == kind).unwrap();
    assert!(at(b"moov") < at(b"mdat"), "the index is not in front");
    let Made { movie, folder, .. } = made;
    drop(movie);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_single_frame_is_shown_for_a_second() {
    let made = make(&[(7000, jpeg(3))]).unwrap();
    assert_eq!((made.numbers(), made.times()), (vec![3], (vec![0], vec![1000])));
}

/// Finishing that was interrupted begins again and must end in the same state.
#[test]
fn the_same_frames_make_the_same_bytes() {
    let frames: Vec<_> = (0..12).map(|number| (number as u64 * 77, jpeg(number))).collect();
    let bytes = || fs::read(make(&frames).unwrap().movie.file.path()).unwrap();
    assert!(bytes() == bytes());
}

/// A movie is made for the rate of its frames. Devices refuse one for a thousand pictures a second.
#[test]
fn equal_times_need_no_special_device() {
    let frame = picture(4, (640, 480), ImageFormat::Jpeg);
    let made = make(&[(0, frame.clone()), (0, frame.clone()), (0, frame)]).unwrap();
    assert_eq!(made.times(), (vec![0, 1, 2], vec![1, 1, 10]));
    assert!(decoded(made.movie.file.path())["streams"][0]["level"].as_u64().unwrap() <= 32);
}

/// A JPEG whose header is whole, and its pixels are not.
fn garbled() -> Vec<u8> {
    let mut bytes = jpeg(26);
    let scan = bytes.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
    let end = bytes.len() - 2;
    bytes.splice(scan + 2..end, b"no scan at all".iter().copied());
    bytes
}

#[test]
fn damaged_frames_are_left_out() {
    let noise = RgbImage::from_fn(64, 48, |x, y| Rgb([x, y, x * y].map(|value| (value * 97 % 251) as u8)));
    let mut whole = io::Cursor::new(Vec::new());
    DynamicImage::from(noise).write_to(&mut whole, ImageFormat::Jpeg).unwrap();
    let whole = whole.into_inner();
    let frames = [
        (0, Vec::new()),
        (100, whole[..whole.len() / 2].to_vec()),
        (200, jpeg(1)),
        (300, b"no picture at all".to_vec()),
        (400, [&whole[..whole.len() / 2], &vec![0; whole.len() / 2]].concat()),
        (500, jpeg(2)),
        (600, b"P6 30000 30000 255\n\0\0\0".to_vec()),
        (700, garbled()),
        (800, jpeg(3)),
        (900, picture(4, (64, 48), ImageFormat::WebP)[..60].to_vec()),
        (1000, whole[..300].to_vec()),
    ];
    let made = make(&frames).unwrap();
    assert_eq!(made.numbers(), [1, 2, 3]);
    assert_eq!((made.movie.frames, made.movie.left_out), (3, 8));
    assert_eq!(made.times(), (vec![0, 500, 800], vec![500, 300, 100]), "the first one is shown from the beginning");
}

/// That its pixels are damaged is known to ffmpeg alone, after the movie has begun.
#[test]
fn a_first_frame_without_pixels_leaves_no_gap() {
    let made = make(&[(0, garbled()), (400, jpeg(1)), (1000, jpeg(2))]).unwrap();
    assert_eq!((made.movie.frames, made.movie.left_out), (2, 1));
    assert_eq!((made.numbers(), made.times()), (vec![1, 2], (vec![0, 1000], vec![1000, 600])));
}

/// A frame that was removed meanwhile, or is too large to be read, is the caller's to judge.
#[test]
fn unreadable_frames_are_left_out_or_fail() {
    let (_handle, stop) = never();
    let folder = tempfile::tempdir().unwrap();
    let times = [0, 1, 2, 3].map(Duration::from_secs);
    let make = |wrong: fn() -> Error, at: usize| {
        let read = |index: usize| if index == at { Err(wrong()) } else { Ok(jpeg(index)) };
        movie_of_frames(&Ffmpeg::default(), &times, read, folder.path(), &stop, &mut |_| ())
    };
    for at in [0, 2] {
        assert_eq!(make(|| Error::TooManyBytes, at).unwrap().left_out, 1);
        let gone = || Error::Io { operation: "read a frame", source: io::ErrorKind::NotFound.into() };
        let error = make(gone, at).unwrap_err();
        assert!(matches!(&error, Error::Io { operation: "read a frame", .. }), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn without_a_good_frame_there_is_no_movie() {
    let wrong = || vec![(0, Vec::new()), (100, b"no picture at all".to_vec()), (200, jpeg(1)[..200].to_vec())];
    for frames in [wrong(), Vec::new(), vec![(0, garbled()), (100, garbled())]] {
        assert!(matches!(make(&frames).map(drop), Err(Error::NoFrame)));
    }
}

#[test]
fn a_missing_ffmpeg_leaves_no_file() {
    let (_handle, stop) = never();
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = Ffmpeg::new("/nowhere/ffmpeg", "/nowhere/ffprobe");
    let made = movie_of_frames(&ffmpeg, &[Duration::ZERO], |_| Ok(jpeg(1)), folder.path(), &stop, &mut |_| ());
    assert!(matches!(made, Err(Error::Missing { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Cameras are configured anew during an event, and write grey pictures at night.
#[test]
fn frames_of_any_size_become_one_movie() {
    let grey = DynamicImage::from(image::GrayImage::from_pixel(64, 48, image::Luma([120])));
    let mut night = io::Cursor::new(Vec::new());
    grey.write_to(&mut night, ImageFormat::Jpeg).unwrap();
    let turned = oriented(&picture(7, (48, 64), ImageFormat::Jpeg), 6);
    let frames = [
        picture(1, (64, 48), ImageFormat::WebP),
        jpeg(2),
        picture(3, (128, 96), ImageFormat::Jpeg),
        night.into_inner(),
        picture(4, (33, 25), ImageFormat::Jpeg),
        picture(5, (64, 48), ImageFormat::Pnm),
        picture(6, (64, 48), ImageFormat::Png),
        turned,
        picture(8, (48, 96), ImageFormat::Jpeg),
        jpeg(9),
    ];
    let frames: Vec<_> = frames.into_iter().enumerate().map(|(i, frame)| (i as u64 * 100, frame)).collect();
    let made = make(&frames).unwrap();
    let grey = number([120; 3]);
    assert_eq!(made.numbers(), [1, 2, 3, grey, 4, 5, 6, 7, 8, 9]);
    assert_eq!(made.times().0, (0..10).map(|i| i * 100).collect::<Vec<_>>());
    assert_eq!(frame_count(&decoded(made.movie.file.path())), 10);
    for (index, [left, middle, right]) in made.pixels().into_iter().enumerate() {
        let is_black = |pixel: [u8; 3]| pixel.iter().all(|value| *value < 16);
        let has_edges = index == 8;
        assert_eq!((is_black(left), is_black(middle), is_black(right)), (has_edges, false, has_edges), "{index}");
    }
}

/// Frames of real Motion daemons, with their EXIF data: none is taken for damaged.
#[test]
fn frames_of_motion_become_movies() {
    let jpegs = ["39-00", "39-01", "39-02", "40-00", "40-04", "41-00"];
    let jpegs = jpegs.map(|name| format!("Camera1/2026-11-21/05-44-39/05-44-{name}.jpg"));
    let webps = ["59-57-01", "59-57-02", "59-58-04", "59-59-01", "59-59-02", "59-59-05"];
    let webps = webps.map(|name| format!("CameraWebp/2026-11-28/12-59-57/12-{name}.webp"));
    for (fixture, paths, prefix) in [
        ("motion-4.5.1-sample.tar.gz", jpegs, "direct"),
        ("versions/motion-5.0.0-pictures.tar.gz", webps, "motion-5.0.0-pictures"),
    ] {
        let dir = crate::testing::fixture(fixture, &paths.each_ref().map(String::as_str));
        let read = |path: &String| fs::read(dir.path().join(prefix).join(path)).unwrap();
        let frames: Vec<_> = paths.iter().zip((0..).step_by(200)).map(|(path, at)| (at, read(path))).collect();
        let made = make(&frames).unwrap();
        assert_eq!((made.movie.frames, made.movie.left_out), (6, 0), "{fixture}");
        assert_eq!(made.times().0, [0, 200, 400, 600, 800, 1000], "{fixture}");
        let decoded = decoded(made.movie.file.path());
        let size = (&decoded["streams"][0]["width"], &decoded["streams"][0]["height"]);
        assert_eq!(size, (&320.into(), &240.into()), "{fixture}");
    }
}

/// Frames of 1080p, which fill the pipe many times over.
#[test]
fn a_movie_that_is_cancelled_leaves_nothing() {
    let frame = picture(3, (1920, 1080), ImageFormat::Jpeg);
    let folder = tempfile::tempdir().unwrap();
    let times: Vec<_> = (0..100_000).map(Duration::from_millis).collect();
    let (handle, stop) = never();
    let (mut handle, mut was_running) = (Some(handle), false);
    let read = |index: usize| {
        if index == 30 {
            was_running = is_run_with(folder.path());
            drop(handle.take());
        }
        Ok(frame.clone())
    };
    let made = movie_of_frames(&Ffmpeg::default(), &times, read, folder.path(), &stop, &mut |_| ());
    assert!(matches!(made, Err(Error::Cancelled)), "{made:?}");
    assert!(was_running && !is_run_with(folder.path()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Before the first good frame no ffmpeg runs that could be ended.
#[test]
fn the_search_for_a_good_frame_is_cancelled() {
    let (handle, stop) = never();
    let (mut handle, mut reads) = (Some(handle), 0);
    let read = |_| {
        reads += 1;
        drop(handle.take());
        Ok(Vec::new())
    };
    let folder = tempfile::tempdir().unwrap();
    let times = [Duration::ZERO; 100];
    let made = movie_of_frames(&Ffmpeg::default(), &times, read, folder.path(), &stop, &mut |_| ());
    assert!(matches!(made, Err(Error::Cancelled)) && reads == 1, "{made:?} after {reads}");
}

/// An event may have gigabytes of frames.
#[test]
fn frames_are_read_as_ffmpeg_takes_them() {
    let (_handle, stop) = never();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ffmpeg");
    crate::testing::write_program(&program, "#!/bin/sh\nhead -c 1000000 > /dev/null\necho 'enough' >&2\nexit 1\n");
    let mut frame = jpeg(1);
    frame.resize(100_000, 0);
    let mut reads = 0;
    let read = |_| {
        reads += 1;
        Ok(frame.clone())
    };
    let times = [Duration::ZERO; 1000];
    let made = movie_of_frames(&Ffmpeg::new(&program, &program), &times, read, folder.path(), &stop, &mut |_| ());
    assert!(matches!(&made, Err(Error::Program { stderr, .. }) if stderr == "enough"), "{made:?}");
    assert!((10..=13).contains(&reads), "{reads} frames were read for ten");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
