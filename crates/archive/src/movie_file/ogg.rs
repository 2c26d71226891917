//! Ogg (RFC 3533): pages; a flag marks the last page of a stream. The pages of Theora count frames.

use std::io;

use super::source::{Source, big_endian_at, little_endian_at, places};
use super::{Probe, seconds};
use crate::event::state::MovieCheck;

/// The size of a page header without its segment table.
const PAGE: usize = 27;
/// Flag: the last page of its stream.
const LAST: u64 = 4;

pub(super) fn probe(source: &mut Source<'_>) -> io::Result<Probe> {
    let head = source.window(0, 4096)?;
    let theora = theora(&head);
    let (tail, _) = source.tail()?;
    let serial_of = |at: usize| little_endian_at(&tail, at + 14, 4);
    let is_of_video = |at: usize| theora.as_ref().is_none_or(|theora| serial_of(at) == Some(theora.serial));
    let last = places(&tail, b"OggS").rev().find(|at| is_of_video(*at) && tail.len() >= at + PAGE);
    let Some(last) = last else { return Ok(Probe::of(MovieCheck::Unfinished)) };
    let is_end = little_endian_at(&tail, last + 5, 1).is_some_and(|flags| flags & LAST != 0);
    let check = if is_end && is_whole(&tail, last) { MovieCheck::Whole } else { MovieCheck::Unfinished };
    // A page on which no frame ends has no number.
    let granules = places(&tail, b"OggS").filter(|at| is_of_video(*at));
    let granule = granules.filter_map(|at| little_endian_at(&tail, at + 6, 8)).rfind(|granule| *granule != u64::MAX);
    Ok(Probe::new(check, theora.zip(granule).and_then(|(theora, granule)| theora.secs(granule))))
}

/// Whether a page is complete.
fn is_whole(tail: &[u8], at: usize) -> bool {
    let Some(count) = little_endian_at(tail, at + 26, 1).and_then(|count| usize::try_from(count).ok()) else {
        return false;
    };
    let sizes = tail.get(at + PAGE..at + PAGE + count);
    sizes.is_some_and(|sizes| {
        let body: usize = sizes.iter().map(|size| usize::from(*size)).sum();
        at + PAGE + count + body <= tail.len()
    })
}

/// The header of a Theora stream.
struct Theora {
    serial: u64,
    /// The frame rate: frames, and in how many seconds.
    rate: (u64, u64),
    /// How many of the lower bits of a page's number count frames since the last key frame.
    shift: u64,
}

fn theora(head: &[u8]) -> Option<Theora> {
    let at = places(head, b"\x80theora").next()?;
    let page = places(&head[..at], b"OggS").next_back()?;
    Some(Theora {
        serial: little_endian_at(head, page + 14, 4)?,
        rate: (big_endian_at(head, at + 22, 4)?, big_endian_at(head, at + 26, 4)?),
        shift: big_endian_at(head, at + 40, 2)? >> 5 & 0x1F,
    })
}

impl Theora {
    fn secs(&self, granule: u64) -> Option<f64> {
        let frames = (granule >> self.shift).saturating_add(granule & ((1 << self.shift) - 1));
        seconds(frames.saturating_mul(self.rate.1), self.rate.0)
    }
}
