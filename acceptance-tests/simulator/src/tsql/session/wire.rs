//! Values and types on their way to the client, and parameters on their way in.

use rusqlite::types::Value;

use super::super::query::Column;
use super::super::value::decimal::Decimal;
use super::super::value::{Type, format_moment, parse_moment};
use crate::tds::backend::{self, DataType};

/// A column as the wire has it.
pub(super) fn column(column: &Column) -> backend::Column {
    backend::Column {
        name: column.name.clone(),
        data_type: data_type(column.data_type),
        nullable: column.nullable,
    }
}

pub(super) fn data_type(from: Type) -> DataType {
    match from {
        Type::Bit => DataType::Bit,
        Type::TinyInt => DataType::TinyInt,
        Type::SmallInt => DataType::SmallInt,
        Type::Int | Type::Null => DataType::Int,
        Type::BigInt => DataType::BigInt,
        Type::SmallMoney => DataType::SmallMoney,
        Type::Money => DataType::Money,
        Type::Numeric(precision, scale) => DataType::Decimal { precision, scale },
        Type::Real => DataType::Real,
        Type::Float => DataType::Float,
        Type::VarChar(length) => DataType::VarChar(length),
        Type::NVarChar(length) => DataType::NVarChar(length),
        Type::Char(length) => DataType::Char(length),
        Type::NChar(length) => DataType::NChar(length),
        Type::VarBinary(length) => DataType::VarBinary(length),
        Type::Binary(length) => DataType::Binary(length),
        Type::UniqueIdentifier => DataType::UniqueIdentifier,
        Type::Date => DataType::Date,
        Type::Time(scale) => DataType::Time(scale),
        Type::DateTime => DataType::DateTime,
        Type::SmallDateTime => DataType::SmallDateTime,
        Type::DateTime2(scale) => DataType::DateTime2(scale),
        Type::DateTimeOffset(scale) => DataType::DateTimeOffset(scale),
        Type::Variant => DataType::Variant,
    }
}

/// A value of a type as the wire has it.
pub(super) fn value(value: &Value, data_type: Type) -> backend::Value {
    match (value, data_type) {
        (Value::Null, _) => backend::Value::Null,
        (Value::Integer(number), Type::Bit) => backend::Value::Bit(*number != 0),
        (value, _) if data_type.decimal().is_some() => Decimal::of(value, data_type)
            .zip(data_type.decimal())
            .and_then(|(number, (_, scale))| number.unscaled(scale))
            .map_or(backend::Value::Null, backend::Value::Decimal),
        (Value::Integer(number), _) => backend::Value::Int(*number),
        (Value::Real(number), _) => backend::Value::Float(*number),
        (Value::Blob(bytes), _) => backend::Value::Bytes(bytes.clone()),
        (Value::Text(text), Type::UniqueIdentifier) => match uuid::Uuid::try_parse(text) {
            Ok(guid) => backend::Value::Guid(guid),
            Err(_) => backend::Value::Null,
        },
        (Value::Text(text), Type::DateTimeOffset(_)) => zoned(text),
        (
            Value::Text(text),
            Type::Date | Type::Time(_) | Type::DateTime | Type::SmallDateTime | Type::DateTime2(_),
        ) => parse_moment(text).map_or(backend::Value::Null, backend::Value::Moment),
        (Value::Text(text), _) => backend::Value::Text(text.clone()),
    }
}

/// A moment as the engine keeps it: in UTC, and behind it how far its zone is ahead.
fn zoned(text: &str) -> backend::Value {
    let found = text.rsplit_once(' ').and_then(|(utc, zone)| {
        let utc = parse_moment(utc)?;
        let (hours, minutes) = zone.split_once(':')?;
        let ahead =
            hours.trim_start_matches(['+', '-']).parse::<i16>().ok()? * 60 + minutes.parse::<i16>().ok()?;
        Some(backend::Value::ZonedMoment(utc, if zone.starts_with('-') { -ahead } else { ahead }))
    });
    found.unwrap_or_else(|| parse_moment(text).map_or(backend::Value::Null, backend::Value::Moment))
}

