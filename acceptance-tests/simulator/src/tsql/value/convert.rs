//! CAST and CONVERT.

use rusqlite::types::Value;
use time::{Date, PrimitiveDateTime, Time};

use super::super::error::{self, SqlError, raise};
use super::decimal::Decimal;
use super::moment::format_moment;
use super::{Family, Type, hex, styles};

/// CAST and CONVERT.
///
/// # Errors
/// 245 and 8114 for text that is no number, 241 for text that is no date, 8169 for text that is no GUID; 220, 232, 237, 244,
/// 248 and 8115 for a number that does not fit.
pub(crate) fn convert(value: Value, from: Type, to: Type, style: i64) -> Result<Value, SqlError> {
    if matches!(value, Value::Null) || matches!(to, Type::Variant | Type::Null) {
        return Ok(value);
    }
    match to.family() {
        Family::Number => to_number(value, from, to),
        Family::Text => {
            let text = to_text(value, from, style)?;
            let instead = room(&text, from, to)?.map(str::to_owned);
            Ok(Value::Text(fit_text(instead.unwrap_or(text), to)))
        }
        Family::Binary => to_binary(value, from, to, style).map(Value::Blob),
        Family::Guid => to_guid(value, from).map(Value::Text),
        Family::Moment => {
            // Only text has a style to be read in.
            let style = if from.family() == Family::Text { style } else { 0 };
            to_moment(value, to, style).map(Value::Text)
        }
        Family::Variant | Family::Null => Ok(value),
    }
}

fn to_number(value: Value, from: Type, to: Type) -> Result<Value, SqlError> {
    if from.family() == Family::Moment || from.family() == Family::Guid {
        return Err(error::not_allowed_conversion(from, to));
    }
    match to {
        Type::Float | Type::Real => match value {
            Value::Integer(number) => Ok(Value::Real(as_float(number))),
            Value::Text(text) => text
                .trim()
                .parse()
                .map(Value::Real)
                .map_err(|_| error::conversion_to(from.base_name(), "float")),
            other => Ok(other),
        },
        Type::Numeric(..) | Type::Money | Type::SmallMoney => to_decimal(&value, from, to),
        _ => {
            let shown = match &value {
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => format!("{number:.6}"),
                Value::Text(text) => text.clone(),
                _ => String::new(),
            };
            let too_large = || too_large(from, to, &shown);
            let number = match value {
                Value::Integer(number) => number,
                other @ (Value::Real(_) | Value::Text(_)) if from.decimal().is_some() => {
                    // Money is rounded where other decimals are cut.
                    let rounded = |number: Decimal| match from {
                        Type::Money | Type::SmallMoney => number.scaled(0, false),
                        _ => Some(number),
                    };
                    let number = Decimal::of(&other, from);
                    // What is not nought is true, however small.
                    let is_bit = to == Type::Bit && number.is_some_and(|number| !number.is_zero());
                    if is_bit {
                        return Ok(Value::Integer(1));
                    }
                    let whole = number.and_then(rounded).and_then(Decimal::whole);
                    whole.ok_or_else(too_large)?
                }
                Value::Real(number) => truncated(number).ok_or_else(too_large)?,
                Value::Blob(bytes) => {
                    bytes.iter().rev().take(8).rev().fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte))
                }
                Value::Text(text) => match (to, text.trim().to_ascii_lowercase().as_str()) {
                    (Type::Bit, "true") => 1,
                    (Type::Bit, "false") | (_, "") => 0,
                    (_, digits) => match digits.parse() {
                        Ok(number) => number,
                        Err(_) if is_whole(digits) => return Err(too_large()),
                        Err(_) if to == Type::BigInt => {
                            return Err(error::conversion_to(root(from), to.base_name()));
                        }
                        Err(_) => return Err(error::conversion(root(from), &text, to.base_name())),
                    },
                },
                Value::Null => return Ok(Value::Null),
            };
            let (least, most) = match to {
                Type::Bit => return Ok(Value::Integer(i64::from(number != 0))),
                Type::TinyInt => (0, 255),
                Type::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
                Type::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (i64::MIN, i64::MAX),
            };
            if (least..=most).contains(&number) { Ok(Value::Integer(number)) } else { Err(too_large()) }
        }
    }
}

/// Whether a text is a whole number, however long.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// How errors call the type of a text.
fn root(from: Type) -> &'static str {
    match from {
        Type::Char(_) => "varchar",
        Type::NChar(_) => "nvarchar",
        other => other.base_name(),
    }
}

