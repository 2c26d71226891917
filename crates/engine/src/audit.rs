//! The audit log: why Owlery deleted a recording, or did not. Every entry is a line of a file in the state directory,
//! which is the truth, and a row of the catalog, which is filled from the files whenever it lacks something.
//!
//! No operation waits for the audit log: entries that cannot be written are logged, kept for a while and retried. This
//! module stores decisions of other modules.

mod log;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::{AuditPage, Catalog};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Actor, AuditAction, Camera, Day, Entry, EventSelection, Reason, RecordedGuard};
use crate::time::rfc3339;
use log::Log;

/// Entries that may wait while the files cannot be written; beyond that the oldest are dropped, which is logged.
const MAX_WAITING: usize = 8192;
/// The approximate number of bytes of entries in one transaction of the catalog.
const BATCH_BYTES: usize = 256 * 1024;
/// How many different refusals and leftovers are remembered, to record each once.
const MAX_REMEMBERED: usize = 4096;
/// How many of the newest entries are read to find what an earlier process recorded.
const RECENT_ENTRIES: usize = 256;

/// The audit log of one archive.
#[derive(Debug)]
pub(crate) struct Audit {
    catalog: Arc<Catalog>,
    /// Whether the state directory is removed when the process ends.
    is_temporary: bool,
    /// Held during a write to the files and to the catalog, so that both have the same order.
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    log: Log,
    /// Not in the files yet, oldest first. Filled by `note`, emptied by `write`.
    waiting: Vec<Entry>,
    /// How many were dropped since the files were last written. Written by `write`.
    lost: u64,
    /// Whether the waiting entries could not be written because the disk is full. Set by `keep`.
    lacks_room: bool,
    /// The passes without entries in the files for a reason other than a full disk. Filled by `keep`, emptied by
    /// `write`.
    unrecorded: BTreeSet<String>,
    /// The newest entry in the catalog, when it has everything that the files have. Set by `catch_up` and `write`,
    /// emptied when it could not be written.
    indexed: Option<u64>,
    /// What is not recorded again. Written by `note`.
    recorded: Recorded,
}

impl Audit {
    /// The audit log of a state directory, with its catalog. Nothing is read or written before it is used.
    pub(crate) fn new(state_dir: &Path, catalog: Arc<Catalog>) -> Self {
        let inner = Inner {
            log: Log::new(state_dir),
            waiting: Vec::new(),
            lost: 0,
            lacks_room: false,
            unrecorded: BTreeSet::new(),
            indexed: None,
            recorded: Recorded::default(),
        };
        Self { catalog, is_temporary: false, inner: Mutex::new(inner) }
    }

    /// Like `new`, for a state directory that is removed when the process ends.
    #[must_use]
    pub(crate) fn temporary(self) -> Self {
        Self { is_temporary: true, ..self }
    }

    /// Whether entries outlive the process.
    pub(crate) fn is_lasting(&self) -> bool {
        !self.is_temporary
    }

