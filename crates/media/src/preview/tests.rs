//! Previews of frames and movies: which frames, how large, and whether other decoders read them.

use image::codecs::gif::GifDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::testing::{file, movies, never, open};

/// A frame of soft shapes, in which a square moves, with noise of up to this.
fn frame(number: u32, noise: u32) -> RgbImage {
    let mut state = number.wrapping_add(7);
    RgbImage::from_fn(320, 180, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 16) % (noise + 1);
        let is_square = x / 30 == number % 10 && y / 30 == 2;
        let light = if is_square { 200 } else { x * 100 / 320 + y * 50 / 180 };
        Rgb([light + grain, light / 2 + grain, 90 + grain].map(|value| u8::try_from(value.min(255)).unwrap()))
    })
}

fn jpeg(number: u32, noise: u32) -> Vec<u8> {
    Picture::of_image(frame(number, noise)).jpeg(85).unwrap()
}

/// The frames of an animation, decoded by another library, and their delays in milliseconds.
fn decoded(bytes: &[u8], animation: Animation) -> Vec<(image::RgbaImage, u32)> {
    let bytes = std::io::Cursor::new(bytes);
    let frames = match animation {
        Animation::WebP => WebPDecoder::new(bytes).unwrap().into_frames(),
        Animation::Gif => GifDecoder::new(bytes).unwrap().into_frames(),
    };
    let frames = frames.collect_frames().unwrap().into_iter();
    frames.map(|frame| (frame.buffer().clone(), frame.delay().numer_denom_ms().0)).collect()
}

fn infos(count: u32, gap: f64, peak: u32) -> Vec<FrameInfo> {
    (0..count).map(|n| FrameInfo { secs: f64::from(n) * gap, changed: 1000 - n.abs_diff(peak).min(999) }).collect()
}

#[test]
fn frames_around_the_strongest_motion_are_chosen() {
    assert_eq!(choose(&[]), [0; 0]);
    assert_eq!(choose(&infos(1, 0.2, 0)), [0]);
    assert_eq!(choose(&infos(100, 0.2, 50)), (46..58).collect::<Vec<_>>());
    assert_eq!(choose(&infos(100, 0.2, 1)), (0..12).collect::<Vec<_>>());
    assert_eq!(choose(&infos(100, 0.2, 99)), (88..100).collect::<Vec<_>>());
    assert_eq!(choose(&infos(100, 0.1, 50)), (42..66).step_by(2).collect::<Vec<_>>(), "too close");
    let unknown = infos(30, 0.2, 0).iter().map(|info| FrameInfo { changed: 0, ..*info }).collect::<Vec<_>>();
    assert_eq!(choose(&unknown), (0..12).collect::<Vec<_>>());
}

#[test]
fn previews_show_the_chosen_frames() {
    let infos = infos(30, 0.2, 10);
    for animation in Animation::ALL {
        let bytes = preview_of_frames(&infos, |n| Ok(jpeg(u32::try_from(n).unwrap(), 6)), animation).unwrap();
        assert!(bytes.len() <= MAX_PREVIEW, "{animation:?}: {} bytes", bytes.len());
        let frames = decoded(&bytes, animation);
        assert_eq!(frames.len(), 12, "{animation:?}");
        for ((picture, delay), number) in frames.iter().zip(6..18) {
            assert_eq!((picture.dimensions(), *delay), ((320, 180), 200), "{animation:?}");
            // The square is where it was in that frame, and nowhere else.
            let bright = |column: u32| picture.get_pixel(column * 30 + 15, 75).0[0] > 160;
            let columns: Vec<u32> = (0..10).filter(|column| bright(*column)).collect();
            assert_eq!(columns, [number % 10], "{animation:?}, frame {number}");
        }
    }
}

/// Noise cannot be compressed: rain at night.
#[test]
fn noisy_previews_are_reduced_until_they_fit() {
    let infos = infos(12, 0.2, 6);
    for animation in Animation::ALL {
        let bytes = preview_of_frames(&infos, |n| Ok(jpeg(u32::try_from(n).unwrap(), 250)), animation).unwrap();
        assert!(bytes.len() <= MAX_PREVIEW, "{animation:?}: {} bytes", bytes.len());
        let frames = decoded(&bytes, animation);
        let total: u32 = frames.iter().map(|(_, delay)| delay).sum();
        assert!((2300..=2500).contains(&total), "{animation:?}: {} frames of {total} ms", frames.len());
    }
}

/// Frames of 0 bytes, as a full disk leaves them, and of another size, as after a change of the configuration.
#[test]
fn damaged_frames_are_left_out() {
    let read = |n: usize| {
        Ok(match n {
            0 | 2 => Vec::new(),
            3 => Picture::of_image(RgbImage::new(100, 100)).jpeg(80)?,
            _ => jpeg(u32::try_from(n).unwrap(), 0),
        })
    };
    for animation in Animation::ALL {
        let bytes = preview_of_frames(&infos(6, 0.2, 0), read, animation).unwrap();
        let frames = decoded(&bytes, animation);
        assert_eq!(frames.len(), 4, "{animation:?}");
        assert!(frames.iter().all(|(picture, _)| picture.dimensions() == (320, 180)));
    }
    let none = preview_of_frames(&infos(3, 0.2, 0), |_| Ok(Vec::new()), Animation::WebP);
    assert!(matches!(none, Err(Error::NoFrame)));
    let unreadable = preview_of_frames(&infos(3, 0.2, 0), |_| Err(Error::Cancelled), Animation::Gif);
    assert!(matches!(unreadable, Err(Error::Cancelled)));
}

#[test]
fn movies_have_previews() {
    let (_handle, stop) = never();
    let dir = movies(10, &[("movie.mkv", "-vf scale=640:360,setsar=1 -c:v mpeg4")]);
    let movie = open(&dir, "movie.mkv");
    let preview =
        |secs, around, animation| preview_of_movie(&Ffmpeg::default(), &movie, secs, around, animation, &stop);
    for animation in Animation::ALL {
        let bytes = preview(Some(10.0), Some(9.0), animation).unwrap();
        let frames = decoded(&bytes, animation);
        assert_eq!((frames.len(), frames[0].0.dimensions()), (12, (320, 180)), "{animation:?}");
    }
    for (secs, around) in [(None, None), (Some(900.0), Some(800.0)), (Some(10.0), Some(-3.0)), (Some(0.5), None)] {
        assert!(preview(secs, around, Animation::WebP).is_ok(), "{secs:?}, {around:?}");
    }
    let none = preview_of_movie(&Ffmpeg::default(), &file(b"none"), None, None, Animation::Gif, &stop);
    assert!(matches!(none, Err(Error::Program { .. })));
}

proptest! {
    #[test]
    fn chosen_frames_are_few_and_in_order(gaps in prop::collection::vec((0.0f64..2.0, 0u32..9), 0..60)) {
        let mut secs = 0.0;
        let infos: Vec<_> = gaps.iter().map(|(gap, changed)| { secs += gap; FrameInfo { secs, changed: *changed } }).collect();
        let chosen = choose(&infos);
        prop_assert!(chosen.len() <= MAX_FRAMES && chosen.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(chosen.iter().map(|n| infos[*n].changed).max(), infos.iter().map(|info| info.changed).max());
    }
}
