//! AVI: RIFF chunks of a kind, a size and a body. `FFmpeg` writes the sizes and the number of frames when it closes the
//! file.

use std::io;

use super::source::{Source, little_endian, little_endian_at, places};
use super::{Probe, seconds};
use crate::event::state::MovieCheck;

/// All needed headers are within this size.
const HEADERS: usize = 16 * 1024;

/// How many frames are counted one by one.
const COUNTED_FRAMES: u64 = 256;

/// Files of more than a GiB have several RIFF chunks.
const MAX_RIFFS: usize = 512;

pub(super) fn probe(source: &mut Source<'_>) -> io::Result<Probe> {
    let headers = source.window(0, HEADERS)?;
    let check = if is_closed(source)? { MovieCheck::Whole } else { MovieCheck::Unfinished };
    let stored = duration(&headers).filter(|_| check == MovieCheck::Whole);
    let secs = match stored {
        Some(secs) => Some(secs),
        None => frame_time(&headers).zip(frames(&headers, source)?).map(|(each, frames)| each * frames),
    };
    Ok(Probe::new(check, secs))
}

/// Whether all RIFF chunks have their sizes and lie within the file.
fn is_closed(source: &mut Source<'_>) -> io::Result<bool> {
    let mut at = 0u64;
    for _ in 0..MAX_RIFFS {
        let Some(header) = source.bytes::<8>(at)? else { return Ok(at > 0) };
        if &header[..4] != b"RIFF" {
            return Ok(at > 0); // something was appended
        }
        let size = little_endian(&header[4..]);
        at = at.saturating_add(8 + size + size % 2);
        if size == 0 || at > source.len().saturating_add(size % 2) {
            return Ok(false);
        }
    }
    Ok(false)
}

/// The length in the header of the video stream, which is in units of scale / rate seconds.
fn duration(headers: &[u8]) -> Option<f64> {
    places(headers, b"strh").map(|at| at + 8).find(|at| headers.get(*at..*at + 4) == Some(b"vids")).and_then(|at| {
        let (scale, rate) = (little_endian_at(headers, at + 20, 4)?, little_endian_at(headers, at + 24, 4)?);
        seconds(little_endian_at(headers, at + 32, 4)?.saturating_mul(scale), rate)
    })
}

/// How many seconds a frame takes.
fn frame_time(headers: &[u8]) -> Option<f64> {
    let at = places(headers, b"avih").next()?;
    seconds(little_endian_at(headers, at + 8, 4)?, 1_000_000)
}

/// The approximate number of frames: the first are counted, the rest are assumed to be as large.
#[allow(clippy::cast_precision_loss)] // an estimate
fn frames(headers: &[u8], source: &mut Source<'_>) -> io::Result<Option<f64>> {
    let Some(begin) = places(headers, b"movi").next().map(|at| at as u64 + 4) else { return Ok(None) };
    let (mut at, mut frames) = (begin, 0u64);
    while frames < COUNTED_FRAMES
        && let Some(header) = source.bytes::<8>(at)?
    {
        if matches!(&header[2..4], b"dc" | b"db") {
            frames += 1;
        } else if !header[..4].iter().all(u8::is_ascii_graphic) {
            break;
        }
        let size = little_endian(&header[4..]);
        at = at.saturating_add(8 + size + size % 2);
    }
    let (counted, all) = (at.min(source.len()).saturating_sub(begin), source.len().saturating_sub(begin));
    let is_all = frames < COUNTED_FRAMES || counted == 0;
    Ok(Some(if is_all { frames as f64 } else { frames as f64 * all as f64 / counted as f64 }))
}
