//! Columns and output parameters: types, and values of them.

use std::fmt::Write as _;

use super::super::backend::{Collation, Column, DataType, Value};
use super::super::reader::put_utf16;
use super::temporal::low_bytes;
use super::{decimal_size, temporal, token, variant};

/// A value that its type cannot hold. The client reads it as the error that SQL Server has for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tds) struct Mismatch {
    pub(in crate::tds) number: i32,
    pub(in crate::tds) state: u8,
    pub(in crate::tds) text: String,
}

/// Longer than its type; made an error by [`Mismatch::from`].
#[derive(Debug, Clone, Copy)]
pub(super) struct TooLong;

pub(super) const TOO_LONG: TooLong = TooLong;

impl From<TooLong> for Mismatch {
    fn from(_: TooLong) -> Self {
        Self { number: 8152, state: 10, text: "String or binary data would be truncated.".to_owned() }
    }
}

impl Mismatch {
    pub(super) fn of(value: &Value, data_type: DataType) -> Self {
        let text = format!("Error converting data type {} to {}.", kind(value), name(data_type));
        Self { number: 8114, state: 5, text }
    }

    fn overflow(data_type: DataType) -> Self {
        let text =
            format!("Arithmetic overflow error converting expression to data type {}.", name(data_type));
        Self { number: 8115, state: 2, text }
    }
}

/// A column as a client of this version can read it: before TDS 7.3 the newer dates and times are text.
pub(in crate::tds) fn for_version(column: Column, version: u32) -> Column {
    const TDS_7_3: u32 = 0x730a_0003;
    let data_type = match column.data_type {
        // 8.0 has a smaller number than all of 7.
        data_type if !(0x7000_0000..TDS_7_3).contains(&version) => data_type,
        DataType::Date => DataType::NVarChar(Some(10)),
        DataType::Time(_) => DataType::NVarChar(Some(16)),
        DataType::DateTime2(_) => DataType::NVarChar(Some(27)),
        DataType::DateTimeOffset(_) => DataType::NVarChar(Some(34)),
        other => other,
    };
    Column { data_type, ..column }
}

/// The token of a type whose values are never NULL and so need no length; `None` where a type has no such form.
///
/// A server sends a column that cannot be NULL in this form, and a client may rely on it: that of .NET decides by the flag
/// of the column alone whether its values have a length (`TdsParser.TryCommonProcessMetaData`).
fn fixed(data_type: DataType) -> Option<u8> {
    Some(match data_type {
        DataType::Bit => token::BIT,
        DataType::TinyInt => token::INT1,
        DataType::SmallInt => token::INT2,
        DataType::Int => token::INT4,
        DataType::BigInt => token::INT8,
        DataType::Real => token::REAL,
        DataType::Float => token::FLOAT,
        DataType::SmallMoney => token::SMALLMONEY,
        DataType::Money => token::MONEY,
        DataType::SmallDateTime => token::SMALLDATETIME,
        DataType::DateTime => token::DATETIME,
        _ => return None,
    })
}

/// Writes the type of a column.
pub(in crate::tds) fn write_column_type(out: &mut Vec<u8>, column: &Column, collation: Collation) {
    match fixed(column.data_type).filter(|_| !column.nullable) {
        Some(token) => out.push(token),
        None => write_type(out, column.data_type, collation),
    }
}

/// Writes a value of a column.
///
/// # Errors
/// As [`write_value`], and for a NULL in a column that has none.
pub(in crate::tds) fn write_column_value(
    out: &mut Vec<u8>,
    column: &Column,
    value: &Value,
    collation: Collation,
) -> Result<(), Mismatch> {
    if column.nullable || fixed(column.data_type).is_none() {
        return write_value(out, column.data_type, value, collation);
    }
    out.extend_from_slice(&short(column.data_type, value)?);
    Ok(())
}

