//! Reads a file piece by piece, with a limit on the number of reads.

use std::io;

/// How much is read at once.
const BLOCK: usize = 4096;

/// How many reads a movie may take. Most take two or three.
const MAX_READS: u32 = 1024;

/// The maximum size of a window.
pub(super) const WINDOW: usize = 64 * 1024;

type Read<'a> = dyn FnMut(&mut [u8], u64) -> io::Result<usize> + 'a;

/// A file of a known length. Bytes beyond its end, or beyond the limit, do not exist.
pub(super) struct Source<'a> {
    read: &'a mut Read<'a>,
    len: u64,
    reads: u32,
    /// The block that was read last, and its offset.
    block: Vec<u8>,
    at: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(len: u64, read: &'a mut Read<'a>) -> Self {
        Self { read, len, reads: 0, block: Vec::new(), at: 0 }
    }

    /// The length of the file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether the limit of reads is reached.
    pub(super) fn is_spent(&self) -> bool {
        self.reads >= MAX_READS
    }

    /// Some bytes at `at`; `None` if they are not all within the file.
    pub(super) fn bytes<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        let is_within = |at: u64, block: &[u8], begin: u64| at >= begin && at - begin + N as u64 <= block.len() as u64;
        if !is_within(at, &self.block, self.at) {
            self.block = self.window(at, BLOCK)?;
            self.at = at;
        }
        if !is_within(at, &self.block, self.at) {
            return Ok(None);
        }
        let from = usize::try_from(at - self.at).unwrap_or(usize::MAX);
        Ok(self.block.get(from..from.saturating_add(N)).and_then(|bytes| bytes.try_into().ok()))
    }

    /// The bytes from `at`, at most `most` and [`WINDOW`]; fewer at the end of the file.
    pub(super) fn window(&mut self, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let there = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; most.min(WINDOW).min(there)];
        let mut got = 0;
        while got < bytes.len() && !self.is_spent() {
            self.reads += 1;
            match (self.read)(&mut bytes[got..], at.saturating_add(got as u64)) {
                Ok(0) => break,
                Ok(more) => got += more.min(bytes.len() - got),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(got);
        Ok(bytes)
    }

    /// The end of the file, and its offset.
    pub(super) fn tail(&mut self) -> io::Result<(Vec<u8>, u64)> {
        let at = self.len.saturating_sub(WINDOW as u64);
        Ok((self.window(at, WINDOW)?, at))
    }
}

/// A big-endian number of up to eight bytes.
pub(super) fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A little-endian number of up to eight bytes.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A big-endian number at an offset.
pub(super) fn big_endian_at(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(width)?).map(big_endian)
}

/// A little-endian number at an offset.
pub(super) fn little_endian_at(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(width)?).map(little_endian)
}

/// The offsets of `what` in `bytes`, from the first on.
pub(super) fn places<'a>(bytes: &'a [u8], what: &'a [u8]) -> impl DoubleEndedIterator<Item = usize> + 'a {
    bytes.windows(what.len()).enumerate().filter(move |(_, window)| *window == what).map(|(at, _)| at)
}
