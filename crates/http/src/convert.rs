//! Results of the engine as the JSON types of `owlery_protocol`. HTTP, the control socket and `--json` show them alike.

use chrono::DateTime;

use crate::engine::cache;
use crate::engine::{self, DaySummary, GuardState, HeldPass, Preview, RetentionState, Stage, Stats};
use crate::event::Actor;
#[cfg(feature = "stores")]
use crate::event::EventId;
use crate::protocol::{
    CacheEntries, CacheEntry, CacheQueue, CacheStats, CleanedCache, NotQueued, PrunedCache, QueuedKey, StoredAs,
};
use crate::protocol::{
    CameraInfo, Cameras, DaySums, Days, Expires, GuardStatus, Pass, Plan, Queue, QueuedPass, Refusal, Report,
    Restoration, Retention, WaitingPass, WrongDate,
};
#[cfg(feature = "stores")]
use crate::protocol::{Copying, NotCopied, Prefetch, Store, StoreFolder, StoreObject, StoreTrouble};
use crate::retention;
use crate::time::rfc3339;

/// The cameras and the forecast.
pub fn cameras(Stats { cameras, mut forecast, zone }: Stats) -> Cameras {
    let cameras = cameras.into_iter().map(|engine::CameraInfo { summary, port, live }| CameraInfo {
        name: summary.camera.to_string(),
        port,
        live,
        events: summary.events,
        saved: summary.saved,
        bytes: (summary.unmeasured == 0).then_some(summary.bytes),
        first_day: summary.days.map(|(first, _)| first.to_string()),
        last_day: summary.days.map(|(_, last)| last.to_string()),
        forecast: forecast.cameras.remove(&summary.camera).unwrap_or_default(),
    });
    Cameras { cameras: cameras.collect(), forecast: forecast.archive, zone }
}

/// When an event expires.
pub fn expires(retention::Expiry { at, reason, rule }: retention::Expiry) -> Expires {
    Expires { at, reason, rule }
}

/// The sums of days, and how many of the events of each the user has reviewed.
pub fn days(days: Vec<DaySummary>, reviewed: Vec<u64>) -> Days {
    let sums = |(DaySummary { camera, day, events, saved, loose, bytes, hours }, reviewed)| DaySums {
        camera,
        day,
        events,
        saved,
        reviewed,
        loose,
        bytes,
        hours,
    };
    Days { days: days.into_iter().zip(reviewed).map(sums).collect() }
}

/// What a pass would do now.
pub fn plan(Preview { plan, held, has_rule }: Preview) -> Plan {
    let early = plan.of_wrong_date();
    let wrong_date = (!early.items.is_empty()).then(|| WrongDate { pass: early.id(), items: early.items });
    Plan { items: plan.items, kept: plan.kept, alerts: plan.alerts, held: held.map(refusal), has_rule, wrong_date }
}

/// A pass.
pub fn pass(pass: &engine::Pass) -> Pass {
    Pass {
        pass: pass.pass.clone(),
        started: pass.started.clone(),
        items: pass.items.clone(),
        undo_until: pass.undo_until.clone(),
        refused: pass.refused.clone().map(refusal),
        alerts: pass.alerts.clone(),
        failures: reports(&pass.failures),
        emptied: pass.emptied.clone(),
    }
}

/// The delete queue.
pub fn queue(engine::Queue { passes, others }: engine::Queue) -> Queue {
    Queue { passes: passes.into_iter().map(queued).collect(), others: reports(&others) }
}

/// The result of restoring a pass.
pub fn restoration(done: engine::Restoration) -> Restoration {
    Restoration {
        left: reports(&done.left),
        failures: reports(&done.failures),
        pass: done.pass,
        items: done.items,
        kept_until: done.kept_until,
    }
}

/// The state of retention.
pub fn retention(state: RetentionState) -> Retention {
    let mut passes: Vec<WaitingPass> = state.held.into_iter().map(held).collect();
    for queued in state.queue.into_iter().map(queued) {
        // A pass can have parts in several queues.
        match passes.iter_mut().find(|pass| pass.pass == queued.pass) {
            Some(pass) => pass.reaping |= queued.reaping,
            None => passes.push(queued.into()),
        }
    }
    Retention {
        rules: state.rules,
        next_check: state.next_check.map(rfc3339),
        plan: state.preview.map(plan),
        guards: state.guards.into_iter().map(guard).collect(),
        forecast: state.forecast,
        passes,
    }
}

