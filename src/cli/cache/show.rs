//! Prints the results of operations on the cache.

use std::fmt::Write as _;

use owlery_model::printable::printable;

use super::super::{Outcome, output};
use crate::Result;
use crate::protocol::{CacheEntries, CacheQueue, CacheStats, CleanedCache, Enqueued, PrunedCache, RemovedCount};

pub(super) fn stats(stats: &CacheStats, json: bool) -> Result<Outcome> {
    if json {
        output::json(stats)?;
    } else {
        let size = output::size(Some(stats.total_bytes));
        output::print(&format!(
            "{}, {} of them in memory: {size} of {} MB\n{} and {} ({:.1} % hits), {}\n{} queued\n",
            entries_text(stats.entries),
            stats.entries_in_memory,
            stats.max_mb,
            output::count(stats.hits, "hit"),
            if stats.misses == 1 { "1 miss".to_owned() } else { format!("{} misses", stats.misses) },
            stats.hit_rate * 100.0,
            output::count(stats.evictions, "eviction"),
            output::count(stats.queued, "key"),
        ))?;
    }
    Ok(Outcome::Done)
}

fn entries_text(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

pub(super) fn entries(page: &CacheEntries, json: bool) -> Result<Outcome> {
    if json {
        output::json(page)?;
        return Ok(Outcome::Done);
    }
    let mut text = String::new();
    if page.entries.is_empty() {
        text.push_str("no entries\n");
    } else {
        let _ = writeln!(text, "{:<20}  {:>9}  {:>6}  {:<24}  KEY", "LAST USE", "SIZE", "HITS", "TYPE");
    }
    for entry in &page.entries {
        let part = if entry.whole { "" } else { "  (a part of it)" };
        let (size, key, kind) = (output::size(Some(entry.size)), printable(&entry.key), printable(&entry.mime_type));
        let _ = writeln!(text, "{:<20}  {size:>9}  {:>6}  {kind:<24}  {key}{part}", entry.accessed, entry.hits);
    }
    if let Some(next) = &page.next {
        let _ = writeln!(text, "… and more: --after {next:?}");
    }
    output::print(&text)?;
    Ok(Outcome::Done)
}

pub(super) fn removed(removed: &RemovedCount, json: bool) -> Result<Outcome> {
    if json {
        output::json(removed)?;
    } else {
        output::print(&format!("{} removed\n", removed.removed))?;
    }
    Ok(Outcome::Done)
}

pub(super) fn pruned(pruned: &PrunedCache, json: bool) -> Result<Outcome> {
    if json {
        output::json(pruned)?;
    } else {
        let size = output::size(Some(pruned.bytes));
        output::print(&format!("{} removed, {size}\n", entries_text(pruned.files)))?;
    }
    Ok(Outcome::Done)
}

pub(super) fn cleaned(cleaned: &CleanedCache, json: bool) -> Result<Outcome> {
    let is_incomplete = output::failures(&cleaned.failures);
    if json {
        output::json(cleaned)?;
    } else {
        let size = output::size(Some(cleaned.bytes));
        output::print(&format!("{} removed, {size}\n", output::count(cleaned.files, "file")))?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

pub(super) fn queue(queue: &CacheQueue, json: bool) -> Result<Outcome> {
    if json {
        output::json(queue)?;
        return Ok(Outcome::Done);
    }
    let line = |text: String, queued: &crate::protocol::QueuedKey| {
        text + &format!("{}  {}\n", queued.since, printable(&queued.key))
    };
    let text = queue.queued.iter().fold(String::new(), line);
    output::print(if text.is_empty() { "the queue is empty\n" } else { &text })?;
    Ok(Outcome::Done)
}

pub(super) fn enqueued(done: &Enqueued, json: bool) -> Result<Outcome> {
    for refused in &done.refused {
        eprintln!("owlery: {:?} {}", refused.key, refused.why.as_str());
    }
    if json {
        output::json(done)?;
    } else {
        output::print(&format!("{} added\n", output::count(done.added, "key")))?;
    }
    Ok(if done.refused.is_empty() { Outcome::Done } else { Outcome::Incomplete })
}
