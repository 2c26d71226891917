//! MP4 and `QuickTime`: boxes of a size, a kind and a body (ISO/IEC 14496-12, section 4.2: 32-bit size and type, a 64-bit size
//! after it where the first is 1, to the end of the file where it is 0).
//!
//! Motion writes the moov box when it closes the movie; until then an mp4 is `ftyp`, and an `mdat` that claims no length.

use std::io;

use super::source::{Source, big_endian, big_endian_at};
use super::{Probe, fragments, seconds};
use crate::event::state::MovieCheck;

/// Files have few boxes at the top level, except fragmented ones.
const MAX_BOXES: usize = 4096;

/// A box: its kind, and the offsets of its body and its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub kind: [u8; 4],
    pub body: u64,
    pub end: u64,
}

/// Whether a file begins like an mp4.
pub(super) fn is_box(head: &[u8]) -> bool {
    let kinds = [b"ftyp", b"moov", b"mdat", b"moof", b"styp", b"free", b"skip", b"wide"];
    head.get(4..8).is_some_and(|kind| kinds.iter().any(|known| kind == *known))
}

/// The box at `at`, in a range that ends at `len`; `None` if there is none. Its end may lie beyond.
pub(super) fn box_at(at: u64, len: u64, source: &mut Source<'_>) -> io::Result<Option<Found>> {
    let Some(header) = source.bytes::<8>(at)? else { return Ok(None) };
    let (size, width) = match big_endian(&header[..4]) {
        0 => (len.saturating_sub(at), 8),
        1 => match source.bytes::<8>(at + 8)? {
            Some(size) => (big_endian(&size), 16),
            None => return Ok(None),
        },
        size => (size, 8),
    };
    let kind = [header[4], header[5], header[6], header[7]];
    let end = at.checked_add(size).filter(|_| size >= width);
    Ok(end.map(|end| Found { kind, body: at + width, end }))
}

