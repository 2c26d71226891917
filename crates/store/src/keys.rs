//! Where the objects of a host lie below a store's prefix. A person finds a recording without Owlery:
//!
//! ```text
//! HOST/.owlery/index.json                           the archive's id, its days and their sums
//! HOST/Camera1/2026-11-20/manifest.json             the events of a day, their files and checksums
//! HOST/Camera1/2026-11-20/10-04-36/video.mp4        a file of an event, by its own name
//! HOST/Camera1/2026-11-20/10-04-36/frames.zip       its frames, stored
//! HOST/Camera1/2026-11-20/10-04-36/best-frame/10-04-37-02.jpg
//!                                                   the strongest of them, sent while the event was recorded
//! ```
//!
//! A name of a camera or a file that an object's key cannot have is percent-encoded; the manifests have the true names.

use std::fmt;
use std::str::FromStr;

use object_store::path::Path;
use owlery_model::event::{Camera, Day, EventId, EventName};

use crate::client::Client;

/// The name of the frames of an event.
pub(crate) const FRAMES: &str = "frames.zip";

/// What the name of the strongest frame of an event, by itself, begins with.
pub(crate) const BEST_FRAME: &str = "best-frame/";

/// The name of the strongest frame of an event, by itself.
pub(crate) fn best_frame(name: &str) -> String {
    format!("{BEST_FRAME}{name}")
}

/// The name of an encrypted frame that was sent while its event was recorded. No manifest names it: encrypting again gives other bytes, and
/// what a manifest names is replaced by nothing else.
pub(crate) fn early_frame(name: &str) -> String {
    format!("{BEST_FRAME}early/{name}")
}

/// The longest name of a host.
const MAX_LENGTH: usize = 63;

/// The name of a host in a store: 1 to 63 of `a`–`z`, `A`–`Z`, `0`–`9`, `-`, `_` and `.`, not beginning with a dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

impl HostName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !text.is_empty() && text.len() <= MAX_LENGTH && text.bytes().all(is_plain) && !text.starts_with('.') {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "{text:?} is not a name of a host in a store: it has 1 to {MAX_LENGTH} of letters, digits, -, _ and ., and does not \
             begin with a dot"
        ))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys of one host in a store.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    base: Path,
}

impl Keys {
    pub(crate) fn new(client: &Client, host: &HostName) -> Self {
        Self { base: client.prefix().clone().join(host.as_str()) }
    }

    /// What all keys of the host begin with.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    pub(crate) fn index(&self) -> Path {
        self.base.clone().join(".owlery").join("index.json")
    }

    /// What `owlery store check` writes.
    pub(crate) fn check(&self) -> Path {
        self.base.clone().join(".owlery").join("check.txt")
    }

    pub(crate) fn manifest(&self, camera: &Camera, day: Day) -> Path {
        self.day(camera, day).join("manifest.json")
    }

    /// A file of an event: its name, or `debug/NAME`.
    pub(crate) fn file(&self, event: &EventId, name: &str) -> Path {
        self.file_of(&event.camera, event.day, event.name, name)
    }

    pub(crate) fn file_of(&self, camera: &Camera, day: Day, event: EventName, name: &str) -> Path {
        let event = self.day(camera, day).join(event.to_string());
        name.split('/').fold(event, Path::join)
    }

    fn day(&self, camera: &Camera, day: Day) -> Path {
        self.base.clone().join(camera.as_str()).join(day.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreName;

    #[test]
    fn keys_can_be_read() {
        let store = std::sync::Arc::new(object_store::memory::InMemory::new());
        let name: StoreName = "offsite".parse().unwrap();
        let client = Client::new(name, store, Path::from("site/cams"));
        let keys = Keys::new(&client, &"garage".parse().unwrap());
        let id: EventId = "Camera1/2026-11-20/10-04-36".parse().unwrap();
        let text = |path: Path| path.to_string();
        assert_eq!(text(keys.index()), "site/cams/garage/.owlery/index.json");
        assert_eq!(text(keys.manifest(&id.camera, id.day)), "site/cams/garage/Camera1/2026-11-20/manifest.json");
        assert_eq!(
            text(keys.file(&id, "debug/video.mp4")),
            "site/cams/garage/Camera1/2026-11-20/10-04-36/debug/video.mp4"
        );
        let odd: Camera = "Camera 1 #ü".parse().unwrap();
        let key = text(keys.file_of(&odd, id.day, id.name, "a?b"));
        assert_eq!(key, "site/cams/garage/Camera 1 %23%C3%BC/2026-11-20/10-04-36/a%3Fb", "encoded once");
    }

    #[test]
    fn only_plain_hosts_are_accepted() {
        for good in ["a", "cam-host_2.example.org", "Garage"] {
            assert_eq!(good.parse::<HostName>().unwrap().to_string(), good);
        }
        for bad in ["", ".", "..", ".owlery", "a/b", "a b", "ä", &"x".repeat(64)] {
            assert!(bad.parse::<HostName>().is_err(), "{bad:?}");
        }
    }
}
