//! How long a thumbnail of a camera's frame takes on one core: `cargo bench -p owlery-media --bench thumbnail`. Prints the
//! medians for frames of 1920 × 1080 pixels that differ in detail: the time that passed, and the time of the processor, which other
//! programs disturb less. Without `--bench` each is made once, as a test.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

use std::process::Command;
use std::time::{Duration, Instant};

use owlery_media::{Width, thumbnail};

const ROUNDS: usize = 200;

/// A frame as cameras write it (JPEG, 4:2:0), with the noise of a sensor: values of up to `noise`.
fn frame(noise: u32) -> Vec<u8> {
    let source = format!("mandelbrot=size=1920x1080,noise=alls={noise}:all_seed=1,format=yuvj420p");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", &source]);
    ffmpeg.args(["-frames:v", "1", "-q:v", "4", "-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"]);
    ffmpeg.output().expect("ffmpeg is installed").stdout
}

/// The processor time that this process took: a decoder may have threads.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts up from zero")
}

/// The median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    for noise in [1, 6, 12] {
        let jpeg = frame(noise);
        for width in Width::ALL {
            let (mut passed, mut taken) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                let (begin, before) = (Instant::now(), processor_time());
                thumbnail(&jpeg, width).expect("a thumbnail");
                taken.push(processor_time().saturating_sub(before));
                passed.push(begin.elapsed());
            }
            let (size, width) = (jpeg.len() / 1000, width.pixels());
            println!(
                "1080p of {size:4} kB → {width:3} px: {:.2} ms, of the processor {:.2} ms",
                median(passed),
                median(taken)
            );
        }
    }
}
