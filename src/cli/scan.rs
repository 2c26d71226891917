//! `owlery scan`: scans the archive into the catalog.

use owlery_model::printable::{self, printable};

use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output};
use crate::Result;

pub(super) fn run(common: &Common, measure: bool, json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Scan)?;
    let admin = session.admin()?; // closed only after the summary is printed: by then every event can be queried
    let scan = admin.scan(measure)?;
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
