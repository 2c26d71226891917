//! The streams that are being read, by camera. The first client starts one; its task removes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::feed::{Client, Feed};
use super::settings::{MAX_CLIENTS, Settings};
use super::upstream;
use crate::engine::Handle;
use crate::event::Camera;
use crate::live::Disconnect;
use crate::stream_url::StreamUrl;

/// The live pictures of one router.
#[derive(Debug)]
pub(crate) struct CameraStreams {
    handle: Arc<Handle>,
    pub(super) settings: Settings,
    running: Arc<Running>,
    /// Clients of streams, and those that want a single picture.
    clients: Arc<Semaphore>,
    stills: Arc<Semaphore>,
}

/// What a client wants.
#[derive(Debug, Clone)]
pub(super) enum Want {
    /// The stream; its connection can be closed with this.
    Stream(Option<Disconnect>),
    /// One picture.
    Still,
}

/// Why a client gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There are as many clients as there may be.
    Full,
    /// The server refused the login a short while ago.
    Login,
}

/// The feeds of running tasks, and when a server refused a login.
#[derive(Debug, Default)]
pub(super) struct Running {
    feeds: Mutex<HashMap<Camera, Arc<Feed>>>,
    refused_logins: Mutex<HashMap<Camera, Instant>>,
}

impl CameraStreams {
    /// Without clients.
    pub(crate) fn new(handle: Arc<Handle>) -> Arc<Self> {
        Self::with(handle, Settings::default())
    }

    pub(super) fn with(handle: Arc<Handle>, settings: Settings) -> Arc<Self> {
        let permits = || Arc::new(Semaphore::new(MAX_CLIENTS));
        Arc::new(Self { handle, settings, running: Arc::default(), clients: permits(), stills: permits() })
    }

    /// The service.
    pub(super) fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    /// Subscribes to the pictures of a camera; the first client begins to read its stream.
    pub(super) fn subscribe(&self, camera: &Camera, url: &StreamUrl, want: Want) -> Result<Client, Refused> {
        if self.running.refused_login(camera, self.settings.login_pause) {
            return Err(Refused::Login);
        }
        let (permits, disconnect) = match want {
            Want::Stream(disconnect) => (&self.clients, disconnect),
            Want::Still => (&self.stills, None),
        };
        let permit = Arc::clone(permits).try_acquire_owned().map_err(|_| Refused::Full)?;
        let mut feeds = self.running.feeds();
        if let Some(feed) = feeds.get(camera).filter(|feed| !feed.is_over()) {
            return Ok(feed.subscribe(disconnect, permit));
        }
        let feed = Arc::new(Feed::new(camera.clone()));
        let client = feed.subscribe(disconnect, permit);
        feeds.insert(camera.clone(), Arc::clone(&feed));
        // A runtime that is shutting down drops the task at once, which locks the feeds.
        drop(feeds);
        let (running, stop) = (Arc::clone(&self.running), self.handle.stop().clone());
        tokio::spawn(upstream::run(running, feed, url.clone(), self.settings.clone(), stop));
        Ok(client)
    }

    /// The number of clients that watch.
    pub(crate) fn clients(&self) -> usize {
        MAX_CLIENTS.saturating_sub(self.clients.available_permits())
    }

    /// How many streams are being read.
    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        self.running.feeds().len()
    }
}

impl Running {
    fn feeds(&self) -> MutexGuard<'_, HashMap<Camera, Arc<Feed>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused_logins(&self) -> MutexGuard<'_, HashMap<Camera, Instant>> {
        self.refused_logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a feed that has ended.
    pub(super) fn remove(&self, feed: &Arc<Feed>) {
        let mut feeds = self.feeds();
        if feeds.get(&feed.camera).is_some_and(|other| Arc::ptr_eq(other, feed)) {
            feeds.remove(&feed.camera);
        }
    }

    /// Removes a feed that has had no client for `linger`; returns whether it had none.
    pub(super) fn remove_idle(&self, feed: &Arc<Feed>, linger: Duration) -> bool {
        let mut feeds = self.feeds();
        let is_idle = feed.is_idle(linger);
        if is_idle && feeds.get(&feed.camera).is_some_and(|other| Arc::ptr_eq(other, feed)) {
            feeds.remove(&feed.camera);
        }
        is_idle
    }

    /// Notes that a server has refused the login.
    pub(super) fn note_refused_login(&self, camera: &Camera) {
        self.refused_logins().insert(camera.clone(), Instant::now());
    }

    fn refused_login(&self, camera: &Camera, pause: Duration) -> bool {
        self.refused_logins().get(camera).is_some_and(|at| at.elapsed() < pause)
    }
}
