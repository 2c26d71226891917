//! What lies in a store: the manifest of each camera's day, and the index of a host. Both are JSON objects that are replaced whole,
//! after the files that they name. Each has a checksum of its own, as its last member `sha256`.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::NaiveDateTime;
use object_store::path::Path;
use owlery_model::event::{Camera, Day, EventName, MotionMask, State};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::client::{Client, Reading, Version};
use crate::copy::rebuilt;
use crate::error::Result;
use crate::keys::{HostName, Keys};
use crate::sealed;
use crate::upload::sha256;

/// The version of the forms. A reader refuses a newer one.
const VERSION: u32 = 1;

/// The hours of a day.
const HOURS: usize = 24;

/// The size of the parts that have a checksum of their own, in bytes: a range is verified without the whole file.
pub const PART: u64 = 4 << 20;

/// The events of a camera's day that were copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)] // as `sealed` demands
pub struct Manifest {
    version: u32,
    /// The id of the archive that wrote it.
    pub archive: String,
    /// The camera.
    pub camera: Camera,
    /// The day.
    pub day: Day,
    /// The events, by name.
    pub events: Vec<CopiedEvent>,
}

/// An event in a store. Times are the camera's wall time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedEvent {
    /// Its name, which is that of its directory.
    pub name: EventName,
    /// When it began.
    pub start: NaiveDateTime,
    /// When it ended.
    pub end: NaiveDateTime,
    /// Its state when it was copied.
    pub state: CopiedState,
    /// Whether it was saved when it was copied.
    pub saved: bool,
    /// The number of its frames; null if it was not known.
    pub frames: Option<u32>,
    /// The largest number of pixels that changed between two frames; null if it was not known.
    pub peak_change: Option<u32>,
    /// Where something moved; null if it was not known.
    pub motion_mask: Option<MotionMask>,
    /// Whether all of its files are named. One that is being replaced is not.
    pub whole: bool,
    /// Its files.
    pub files: Vec<CopiedFile>,
}

/// The state of a copied event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CopiedState {
    /// It was complete.
    Complete,
    /// Its recording was interrupted.
    Interrupted,
}

impl CopiedState {
    /// The state of a copy; `None` while the event is being recorded.
    pub fn of(state: State) -> Option<Self> {
        match state {
            State::Open => None,
            State::Complete => Some(Self::Complete),
            State::Interrupted => Some(Self::Interrupted),
        }
    }
}

/// A file in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedFile {
    /// Its name within the event's directory; `frames.zip` holds all frames. If it is encrypted, `.age` follows.
    pub name: String,
    /// Its size, as it lies there.
    pub bytes: u64,
    /// The SHA-256 of the whole as it lies there, as hexadecimal digits.
    pub sha256: String,
    /// The SHA-256 of each part of 4 MiB, as it lies there.
    pub parts: Vec<String>,
    /// What it was made of, so that an unchanged file is not copied again: a digest of names, sizes and modification times.
    pub source: String,
    /// What it was before it was encrypted; missing if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Encrypted>,
}

/// What a file was before it was encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encrypted {
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of the whole, as hexadecimal digits.
    pub sha256: String,
    /// The public keys whose identities decrypt it, in alphabetical order.
    pub to: Vec<String>,
}

impl CopiedEvent {
    /// The bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

impl Manifest {
    pub(crate) fn new(archive: &str, camera: Camera, day: Day) -> Self {
        Self { version: VERSION, archive: archive.to_owned(), camera, day, events: Vec::new() }
    }

    /// The event of this name, if the events are in the order of their names, as those of a manifest that was read are.
    pub fn event(&self, name: EventName) -> Option<&CopiedEvent> {
        self.events.binary_search_by_key(&name, |event| event.name).ok().map(|at| &self.events[at])
    }

    /// Adds an event, or replaces it.
    pub(crate) fn set(&mut self, event: CopiedEvent) {
        match self.events.binary_search_by_key(&event.name, |known| known.name) {
            Ok(at) => self.events[at] = event,
            Err(at) => self.events.insert(at, event),
        }
    }

