//! The task that reads the stream of one camera, once for all clients. It ends soon after its last client has left, with the service,
//! or when the stream has been lost for too long.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::HttpBody;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use super::connect;
use super::failure::Failure;
use super::feed::Feed;
use super::multipart::{Next, Parser};
use super::settings::Settings;
use super::streams::Running;
use crate::clock::Stop;
use crate::stream_url::StreamUrl;

/// Ends the feed when the task ends, also when its runtime is dropped.
struct Guard {
    running: Arc<Running>,
    feed: Arc<Feed>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.running.remove(&self.feed);
        self.feed.end(Failure::Stopped);
    }
}

/// Reads a stream into a feed until it is of no use any more.
pub(super) async fn run(running: Arc<Running>, feed: Arc<Feed>, url: StreamUrl, settings: Settings, stop: Stop) {
    let guard = Guard { running, feed };
    let Guard { running, feed } = &guard;
    tokio::select! {
        failure = follow(feed, &url, &settings) => {
            if failure == (Failure::Login { was_sent: true }) {
                running.note_refused_login(&feed.camera);
            }
            tracing::debug!(camera = %feed.camera, "the live stream ended: {failure:?}");
            feed.end(failure);
        }
        () = supervise(running, feed, &settings, &stop) => {}
    }
}

/// Disconnects clients that do not read. Returns when there are no clients any more, or the service stops.
async fn supervise(running: &Running, feed: &Arc<Feed>, settings: &Settings, stop: &Stop) {
    let mut check = interval(settings.check_interval);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        check.tick().await;
        if stop.is_set() {
            return;
        }
        let dropped = feed.drop_stalled(settings.stall_timeout);
        if dropped > 0 {
            tracing::debug!(camera = %feed.camera, "live pictures: disconnected {dropped} clients that read nothing");
        }
        if running.remove_idle(feed, settings.linger) {
            return;
        }
    }
}

/// Reads a stream, and again after it was lost, as when Motion restarts. Returns why there are no more pictures.
async fn follow(feed: &Feed, url: &StreamUrl, settings: &Settings) -> Failure {
    let mut lost = Instant::now();
    loop {
        let before = feed.pictures();
        let failure = read(feed, url, settings).await;
        let pictures = feed.pictures();
        if pictures > before {
            lost = Instant::now();
        }
        // The first client learns at once that there is nothing to see.
        if pictures == 0 || failure.is_final() || lost.elapsed() >= settings.retry_for {
            return failure;
        }
        sleep(settings.retry_pause).await;
    }
}

/// Reads a stream to its end; returns how it ended.
async fn read(feed: &Feed, url: &StreamUrl, settings: &Settings) -> Failure {
    let mut stream = match connect::open(url, settings.connect_limit).await {
        Ok(stream) => stream,
        Err(failure) => return failure,
    };
    let Some(mut parser) = Parser::new(&stream.boundary, settings.max_picture) else {
        return Failure::NoStream("its boundary is invalid".to_owned());
    };
    let mut end = Instant::now() + settings.picture_limit;
    loop {
        let frame = poll_fn(|context| Pin::new(&mut stream.body).poll_frame(context));
        let bytes = match timeout_at(end, frame).await {
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Ok(Some(Err(error))) => return connect::failure_of(&error),
            Ok(None) => return Failure::Unreachable("the server has closed the stream".to_owned()),
            Err(_) => return Failure::Silent(settings.picture_limit),
        };
        parser.push(&bytes);
        loop {
            match parser.next() {
                Ok(Next::Picture(jpeg)) => {
                    feed.show(&jpeg);
                    end = Instant::now() + settings.picture_limit;
                }
                Ok(Next::More) => break,
                Ok(Next::End) => return Failure::Unreachable("the server has ended the stream".to_owned()),
                Err(malformed) => return Failure::Malformed(malformed),
            }
        }
    }
}
