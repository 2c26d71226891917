//! `owlery store`: the stores of the configuration, their credentials, and the copies in them. These commands work beside a daemon: they
//! read the archive, and write into the store and into `stores/` of the state directory alone.

mod access;
mod push;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Outcome;
use super::command_name::CommandName;
use super::hung::Watch;
use super::session::Common;
use crate::store::{Client, Guarded, Identities, StoreOptions, Stores};
use crate::{Archive, Error, Result};

#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    action: Action,
}

/// What to do with the stores.
#[derive(Debug, Subcommand)]
enum Action {
    /// List the stores of the configuration
    List {
        #[command(flatten)]
        common: Common,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep the credentials of a store, read from standard input, encrypted in the state directory
    Login(Named),
    /// Remove the credentials that `login` keeps
    Logout(Named),
    /// Prove that a store can be reached, written and read, and that this archive may copy to it
    Check(Named),
    /// Copy events to a store: those named, or all that it lacks, newest first
    Push {
        #[command(flatten)]
        named: Named,
        /// An event, such as Camera1/2026-11-20/10-04-36
        #[arg(value_name = "EVENT")]
        events: Vec<String>,
        /// Look at every event and every object, and send again what changed, is missing or has another size
        #[arg(long)]
        again: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare the copies in a store with what was written
    Verify {
        #[command(flatten)]
        named: Named,
        /// The share of the objects whose bytes are read back, another one each day, such as 2% [default: 100%]
        #[arg(long, value_name = "P%")]
        subset: Option<String>,
        /// The identity file with which encrypted copies are also decrypted and compared, as age-keygen writes it
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// A store of an archive's configuration.
#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    common: Common,
    /// The store: the NAME of [stores.NAME] in the configuration
    name: String,
}

pub(super) fn run(args: StoreArgs) -> Result<Outcome> {
    match args.action {
        Action::List { common, json } => access::list(&common, json),
        Action::Login(named) => access::login(&named),
        Action::Logout(named) => access::logout(&named),
        Action::Check(named) => access::check(&named),
        Action::Push { named, events, again, json } => push::run(&named, &events, again, json),
        Action::Verify { named, subset, identity, json } => {
            verify::run(&named, subset.as_deref(), identity.as_deref(), json)
        }
    }
}

/// The stores of an archive's configuration.
pub(super) struct Configured {
    pub(super) archive: Archive,
    /// Ends the command where a disk hangs.
    _watch: Watch,
}

impl Configured {
    fn open(common: &Common) -> Result<Self> {
        let (options, watch) = common.options(CommandName::Store)?;
        Ok(Self { archive: Archive::open(options)?, _watch: watch })
    }

    /// The same for commands that need no events: also where the root is still empty, as on a new disk that copies come back to.
    pub(super) fn open_blank(common: &Common, command: CommandName) -> Result<Self> {
        let (options, watch) = common.options(command)?;
        Ok(Self { archive: Archive::open(options.may_be_empty(true))?, _watch: watch })
    }

    pub(super) fn stores(&self) -> &Stores {
        self.archive.stores()
    }

    /// What the configuration says about a store.
    pub(super) fn options(&self, name: &str) -> Result<StoreOptions> {
        self.stores().options(None, name).map_err(|error| self.unknown(error))
    }

    /// A store, ready for requests.
    pub(super) fn client(&self, store: &StoreOptions) -> Result<Client> {
        self.stores().get(None, store.name.as_str()).map_err(error)
    }

    /// An error, with the names that there are if the one that was meant is not.
    fn unknown(&self, found: crate::store::Error) -> Error {
        let crate::store::Error::Unknown(name) = &found else { return error(found) };
        let names: Vec<String> = self.stores().names(None).iter().map(ToString::to_string).collect();
        Error::Config(if names.is_empty() {
            format!(
                "there is no store {name:?}: the configuration has none; --config FILE names it, with a table [stores.{name}]"
            )
        } else {
            format!("there is no store {name:?} (there are: {})", names.join(", "))
        })
    }

    /// The archive's id, by which its place in a store is its own.
    pub(super) fn archive_id(&self) -> Result<&str> {
        let without = || {
            let root = self.archive.root().display();
            Error::Config(format!(
                "{root} has no marker and cannot get one, so nothing says whose copies these would be"
            ))
        };
        let id = self.archive.id().filter(|_| self.archive.is_marked());
        id.ok_or_else(without)
    }
}

/// Runs requests until they end. Connections stay open between them.
pub(super) struct Requests(tokio::runtime::Runtime);

impl Requests {
    pub(super) fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(Self).map_err(|e| Error::io("start the runtime of", "the requests to the store", e))
    }

    pub(super) fn run<T>(&self, request: impl Future<Output = crate::store::Result<T>>) -> Result<T> {
        self.try_run(request).map_err(error)
    }

    /// Like `run`, for requests whose errors decide what comes next.
    pub(super) fn try_run<T>(&self, request: impl Future<Output = crate::store::Result<T>>) -> crate::store::Result<T> {
        self.0.block_on(request)
    }
}

/// The identities of the file that a command names.
pub(super) fn identities(path: Option<&Path>) -> Result<Option<Identities>> {
    path.map(|path| Identities::read(path, Guarded::ByCaller)).transpose().map_err(error)
}

/// The same, or else those of the store's configuration.
pub(super) fn or_configured(given: Option<Identities>, store: &StoreOptions) -> Result<Option<Identities>> {
    match (given, &store.identity) {
        (None, Some(path)) => Identities::read(path, Guarded::ByMode).map(Some).map_err(error),
        (given, _) => Ok(given),
    }
}

/// An error of a store, with its exit code.
pub(super) fn error(error: crate::store::Error) -> Error {
    match error {
        crate::store::Error::Config(why) => Error::Config(why),
        crate::store::Error::Io { op, path, source } => Error::io(op, path, source),
        other => Error::Store(other.to_string()),
    }
}
