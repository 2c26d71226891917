//! The length of a fragmented mp4 (ISO/IEC 14496-12, section 8.8): the last fragment has its start time and the
//! durations of its frames.

use std::io;

use super::mp4::{Found, child, for_each};
use super::seconds;
use super::source::{Source, WINDOW, big_endian_at};

/// Flags of a fragment's header: which of its optional numbers are present.
const BASE_OFFSET: u64 = 0x01;
const DESCRIPTION: u64 = 0x02;
const FRAME_DURATION: u64 = 0x08;
/// Flags of a run of frames: which numbers come before the frames, and with each.
const DATA_OFFSET: u64 = 0x01;
const FIRST_FLAGS: u64 = 0x04;
const EACH_DURATION: u64 = 0x100;
const EACH: [u64; 3] = [0x200, 0x400, 0x800];

/// The body of a box, as far as needed.
fn body(found: Found, source: &mut Source<'_>) -> io::Result<Vec<u8>> {
    source.window(found.body, usize::try_from(found.end - found.body).unwrap_or(WINDOW))
}

/// The end of the last fragment, in seconds.
pub(super) fn duration(moov: Found, last: Found, source: &mut Source<'_>) -> io::Result<Option<f64>> {
    let Some(track) = child(last, b"traf", source)? else { return Ok(None) };
    let Some(header) = child(track, b"tfhd", source)? else { return Ok(None) };
    let header = body(header, source)?;
    let (Some(flags), Some(id)) = (big_endian_at(&header, 1, 3), big_endian_at(&header, 4, 4)) else { return Ok(None) };
    let width = |flag: u64, width: usize| if flags & flag == 0 { 0 } else { width };
    let at = 8 + width(BASE_OFFSET, 8) + width(DESCRIPTION, 4);
    let own = if flags & FRAME_DURATION == 0 { None } else { big_endian_at(&header, at, 4) };
    let usual = match own {
        Some(own) => own,
        None => usual_duration(moov, id, source)?.unwrap_or(0),
    };
    let begin = match child(track, b"tfdt", source)? {
        Some(time) => {
            let time = body(time, source)?;
            let width = if time.first() == Some(&1) { 8 } else { 4 };
            big_endian_at(&time, 4, width).unwrap_or(0)
        }
        None => return Ok(None),
    };
    let mut end = begin;
    for_each(track, source, |run, source| {
        if &run.kind == b"trun" {
            end = end.saturating_add(run_duration(&body(run, source)?, usual).unwrap_or(0));
        }
        Ok(())
    })?;
    Ok(scale(moov, id, source)?.and_then(|scale| seconds(end, scale)))
}

/// The duration of the frames of a run.
fn run_duration(run: &[u8], usual: u64) -> Option<u64> {
    let (flags, count) = (big_endian_at(run, 1, 3)?, big_endian_at(run, 4, 4)?);
    if flags & EACH_DURATION == 0 {
        return Some(count.saturating_mul(usual));
    }
    let begin = 8 + [DATA_OFFSET, FIRST_FLAGS].iter().filter(|flag| flags & **flag != 0).count() * 4;
    let step = 4 + EACH.iter().filter(|flag| flags & **flag != 0).count() * 4;
    let frames = run.get(begin..)?.chunks(step).take(usize::try_from(count).unwrap_or(usize::MAX));
    Some(frames.filter_map(|frame| big_endian_at(frame, 0, 4)).fold(0, u64::saturating_add))
}

/// The duration of a track's frames if a fragment has none.
fn usual_duration(moov: Found, id: u64, source: &mut Source<'_>) -> io::Result<Option<u64>> {
    let Some(extends) = child(moov, b"mvex", source)? else { return Ok(None) };
    let mut usual = None;
    for_each(extends, source, |track, source| {
        if &track.kind == b"trex" {
            let track = body(track, source)?;
            if big_endian_at(&track, 4, 4) == Some(id) {
                usual = big_endian_at(&track, 12, 4);
            }
        }
        Ok(())
    })?;
    Ok(usual)
}

/// Units in a second of a track.
fn scale(moov: Found, id: u64, source: &mut Source<'_>) -> io::Result<Option<u64>> {
    let mut scale = None;
    for_each(moov, source, |track, source| {
        if &track.kind != b"trak" {
            return Ok(());
        }
        let Some(header) = child(track, b"tkhd", source)? else { return Ok(()) };
        let header = body(header, source)?;
        let at = if header.first() == Some(&1) { 20 } else { 12 };
        if big_endian_at(&header, at, 4) != Some(id) {
            return Ok(());
        }
        let Some(media) = child(track, b"mdia", source)? else { return Ok(()) };
        let Some(header) = child(media, b"mdhd", source)? else { return Ok(()) };
        let header = body(header, source)?;
        scale = big_endian_at(&header, if header.first() == Some(&1) { 20 } else { 12 }, 4);
        Ok(())
    })?;
    Ok(scale)
}
