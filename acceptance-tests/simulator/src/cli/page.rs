//! What people see: headings, paragraphs and facts, in the order in which things happen.
//!
//! Terraform's own output streams in between, so every line goes out at once and nothing is drawn over. Results go to
//! standard output, what went wrong to standard error.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the command line prints")]

use std::io::{IsTerminal as _, Write as _};

/// Begins a step.
pub(super) fn heading(text: &str) {
    if std::io::stdout().is_terminal() {
        println!("\n\x1b[1m== {text}\x1b[0m\n");
    } else {
        println!("\n== {text}\n");
    }
    flush();
}

/// Says something: a line or several.
pub(super) fn say(text: &str) {
    println!("{}", text.trim_end());
    flush();
}

/// A name and what it is.
pub(super) fn fact(name: &str, value: impl std::fmt::Display) {
    println!("  {name:<14}{value}");
    flush();
}

/// What went wrong.
pub(super) fn error(text: &str) {
    flush();
    eprintln!("\nError: {}", text.trim_end());
}

/// Terraform writes to the same terminal next. A reader that has gone away is not this program's trouble.
fn flush() {
    let _closed = std::io::stdout().flush();
}
