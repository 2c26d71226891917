//! The task that follows the service's news and encodes each of them once, for all clients. It runs as long as somebody
//! listens, and some minutes longer; it ends when the service stops.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::flood::{Flood, Verdict};
use super::message::Message;
use super::run::Run;
use super::{Live, Settings};
use crate::service::{Handle, Notification, Subscription};

/// News that are added to the log before the clients are woken: each wakes them all.
const TOGETHER: usize = 256;

/// Ends the run, however the task ends: the runtime that it runs on may be an embedding program's, and go away.
pub(super) struct Ending {
    live: Arc<Live>,
    run: Arc<Run>,
}

impl Ending {
    pub fn new(live: &Arc<Live>, run: Arc<Run>) -> Self {
        Self { live: Arc::clone(live), run }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.live.forget(&self.run);
        self.run.end();
    }
}

/// Follows until nobody needs it any more.
pub(super) async fn follow(ending: Ending, mut news: Subscription) {
    let (live, run) = (&ending.live, &ending.run);
    let Settings { look, stall, linger, .. } = live.settings;
    let mut encoder =
        Encoder { handle: &live.handle, run, flood: Flood::new(Instant::now()), most: live.settings.bounds.bytes / 8 };
    let mut look = interval(look);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            notice = news.next() => {
                let Some(notice) = notice else { return };
                encoder.add(notice);
                for _ in 1..TOGETHER {
                    // What has come together is sent together. The end is met again above.
                    let Some(Some(notice)) = news.next().now_or_never() else { break };
                    encoder.add(notice);
                }
                run.wake();
            }
            _ = look.tick() => {
                if encoder.flood.look(Instant::now()) {
                    encoder.reset();
                    run.wake();
                }
                let dropped = run.drop_stalled(stall);
                if dropped > 0 {
                    tracing::debug!("live stream: {dropped} clients did not take what waited for them and are dropped");
                }
                if run.is_deserted(linger) && live.forget_deserted(run) {
                    return;
                }
                #[cfg(test)]
                live.looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }
}

/// Turns notices into messages of the log.
struct Encoder<'a> {
    handle: &'a Handle,
    run: &'a Run,
    flood: Flood,
    /// The longest message, in bytes; what is longer is left to be asked for.
    most: usize,
}

impl Encoder<'_> {
    fn add(&mut self, notice: Notification) {
        let now = Instant::now();
        let verdict = if notice == Notification::Reset { self.flood.lost(now) } else { self.flood.news(now) };
        let mut is_too_long = false;
        match verdict {
            Verdict::Tell => self.run.add(|id| {
                let message = Message::of(notice, &self.run.prefix, id, now, self.handle.now());
                is_too_long = message.len() > self.most;
                (!is_too_long).then_some(message)
            }),
            Verdict::Bury => {}
            Verdict::Reset => self.reset(),
        }
        if is_too_long {
            self.add(Notification::Reset);
        }
    }

    fn reset(&self) {
        self.run
            .begin_anew(|id| Message::of(Notification::Reset, &self.run.prefix, id, Instant::now(), self.handle.now()));
    }
}
