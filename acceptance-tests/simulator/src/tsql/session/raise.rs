//! RAISERROR, THROW and PRINT.
//!
//! Sources: learn.microsoft.com "RAISERROR", "THROW", "PRINT"; probes of SQL Server 2025 that the project
//! `sql-server-simulator` publishes (2732, 2747, 2786, 2787, how NULL and missing arguments print, PRINT's blank).

use rusqlite::types::Value;
use sqlparser::ast::Expr;

use super::super::ast::RaiseError;
use super::super::error::{SqlError, raise};
use super::super::query::Host as _;
use super::super::value::{self, Family, Type};
use super::stop::Stop;
use super::{Output, SqlSession, refusal};
use crate::tds::backend::Event;

/// The number of a message that RAISERROR makes up.
const AD_HOC: i32 = 50_000;
/// What a message may have of characters, and what is left of a longer one.
const LONGEST: (usize, usize) = (2047, 2044);

impl SqlSession {
    /// `THROW number, message, state`.
    pub(super) fn throw(&self, values: &[Expr; 3]) -> Result<Stop, SqlError> {
        let [number, message, state] = values;
        let number = self.whole(number)?.unwrap_or_default();
        let message = self.text(message)?.unwrap_or_default();
        let state = self.whole(state)?.unwrap_or_default();
        let in_range = i32::try_from(number).ok().filter(|number| *number >= AD_HOC);
        let number = in_range.ok_or_else(|| raise!(35100, number))?;
        let state = u8::try_from(state.clamp(0, 255)).unwrap_or(u8::MAX);
        Ok(Stop::thrown(SqlError::new(number, 16, state, cut(message))))
    }

    /// RAISERROR. Up to severity 10 it is a message, and no error.
    pub(super) async fn raise(
        &mut self,
        raised: &RaiseError,
        line: u32,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let error = self.raised(raised)?.at_line(line);
        if error.severity > 10 {
            return Err(Stop::raised(error));
        }
        // Severity 10 reaches the client as 0. [learn.microsoft.com: Database Engine error severities]
        let severity = if error.severity == 10 { 0 } else { error.severity };
        let number = error.number;
        output.error(&SqlError { severity, ..error }).await;
        if raised.with_nowait {
            output.send(Event::Flush).await;
        }
        self.counted(0);
        if raised.set_error {
            self.last_error = number;
        }
        Ok(())
    }

    fn raised(&self, raised: &RaiseError) -> Result<SqlError, SqlError> {
        if raised.arguments.len() > 20 {
            return Err(raise!(2747, 20));
        }
        let severity = self.whole(&raised.severity)?.unwrap_or_default().clamp(0, 25);
        let severity = u8::try_from(severity).unwrap_or_default();
        let state = self.whole(&raised.state)?.filter(|state| (0..=255).contains(state));
        // What lies outside counts as 1 in the documentation and as 0 on servers that were asked.
        let state = state.and_then(|state| u8::try_from(state).ok()).unwrap_or_default();
        let (message_type, message) = self.typed(&raised.message)?;
        if severity > 18 && !raised.with_log {
            return Err(raise!(2754, 18));
        }
        if raised.with_log && !self.is_administrator()? {
            return Err(raise!(2778, "WITH LOG", "RAISERROR"));
        }
        if message_type.family() == Family::Number {
            let Value::Integer(number) = value::convert(message, message_type, Type::BigInt, 0)? else {
                return Err(refusal::invalid_message_number(0));
            };
            if !(13_000..=i64::from(i32::MAX)).contains(&number) || number == i64::from(AD_HOC) {
                return Err(refusal::invalid_message_number(number));
            }
            // Nobody adds messages of their own here.
            return Err(raise!(18054, number, severity, state));
        }
        let template = match value::convert(message, message_type, Type::NVarChar(None), 0)? {
            Value::Text(text) => text,
            _ => String::new(),
        };
        let mut arguments = Vec::new();
        for (place, argument) in raised.arguments.iter().enumerate() {
            let (data_type, value) = self.typed(argument)?;
            let fits = match data_type {
                Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt => true,
                other => matches!(other.family(), Family::Text | Family::Binary | Family::Null),
            };
            if !fits {
                return Err(raise!(2748, data_type.base_name(), place + 4));
            }
            arguments.push((data_type, value));
        }
        Ok(SqlError::new(AD_HOC, severity, state, cut(formatted(&template, &arguments)?)))
    }

