//! Movies of every container and codec that Motion, motionEye and cameras write, whole and cut off, made by the installed
//! ffmpeg: what they need, and whether the result can be decoded to its end. Files are passed open, so no name helps.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::Limits;
use crate::testing::{decoded, file, frame_count, movies, never, open};

const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 10";

/// Looks at a movie and makes it playable; checks what every result has, and that nothing else is left in the folder.
pub(super) fn made(name: &str, movie: &File, expected: Playable) -> Value {
    let (_handle, stop) = never();
    let ffmpeg = Ffmpeg::default();
    let inspected = Movie::inspect(movie, &ffmpeg, &stop).unwrap();
    assert_eq!(inspected.playable, expected, "{name}");
    let dir = tempfile::tempdir().unwrap();
    let mut parts = Vec::new();
    let made = make_playable(&ffmpeg, movie, &inspected, dir.path(), &stop, &mut |part| parts.push(part));
    let made = made.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(parts.is_sorted(), "{parts:?}");
    let now = Movie::inspect(made.as_file(), &ffmpeg, &stop).unwrap();
    assert_eq!(now.playable, Playable::AsIs(MovieType::Mp4));
    let bytes = fs::read(made.path()).unwrap();
    let at = |kind: &[u8]| bytes.windows(4).position(|four| four == kind).unwrap();
    assert!(at(b"moov") < at(b"mdat"), "the index is not in front");
    let decoded = decoded(made.path());
    drop(made);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    decoded
}

fn codec(decoded: &Value, stream: usize) -> &str {
    decoded["streams"][stream]["codec_name"].as_str().unwrap_or("none")
}

#[test]
fn movies_for_browsers_are_played_as_they_are() {
    let mp4 = format!("{H264} -f mp4");
    let sound = format!("-map 1:a {H264} -c:a aac -f mp4");
    let fragments = format!("{H264} -movflags +frag_keyframe+empty_moov -f mp4");
    let dir = movies(
        1,
        &[
            ("h264", &mp4),
            ("sound", &sound),
            ("fragments", &fragments),
            ("mp4 av1", "-c:v libaom-av1 -cpu-used 8 -f mp4"),
            ("mp4 vp9", "-c:v libvpx-vp9 -deadline realtime -pix_fmt yuv420p -f mp4"),
            ("webm vp8", "-c:v libvpx -deadline realtime -f webm"),
            ("webm vp9", "-map 1:a -c:v libvpx-vp9 -deadline realtime -pix_fmt yuv420p -c:a libopus -f webm"),
            ("webm av1", "-c:v libaom-av1 -cpu-used 8 -f webm"),
        ],
    );
    let (_handle, stop) = never();
    let without = Ffmpeg::new("/nowhere/ffmpeg", "/nowhere/ffprobe");
    for name in ["h264", "sound", "fragments", "mp4 av1", "mp4 vp9", "webm vp8", "webm vp9", "webm av1"] {
        let movie = Movie::inspect(&open(&dir, name), &without, &stop).unwrap();
        let expected = if name.starts_with("webm") { MovieType::WebM } else { MovieType::Mp4 };
        assert_eq!(movie.playable, Playable::AsIs(expected), "{name}");
        assert_eq!(movie.secs, Some(1.0), "{name}");
    }
}