    /// Its sums, for the index.
    pub(crate) fn sums(&self) -> DaySums {
        let bytes = self.events.iter().fold(0u64, |sum, event| sum.saturating_add(event.bytes()));
        let mut sums = DaySums { events: 0, bytes, saved: Some(0), hours: None };
        let mut hours = [0u32; HOURS];
        for event in self.events.iter().filter(|event| event.whole) {
            sums.events += 1;
            sums.saved = sums.saved.map(|saved| saved + u64::from(event.saved));
            if let Some(hour) = hours.get_mut(self.day.hour_of(event.start)) {
                *hour += 1;
            }
        }
        DaySums { hours: Some(hours), ..sums }
    }

    /// Reads the manifest with this key, whatever day it is of.
    pub(crate) async fn read_any(client: &Client, key: &Path) -> Result<Option<Self>> {
        let mut manifest: Option<Self> = read_json(client, key).await?;
        if let Some(manifest) = &mut manifest {
            manifest.events.sort_by_key(|event| event.name);
            manifest.events.dedup_by_key(|event| event.name);
        }
        Ok(manifest)
    }

    /// Reads the manifest of a day; `None` if there is none. Fails if it is not one of this day.
    pub(crate) async fn read(client: &Client, keys: &Keys, camera: &Camera, day: Day) -> Result<Option<Self>> {
        let key = keys.manifest(camera, day);
        let Some(manifest) = Self::read_any(client, &key).await? else { return Ok(None) };
        if manifest.camera != *camera || manifest.day != day {
            return Err(client.wrong(&key, format!("it is the manifest of {}/{}", manifest.camera, manifest.day)));
        }
        Ok(Some(manifest))
    }

    /// Reads the manifest of a day of any host; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Wrong`](crate::Error::Wrong) if it is damaged, of a newer Owlery or of another day, or the store cannot be used.
    pub async fn of_day(client: &Client, host: &HostName, camera: &Camera, day: Day) -> Result<Option<Self>> {
        Self::read(client, &Keys::new(client, host), camera, day).await
    }

    pub(crate) async fn write(&self, client: &Client, keys: &Keys) -> Result<()> {
        write_json(client, &keys.manifest(&self.camera, self.day), self).await
    }
}

/// What a host has copied: small enough to be read first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)] // as `sealed` demands
pub struct HostIndex {
    version: u32,
    /// The id of the archive. No other one may write below this host's prefix.
    pub archive: String,
    /// The days of each camera.
    pub cameras: BTreeMap<Camera, BTreeMap<Day, DaySums>>,
}

/// The sums of a day in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySums {
    /// The number of its events that are whole.
    pub events: u64,
    /// The bytes of their files.
    pub bytes: u64,
    /// How many of its events were saved when they were copied; `None` in an index of an older Owlery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<u64>,
    /// How many began in each hour, of those that are whole; `None` in an index of an older Owlery. Events captured before midnight count
    /// to the first hour, and those after the next one to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<[u32; HOURS]>,
}

impl DaySums {
    /// Whether two are of the same events, as far as both say.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let saved = self.saved.zip(other.saved).is_none_or(|(one, other)| one == other);
        let hours = self.hours.zip(other.hours).is_none_or(|(one, other)| one == other);
        (self.events, self.bytes) == (other.events, other.bytes) && saved && hours
    }
}

impl HostIndex {
    pub(crate) fn new(archive: &str) -> Self {
        Self { version: VERSION, archive: archive.to_owned(), cameras: BTreeMap::new() }
    }

    /// Its days, newest first.
    pub fn days(&self) -> Vec<(&Camera, Day, DaySums)> {
        let days =
            self.cameras.iter().flat_map(|(camera, days)| days.iter().map(move |(day, sums)| (camera, *day, *sums)));
        let mut days: Vec<_> = days.collect();
        days.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        days
    }

    /// Reads the index of a host; `None` if it has copied nothing.
    pub async fn read(client: &Client, host: &HostName) -> Result<Option<Self>> {
        read_json(client, &Keys::new(client, host).index()).await
    }