/// The error for a number that a type of whole numbers does not hold: its number depends on where it comes from.
/// [probes of a 2025 server; the texts in "Database Engine events and errors"]
fn too_large(from: Type, to: Type, shown: &str) -> SqlError {
    let name = to.base_name();
    let narrow = matches!(to, Type::TinyInt | Type::SmallInt | Type::Int);
    match (from, to) {
        (Type::TinyInt | Type::SmallInt | Type::Int, Type::TinyInt) => raise!(220, name, shown).in_state(2),
        (Type::TinyInt | Type::SmallInt | Type::Int, Type::SmallInt) => raise!(220, name, shown),
        (Type::Float | Type::Real, Type::TinyInt) => raise!(232, name, shown).in_state(1),
        (Type::Float | Type::Real, Type::Int) => raise!(232, name, shown).in_state(3),
        (Type::Float | Type::Real, Type::SmallInt) => raise!(232, name, shown),
        (Type::Money, Type::Int) => raise!(237, name),
        (Type::Numeric(..), _) => raise!(8115, "numeric", name),
        _ if from.family() == Family::Text && narrow => match to {
            Type::TinyInt => raise!(244, root(from), shown, "INT1"),
            Type::SmallInt => raise!(244, root(from), shown, "INT2").in_state(2),
            _ => raise!(248, root(from), shown),
        },
        _ => error::overflow(name),
    }
}

/// A value as a decimal of a type. Text may have money's signs where that is wanted.
fn to_decimal(value: &Value, from: Type, to: Type) -> Result<Value, SqlError> {
    let is_money = matches!(to, Type::Money | Type::SmallMoney);
    let (_, scale) = to.decimal().unwrap_or((0, 0));
    let number =
        match value {
            Value::Real(number) if from.decimal().is_none() => Decimal::of_float(*number, scale)
                .ok_or_else(|| raise!(8115, from.base_name(), to.base_name()))?,
            Value::Blob(_) => return Err(error::not_modelled("numbers made of binaries")),
            Value::Text(text) if from.family() == Family::Text && is_money => {
                let wrong = || if to == Type::Money { raise!(235) } else { raise!(293) };
                styles::read_money(text).ok_or_else(wrong)?
            }
            other => Decimal::of(other, from)
                .ok_or_else(|| error::conversion_to(from.base_name(), to.base_name()))?,
        };
    let what = if is_money && !matches!(from, Type::Numeric(..)) { "expression" } else { from.base_name() };
    number.into_value(to, what)
}

/// Whether a text has room in its type: what is written there instead, if it is a whole number that has none.
///
/// # Errors
/// 8115, 232, 234 and 8170 where a number or a GUID has none; other texts are cut.
/// [learn.microsoft.com: "CAST and CONVERT", truncating and rounding results; probes of a 2025 server]
fn room(text: &str, from: Type, to: Type) -> Result<Option<&'static str>, SqlError> {
    let fits = to.length().is_none_or(|length| text.chars().count() <= usize::from(length));
    let is_wide = matches!(to, Type::NVarChar(_) | Type::NChar(_));
    let root = if is_wide { "nvarchar" } else { "varchar" };
    match from {
        _ if fits => Ok(None),
        Type::TinyInt | Type::SmallInt | Type::Int if !is_wide => Ok(Some("*")),
        Type::Money | Type::SmallMoney => Err(raise!(234, root)),
        Type::Numeric(..) if !is_wide => Err(raise!(8115, "numeric", root).in_state(5)),
        Type::Float | Type::Real if !is_wide => {
            Err(raise!(232, root, format!("{:.6}", text.parse().unwrap_or(0.0_f64))))
        }
        Type::UniqueIdentifier if !is_wide => Err(raise!(8170)),
        _ if matches!(from.family(), Family::Number | Family::Guid) => Err(error::overflow(root)),
        _ => Ok(None),
    }
}

fn to_text(value: Value, from: Type, style: i64) -> Result<String, SqlError> {
    if let Some((_, scale)) = from.decimal()
        && let Some(number) = Decimal::of(&value, from).and_then(|number| number.scaled(scale, false))
    {
        return match from {
            Type::Money | Type::SmallMoney => styles::money(number, style),
            _ => Ok(number.to_string()),
        };
    }
    Ok(match value {
        Value::Integer(number) => number.to_string(),
        Value::Real(number) if matches!(from, Type::Float | Type::Real) => styles::float(number, style)?,
        Value::Real(number) => number.to_string(),
        Value::Blob(bytes) => match style {
            1 => format!("0x{}", hex(&bytes)),
            2 => hex(&bytes),
            _ if matches!(from, Type::Binary(_) | Type::VarBinary(_)) => {
                bytes.iter().map(|byte| char::from(*byte)).collect()
            }
            _ => hex(&bytes),
        },
        Value::Text(text) if from.family() == Family::Moment => styles::write(&text, from, style)?,
        Value::Text(text) => text,
        Value::Null => String::new(),
    })
}

