//! Checks of single values that schemas share, for [`Attribute::check`](super::schema::Attribute::check).
//!
//! Each takes a known, non-null value and answers with the second half of a sentence: "must be …". They are
//! called through closures that capture nothing: `.check(|value| one_of(value, &["keep", "drop"]))`.

use super::schema::Check;
use super::value::{Number, Value};

/// One of these words, in this spelling.
pub fn one_of(value: &Value, words: &[&str]) -> Result<(), String> {
    match value {
        Value::String(text) if words.contains(&text.as_str()) => Ok(()),
        _ => Err(format!("must be one of {}", listed(words))),
    }
}

/// A string with something in it besides white space.
pub fn not_empty(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(()),
        _ => Err("must not be empty".to_owned()),
    }
}

/// A whole number between `least` and `most`.
pub fn between(value: &Value, least: i64, most: i64) -> Result<(), String> {
    match value {
        Value::Number(Number::Signed(number)) if (least..=most).contains(number) => Ok(()),
        _ => Err(format!("must be a whole number from {least} to {most}")),
    }
}

/// A UUID in its usual spelling.
pub fn uuid(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 => Ok(()),
        _ => Err("must be a UUID, as 00000000-0000-0000-0000-000000000000".to_owned()),
    }
}

/// A duration as Go writes it: `30m`, `1h30m`.
pub fn duration(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if super::timeouts::parse_duration(text).is_some() => Ok(()),
        _ => Err("must be a duration such as \"30m\" or \"1h30m\"".to_owned()),
    }
}

/// A string of `least` to `most` characters.
pub fn length(value: &Value, least: usize, most: usize) -> Result<(), String> {
    match value {
        Value::String(text) if (least..=most).contains(&text.chars().count()) => Ok(()),
        _ => Err(format!("must have {least} to {most} characters")),
    }
}

/// A list, set or map with something in it.
pub fn some_elements(value: &Value) -> Result<(), String> {
    match value {
        Value::List(items) | Value::Set(items) if !items.is_empty() => Ok(()),
        Value::Map(items) if !items.is_empty() => Ok(()),
        _ => Err("must have at least one element".to_owned()),
    }
}

/// A list or set whose elements all pass `check`.
pub fn each(value: &Value, check: Check) -> Result<(), String> {
    match value {
        Value::List(items) | Value::Set(items) => items.iter().try_for_each(|item| {
            if item.is_absent() { Err("must not have null elements".to_owned()) } else { check(item) }
        }),
        _ => Err("must be a list".to_owned()),
    }
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_must_be_spelt_exactly() {
        let words = ["keep", "drop"];
        assert_eq!(one_of(&Value::string("keep"), &words), Ok(()));
        assert_eq!(
            one_of(&Value::string("Keep"), &words),
            Err("must be one of \"keep\" or \"drop\"".to_owned())
        );
    }

    #[test]
    fn numbers_and_blanks() {
        assert!(between(&Value::Number(0.into()), 1, 65535).is_err());
        assert!(between(&Value::Number(1.into()), 1, 65535).is_ok());
        assert!(not_empty(&Value::string(" \t")).is_err());
        assert!(uuid(&Value::string("not one")).is_err());
        assert!(length(&Value::string("äöü"), 1, 3).is_ok());
        assert!(length(&Value::string(""), 1, 3).is_err());
        assert!(duration(&Value::string("1h30m")).is_ok());
        assert!(duration(&Value::string("30")).is_err());
    }

    #[test]
    fn collections() {
        assert!(some_elements(&Value::List(Vec::new())).is_err());
        assert!(each(&Value::Set(vec![Value::string("x")]), not_empty).is_ok());
        assert!(each(&Value::List(vec![Value::string("x"), Value::string("")]), not_empty).is_err());
        assert!(each(&Value::List(vec![Value::Null]), not_empty).is_err());
    }
}
