//! Values and types inside the engine, and the conversions between them.
//!
//! A value is what SQLite can hold; which SQL Server type it has is known from the query ([`super::query`]), so the
//! two travel apart: a date is text in ISO form, a GUID upper-case text, a bit the number 0 or 1. Conversions follow
//! CAST and CONVERT of the server, with its error numbers.

pub(crate) mod decimal;
mod styles;

use std::fmt;

use rusqlite::types::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Month, PrimitiveDateTime, Time};

use self::decimal::Decimal;
use super::error::{self, SqlError, raise};

/// A SQL Server type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    /// Precision and scale.
    Numeric(u8, u8),
    Real,
    Float,
    /// Length in characters; `None` is `max`. The same for the next three.
    VarChar(Option<u16>),
    NVarChar(Option<u16>),
    Char(u16),
    NChar(u16),
    VarBinary(Option<u16>),
    Binary(u16),
    UniqueIdentifier,
    Date,
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Variant,
    /// The bare NULL: takes any type, and becomes int where a column must have one.
    Null,
}

/// Families that compare and convert alike, in the order of the server's precedence (highest last).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    Null,
    Binary,
    Text,
    Guid,
    Number,
    Moment,
    Variant,
}

impl Type {
    pub(crate) const SYSNAME: Self = Self::NVarChar(Some(128));

    pub(crate) fn family(self) -> Family {
        match self {
            Self::Null => Family::Null,
            Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt | Self::Numeric(..) => {
                Family::Number
            }
            Self::Real | Self::Float => Family::Number,
            Self::VarChar(_) | Self::NVarChar(_) | Self::Char(_) | Self::NChar(_) => Family::Text,
            Self::VarBinary(_) | Self::Binary(_) => Family::Binary,
            Self::UniqueIdentifier => Family::Guid,
            Self::Date
            | Self::Time(_)
            | Self::DateTime
            | Self::SmallDateTime
            | Self::DateTime2(_)
            | Self::DateTimeOffset(_) => Family::Moment,
            Self::Variant => Family::Variant,
        }
    }