/// The box of a kind within another.
pub(super) fn child(of: Found, kind: &[u8; 4], source: &mut Source<'_>) -> io::Result<Option<Found>> {
    let mut found = None;
    for_each(of, source, |child, _| {
        if &child.kind == kind && found.is_none() {
            found = Some(child);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Visits the boxes within another, as far as they lie in it.
pub(super) fn for_each(
    of: Found,
    source: &mut Source<'_>,
    mut then: impl FnMut(Found, &mut Source<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut at = of.body;
    for _ in 0..MAX_BOXES {
        if at >= of.end {
            break;
        }
        let Some(found) = box_at(at, of.end, source)?.filter(|found| found.end <= of.end) else { break };
        then(found, source)?;
        at = found.end;
    }
    Ok(())
}

/// The boxes at the top level of a file.
#[derive(Debug, Default)]
struct Top {
    moov: Option<Found>,
    /// The last complete fragment.
    last_fragment: Option<Found>,
    /// The index of fragments, which is written at the end.
    has_index: bool,
    /// The moov box or the data is not wholly within the file: a movie made for the web has its moov box first, and
    /// does not play without its data.
    is_cut: bool,
}

fn top(source: &mut Source<'_>) -> io::Result<Top> {
    let (mut top, mut at, len) = (Top::default(), 0u64, source.len());
    for _ in 0..MAX_BOXES {
        let Some(found) = box_at(at, len, source)? else { break };
        let is_within = found.end <= len;
        match &found.kind {
            b"moov" if is_within => top.moov = Some(found),
            b"moof" if is_within => top.last_fragment = Some(found),
            b"mfra" if is_within => top.has_index = true,
            _ => {}
        }
        top.is_cut |= !is_within && matches!(&found.kind, b"moov" | b"mdat" | b"moof");
        at = found.end;
        if at >= len {
            break;
        }
    }
    Ok(top)
}

/// The movie box, if it is whole.
pub(super) fn moov(source: &mut Source<'_>) -> io::Result<Option<Found>> {
    Ok(top(source)?.moov)
}

pub(super) fn probe(source: &mut Source<'_>) -> io::Result<Probe> {
    let top = top(source)?;
    let Some(moov) = top.moov else { return Ok(Probe::of(MovieCheck::Unfinished)) };
    if top.last_fragment.is_some() || child(moov, b"mvex", source)?.is_some() {
        let check = match (top.is_cut, top.has_index) {
            (true, _) => MovieCheck::Unfinished,
            (false, true) => MovieCheck::Whole,
            // It plays as far as it goes; more may come.
            (false, false) => MovieCheck::Endless,
        };
        let secs = top.last_fragment.map(|last| fragments::duration(moov, last, source)).transpose()?.flatten();
        return Ok(Probe::new(check, secs.or(duration(moov, source)?)));
    }
    if top.is_cut {
        return Ok(Probe::of(MovieCheck::Unfinished));
    }
    Ok(Probe::new(MovieCheck::Whole, duration(moov, source)?))
}

/// The length in the movie header within `moov` (section 8.2.2, versions 0 and 1).
fn duration(moov: Found, source: &mut Source<'_>) -> io::Result<Option<f64>> {
    let Some(header) = child(moov, b"mvhd", source)? else { return Ok(None) };
    let body = source.window(header.body, 32.min(usize::try_from(header.end - header.body).unwrap_or(32)))?;
    let times = match body.first() {
        Some(0) => big_endian_at(&body, 12, 4).zip(big_endian_at(&body, 16, 4)),
        Some(1) => big_endian_at(&body, 20, 4).zip(big_endian_at(&body, 24, 8)),
        _ => None,
    };
    Ok(times.and_then(|(scale, units)| seconds(units, scale)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::probe_at;
    use super::*;
    use crate::event::Container;

    fn found(bytes: &[u8]) -> bool {
        probe_at(bytes, Container::Mp4).check == MovieCheck::Whole
    }

    fn a_box(kind: &[u8; 4], body: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(8 + body).unwrap().to_be_bytes().to_vec();
        bytes.extend_from_slice(kind);
        bytes.resize(8 + body, 0);
        bytes
    }

    #[test]
    fn a_moov_that_is_whole_makes_a_movie() {
        let whole = [a_box(b"ftyp", 24), a_box(b"mdat", 1000), a_box(b"moov", 100)].concat();
        assert!(found(&whole));
        assert!(!found(&whole[..whole.len() - 1]), "the moov is cut off");
        assert!(!found(&whole[..1032]), "no moov yet");
        assert!(found(&[a_box(b"moov", 100), a_box(b"mdat", 0)].concat()));
    }

    #[test]
    fn long_boxes_are_followed_endless_ones_not() {
        let mut long = a_box(b"ftyp", 24);
        long.extend([0, 0, 0, 1]);
        long.extend(b"mdat");
        long.extend(24u64.to_be_bytes());
        long.extend([7; 8]);
        long.extend(a_box(b"moov", 8));
        assert!(found(&long));
        let mut endless = a_box(b"ftyp", 24);
        endless.extend([0, 0, 0, 0]);
        endless.extend(b"mdat");
        endless.extend(a_box(b"moov", 8));
        assert!(!found(&endless));
    }

    /// A moov box around an `mvhd` of this version.
    fn moov(version: u8, scale: u32, units: u64) -> Vec<u8> {
        let mut body = vec![version, 0, 0, 0];
        body.resize(if version == 1 { 20 } else { 12 }, 0);
        body.extend(scale.to_be_bytes());
        body.extend(if version == 1 {
            units.to_be_bytes().to_vec()
        } else {
            u32::try_from(units).unwrap().to_be_bytes().to_vec()
        });
        let mut mvhd = a_box(b"mvhd", body.len());
        mvhd[8..].copy_from_slice(&body);
        let mut moov = a_box(b"moov", mvhd.len());
        moov[8..].copy_from_slice(&mvhd);
        moov
    }

    #[test]
    fn the_movie_header_tells_the_length() {
        for version in [0, 1] {
            assert_eq!(probe_at(&moov(version, 1000, 12_400), Container::Mp4).secs, Some(12));
            assert_eq!(probe_at(&moov(version, 1000, 0), Container::Mp4).secs, None, "fragmented");
            assert_eq!(probe_at(&moov(version, 0, 5), Container::Mp4).secs, None, "no scale");
            assert_eq!(probe_at(&moov(version, 1, u64::from(u32::MAX)), Container::Mp4).secs, None, "not believed");
        }
    }

    /// With the moov box first, only the data's length shows that the end is missing.
    #[test]
    fn a_cut_faststart_movie_is_unfinished() {
        let whole = [a_box(b"ftyp", 24), a_box(b"moov", 100), a_box(b"mdat", 1000)].concat();
        assert!(found(&whole));
        assert!(!found(&whole[..whole.len() - 1]));
        let padded = [whole.clone(), a_box(b"free", 50)].concat();
        assert!(found(&padded[..padded.len() - 1]), "padding may be cut off");
        let to_the_end = [a_box(b"moov", 100), vec![0, 0, 0, 0], b"mdat".to_vec(), vec![7; 99]].concat();
        assert!(found(&to_the_end));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_hang(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = found(&bytes);
            // Below a moov box, so that the movie header is parsed.
            let mut inside = a_box(b"moov", bytes.len());
            inside[8..].copy_from_slice(&bytes);
            let _ = probe_at(&inside, Container::Mp4);
        }
    }
}
