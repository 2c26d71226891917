//! Entries that are filled part by part, so that a range of a large object is read without the rest of it.
//!
//! The parts lie in a sparse file `{stem}.part`, and `{stem}.parts` lists them: a first line that describes the whole, and a line
//! for each part with its SHA-256. A part is compared with it before it is served for the first time after the cache was opened.
//! When all parts are there, the file becomes that of a whole entry.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cache::{Cache, blocking};
use crate::entry::Record;
use crate::error::{Error, Result};
use crate::fetch::{FetchError, Flight, SourceError, outcome, run};
use crate::media::{Label, Media};
use crate::name::{Hash, Kind};
use crate::options::Durability;
use crate::shared::{Evicted, Shared, check_key, lock};
use crate::sidecar::Sidecar;
use crate::stats::Counters;
use crate::time::{self, Use};

/// The size of a part in bytes; the last one is shorter.
pub const PART_SIZE: u64 = 4 * 1024 * 1024;
/// A longer list of parts is damaged, in bytes.
const MAX_LIST: u64 = 64 * 1024 * 1024;

/// What an entry that is filled part by part will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The size of all parts in bytes.
    pub size: u64,
    /// The type and the file name.
    pub label: Label,
}

impl Whole {
    fn parts(&self) -> u64 {
        self.size.div_ceil(PART_SIZE)
    }

    /// The bytes of a part.
    fn range(&self, part: u64) -> Range<u64> {
        let from = part.saturating_mul(PART_SIZE).min(self.size);
        from..from.saturating_add(PART_SIZE).min(self.size)
    }

    fn len(&self, part: u64) -> u64 {
        let range = self.range(part);
        range.end - range.start
    }
}

/// Which parts of an entry are there.
#[derive(Debug)]
pub(crate) struct PartMap {
    whole: Whole,
    /// Readers and writers of parts take it briefly.
    there: Mutex<BTreeMap<u64, Part>>,
}

/// A part that is there.
#[derive(Debug, Clone, Copy)]
struct Part {
    sha256: Hash,
    /// Whether it was compared with its SHA-256 since the cache was opened.
    is_verified: bool,
}

impl PartMap {
    fn new(whole: Whole) -> Self {
        Self { whole, there: Mutex::default() }
    }

    /// The bytes of all parts that are there.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.there).keys().map(|&part| self.whole.len(part)).sum()
    }

    fn get(&self, part: u64) -> Option<Part> {
        lock(&self.there).get(&part).copied()
    }

    fn add(&self, number: u64, part: Part) {
        lock(&self.there).insert(number, part);
    }

    fn is_complete(&self) -> bool {
        lock(&self.there).len() as u64 == self.whole.parts()
    }
}

/// The first line of a list of parts. Its keys are those of a sidecar.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    url: String,
    mimetype: String,
    filename: String,
    size: u64,
    part_size: u64,
}

/// A line of a list of parts.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    part: u64,
    sha256: String,
}

fn json_line(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec(value).unwrap_or_default(); // texts and numbers are JSON
    text.push(b'\n');
    text
}

impl Cache {
    /// The bytes of a range of a large object. Parts that the range touches and that are not cached are fetched whole, each once
    /// for all callers, by `fetch`, and stored. The result is held in memory, so read long ranges piece by piece. A range that
    /// reaches beyond the end is cut off there. Needs a tokio runtime.
    ///
    /// An entry with another size, type or name than `whole` is replaced: the object is another.
    ///
    /// # Errors
    /// A fetch failed, or gave less or more than it was asked for. A disk that fails is logged and fails no caller.
    pub async fn read_parts<F, R, E>(
        &self,
        key: &str,
        whole: &Whole,
        range: Range<u64>,
        fetch: F,
    ) -> std::result::Result<Bytes, FetchError>
    where
        F: Fn(Range<u64>) -> R,
        R: Future<Output = std::result::Result<Bytes, E>>,
        E: Into<SourceError>,
    {
        let key = check_key(key).map_err(|error| FetchError::InvalidKey(error.to_string()))?;
        let end = range.end.min(whole.size);
        let mut at = range.start.min(end);
        let mut is_hit = true;
        let mut pieces = Vec::new();
        while at < end {
            let part = at / PART_SIZE;
            let bounds = whole.range(part);
            let wanted = at - bounds.start..end.min(bounds.end) - bounds.start;
            let (piece, was_there) = part_of(self.shared(), &key, whole, part, wanted, &fetch).await?;
            is_hit &= was_there;
            pieces.push(piece);
            at = bounds.end;
        }
        let shared = self.shared();
        match lock(&shared.table).get(&key).filter(|_| is_hit) {
            Some(record) => shared.count_hit(record),
            None => Counters::add(if is_hit { &shared.counters.hits } else { &shared.counters.misses }, 1),
        }
        Ok(match pieces.pop() {
            Some(only) if pieces.is_empty() => only,
            last => {
                let mut all = BytesMut::new();
                pieces.into_iter().chain(last).for_each(|piece| all.extend_from_slice(&piece));
                all.freeze()
            }
        })
    }
}

