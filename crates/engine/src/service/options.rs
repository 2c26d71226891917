//! The options of an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "media")]
use super::media_cache::CacheOptions;
use crate::clock::{Clock, SystemClock};
use crate::event::Camera;
use crate::layout::Pattern;
use crate::retention::{Keep, Policy};
use crate::scan::Sidecars;
use crate::stream_url::StreamUrl;
use crate::window::Window;

/// How an archive is managed. Without a rule nothing expires.
#[derive(Clone)]
pub struct Options {
    /// The directory that holds the camera directories.
    pub root: PathBuf,
    /// The state directory; `ROOT/.owlery` if none.
    pub state_dir: Option<PathBuf>,
    /// The names of camera directories, a regular expression.
    pub camera_pattern: String,
    /// The retention rules.
    pub policy: Policy,
    /// For how long a pass can be restored.
    pub undo_window: Duration,
    /// The time between two passes.
    pub check_interval: Duration,
    /// Motion's `event_gap`: after so much silence an event is over.
    pub event_gap: Duration,
    /// Which sidecars are believed and written.
    pub sidecars: Sidecars,
    /// How often to poll for changes, where no notifications are used.
    pub poll: Option<Duration>,
    /// The most files that are removed in a second.
    pub reap_rate: Option<NonZeroU32>,
    /// The hours in which passes are removed; always if none.
    pub window: Option<Window>,
    /// The ports of the cameras' live streams.
    pub ports: BTreeMap<Camera, u16>,
    /// The streams of cameras, for those who pass them on.
    pub live: BTreeMap<Camera, StreamUrl>,
    /// The cameras to whose events Motion gives numbers.
    pub numbered: BTreeSet<Camera>,
    /// How flat files are named: Motion's patterns, each of one camera or of all.
    pub layouts: Vec<(Option<Camera>, Pattern)>,
    /// Whether events of numbered directories are finished.
    #[cfg(feature = "media")]
    pub finish: bool,
    /// How the media cache is kept.
    #[cfg(feature = "media")]
    pub cache: CacheOptions,
    /// The stores that events can be copied to.
    #[cfg(feature = "stores")]
    pub stores: Vec<owlery_store::StoreOptions>,
    /// Whether the events of all hosts below the prefix of the one store are shown.
    pub every_host: bool,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Whether a root without a camera directory is accepted.
    pub may_be_empty: bool,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("root", &self.root).field("policy", &self.policy).finish_non_exhaustive()
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $value;
            self
        }
    )*};
}

impl Options {
    /// The archive at `root`, with defaults for everything else.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            state_dir: None,
            camera_pattern: "Camera.*".to_owned(),
            policy: Policy::default(),
            undo_window: Duration::ZERO,
            check_interval: Duration::from_hours(1),
            event_gap: Duration::from_mins(1),
            sidecars: Sidecars::default(),
            poll: None,
            reap_rate: None,
            window: None,
            ports: BTreeMap::new(),
            live: BTreeMap::new(),
            numbered: BTreeSet::new(),
            layouts: Vec::new(),
            #[cfg(feature = "media")]
            finish: false,
            #[cfg(feature = "media")]
            cache: CacheOptions::default(),
            #[cfg(feature = "stores")]
            stores: Vec::new(),
            every_host: false,
            clock: Arc::new(SystemClock),
            may_be_empty: false,
        }
    }

    /// A day expires when it lies more than `days` days before today. At least 1.
    #[must_use]
    pub fn keep_days(mut self, days: u32) -> Self {
        self.policy.keep = Some(Keep::Days(days));
        self
    }

    /// How the flat files of a camera are named, or those of all cameras without a layout of their own. A camera may have
    /// several, with the date in the same place. Without any, the layout is recognised by looking.
    #[must_use]
    pub fn layout(mut self, camera: Option<Camera>, pattern: Pattern) -> Self {
        self.layouts.push((camera, pattern));
        self
    }

    setters! {
        /// All rules at once.
        policy: Policy = policy;
        /// The state directory; `.owlery` in the root by default.
        state_dir: PathBuf = Some(state_dir);
        /// Which directories of the root are cameras: a regular expression for the whole name.
        camera_pattern: String = camera_pattern;
        /// How long a pass of a rule can be restored before the reaper removes it.
        undo_window: Duration = undo_window;
        /// How often the expirer runs, and the tree is compared with the catalog.
        check_interval: Duration = check_interval;
        /// Motion's `event_gap`.
        event_gap: Duration = event_gap;
        /// For which events `.details.json` is written.
        sidecars: Sidecars = sidecars;
        /// Poll at this interval instead of using kernel notifications.
        poll: Duration = Some(poll);
        /// How many entries the reaper removes in a second; 0 for no limit.
        reap_rate: u32 = NonZeroU32::new(reap_rate);
        /// The hours of the day, by the wall clock, in which the reaper works; all by default.
        window: Window = Some(window);
        /// The known ports of the cameras' live streams.
        ports: BTreeMap<Camera, u16> = ports;
        /// Where the streams of cameras are, which the HTTP service passes on.
        live: BTreeMap<Camera, StreamUrl> = live;
        /// The cameras whose events Motion names by number (`%v`): a directory `08` of theirs with frames of that hour
        /// alone is an event rather than an hour.
        numbered: BTreeSet<Camera> = numbered;
        /// Whether a root without cameras is an archive that waits for its first one. By default it is refused.
        may_be_empty: bool = may_be_empty;
        /// Whether events that Motion names by number (`%v`) are finished: each gets a movie, a thumbnail, and its time for a
        /// name. Off by default.
        #[cfg(feature = "media")]
        finish: bool = finish;
        /// How the media cache is kept.
        #[cfg(feature = "media")]
        cache: CacheOptions = cache;
        /// The stores that events can be copied to. By default there are none.
        #[cfg(feature = "stores")]
        stores: Vec<owlery_store::StoreOptions> = stores;
        /// Whether the events of all hosts that have copied to the store are shown, each camera as `HOST:CAMERA`; there must be one store
        /// alone. Days are read when they are asked for, and nothing is written there. The root should be an empty directory of its own.
        /// Off by default.
        every_host: bool = every_host;
        /// The source of the time.
        clock: Arc<dyn Clock> = clock;
    }
}
