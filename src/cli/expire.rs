//! `owlery plan` and `owlery expire`.

use std::fmt::Write as _;

use super::command_name::CommandName;
use super::settings::declaration::UNDO_WINDOW;
use super::source::{Source, measure};
use super::{Common, Outcome, output};
use crate::archive::Depth;
use crate::daemon::control::Request;
use crate::error::{Error, Result};
use crate::expirer::HeldPass;
use crate::http::wire::{PassWire, PlanWire};
use crate::scan::Progress;
use crate::service::{Archive, Parts};

/// The dry run.
pub(super) fn plan(common: &Common, json: bool) -> Result<Outcome> {
    let here = common.open(CommandName::Plan)?;
    let rules = Some(common.typed.rules()).filter(|rules| !rules.is_empty());
    let mut is_incomplete = false;
    let wire = if let Some(answer) = here.ask::<PlanWire>(&Request::Plan { rules }) {
        answer?
    } else {
        let (mut source, incomplete) = Source::open(&here)?;
        is_incomplete = incomplete;
        source.ask(&here.archive, |source| {
            let locked = || Error::Locked { holder: "another owlery command".to_owned() };
            let parts = source.parts().ok_or_else(locked)?;
            measure_for_the_rules(parts)?;
            PlanWire::of(parts.handle(), None)
        })?
    };
    if json {
        output::json(&wire)?;
    } else {
        let mut text: String = wire.items.iter().map(output::item).collect();
        for item in &wire.kept {
            let _ = write!(text, "keep  {}", output::item(item));
        }
        let bytes: Option<u64> = wire.items.iter().map(|item| item.bytes).sum();
        let events = wire.items.iter().map(|item| item.count).sum();
        if !wire.has_rule {
            text.push_str("nothing expires: there is no retention rule (--keep-days)\n");
        } else if wire.items.is_empty() {
            text.push_str("nothing would be retired\n");
        } else {
            let _ = writeln!(text, "would retire {}, {}", output::count(events, "event"), output::size(bytes));
        }
        push_alerts(&mut text, &wire.alerts);
        if let Some(held) = &wire.held {
            let _ = writeln!(text, "held by the guard {:?}: {}", held.guard, held.message);
        }
        output::print(&text)?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// One pass, and what it retired removed.
pub(super) fn expire(common: &Common, confirm: Option<&str>, json: bool) -> Result<Outcome> {
    let here = common.open(CommandName::Expire)?;
    let mut is_incomplete = false;
    if confirm.is_some() && common.typed.text(UNDO_WINDOW).is_some() {
        keeps_its_promise(&here.archive, confirm)?;
    }
    let pass = if let Some(answer) = here.ask::<PassWire>(&Request::Expire { confirm: confirm.map(str::to_owned) }) {
        answer?
    } else {
        let (pass, incomplete) = match expire_here(&here.archive, confirm) {
            // Only what comes before the first rename asks the catalog. It has been set aside by now.
            Err(error) if error.is_damaged_catalog() => {
                tracing::warn!("{}; the archive is read again", error.chain());
                expire_here(&here.archive, confirm)?
            }
            other => other?,
        };
        is_incomplete = incomplete;
        pass
    };
    is_incomplete |= output::reports(&pass.failures());
    if json {
        output::json(&pass)?;
    } else {
        let mut text: String = pass.items.iter().map(output::item).collect();
        match (&pass.refused, &pass.pass) {
            (Some(refused), _) => eprintln!("owlery: refused by the guard {:?}: {}", refused.guard, refused.message),
            (None, None) if !pass.items.is_empty() => text.push_str("no pass was made\n"),
            (None, None) if !pass.failures().is_empty() => text.push_str("nothing was retired\n"),
            (None, None) => text.push_str("nothing to do\n"),
            (None, Some(name)) => {
                let events = pass.items.iter().map(|item| item.count).sum();
                let bytes: Option<u64> = pass.items.iter().map(|item| item.bytes).sum();
                let _ =
                    writeln!(text, "pass {name}: retired {}, {}", output::count(events, "event"), output::size(bytes));
            }
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

/// Refuses an undo window on the command line that is shorter than the one the held pass was planned with: it would be
/// ignored, since a confirmation takes no promise back.
fn keeps_its_promise(archive: &Archive, confirm: Option<&str>) -> Result<()> {
    let Some(held) = HeldPass::read(&archive.state_path()).filter(|held| Some(held.id.as_str()) == confirm) else {
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

/// A pass by this process. Returns also whether something could not be read or done; it was named.
fn expire_here(archive: &Archive, confirm: Option<&str>) -> Result<(PassWire, bool)> {
    let parts = if archive.options().policy.can_expire() || confirm.is_some() {
        archive.parts_to_act()?
    } else {
        archive.parts()?
    };
    let summary = parts.preload(Depth::NamesOnly, &Progress::default())?;
    let mut is_incomplete = output::reports(&summary.reports);
    measure_for_the_rules(&parts)?;
    let pass = parts.handle().pass(confirm)?;
    if !parts.handle().expirer.policy().has_size_rule() {
        parts.remove_emptied()?; // else the pass has looked
    }
    let left = parts.drain()?;
    is_incomplete |= output::reports(&left);
    if parts.handle().expirer.audit.lacks_room() {
        is_incomplete |= output::reports(parts.handle().settle().as_slice());
    }
    Ok((PassWire::from(&pass), is_incomplete))
}

fn push_alerts(text: &mut String, alerts: &[String]) {
    for alert in alerts {
        let _ = writeln!(text, "ALERT {alert}");
    }
}

/// Measures what the plan would take, and for a rule of size everything: a plan says how much it frees.
fn measure_for_the_rules(parts: &Parts) -> Result<()> {
    let handle = parts.handle();
    let policy = handle.expirer.policy();
    let days = if policy.has_size_rule() {
        measure(parts, handle.catalog.unmeasured()?)?;
        // Files can have changed in place since they were measured, and no directory tells: before a rule of size takes
        // anything, all that it counts is measured anew.
        let (_, plan) = handle.expirer.plan(None)?;
        if plan.items.is_empty() {
            return Ok(());
        }
        handle.catalog.days_to_measure(i64::MAX)?.into_iter().map(|(camera, day, _)| (camera, day)).collect()
    } else {
        let (_, plan) = handle.expirer.plan(None)?;
        plan.items.into_iter().filter(|item| item.bytes.is_none()).map(|item| (item.camera, item.day)).collect()
    };
    measure(parts, days).map(|_| ())
}
