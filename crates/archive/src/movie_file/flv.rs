//! FLV: tags of a kind, a size, a time and a body, each followed by its size. The first has the duration and the size
//! of the file, which `FFmpeg` writes when it closes it.

use std::io;

use super::Probe;
use super::source::{Source, big_endian_at, places};
use crate::event::state::MovieCheck;

/// The first tag is within this size.
const HEAD: usize = 4096;
/// The size of a tag without its body.
const TAG: usize = 11;

pub(super) fn probe(source: &mut Source<'_>) -> io::Result<Probe> {
    let head = source.window(0, HEAD)?;
    let size = value(&head, b"\0\x08filesize\0");
    let duration = value(&head, b"\0\x08duration\0").filter(|secs| *secs > 0.0);
    #[allow(clippy::cast_precision_loss)] // files of such sizes are none of ours
    let is_closed = size.is_some_and(|size| size > 0.0 && size <= source.len() as f64);
    let check = match size {
        Some(_) if is_closed => MovieCheck::Whole,
        Some(_) => MovieCheck::Unfinished,
        None => MovieCheck::Endless, // written by a program that could not seek back
    };
    let secs = match duration {
        Some(secs) if check == MovieCheck::Whole => Some(secs),
        _ => last_time(source)?,
    };
    Ok(Probe::new(check, secs))
}

/// The number after a name.
fn value(head: &[u8], name: &[u8]) -> Option<f64> {
    let at = places(head, name).next()?;
    big_endian_at(head, at + name.len(), 8).map(f64::from_bits).filter(|value| value.is_finite())
}

/// The time of the last complete tag, in seconds.
fn last_time(source: &mut Source<'_>) -> io::Result<Option<f64>> {
    let (tail, _) = source.tail()?;
    let time = |at: usize| {
        let size = usize::try_from(big_endian_at(&tail, at + 1, 3)?).ok()?;
        let is_tag = matches!(tail[at], 8 | 9)
            && tail.get(at + 8..at + TAG) == Some(&[0, 0, 0])
            && big_endian_at(&tail, at + TAG + size, 4) == Some((TAG + size) as u64);
        let millis = u32::try_from(big_endian_at(&tail, at + 7, 1)? << 24 | big_endian_at(&tail, at + 4, 3)?).ok()?;
        is_tag.then(|| f64::from(millis) / 1000.0)
    };
    Ok((0..tail.len()).rev().find_map(time))
}
