//! Matroska and `WebM` (RFC 9559): elements of an id, a size and a body. `FFmpeg` writes the size of the segment and
//! its duration when it closes the file; before that, the size is "unknown" and a void element takes the place of the
//! duration.

use std::io;

use super::source::{Source, big_endian};
use super::{Probe, seconds};
use crate::event::state::MovieCheck;

pub(super) const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
pub(super) const CLUSTER: u32 = 0x1F43_B675;
const CLUSTER_TIME: u32 = 0xE7;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;

/// The default scale: nanoseconds in a tick.
const DEFAULT_SCALE: u64 = 1_000_000;
const NANOS: u64 = 1_000_000_000;

/// There are few elements before the first cluster.
pub(super) const MAX_ELEMENTS: usize = 256;

/// An element: its body begins at `body`; without an `end` its size is unknown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub id: u32,
    pub body: u64,
    pub end: Option<u64>,
}

impl Element {
    /// The element at `at`; `None` if there is none.
    pub(super) fn at(at: u64, source: &mut Source<'_>) -> io::Result<Option<Self>> {
        let Some(first) = source.bytes::<1>(at)? else { return Ok(None) };
        let width = first[0].leading_zeros() + 1;
        if width > 4 {
            return Ok(None);
        }
        let mut id = 0;
        for n in 0..u64::from(width) {
            let Some([byte]) = source.bytes::<1>(at + n)? else { return Ok(None) };
            id = id << 8 | u32::from(byte);
        }
        let at = at + u64::from(width);
        let Some((size, width)) = size_at(at, source)? else { return Ok(None) };
        let body = at + width;
        let end = match size {
            None => None,
            Some(size) => match body.checked_add(size) {
                None => return Ok(None),
                end => end,
            },
        };
        Ok(Some(Self { id, body, end }))
    }

    /// The body as a number.
    pub(super) fn number(&self, source: &mut Source<'_>) -> io::Result<Option<u64>> {
        let Some(len @ 1..=8) = self.end.map(|end| end - self.body) else { return Ok(None) };
        let bytes = source.window(self.body, usize::try_from(len).unwrap_or(8))?;
        Ok((bytes.len() as u64 == len).then(|| big_endian(&bytes)))
    }

    /// The body as a floating-point number.
    fn float(&self, source: &mut Source<'_>) -> io::Result<Option<f64>> {
        let len = self.end.map(|end| end - self.body);
        Ok(match (len, self.number(source)?) {
            (Some(4), Some(bits)) => u32::try_from(bits).ok().map(|bits| f64::from(f32::from_bits(bits))),
            (Some(8), Some(bits)) => Some(f64::from_bits(bits)),
            _ => None,
        })
    }
}

/// The size at `at` (`None` if unknown), and how many bytes it takes.
fn size_at(at: u64, source: &mut Source<'_>) -> io::Result<Option<(Option<u64>, u64)>> {
    let Some([first]) = source.bytes::<1>(at)? else { return Ok(None) };
    let width = u64::from(first.leading_zeros() + 1);
    if width > 8 {
        return Ok(None);
    }
    let mut size = u64::from(first) & (0xFF >> width);
    for n in 1..width {
        let Some([byte]) = source.bytes::<1>(at + n)? else { return Ok(None) };
        size = size << 8 | u64::from(byte);
    }
    let is_known = size != (1u64 << (7 * width)) - 1;
    Ok(Some((is_known.then_some(size), width)))
}

pub(super) fn probe(source: &mut Source<'_>) -> io::Result<Probe> {
    let unfinished = Probe::of(MovieCheck::Unfinished);
    let Some(header) = Element::at(0, source)? else { return Ok(unfinished) };
    let Some(segment) = header.end.map(|end| Element::at(end, source)).transpose()?.flatten() else {
        return Ok(unfinished);
    };
    if segment.id != SEGMENT {
        return Ok(unfinished);
    }
    let is_closed = segment.end.is_some_and(|end| end <= source.len());
    let check = if is_closed { MovieCheck::Whole } else { MovieCheck::Unfinished };
    let (mut scale, mut duration, mut at) = (DEFAULT_SCALE, None, segment.body);
    for _ in 0..MAX_ELEMENTS {
        let Some(element) = Element::at(at, source)? else { return Ok(Probe::of(check)) };
        if element.id == INFO {
            (scale, duration) = info(element, source)?;
        }
        if element.id == CLUSTER {
            break;
        }
        let Some(end) = element.end else { return Ok(Probe::of(check)) };
        at = end;
    }
    #[allow(clippy::cast_precision_loss)] // seconds are wanted
    let stored = duration.map(|ticks| ticks * scale as f64 / NANOS as f64).filter(|secs| *secs > 0.0);
    let secs = match stored {
        Some(secs) if is_closed => Some(secs),
        // The length of what is left.
        _ => last_time(at, source)?.and_then(|ticks| seconds(ticks.saturating_mul(scale), NANOS)),
    };
    Ok(Probe::new(check, secs))
}

/// The scale and the duration in the info element.
fn info(info: Element, source: &mut Source<'_>) -> io::Result<(u64, Option<f64>)> {
    let (mut scale, mut duration, mut at) = (DEFAULT_SCALE, None, info.body);
    let end = info.end.unwrap_or(at);
    for _ in 0..MAX_ELEMENTS {
        if at >= end {
            break;
        }
        let Some(element) = Element::at(at, source)? else { break };
        match element.id {
            TIMESTAMP_SCALE => scale = element.number(source)?.filter(|scale| *scale > 0).unwrap_or(DEFAULT_SCALE),
            DURATION => duration = element.float(source)?,
            _ => {}
        }
        let Some(next) = element.end else { break };
        at = next;
    }
    Ok((scale, duration))
}

/// The time of the last frame in the clusters from `at` on, in ticks.
fn last_time(mut at: u64, source: &mut Source<'_>) -> io::Result<Option<u64>> {
    let mut last = None;
    while let Some(element) = Element::at(at, source)? {
        if element.id == CLUSTER {
            last = Some(element);
        }
        // Skips at least a cluster's time and frames.
        match element.end {
            Some(end) if end > at => at = end,
            _ => break,
        }
    }
    let Some(cluster) = last else { return Ok(None) };
    let (mut time, mut newest, mut at) = (0, None, cluster.body);
    let end = cluster.end.unwrap_or(u64::MAX);
    while at < end
        && let Some(element) = Element::at(at, source)?
    {
        match element.id {
            CLUSTER_TIME => time = element.number(source)?.unwrap_or(0),
            SIMPLE_BLOCK | BLOCK => newest = newest.max(block_time(element, source)?),
            _ => {}
        }
        // A group is entered: its block is in it.
        let next = if element.id == BLOCK_GROUP { Some(element.body) } else { element.end };
        match next {
            Some(next) if next > at => at = next,
            _ => break,
        }
    }
    Ok(Some(time.saturating_add(newest.unwrap_or(0))))
}

/// The time of a block within its cluster, in ticks.
fn block_time(block: Element, source: &mut Source<'_>) -> io::Result<Option<u64>> {
    // the track number has the same encoding
    let Some((_, width)) = size_at(block.body, source)? else { return Ok(None) };
    let time = source.bytes::<2>(block.body + width)?;
    Ok(time.and_then(|time| u64::try_from(i16::from_be_bytes(time)).ok()))
}
