//! The `timeouts` block: how long an operation may take, as users write it.
//!
//! Terraform itself has no time limits. The block is kept by the engine from configuration to state; an author
//! sees only the deadline of a call.

use std::time::Duration;

use super::body::TIMEOUTS;
use super::schema::Timeouts;
use super::value::{Object, Value};

/// An operation with a time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Create.
    Create,
    /// Read.
    Read,
    /// Update.
    Update,
    /// Delete.
    Delete,
}

/// The limit of `operation`: what `object` says, else the schema's default.
pub(crate) fn limit(timeouts: Option<&Timeouts>, object: &Object, operation: Operation) -> Option<Duration> {
    let timeouts = timeouts?;
    let (name, default) = match operation {
        Operation::Create => ("create", timeouts.create),
        Operation::Read => ("read", timeouts.read),
        Operation::Update => ("update", timeouts.update),
        Operation::Delete => ("delete", timeouts.delete),
    };
    match object.get(TIMEOUTS) {
        Some(Value::Object(block)) => match block.get(name) {
            Some(Value::String(text)) => parse_duration(text).or(default),
            _ => default,
        },
        _ => default,
    }
}

/// Reads a duration as Go writes it: `90s`, `1h30m`, `1.5h`, `300ms`. `None` when it is none, is negative, or
/// exceeds some 100 years.
pub fn parse_duration(text: &str) -> Option<Duration> {
    const LONGEST: f64 = 100.0 * 365.0 * 86_400.0;
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    (seconds <= LONGEST).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        let cases = [
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("300ms", 300),
            ("0", 0),
            ("+2m", 120_000),
            (".5s", 500),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "m", "-5m", "5 m", "1d", "1h30", "1..5h", "é", "9999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_wins_over_the_default() {
        let timeouts = Timeouts { create: Some(Duration::from_secs(60)), ..Timeouts::default() };
        let block = |value| {
            let limits = Object::from([("create".to_owned(), value)]);
            Object::from([(TIMEOUTS.to_owned(), Value::Object(limits))])
        };
        let of = |object: &Object| limit(Some(&timeouts), object, Operation::Create).map(|d| d.as_secs());
        assert_eq!(of(&block(Value::string("2m"))), Some(120));
        assert_eq!(of(&block(Value::Null)), Some(60));
        assert_eq!(of(&Object::new()), Some(60));
        assert_eq!(limit(Some(&timeouts), &Object::new(), Operation::Delete), None);
        assert_eq!(limit(None, &block(Value::string("2m")), Operation::Create), None);
    }
}