    /// Reads the index of a host unless it is of the version that is known. One that has not changed costs one short request.
    ///
    /// # Errors
    /// [`Error::Wrong`](crate::Error::Wrong) if it is damaged or of a newer Owlery, or the store cannot be used.
    pub async fn read_unless(client: &Client, host: &HostName, known: Option<&Version>) -> Result<Reading<Self>> {
        read_json_unless(client, &Keys::new(client, host).index(), known).await
    }

    /// The index as the manifests of a host say, if it is missing or damaged. Reads each of them, so it takes long.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn of_manifests(client: &Client, host: &HostName) -> Result<Self> {
        rebuilt(client, &Keys::new(client, host), "").await
    }

    pub(crate) async fn write(&self, client: &Client, keys: &Keys) -> Result<()> {
        write_json(client, &keys.index(), self).await
    }
}

/// Reads one of the two forms; `None` if there is none.
async fn read_json<T: DeserializeOwned>(client: &Client, key: &Path) -> Result<Option<T>> {
    match read_json_unless(client, key, None).await? {
        Reading::Changed(value, _) => Ok(Some(value)),
        Reading::Missing | Reading::Unchanged => Ok(None),
    }
}

/// Reads one of the two forms unless it is of a known version. What is no such text is read once more: the line may have changed it.
async fn read_json_unless<T: DeserializeOwned>(
    client: &Client,
    key: &Path,
    known: Option<&Version>,
) -> Result<Reading<T>> {
    let (first, version) = match client.read_unless(key, known).await? {
        Reading::Missing => return Ok(Reading::Missing),
        Reading::Unchanged => return Ok(Reading::Unchanged),
        Reading::Changed(bytes, version) => (bytes, version),
    };
    let sum = sha256(&first);
    if let Ok(value) = parsed(first) {
        return Ok(Reading::Changed(value, version));
    }
    let Reading::Changed(second, version) = client.read_unless(key, None).await? else { return Ok(Reading::Missing) };
    let is_same = sha256(&second) == sum;
    match parsed(second) {
        Ok(value) => Ok(Reading::Changed(value, version)),
        Err(_) if !is_same => Err(client.garbled(format!("read {key}"))),
        Err(why) => Err(client.wrong(key, why)),
    }
}

/// A text as what it says; or why not, with the cure.
fn parsed<T: DeserializeOwned>(bytes: Bytes) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let damaged = |why: &str| {
        format!(
            "it is damaged ({why}); only if the archive still has its events, remove it, then run owlery store push --again"
        )
    };
    let text = sealed::open(bytes.into()).ok_or_else(|| damaged("its checksum is another"))?;
    // A newer version may have other members.
    if let Ok(Version { version }) = serde_json::from_slice(&text)
        && version != VERSION
    {
        return Err(format!("it has version {version}, and this Owlery reads version {VERSION}; use a newer one"));
    }
    serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))
}

/// Writes an object, and proves by its size that the store has it.
async fn write_json(client: &Client, key: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec(value).map_err(|error| client.wrong(key, error.to_string()))?;
    let text = sealed::seal(text);
    let bytes = text.len() as u64;
    client.write(key, text).await?;
    client.check_size(key, bytes).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A later Owlery may add to the sums.
    #[test]
    fn sums_of_other_versions_are_read() {
        let old: DaySums = serde_json::from_str(r#"{"events":2,"bytes":9}"#).unwrap();
        assert_eq!((old.events, old.saved, old.hours), (2, None, None));
        assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"events":2,"bytes":9}"#);
        let new: DaySums = serde_json::from_str(r#"{"events":2,"bytes":9,"saved":1,"later":true}"#).unwrap();
        assert!(new.agrees_with(&old) && old.agrees_with(&new));
        assert!(!DaySums { saved: Some(2), ..new }.agrees_with(&new));
        assert!(!DaySums { bytes: 8, ..new }.agrees_with(&old));
    }
}
