//! Ranges of encrypted files, for those who look at a part of a movie: age encrypts in chunks of 64 KiB, each proved by itself, so a range
//! costs the header of the object and the chunks that have it.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use age::Decryptor;
use bytes::Bytes;
use owlery_model::event::EventId;

use crate::encrypt::{CHUNK, Guarded, Identities, SEALED_CHUNK};
use crate::error::{Error, Result};
use crate::manifest::CopiedFile;
use crate::stores::Stores;

/// What each chunk has more than its plain bytes.
const TAG: u64 = (SEALED_CHUNK - CHUNK) as u64;

/// Where the pieces of an encrypted object lie that a range of its file is decrypted from: its header, and some chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRanges {
    /// The header.
    pub header: Range<u64>,
    /// The chunks.
    pub chunks: Range<u64>,
}

impl CopiedFile {
    /// Where a range of the plain file lies in its encrypted object; `None` if it is not encrypted, or its sizes do not fit each other.
    pub fn sealed_ranges(&self, plain: &Range<u64>) -> Option<SealedRanges> {
        let was = self.encrypted.as_ref()?;
        let chunk = CHUNK as u64;
        let header = self.bytes.checked_sub(was.bytes)?.checked_sub(was.bytes.div_ceil(chunk).max(1) * TAG)?;
        let at = |nth: u64| nth.checked_mul(chunk + TAG)?.checked_add(header);
        let (first, last) = (plain.start / chunk, plain.end.min(was.bytes).div_ceil(chunk));
        Some(SealedRanges { header: 0..header, chunks: at(first)?..at(last)?.min(self.bytes) })
    }
}

/// The pieces of an object that were read, with what lies between them missing.
struct Pieces {
    bytes: [(u64, Bytes); 2],
    at: u64,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = |(from, bytes): &(u64, Bytes)| {
            let skipped = usize::try_from(self.at.checked_sub(*from)?).ok()?;
            bytes.get(skipped..).filter(|rest| !rest.is_empty()).map(<[u8]>::to_vec)
        };
        let Some(rest) = self.bytes.iter().find_map(rest) else { return Ok(0) };
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Pieces {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(_) => return Err(io::ErrorKind::Unsupported.into()), // the end is not known here
        };
        Ok(self.at)
    }
}

impl Identities {
    /// Decrypts a range of a file, of what lies at its [`CopiedFile::sealed_ranges`]. Each chunk is proved; the whole is not.
    ///
    /// # Errors
    /// A sentence: they are for others, or damaged.
    pub fn decrypt_range(
        &self,
        plain: &Range<u64>,
        ranges: &SealedRanges,
        pieces: [Bytes; 2],
    ) -> Result<Bytes, String> {
        let length = usize::try_from(plain.end.saturating_sub(plain.start)).unwrap_or(0);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let [header, chunks] = pieces;
        let input = Pieces { bytes: [(0, header), (ranges.chunks.start, chunks)], at: 0 };
        let identities = self.each();
        let reader = Decryptor::new(input).and_then(|file| file.decrypt(identities));
        let mut reader = reader.map_err(|error| error.to_string())?;
        let chunk = CHUNK as u64;
        let from = plain.start / chunk * chunk;
        let mut decrypted = vec![0; length];
        let mut read = || -> io::Result<()> {
            if from > 0 {
                // To the second byte first: for the first one of a chunk, the reader would prove the end of the object too.
                reader.seek(SeekFrom::Start(from + 1))?;
                reader.seek(SeekFrom::Start(from))?;
            }
            io::copy(&mut (&mut reader).take(plain.start - from), &mut io::sink())?;
            reader.read_exact(&mut decrypted)
        };
        read().map_err(|error| error.to_string())?;
        Ok(decrypted.into())
    }
}

