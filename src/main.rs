//! The `owlery` program. All its code is in the library.

use std::process::ExitCode;

/// A request allocates many small objects and some of 20 KB. With glibc's allocator that takes a third of the request's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    owlery::cli::main()
}
