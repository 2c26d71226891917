//! `owlery check`: prints the differences between catalog and archive, the problems, and the unexpected files.

use std::fmt::Write as _;

use owlery_model::printable::{self, printable};

use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output};
use crate::{Findings, Result};

pub(super) fn run(common: &Common, json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Check)?;
    let findings = session.archive.check()?;
    if json {
        output::json(&findings)?;
    } else {
        show(&findings)?;
    }
    let is_clean = findings.differences.is_empty() && findings.problems.is_empty();
    Ok(if is_clean { Outcome::Done } else { Outcome::Incomplete })
}

fn show(findings: &Findings) -> Result<()> {
    let mut text = String::new();
    for (word, reports) in
        [("differs", &findings.differences), ("problem", &findings.problems), ("note", &findings.notes)]
    {
        for report in reports {
            let _ = writeln!(text, "{word}: {}: {}", printable::path(&report.path), printable(&report.problem));
        }
    }
    let _ = writeln!(
        text,
        "{}: {}, {}, {}",
        output::count(findings.events, "event"),
        output::count(findings.differences.len() as u64, "difference"),
        output::count(findings.problems.len() as u64, "problem"),
        output::count(findings.notes.len() as u64, "note")
    );
    output::print(&text)
}