    /// The type of an expression that may give either: `CASE`, `ISNULL`'s kin, `UNION`, arithmetic.
    pub(crate) fn common(self, other: Self) -> Self {
        if self == other || other == Self::Null {
            return self;
        }
        if self == Self::Null {
            return other;
        }
        match self.family().cmp(&other.family()) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => self.common_in_family(other),
        }
    }

    fn common_in_family(self, other: Self) -> Self {
        match self.family() {
            Family::Text => {
                let length = match (self.length(), other.length()) {
                    (Some(left), Some(right)) => Some(left.max(right)),
                    _ => None,
                };
                let wide = |t: Self| matches!(t, Self::NVarChar(_) | Self::NChar(_));
                if wide(self) || wide(other) { Self::NVarChar(length) } else { Self::VarChar(length) }
            }
            Family::Binary => match (self.length(), other.length()) {
                (Some(left), Some(right)) => Self::VarBinary(Some(left.max(right))),
                _ => Self::VarBinary(None),
            },
            Family::Number if self.rank().max(other.rank()) == 6 => decimal::common(self, other),
            _ => {
                if self.rank() >= other.rank() {
                    self
                } else {
                    other
                }
            }
        }
    }

    /// Order within numbers and within moments.
    fn rank(self) -> u8 {
        match self {
            Self::Bit | Self::Time(_) => 1,
            Self::TinyInt | Self::Date => 2,
            Self::SmallInt | Self::SmallDateTime => 3,
            Self::Int | Self::DateTime => 4,
            Self::BigInt | Self::DateTime2(_) => 5,
            Self::Numeric(..) | Self::DateTimeOffset(_) => 6,
            Self::Real => 7,
            Self::Float => 8,
            _ => 0,
        }
    }

    /// Characters or bytes; `None` for `max` and for types without a length.
    pub(crate) fn length(self) -> Option<u16> {
        match self {
            Self::VarChar(length) | Self::NVarChar(length) | Self::VarBinary(length) => length,
            Self::Char(length) | Self::NChar(length) | Self::Binary(length) => Some(length),
            _ => None,
        }
    }

    /// The type's name without length, as errors name it.
    pub(crate) fn base_name(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int | Self::Null => "int",
            Self::BigInt => "bigint",
            Self::Numeric(..) => "numeric",
            Self::Real => "real",
            Self::Float => "float",
            Self::VarChar(_) => "varchar",
            Self::NVarChar(_) => "nvarchar",
            Self::Char(_) => "char",
            Self::NChar(_) => "nchar",
            Self::VarBinary(_) => "varbinary",
            Self::Binary(_) => "binary",
            Self::UniqueIdentifier => "uniqueidentifier",
            Self::Date => "date",
            Self::Time(_) => "time",
            Self::DateTime => "datetime",
            Self::SmallDateTime => "smalldatetime",
            Self::DateTime2(_) => "datetime2",
            Self::DateTimeOffset(_) => "datetimeoffset",
            Self::Variant => "sql_variant",
        }
    }

    /// Reads the name of a type as T-SQL writes it: `nvarchar(128)`, `numeric(25,0)`, `sysname`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
            None => (text.as_str(), ""),
        };
        let length = |default: u16| -> Option<Option<u16>> {
            match arguments {
                "" => Some(Some(default)),
                "max" => Some(None),
                digits => digits.parse().ok().map(Some),
            }
        };
        let scale = || if arguments.is_empty() { Some(7) } else { arguments.parse().ok() };
        Some(match name {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            // float(1) to float(24) are other names of real.
            "float" if arguments.parse().is_ok_and(|bits: u8| (1..=24).contains(&bits)) => Self::Real,
            "float" | "double precision" => Self::Float,
            "numeric" | "decimal" | "dec" => {
                let mut parts = arguments.split(',').map(|part| part.trim().parse().ok());
                match (parts.next().flatten(), parts.next().flatten()) {
                    (Some(precision), scale) => Self::Numeric(precision, scale.unwrap_or(0)),
                    _ => Self::Numeric(18, 0),
                }
            }
            // There is no arithmetic of money here: it is the decimal of the same range.
            "money" => Self::Numeric(19, 4),
            "smallmoney" => Self::Numeric(10, 4),
            "varchar" | "char varying" | "character varying" => Self::VarChar(length(1)?),
            "nvarchar" | "national character varying" => Self::NVarChar(length(1)?),
            "char" | "character" => Self::Char(length(1)??),
            "nchar" => Self::NChar(length(1)??),
            "text" => Self::VarChar(None),
            "ntext" | "xml" => Self::NVarChar(None),
            "varbinary" => Self::VarBinary(length(1)?),
            "binary" => Self::Binary(length(1)??),
            "image" => Self::VarBinary(None),
            "uniqueidentifier" => Self::UniqueIdentifier,
            "date" => Self::Date,
            "time" => Self::Time(scale()?),
            "datetime" => Self::DateTime,
            "smalldatetime" => Self::SmallDateTime,
            "datetime2" => Self::DateTime2(scale()?),
            "datetimeoffset" => Self::DateTimeOffset(scale()?),
            "sql_variant" => Self::Variant,
            "sysname" => Self::SYSNAME,
            _ => return None,
        })
    }

    /// The type that `sqlparser` read, or 243 for a name that is none.
    pub(crate) fn of(data_type: &sqlparser::ast::DataType) -> Result<Self, SqlError> {
        let text = data_type.to_string();
        let bare = text.trim_start_matches('[').replace(['[', ']', '"'], "");
        let bare = bare.strip_prefix("sys.").unwrap_or(&bare);
        Self::parse(bare).ok_or_else(|| error::unknown_type(bare.split('(').next().unwrap_or(bare)))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numeric(precision, scale) => write!(formatter, "numeric({precision},{scale})"),
            Self::VarChar(None) | Self::NVarChar(None) | Self::VarBinary(None) => {
                write!(formatter, "{}(max)", self.base_name())
            }
            Self::VarChar(Some(length)) | Self::NVarChar(Some(length)) | Self::VarBinary(Some(length)) => {
                write!(formatter, "{}({length})", self.base_name())
            }
            Self::Char(length) | Self::NChar(length) | Self::Binary(length) => {
                write!(formatter, "{}({length})", self.base_name())
            }
            Self::Time(scale) | Self::DateTime2(scale) | Self::DateTimeOffset(scale) => {
                write!(formatter, "{}({scale})", self.base_name())
            }
            _ => formatter.write_str(self.base_name()),
        }
    }
}

/// CAST and CONVERT.
///
/// # Errors
/// 245 and 8114 for text that is no number, 241 for text that is no date, 8169 for text that is no GUID, 8115 for a
/// number that does not fit.
pub(crate) fn convert(value: Value, from: Type, to: Type, style: i64) -> Result<Value, SqlError> {
    if matches!(value, Value::Null) || matches!(to, Type::Variant | Type::Null) {
        return Ok(value);
    }
    match to.family() {
        Family::Number => to_number(value, from, to),
        Family::Text => to_text(value, from, style).map(|text| Value::Text(fit_text(text, to))),
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
    let failed = |text: &str| error::conversion(from.base_name(), text, to.base_name());
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
        Type::Numeric(_, scale) => {
            let number = match &value {
                Value::Real(number) if !matches!(from, Type::Numeric(..)) => {
                    Decimal::of_float(*number, scale)
                        .ok_or_else(|| raise!(8115, from.base_name(), "numeric"))?
                }
                Value::Blob(_) => return Err(error::not_modelled("numbers made of binaries")),
                other => Decimal::of(other, from)
                    .ok_or_else(|| error::conversion_to(from.base_name(), "numeric"))?,
            };
            number.into_value(to, from.base_name())
        }
        _ => {
            let number = match value {
                Value::Integer(number) => number,
                other @ (Value::Real(_) | Value::Text(_)) if matches!(from, Type::Numeric(..)) => {
                    let number = Decimal::of(&other, from);
                    // What is not nought is true, however small.
                    let is_bit = to == Type::Bit && number.is_some_and(|number| !number.is_zero());
                    if is_bit {
                        return Ok(Value::Integer(1));
                    }
                    number.and_then(Decimal::whole).ok_or_else(|| raise!(8115, "numeric", to.base_name()))?
                }
                Value::Real(number) => truncated(number).ok_or_else(|| error::overflow(to.base_name()))?,
                Value::Blob(bytes) => {
                    bytes.iter().rev().take(8).rev().fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte))
                }
                Value::Text(text) => match (to, text.trim().to_ascii_lowercase().as_str()) {
                    (Type::Bit, "true") => 1,
                    (Type::Bit, "false") | (_, "") => 0,
                    (_, digits) => digits.parse().map_err(|_| failed(&text))?,
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
            if (least..=most).contains(&number) {
                Ok(Value::Integer(number))
            } else {
                Err(error::overflow(to.base_name()))
            }
        }
    }
}

