//! Whether a movie was finished (an mp4 has its moov box, anything else at least a byte), and how long it is.
//!
//! Motion writes the moov box when it closes the movie; until then an mp4 is `ftyp`, and an `mdat` that claims no
//! length. Only box headers are read (ISO/IEC 14496-12, section 4.2: 32-bit size and type, a 64-bit size after it where
//! the first is 1, to the end of the file where it is 0).

use std::io;
use std::os::fd::OwnedFd;

use crate::event::Container;
use crate::event::state::MovieCheck;

/// Boxes at the top level of a file are few; a longer chain is not worth following.
const MOST_BOXES: usize = 4096;

/// What the movie's headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub check: MovieCheck,
    /// How many seconds it lasts, rounded, at least one; `None` where the headers do not say.
    pub secs: Option<u32>,
}

/// A longer duration in a header is not believed: two days in seconds.
const LONGEST: u64 = 2 * 86_400;

/// Looks into an open movie of `len` bytes.
pub(super) fn look(file: &OwnedFd, len: u64, container: Container) -> io::Result<Look> {
    look_by(len, container, |buffer, at| Ok(rustix::io::pread(file, buffer, at)?))
}

fn look_by(
    len: u64,
    container: Container,
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Look> {
    let of = |check| Look { check, secs: None };
    if len == 0 {
        return Ok(of(MovieCheck::Empty));
    }
    if matches!(container, Container::Mp4 | Container::M4v | Container::Mov) {
        return Ok(match find_moov(len, &mut read)? {
            None => of(MovieCheck::Unfinished),
            Some(moov) => Look { check: MovieCheck::Whole, secs: duration(moov, &mut read)? },
        });
    }
    Ok(of(MovieCheck::Whole))
}

/// Fills `buffer` from `at`, as far as the file goes; returns how far.
fn fill(buffer: &mut [u8], at: u64, read: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match read(&mut buffer[got..], at.saturating_add(got as u64))? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

/// A box: its kind, where its header begins, and its size with the header.
#[derive(Debug, Clone, Copy)]
struct Found {
    kind: [u8; 4],
    at: u64,
    header: u64,
    end: u64,
}

/// The box that begins at `at`, in something that ends at `len`; `None` where there is no box. Its end may lie beyond.
fn box_at(at: u64, len: u64, read: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<Option<Found>> {
    let mut header = [0u8; 16];
    let got = fill(&mut header, at, read)?;
    if got < 8 {
        return Ok(None);
    }
    let (size, header_len) = match big_endian(&header[..4]) {
        0 => (len.saturating_sub(at), 8),
        1 if got == 16 => (big_endian(&header[8..]), 16),
        1 => return Ok(None),
        size => (size, 8),
    };
    let kind = [header[4], header[5], header[6], header[7]];
    let end = at.checked_add(size).filter(|_| size >= header_len);
    Ok(end.map(|end| Found { kind, at, header: header_len, end }))
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The moov box, if it lies wholly within the `len` bytes that `read` gives, and no data box is cut off after it: a movie
/// made for the web has its moov box first, and without its data it does not play.
fn find_moov(len: u64, read: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<Option<Found>> {
    let (mut at, mut moov) = (0u64, None);
    for _ in 0..MOST_BOXES {
        let Some(found) = box_at(at, len, read)? else { break };
        let is_moov = &found.kind == b"moov";
        if found.end > len && (is_moov || &found.kind == b"mdat") {
            return Ok(None);
        }
        if is_moov {
            moov = Some(found);
        }
        at = found.end;
        if at >= len {
            break;
        }
    }
    Ok(moov)
}

/// How long the movie header in `moov` says that the movie is (ISO/IEC 14496-12, section 8.2.2, versions 0 and 1).
fn duration(moov: Found, read: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<Option<u32>> {
    let mut at = moov.at + moov.header;
    for _ in 0..MOST_BOXES {
        let Some(found) = box_at(at, moov.end, read)?.filter(|found| found.end <= moov.end) else { return Ok(None) };
        if &found.kind == b"mvhd" {
            let mut body = [0u8; 32];
            let within = usize::try_from(found.end - found.at - found.header).unwrap_or(usize::MAX).min(body.len());
            let got = fill(&mut body[..within], found.at + found.header, read)?;
            let (scale, units) = match body[0] {
                0 if got >= 20 => (big_endian(&body[12..16]), big_endian(&body[16..20])),
                1 if got >= 32 => (big_endian(&body[20..24]), big_endian(&body[24..32])),
                _ => return Ok(None),
            };
            if scale == 0 || units == 0 {
                return Ok(None); // a fragmented movie says 0
            }
            let secs = (units.saturating_add(scale / 2) / scale).max(1);
            return Ok(u32::try_from(secs).ok().filter(|_| secs <= LONGEST));
        }
        at = found.end;
        if at >= moov.end {
            return Ok(None);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look_at(bytes: &[u8]) -> Look {
        look_by(bytes.len() as u64, Container::Mp4, |buffer, at| {
            let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        })
        .unwrap()
    }

    fn found(bytes: &[u8]) -> bool {
        look_at(bytes).check == MovieCheck::Whole
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
    fn a_long_box_is_followed_and_an_endless_one_is_not() {
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
            assert_eq!(look_at(&moov(version, 1000, 12_400)).secs, Some(12));
            assert_eq!(look_at(&moov(version, 1000, 0)).secs, None, "fragmented");
            assert_eq!(look_at(&moov(version, 0, 5)).secs, None, "no scale");
            assert_eq!(look_at(&moov(version, 1, u64::from(u32::MAX))).secs, None, "not believed");
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
            // Below a moov box, so that the movie header is reached.
            let mut inside = a_box(b"moov", bytes.len());
            inside[8..].copy_from_slice(&bytes);
            let _ = look_at(&inside);
        }
    }
}
