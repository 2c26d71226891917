//! Prints results: text for people, or one JSON document.

use std::io::Write;
use std::path::Path;

use bytesize::ByteSize;
use owlery_model::printable::{self, printable, printable_lines};
use serde::Serialize;

use crate::protocol;
use crate::{Error, EventSelection, Item, Report, Result};

/// Prints text to standard output, with control characters escaped.
pub(super) fn print(text: &str) -> Result<()> {
    print_raw(&printable_lines(text))
}

/// Prints text unchanged. A closed pipe (`| head`) is no error.
pub(super) fn print_raw(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("write to", Path::new("standard output"), error))
        }
        _ => Ok(()),
    }
}

/// Prints one JSON document.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).expect("our own types are JSON");
    print_raw(&format!("{text}\n"))
}

/// Prints reports to standard error. Returns whether one of them is a read failure.
pub(super) fn reports(reports: &[Report]) -> bool {
    for report in reports {
        print_problem(&report.path, &report.problem);
    }
    reports.iter().any(|report| report.unreadable)
}

/// Prints failures to standard error. Returns whether there are any.
pub(super) fn failures<'a>(failures: impl IntoIterator<Item = &'a protocol::Report>) -> bool {
    let mut any = false;
    for failure in failures {
        print_problem(&failure.path, &failure.problem);
        any = true;
    }
    any
}

fn print_problem(path: &Path, problem: &str) {
    eprintln!("{}: {}", printable::path(path), printable(problem));
}

/// A size with its unit; `?` if unknown.
pub(super) fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), |bytes| ByteSize::b(bytes).display().si().to_string())
}

/// "1 event", "2 events".
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A short form of the selected events of a day.
pub(super) fn which(events: &EventSelection) -> String {
    match events {
        EventSelection::All => "whole day".to_owned(),
        EventSelection::Some(names) if names.len() <= 3 => {
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        EventSelection::Some(names) => format!("{} … {}", names[0], names[names.len() - 1]),
    }
}

/// The line of an item of a plan or a pass.
pub(super) fn item(item: &Item) -> String {
    format!(
        "{:<12} {}  {:>10}  {:>10}  {:<10}  {}\n",
        item.camera.as_str(),
        item.day,
        count(item.count, "event"),
        size(item.bytes),
        which(&item.events),
        item.reason
    )
}