/// Writes a type that can be NULL, as output parameters have it.
pub(in crate::tds) fn write_type(out: &mut Vec<u8>, data_type: DataType, collation: Collation) {
    // A column of no length at all is one of length 1.
    let bytes = |length: Option<u16>| length.map_or(u16::MAX, |length| length.clamp(1, 8000)).to_le_bytes();
    let wide =
        |length: Option<u16>| length.map_or(u16::MAX, |length| length.clamp(1, 4000) * 2).to_le_bytes();
    let mut sized = |token: u8, [low, high]: [u8; 2], collation: Option<Collation>| {
        out.extend_from_slice(&[token, low, high]);
        out.extend(collation.iter().flat_map(|collation| collation.0));
    };
    match data_type {
        DataType::VarBinary(length) => sized(token::VARBINARY, bytes(length), None),
        DataType::Binary(length) => sized(token::BINARY, bytes(Some(length)), None),
        DataType::VarChar(length) => sized(token::VARCHAR, bytes(length), Some(collation)),
        DataType::Char(length) => sized(token::CHAR, bytes(Some(length)), Some(collation)),
        DataType::NVarChar(length) => sized(token::NVARCHAR, wide(length), Some(collation)),
        DataType::NChar(length) => sized(token::NCHAR, wide(Some(length)), Some(collation)),
        DataType::Bit => out.extend_from_slice(&[token::BIT_N, 1]),
        DataType::TinyInt => out.extend_from_slice(&[token::INT_N, 1]),
        DataType::SmallInt => out.extend_from_slice(&[token::INT_N, 2]),
        DataType::Int => out.extend_from_slice(&[token::INT_N, 4]),
        DataType::BigInt => out.extend_from_slice(&[token::INT_N, 8]),
        DataType::Real => out.extend_from_slice(&[token::FLOAT_N, 4]),
        DataType::Float => out.extend_from_slice(&[token::FLOAT_N, 8]),
        DataType::Decimal { precision, scale } => {
            out.extend_from_slice(&[token::NUMERIC_N, decimal_size(precision) + 1, precision, scale]);
        }
        DataType::SmallMoney => out.extend_from_slice(&[token::MONEY_N, 4]),
        DataType::Money => out.extend_from_slice(&[token::MONEY_N, 8]),
        DataType::Date => out.push(token::DATE),
        DataType::Time(scale) => out.extend_from_slice(&[token::TIME, scale.min(7)]),
        DataType::DateTime2(scale) => out.extend_from_slice(&[token::DATETIME2, scale.min(7)]),
        DataType::DateTimeOffset(scale) => out.extend_from_slice(&[token::DATETIMEOFFSET, scale.min(7)]),
        DataType::SmallDateTime => out.extend_from_slice(&[token::DATETIME_N, 4]),
        DataType::DateTime => out.extend_from_slice(&[token::DATETIME_N, 8]),
        DataType::UniqueIdentifier => out.extend_from_slice(&[token::GUID, 16]),
        DataType::Xml => out.extend_from_slice(&[token::XML, 0]),
        DataType::Variant => {
            out.push(token::VARIANT);
            out.extend_from_slice(&variant::LONGEST.to_le_bytes());
        }
    }
}

/// Writes a value of a type.
///
/// # Errors
/// When the type cannot hold it: a NULL or a part of it instead would be a lie. Then nothing useful was written.
pub(in crate::tds) fn write_value(
    out: &mut Vec<u8>,
    data_type: DataType,
    value: &Value,
    collation: Collation,
) -> Result<(), Mismatch> {
    match data_type {
        DataType::Variant => return variant::write(out, value, collation),
        DataType::VarBinary(length) => put_long(out, binary(data_type, value, length)?, length.is_none()),
        DataType::Binary(length) => {
            put_long(
                out,
                binary(data_type, value, Some(length))?.map(|bytes| padded(bytes, length.into(), &[0])),
                false,
            );
        }
        DataType::VarChar(length) => {
            put_long(out, narrow(data_type, value, length, collation)?, length.is_none())
        }
        DataType::Char(length) => {
            let bytes = narrow(data_type, value, Some(length), collation)?;
            put_long(out, bytes.map(|bytes| padded(bytes, length.into(), b" ")), false);
        }
        DataType::NVarChar(length) => put_long(out, wide(data_type, value, length)?, length.is_none()),
        DataType::NChar(length) => {
            let bytes = wide(data_type, value, Some(length))?;
            put_long(out, bytes.map(|bytes| padded(bytes, usize::from(length) * 2, b" \0")), false);
        }
        DataType::Xml => put_long(out, wide(data_type, value, None)?, true),
        _ => {
            let bytes = if *value == Value::Null { Vec::new() } else { short(data_type, value)? };
            out.push(u8::try_from(bytes.len()).unwrap_or(0));
            out.extend_from_slice(&bytes);
        }
    }
    Ok(())
}

