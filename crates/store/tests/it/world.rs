//! A host with events, and how it copies them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::TimeDelta;
use object_store::ObjectStore;
use object_store::path::Path;
use owlery_model::event::{Details, Event, EventId, Movies, State};
use owlery_store::{Client, Copied, FileKind, Host, HostName, Look, Result, Source, UploadRecord, Verified};

/// Three events of two cameras.
pub(crate) const EVENTS: [&str; 3] =
    ["Camera1/2026-11-20/10-04-36", "Camera1/2026-11-20/11-00-00", "Camera 2/2026-11-21/09-00-00"];

/// All kinds of files.
pub(crate) fn everything() -> BTreeSet<FileKind> {
    BTreeSet::from([FileKind::Movie, FileKind::Thumbnail, FileKind::Frame])
}

pub(crate) fn host() -> HostName {
    "garage".parse().unwrap()
}

/// Events in directories.
pub(crate) struct World {
    root: PathBuf,
    /// Removed with this value.
    _folder: Option<tempfile::TempDir>,
}

/// One of them.
pub(crate) struct Directory(PathBuf);

impl Source for Directory {
    fn names(&self) -> Vec<String> {
        let below = |path: &std::path::Path| path.strip_prefix(&self.0).unwrap().to_str().unwrap().to_owned();
        let mut names = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { names.push(below(&path)) }
            }
        }
        names
    }

    fn open(&self, name: &str) -> io::Result<File> {
        File::open(self.0.join(name))
    }
}

impl World {
    pub(crate) fn of(events: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { root: folder.path().to_owned(), _folder: Some(folder) };
        for event in events {
            world.add_event(event);
        }
        world
    }

    /// The world of another process.
    pub(crate) fn at(root: &std::path::Path) -> Self {
        Self { root: root.to_owned(), _folder: None }
    }

    pub(crate) fn root(&self) -> &std::path::Path {
        &self.root
    }

    /// Writes a file of an event.
    pub(crate) fn write(&self, event: &str, name: &str, bytes: &[u8]) {
        let path = self.path(event, name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn path(&self, event: &str, name: &str) -> PathBuf {
        self.root.join(event).join(name)
    }

    pub(crate) fn modified(&self, event: &str, name: &str) -> SystemTime {
        self.path(event, name).metadata().unwrap().modified().unwrap()
    }

    pub(crate) fn set_modified(&self, event: &str, name: &str, time: SystemTime) {
        File::options().write(true).open(self.path(event, name)).unwrap().set_modified(time).unwrap();
    }

    /// An event with a movie, a thumbnail and frames, also debug ones.
    fn add_event(&self, event: &str) {
        self.write(event, "video.mp4", &format!("the movie of {event}").into_bytes().repeat(10));
        self.write(event, "thumbnail.jpg", event.as_bytes());
        for n in 0..4 {
            self.write(event, &format!("10-04-36-0{n}.jpg"), &[n; 100]);
        }
        self.write(event, "debug/10-04-36-00m.jpg", b"debug");
    }

    pub(crate) fn source(&self, event: &str) -> Directory {
        Directory(self.root.join(event))
    }
}

pub(crate) fn event(id: &str) -> Event {
    let id: EventId = id.parse().unwrap();
    let start = id.day.at(i64::from(id.name.secs().unwrap()));
    let details = Details {
        start,
        end: start + TimeDelta::seconds(9),
        state: State::Complete,
        saved: false,
        frames: Some(4),
        bytes: Some(1),
        videos: Movies::new(),
        debug_video: None,
        thumbnail: None,
        peak_change: Some(7),
        motion_mask: None,
        problems: Vec::new(),
    };
    Event { id, details }
}

/// A client of a store that was just opened.
pub(crate) fn client_of(store: Arc<dyn ObjectStore>) -> Client {
    Client::new("offsite".parse().unwrap(), store, Path::from("site"))
}

/// Copies events as the archive `home`, with their manifests.
pub(crate) async fn copy(client: &Client, world: &World, events: &[&str]) -> Result<Vec<Copied>> {
    copy_by(Host::open(client.clone(), &host(), "home").await?, world, events).await
}

/// The same with a record of its uploads.
pub(crate) async fn resume(
    client: &Client,
    world: &World,
    state_dir: &std::path::Path,
    events: &[&str],
) -> Result<Vec<Copied>> {
    let record = UploadRecord::new(state_dir, client.name());
    copy_by(Host::open(client.clone(), &host(), "home").await?.resuming(record), world, events).await
}

async fn copy_by(mut host: Host, world: &World, events: &[&str]) -> Result<Vec<Copied>> {
    let mut copied = Vec::new();
    for id in events {
        copied.push(host.copy(&event(id), &world.source(id), &everything(), Look::AtObjects).await?);
    }
    host.finish().await?;
    Ok(copied)
}

/// Reads back everything.
pub(crate) async fn verified(client: &Client) -> Verified {
    owlery_store::verify(client, &host(), owlery_store::Share::All).await.unwrap()
}
