//! Sprites of frames and movies: which tiles, where they are, and their times.

use super::*;
use crate::testing::{movies, never, open};

/// A small frame that is as bright as its number.
fn frame(number: usize) -> Vec<u8> {
    let image = RgbImage::from_pixel(32, 18, Rgb([u8::try_from(number).unwrap(); 3]));
    Picture::of_image(image).jpeg(90).unwrap()
}

/// The brightness in the middle of each tile.
fn tiles(sprite: &Sprite) -> Vec<u8> {
    let picture = Picture::decode(&sprite.jpeg, 4000).unwrap();
    let index = &sprite.index;
    assert_eq!(picture.width(), index.tile_width * index.columns);
    assert_eq!(picture.height(), index.tile_height * index.rows);
    (0u32..)
        .zip(&index.times)
        .map(|(tile, _)| {
            let x = tile % index.columns * index.tile_width + index.tile_width / 2;
            let y = tile / index.columns * index.tile_height + index.tile_height / 2;
            picture.pixels()[((y * picture.width() + x) * 3) as usize]
        })
        .collect()
}

#[test]
fn tiles_are_evenly_chosen_and_in_order() {
    for (count, step) in [(1, 1), (9, 1), (25, 1), (100, 1), (101, 2), (250, 3)] {
        let times: Vec<f64> = (0..count).map(|n| f64::from(n) * 0.2).collect();
        let sprite = sprite_of_frames(&times, |n| Ok(frame(n))).unwrap();
        let chosen: Vec<u8> = (0..u8::try_from(count).unwrap()).step_by(step).collect();
        assert!(tiles(&sprite).iter().zip(&chosen).all(|(found, expected)| found.abs_diff(*expected) <= 2));
        assert_eq!(sprite.index.times.len(), chosen.len(), "{count}");
        assert_eq!((sprite.index.tile_width, sprite.index.tile_height), (32, 18));
    }
}

#[test]
fn damaged_frames_have_no_tile() {
    let read = |n: usize| Ok(if n == 1 { b"\xff\xd8".to_vec() } else { frame(n * 50) });
    let sprite = sprite_of_frames(&[0.0, 1.0, 2.00004, 3.0], read).unwrap();
    assert_eq!(sprite.index.times, [0.0, 2.0, 3.0]);
    assert!(tiles(&sprite).iter().zip([0, 100, 150]).all(|(found, expected)| found.abs_diff(expected) <= 2));
    let json = serde_json::to_value(&sprite.index).unwrap();
    let expected =
        serde_json::json!({"tile_width": 32, "tile_height": 18, "columns": 3, "rows": 1, "times": [0.0, 2.0, 3.0]});
    assert_eq!(json, expected);
    assert!(matches!(sprite_of_frames(&[], |n| Ok(frame(n))), Err(Error::NoFrame)));
    assert!(matches!(sprite_of_frames(&[1.0], |_| Ok(Vec::new())), Err(Error::NoFrame)));
}

#[test]
fn movies_have_sprites() {
    let (_handle, stop) = never();
    // It becomes brighter from second to second.
    let dir = movies(
        10,
        &[("movie.mkv", "-c:v mpeg4"), ("grow.mkv", "-vf geq=lum='20*floor(T)+20':cb=128:cr=128 -c:v mpeg4")],
    );
    let sprite = sprite_of_movie(&Ffmpeg::default(), &open(&dir, "grow.mkv"), Some(10.0), &stop).unwrap();
    let found = tiles(&sprite);
    assert_eq!((found.len(), sprite.index.columns, sprite.index.rows), (20, 10, 2));
    assert_eq!((sprite.index.times[0], sprite.index.times[19]), (0.0, 9.5));
    assert!(found.is_sorted() && found[0] < 40 && found[19] > 180, "{found:?}");
    // Without a length, and with one that is too long, there are the tiles that there are.
    for secs in [None, Some(1000.0)] {
        let sprite = sprite_of_movie(&Ffmpeg::default(), &open(&dir, "movie.mkv"), secs, &stop).unwrap();
        assert!((1..=11).contains(&sprite.index.times.len()), "{secs:?}: {:?}", sprite.index);
    }
}
