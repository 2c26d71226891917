//! `owlery plan` and `owlery expire`.

use std::fmt::Write as _;

use super::admin::Found;
use super::command_name::CommandName;
use super::session::Common;
use super::settings::declaration::UNDO_WINDOW;
use super::{Outcome, output};
use crate::{Archive, Error, Result};

/// The plan, as a dry run.
pub(super) fn plan(common: &Common, json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Plan)?;
    let rules = Some(common.typed.rules()).filter(|rules| !rules.is_empty());
    let Found { value: plan, is_incomplete } = session.admin()?.plan(rules)?;
    if json {
        output::json(&plan)?;
    } else {
        let mut text: String = plan.items.iter().map(output::item).collect();
        for item in &plan.kept {
            let _ = write!(text, "keep  {}", output::item(item));
        }
        let bytes: Option<u64> = plan.items.iter().map(|item| item.bytes).sum();
        let events = plan.items.iter().map(|item| item.count).sum();
        if !plan.has_rule {
            text.push_str("nothing expires: there is no retention rule (--keep-days)\n");
        } else if plan.items.is_empty() {
            if plan.held.is_none() {
                text.push_str("nothing would be retired\n");
            }
        } else {
            let _ = writeln!(text, "would retire {}, {}", output::count(events, "event"), output::size(bytes));
        }
        push_alerts(&mut text, &plan.alerts);
        if let Some(held) = &plan.held {
            let _ = writeln!(text, "held by the guard {:?}: {}", held.guard.as_str(), held.message);
        }
        output::print(&text)?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// Runs one pass, and removes what it may.
pub(super) fn expire(common: &Common, confirm: Option<&str>, json: bool) -> Result<Outcome> {
    let session = common.open(CommandName::Expire)?;
    if confirm.is_some() && common.typed.text(UNDO_WINDOW).is_some() {
        check_promise(&session.archive, confirm)?;
    }
    let Found { value: pass, mut is_incomplete } = session.admin()?.expire(confirm)?;
    is_incomplete |= output::failures(&pass.failures);
    if json {
        output::json(&pass)?;
    } else {
        let mut text: String = pass.items.iter().map(output::item).collect();
        match (&pass.refused, &pass.pass) {
            (Some(refused), _) => {
                eprintln!("owlery: refused by the guard {:?}: {}", refused.guard.as_str(), refused.message);
            }
            (None, None) if !pass.items.is_empty() => text.push_str("no pass was made\n"),
            (None, None) if !pass.failures.is_empty() => text.push_str("nothing was retired\n"),
            (None, None) if !pass.emptied.is_empty() => {}
            (None, None) => text.push_str("nothing to do\n"),
            (None, Some(name)) => {
                let events = pass.items.iter().map(|item| item.count).sum();
                let bytes: Option<u64> = pass.items.iter().map(|item| item.bytes).sum();
                let _ =
                    writeln!(text, "pass {name}: retired {}, {}", output::count(events, "event"), output::size(bytes));
            }
        }
        if !pass.emptied.is_empty() {
            text.extend(pass.emptied.iter().map(output::item));
            let events = pass.emptied.iter().map(|item| item.count).sum();
            let _ = writeln!(text, "removed the directories of {}", output::count(events, "emptied event"));
        }
        push_alerts(&mut text, &pass.alerts);
        output::print(&text)?;
    }
    Ok(match pass.refused {
        Some(_) => Outcome::Refused,
        None if is_incomplete => Outcome::Incomplete,
        None => Outcome::Done,
    })
}

/// Refuses a typed undo window that is shorter than that of the held pass. It would have no effect: the window with which a
/// pass was planned holds.
fn check_promise(archive: &Archive, confirm: Option<&str>) -> Result<()> {
    let Some(held) = archive.held_pass().filter(|held| Some(held.id.as_str()) == confirm) else {
        return Ok(());
    };
    if archive.options().undo_window < held.undo_window() {
        let promised = humantime::format_duration(held.undo_window());
        return Err(Error::Config(format!(
            "--undo-window: the pass {} was planned with one of {promised}, which holds; leave it out, or make it longer",
            held.id
        )));
    }
    Ok(())
}

fn push_alerts(text: &mut String, alerts: &[String]) {
    for alert in alerts {
        let _ = writeln!(text, "ALERT {alert}");
    }
}
