//! The simulator's executable: its command line.

use std::process::ExitCode;

mod cli;

/// Texts of T-SQL may nest 32 deep, and each level lies on the stack of the thread that carries it out, two megabytes in
/// all where the compiler optimizes nothing.
const STACK: usize = 8 << 20;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build() {
        Ok(runtime) => runtime.block_on(cli::run()),
        Err(error) => cli::cannot_start(&error),
    }
}