/// A value of a type whose length takes one byte.
fn short(data_type: DataType, value: &Value) -> Result<Vec<u8>, Mismatch> {
    let mismatch = || Mismatch::of(value, data_type);
    match data_type {
        DataType::Bit => match value {
            Value::Bit(bit) => Ok(vec![u8::from(*bit)]),
            Value::Int(number) => Ok(vec![u8::from(*number != 0)]),
            _ => Err(mismatch()),
        },
        DataType::TinyInt => integer(data_type, value, 0, 255, 1),
        DataType::SmallInt => integer(data_type, value, i16::MIN.into(), i16::MAX.into(), 2),
        DataType::Int => integer(data_type, value, i32::MIN.into(), i32::MAX.into(), 4),
        DataType::BigInt => integer(data_type, value, i64::MIN, i64::MAX, 8),
        DataType::Real => {
            #[expect(clippy::cast_possible_truncation, reason = "real is single precision")]
            let number = float(data_type, value)? as f32;
            if number.is_finite() {
                Ok(number.to_le_bytes().to_vec())
            } else {
                Err(Mismatch::overflow(data_type))
            }
        }
        DataType::Float => Ok(float(data_type, value)?.to_le_bytes().to_vec()),
        DataType::Decimal { precision, scale } => {
            let number = fixed_point(data_type, value, precision, scale)?;
            let mut bytes = vec![u8::from(number >= 0)];
            bytes.extend(number.unsigned_abs().to_le_bytes().iter().take(decimal_size(precision).into()));
            Ok(bytes)
        }
        DataType::SmallMoney => {
            let number = fixed_point(data_type, value, 38, 4)?;
            let number = i32::try_from(number).map_err(|_| Mismatch::overflow(data_type))?;
            Ok(number.to_le_bytes().to_vec())
        }
        DataType::Money => {
            let number = fixed_point(data_type, value, 38, 4)?;
            let bytes = i64::try_from(number).map_err(|_| Mismatch::overflow(data_type))?.to_le_bytes();
            Ok(bytes.iter().skip(4).chain(bytes.iter().take(4)).copied().collect())
        }
        DataType::UniqueIdentifier => match value {
            Value::Guid(guid) => Ok(guid.to_bytes_le().to_vec()),
            Value::Text(text) => match uuid::Uuid::try_parse(text) {
                Ok(guid) => Ok(guid.to_bytes_le().to_vec()),
                Err(_) => Err(mismatch()),
            },
            _ => Err(mismatch()),
        },
        _ => temporal::bytes(data_type, value).ok_or_else(mismatch),
    }
}

fn integer(
    data_type: DataType,
    value: &Value,
    least: i64,
    most: i64,
    size: usize,
) -> Result<Vec<u8>, Mismatch> {
    let number = match value {
        Value::Int(number) => *number,
        Value::Bit(bit) => i64::from(*bit),
        Value::Text(text) => text.trim().parse().map_err(|_| Mismatch::of(value, data_type))?,
        _ => return Err(Mismatch::of(value, data_type)),
    };
    if (least..=most).contains(&number) {
        Ok(low_bytes(number, size))
    } else {
        Err(Mismatch::overflow(data_type))
    }
}

fn float(data_type: DataType, value: &Value) -> Result<f64, Mismatch> {
    match value {
        Value::Float(number) if number.is_finite() => Ok(*number),
        Value::Bit(bit) => Ok(f64::from(u8::from(*bit))),
        #[expect(clippy::cast_precision_loss, reason = "as SQL Server converts")]
        Value::Int(number) => Ok(*number as f64),
        _ => Err(Mismatch::of(value, data_type)),
    }
}

/// A number without its point.
fn fixed_point(data_type: DataType, value: &Value, precision: u8, scale: u8) -> Result<i128, Mismatch> {
    let one = 10_i128.checked_pow(scale.into()).ok_or_else(|| Mismatch::overflow(data_type))?;
    let number = match value {
        Value::Decimal(number) => Some(*number),
        Value::Int(number) => i128::from(*number).checked_mul(one),
        Value::Bit(bit) => Some(i128::from(*bit) * one),
        _ => return Err(Mismatch::of(value, data_type)),
    };
    let most = 10_u128.checked_pow(precision.into()).unwrap_or(u128::MAX);
    number.filter(|number| number.unsigned_abs() < most).ok_or_else(|| Mismatch::overflow(data_type))
}

fn binary(data_type: DataType, value: &Value, most: Option<u16>) -> Result<Option<Vec<u8>>, Mismatch> {
    match value {
        Value::Null => Ok(None),
        Value::Bytes(bytes) => within(bytes.clone(), most.map(usize::from)),
        _ => Err(Mismatch::of(value, data_type)),
    }
}

fn narrow(
    data_type: DataType,
    value: &Value,
    most: Option<u16>,
    collation: Collation,
) -> Result<Option<Vec<u8>>, Mismatch> {
    match shown(data_type, value)? {
        Some(text) => within(collation.encode(&text), most.map(usize::from)),
        None => Ok(None),
    }
}

