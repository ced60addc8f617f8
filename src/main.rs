//! The `hookpost` binary: an allocator and the command line.
//!
//! mimalloc gives memory back that a burst of deliveries needed, and is faster than the system's
//! allocator at the many small buffers of HTTP.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hookpost::cli::main()
}
