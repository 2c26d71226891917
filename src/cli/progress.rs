//! Progress on standard error: a bar on a terminal, a line every few seconds elsewhere, nothing for what is quick.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::{Stop, StopHandle};
use crate::scan::Progress;

/// How often the bar moves, and how often a line is written.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(5);

/// Progress that is shown until this is dropped.
pub(super) struct Shown {
    stop: Option<StopHandle>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Shows a progress until this is dropped, or `done` says so.
    pub fn start(progress: Arc<Progress>, done: impl Fn() -> bool + Send + 'static) -> Self {
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
            tracing::debug!("the progress could not be shown");
        }
    }
}

fn bar(progress: &Progress, done: &dyn Fn() -> bool, stop: &Stop) {
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} days  {msg}  {elapsed}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !stop.wait(BAR) && !done() {
        bar.set_length(progress.days.load(Relaxed));
        bar.set_position(progress.days_done.load(Relaxed));
        bar.set_message(format!("{} events", progress.events.load(Relaxed)));
    }
    bar.finish_and_clear();
}

fn lines(progress: &Progress, done: &dyn Fn() -> bool, stop: &Stop) {
    let mut next = Instant::now() + LINE;
    while !stop.wait(BAR) && !done() {
        if Instant::now() >= next {
            next += LINE;
            eprintln!(
                "preload: {} of {} days, {} events so far",
                progress.days_done.load(Relaxed),
                progress.days.load(Relaxed),
                progress.events.load(Relaxed)
            );
        }
    }
}
