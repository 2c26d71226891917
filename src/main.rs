//! The `owlery` program. Everything it can do is in the library; this is only its door.

use std::process::ExitCode;

/// Serving allocates and frees many small things and some of 20 KB a request, which costs a third of a request's own time with
/// glibc's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    owlery::cli::main()
}
