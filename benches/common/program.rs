//! Runs the program without the benchmarks' own variables, which it would refuse as unknown settings.

use std::ffi::OsStr;
use std::process::Command;

/// A command without the variables that begin with `OWLERY_BENCH_`.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OWLERY_BENCH_")) {
        command.env_remove(name);
    }
    command
}
