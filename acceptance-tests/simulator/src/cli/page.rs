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

/// Columns under their headings, each as wide as its widest cell.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings: Vec<String> = headings.iter().map(|one| (*one).to_owned()).collect();
    let all = || std::iter::once(&headings).chain(rows);
    let width = |column: usize| {
        all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let mut table = String::new();
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
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
