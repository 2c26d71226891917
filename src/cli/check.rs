//! `owlery check`: prints the differences between catalog and archive, the problems, and the unexpected files.

use std::fmt::Write as _;

use owlery_model::printable::{self, printable};

use super::command_name::CommandName;
use super::session::Common;
use super::settings::MotionFindings;
use super::{Outcome, output};
use crate::{Findings, Report, Result};

pub(super) fn run(common: &Common, json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Check)?;
    let mut findings = session.archive.check()?;
    let MotionFindings { path, losses, remarks } = session.motion_findings;
    findings.problems.extend(losses.into_iter().map(|loss| Report::failure(path.clone(), loss)));
    findings.notes.extend(remarks.into_iter().map(|remark| Report::note(path.clone(), remark)));
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