/// The figures of the media cache.
pub fn cache_stats(stats: &cache::Stats) -> CacheStats {
    CacheStats {
        entries: stats.entries,
        entries_in_memory: stats.entries_in_memory,
        total_bytes: stats.total_bytes,
        total_mb: stats.total_mb(),
        max_mb: stats.max_mb(),
        hits: stats.hits,
        misses: stats.misses,
        hit_rate: stats.hit_rate(),
        evictions: stats.evictions,
        queued: stats.queued,
    }
}

/// A page of entries of the media cache.
pub fn cache_entries(page: cache::EntryPage) -> CacheEntries {
    let entry = |entry: cache::Entry| CacheEntry {
        key: entry.key,
        mime_type: entry.mime_type,
        file_name: entry.file_name,
        size: entry.size,
        hits: entry.hits,
        created: seconds(entry.created),
        modified: seconds(entry.modified),
        accessed: seconds(entry.accessed),
        whole: entry.whole,
    };
    CacheEntries { entries: page.entries.into_iter().map(entry).collect(), next: page.next }
}

/// The queue of the media cache.
pub fn cache_queue(queue: Vec<cache::Queued>) -> CacheQueue {
    let key = |queued: cache::Queued| QueuedKey { key: queued.key, since: seconds(queued.since) };
    CacheQueue { queued: queue.into_iter().map(key).collect() }
}

/// What a prune of the media cache removed.
pub fn pruned(pruned: cache::Pruned) -> PrunedCache {
    PrunedCache { files: pruned.files, bytes: pruned.bytes }
}

/// What a clean of the media cache removed.
pub fn cleaned(cleaned: cache::Cleaned) -> CleanedCache {
    let report = |failure: cache::Error| match failure {
        cache::Error::Io { operation, path, source } => {
            Report { path, problem: format!("cannot {operation}: {source}") }
        }
        other => Report { path: "".into(), problem: other.to_string() },
    };
    let failures = cleaned.failures.into_iter().map(report).collect();
    CleanedCache { files: cleaned.files, bytes: cleaned.bytes, failures }
}

/// What became of media that were to be stored.
pub fn stored(stored: cache::Stored) -> StoredAs {
    match stored {
        cache::Stored::New => StoredAs::New,
        cache::Stored::Kept => StoredAs::Kept,
        cache::Stored::Empty => StoredAs::Empty,
        cache::Stored::TooLarge => StoredAs::TooLarge,
    }
}

/// Adds a key to the queue of the media cache; or why it is not added.
///
/// # Errors
/// The key is invalid, or the disk fails.
pub fn enqueue(cache: &cache::Cache, key: &str) -> cache::Result<Option<NotQueued>> {
    if cache.enqueue(key)? {
        return Ok(None);
    }
    // The state may have changed since; any of these reasons was true a moment ago.
    Ok(Some(if cache.contains(key) {
        NotQueued::Cached
    } else if cache.is_queued(key) {
        NotQueued::Queued
    } else if cache.stats().queued >= cache::MAX_QUEUED as u64 {
        NotQueued::Full
    } else {
        NotQueued::BeingCached
    }))
}

/// A store of the configuration, with its URL, and what is copied to it, if something is.
#[cfg(feature = "stores")]
pub fn store(
    options: &engine::store::StoreOptions,
    outage: Option<&engine::store::Outage>,
    state: Option<engine::CopyState>,
) -> Store {
    Store {
        name: options.name.to_string(),
        url: Some(options.url.to_string()),
        active: options.active,
        include: options.include.iter().map(|part| part.as_str().to_owned()).collect(),
        encrypted: options.encrypt.is_some(),
        copy: options.copy.as_str().to_owned(),
        out_of_reach_since: outage.map(|outage| rfc3339(outage.since)),
        copying: state.map(copying),
    }
}

