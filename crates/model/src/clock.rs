//! The clock, as an argument. Everything that depends on the time takes a [`Now`] or a [`Clock`]; nothing else reads
//! the wall clock or sleeps (`clippy.toml` forbids it). [`Stop`] is the one way to wait.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, Utc};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

/// One moment: absolute, and as wall time of the cameras' host.
///
/// Motion names directories by local wall time, so everything about names uses `local` and everything about file times
/// uses `utc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The moment itself.
    pub utc: DateTime<Utc>,
    /// The same moment as wall time.
    pub local: NaiveDateTime,
}

impl Now {
    /// A moment in the host's time zone.
    pub fn at(utc: DateTime<Utc>) -> Self {
        Self { utc, local: utc.with_timezone(&Local).naive_local() }
    }

    /// Today's date.
    pub fn today(&self) -> NaiveDate {
        self.local.date()
    }

    /// Yesterday's date.
    pub fn yesterday(&self) -> NaiveDate {
        self.today() - Days::new(1)
    }

    /// Nanoseconds since 1970, as file times are compared.
    pub fn nanos(&self) -> i64 {
        self.utc.timestamp_nanos_opt().unwrap_or(i64::MAX)
    }
}

/// Limits how much time can have passed, whatever the wall clock shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// Changes with every boot: `/proc/sys/kernel/random/boot_id`, random(4).
    pub id: String,
    /// The time since that boot, including sleep: `CLOCK_BOOTTIME`, `clock_gettime(2)`.
    pub elapsed: Duration,
}

/// A source of the time.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Now;

    /// What the wall clock is compared with before anything expires. `None`, the default, is for a clock that is moved
    /// on purpose: it is accepted whatever it shows.
    fn boot(&self) -> Option<Boot> {
        None
    }

    /// Whether the kernel reports the wall clock as synchronised now. Called only for a clock with a [`Boot`].
    fn is_synchronised(&self) -> bool {
        false
    }
}

/// The host's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the only place that reads the wall clock
    fn now(&self) -> Now {
        Now::at(Utc::now())
    }

    fn boot(&self) -> Option<Boot> {
        let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let elapsed = Duration::try_from(since).expect("CLOCK_BOOTTIME counts up from zero");
        // Without /proc every run counts as one of the same boot, which is the stricter rule.
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Some(Boot { id: id.trim_end().to_owned(), elapsed })
    }

    /// Where the call is forbidden (a seccomp filter, systemd's `ProtectClock=`) the clock counts as not synchronised.
    fn is_synchronised(&self) -> bool {
        owlery_sys::is_clock_synchronised().unwrap_or_else(|error| {
            tracing::debug!("adjtimex: {error}");
            false
        })
    }
}

/// A clock that stands until it is moved: for tests, and for embedding programs that replay.
#[derive(Debug)]
pub struct ManualClock(Mutex<Now>); // written by `set`, read by `now`

impl ManualClock {
    /// A clock that shows `local` on the wall, taken as if the host were in UTC.
    pub fn new(local: NaiveDateTime) -> Self {
        Self(Mutex::new(Now { utc: local.and_utc(), local }))
    }

    /// Moves the clock.
    pub fn set(&self, local: NaiveDateTime) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Now { utc: local.and_utc(), local };
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a worker waits on between two pieces of work: it wakes at once when its [`StopHandle`] is dropped.
#[derive(Debug, Clone)]
pub struct Stop(Receiver<()>);

/// Dropping it stops everything that holds its [`Stop`].
#[derive(Debug)]
pub struct StopHandle {
    /// Nothing is ever sent; the disconnection is the message.
    _sender: Sender<()>,
}

impl Stop {
    /// A connected pair.
    pub fn new() -> (StopHandle, Self) {
        // A channel with a place is asked without its lock, which all threads of a walk would share.
        let (sender, receiver) = bounded(1);
        (StopHandle { _sender: sender }, Self(receiver))
    }

    /// Whether to stop.
    pub fn is_set(&self) -> bool {
        matches!(self.0.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected))
    }

    /// Waits for `time`; `true` if stopped meanwhile.
    pub fn wait(&self, time: Duration) -> bool {
        !matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    /// For `select!`: ready (with an error) once stopped.
    pub fn receiver(&self) -> &Receiver<()> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_comes_from_the_kernel() {
        let before = SystemClock.boot().unwrap();
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let after = SystemClock.boot().unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        assert!(before.elapsed.as_secs_f64() - 0.02 <= uptime && uptime <= after.elapsed.as_secs_f64());
        assert_eq!((before.id.len(), &before.id), (36, &after.id));
    }

    #[test]
    fn a_dropped_handle_ends_every_wait() {
        let (handle, stop) = Stop::new();
        assert!(!stop.is_set());
        assert!(!stop.wait(Duration::from_millis(1)));
        drop(handle);
        assert!(stop.is_set());
        assert!(stop.wait(Duration::from_secs(3600)));
    }
}
