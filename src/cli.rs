//! The command line: flags as typed become settings as meant, one command runs, and its end becomes an exit code.
//!
//! Results go to standard output, problems and progress to standard error.

mod accept;
mod admin;
mod audit;
mod check;
mod command_name;
mod demo;
mod ended;
mod expire;
mod frame_ancestors;
mod help;
mod hung;
mod list;
mod manual;
mod output;
mod passwd;
mod progress;
mod scan;
mod serve;
mod session;
mod settings;
mod source;
mod stats;
mod suggest;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Error, Kind, Result};
use crate::printable::printable_lines;
use command_name::CommandName;
use session::Common;
use settings::declaration::{self, Use};

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
        /// Print what a program can read
        #[arg(long)]
        json: bool,
    },
    /// Keep events no longer
    Unsave {
        #[command(flatten)]
        common: Common,
        /// Camera1/2026-11-20/10-04-36
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
        /// Print what a program can read
        #[arg(long)]
        json: bool,
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
    /// Say that ROOT is rightly the archive of its state directory, after another disk was refused
    Accept(Common),
    /// Make a line for the users, or with --token for the tokens, of the configuration file
    Passwd(passwd::PasswdArgs),
    /// Tell a running owlery that Motion has finished a movie (for Motion's `on_movie_end`)
    Ended {
        #[command(flatten)]
        common: Common,
        /// The movie: Motion's %f. A name that was split at its spaces, or is still in quotes, is understood. After `--`
        /// nothing is taken for a flag. Without one (an empty %f) there is nothing to do
        #[arg(value_name = "MOVIE")]
        movie: Vec<OsString>,
    },
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

/// The command line as it is parsed and shown: a command's help has only the flags that the command uses, and ends with
/// examples and exit codes.
fn program() -> clap::Command {
    let hide = |command: clap::Command, name: CommandName| {
        let unused = declaration::ALL.iter().filter(|setting| setting.used_by(name) == Use::Never);
        unused.fold(command, |command, setting| command.mut_arg(setting.name, |arg| arg.hide(true)))
    };
    let each = |program: clap::Command, name: &CommandName| {
        program.mut_subcommand(name.to_string(), |command| hide(command, *name))
    };
    CommandName::all().iter().fold(Cli::command(), each).mut_subcommands(|command| {
        let after = help::after(command.get_name()).unwrap_or_default();
        command.after_help(after)
    })
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
        Command::Queue { common, json } => manual::queue(&common, json),
        Command::Restore { common, pass, json } => manual::restore(&common, &pass, json),
        Command::Delete { common, events, json } => manual::delete(&common, &manual::events(&events)?, json),
        Command::Save { common, events, json } => manual::save(&common, &manual::events(&events)?, true, json),
        Command::Unsave { common, events, json } => manual::save(&common, &manual::events(&events)?, false, json),
        Command::Audit { common, audit } => audit::run(&common, &audit),
        Command::Check { common, json } => check::run(&common, json),
        Command::Accept(common) => accept::run(&common),
        Command::Passwd(args) => passwd::run(&args),
        Command::Ended { common, movie } => ended::run(&common, &movie),
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
        let known = names.iter().map(String::as_str).chain(["demo", "passwd"]).collect();
        assert_eq!(commands, known);
        for name in &names {
            let command = program.find_subcommand(name).unwrap();
            let has = |name| command.get_arguments().any(|arg| arg.get_long() == Some(name));
            assert!(declaration::ALL.iter().all(|setting| has(setting.name)), "{name}");
        }
    }

    /// A command that is added needs examples and exit codes.
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
