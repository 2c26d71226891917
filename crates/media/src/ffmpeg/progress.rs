//! What `ffmpeg -progress` prints: lines of a name and a value.

use std::io::{BufRead, BufReader, Read};

/// The longest line that is understood, in bytes.
const MAX_LINE: u64 = 4096;

/// Reads to the end, and reports the part of `secs` that is done, from 0 to 1, whenever it grew. Without a length nothing
/// is reported.
pub(crate) fn follow(output: impl Read, secs: Option<f64>, report: &mut (dyn FnMut(f32) + Send)) {
    let (mut output, mut line, mut most) = (BufReader::new(output), Vec::new(), 0.0);
    loop {
        line.clear();
        match output.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let done = part(&line, secs);
        if let Some(done) = done.filter(|done| *done > most) {
            most = done;
            report(done);
        }
    }
}

/// The part that a line says is done.
fn part(line: &[u8], secs: Option<f64>) -> Option<f32> {
    let micros = std::str::from_utf8(line).ok()?.trim().strip_prefix("out_time_us=")?;
    let done = micros.parse::<f64>().ok()? / 1e6 / secs.filter(|secs| *secs > 0.0)?;
    #[allow(clippy::cast_possible_truncation)] // from 0 to 1
    done.is_finite().then_some(done.clamp(0.0, 1.0) as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reports(text: &[u8], secs: Option<f64>) -> Vec<f32> {
        let mut reports = Vec::new();
        follow(text, secs, &mut |done| reports.push(done));
        reports
    }

    /// The lines of `FFmpeg` 5.1; the first block has no time.
    #[test]
    fn growing_times_are_reported() {
        let text = b"frame=0\nout_time_us=N/A\nprogress=continue\nframe=9\nout_time_us=2500000\nout_time=00:00:02.5\n\
                     out_time_us=2400000\nout_time_us=11000000\nprogress=end\n";
        assert_eq!(reports(text, Some(10.0)), [0.25, 1.0]);
        assert_eq!(reports(text, None), [0.0; 0]);
        assert_eq!(reports(text, Some(0.0)), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn any_text_gives_parts_of_a_whole(text in "(out_time_us=[0-9.eEinfNa-]{0,20}\n|[a-z=]{0,9}\n?){0,9}", secs in any::<f64>()) {
            prop_assert!(reports(text.as_bytes(), Some(secs)).iter().all(|done| (0.0..=1.0).contains(done)));
        }
    }
}
