//! Shows progress on standard error: a bar on a terminal, else a line every few seconds.

use std::io::IsTerminal;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{Progress, Stop, StopHandle};

/// The interval of updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
/// The interval of lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows progress until it is dropped.
pub(super) struct Shown {
    stop: Option<StopHandle>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Starts to show `progress`, until `done` returns true or this is dropped.
    pub(super) fn start(progress: Arc<Progress>, done: impl Fn() -> bool + Send + 'static) -> Self {
        let (handle, stop) = Stop::new();
        let thread = std::thread::Builder::new().name("owlery-progress".to_owned()).spawn(move || {
            if std::io::stderr().is_terminal() { bar(&progress, &done, &stop) } else { lines(&progress, &done, &stop) }
        });
        Self { stop: Some(handle), thread: thread.ok() }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::debug!("the progress thread panicked");
        }
    }
}

fn bar(progress: &Progress, done: &dyn Fn() -> bool, stop: &Stop) {
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} days  {msg}  {elapsed}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !stop.wait(BAR_INTERVAL) && !done() {
        bar.set_length(progress.days());
        bar.set_position(progress.days_done());
        bar.set_message(format!("{} events", progress.events()));
    }
    bar.finish_and_clear();
}

fn lines(progress: &Progress, done: &dyn Fn() -> bool, stop: &Stop) {
    let mut next = Instant::now() + LINE_INTERVAL;
    while !stop.wait(BAR_INTERVAL) && !done() {
        if Instant::now() >= next {
            next += LINE_INTERVAL;
            eprintln!(
                "preload: {} of {} days, {} events so far",
                progress.days_done(),
                progress.days(),
                progress.events()
            );
        }
    }
}
