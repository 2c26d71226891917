//! What data must be: their size and their checksum.

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::name::Hash;

/// A checksum of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// A SHA-256.
    Sha256([u8; 32]),
    /// An MD5, for stores that give no other. It finds damage, not forgery.
    Md5([u8; 16]),
}

/// What data must be, before they are stored. The default expects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// Their size in bytes.
    pub size: Option<u64>,
    /// Their checksum.
    pub checksum: Option<Checksum>,
}

impl Checksum {
    /// Parses 64 hexadecimal digits as SHA-256, and 32 as MD5.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if let Some(Hash(hash)) = Hash::parse(&text) {
            return Some(Self::Sha256(hash));
        }
        // Padded, so that one parser serves both.
        let padded = (text.len() == 32).then(|| Hash::parse(&format!("{text}{:032}", 0)))??;
        let mut hash = [0; 16];
        hash.copy_from_slice(&padded.0[..16]);
        Some(Self::Md5(hash))
    }
}

/// Checks data as they pass.
#[derive(Debug)]
pub(crate) struct Verifier {
    expected: Expected,
    size: u64,
    sha256: Sha256,
    md5: Option<Md5>,
}

impl Verifier {
    pub(crate) fn new(expected: Expected) -> Self {
        let md5 = matches!(expected.checksum, Some(Checksum::Md5(_))).then(Md5::new);
        Self { expected, size: 0, sha256: Sha256::new(), md5 }
    }

    /// The next bytes. An error says that they are too many.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        match self.expected.size {
            Some(size) if self.size > size => Err(format!("more than {size} bytes")),
            _ => Ok(()),
        }
    }

    /// The SHA-256 of all data. An error says what differs.
    pub(crate) fn finish(self) -> Result<Hash, String> {
        if let Some(size) = self.expected.size.filter(|&size| size != self.size) {
            return Err(format!("{} of {size} bytes", self.size));
        }
        let sha256 = Hash(self.sha256.finalize().into());
        let is_right = match self.expected.checksum {
            None => true,
            Some(Checksum::Sha256(expected)) => Hash(expected) == sha256,
            Some(Checksum::Md5(expected)) => self.md5.is_some_and(|md5| <[u8; 16]>::from(md5.finalize()) == expected),
        };
        if is_right { Ok(sha256) } else { Err("the checksum is different".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(expected: Expected, data: &[u8]) -> Result<Hash, String> {
        let mut verifier = Verifier::new(expected);
        data.chunks(2).try_for_each(|chunk| verifier.update(chunk))?;
        verifier.finish()
    }

    /// Size and both kinds of checksums are compared.
    #[test]
    fn wrong_data_are_found() {
        let sha256 = Checksum::parse("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
        let md5 = Checksum::parse("900150983cd24fb0d6963f7d28e17f72");
        assert!(matches!((sha256, md5), (Some(Checksum::Sha256(_)), Some(Checksum::Md5(_)))));
        for checksum in [None, sha256, md5] {
            for size in [None, Some(3)] {
                let expected = Expected { size, checksum };
                assert_eq!(verify(expected, b"abc"), Ok(Hash::of(b"abc")));
                let is_checked = size.is_some() || checksum.is_some();
                assert_eq!(verify(expected, b"ab").is_err(), is_checked, "{expected:?}");
                assert_eq!(verify(expected, b"abcd").is_err(), is_checked, "{expected:?}");
                assert_eq!(verify(expected, b"abd").is_err(), checksum.is_some(), "{expected:?}");
            }
        }
        for text in ["", "abc", "zz", &"g".repeat(32), &"a".repeat(33), &"é".repeat(16)] {
            assert_eq!(Checksum::parse(text), None, "{text}");
        }
    }
}