/// The wanted bytes of one part, and whether they were cached.
async fn part_of<F, R, E>(
    shared: &Arc<Shared>,
    key: &Arc<str>,
    whole: &Whole,
    part: u64,
    wanted: Range<u64>,
    fetch: &F,
) -> std::result::Result<(Bytes, bool), FetchError>
where
    F: Fn(Range<u64>) -> R,
    R: Future<Output = std::result::Result<Bytes, E>>,
    E: Into<SourceError>,
{
    let slice = |bytes: &Bytes| {
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
        bytes.slice(at(wanted.start)..at(wanted.end))
    };
    let lead = loop {
        if let Some(bytes) = read(shared, key, whole, part, wanted.clone()).await {
            return Ok((bytes, true));
        }
        match shared.join(key, Some(part)) {
            Flight::Lead(lead) => break lead,
            Flight::Wait(waiting) => {
                if let Some(media) = outcome(waiting).await? {
                    return Ok((slice(&media.bytes), false));
                }
            }
        }
    };
    if let Some(bytes) = read(shared, key, whole, part, wanted.clone()).await {
        lead.settle(Ok(None));
        return Ok((bytes, true));
    }
    let expected = whole.len(part);
    let fetched = run(fetch(whole.range(part))).await.and_then(|bytes| match bytes.len() as u64 {
        len if len == expected => Ok(bytes),
        len => Err(FetchError::Mismatch(format!("{len} bytes instead of {expected} of part {part} of {key:?}"))),
    });
    lead.settle(fetched.clone().map(|bytes| Some(Media { bytes, label: whole.label.clone() })));
    let bytes = fetched?;
    let result = slice(&bytes);
    let (shared, key, whole) = (Arc::clone(shared), Arc::clone(key), whole.clone());
    blocking(move || {
        if let Err(error) = shared.store_part(&key, &whole, part, &bytes) {
            tracing::warn!("{error}; part {part} of {key:?} is served and not stored");
        }
    })
    .await;
    Ok((result, false))
}

async fn read(shared: &Arc<Shared>, key: &Arc<str>, whole: &Whole, part: u64, wanted: Range<u64>) -> Option<Bytes> {
    let (shared, key, whole) = (Arc::clone(shared), Arc::clone(key), whole.clone());
    blocking(move || shared.read_part(&key, &whole, part, wanted)).await.flatten()
}

impl Shared {
    /// The wanted bytes of a part, if it is cached.
    fn read_part(self: &Arc<Self>, key: &str, whole: &Whole, part: u64, wanted: Range<u64>) -> Option<Bytes> {
        let (record, file) = {
            let mut table = lock(&self.table);
            let record = self.find(&mut table, key)?;
            let Some(map) = &record.parts else {
                drop(table);
                return self.read_whole(&record, whole, part, &wanted);
            };
            if map.whole != *whole {
                drop(table);
                self.forget(&record);
                return None;
            }
            map.get(part)?;
            // Opened under the lock, so that it is the file of this record.
            let file = self.folder.open_file(record.stem, Kind::PartData);
            (record, file.ok().flatten().map(|(file, _)| file))
        };
        self.touch(&record);
        let map = record.parts.as_ref()?;
        let bytes = file.and_then(|file| read_verified(map, &file, part, &wanted));
        if bytes.is_none() {
            tracing::warn!("part {part} of {key:?} has changed on disk; the entry is removed");
            self.forget(&record);
        }
        bytes
    }