impl Stores {
    /// Decrypts a range of an encrypted file with the identity of the store's configuration, of what lies at its
    /// [`CopiedFile::sealed_ranges`]. The identity file is read each time. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Encrypted`] if no `identity` is configured, or another one; [`Error::Credentials`] if its file cannot be used;
    /// [`Error::Wrong`] for what is not what was encrypted; [`Error::Unknown`].
    pub async fn decrypt(
        self: &Arc<Self>,
        name: &str,
        (event, file): (&EventId, &CopiedFile),
        plain: Range<u64>,
        pieces: [Bytes; 2],
    ) -> Result<Bytes> {
        let options = self.options(None, name)?;
        let (store, object) = (options.name, format!("{event}/{}", file.name));
        let to = file.encrypted.as_ref().map(|was| was.to.clone()).unwrap_or_default();
        let encrypted =
            |why: String| Error::Encrypted { store: store.clone(), object: object.clone(), to: to.clone(), why };
        let path = options.identity.ok_or_else(|| {
            encrypted(format!(
                "and this host has no identity; set `identity` in [stores.{store}] of the configuration to its file"
            ))
        })?;
        let ranges =
            file.sealed_ranges(&plain).ok_or_else(|| wrong(&store, &object, "its sizes do not fit each other"))?;
        let theirs = to.clone();
        let decrypt = move || {
            let identities = read(&path)?;
            let is_for_us = identities.recipients().iter().any(|ours| theirs.contains(ours));
            Ok::<_, String>(is_for_us.then(|| identities.decrypt_range(&plain, &ranges, pieces)))
        };
        let decrypted = tokio::task::spawn_blocking(decrypt).await.unwrap_or_else(|error| Err(error.to_string()));
        match decrypted {
            Err(why) => Err(Error::Credentials { store, why }),
            Ok(None) => Err(encrypted("and the identity of this host is another one; correct `identity`".to_owned())),
            Ok(Some(Err(why))) => Err(wrong(&store, &object, &format!("it cannot be decrypted: {why}"))),
            Ok(Some(Ok(bytes))) => Ok(bytes),
        }
    }
}

fn read(path: &Path) -> Result<Identities, String> {
    Identities::read(path, Guarded::ByMode).map_err(|error| error.to_string())
}

fn wrong(store: &crate::name::StoreName, object: &str, why: &str) -> Error {
    Error::Wrong { store: store.clone(), object: object.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encrypt::Recipients;
    use crate::manifest::Encrypted;
    use crate::upload::{Sums, sha256};

    const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

    fn file(plain: &[u8]) -> (CopiedFile, Vec<u8>, Identities) {
        let identities: Identities = SECRET.parse().unwrap();
        let recipients = Recipients::parse(identities.recipients()).unwrap();
        let sealed = recipients.encrypt("x", plain).unwrap();
        let mut sums = Sums::default();
        sums.add(&sealed);
        let written = sums.end();
        let was = Encrypted { bytes: plain.len() as u64, sha256: sha256(plain), to: recipients.texts() };
        let (name, source) = ("x.age".to_owned(), String::new());
        let (bytes, sha256, parts) = (written.bytes, written.sha256, written.parts);
        (CopiedFile { name, bytes, sha256, parts, source, encrypted: Some(was) }, sealed, identities)
    }

    fn pieces(sealed: &[u8], ranges: &SealedRanges) -> [Bytes; 2] {
        [&ranges.header, &ranges.chunks].map(|range| {
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            Bytes::copy_from_slice(&sealed[range])
        })
    }

    /// Around the ends of chunks and of the file, also where its last chunk is full.
    #[test]
    fn every_range_is_decrypted() {
        const CHUNK: u64 = super::CHUNK as u64;
        for size in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let plain: Vec<u8> = (0..size).map(|at| (at % 251).to_le_bytes()[0]).collect();
            let (file, sealed, identities) = file(&plain);
            let ends = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 1, 3 * CHUNK, size - 1, size];
            for (start, end) in ends.iter().flat_map(|start| ends.iter().map(move |end| (*start, *end))) {
                if start > end || end > size {
                    continue;
                }
                let ranges = file.sealed_ranges(&(start..end)).unwrap();
                let read = identities.decrypt_range(&(start..end), &ranges, pieces(&sealed, &ranges)).unwrap();
                let expected = &plain[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
                assert!(read == expected, "{size}: {start}..{end}");
                assert!(ranges.chunks.end - ranges.chunks.start <= end - start + 2 * (CHUNK + TAG), "no more is read");
            }
        }
    }

    #[test]
    fn a_damaged_chunk_is_not_decrypted() {
        let (file, mut sealed, identities) = file(&vec![7; 200_000]);
        let at = sealed.len() - 100_000;
        sealed[at] ^= 1;
        let decrypt = |range: Range<u64>| {
            let ranges = file.sealed_ranges(&range).unwrap();
            identities.decrypt_range(&range, &ranges, pieces(&sealed, &ranges))
        };
        decrypt(0..65_536).unwrap();
        decrypt(65_536..150_000).unwrap_err();
    }
}
