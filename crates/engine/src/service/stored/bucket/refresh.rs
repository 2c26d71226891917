//! Keeps what the indexes of all hosts say up to date, on a thread of its own: looks every minute which hosts there are, and reads the indexes
//! that have changed. A host without one that can be read is listed by its manifests, which takes longer and is done now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use owlery_store::{Client, Error as StoreError, HostIndex, HostName, Reading, Version};
use tokio::runtime::Runtime;

use super::super::super::handle::Handle;
use super::super::super::store_thread::{Delay, stopped};
use super::days::Changed;
use super::{AT_A_TIME, Bucket};
use crate::clock::Stop;
use crate::event::{Camera, Change, Day, DayScan, Loose};

/// How often the indexes are looked at.
const INTERVAL: Duration = Duration::from_mins(1);
/// How often a host without an index is listed by its manifests.
const MANIFESTS_INTERVAL: Duration = Duration::from_hours(1);

/// What is known of a host.
#[derive(Debug)]
enum Seen {
    /// Its index, of this version.
    Indexed(Version),
    /// Its manifests, read at this moment.
    Listed(Instant),
}

/// Reads the indexes of a bucket. Used by its own thread only.
pub(in crate::service) struct Refresher {
    handle: Arc<Handle>,
    bucket: Arc<Bucket>,
    runtime: Runtime,
    work: Work,
}

#[derive(Debug, Default)]
struct Work {
    hosts: BTreeMap<HostName, Seen>,
    /// The versions of the days that the view has of an earlier run, until all hosts are known.
    earlier: BTreeMap<(Camera, Day), u64>,
    /// What was reported last, so that nothing is reported every minute.
    reported: BTreeSet<String>,
    is_away: bool,
    /// The number of cameras that have their places in the view.
    named: usize,
    has_said_hosts: bool,
}

impl Refresher {
    /// For a bucket whose requests run on this runtime.
    pub(in crate::service) fn new(handle: &Arc<Handle>, bucket: &Arc<Bucket>, runtime: Runtime) -> Self {
        Self { handle: Arc::clone(handle), bucket: Arc::clone(bucket), runtime, work: Work::default() }
    }

    /// Runs until stopped. The requests of all queries run here too.
    pub(in crate::service) fn run(mut self, stop: &Stop) {
        let known = self.bucket.view.or_none(self.bucket.view.catalog().known()).days;
        self.work.earlier = known.into_iter().filter_map(|(key, (stamp, _))| Some((key, stamp?.inode))).collect();
        self.runtime.block_on(async {
            tokio::select! {
                () = stopped(stop) => {}
                () = self.work.refresh(&self.handle, &self.bucket) => {}
            }
        });
        // A request to a disk that hangs must not keep the process.
        self.runtime.shutdown_background();
        self.bucket.view.close();
    }
}