/// A parameter's type in the engine.
pub(super) fn type_of(from: DataType) -> Type {
    match from {
        DataType::Bit => Type::Bit,
        DataType::TinyInt => Type::TinyInt,
        DataType::SmallInt => Type::SmallInt,
        DataType::Int => Type::Int,
        DataType::BigInt => Type::BigInt,
        DataType::Real => Type::Real,
        DataType::Float => Type::Float,
        DataType::Decimal { precision, scale } => Type::Numeric(precision, scale),
        DataType::SmallMoney => Type::SmallMoney,
        DataType::Money => Type::Money,
        DataType::Date => Type::Date,
        DataType::Time(scale) => Type::Time(scale),
        DataType::DateTime => Type::DateTime,
        DataType::SmallDateTime => Type::SmallDateTime,
        DataType::DateTime2(scale) => Type::DateTime2(scale),
        DataType::DateTimeOffset(scale) => Type::DateTimeOffset(scale),
        DataType::UniqueIdentifier => Type::UniqueIdentifier,
        DataType::Char(length) => Type::Char(length),
        DataType::VarChar(length) => Type::VarChar(length),
        DataType::NChar(length) => Type::NChar(length),
        DataType::NVarChar(length) => Type::NVarChar(length),
        DataType::Binary(length) => Type::Binary(length),
        DataType::VarBinary(length) => Type::VarBinary(length),
        DataType::Xml => Type::NVarChar(None),
        DataType::Variant => Type::Variant,
    }
}

/// A parameter's value in the engine.
pub(super) fn parameter(value: &backend::Value, data_type: DataType) -> Value {
    let kind = type_of(data_type);
    match value {
        backend::Value::Null => Value::Null,
        backend::Value::Bit(flag) => Value::Integer(i64::from(*flag)),
        backend::Value::Int(number) => Value::Integer(*number),
        backend::Value::Float(number) => Value::Real(*number),
        backend::Value::Decimal(number) => match kind.decimal() {
            Some((_, scale)) => {
                Decimal::new(*number, scale).into_value(kind, "numeric").unwrap_or(Value::Null)
            }
            None => Value::Null,
        },
        // The mark that XML may begin with says how it is encoded, and is no part of it.
        backend::Value::Text(text) if data_type == DataType::Xml => {
            Value::Text(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
        }
        backend::Value::Text(text) => Value::Text(text.clone()),
        backend::Value::Bytes(bytes) => Value::Blob(bytes.clone()),
        backend::Value::Moment(moment) => Value::Text(format_moment(*moment, kind)),
        backend::Value::ZonedMoment(utc, ahead) => {
            let text = format_moment(*utc, kind);
            let text = text.strip_suffix(" +00:00").unwrap_or(&text);
            let sign = if *ahead < 0 { '-' } else { '+' };
            let (hours, minutes) = (ahead.unsigned_abs() / 60, ahead.unsigned_abs() % 60);
            Value::Text(format!("{text} {sign}{hours:02}:{minutes:02}"))
        }
        backend::Value::Guid(guid) => Value::Text(guid.to_string().to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A parameter's value, into the engine and out again.
    fn through(sent: &backend::Value, data_type: DataType) -> backend::Value {
        value(&parameter(sent, data_type), type_of(data_type))
    }

    #[test]
    fn decimals_keep_all_their_digits() {
        for number in [0, 5, -5, 12_345, -(1 << 60), 10_i128.pow(37) + 1, -(10_i128.pow(38) - 1)] {
            for scale in [0, 3, 38] {
                let sent = backend::Value::Decimal(number);
                assert_eq!(through(&sent, DataType::Decimal { precision: 38, scale }), sent, "{scale}");
            }
        }
    }

    #[test]
    fn xml_is_kept_without_its_mark() {
        let sent = backend::Value::Text("\u{feff}<a/>".to_owned());
        assert_eq!(through(&sent, DataType::Xml), backend::Value::Text("<a/>".to_owned()));
    }

    #[test]
    fn moments_keep_their_zone() {
        let utc = time::macros::datetime!(2026-03-02 03:29:58.1234567);
        for ahead in [0, 330, -210, -840] {
            let sent = backend::Value::ZonedMoment(utc, ahead);
            assert_eq!(through(&sent, DataType::DateTimeOffset(7)), sent);
        }
    }
}
