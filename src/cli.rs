//! The command line: parses the arguments, runs one command, and turns its result into an exit code.
//!
//! Results go to standard output, problems and progress to standard error.

mod accept;
mod admin;
mod audit;
mod cache;
mod check;
mod command_name;
mod demo;
mod ended;
mod expire;
mod frame_ancestors;
mod help;
mod hung;
mod layout;
mod list;
mod manual;
mod output;
mod passwd;
mod progress;
mod recall;
mod scan;
mod serve;
mod session;
mod settings;
mod source;
mod stats;
mod store;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{Error, Kind, Result};
use command_name::CommandName;
use owlery_model::printable::printable_lines;
use session::Common;
use settings::declaration::{self, Use};

/// The event-archive manager for Motion: preload, watch, expire, serve.
#[derive(Debug, Parser)]
#[command(name = "owlery", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the sidecar: preload, watch, expire, serve HTTP
    Serve(Common),
    /// Serve a sample archive in a temporary folder, with a camera that keeps adding events
    Demo(demo::DemoArgs),
    /// Scan the archive into the catalog, and print a summary
    Scan {
        #[command(flatten)]
        common: Common,
        /// Measure sizes, frames and states too
        #[arg(long)]
        measure: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List events, newest first
    List {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        list: list::ListArgs,
    },
    /// Show events, sizes and days of each camera, and the forecast
    Stats {
        #[command(flatten)]
        common: Common,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a pass would retire now, and why (a dry run)
    Plan {
        #[command(flatten)]
        common: Common,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run one pass now, then remove what may be removed
    Expire {
        #[command(flatten)]
        common: Common,
        /// Carry out the held pass with this id
        #[arg(long, value_name = "ID")]
        confirm: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the delete queue
    Queue {
        #[command(flatten)]
        common: Common,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Restore a pass from the delete queue
    Restore {
        #[command(flatten)]
        common: Common,
        /// The name of the pass, from `owlery queue`
        pass: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Move events into the delete queue; they can be restored for a day
    Delete {
        #[command(flatten)]
        common: Common,
        /// An event, such as Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Save events: no rule retires them
    Save {
        #[command(flatten)]
        common: Common,
        /// An event, such as Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Unsave events: rules may retire them again
    Unsave {
        #[command(flatten)]
        common: Common,
        /// An event, such as Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List what was retired, refused or restored, when and why; newest first
    Audit {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        audit: audit::AuditArgs,
    },
    /// Compare the catalog with the archive, and list problems
    Check {
        #[command(flatten)]
        common: Common,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how the recordings of a directory are arranged, and the command that serves them; reads only
    Layout(layout::LayoutArgs),
    /// Accept ROOT as the archive of its state directory, after it was refused
    Accept(Common),
    /// Read and change the media cache of an archive, or of a directory
    Cache(cache::CacheArgs),
    /// Copy events into object storage, and verify the copies
    Store(store::StoreArgs),
    /// Bring copied events back from a store, byte for byte; nothing is overwritten
    Recall(recall::RecallArgs),
    /// Print a user, or with --token a token, for the configuration file
    Passwd(passwd::PasswdArgs),
    /// Notify a running owlery that Motion finished a movie (for Motion's `on_movie_end`)
    Ended {
        #[command(flatten)]
        common: Common,
        /// The movie: Motion's %f. It may be split at spaces or still in quotes. After `--` no word is a flag. Without a
        /// movie (an empty %f) the command does nothing
        #[arg(value_name = "MOVIE")]
        movie: Vec<OsString>,
    },
}

/// The result of a command that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Something could not be read or done. Standard error names it.
    Incomplete,
    /// A guard refused.
    Refused,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let program = program();
    let words = frame_ancestors::one_flag_each(std::env::args_os().collect());
    let words = match program.find_subcommand("ended") {
        Some(ended) => ended::sort_words(ended, words),
        None => words,
    };
    let cli = Cli::from_arg_matches(&program.get_matches_from(words)).unwrap_or_else(|error| error.exit());
    start_log(&cli.command);
    match run(cli.command) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(1),
        Ok(Outcome::Refused) => ExitCode::from(3),
        Err(error) => {
            eprintln!("owlery: {}", printable_lines(&error.chain()));
            ExitCode::from(exit_code(&error))
        }
    }
}

/// What `serve` takes as its root.
const SERVED: &str = "The archive: the folder that holds the camera directories; or a bucket with copies: s3://BUCKET/PREFIX?endpoint=…, \
                      file:///FOLDER";

/// The command line. A command's help shows only the flags that the command uses, and ends with examples and exit codes.
fn program() -> clap::Command {
    let hide = |command: clap::Command, name: CommandName| {
        let unused = declaration::ALL.iter().filter(|setting| setting.used_by(name) == Use::Never);
        unused.fold(command, |command, setting| command.mut_arg(setting.name, |arg| arg.hide(true)))
    };
    let serve = |command: clap::Command| command.mut_arg("root", |arg| arg.help(SERVED));
    let each = |program: clap::Command, name: &CommandName| {
        program.mut_subcommand(name.to_string(), |command| {
            if takes_settings(&command) {
                hide(command, *name)
            } else {
                command.mut_subcommands(|command| hide(command, *name))
            }
        })
    };
    let program = CommandName::all().iter().fold(Cli::command(), each);
    program.mut_subcommand(CommandName::Serve.to_string(), serve).mut_subcommands(|command| {
        let after = help::after(command.get_name()).unwrap_or_default();
        command.after_help(after)
    })
}

/// Whether a command takes the flags of settings itself; if not, its subcommands do.
fn takes_settings(command: &clap::Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == declaration::CONFIG.name)
}

/// The exit code of an error.
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
        Command::Queue { common, json } => manual::queue(&common, json),
        Command::Restore { common, pass, json } => manual::restore(&common, &pass, json),
        Command::Delete { common, events, json } => manual::delete(&common, &manual::events(&events)?, json),
        Command::Save { common, events, json } => manual::save(&common, &manual::events(&events)?, true, json),
        Command::Unsave { common, events, json } => manual::save(&common, &manual::events(&events)?, false, json),
        Command::Audit { common, audit } => audit::run(&common, &audit),
        Command::Check { common, json } => check::run(&common, json),
        Command::Layout(args) => layout::run(&args),
        Command::Accept(common) => accept::run(&common),
        Command::Cache(args) => cache::run(args),
        Command::Store(args) => store::run(args),
        Command::Recall(args) => recall::run(&args),
        Command::Passwd(args) => passwd::run(&args),
        Command::Ended { common, movie } => ended::run(&common, &movie),
    }
}

/// Starts the log on standard error: at level `info` for `serve` and `demo`, `warn` for other commands, or as `OWLERY_LOG` sets it
/// (`debug`, `owlery_engine::watch=trace`).
fn start_log(command: &Command) {
    let default = if matches!(command, Command::Serve(_) | Command::Demo(_)) { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("OWLERY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    if log.try_init().is_err() {
        eprintln!("owlery: the log is started already");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `CommandName` has every command on an archive, and each of them takes the flags of all settings.
    #[test]
    fn every_archive_command_takes_all_settings() {
        let program = program();
        let commands: BTreeSet<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
        let names: BTreeSet<String> = CommandName::all().iter().map(ToString::to_string).collect();
        let known = names.iter().map(String::as_str).chain(["demo", "layout", "passwd"]).collect();
        assert_eq!(commands, known);
        for name in &names {
            let command = program.find_subcommand(name).unwrap();
            let takers: Vec<&clap::Command> =
                if takes_settings(command) { vec![command] } else { command.get_subcommands().collect() };
            assert!(!takers.is_empty(), "{name}");
            for command in takers {
                let has = |name| command.get_arguments().any(|arg| arg.get_long() == Some(name));
                assert!(declaration::ALL.iter().all(|setting| has(setting.name)), "{name} {}", command.get_name());
            }
        }
    }

    /// A new command needs examples and exit codes.
    #[test]
    fn every_help_ends_with_examples_and_exits() {
        for command in program().get_subcommands() {
            let mut command = command.clone().term_width(80);
            let name = command.get_name().to_owned();
            let help = command.render_help().to_string();
            let example = if name == "ended" { "owlery ended".to_owned() } else { format!("\n  owlery {name} ") };
            for part in ["\nExamples:\n", example.trim_end(), "\nExit codes:\n  0  "] {
                assert!(help.contains(part), "{part:?}: {help}");
            }
            let tail = help.split_once("\nExamples:").unwrap().1;
            assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
            assert!(help::after(&name).unwrap().contains(tail.trim_end()), "wrapped: {tail}");
        }
    }

    #[test]
    fn command_line_is_well_formed() {
        program().debug_assert();
    }
}
