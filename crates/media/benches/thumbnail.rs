//! How long a thumbnail of a camera's frame takes on one core: `cargo bench -p owlery-media --bench thumbnail`. Prints the
//! medians of frames of 1920 × 1080 pixels that differ in detail. Without `--bench` each is made once, as a test.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

use std::time::{Duration, Instant};

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use owlery_media::{Width, thumbnail};

const ROUNDS: usize = 200;

/// A picture of shapes in soft light, with the noise of a sensor: values of up to `noise`.
fn frame(noise: u32) -> RgbImage {
    let mut state = 1u32;
    RgbImage::from_fn(1920, 1080, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 16) % (noise + 1);
        let light = x * 90 / 1920 + y * 60 / 1080;
        let shape = if (x / 60 + y / 45) % 3 == 0 { 70 } else { 20 };
        let value = |tint: u32| u8::try_from((light + shape + grain + tint).min(255)).unwrap_or(255);
        Rgb([value(x / 40 % 20), value(y / 50 % 20), value(0)])
    })
}

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    for (noise, quality) in [(4, 75), (12, 75), (24, 85)] {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&frame(noise)).expect("a JPEG");
        for width in Width::ALL {
            let mut times: Vec<Duration> = (0..rounds)
                .map(|_| {
                    let begin = Instant::now();
                    thumbnail(&jpeg, width).expect("a thumbnail");
                    begin.elapsed()
                })
                .collect();
            times.sort_unstable();
            let median = times[times.len() / 2].as_secs_f64() * 1000.0;
            println!("1080p of {:4} kB → {:3} px: {median:.2} ms", jpeg.len() / 1000, width.pixels());
        }
    }
}
