//! What `ffmpeg -progress` prints: lines of a name and a value.

use std::io::{BufRead, BufReader, Read};

/// The longest line that is understood, in bytes.
const MAX_LINE: u64 = 4096;

/// How long a movie is that is being made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Length {
    /// As many seconds; `None` if that is unknown.
    Secs(Option<f64>),
    /// As many frames.
    Frames(usize),
}

/// Reads to the end, and reports the part that is done, from 0 to 1, whenever it grew. Without a length nothing is
/// reported. Returns how many frames were written.
pub(crate) fn follow(output: impl Read, length: Length, report: &mut (dyn FnMut(f32) + Send)) -> usize {
    let (mut output, mut line) = (BufReader::new(output), Vec::new());
    let (mut most, mut frames) = (0.0, 0);
    loop {
        line.clear();
        match output.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return frames,
            Ok(_) => {}
        }
        let Some(said) = Said::of(&line) else { continue };
        if let Said::Frames(written) = said {
            frames = written;
        }
        if let Some(done) = said.part(length).filter(|done| *done > most) {
            most = done;
            report(done);
        }
    }
}

/// What a line says.
#[derive(Debug, Clone, Copy)]
enum Said {
    /// How many frames were written.
    Frames(usize),
    /// How many microseconds of the movie were written.
    Micros(f64),
}

impl Said {
    fn of(line: &[u8]) -> Option<Self> {
        match std::str::from_utf8(line).ok()?.trim().split_once('=')? {
            ("frame", frames) => frames.parse().ok().map(Self::Frames),
            ("out_time_us", micros) => micros.parse().ok().map(Self::Micros),
            _ => None,
        }
    }

    /// The part of a length that is done.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // a part of a whole needs few digits
    fn part(self, length: Length) -> Option<f32> {
        let done = match (self, length) {
            (Self::Frames(done), Length::Frames(all)) => done as f64 / all as f64,
            (Self::Micros(done), Length::Secs(secs)) => done / 1e6 / secs.filter(|secs| *secs > 0.0)?,
            _ => return None,
        };
        done.is_finite().then_some(done.clamp(0.0, 1.0) as f32)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reports(text: &[u8], length: Length) -> Vec<f32> {
        let mut reports = Vec::new();
        follow(text, length, &mut |done| reports.push(done));
        reports
    }

    /// The lines of `FFmpeg` 5.1; the first block has no time.
    #[test]
    fn growing_times_are_reported() {
        let text = b"frame=0\nout_time_us=N/A\nprogress=continue\nframe=9\nout_time_us=2500000\nout_time=00:00:02.5\n\
                     out_time_us=2400000\nout_time_us=11000000\nprogress=end\n";
        assert_eq!(reports(text, Length::Secs(Some(10.0))), [0.25, 1.0]);
        assert_eq!(reports(text, Length::Secs(None)), [0.0; 0]);
        assert_eq!(reports(text, Length::Secs(Some(0.0))), [0.0; 0]);
    }

    /// The last block counts: it is printed when all is written.
    #[test]
    fn written_frames_are_counted() {
        let text = b"frame=0\nprogress=continue\nframe= 40\nframe=30\nframe=x\nfps=9\nframe=100\nprogress=end\n";
        assert_eq!(reports(text, Length::Frames(120)), [0.25, 100.0 / 120.0]);
        assert_eq!(follow(text.as_slice(), Length::Frames(120), &mut |_| ()), 100);
        assert_eq!(follow(text.as_slice(), Length::Secs(None), &mut |_| ()), 100);
        assert_eq!(reports(text, Length::Frames(0)), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn any_text_gives_parts_of_a_whole(
            text in "((out_time_us|frame)=[0-9.eEinfNa-]{0,20}\n|[a-z=]{0,9}\n?){0,9}",
            length in prop_oneof![
                any::<f64>().prop_map(|secs| Length::Secs(Some(secs))),
                any::<usize>().prop_map(Length::Frames),
            ],
        ) {
            prop_assert!(reports(text.as_bytes(), length).iter().all(|done| (0.0..=1.0).contains(done)));
        }
    }
}