fn to_binary(value: Value, from: Type, to: Type, style: i64) -> Result<Vec<u8>, SqlError> {
    let mut bytes = match value {
        Value::Blob(bytes) => bytes,
        Value::Integer(number) => {
            let width = match from {
                Type::Bit | Type::TinyInt => 1,
                Type::SmallInt => 2,
                Type::BigInt => 8,
                _ => 4,
            };
            number.to_be_bytes().iter().skip(8 - width).copied().collect()
        }
        Value::Text(text) if style == 1 || style == 2 => {
            let digits = if style == 1 {
                text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or("!")
            } else {
                &text
            };
            if digits.len() % 2 == 1 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(error::conversion_to(from.base_name(), "varbinary"));
            }
            super::super::parser::hex_bytes(digits)
        }
        Value::Text(text) if matches!(from, Type::VarChar(_) | Type::Char(_)) => text.into_bytes(),
        Value::Text(text) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Value::Real(_) | Value::Null => return Err(error::not_allowed_conversion(from, to)),
    };
    if let Some(length) = to.length() {
        bytes.truncate(usize::from(length));
        if let Type::Binary(length) = to {
            bytes.resize(usize::from(length), 0);
        }
    }
    Ok(bytes)
}

fn to_guid(value: Value, from: Type) -> Result<String, SqlError> {
    match value {
        Value::Text(text) => {
            let bare = text.trim().trim_start_matches('{').trim_end_matches('}');
            uuid::Uuid::try_parse(bare)
                .ok()
                .filter(|_| bare.len() == 36)
                .map(|guid| guid.hyphenated().to_string().to_ascii_uppercase())
                .ok_or_else(error::guid_conversion)
        }
        Value::Blob(bytes) => {
            let mut padded = [0_u8; 16];
            for (slot, byte) in padded.iter_mut().zip(bytes) {
                *slot = byte;
            }
            Ok(uuid::Uuid::from_bytes_le(padded).hyphenated().to_string().to_ascii_uppercase())
        }
        _ => Err(error::not_allowed_conversion(from, Type::UniqueIdentifier)),
    }
}

fn to_moment(value: Value, to: Type, style: i64) -> Result<String, SqlError> {
    match value {
        Value::Text(text) => {
            let moment = styles::read(&text, style)?.ok_or_else(error::date_conversion)?;
            Ok(format_moment(moment, to))
        }
        Value::Integer(days) if matches!(to, Type::DateTime | Type::SmallDateTime) => {
            let start = PrimitiveDateTime::new(Date::MIN, Time::MIDNIGHT).replace_date(EPOCH);
            let moment =
                start.checked_add(time::Duration::days(days)).ok_or_else(|| error::overflow("datetime"))?;
            Ok(format_moment(moment, to))
        }
        _ => Err(error::date_conversion()),
    }
}

/// Day 0 of datetime.
const EPOCH: Date = time::macros::date!(1900 - 01 - 01);

fn fit_text(text: String, to: Type) -> String {
    match to {
        Type::VarChar(Some(length)) | Type::NVarChar(Some(length)) => first_characters(text, length),
        Type::Char(length) | Type::NChar(length) => {
            let text = first_characters(text, length);
            let missing = usize::from(length).saturating_sub(text.chars().count());
            text + &" ".repeat(missing)
        }
        _ => text,
    }
}

fn first_characters(text: String, length: u16) -> String {
    if text.chars().count() <= usize::from(length) {
        text
    } else {
        text.chars().take(length.into()).collect()
    }
}

/// A float as near to the number as there is.
#[expect(clippy::cast_precision_loss, reason = "that is what CAST to float does")]
fn as_float(number: i64) -> f64 {
    number as f64
}

/// The whole part, if a bigint can hold it.
#[expect(clippy::cast_possible_truncation, reason = "bounds are checked")]
fn truncated(number: f64) -> Option<i64> {
    (number.abs() < 9.2e18).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_numbers_dates_and_guids_or_the_servers_error() {
        let convert = |text: &str, to| convert(Value::Text(text.into()), Type::NVarChar(None), to, 0);
        assert_eq!(convert(" 12 ", Type::Int), Ok(Value::Integer(12)));
        assert_eq!(convert("x", Type::Int).unwrap_err().number, 245);
        assert_eq!(convert("300", Type::TinyInt).unwrap_err().number, 244);
        assert_eq!(convert("03/30/2030", Type::DateTime), Ok(Value::Text("2030-03-30 00:00:00.000".into())));
        assert_eq!(convert("20301301", Type::DateTime).unwrap_err().number, 241);
        assert_eq!(convert("nonsense", Type::UniqueIdentifier).unwrap_err().number, 8169);
    }

    #[test]
    fn binaries_print_as_hexadecimal_in_styles_one_and_two() {
        let bytes = || Value::Blob(vec![0x0A, 0xFF]);
        let from = Type::VarBinary(None);
        assert_eq!(convert(bytes(), from, Type::VarChar(None), 2), Ok(Value::Text("0AFF".into())));
        assert_eq!(convert(bytes(), from, Type::VarChar(None), 1), Ok(Value::Text("0x0AFF".into())));
    }
}