    /// PRINT. Nothing to say is one blank.
    pub(super) async fn print(
        &mut self,
        value: &Expr,
        line: u32,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let (from, value) = self.typed(value)?;
        let most = if matches!(from, Type::NVarChar(_) | Type::NChar(_)) { 4000 } else { 8000 };
        let text = match value::convert(value, from, Type::NVarChar(None), 0)? {
            Value::Text(text) if !text.is_empty() => text.chars().take(most).collect(),
            _ => " ".to_owned(),
        };
        output.error(&SqlError::new(0, 0, 1, text).at_line(line)).await;
        self.counted(0);
        Ok(())
    }

    fn is_administrator(&self) -> Result<bool, SqlError> {
        let role = Value::Text("sysadmin".to_owned());
        Ok(self.host().call("IS_SRVROLEMEMBER", &[role])? == Value::Integer(1))
    }
}

/// What a client sees of a message.
fn cut(text: String) -> String {
    let (most, kept) = LONGEST;
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(kept).chain("...".chars()).collect()
}

/// One `%…` of a message: `%[flags][width][.precision][h|l|I64]type`.
#[derive(Debug, Default)]
struct Specification {
    left: bool,
    zeros: bool,
    sign: bool,
    blank: bool,
    prefix: bool,
    width: usize,
    precision: Option<usize>,
    big: bool,
}

/// Puts arguments into a message, as C's printf does.
fn formatted(template: &str, arguments: &[(Type, Value)]) -> Result<String, SqlError> {
    let mut text = String::new();
    let mut next = 0;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (specification, kind, after) = specification(after, arguments, &mut next)?;
        let place = next;
        next += 1;
        text.push_str(&match arguments.get(place) {
            None | Some((_, Value::Null)) => padded("(null)".to_owned(), &specification),
            Some((data_type, value)) => {
                substituted(&specification, kind, *data_type, value).ok_or_else(|| raise!(2786, place + 1))?
            }
        });
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn specification<'a>(
    text: &'a str,
    arguments: &[(Type, Value)],
    next: &mut usize,
) -> Result<(Specification, char, &'a str), SqlError> {
    let mut found = Specification::default();
    let mut rest = text;
    let invalid = |rest: &str| {
        let end = text.len() - rest.len() + rest.chars().next().map_or(0, char::len_utf8);
        raise!(2787, format!("%{}", text.get(..end).unwrap_or(text)))
    };
    while let Some(flag) = rest.chars().next() {
        match flag {
            '-' => found.left = true,
            '0' => found.zeros = true,
            '+' => found.sign = true,
            ' ' => found.blank = true,
            '#' => found.prefix = true,
            _ => break,
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    let (width, after) = length(rest, arguments, next)?;
    found.width = width.unwrap_or_default();
    rest = after;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = length(after, arguments, next)?;
        found.precision = Some(precision.unwrap_or_default());
        rest = after;
    }
    if let Some(after) = rest.strip_prefix("I64") {
        (found.big, rest) = (true, after);
    } else if let Some(after) = rest.strip_prefix(['h', 'l']) {
        rest = after;
    }
    match rest.chars().next() {
        Some(kind @ ('d' | 'i' | 'u' | 'o' | 'x' | 'X' | 's')) => {
            Ok((found, kind, rest.get(1..).unwrap_or_default()))
        }
        _ => Err(invalid(rest)),
    }
}

/// Digits, or `*` for the next argument.
fn length<'a>(
    text: &'a str,
    arguments: &[(Type, Value)],
    next: &mut usize,
) -> Result<(Option<usize>, &'a str), SqlError> {
    if let Some(after) = text.strip_prefix('*') {
        let place = *next;
        *next += 1;
        return match arguments.get(place) {
            Some((_, Value::Integer(number))) => Ok((usize::try_from(*number).ok(), after)),
            _ => Err(raise!(2786, place + 1)),
        };
    }
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    Ok((digits.parse().ok(), after))
}

