//! `owlery cache`: the media cache of an archive or of a directory. Beside a daemon the commands go through it ([`remote`]); else
//! this process opens the cache ([`local`]).

mod local;
mod remote;
mod show;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use super::command_name::CommandName;
use super::hung::Watch;
use super::session::{Common, Session};
use super::settings::declaration::{CACHE_DIR, CAMERA_PATTERN, STATE_DIR};
use super::settings::{Settings, Values, parse_size, parse_span};
use super::{Outcome, output};
use crate::protocol::control::{CachePut, CacheRequest};
use crate::protocol::{
    CacheEntries, CacheQueue, CacheStats, CleanedCache, Enqueued, PrunedCache, RemovedCount, StoredAs, StoredMedia,
};
use crate::{Error, Result, cache};
use local::Local;
use remote::Remote;

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    /// The archive whose cache it is
    #[arg(long, value_name = "ROOT", conflicts_with = "dir", required_unless_present = "dir")]
    root: Option<PathBuf>,
    /// The directory of a cache, which need not belong to an archive
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    typed: Values,
    #[command(subcommand)]
    action: Action,
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
enum Action {
    /// Show sizes, hits and misses
    Stats,
    /// List entries, in the order of their keys
    List {
        /// Maximum number of entries to list
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// List entries after this key: the `next` of the previous page
        #[arg(long, value_name = "KEY")]
        after: Option<String>,
    },
    /// Write an entry to standard output
    Get {
        /// The key
        key: String,
    },
    /// Store standard input as an entry
    Put {
        /// The key
        key: String,
        /// Media type
        #[arg(long = "type", value_name = "TYPE", default_value = cache::DEFAULT_TYPE)]
        mime_type: String,
        /// File name
        #[arg(long, value_name = "NAME", default_value = cache::DEFAULT_NAME)]
        name: String,
        /// The SHA-256 that the data must have
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
    },
    /// Remove entries
    Remove {
        /// A key
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// Remove all entries
    Clear,
    /// Remove the least recently used entries
    Prune {
        /// Size to leave [default: the maximum size of the cache]
        #[arg(long, value_name = "SIZE")]
        max_size: Option<String>,
    },
    /// Remove files that are no entry
    Clean {
        /// Age from which an incomplete file is removed; 0 is any
        #[arg(long, value_name = "SPAN", default_value = "1d")]
        stall: String,
    },
    /// The keys to fetch in advance
    Queue {
        #[command(subcommand)]
        action: Option<QueueAction>,
    },
}

/// What to do with the queue.
#[derive(Debug, Subcommand)]
enum QueueAction {
    /// List the keys, in the order of insertion (the default)
    List,
    /// Add keys
    Add {
        /// A key
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// Remove keys
    Remove {
        /// A key
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// Remove all keys
    Clear,
}

/// A cache that a daemon or this process has open.
trait Access {
    /// Executes an operation.
    fn execute(&self, request: CacheRequest) -> Result<serde_json::Value>;

    /// Writes the bytes of an entry; false if there is none.
    fn get(&self, key: &str, to: &mut dyn Write) -> Result<bool>;

    /// Stores the bytes of a reader.
    fn put(&self, put: CachePut, from: &mut dyn Read) -> Result<StoredMedia>;
}

impl Action {
    /// Whether it makes a cache that does not exist.
    fn makes_cache(&self) -> bool {
        matches!(self, Self::Put { .. } | Self::Queue { action: Some(QueueAction::Add { .. }) })
    }
}

pub(super) fn run(args: CacheArgs) -> Result<Outcome> {
    let makes = args.action.makes_cache();
    if let Some(dir) = &args.dir {
        check_beside_dir(&args.typed)?;
        let _watch = Watch::start(dir, &args.typed);
        let settings = Settings::resolve(&args.typed, dir, CommandName::Cache)?;
        let access = Local::of_dir(dir, &settings.options.cache, makes)?;
        return act(&access, args.action, args.json);
    }
    let common = Common { root: args.root.unwrap_or_default(), typed: args.typed };
    let session = common.open(CommandName::Cache)?;
    let access = access(&session, makes)?;
    act(access.as_ref(), args.action, args.json)
}

/// The cache of an archive: the daemon's if one runs.
fn access(session: &Session<'_>, makes: bool) -> Result<Box<dyn Access>> {
    let state_dir = session.archive.state_path();
    Ok(if session.has_daemon()? {
        Box::new(Remote::new(state_dir))
    } else {
        let options = &session.archive.options().cache;
        crate::check_cache_dir(options, session.archive.root())?;
        Box::new(Local::of_archive(options, &state_dir, makes)?)
    })
}

/// Refuses typed flags that are about an archive.
fn check_beside_dir(typed: &Values) -> Result<()> {
    match typed.given().find(|setting| [CACHE_DIR, CAMERA_PATTERN, STATE_DIR].contains(setting)) {
        Some(setting) => Err(Error::Config(format!("--{} has no effect with --dir; leave it out", setting.name))),
        None => Ok(()),
    }
}

fn act(access: &dyn Access, action: Action, json: bool) -> Result<Outcome> {
    match action {
        Action::Stats => show::stats(&ask::<CacheStats>(access, CacheRequest::Stats)?, json),
        Action::List { limit, after } => {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            show::entries(&ask::<CacheEntries>(access, CacheRequest::List { after, limit })?, json)
        }
        Action::Get { key } => get(access, &key),
        Action::Put { key, mime_type, name, sha256 } => {
            put(access, CachePut { key, mime_type, file_name: name, sha256 }, json)
        }
        Action::Remove { keys } => removed(access, CacheRequest::Remove { keys }, json),
        Action::Clear => removed(access, CacheRequest::Clear, json),
        Action::Prune { max_size } => {
            let max_bytes = max_size.map(|text| parse_size("max-size", &text)).transpose()?;
            show::pruned(&ask::<PrunedCache>(access, CacheRequest::Prune { max_bytes })?, json)
        }
        Action::Clean { stall } => {
            let stall = parse_span("stall", &stall, ["s", "h"])?.as_secs();
            show::cleaned(&ask::<CleanedCache>(access, CacheRequest::Clean { stall })?, json)
        }
        Action::Queue { action } => match action.unwrap_or(QueueAction::List) {
            QueueAction::List => show::queue(&ask::<CacheQueue>(access, CacheRequest::Queue)?, json),
            QueueAction::Add { keys } => {
                show::enqueued(&ask::<Enqueued>(access, CacheRequest::QueueAdd { keys })?, json)
            }
            QueueAction::Remove { keys } => removed(access, CacheRequest::QueueRemove { keys }, json),
            QueueAction::Clear => removed(access, CacheRequest::QueueClear, json),
        },
    }
}

/// Executes an operation whose result is of this type.
fn ask<T: DeserializeOwned>(access: &dyn Access, request: CacheRequest) -> Result<T> {
    let invalid = |error: serde_json::Error| Error::Daemon(format!("sent an invalid reply: {error}"));
    serde_json::from_value(access.execute(request)?).map_err(invalid)
}

fn removed(access: &dyn Access, request: CacheRequest, json: bool) -> Result<Outcome> {
    show::removed(&ask::<RemovedCount>(access, request)?, json)
}

/// Standard output. A closed pipe (`| head`) is no error: the rest is dropped.
struct Output {
    is_closed: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        match std::io::stdout().lock().write_all(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => self.is_closed = true,
            other => other?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.is_closed { Ok(()) } else { std::io::stdout().lock().flush() }
    }
}

fn get(access: &dyn Access, key: &str) -> Result<Outcome> {
    let mut out = Output { is_closed: false };
    if !access.get(key, &mut out)? {
        eprintln!("owlery: {key:?} is not cached");
        return Ok(Outcome::Incomplete);
    }
    out.flush().map_err(|e| Error::io("write to", Path::new("standard output"), e))?;
    Ok(Outcome::Done)
}

fn put(access: &dyn Access, put: CachePut, json: bool) -> Result<Outcome> {
    let key = put.key.clone();
    let stored = access.put(put, &mut std::io::stdin().lock())?;
    if json {
        output::json(&stored)?;
    }
    let refused = match stored.stored {
        StoredAs::New | StoredAs::Kept => return Ok(Outcome::Done),
        StoredAs::Empty => "there are no data on standard input",
        StoredAs::TooLarge => "the data are larger than the cache (--cache-size)",
    };
    eprintln!("owlery: {key:?} is not stored: {refused}");
    Ok(Outcome::Incomplete)
}