fn wide(data_type: DataType, value: &Value, most: Option<u16>) -> Result<Option<Vec<u8>>, Mismatch> {
    match shown(data_type, value)? {
        Some(text) => {
            let mut bytes = Vec::with_capacity(text.len() * 2);
            put_utf16(&mut bytes, &text);
            within(bytes, most.map(|units| usize::from(units) * 2))
        }
        None => Ok(None),
    }
}

fn within(bytes: Vec<u8>, most: Option<usize>) -> Result<Option<Vec<u8>>, Mismatch> {
    match most {
        Some(most) if bytes.len() > most.min(8000) => Err(TOO_LONG.into()),
        _ => Ok(Some(bytes)),
    }
}

/// A value as text, as implicit conversion shows it.
fn shown(data_type: DataType, value: &Value) -> Result<Option<String>, Mismatch> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Float(number) => number.to_string(),
        Value::Guid(guid) => guid.to_string().to_uppercase(),
        Value::Moment(moment) => moment_text(*moment, data_type),
        Value::ZonedMoment(utc, offset) => {
            let local = utc.checked_add(time::Duration::minutes((*offset).into())).unwrap_or(*utc);
            let mut text = moment_text(local, DataType::NVarChar(Some(27)));
            let sign = if *offset < 0 { '-' } else { '+' };
            let minutes = offset.unsigned_abs();
            // Writing into a String does not fail.
            let _ = write!(text, " {sign}{:02}:{:02}", minutes / 60, minutes % 60);
            text
        }
        Value::Decimal(_) | Value::Bytes(_) => return Err(Mismatch::of(value, data_type)),
    }))
}

/// A moment for a client that has no such type: the length of the column tells a date and a time of day apart.
fn moment_text(moment: time::PrimitiveDateTime, data_type: DataType) -> String {
    let date = format!("{:04}-{:02}-{:02}", moment.year(), u8::from(moment.month()), moment.day());
    let (hour, minute, second) = moment.time().as_hms();
    let clock = format!("{hour:02}:{minute:02}:{second:02}.{:07}", moment.nanosecond() / 100);
    match data_type {
        DataType::NVarChar(Some(10)) => date,
        DataType::NVarChar(Some(16)) => clock,
        _ => format!("{date} {clock}"),
    }
}

fn padded(mut bytes: Vec<u8>, length: usize, with: &[u8]) -> Vec<u8> {
    while bytes.len() < length && !with.is_empty() {
        bytes.extend_from_slice(with);
    }
    bytes
}

fn put_long(out: &mut Vec<u8>, bytes: Option<Vec<u8>>, is_max: bool) {
    match (bytes, is_max) {
        (None, false) => out.extend_from_slice(&u16::MAX.to_le_bytes()),
        (Some(bytes), false) => {
            out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(&bytes);
        }
        (None, true) => out.extend_from_slice(&u64::MAX.to_le_bytes()),
        (Some(bytes), true) => {
            out.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
            if !bytes.is_empty() {
                out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
                out.extend_from_slice(&bytes);
            }
            out.extend_from_slice(&0_u32.to_le_bytes());
        }
    }
}

/// What SQL Server would call a value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bit(_) => "bit",
        Value::Int(_) => "bigint",
        Value::Float(_) => "float",
        Value::Decimal(_) => "numeric",
        Value::Text(_) => "nvarchar",
        Value::Bytes(_) => "varbinary",
        Value::Moment(_) => "datetime2",
        Value::ZonedMoment(..) => "datetimeoffset",
        Value::Guid(_) => "uniqueidentifier",
    }
}

fn name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Bit => "bit",
        DataType::TinyInt => "tinyint",
        DataType::SmallInt => "smallint",
        DataType::Int => "int",
        DataType::BigInt => "bigint",
        DataType::Real => "real",
        DataType::Float => "float",
        DataType::Decimal { .. } => "numeric",
        DataType::SmallMoney => "smallmoney",
        DataType::Money => "money",
        DataType::Date => "date",
        DataType::Time(_) => "time",
        DataType::DateTime => "datetime",
        DataType::SmallDateTime => "smalldatetime",
        DataType::DateTime2(_) => "datetime2",
        DataType::DateTimeOffset(_) => "datetimeoffset",
        DataType::UniqueIdentifier => "uniqueidentifier",
        DataType::Char(_) => "char",
        DataType::VarChar(_) => "varchar",
        DataType::NChar(_) => "nchar",
        DataType::NVarChar(_) => "nvarchar",
        DataType::Binary(_) => "binary",
        DataType::VarBinary(_) => "varbinary",
        DataType::Xml => "xml",
        DataType::Variant => "sql_variant",
    }
}
