//! The audit log in the catalog: a copy of its files (see `audit`), for pages and for SQL. Missing entries are added
//! from the files, so nothing is lost with the catalog.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Catalog;
use crate::error::Result;
use crate::event::{Camera, Entry};

/// A page of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The `before` of the next page; `None` if this is the last.
    pub next: Option<u64>,
}

impl AuditPage {
    /// A page of at most `limit` of these entries, newest first. One entry more than the limit means that there is a
    /// next page.
    pub fn of(mut entries: Vec<Entry>, limit: usize) -> Self {
        let has_more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().map(|last| last.id).filter(|_| has_more);
        Self { entries, next }
    }
}

impl Catalog {
    /// A page of the audit log, newest first: at most `limit` entries (at least one) with a number below `before`.
    pub fn audit(&self, limit: usize, before: Option<u64>) -> Result<AuditPage> {
        let limit = limit.max(1);
        self.read("read the audit in", |connection| {
            let sql = "SELECT entry FROM entries WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
            let mut lines = connection.prepare_cached(sql)?;
            let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
            let lines = lines.query_map(params![signed(before.unwrap_or(u64::MAX)), most], |row| {
                Ok(Entry::parse(row.get_ref(0)?.as_bytes()?))
            })?;
            let entries = lines.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
            Ok(AuditPage::of(entries, limit))
        })
    }

    /// Like `audit`, with only the entries about one of these cameras. Entries about several, such as the totals of a
    /// pass, are left out.
    pub fn audit_of(&self, cameras: &BTreeSet<Camera>, limit: usize, before: Option<u64>) -> Result<AuditPage> {
        let limit = limit.max(1);
        self.read("read the audit in", |connection| {
            let mut lines = connection.prepare_cached("SELECT entry FROM entries WHERE id < ?1 ORDER BY id DESC")?;
            let mut lines = lines.query([signed(before.unwrap_or(u64::MAX))])?;
            let mut entries = Vec::new();
            // Read one by one until the page is full, since it is unknown how far back that is.
            while entries.len() <= limit {
                let Some(line) = lines.next()? else { break };
                let entry = Entry::parse(line.get_ref(0)?.as_bytes()?);
                entries.extend(entry.filter(|entry| entry.camera.as_ref().is_some_and(|of| cameras.contains(of))));
            }
            Ok(AuditPage::of(entries, limit))
        })
    }

    /// The number of the newest entry; 0 without any.
    pub fn audit_end(&self) -> Result<u64> {
        self.read("read the audit in", |connection| end(connection))
    }

    /// Whether the audit log has a pass of this name.
    pub fn audit_has_pass(&self, name: &str) -> Result<bool> {
        self.read("read the audit in", |connection| {
            let mut found = connection
                .prepare_cached("SELECT 1 FROM entries WHERE what IN ('pass', 'deleted') AND pass = ?1 LIMIT 1")?;
            Ok(found.query_row([name], |_| Ok(())).optional()?.is_some())
        })
    }

    /// Adds entries as one transaction if the newest one is number `after`. Otherwise returns false: the catalog was
    /// rebuilt meanwhile and lacks more than these.
    pub fn add_audit(&self, after: u64, entries: &[Entry]) -> Result<bool> {
        let mut writer = self.writer();
        let mut add = || -> rusqlite::Result<bool> {
            let transaction = writer.connection.transaction()?;
            if end(&transaction)? != after {
                return Ok(false);
            }
            for entry in entries {
                let sql = "INSERT OR IGNORE INTO entries (id, what, pass, entry) VALUES (?1, ?2, ?3, ?4)";
                let values = params![signed(entry.id), entry.what.as_str(), entry.pass, entry.line()];
                transaction.prepare_cached(sql)?.execute(values)?;
            }
            transaction.commit()?;
            Ok(true)
        };
        add().map_err(|error| self.failed("write the audit to", error))
    }

    /// Removes the entries up to a number: their file is gone.
    pub fn forget_audit(&self, up_to: u64) -> Result<()> {
        let writer = self.writer();
        let gone = writer.connection.execute("DELETE FROM entries WHERE id <= ?1", [signed(up_to)]);
        gone.map(|_| ()).map_err(|error| self.failed("write the audit to", error))
    }
}

fn end(connection: &Connection) -> rusqlite::Result<u64> {
    let newest: Option<i64> =
        connection.prepare_cached("SELECT max(id) FROM entries")?.query_row([], |row| row.get(0))?;
    Ok(newest.and_then(|id| u64::try_from(id).ok()).unwrap_or(0))
}

fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}
