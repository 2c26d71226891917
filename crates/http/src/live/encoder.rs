//! The task that encodes each notification of the service once for all clients. It ends some minutes after the last client has left,
//! or with the service.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::coalescer::{Coalescer, Decision};
use super::message::Message;
use super::run::Run;
use super::runs::Runs;
use super::settings::Settings;
use crate::engine::{Handle, Notification, Subscription};

/// The most notifications that are encoded before clients are woken.
const MAX_BATCH: usize = 256;

/// Ends the run when the task ends, also when its runtime is dropped.
pub(super) struct RunGuard {
    runs: Arc<Runs>,
    run: Arc<Run>,
}

impl RunGuard {
    pub(super) fn new(runs: Arc<Runs>, run: Arc<Run>) -> Self {
        Self { runs, run }
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        self.runs.remove(&self.run);
        self.run.end();
    }
}

/// Encodes notifications until the run has been without subscribers for a while.
pub(super) async fn follow(guard: RunGuard, handle: Arc<Handle>, settings: Settings, mut notifications: Subscription) {
    let RunGuard { runs, run } = &guard;
    let Settings { check_interval, stall_timeout, linger, .. } = settings;
    let mut encoder = Encoder {
        handle: &handle,
        run,
        coalescer: Coalescer::new(Instant::now()),
        max_message: settings.bounds.bytes / 8,
    };
    let mut check = interval(check_interval);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            notification = notifications.next() => {
                let Some(notification) = notification else { return };
                encoder.add(notification);
                for _ in 1..MAX_BATCH {
                    // Sends what has arrived together. The end of the subscription is handled above.
                    let Some(Some(notification)) = notifications.next().now_or_never() else { break };
                    encoder.add(notification);
                }
                run.wake();
            }
            _ = check.tick() => {
                if encoder.coalescer.is_reset_due(Instant::now()) {
                    encoder.reset();
                    run.wake();
                }
                let dropped = run.drop_stalled(stall_timeout);
                if dropped > 0 {
                    tracing::debug!("live stream: disconnected {dropped} clients that read nothing");
                }
                if run.is_idle(linger) && runs.remove_idle(run) {
                    return;
                }
                #[cfg(test)]
                runs.checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }
}

/// Turns notifications into messages of the log.
struct Encoder<'a> {
    handle: &'a Handle,
    run: &'a Run,
    coalescer: Coalescer,
    /// The largest message, in bytes; a reset replaces a larger one.
    max_message: usize,
}

impl Encoder<'_> {
    fn add(&mut self, notification: Notification) {
        let now = Instant::now();
        let is_reset = notification == Notification::Reset;
        let decision = if is_reset { self.coalescer.lost(now) } else { self.coalescer.notification(now) };
        let mut is_too_large = false;
        match decision {
            Decision::Send => self.run.add(|id| {
                let message = Message::of(notification, &self.run.prefix, id, now, self.handle.now());
                is_too_large = message.len() > self.max_message;
                (!is_too_large).then_some(message)
            }),
            Decision::Drop => {}
            Decision::Reset => self.reset(),
        }
        if is_too_large {
            self.add(Notification::Reset);
        }
    }

    fn reset(&self) {
        self.run.reset(|id| Message::of(Notification::Reset, &self.run.prefix, id, Instant::now(), self.handle.now()));
    }
}
