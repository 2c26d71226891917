//! The command line: flags as typed become settings as meant, one command runs, and its end becomes an exit code.
//!
//! Results go to standard output, problems and progress to standard error.

mod audit;
mod check;
mod demo;
mod expire;
mod list;
mod motion_conf;
mod output;
mod passwd;
mod progress;
mod remote;
mod scan;
mod serve;
mod settings;
mod source;
mod stats;
mod undo;
mod who;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::error::{Error, Kind, Result};
use crate::service::Archive;
use settings::Given;

/// The event-archive manager for Motion: preload, watch, expire, serve.
#[derive(Debug, Parser)]
#[command(name = "owlery", version, about, long_about = None, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The sidecar: preload, watch, expire, HTTP
    Serve(Common),
    /// A real sample archive in a temporary folder, a camera that keeps adding events, served
    Demo(demo::DemoArgs),
    /// One preload, with progress and a summary
    Scan {
        #[command(flatten)]
        common: Common,
        /// Go on to sizes, frames and states
        #[arg(long)]
        measure: bool,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// Events, newest first
    List {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        list: list::ListArgs,
    },
    /// Per camera: events, bytes, oldest, newest; and what becomes of them at the present rate
    Stats {
        #[command(flatten)]
        common: Common,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// What would be retired now, and why (a dry run)
    Plan {
        #[command(flatten)]
        common: Common,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// One pass now, then remove what may be removed
    Expire {
        #[command(flatten)]
        common: Common,
        /// Carry out the plan of this id although it was held
        #[arg(long, value_name = "ID")]
        confirm: Option<String>,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// What waits in the delete queue
    Queue {
        #[command(flatten)]
        common: Common,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// Take a pass back out of the delete queue
    Restore {
        #[command(flatten)]
        common: Common,
        /// The pass, as `owlery queue` names it
        pass: String,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// Move events into the delete queue, from where they can be taken back for a day
    Delete {
        #[command(flatten)]
        common: Common,
        /// Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// Keep events: no rule takes them
    Save {
        #[command(flatten)]
        common: Common,
        /// Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
    },
    /// Keep events no longer
    Unsave {
        #[command(flatten)]
        common: Common,
        /// Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
    },
    /// What was retired, refused or taken back, when and why; newest first
    Audit {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        audit: audit::AuditArgs,
    },
    /// Compare catalog and tree, list problems
    Check {
        #[command(flatten)]
        common: Common,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// Make a line for the users, or with --token for the tokens, of the configuration file
    Passwd(passwd::PasswdArgs),
    /// Tell a running owlery that Motion has finished a movie (for Motion's `on_movie_end`)
    Ended {
        #[command(flatten)]
        common: Common,
        /// The movie: Motion's %f
        movie: PathBuf,
    },
}

/// What every command on an archive takes.
#[derive(Debug, Args)]
struct Common {
    /// The archive: the folder that holds the camera directories
    root: PathBuf,
    #[command(flatten)]
    given: Given,
}

/// How a command ended, if it was not by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Something could not be read or done; it was named.
    Incomplete,
    /// A guard refused.
    Refused,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli.command);
    match run(cli.command) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(1),
        Ok(Outcome::Refused) => ExitCode::from(3),
        Err(error) => {
            eprintln!("owlery: {}", error.chain());
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The one place where an error becomes an exit code.
fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        Kind::Failed | Kind::Unknown => 1,
        Kind::Usage => 2,
        Kind::Refused => 3,
        Kind::NoArchive => 4,
    }
}

fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Serve(common) => serve::run(&common),
        Command::Demo(args) => demo::run(&args),
        Command::Scan { common, measure, json } => scan::run(&common, measure, json),
        Command::List { common, list } => list::run(&common, &list),
        Command::Stats { common, json } => stats::run(&common, json),
        Command::Plan { common, json } => expire::plan(&common, json),
        Command::Expire { common, confirm, json } => expire::expire(&common, confirm.as_deref(), json),
        Command::Queue { common, json } => undo::queue(&common, json),
        Command::Restore { common, pass, json } => undo::restore(&common, &pass, json),
        Command::Delete { common, events, json } => undo::delete(&common, &undo::events(&events)?, json),
        Command::Save { common, events } => undo::save(&common, &undo::events(&events)?, true),
        Command::Unsave { common, events } => undo::save(&common, &undo::events(&events)?, false),
        Command::Audit { common, audit } => audit::run(&common, &audit),
        Command::Check { common, json } => check::run(&common, json),
        Command::Passwd(args) => passwd::run(&args),
        Command::Ended { common, movie } => remote::ended(&common, &movie),
    }
}

impl Common {
    fn archive(&self) -> Result<Archive> {
        Archive::open(self.given.clone().resolve(&self.root)?.options)
    }
}

/// The log goes to standard error: what the service does for `serve` and `demo`, only warnings for the others.
/// `OWLERY_LOG` says otherwise (`debug`, `owlery::watch=trace`).
fn start_log(command: &Command) {
    let usual = if matches!(command, Command::Serve(_) | Command::Demo(_)) { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("OWLERY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    if log.try_init().is_err() {
        eprintln!("owlery: the log was started before");
    }
}
