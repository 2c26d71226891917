//! MPEG streams (ISO/IEC 13818-1 and 13818-2): in transport packets, in program packs, or bare video. They need no end
//! marker, so one that stops between two packets is complete once nothing is written any more.

use std::io;

use super::source::{Source, big_endian_at, places};
use super::{Probe, seconds};
use crate::event::state::MovieCheck;

/// The size of a transport packet.
const PACKET: usize = 188;
/// How much of the beginning is searched for a time.
const HEAD: usize = 16 * 1024;
/// Times count in this rate per second, and wrap after 33 bits.
const RATE: u64 = 90_000;
const WRAP: u64 = 1 << 33;

/// From the first time to the last, in seconds.
fn between(first: Option<u64>, last: Option<u64>) -> Option<f64> {
    let (first, last) = first.zip(last)?;
    seconds(last.wrapping_sub(first) % WRAP, RATE)
}

/// The time in five bytes with marker bits between.
fn time_at(bytes: &[u8], at: usize) -> Option<u64> {
    let part = |at: usize, width: usize| big_endian_at(bytes, at, width);
    Some((part(at, 1)? >> 1 & 7) << 30 | (part(at + 1, 2)? >> 1) << 15 | part(at + 3, 2)? >> 1)
}

pub(super) fn probe_transport(source: &mut Source<'_>) -> io::Result<Probe> {
    let is_cut = !source.len().is_multiple_of(PACKET as u64);
    let check = if is_cut { MovieCheck::Unfinished } else { MovieCheck::Endless };
    let head = source.window(0, HEAD)?;
    let (tail, at) = source.tail()?;
    let first_packet = usize::try_from((PACKET as u64 - at % PACKET as u64) % PACKET as u64).unwrap_or(0);
    let times = |bytes: &[u8]| bytes.chunks_exact(PACKET).filter_map(time_of_packet).collect::<Vec<_>>();
    let first = times(&head).into_iter().next();
    let stream = first.map(|(stream, _)| stream);
    let last = times(tail.get(first_packet..).unwrap_or(&[])).into_iter().rfind(|(of, _)| Some(*of) == stream);
    Ok(Probe::new(check, between(first.map(|(_, time)| time), last.map(|(_, time)| time))))
}

/// The stream and the time of a packet that begins a frame of video.
fn time_of_packet(packet: &[u8]) -> Option<(u64, u64)> {
    let header = big_endian_at(packet, 0, 4)?;
    let (is_sync, is_begin, stream) = (header >> 24 == 0x47, header >> 22 & 1 == 1, header >> 8 & 0x1FFF);
    let has_adaptation = header >> 5 & 1 == 1;
    let skipped = if has_adaptation { 1 + usize::from(*packet.get(4)?) } else { 0 };
    let at = 4 + skipped;
    let is_video = big_endian_at(packet, at, 4).is_some_and(|start| start & 0xFFFF_FFF0 == 0x1E0);
    let time = if is_sync && is_begin && is_video { pes_time(packet, at) } else { None };
    time.map(|time| (stream, time))
}

/// The time of the PES packet at `at`, of either version of MPEG.
fn pes_time(bytes: &[u8], at: usize) -> Option<u64> {
    let mut at = at + 6;
    if bytes.get(at)? & 0xC0 == 0x80 {
        let has_time = bytes.get(at + 1)? & 0x80 != 0;
        return if has_time { time_at(bytes, at + 3) } else { None };
    }
    while *bytes.get(at)? == 0xFF {
        at += 1; // stuffing
    }
    if bytes.get(at)? & 0xC0 == 0x40 {
        at += 2; // the size of a buffer
    }
    matches!(bytes.get(at)? >> 4, 2 | 3).then(|| time_at(bytes, at)).flatten()
}

pub(super) fn probe_program(source: &mut Source<'_>) -> io::Result<Probe> {
    let head = source.window(0, HEAD)?;
    let (tail, _) = source.tail()?;
    let time = |bytes: &[u8], at: usize| {
        let is_video = bytes.get(at + 3).is_some_and(|stream| stream & 0xF0 == 0xE0);
        if is_video { pes_time(bytes, at) } else { None }
    };
    let first = places(&head, &[0, 0, 1]).find_map(|at| time(&head, at));
    let last = places(&tail, &[0, 0, 1]).rev().find_map(|at| time(&tail, at));
    let check = if tail.ends_with(&[0, 0, 1, 0xB9]) { MovieCheck::Whole } else { MovieCheck::Endless };
    Ok(Probe::new(check, between(first, last)))
}

/// Frames in 1000 seconds, by the code in the sequence header.
const RATES: [u64; 9] = [0, 23_976, 24_000, 25_000, 29_970, 30_000, 50_000, 59_940, 60_000];

pub(super) fn probe_video(source: &mut Source<'_>) -> io::Result<Probe> {
    let head = source.window(0, HEAD)?;
    let (tail, _) = source.tail()?;
    let check = if tail.ends_with(&[0, 0, 1, 0xB7]) { MovieCheck::Whole } else { MovieCheck::Endless };
    let rate = big_endian_at(&head, 7, 1).and_then(|byte| RATES.get(usize::try_from(byte & 0xF).ok()?));
    let first = places(&head, &[0, 0, 1, 0xB8]).next().and_then(|at| group_time(&head, at));
    let last = places(&tail, &[0, 0, 1, 0xB8]).next_back().and_then(|at| group_time(&tail, at).zip(Some(at)));
    let secs = rate.zip(first.zip(last)).and_then(|(rate, ((first, more), ((last, frames), at)))| {
        let rest = places(tail.get(at..)?, &[0, 0, 1, 0]).count() as u64;
        let frames = (frames + rest).saturating_sub(more).saturating_mul(1000);
        Some(seconds(last.saturating_sub(first), 1)? + seconds(frames, *rate)?)
    });
    Ok(Probe::new(check, secs))
}

/// The time of a group of pictures: seconds, and frames within the second.
fn group_time(bytes: &[u8], at: usize) -> Option<(u64, u64)> {
    let code = big_endian_at(bytes, at + 4, 4)? >> 7;
    let (hours, minutes, seconds) = (code >> 19 & 0x1F, code >> 13 & 0x3F, code >> 6 & 0x3F);
    Some((hours * 3600 + minutes * 60 + seconds, code & 0x3F))
}
