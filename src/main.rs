//! The `owlery` program. Everything it can do is in the library; this is only its door.

use std::process::ExitCode;

fn main() -> ExitCode {
    owlery::cli::main()
}