impl Work {
    async fn refresh(&mut self, handle: &Handle, bucket: &Bucket) {
        let mut delay = Delay::default();
        let interval = crate::fault::span("bucket", INTERVAL);
        loop {
            let done = self.round(bucket).await;
            bucket.stores.note(&bucket.store, &done);
            let pause = match &done {
                Ok(is_changed) => {
                    if *is_changed {
                        bucket.note_change();
                        handle.reset_subscribers();
                    }
                    if std::mem::take(&mut self.is_away) {
                        tracing::info!(store = %bucket.store, "the store is in reach again");
                    }
                    delay = Delay::default();
                    interval
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.is_away, true) {
                        tracing::warn!(store = %bucket.store, "{error}; it is tried again");
                    }
                    delay.next().min(interval)
                }
            };
            bucket.moved.notify_all();
            bucket.settle();
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads all indexes that have changed. Returns whether there was one.
    async fn round(&mut self, bucket: &Bucket) -> owlery_store::Result<bool> {
        let client = bucket.stores.get(None, bucket.store.as_str())?;
        let hosts: BTreeSet<HostName> = client.hosts().await?.into_iter().collect();
        let gone = bucket.known().days.keep_hosts(&hosts);
        self.hosts.retain(|host, _| hosts.contains(host));
        let mut is_changed = Self::clear(bucket, gone);
        let known = |host: &HostName| match self.hosts.get(host) {
            Some(Seen::Indexed(version)) => Some(version.clone()),
            Some(Seen::Listed(_)) | None => None,
        };
        let asked: Vec<_> = hosts.iter().map(|host| (host.clone(), known(host))).collect();
        let client = &client;
        let read = |(host, known): (HostName, Option<Version>)| async move {
            let read = HostIndex::read_unless(client, &host, known.as_ref()).await;
            (host, read)
        };
        let mut reads = stream::iter(asked).map(read).buffer_unordered(AT_A_TIME);
        let mut without = Vec::new();
        while let Some((host, read)) = reads.next().await {
            match read {
                Ok(Reading::Unchanged) => {}
                Ok(Reading::Changed(index, version)) => {
                    is_changed |= self.take(bucket, &host, &index);
                    self.hosts.insert(host, Seen::Indexed(version));
                }
                Ok(Reading::Missing) => without.push(host),
                Err(error @ (StoreError::Wrong { .. } | StoreError::Refused { .. })) => {
                    self.report(bucket, error.to_string());
                    without.push(host);
                }
                Err(error) => return Err(error),
            }
        }
        drop(reads);
        self.all_read(bucket, hosts.len());
        is_changed |= self.list(bucket, client, without).await?;
        Ok(is_changed)
    }

    /// Lists hosts without an index by their manifests.
    async fn list(&mut self, bucket: &Bucket, client: &Client, hosts: Vec<HostName>) -> owlery_store::Result<bool> {
        let mut is_changed = false;
        for host in hosts {
            if let Some(Seen::Listed(at)) = self.hosts.get(&host)
                && at.elapsed() < MANIFESTS_INTERVAL
            {
                continue;
            }
            let index = HostIndex::of_manifests(client, &host).await?;
            if !index.cameras.is_empty() {
                self.report(bucket, format!("{host} has no index that can be read: its manifests say what is there"));
            }
            is_changed |= self.take(bucket, &host, &index);
            self.hosts.insert(host, Seen::Listed(Instant::now()));
        }
        Ok(is_changed)
    }

    fn take(&self, bucket: &Bucket, host: &HostName, index: &HostIndex) -> bool {
        let earlier = |camera: &Camera, day: Day| self.earlier.get(&(camera.clone(), day)).copied();
        let changed = bucket.known().days.set_host(host, index, earlier);
        Self::clear(bucket, changed)
    }

    /// Removes the events of days that are gone. Returns whether anything has changed.
    fn clear(bucket: &Bucket, changed: Changed) -> bool {
        for (host, camera, day) in changed.gone {
            if let Some(shown) = bucket.view.hosts().shown(&host, &camera) {
                remove_day(bucket, shown, day);
            }
        }
        changed.is_changed
    }

    /// All indexes were read once.
    fn all_read(&mut self, bucket: &Bucket, hosts: usize) {
        let named = bucket.known().days.count().0;
        if std::mem::replace(&mut self.named, named) != named
            && let Err(error) = bucket.name_cameras()
        {
            tracing::debug!(store = %bucket.store, "{}", error.chain());
            bucket.settle(); // the list is made again, with room for all
        }
        let mut known = bucket.known();
        known.is_read = true;
        let (is_empty, (cameras, days)) = (known.days.is_empty(), known.days.count());
        let gone: Vec<_> = std::mem::take(&mut self.earlier).into_keys().collect();
        let gone: Vec<_> = gone.into_iter().filter(|(camera, day)| !known.days.has(camera, *day)).collect();
        drop(known);
        bucket.moved.notify_all();
        for (camera, day) in gone {
            remove_day(bucket, camera, day);
        }
        if is_empty {
            self.report(
                bucket,
                "no host has copied anything there: no folder HOST has a .owlery/index.json; it is looked for every minute"
                    .to_owned(),
            );
        } else if !std::mem::replace(&mut self.has_said_hosts, true) {
            tracing::info!(store = %bucket.store, "{hosts} hosts have copied {days} days of {cameras} cameras there");
        }
    }

    /// Warns once.
    fn report(&mut self, bucket: &Bucket, what: String) {
        if !self.reported.contains(&what) {
            tracing::warn!(store = %bucket.store, "{what}");
            self.reported.insert(what);
        }
    }
}

fn remove_day(bucket: &Bucket, camera: Camera, day: Day) {
    let (loose, measured_at) = (Loose { files: 0, bytes: Some(0) }, None);
    let none = DayScan { camera, day, stamp: None, events: Vec::new(), unread: Vec::new(), loose, measured_at };
    if let Err(error) = bucket.view.apply(&[Change::Day(none)]) {
        tracing::warn!(store = %bucket.store, "{}", error.chain());
    }
}