/// An argument as its specification prints it; nothing where the types do not match.
fn substituted(specification: &Specification, kind: char, data_type: Type, value: &Value) -> Option<String> {
    let text = match (kind, value) {
        ('s', Value::Text(text)) => {
            text.chars().take(specification.precision.unwrap_or(usize::MAX)).collect()
        }
        ('s', Value::Blob(bytes)) => {
            let letters = bytes.iter().map(|byte| char::from(*byte));
            letters.take(specification.precision.unwrap_or(usize::MAX)).collect()
        }
        ('s', _) => return None,
        (kind, Value::Integer(number)) if (data_type == Type::BigInt) == specification.big => {
            number_text(specification, kind, *number)
        }
        _ => return None,
    };
    Some(padded(text, specification))
}

fn number_text(specification: &Specification, kind: char, number: i64) -> String {
    // Without a sign, an int is what its 32 bits say.
    let bits = if specification.big {
        u64::from_ne_bytes(number.to_ne_bytes())
    } else {
        i32::try_from(number).map_or(0, |number| u64::from(u32::from_ne_bytes(number.to_ne_bytes())))
    };
    let prefix = |text: &'static str| if specification.prefix && bits != 0 { text } else { "" };
    let (sign, digits) = match kind {
        'u' => ("", bits.to_string()),
        'o' => (prefix("0"), format!("{bits:o}")),
        'x' => (prefix("0x"), format!("{bits:x}")),
        'X' => (prefix("0X"), format!("{bits:X}")),
        _ => {
            let sign = match (number < 0, specification.sign, specification.blank) {
                (true, ..) => "-",
                (false, true, _) => "+",
                (false, false, true) => " ",
                _ => "",
            };
            (sign, number.unsigned_abs().to_string())
        }
    };
    let zeros = match specification.precision {
        Some(precision) => precision,
        None if specification.zeros && !specification.left => specification.width.saturating_sub(sign.len()),
        None => 0,
    };
    format!("{sign}{}{digits}", "0".repeat(zeros.saturating_sub(digits.len())))
}

fn padded(text: String, specification: &Specification) -> String {
    let missing = " ".repeat(specification.width.saturating_sub(text.chars().count()));
    if specification.left { text + &missing } else { missing + &text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(template: &str, arguments: &[Value]) -> String {
        let typed = arguments.iter().map(|value| match value {
            Value::Text(_) => (Type::NVarChar(None), value.clone()),
            Value::Integer(number) if i32::try_from(*number).is_err() => (Type::BigInt, value.clone()),
            _ => (Type::Int, value.clone()),
        });
        let typed: Vec<(Type, Value)> = typed.collect();
        formatted(template, &typed).unwrap_or_else(|error| format!("{} {}", error.number, error.message))
    }

    #[test]
    fn arguments_are_put_in_as_printf_does() {
        let text = |text: &str| Value::Text(text.to_owned());
        let number = Value::Integer;
        assert_eq!(with("%s has %d of %i%%", &[text("a"), number(3), number(-4)]), "a has 3 of -4%");
        assert_eq!(with("[%-5s][%5s][%.2s]", &[text("ab"), text("ab"), text("abc")]), "[ab   ][   ab][ab]");
        assert_eq!(
            with("%05d %+d %x %#X %o %u", &[-7, 7, 255, 255, 8, -1].map(number)),
            "-0007 +7 ff 0XFF 10 4294967295"
        );
        assert_eq!(with("%*d|%.3d", &[5, 42, 7].map(number)), "   42|007");
        assert_eq!(with("%I64d", &[number(9_000_000_000)]), "9000000000");
        assert_eq!(with("%s and %d", &[Value::Null]), "(null) and (null)");
        assert_eq!(with("nothing", &[number(1)]), "nothing");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert!(with("%d", &[Value::Text("a".to_owned())]).starts_with("2786 "));
        assert!(with("%s", &[Value::Integer(1)]).starts_with("2786 "));
        assert!(with("%d", &[Value::Integer(9_000_000_000)]).starts_with("2786 "));
        assert_eq!(with("50%c", &[]), "2787 Invalid format specification: '%c'.");
        assert_eq!(with("100%", &[]), "2787 Invalid format specification: '%'.");
    }

    #[test]
    fn long_messages_end_in_dots() {
        assert_eq!(cut("a".repeat(2047)).len(), 2047);
        assert_eq!(cut("a".repeat(2048)), "a".repeat(2044) + "...");
    }
}