fn to_text(value: Value, from: Type, style: i64) -> Result<String, SqlError> {
    if let Type::Numeric(_, scale) = from
        && let Some(number) = Decimal::of(&value, from).and_then(|number| number.scaled(scale, false))
    {
        return Ok(number.to_string());
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
            super::parser::hex_bytes(digits)
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

/// The instant that a text in one of the language-neutral forms, or in the US form, names.
pub(crate) fn parse_moment(text: &str) -> Option<PrimitiveDateTime> {
    let text = text.trim();
    // An offset, or the Z of ISO 8601, counts as UTC; the engine keeps no other zone.
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix(" +00:00")).unwrap_or(text);
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock.trim()),
        None if text.contains(':') => ("19000101", text),
        None => (text, ""),
    };
    let date = parse_date(date)?;
    let clock = if clock.is_empty() { Time::MIDNIGHT } else { parse_clock(clock)? };
    Some(PrimitiveDateTime::new(date, clock))
}

fn parse_date(text: &str) -> Option<Date> {
    const FORMS: &[&[BorrowedFormatItem<'_>]] = &[
        format_description!("[year][month][day]"),
        format_description!("[year]-[month]-[day]"),
        format_description!("[month]/[day]/[year]"),
        format_description!("[year]/[month]/[day]"),
    ];
    own_date(text).or_else(|| FORMS.iter().find_map(|form| Date::parse(text, form).ok()))
}

/// `2026-11-29`, the form in which the engine itself keeps dates: every moment of a result is read once more on its way to
/// the client.
fn own_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

fn parse_clock(text: &str) -> Option<Time> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.split(':').map(str::parse::<u8>);
    let hour = parts.next()?.ok()?;
    let minute = parts.next().unwrap_or(Ok(0)).ok()?;
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    if fraction.len() > 7 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: u32 = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse().ok()? };
    Time::from_hms_nano(hour, minute, second, nanoseconds).ok()
}

/// The engine's own text of a moment of type `to`; it sorts as time does.
pub(crate) fn format_moment(moment: PrimitiveDateTime, to: Type) -> String {
    let date = format!("{:04}-{:02}-{:02}", moment.year(), u8::from(moment.month()), moment.day());
    let clock = format!("{:02}:{:02}:{:02}", moment.hour(), moment.minute(), moment.second());
    let fraction = |scale: u8| {
        if scale == 0 {
            return String::new();
        }
        let digits = format!("{:09}", moment.nanosecond());
        format!(".{}", digits.chars().take(usize::from(scale)).collect::<String>())
    };
    match to {
        Type::Date => date,
        Type::Time(scale) => format!("{clock}{}", fraction(scale)),
        Type::SmallDateTime => format!("{date} {:02}:{:02}:00", moment.hour(), moment.minute()),
        Type::DateTime2(scale) => format!("{date} {clock}{}", fraction(scale)),
        Type::DateTimeOffset(scale) => format!("{date} {clock}{} +00:00", fraction(scale)),
        // datetime counts ticks of 1/300 s; milliseconds are close enough for a catalog.
        _ => format!("{date} {clock}{}", fraction(3)),
    }
}

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

/// Upper-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
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
    fn types_read_back_what_they_print() {
        for text in
            ["int", "numeric(25,0)", "nvarchar(128)", "varbinary(max)", "char(2)", "datetime2(7)", "bit"]
        {
            assert_eq!(Type::parse(text).expect("a type").to_string(), text);
        }
        assert_eq!(Type::parse("sysname"), Some(Type::SYSNAME));
        assert_eq!(
            (Type::parse("float(24)"), Type::parse("float(25)")),
            (Some(Type::Real), Some(Type::Float))
        );
        assert_eq!(Type::parse("geography"), None);
    }

    #[test]
    fn text_becomes_numbers_dates_and_guids_or_the_servers_error() {
        let convert = |text: &str, to| convert(Value::Text(text.into()), Type::NVarChar(None), to, 0);
        assert_eq!(convert(" 12 ", Type::Int), Ok(Value::Integer(12)));
        assert_eq!(convert("x", Type::Int).unwrap_err().number, 245);
        assert_eq!(convert("300", Type::TinyInt).unwrap_err().number, 8115);
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
