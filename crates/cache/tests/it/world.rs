//! A cache in a temporary directory, and what tests do with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use owlery_cache::{Cache, Media, Options};
use sha2::{Digest, Sha256};

/// A directory for a cache.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.path())
    }

    /// Opens the cache, and waits until its metadata are loaded.
    pub(crate) fn open(&self) -> Cache {
        Self::open_with(self.options())
    }

    pub(crate) fn open_with(options: Options) -> Cache {
        let cache = Cache::open(options).unwrap();
        cache.wait_loaded();
        cache
    }

    /// The path of a file of a key.
    pub(crate) fn file(&self, key: &str, ending: &str) -> PathBuf {
        file(self.path(), key, ending)
    }

    /// Writes an entry as another program does.
    pub(crate) fn write_foreign(&self, key: &str, data: &[u8], sidecar: &str) {
        fs::write(self.file(key, "dat"), data).unwrap();
        fs::write(self.file(key, "json"), sidecar).unwrap();
    }

    /// The names of all files of entries.
    pub(crate) fn files(&self) -> Vec<String> {
        files(self.path())
    }
}

pub(crate) fn file(dir: &Path, key: &str, ending: &str) -> PathBuf {
    let mut name = String::new();
    for byte in Sha256::digest(key) {
        name.push_str(&format!("{byte:02x}"));
    }
    dir.join(format!("{name}.{ending}"))
}

/// The names of the files in a directory that begin as those of entries do, sorted.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.len() > 64).collect();
    names.sort();
    names
}

/// Media with these bytes.
pub(crate) fn media(bytes: impl Into<Vec<u8>>) -> Media {
    Media::new(bytes.into(), "image/jpeg", "a.jpg")
}

/// Puts entries of 100 bytes, each filled with the first byte of its key.
pub(crate) fn put(cache: &Cache, keys: &[&str]) {
    for key in keys {
        cache.put(key, &media(vec![key.as_bytes()[0]; 100])).unwrap();
    }
}

pub(crate) fn keys(cache: &Cache) -> Vec<String> {
    cache.entries(None, usize::MAX).entries.into_iter().map(|entry| entry.key).collect()
}

/// Waits for a condition; fails after 20 seconds.
pub(crate) fn wait_until(what: &str, mut is_met: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_met() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
