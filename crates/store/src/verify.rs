//! Compares what lies in a store with its manifests: that every file is there with its size, and that the bytes of a share of them are
//! those that were written.

use object_store::path::Path;
use owlery_model::event::Day;

use crate::client::Client;
use crate::encrypt::{Decrypting, Identities};
use crate::error::{Error, Result};
use crate::keys::{HostName, Keys};
use crate::manifest::{CopiedFile, HostIndex, Manifest, PART};
use crate::upload::sha256;

/// Which files are read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All.
    All,
    /// A part, another one each day: one after the other they cover all.
    Part {
        /// How much, in millionths.
        millionths: u64,
        /// The day of the check.
        on: Day,
    },
}

/// The whole, in the unit of [`Share::Part`].
const WHOLE: u64 = 1_000_000;

impl Share {
    /// The share of a percentage, above 0 and at most 100; `None` for another number.
    pub fn percent(percent: f64, on: Day) -> Option<Self> {
        if !(percent > 0.0 && percent <= 100.0) {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is from 0 to a million
        let millionths = (percent * 10_000.0).ceil() as u64;
        Some(if millionths >= WHOLE { Self::All } else { Self::Part { millionths, on } })
    }

    fn takes(self, key: &Path) -> bool {
        match self {
            Self::All => true,
            Self::Part { millionths, on } => {
                let hash = sha256(key.as_ref().as_bytes()).get(..15).and_then(|hex| u64::from_str_radix(hex, 16).ok());
                let begin = on.number().unsigned_abs() % WHOLE * millionths % WHOLE;
                (hash.unwrap_or(0) % WHOLE + WHOLE - begin) % WHOLE < millionths
            }
        }
    }
}

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many events the manifests name.
    pub events: u64,
    /// How many objects.
    pub objects: u64,
    /// How many of them were read back.
    pub read: u64,
    /// How many bytes that was.
    pub bytes: u64,
    /// How many of those that were read back were also decrypted.
    pub decrypted: u64,
    /// What differs: a sentence for each.
    pub wrong: Vec<String>,
}

/// Verifies what a host has copied. What is wrong is part of the result.
///
/// # Errors
/// The store cannot be used.
pub async fn verify(client: &Client, host: &HostName, share: Share) -> Result<Verified> {
    verify_with(client, host, share, None).await
}

/// The same, and with identities what is encrypted is also decrypted, and compared with what it was before.
///
/// # Errors
/// The store cannot be used.
pub async fn verify_with(
    client: &Client,
    host: &HostName,
    share: Share,
    identities: Option<&Identities>,
) -> Result<Verified> {
    let mut found = Verified::default();
    let keys = Keys::new(client, host);
    let index = match HostIndex::read(client, host).await {
        Ok(Some(index)) => index,
        Ok(None) => {
            // In a bucket that does not exist there is no index either.
            client.list_folder(client.prefix()).await?;
            found.wrong.push(format!("{host} has copied nothing to the store {}", client.name()));
            return Ok(found);
        }
        Err(error) => return is_finding(error).map(|wrong| Verified { wrong: vec![wrong], ..found }),
    };
    for (camera, day, sums) in index.days() {
        let manifest = match Manifest::read(client, &keys, camera, day).await {
            Ok(Some(manifest)) => manifest,
            Ok(None) => {
                found.wrong.push(format!("the manifest {} is missing", keys.manifest(camera, day)));
                continue;
            }
            Err(error) => {
                found.wrong.push(is_finding(error)?);
                continue;
            }
        };
        if !manifest.sums().agrees_with(&sums) {
            found.wrong.push(format!(
                "the index says other sums of {camera}/{day} than the manifest; the next copy corrects it"
            ));
        }
        for event in &manifest.events {
            found.events += 1;
            for file in &event.files {
                let key = keys.file_of(camera, day, event.name, &file.name);
                found.objects += 1;
                if let Err(error) = check(client, &key, (file, identities), share, &mut found).await {
                    found.wrong.push(is_finding(error)?);
                }
            }
        }
    }
    Ok(found)
}

/// What is wrong with an object, as a sentence; another error ends the verification.
fn is_finding(error: Error) -> Result<String> {
    match error {
        Error::Wrong { .. } | Error::NotFound { .. } | Error::Encrypted { .. } => Ok(error.to_string()),
        other => Err(other),
    }
}

async fn check(
    client: &Client,
    key: &Path,
    (file, identities): (&CopiedFile, Option<&Identities>),
    share: Share,
    found: &mut Verified,
) -> Result<()> {
    client.check_size(key, file.bytes).await?;
    if !share.takes(key) {
        return Ok(());
    }
    let parts = file.bytes.div_ceil(PART);
    if file.parts.len() as u64 != parts {
        return Err(client.wrong(key, format!("its manifest has {} checksums for {parts} parts", file.parts.len())));
    }
    let encrypted = file.encrypted.as_ref().zip(identities);
    let mut decrypting = encrypted.map(|(was, identities)| (was, Decrypting::new(identities)));
    for (nth, expected) in (0..parts).zip(&file.parts) {
        let range = nth * PART..((nth + 1) * PART).min(file.bytes);
        let mut bytes = client.read_range(key, range.clone()).await?;
        if sha256(&bytes) != *expected {
            // The line may have changed it.
            bytes = client.read_range(key, range).await?;
        }
        found.bytes += bytes.len() as u64;
        if sha256(&bytes) != *expected {
            return Err(client.wrong(key, format!("the bytes of part {nth} are not those that were written; only if the archive still has the event, remove it, then run owlery store push --again")));
        }
        if let Some((was, decrypting)) = &mut decrypting {
            let fed = decrypting.feed(&bytes, &mut |_| Ok(()));
            fed.map_err(|error| client.undecrypted(key, was, identities, error))?;
        }
    }
    found.read += 1;
    if let Some((was, decrypting)) = decrypting {
        let ended = decrypting.end(was, &mut |_| Ok(()));
        ended.map_err(|error| client.undecrypted(key, was, identities, error))?;
        found.decrypted += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much is taken as was asked for, and all of it within the days that this takes.
    #[test]
    fn shares_are_as_large_as_asked() {
        let keys: Vec<Path> = (0..2_000).map(|nth| Path::from(format!("a/{nth}"))).collect();
        for percent in [2.0, 30.0, 51.0, 75.0, 99.0] {
            let taken = |day: i64, key: &Path| {
                Share::percent(percent, Day::from_number(20_000 + day).unwrap()).unwrap().takes(key)
            };
            #[allow(clippy::cast_precision_loss)]
            let share = 100.0 * keys.iter().filter(|key| taken(0, key)).count() as f64 / keys.len() as f64;
            assert!((share - percent).abs() < 3.0, "{percent}: {share}");
            assert!(keys.iter().all(|key| (0..50).any(|day| taken(day, key))), "{percent}");
        }
    }
}