    /// The wanted bytes of a part of a whole entry.
    fn read_whole(
        self: &Arc<Self>,
        record: &Arc<Record>,
        whole: &Whole,
        part: u64,
        wanted: &Range<u64>,
    ) -> Option<Bytes> {
        if record.size() != whole.size || record.label != whole.label {
            self.forget(record);
            return None;
        }
        let content = self.get_from_memory(&record.key).or_else(|| self.get_from_disk(&record.key))?;
        let len = usize::try_from(wanted.end - wanted.start).ok()?;
        content.read_at(part * PART_SIZE + wanted.start, len).ok().filter(|bytes| bytes.len() == len)
    }

    /// Stores a part; with the last one the entry becomes whole.
    fn store_part(self: &Arc<Self>, key: &Arc<str>, whole: &Whole, part: u64, bytes: &Bytes) -> Result<()> {
        if whole.size > self.options.max_bytes {
            return Ok(());
        }
        let stem = Hash::of(key.as_bytes());
        let fail = |error| Error::io("write", &self.folder.path_of(stem, Kind::PartData), error);
        let (record, data, mut list) = {
            let mut table = lock(&self.table);
            let Some(record) = self.partial_record(&mut table, key, whole)? else { return Ok(()) };
            let data = self.folder.open_part(stem, Kind::PartData).map_err(fail)?;
            (record, data, self.folder.open_part(stem, Kind::PartList).map_err(fail)?)
        };
        let Some(map) = &record.parts else { return Ok(()) };
        data.write_all_at(bytes, whole.range(part).start).map_err(fail)?;
        if self.options.durability != Durability::None {
            data.sync_data().map_err(fail)?;
        }
        let sha256 = Hash(Sha256::digest(bytes).into());
        list.write_all(&json_line(&Line { part, sha256: sha256.to_string() })).map_err(fail)?;
        map.add(part, Part { sha256, is_verified: true });
        lock(&self.table).resize(&record, map.bytes());
        self.touch(&record);
        if map.is_complete() {
            self.complete(&record, map)?;
        }
        self.enforce();
        Ok(())
    }

    /// The record of an entry that is filled part by part, which is made if there is none; `None` if the entry is whole.
    fn partial_record(
        &self,
        table: &mut crate::table::Table,
        key: &Arc<str>,
        whole: &Whole,
    ) -> Result<Option<Arc<Record>>> {
        if let Some(record) = self.find(table, key) {
            match &record.parts {
                None => return Ok(None),
                Some(map) if map.whole == *whole => return Ok(Some(record)),
                Some(_) => self.remove_records(table, &[record], &mut Evicted::default()),
            }
        }
        let stem = Hash::of(key.as_bytes());
        let fail = |error| Error::io("write", &self.folder.path_of(stem, Kind::PartList), error);
        // Remains of an entry that could not be removed must not mix with this one.
        self.folder.remove(stem, Kind::PartData)?;
        self.folder.remove(stem, Kind::PartList)?;
        self.folder.open_part(stem, Kind::PartData).map_err(fail)?;
        let header = Header {
            url: key.to_string(),
            mimetype: whole.label.mime_type.to_string(),
            filename: whole.label.file_name.to_string(),
            size: whole.size,
            part_size: PART_SIZE,
        };
        let mut list = self.folder.open_part(stem, Kind::PartList).map_err(fail)?;
        list.write_all(&json_line(&header)).map_err(fail)?;
        let map = PartMap::new(whole.clone());
        let record = Record::partial(Arc::clone(key), stem, whole.label.clone(), map, self.uses.now());
        let record = Arc::new(record);
        table.add(Arc::clone(&record));
        Ok(Some(record))
    }

