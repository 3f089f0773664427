//! Panics, written as Terraform recognises them.
//!
//! A line that starts with `panic: ` makes the host collect what follows and show it to the user when it exits
//! with an error: "The plugin crashed!" with the trace. Rust's own wording is lost in the debug log. The panic
//! itself is turned into a diagnostic where the call is handled; this is only its report.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;

/// The host keeps about a hundred lines.
const MAX_LINES: usize = 95;

/// Reports panics on standard error from now on.
pub fn install() {
    install_with(|report| {
        // One write, so that log lines of other threads do not end up inside of it.
        let _ = io::stderr().lock().write_all(report.as_bytes());
    });
}

/// Reports panics through `write`, each with one call.
pub fn install_with(write: impl Fn(&str) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| write(&report(info, &Backtrace::force_capture()))));
}

/// The text of a report.
fn report(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let message = info.payload_as_str().unwrap_or("(no message)");
    let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
    render(message, &place, &backtrace.to_string())
}

/// Only the first line may begin with what the message begins with: a line that happens to be JSON would be
/// taken for a log line, and one with wrong types would crash the host.
fn render(message: &str, place: &str, backtrace: &str) -> String {
    let mut text = String::from("panic: ");
    let mut lines = message.lines();
    text.push_str(lines.next().unwrap_or_default());
    text.push_str(place);
    text.push_str("\n\n");
    let rest = lines.map(|line| format!("message: {line}"));
    for line in rest.chain(backtrace.lines().map(str::to_owned)).take(MAX_LINES) {
        let _ = writeln!(text, "{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_starts_as_the_host_expects_and_is_short_enough() {
        let text = render("index out of bounds", " (src/a.rs:7)", &"   0: frame\n".repeat(500));
        assert!(text.starts_with("panic: index out of bounds (src/a.rs:7)\n\n   0: frame\n"), "{text}");
        assert!(text.lines().count() < 100);
    }

    #[test]
    fn no_line_of_a_message_is_taken_for_a_log_line() {
        let text = render("expected\n{\"@message\":5}", "", "");
        assert_eq!(text, "panic: expected\n\nmessage: {\"@message\":5}\n");
    }
}
