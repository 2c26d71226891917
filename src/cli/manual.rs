//! Manual actions on single events and passes: `owlery queue`, `restore`, `delete`, `save` and `unsave`.

use std::fmt::Write as _;

use owlery_model::printable::{self, printable};

use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output};
use crate::protocol::{QueuedPass, Saved};
use crate::{Actor, Error, EventId, Result};

/// Lists the passes in the delete queue.
pub(super) fn queue(common: &Common, json: bool) -> Result<Outcome> {
    let queue = common.open(CommandName::Queue)?.admin()?.queue()?;
    let has_problem = queue.passes.iter().any(|pass| pass.problem.is_some());
    let outcome = if has_problem { Outcome::Incomplete } else { Outcome::Done };
    if json {
        output::json(&queue)?;
        return Ok(outcome);
    }
    let mut text = String::new();
    for pass in &queue.passes {
        push_pass(&mut text, pass);
    }
    if queue.passes.is_empty() {
        let empty = if queue.others.is_empty() { "the delete queue is empty" } else { "no pass of this archive waits" };
        let _ = writeln!(text, "{empty}");
    }
    for other in &queue.others {
        let _ = writeln!(text, "{}: {}", printable::path(&other.path), printable(&other.problem));
    }
    output::print(&text)?;
    Ok(outcome)
}

fn push_pass(text: &mut String, pass: &QueuedPass) {
    let by = if pass.by == Actor::Hand { "manual" } else { "by rule" };
    let until = match &pass.undo_until {
        _ if pass.reaping => "is being removed".to_owned(),
        Some(until) => format!("can be restored until {until}"),
        None => "is removed soon".to_owned(),
    };
    let _ = writeln!(text, "{}  {by}, {until}", pass.pass);
    if let Some(problem) = &pass.problem {
        let _ = writeln!(text, "  PROBLEM {problem}");
    }
    for item in &pass.items {
        let _ = write!(text, "  {}", output::item(item));
    }
}

/// Restores a pass.
pub(super) fn restore(common: &Common, pass: &str, json: bool) -> Result<Outcome> {
    let done = common.open(CommandName::Restore)?.admin()?.restore(pass)?;
    let is_incomplete = output::failures(done.left.iter().chain(&done.failures));
    if json {
        output::json(&done)?;
    } else {
        let mut text: String = done.items.iter().map(output::item).collect();
        let events = done.items.iter().map(|item| item.count).sum();
        let kept =
            done.kept_until.as_ref().map_or_else(String::new, |until| format!("; no rule retires them until {until}"));
        let _ = writeln!(text, "pass {}: restored {}{kept}", done.pass, output::count(events, "event"));
        output::print(&text)?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// Moves events into the delete queue.
pub(super) fn delete(common: &Common, events: &[EventId], json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Delete)?;
    let pass = session.admin()?.delete(events)?;
    let is_incomplete = output::failures(&pass.failures);
    if json {
        output::json(&pass)?;
    } else {
        let mut text: String = pass.items.iter().map(output::item).collect();
        if let (Some(name), Some(until)) = (&pass.pass, &pass.undo_until) {
            let restore = session.archive.command().restore(name);
            let _ = writeln!(text, "pass {name}: can be restored until {until} with: {restore}");
        }
        output::print(&text)?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// Saves or unsaves events. One that fails does not stop the others.
pub(super) fn save(common: &Common, events: &[EventId], saved: bool, json: bool) -> Result<Outcome> {
    let session = common.open(if saved { CommandName::Save } else { CommandName::Unsave })?;
    let results = session.admin()?.save(events, saved)?;
    let (mut done, mut is_incomplete) = (Vec::new(), false);
    for (event, result) in events.iter().zip(results) {
        match result {
            Ok(()) => done.push(event.clone()),
            Err(error @ Error::Unrecorded { .. }) => {
                eprintln!("owlery: {}", error.chain());
                done.push(event.clone());
                is_incomplete = true;
            }
            Err(error) if events.len() == 1 => return Err(error),
            Err(error) => {
                eprintln!("owlery: {event}: {}", error.chain());
                is_incomplete = true;
            }
        }
    }
    if json {
        output::json(&Saved { events: done, saved })?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// Parses the names of events.
pub(super) fn events(texts: &[String]) -> Result<Vec<EventId>> {
    texts.iter().map(|text| text.trim_end_matches('/').parse()).collect::<Result<_, Error>>()
}