/// What a copier does.
#[cfg(feature = "stores")]
fn copying(state: engine::CopyState) -> Copying {
    let event = match &state.activity {
        engine::CopyActivity::Copying(event) => Some(event.to_string()),
        _ => None,
    };
    let trouble = state.trouble.map(|trouble| StoreTrouble { since: rfc3339(trouble.since), why: Some(trouble.why) });
    let not_copied =
        |(event, problem): (EventId, String)| NotCopied { event: event.to_string(), problem: Some(problem) };
    Copying {
        activity: state.activity.as_str().to_owned(),
        event,
        waiting: state.waiting,
        waiting_bytes: state.waiting_bytes,
        oldest: state.oldest.map(|oldest| oldest.format("%Y-%m-%dT%H:%M:%S").to_string()),
        copied: state.copied,
        sent_bytes: state.sent_bytes,
        failures: state.failures,
        trouble,
        failed: state.failed.into_iter().map(not_copied).collect(),
    }
}

/// The stores that a user may use, or all for the administrator of the command line, and what a service copies to them. No request is
/// sent.
#[cfg(feature = "stores")]
pub fn stores(handle: &engine::Handle, user: Option<&str>) -> Vec<Store> {
    let configured = handle.stores();
    let mut states = handle.copying();
    let names = configured.names(user).into_iter();
    // One that the configuration does not have any more is left out.
    let options = names.filter_map(|name| configured.options(user, name.as_str()).ok());
    let shown = options.map(|options| {
        let state = states.iter().position(|state| state.store == options.name).map(|place| states.swap_remove(place));
        store(&options, configured.outage(&options.name).as_ref(), state)
    });
    shown.collect()
}

/// What is brought back of a day, and the figures.
#[cfg(feature = "stores")]
pub fn prefetch(day: engine::PrefetchedDay, counts: engine::PrefetchCounts) -> Prefetch {
    let engine::PrefetchCounts { queued, fetched, failed, .. } = counts;
    Prefetch { events: day.events, added: day.added, bytes: day.bytes, queued, fetched, failed }
}

/// A page of a folder of a store.
#[cfg(feature = "stores")]
pub fn store_folder(page: &engine::store::Page<'_>) -> StoreFolder {
    let object = |object: &engine::store::Object| StoreObject {
        name: object.name.clone(),
        bytes: object.bytes,
        modified: rfc3339(object.modified),
    };
    StoreFolder {
        folders: page.folders.to_vec(),
        objects: page.objects.iter().map(object).collect(),
        next: page.next(),
    }
}

/// Seconds since 1970 as RFC 3339. Times that other programs wrote and that no calendar has become the first second.
fn seconds(seconds: u64) -> String {
    const YEAR_10000: i64 = 253_402_300_800;
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds < YEAR_10000).unwrap_or(0);
    rfc3339(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
}

/// Reports.
pub fn reports(reports: &[engine::Report]) -> Vec<Report> {
    reports.iter().map(|report| Report { path: report.path.clone(), problem: report.problem.clone() }).collect()
}

fn refusal(retention::Refusal { guard, message }: retention::Refusal) -> Refusal {
    Refusal { guard: guard.into(), message }
}

fn queued(pass: engine::QueuedPass) -> QueuedPass {
    let problem = pass.problem();
    let engine::QueuedPass { manifest, path, stage, .. } = pass;
    QueuedPass {
        pass: manifest.pass,
        started: manifest.started,
        by: manifest.by,
        undo_until: manifest.undo_until,
        items: manifest.items,
        path: Some(path),
        reaping: stage == Stage::Reaping,
        problem,
    }
}

fn guard(GuardState { name, ok, message }: GuardState) -> GuardStatus {
    GuardStatus { name, ok, message: Some(message).filter(|_| !ok) }
}

fn held(held: HeldPass) -> WaitingPass {
    WaitingPass {
        pass: held.id,
        started: held.since,
        by: Actor::Rule,
        undo_until: None,
        items: held.items.into_iter().map(|(item, _)| item).collect(),
        reaping: false,
        refused: Some(Refusal { guard: held.guard, message: held.message }),
    }
}
