//! Frames of real movies: whole ones, cut ones, wide pixels; and what a program prints that is no picture.

use proptest::prelude::*;

use super::*;
use crate::testing::{file, movies, never, open};

/// Two seconds of black, then two of white.
const BLACK_THEN_WHITE: &str =
    "-vf drawbox=c=black:t=fill:enable='lt(t,2)',drawbox=c=white:t=fill:enable='gte(t,2)' -c:v mpeg4";

fn brightness(picture: &Picture) -> u8 {
    let middle = picture.pixels().len() / 2;
    picture.pixels()[middle]
}

#[test]
fn the_frame_of_the_wanted_time_is_shown() {
    let (_handle, stop) = never();
    let dir = movies(4, &[("movie.mkv", BLACK_THEN_WHITE)]);
    let movie = open(&dir, "movie.mkv");
    let shown = |at: Option<f64>| {
        let jpeg = movie_thumbnail(&Ffmpeg::default(), &movie, at, Width::W320, &stop).unwrap();
        brightness(&Picture::decode(&jpeg, 640).unwrap())
    };
    assert!(shown(None) < 40 && shown(Some(1.0)) < 40 && shown(Some(f64::NAN)) < 40);
    assert!(shown(Some(3.0)) > 200);
    assert!(shown(Some(99.0)) < 40, "beyond the end it is the first");
}

#[test]
fn movies_are_shrunk_and_never_enlarged() {
    let (_handle, stop) = never();
    let wide = "-vf setsar=2 -c:v mpeg4";
    let dir = movies(
        1,
        &[
            ("small", "-c:v mpeg4 -f avi"),
            ("large", "-vf scale=1280:720,setsar=1 -c:v mpeg4 -f avi"),
            ("wide", &format!("{wide} -f matroska")),
        ],
    );
    let size = |name: &str, width: Width| {
        let jpeg = movie_thumbnail(&Ffmpeg::default(), &open(&dir, name), None, width, &stop).unwrap();
        let picture = Picture::decode(&jpeg, 2000).unwrap();
        (picture.width(), picture.height())
    };
    assert_eq!(size("small", Width::W640), (64, 48));
    assert_eq!(size("large", Width::W640), (640, 360));
    assert_eq!(size("large", Width::W160), (160, 90));
    assert_eq!(size("wide", Width::W160), (128, 48), "its pixels are twice as wide as high");
}

#[test]
fn cut_movies_have_thumbnails_too() {
    let (_handle, stop) = never();
    let dir = movies(2, &[("mkv", "-c:v mpeg4 -f matroska"), ("mp4", "-c:v mpeg4 -f mp4")]);
    let cut = |name: &str| {
        let bytes = std::fs::read(dir.path().join(name)).unwrap();
        file(&bytes[..bytes.len() / 2])
    };
    let thumbnail = |movie: &File| movie_thumbnail(&Ffmpeg::default(), movie, None, Width::W160, &stop);
    assert!(thumbnail(&cut("mkv")).is_ok());
    assert!(matches!(thumbnail(&cut("mp4")), Err(Error::Program { .. })), "an mp4 without its index");
}

#[test]
fn frames_are_spread_over_the_span() {
    let (_handle, stop) = never();
    let dir = movies(4, &[("movie.mkv", BLACK_THEN_WHITE)]);
    for only_keys in [false, true] {
        let take = Take { start: 0.0, span: Some(4.0), count: 8, width: 32, only_keys };
        let pictures = frames(&Ffmpeg::default(), &open(&dir, "movie.mkv"), take, &stop).unwrap();
        assert_eq!(pictures.len(), 8, "only keys: {only_keys}");
        let bright: Vec<bool> = pictures.iter().map(|picture| brightness(picture) > 128).collect();
        assert_eq!((bright[0], bright[7]), (false, true));
        assert!(bright.is_sorted());
    }
}

#[test]
fn an_end_within_a_picture_is_an_error() {
    let mut two: &[u8] = b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06P6\n1 1\n255\n\x07\x08\x09";
    let sizes: Vec<_> = std::iter::from_fn(|| read_picture(&mut two).unwrap()).map(|picture| picture.width()).collect();
    assert_eq!(sizes, [2, 1]);
    let wrong: [&[u8]; 5] =
        [b"P6\n2 1\n255\n\x01", b"P6\n2 1", b"P5\n1 1\n255\n\x01", b"P6\n0 1\n255\n", b"P6\n90000 90000\n255\n"];
    for mut bytes in wrong {
        assert!(read_picture(&mut bytes).is_err(), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in "P6\n[0-9]{0,4} [0-9]{0,3}\n255\n\\PC{0,40}") {
        let _ = read_picture(&mut bytes.as_bytes());
    }
}