    /// Why the entries so far will not be found later, and what to do; `None` if they will. Retries entries that could
    /// not be written.
    pub(crate) fn lacks(&self) -> Option<String> {
        const CURE: &str = "make the state directory writable, make room in it, or name another with --state-dir";
        let unwritten = self.retry();
        if unwritten > 0 {
            return Some(format!(
                "{unwritten} entries of the audit could not be written, only the log has them; {CURE}"
            ));
        }
        self.is_temporary.then(|| format!("the audit log is in a temporary folder and is lost at the end; {CURE}"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records events, in this order, at `now`; they are on disk when this returns, or there is an error in the log. A
    /// repeated refusal (the same guard and plan) is recorded once until a pass is made, and a leftover once.
    pub(crate) fn note(&self, now: Now, entries: impl IntoIterator<Item = Entry>) {
        let mut inner = self.lock();
        let at = rfc3339(now.utc);
        let waited = inner.waiting.len();
        for entry in entries {
            if inner.recorded.is_news(&entry, &self.catalog) {
                inner.waiting.push(Entry { at: at.clone(), ..entry });
            }
        }
        inner.write(&self.catalog, waited);
    }

    /// Retries entries that could not be written; returns how many still wait.
    pub(crate) fn retry(&self) -> usize {
        let mut inner = self.lock();
        let waited = inner.waiting.len();
        inner.write(&self.catalog, waited);
        inner.waiting.len()
    }

    /// How many entries are not in the files yet.
    pub(crate) fn unwritten(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Whether entries wait for room on the disk: they are written when something was removed.
    pub(crate) fn lacks_room(&self) -> bool {
        let inner = self.lock();
        inner.lacks_room && !inner.waiting.is_empty()
    }

    /// The passes that must not be reaped yet, because their entries are not in the files. A full disk does not hold
    /// them: reaping makes room, and the log has the entries.
    pub(crate) fn unrecorded(&self) -> BTreeSet<String> {
        self.lock().unrecorded.clone()
    }

    /// Adds missing entries to the catalog: at the start, and whenever it was rebuilt.
    pub(crate) fn catch_up(&self) {
        let mut inner = self.lock();
        inner.indexed = None;
        inner.index(&self.catalog);
    }

    /// Whether a pass of this name was recorded, of a rule or of a user, as far as that is known.
    pub(crate) fn has_pass(&self, name: &str) -> bool {
        let mut inner = self.lock();
        inner.index(&self.catalog);
        let is_it = |entry: &Entry| {
            matches!(entry.what, AuditAction::Pass | AuditAction::Deleted) && entry.pass.as_deref() == Some(name)
        };
        if inner.waiting.iter().any(is_it) {
            return true;
        }
        if inner.indexed.is_some() && self.catalog.audit_has_pass(name).is_ok_and(|has| has) {
            return true;
        }
        // A catalog that was just set aside, or left a full disk, lacks entries. Only the files can prove absence.
        inner.log_has(is_it)
    }

    /// Whether an entry was recorded. Reads all files.
    pub(crate) fn has(&self, is_it: impl Fn(&Entry) -> bool) -> bool {
        let inner = self.lock();
        inner.waiting.iter().any(&is_it) || inner.log_has(is_it)
    }
}

impl Inner {
    /// Whether the files have an entry.
    fn log_has(&self, is_it: impl Fn(&Entry) -> bool) -> bool {
        let mut has = false;
        let read = self.log.after(0, |entry| {
            has |= is_it(&entry);
            Ok(())
        });
        if let Err(error) = read {
            tracing::warn!("{}; the audit log may contain something twice", error.chain());
        }
        has
    }

    /// Writes waiting entries. The first `waited` of them were tried before, so another failure of these is not logged
    /// again.
    fn write(&mut self, catalog: &Catalog, waited: usize) {
        self.index(catalog); // first, since it finds the used numbers
        if self.waiting.is_empty() {
            return;
        }
        if self.lost > 0 {
            let reason =
                format!("{} entries could not be kept: the state directory took none; the log has them", self.lost);
            let lost =
                Entry { count: self.lost, at: self.waiting[0].at.clone(), ..Entry::new(AuditAction::Lost, reason) };
            self.waiting.insert(0, lost);
        }
        let appended = match self.log.append(&mut self.waiting) {
            Ok(appended) => appended,
            Err(error) => return self.keep(&error, waited),
        };
        if waited > 0 {
            tracing::info!("the audit log is written again, with {waited} entries that waited");
        }
        self.lost = 0;
        self.unrecorded.clear();
        let written = std::mem::take(&mut self.waiting);
        let Some(end) = self.indexed.take() else { return };
        let forgotten = appended.dropped.map_or(Ok(()), |up_to| catalog.forget_audit(up_to));
        match forgotten.and_then(|()| catalog.add_audit(end, &written)) {
            Ok(true) => self.indexed = written.last().map(|entry| entry.id),
            Ok(false) => self.index(catalog),
            Err(error) => tracing::warn!("{}; the audit's file has it, and it is added later", error.chain()),
        }
    }

    /// Keeps entries that could not be written.
    fn keep(&mut self, error: &Error, waited: usize) {
        let why = error.chain();
        if self.lost > 0 {
            self.waiting.remove(0); // the entry about the loss is created again
        }
        for entry in &mut self.waiting[waited..] {
            entry.id = 0;
            tracing::error!("the audit log cannot be written ({why}); the entry is kept and retried: {}", entry.line());
        }
        self.lacks_room = error.is_full();
        if self.lacks_room {
            self.unrecorded.clear();
        } else {
            self.unrecorded.extend(self.waiting.iter().filter_map(|entry| entry.pass.clone()));
        }
        let over = self.waiting.len().saturating_sub(MAX_WAITING);
        if over > 0 {
            self.waiting.drain(..over);
            self.lost += over as u64;
            tracing::error!(
                "the audit log has lost {over} entries, because too many waited to be written; they are in this log"
            );
        }
    }

    /// Adds missing entries to the catalog, if it may lack any.
    fn index(&mut self, catalog: &Catalog) {
        if self.indexed.is_none()
            && let Err(error) = self.catch_up(catalog)
        {
            tracing::warn!("audit entries cannot be added to the catalog: {}; they are added later", error.chain());
        }
    }

    fn catch_up(&mut self, catalog: &Catalog) -> Result<()> {
        let begin = catalog.audit_end()?;
        self.log.raise(begin);
        let mut end = begin;
        let (mut batch, mut size, mut is_alone) = (Vec::new(), 0, true);
        let mut add = |batch: Vec<Entry>| -> Result<()> {
            is_alone &= catalog.add_audit(end, &batch)?;
            end = batch.last().map_or(end, |entry| entry.id);
            Ok(())
        };
        let unreadable = self.log.after(begin, |entry| {
            size += entry.line().len();
            batch.push(entry);
            if size < BATCH_BYTES {
                return Ok(());
            }
            size = 0;
            add(std::mem::take(&mut batch))
        })?;
        add(batch)?;
        if unreadable > 0 {
            tracing::warn!("{unreadable} lines of the audit cannot be understood; they are passed over");
        }
        self.indexed = is_alone.then_some(end); // else the catalog was rebuilt meanwhile, and this is repeated
        Ok(())
    }
}

/// Refusals and leftovers that were recorded and still apply: each check interval finds them again.
#[derive(Debug, Default)]
struct Recorded {
    keys: HashSet<Key>,
    /// Whether the entries of an earlier process were read.
    is_recalled: bool,
}

impl Recorded {
    /// Whether the entry is new. If so it is remembered.
    fn is_news(&mut self, entry: &Entry, catalog: &Catalog) -> bool {
        if !self.is_recalled && key(entry).is_some() {
            self.is_recalled = true;
            match catalog.audit(RECENT_ENTRIES, None) {
                Ok(page) => page.entries.iter().rev().for_each(|entry| {
                    self.remember(entry);
                }),
                Err(error) => tracing::debug!("{}", error.chain()),
            }
        }
        self.remember(entry)
    }

    fn remember(&mut self, entry: &Entry) -> bool {
        if entry.what == AuditAction::Pass {
            self.keys.retain(|key| !matches!(key, Key::Refused { .. }));
        }
        let Some(key) = key(entry) else { return true };
        if self.keys.len() >= MAX_REMEMBERED {
            self.keys.clear();
        }
        self.keys.insert(key)
    }
}

/// What makes an entry equal to an earlier one.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    /// The same guard refuses the same plan.
    Refused { guard: Option<RecordedGuard>, pass: Option<String> },
    /// The same events stay for the same reason.
    Left { camera: Option<Camera>, day: Option<Day>, events: Option<EventSelection>, reason: Reason },
}

/// The key of an entry; `None` for entries that are always recorded.
fn key(entry: &Entry) -> Option<Key> {
    match entry.what {
        // A user's request is recorded each time.
        _ if entry.by == Actor::Hand => None,
        AuditAction::Refused => Some(Key::Refused { guard: entry.guard.clone(), pass: entry.pass.clone() }),
        AuditAction::Left => Some(Key::Left {
            camera: entry.camera.clone(),
            day: entry.day,
            events: entry.events.clone(),
            reason: entry.reason.clone(),
        }),
        _ => None,
    }
}

/// A page of the audit log directly from the files of a state directory, newest first: if there is no complete catalog.
/// Returns also how many lines could not be parsed. Changes nothing.
pub(crate) fn from_files(state_dir: &Path, limit: usize, before: Option<u64>) -> Result<(AuditPage, u64)> {
    let limit = limit.max(1);
    let (entries, unreadable) = Log::new(state_dir).newest(limit.saturating_add(1), before.unwrap_or(u64::MAX))?;
    Ok((AuditPage::of(entries, limit), unreadable))
}

/// Whether the catalog has everything in the files of a state directory.
pub(crate) fn is_in(catalog: &Catalog, state_dir: &Path) -> Result<bool> {
    Ok(Log::new(state_dir).last_id()? <= catalog.audit_end()?)
}

#[cfg(test)]
mod tests;
