//! `owlery scan`: one preload.

use std::sync::Arc;

use super::command_name::CommandName;
use super::{Common, Outcome, output, progress};
use crate::archive::Depth;
use crate::daemon::control::{Request, ScanWire};
use crate::error::Result;
use crate::printable::{self, printable};
use crate::scan::Progress;

pub(super) fn run(common: &Common, measure: bool, json: bool) -> Result<Outcome> {
    let here = common.open(CommandName::Scan)?;
    // Closed only after the summary is out: every event can be queried by then, and what is left is tidying up.
    let mut parts = None;
    let scan = if let Some(answer) = here.ask::<ScanWire>(&Request::Scan { measure }) {
        answer?
    } else {
        let parts = parts.insert(here.archive.parts()?);
        let progress = Arc::new(Progress::default());
        let shown = progress::Shown::start(Arc::clone(&progress), || false);
        let depth = if measure { Depth::Full } else { Depth::NamesOnly };
        let summary = parts.preload(depth, &progress)?;
        drop(shown);
        ScanWire::from(&summary)
    };
    let outcome = if scan.failures > 0 { Outcome::Incomplete } else { Outcome::Done };
    for problem in &scan.problems {
        eprintln!("{}: {}", printable::path(&problem.path), printable(&problem.problem));
    }
    if json {
        output::json(&scan)?;
    } else {
        output::print(&format!(
            "{} of {} in {}, {}, in {}\n",
            output::count(scan.events, "event"),
            output::count(scan.cameras, "camera"),
            output::count(scan.days, "day"),
            output::count(scan.problems.len() as u64, "problem"),
            humantime::format_duration(std::time::Duration::from_millis(scan.elapsed_ms))
        ))?;
    }
    Ok(outcome)
}
