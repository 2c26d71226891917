//! `owlery audit`: what happened to recordings, or was refused, and why; newest first. It changes nothing and takes no lock: it
//! reads the catalog if that has all entries, else the files of the audit log.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use clap::Args;

use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output};
use crate::{Actor, AuditEntry, AuditPage, EventSelection, Now, Result};

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Maximum number of entries to list
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// List entries older than this number: the `next` of the previous page
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    before: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(common: &Common, args: &AuditArgs) -> Result<Outcome> {
    let (archive, _watch) = common.open_any_state(CommandName::Audit)?;
    let (page, unreadable) = archive.audit(usize::try_from(args.limit).unwrap_or(usize::MAX), args.before)?;
    if unreadable > 0 {
        eprintln!("owlery: {} of the audit log cannot be parsed", output::count(unreadable, "line"));
    }
    if args.json {
        output::json(&page)?;
    } else {
        let older = |next: u64| ["--limit", &args.limit.to_string(), "--before", &next.to_string()].map(str::to_owned);
        let next = page.next.map(|next| archive.command().list("audit", &older(next)));
        output::print(&lines(&page, next))?;
    }
    Ok(Outcome::Done)
}

fn lines(page: &AuditPage, next: Option<String>) -> String {
    if page.entries.is_empty() {
        return "no entries\n".to_owned();
    }
    let mut text: String = page.entries.iter().map(line).collect();
    if let Some(next) = next {
        let _ = writeln!(text, "… and older ones: {next}");
    }
    text
}

fn line(entry: &AuditEntry) -> String {
    let at = DateTime::parse_from_rfc3339(&entry.at).map_or_else(
        |_| entry.at.clone(),
        |at| Now::at(at.with_timezone(&Utc)).local.format("%Y-%m-%d %H:%M:%S").to_string(),
    );
    let mut place: Vec<String> = entry.camera.iter().map(ToString::to_string).collect();
    place.extend(entry.day.iter().map(ToString::to_string));
    place.extend(entry.events.iter().filter(|events| **events != EventSelection::All).map(output::which));
    let count = if entry.count > 0 { output::count(entry.count, "event") } else { String::new() };
    let size = entry.bytes.map_or_else(String::new, |bytes| output::size(Some(bytes)));
    let guard = entry.guard.iter().map(|guard| format!("guard {:?}: ", guard.as_str()));
    let mut why = guard.chain([entry.reason.to_string().replace(char::is_control, " ")]).collect::<String>();
    if entry.by == Actor::Hand {
        why.push_str(" (manual)");
    }
    if let Some(pass) = &entry.pass {
        let _ = write!(why, "  [{pass}]"); // writing to a string cannot fail
    }
    format!("{at:<19}  {:<8}  {:<18}  {count:>10}  {size:>9}  {why}\n", entry.what.as_str(), place.join("/"))
}
