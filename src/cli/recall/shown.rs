//! Shows how far a recall is on standard error: a bar on a terminal, else a line every few seconds.

use std::cell::Cell;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::output;

/// The interval of lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shown until it is dropped.
pub(super) struct Shown {
    bar: ProgressBar,
    is_terminal: bool,
    /// When the last line was printed.
    printed: Mutex<Cell<Instant>>,
}

impl Shown {
    /// Begins to show a recall of so many bytes; 0 if that is not known.
    pub(super) fn new(bytes: u64) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let template = "{bar:32} {bytes}/{total_bytes}  {msg}  {elapsed}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = if is_terminal { ProgressBar::new(bytes).with_style(style) } else { ProgressBar::hidden() };
        bar.set_length(bytes);
        Self { bar, is_terminal, printed: Mutex::new(Cell::new(Instant::now())) }
    }

    /// Bytes that need not be read.
    pub(super) fn skip(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Bytes that were read, and the number of events that are back.
    pub(super) fn add(&self, bytes: u64, events: u64) {
        self.bar.inc(bytes);
        let known = self.bar.length().unwrap_or(0);
        self.bar.set_length(known.max(self.bar.position()));
        if self.is_terminal {
            self.bar.set_message(output::count(events, "event"));
            return;
        }
        let printed = self.printed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if printed.get().elapsed() >= LINE_INTERVAL {
            printed.set(Instant::now());
            let read = output::size(Some(self.bar.position()));
            let of = if known > 0 { format!(" of {}", output::size(Some(known))) } else { String::new() };
            eprintln!("recall: {read}{of}, {} so far", output::count(events, "event"));
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