#[test]
fn other_containers_are_exchanged() {
    let with = |options: &str| format!("{H264} {options}");
    let all = [
        ("mkv", with("-f matroska"), Sound::Silent),
        ("mov", with("-f mov"), Sound::Silent),
        ("flv", with("-map 1:a -c:a aac -f flv"), Sound::Copied),
        ("avi", with("-bf 0 -f avi"), Sound::Silent),
        ("ts", with("-f mpegts"), Sound::Silent),
        ("mp3", with("-map 1:a -c:a libmp3lame -f matroska"), Sound::Copied),
        ("pcm", with("-map 1:a -c:a pcm_s16be -f mov"), Sound::Encoded),
        ("ac3", with("-map 1:a -c:a ac3 -f mp4"), Sound::Encoded),
        ("law", with("-map 1:a -c:a pcm_mulaw -ar 8000 -f matroska"), Sound::Encoded),
        (
            "vp9",
            "-map 1:a -c:v libvpx-vp9 -deadline realtime -pix_fmt yuv420p -c:a libopus -f matroska".into(),
            Sound::Encoded,
        ),
    ];
    let dir = movies(1, &all.each_ref().map(|(name, options, _)| (*name, options.as_str())));
    for (name, _, sound) in all {
        let result = made(name, &open(&dir, name), Playable::Remux(sound));
        assert_eq!(frame_count(&result), 10, "{name}");
        assert_eq!(codec(&result, 0), if name == "vp9" { "vp9" } else { "h264" }, "{name}");
        let expected = match (sound, name) {
            (Sound::Silent, _) => "none",
            (_, "mp3") => "mp3",
            _ => "aac",
        };
        assert_eq!(codec(&result, 1), expected, "{name}");
    }
}

/// Makes these movies, and transcodes each.
fn transcodes(movies_and_sounds: &[(&str, &str, Sound)]) {
    let all: Vec<_> = movies_and_sounds.iter().map(|(name, options, _)| (*name, *options)).collect();
    let dir = movies(1, &all);
    for (name, _, sound) in movies_and_sounds {
        let result = made(name, &open(&dir, name), Playable::Transcode(*sound));
        let stream = &result["streams"][0];
        assert_eq!((codec(&result, 0), &stream["pix_fmt"]), ("h264", &"yuv420p".into()), "{name}");
        let size = if name.starts_with("odd") { (66, 50) } else { (64, 48) };
        assert_eq!((&stream["width"], &stream["height"]), (&size.0.into(), &size.1.into()), "{name}");
        assert!((9..=11).contains(&frame_count(&result)), "{name}: {}", frame_count(&result));
        assert_eq!(codec(&result, 1), if *sound == Sound::Silent { "none" } else { "aac" }, "{name}");
    }
}

/// What Motion writes, besides what the real movies in `motion` have.
#[test]
fn codecs_of_motion_are_transcoded() {
    transcodes(&[
        ("hevc mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=error -f matroska", Sound::Silent),
        ("mpeg4 mp4", "-c:v mpeg4 -f mp4", Sound::Silent),
        ("msmpeg4 avi", "-c:v msmpeg4 -f avi", Sound::Silent),
        ("vp8 mkv", "-c:v libvpx -deadline realtime -f matroska", Sound::Silent),
        ("ffv1 mkv", "-c:v ffv1 -f matroska", Sound::Silent),
        ("mpeg1", "-c:v mpeg1video -r 25 -frames:v 10 -f mpeg", Sound::Silent),
        ("mpeg2 stream", "-c:v mpeg2video -r 25 -frames:v 10 -f mpeg2video", Sound::Silent),
    ]);
}