    /// Makes an entry whole whose parts are all there, after comparing each with its SHA-256.
    fn complete(&self, record: &Arc<Record>, map: &PartMap) -> Result<()> {
        let fail = |error| Error::io("read", &self.folder.path_of(record.stem, Kind::PartData), error);
        let file = {
            let table = lock(&self.table);
            if !table.holds(record) {
                return Ok(());
            }
            self.folder.open_file(record.stem, Kind::PartData).map_err(fail)?
        };
        let Some(sha256) = file.and_then(|(file, _)| hash_parts(map, &file)) else {
            tracing::warn!("the parts of {:?} have changed on disk; the entry is removed", record.key);
            self.forget(record);
            return Ok(());
        };
        let now = self.uses.now().seconds();
        let sidecar = Sidecar {
            sha256: Some(sha256),
            size: Some(map.whole.size),
            modified: Some(now),
            is_synced: self.options.durability != Durability::None,
            ..record.to_sidecar()
        };
        let text = sidecar.to_json(None);
        let beside = self.folder.write_temporary(record.stem, &text, self.options.durability == Durability::Full)?;
        let whole = Arc::new(Record::new(sidecar, record.stem, map.whole.size, now, true));
        let mut table = lock(&self.table);
        if !table.remove(record) {
            return Ok(());
        }
        self.folder.change_kind(record.stem, Kind::PartData, Kind::Data)?;
        self.folder.publish(beside, record.stem, Kind::Sidecar)?;
        self.folder.remove(record.stem, Kind::PartList)?;
        table.add(Arc::clone(&whole));
        self.with_index(|index| index.add(&[whole.to_row()]));
        drop(table);
        self.unqueue(&whole.key);
        Ok(())
    }

    /// Reads the list of parts of an entry when the cache is opened; `None` if it is unusable.
    pub(crate) fn read_partial(&self, stem: Hash) -> Option<Record> {
        let (file, stat) = self.folder.open_file(stem, Kind::PartList).ok()??;
        let mut text = Vec::new();
        file.take(MAX_LIST).read_to_end(&mut text).ok()?;
        // A line without its end is torn.
        let end = text.iter().rposition(|&byte| byte == b'\n')?;
        let mut lines = text.get(..end)?.split(|&byte| byte == b'\n');
        let header: Header = serde_json::from_slice(lines.next()?).ok()?;
        let is_ours = header.part_size == PART_SIZE && crate::is_valid_key(&header.url) && header.size > 0;
        if !is_ours || Hash::of(header.url.as_bytes()) != stem {
            return None;
        }
        let whole = Whole { size: header.size, label: Label::new(&header.mimetype, &header.filename) };
        let (label, parts) = (whole.label.clone(), whole.parts());
        let map = PartMap::new(whole);
        for line in lines {
            let Ok(line) = serde_json::from_slice::<Line>(line) else { continue };
            if let Some(sha256) = Hash::parse(&line.sha256).filter(|_| line.part < parts) {
                map.add(line.part, Part { sha256, is_verified: false });
            }
        }
        let used = Use::from_seconds(time::seconds(stat.modified));
        Some(Record::partial(header.url.into(), stem, label, map, used))
    }
}

/// Reads bytes of a part. One that was not compared with its SHA-256 yet is read whole; `None` if it is another.
fn read_verified(map: &PartMap, file: &std::fs::File, number: u64, wanted: &Range<u64>) -> Option<Bytes> {
    let part = map.get(number)?;
    let from = map.whole.range(number).start;
    if part.is_verified {
        return read_exact(file, from + wanted.start, wanted.end - wanted.start).ok();
    }
    let bytes = read_exact(file, from, map.whole.len(number)).ok()?;
    if Hash(Sha256::digest(&bytes).into()) != part.sha256 {
        return None;
    }
    map.add(number, Part { is_verified: true, ..part });
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
    Some(bytes.slice(at(wanted.start)..at(wanted.end)))
}

/// The SHA-256 of all parts together; `None` if one is not what was stored.
fn hash_parts(map: &PartMap, file: &std::fs::File) -> Option<Hash> {
    let mut all = Sha256::new();
    for number in 0..map.whole.parts() {
        let bytes = read_exact(file, map.whole.range(number).start, map.whole.len(number)).ok()?;
        if Hash(Sha256::digest(&bytes).into()) != map.get(number)?.sha256 {
            return None;
        }
        all.update(&bytes);
    }
    Some(Hash(all.finalize().into()))
}

fn read_exact(file: &std::fs::File, at: u64, len: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes.into())
}
