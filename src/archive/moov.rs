//! Whether a movie was finished: an mp4 has its moov box, anything else at least a byte.
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

/// Looks into an open movie of `len` bytes.
pub(super) fn check(file: &OwnedFd, len: u64, container: Container) -> io::Result<MovieCheck> {
    if len == 0 {
        return Ok(MovieCheck::Empty);
    }
    if !container.needs_moov() {
        return Ok(MovieCheck::Whole);
    }
    let whole = has_moov(len, |buffer, at| Ok(rustix::io::pread(file, buffer, at)?))?;
    Ok(if whole { MovieCheck::Whole } else { MovieCheck::Unfinished })
}

/// Whether a moov box lies wholly within the `len` bytes that `read` gives.
fn has_moov(len: u64, mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<bool> {
    let mut at = 0u64;
    for _ in 0..MOST_BOXES {
        let mut header = [0u8; 16];
        let mut got = 0;
        while got < header.len() {
            match read(&mut header[got..], at + got as u64)? {
                0 => break,
                more => got += more,
            }
        }
        if got < 8 {
            return Ok(false);
        }
        let short = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let size = match short {
            0 => len - at.min(len),
            1 if got == 16 => header[8..].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)),
            1 => return Ok(false),
            size => u64::from(size),
        };
        let Some(end) = at.checked_add(size).filter(|_| size >= 8) else { return Ok(false) };
        if &header[4..8] == b"moov" {
            return Ok(end <= len);
        }
        if end >= len {
            return Ok(false);
        }
        at = end;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(bytes: &[u8]) -> bool {
        has_moov(bytes.len() as u64, |buffer, at| {
            let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        })
        .unwrap()
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

    proptest! {
        #[test]
        fn no_bytes_panic_or_hang(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = found(&bytes);
        }
    }
}