/// What cameras and other programs write, and sizes that H.264 does not have.
#[test]
fn other_codecs_are_transcoded() {
    transcodes(&[
        ("odd mjpeg avi", "-s 65x49 -c:v mjpeg -map 1:a -c:a pcm_s16le -f avi", Sound::Encoded),
        ("odd mjpeg mov", "-s 65x49 -c:v mjpeg -f mov", Sound::Silent),
        ("odd gif", "-s 65x49 -c:v gif -f gif", Sound::Silent),
        ("mjpeg mkv", "-c:v mjpeg -f matroska", Sound::Silent),
        ("mpeg2 ts", "-c:v mpeg2video -r 25 -frames:v 10 -map 1:a -c:a mp2 -f mpegts", Sound::Encoded),
        ("wmv", "-c:v wmv2 -f asf", Sound::Silent),
        ("444", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p -f mp4", Sound::Silent),
        ("ten bits", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -f matroska", Sound::Silent),
        ("xvid", "-c:v libxvid -f avi", Sound::Silent),
    ]);
}

/// The movie without its last quarter: an odd number of bytes, which is no whole number of packets.
fn cut(dir: &TempDir, name: &str) -> File {
    let bytes = fs::read(dir.path().join(name)).unwrap();
    file(&bytes[..(bytes.len() * 3 / 4) | 1])
}

/// Motion was killed, or the power was lost.
#[test]
fn what_is_left_of_cut_movies_is_salvaged() {
    let h264 = |options: &str| format!("{H264} {options}");
    let all = [
        ("mkv", h264("-map 1:a -c:a aac -f matroska"), true, Sound::Copied),
        ("flv", h264("-f flv"), true, Sound::Silent),
        ("avi", "-c:v mpeg4 -f avi".into(), false, Sound::Silent),
        ("ogg", "-c:v libtheora -f ogg".into(), false, Sound::Silent),
        ("webm", "-c:v libvpx -deadline realtime -f webm".into(), false, Sound::Silent),
        (
            "hevc",
            "-s 320x240 -c:v libx265 -preset ultrafast -x265-params log-level=error -f matroska".into(),
            false,
            Sound::Silent,
        ),
        ("faststart", h264("-movflags +faststart -f mp4"), true, Sound::Silent),
        ("fragments", h264("-movflags +frag_keyframe+empty_moov -f mp4"), true, Sound::Silent),
    ];
    let dir = movies(2, &all.each_ref().map(|(name, options, ..)| (*name, options.as_str())));
    for (name, _, copies, sound) in all {
        let result = made(name, &cut(&dir, name), Playable::Salvage { copies, sound });
        assert!((2..20).contains(&frame_count(&result)), "{name}: {} of 20", frame_count(&result));
    }
}

/// A stream without an end shows no cut.
#[test]
fn cut_streams_are_played_as_far_as_they_go() {
    let h264 = format!("{H264} -f mpegts");
    let dir = movies(2, &[("ts", &h264), ("mpg", "-r 25 -c:v mpeg1video -f mpeg")]);
    assert!(frame_count(&made("ts", &cut(&dir, "ts"), Playable::Salvage { copies: true, sound: Sound::Silent })) >= 5);
    assert!(frame_count(&made("mpg", &cut(&dir, "mpg"), Playable::Transcode(Sound::Silent))) >= 25);
}

#[test]
fn what_has_no_frame_is_refused() {
    let (_handle, stop) = never();
    let ffmpeg = Ffmpeg::default();
    let mp4 = format!("{H264} -f mp4");
    let dir = movies(1, &[("mp4", &mp4), ("sound", "-vn -map 1:a -c:a aac -f mp4")]);
    let folder = tempfile::tempdir().unwrap();
    for (movie, why) in [
        (file(b""), Unusable::Empty),
        (file(&[0; 5000]), Unusable::Empty),
        (cut(&dir, "mp4"), Unusable::NoIndex),
        (file(&fs::read(dir.path().join("mp4")).unwrap()[..48]), Unusable::NoIndex),
    ] {
        let inspected = Movie::inspect(&movie, &ffmpeg, &stop).unwrap();
        assert_eq!(inspected.playable, Playable::Nothing(why));
        let made = make_playable(&ffmpeg, &movie, &inspected, folder.path(), &stop, &mut |_| ());
        assert!(matches!(made, Err(Error::Unplayable(_))));
    }
    let garbage = file(&b"no movie at all ".repeat(300));
    assert!(matches!(Movie::inspect(&garbage, &ffmpeg, &stop), Err(Error::Program { .. })));
    // An mkv that ends before its first frame.
    let mkv = format!("{H264} -f matroska");
    let dir = movies(1, &[("mkv", &mkv)]);
    let bytes = fs::read(dir.path().join("mkv")).unwrap();
    let cluster = bytes.windows(4).position(|four| four == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
    let movie = file(&bytes[..cluster + 20]);
    let inspected = Movie::inspect(&movie, &ffmpeg, &stop).unwrap();
    let made = make_playable(&ffmpeg, &movie, &inspected, folder.path(), &stop, &mut |_| ());
    assert!(matches!(made, Err(Error::Unplayable(_))), "{made:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

/// Pictures that claim H.264 and are something else cannot be copied, but perhaps decoded.
#[test]
fn failed_copies_are_followed_by_encoding() {
    let dir = movies(1, &[("mkv", "-c:v mpeg4 -f matroska")]);
    let (_handle, stop) = never();
    let movie = Movie { playable: Playable::Remux(Sound::Copied), secs: Some(1.0) };
    let folder = tempfile::tempdir().unwrap();
    let made =
        make_playable(&Ffmpeg::default(), &open(&dir, "mkv"), &movie, folder.path(), &stop, &mut |_| ()).unwrap();
    assert_eq!(codec(&decoded(made.path()), 0), "h264");
}

#[test]
fn progress_grows_to_the_end() {
    let (_handle, stop) = never();
    let dir = movies(3, &[("avi", "-c:v mpeg4 -f avi")]);
    let movie = open(&dir, "avi");
    let inspected = Movie::inspect(&movie, &Ffmpeg::default(), &stop).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut parts = Vec::new();
    make_playable(&Ffmpeg::default(), &movie, &inspected, folder.path(), &stop, &mut |part| parts.push(part)).unwrap();
    assert!(parts.is_sorted() && parts.last().is_some_and(|part| *part > 0.9), "{parts:?}");
}

/// A movie that would fill the disk.
#[test]
fn an_output_that_is_too_large_is_removed() {
    let (_handle, stop) = never();
    let dir = movies(1, &[("avi", "-c:v mpeg4 -f avi")]);
    let ffmpeg = Ffmpeg::default().with_limits(Limits { output: 1000, ..Limits::default() });
    let movie = Movie { playable: Playable::Transcode(Sound::Silent), secs: None };
    let folder = tempfile::tempdir().unwrap();
    let made = make_playable(&ffmpeg, &open(&dir, "avi"), &movie, folder.path(), &stop, &mut |_| ());
    assert!(matches!(made, Err(Error::Program { .. })), "{made:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// MJPEG uses all values of a byte for brightness, H.264 for browsers does not.
#[test]
fn black_and_white_stay_so() {
    let (_handle, stop) = never();
    let source = "-vf drawbox=c=white:t=fill,drawbox=w=32:c=black:t=fill,format=yuvj420p -c:v mjpeg -f avi";
    let dir = movies(1, &[("avi", source)]);
    let movie = Movie { playable: Playable::Transcode(Sound::Silent), secs: None };
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = Ffmpeg::default();
    let made = make_playable(&ffmpeg, &open(&dir, "avi"), &movie, folder.path(), &stop, &mut |_| ()).unwrap();
    let jpeg = crate::movie_thumbnail(&ffmpeg, made.as_file(), None, crate::Width::W320, &stop).unwrap();
    let picture = crate::Picture::decode(&jpeg, 320).unwrap();
    let line = &picture.pixels()[64 * 3 * 20..64 * 3 * 21];
    assert!(line[10 * 3] < 8 && line[50 * 3] > 247, "{} and {}", line[10 * 3], line[50 * 3]);
}

/// The feigned program writes into its output, reports progress and hangs.
#[test]
fn a_cancelled_conversion_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ffmpeg");
    let lines =
        "#!/bin/sh\nfor output; do :; done\necho data > \"${output#file:}\"\necho out_time_us=1\nexec sleep 600\n";
    crate::testing::write_program(&program, lines);
    let (handle, stop) = never();
    let mut handle = Some(handle);
    let movie = Movie { playable: Playable::Transcode(Sound::Silent), secs: Some(10.0) };
    let mut sizes = Vec::new();
    let made = make_playable(&Ffmpeg::new(&program, &program), &file(b""), &movie, folder.path(), &stop, &mut |_| {
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
        sizes.extend(files.filter(|entry| entry.path() != program).map(|entry| entry.metadata().unwrap().len()));
        drop(handle.take());
    });
    assert!(matches!(made, Err(Error::Cancelled)));
    assert_eq!(sizes, [5], "it had begun to write");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
