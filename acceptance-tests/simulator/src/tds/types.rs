//! Types and values on the wire (MS-TDS 2.2.5.4 to 2.2.5.6).

use std::io;

use time::{Date, Duration, Time};

use super::backend::{Collation, DataType, Value};
use super::packet::malformed;
use super::reader::{Reader, put_utf16, utf16};

/// Reads a type with its value, as parameters have them.
pub(super) fn read(reader: &mut Reader<'_>) -> io::Result<(DataType, Value)> {
    let token = reader.u8()?;
    match token {
        0x1f => Ok((DataType::Int, Value::Null)),
        0x30 => Ok((DataType::TinyInt, Value::Int(reader.u8()?.into()))),
        0x32 => Ok((DataType::Bit, Value::Bit(reader.u8()? != 0))),
        0x34 => Ok((DataType::SmallInt, Value::Int(reader.signed(2)?))),
        0x38 => Ok((DataType::Int, Value::Int(reader.signed(4)?))),
        0x7f => Ok((DataType::BigInt, Value::Int(reader.signed(8)?))),
        0x3b => Ok((DataType::Real, Value::Float(f32::from_bits(reader.u32()?).into()))),
        0x3e => Ok((DataType::Float, Value::Float(f64::from_bits(reader.u64()?)))),
        0x3d => Ok((DataType::DateTime, datetime(reader, 8)?)),
        0x3a => Ok((DataType::SmallDateTime, datetime(reader, 4)?)),
        0x3c => Ok((DataType::Money, money(reader, 8)?)),
        0x7a => Ok((DataType::SmallMoney, money(reader, 4)?)),
        0x24 => {
            reader.u8()?;
            let length = reader.u8()?;
            Ok((DataType::UniqueIdentifier, if length == 0 { Value::Null } else { guid(reader)? }))
        }
        0x26 => {
            let data_type = match reader.u8()? {
                1 => DataType::TinyInt,
                2 => DataType::SmallInt,
                4 => DataType::Int,
                _ => DataType::BigInt,
            };
            let value = match reader.u8()? {
                0 => Value::Null,
                1 => Value::Int(reader.u8()?.into()),
                length => Value::Int(reader.signed(length.into())?),
            };
            Ok((data_type, value))
        }
        0x68 => {
            reader.u8()?;
            Ok((DataType::Bit, if reader.u8()? == 0 { Value::Null } else { Value::Bit(reader.u8()? != 0) }))
        }
        0x6d => {
            let data_type = if reader.u8()? == 4 { DataType::Real } else { DataType::Float };
            Ok((
                data_type,
                match reader.u8()? {
                    0 => Value::Null,
                    4 => Value::Float(f32::from_bits(reader.u32()?).into()),
                    _ => Value::Float(f64::from_bits(reader.u64()?)),
                },
            ))
        }
        0x6e => {
            let data_type = if reader.u8()? == 4 { DataType::SmallMoney } else { DataType::Money };
            let length = reader.u8()?;
            Ok((data_type, if length == 0 { Value::Null } else { money(reader, length.into())? }))
        }
        0x6f => {
            let data_type = if reader.u8()? == 4 { DataType::SmallDateTime } else { DataType::DateTime };
            let length = reader.u8()?;
            Ok((data_type, if length == 0 { Value::Null } else { datetime(reader, length)? }))
        }
        0x6a | 0x6c => {
            reader.u8()?;
            let (precision, scale) = (reader.u8()?, reader.u8()?);
            Ok((DataType::Decimal { precision, scale }, decimal(reader)?))
        }
        0x28 => Ok((
            DataType::Date,
            if reader.u8()? == 0 { Value::Null } else { Value::Moment(date(reader)?.midnight()) },
        )),
        0x29..=0x2b => moment(reader, token),
        0xa5 | 0xad => {
            let data_type = bytes_type(token, reader.u16()?);
            let value = long(reader, matches!(data_type, DataType::VarBinary(None)))?;
            Ok((data_type, value.map_or(Value::Null, Value::Bytes)))
        }
        0xa7 | 0xaf | 0xe7 | 0xef => {
            let length = reader.u16()?;
            reader.bytes(5)?;
            let wide = token & 0x40 != 0;
            let data_type = text_type(token, length);
            let is_max = matches!(data_type, DataType::VarChar(None) | DataType::NVarChar(None));
            Ok((data_type, text(long(reader, is_max)?, wide)?))
        }
        0xf1 => {
            if reader.u8()? != 0 {
                return Err(malformed("XML with a schema"));
            }
            Ok((DataType::Xml, text(long(reader, true)?, true)?))
        }
        _ => Err(malformed("a parameter of a type that is not supported")),
    }
}

fn bytes_type(token: u8, length: u16) -> DataType {
    match (token, length) {
        (0xa5, 0xffff) => DataType::VarBinary(None),
        (0xa5, length) => DataType::VarBinary(Some(length)),
        (_, length) => DataType::Binary(length),
    }
}

fn text_type(token: u8, length: u16) -> DataType {
    match (token, length) {
        (0xa7, 0xffff) => DataType::VarChar(None),
        (0xa7, length) => DataType::VarChar(Some(length)),
        (0xaf, length) => DataType::Char(length),
        (0xe7, 0xffff) => DataType::NVarChar(None),
        (0xe7, length) => DataType::NVarChar(Some(length / 2)),
        (_, length) => DataType::NChar(length / 2),
    }
}

/// A value with its length in two bytes, or in pieces (PLP).
fn long(reader: &mut Reader<'_>, is_max: bool) -> io::Result<Option<Vec<u8>>> {
    if !is_max {
        return match reader.u16()? {
            0xffff => Ok(None),
            length => Ok(Some(reader.bytes(length.into())?.to_vec())),
        };
    }
    if reader.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut value = Vec::new();
    loop {
        match reader.u32()? {
            0 => return Ok(Some(value)),
            length => value.extend_from_slice(reader.bytes(usize::try_from(length).unwrap_or(usize::MAX))?),
        }
    }
}

fn text(bytes: Option<Vec<u8>>, wide: bool) -> io::Result<Value> {
    match bytes {
        None => Ok(Value::Null),
        Some(bytes) if wide => Ok(Value::Text(utf16(&bytes)?)),
        // Single bytes: UTF-8 where the client agreed on it, else Latin-1, which is what it is for ASCII as well.
        Some(bytes) => Ok(Value::Text(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
        })),
    }
}

fn guid(reader: &mut Reader<'_>) -> io::Result<Value> {
    let bytes: [u8; 16] = reader.bytes(16)?.try_into().map_err(|_| malformed("a GUID"))?;
    Ok(Value::Guid(uuid::Uuid::from_bytes_le(bytes)))
}

fn money(reader: &mut Reader<'_>, length: usize) -> io::Result<Value> {
    if length == 4 {
        return Ok(Value::Decimal(reader.signed(4)?.into()));
    }
    let high = i128::from(reader.i32()?);
    Ok(Value::Decimal(high << 32 | i128::from(reader.u32()?)))
}

fn decimal(reader: &mut Reader<'_>) -> io::Result<Value> {
    let length = reader.u8()?;
    if length == 0 {
        return Ok(Value::Null);
    }
    let positive = reader.u8()? != 0;
    let magnitude = reader.unsigned(usize::from(length) - 1)?;
    let number = i128::try_from(magnitude).map_err(|_| malformed("a decimal out of range"))?;
    Ok(Value::Decimal(if positive { number } else { -number }))
}

const DAY_ONE: Date = time::macros::date!(0001 - 01 - 01);
const DAY_1900: Date = time::macros::date!(1900 - 01 - 01);

fn date(reader: &mut Reader<'_>) -> io::Result<Date> {
    let days = i64::try_from(reader.unsigned(3)?).unwrap_or(0);
    DAY_ONE.checked_add(Duration::days(days)).ok_or_else(|| malformed("a date out of range"))
}

fn datetime(reader: &mut Reader<'_>, length: u8) -> io::Result<Value> {
    let (days, since) = if length == 4 {
        (i64::from(reader.u16()?), Duration::minutes(reader.u16()?.into()))
    } else {
        let days = i64::from(reader.i32()?);
        (days, Duration::nanoseconds(i64::from(reader.u32()?) * 10_000_000 / 3))
    };
    let date = DAY_1900.checked_add(Duration::days(days));
    date.and_then(|date| date.midnight().checked_add(since))
        .map(Value::Moment)
        .ok_or_else(|| malformed("a date out of range"))
}

fn moment(reader: &mut Reader<'_>, token: u8) -> io::Result<(DataType, Value)> {
    let scale = reader.u8()?;
    let data_type = match token {
        0x29 => DataType::Time(scale),
        0x2a => DataType::DateTime2(scale),
        _ => DataType::DateTimeOffset(scale),
    };
    let length = usize::from(reader.u8()?);
    if length == 0 {
        return Ok((data_type, Value::Null));
    }
    let extra = match token {
        0x29 => 0,
        0x2a => 3,
        _ => 5,
    };
    let units = reader.unsigned(length.saturating_sub(extra))?;
    let step = 10_i64.pow(9 - u32::from(scale.min(7)));
    let since = Duration::nanoseconds(i64::try_from(units).unwrap_or(0).saturating_mul(step));
    let day = if token == 0x29 { DAY_1900 } else { date(reader)? };
    if token == 0x2b {
        reader.u16()?; // the offset; the value is UTC
    }
    let value = day.midnight().checked_add(since).ok_or_else(|| malformed("a time out of range"))?;
    Ok((data_type, Value::Moment(value)))
}

/// Writes a type, as columns and output parameters have it.
pub(super) fn write_type(out: &mut Vec<u8>, data_type: DataType, collation: Collation) {
    let sized = |out: &mut Vec<u8>, token: u8, bytes: Option<u16>| {
        out.push(token);
        out.extend_from_slice(&bytes.unwrap_or(u16::MAX).to_le_bytes());
    };
    match data_type {
        DataType::Bit => out.extend_from_slice(&[0x68, 1]),
        DataType::TinyInt => out.extend_from_slice(&[0x26, 1]),
        DataType::SmallInt => out.extend_from_slice(&[0x26, 2]),
        DataType::Int => out.extend_from_slice(&[0x26, 4]),
        DataType::BigInt => out.extend_from_slice(&[0x26, 8]),
        DataType::Real => out.extend_from_slice(&[0x6d, 4]),
        DataType::Float => out.extend_from_slice(&[0x6d, 8]),
        DataType::Decimal { precision, scale } => {
            out.extend_from_slice(&[0x6c, decimal_size(precision) + 1, precision, scale]);
        }
        DataType::SmallMoney => out.extend_from_slice(&[0x6e, 4]),
        DataType::Money => out.extend_from_slice(&[0x6e, 8]),
        DataType::Date => out.push(0x28),
        DataType::Time(scale) => out.extend_from_slice(&[0x29, scale]),
        DataType::DateTime2(scale) => out.extend_from_slice(&[0x2a, scale]),
        DataType::DateTimeOffset(scale) => out.extend_from_slice(&[0x2b, scale]),
        DataType::SmallDateTime => out.extend_from_slice(&[0x6f, 4]),
        DataType::DateTime => out.extend_from_slice(&[0x6f, 8]),
        DataType::UniqueIdentifier => out.extend_from_slice(&[0x24, 16]),
        DataType::VarBinary(length) => sized(out, 0xa5, length),
        DataType::Binary(length) => sized(out, 0xad, Some(length)),
        DataType::VarChar(length) => sized(out, 0xa7, length),
        DataType::Char(length) => sized(out, 0xaf, Some(length)),
        // A variant goes as text: what carries one (SERVERPROPERTY) is read so by every driver.
        DataType::Variant => sized(out, 0xe7, Some(8000)),
        DataType::NVarChar(length) => sized(out, 0xe7, length.map(|length| length.min(4000) * 2)),
        DataType::NChar(length) => sized(out, 0xef, Some(length.min(4000) * 2)),
        DataType::Xml => out.extend_from_slice(&[0xf1, 0]),
    }
    if matches!(
        data_type,
        DataType::VarChar(_)
            | DataType::Char(_)
            | DataType::NVarChar(_)
            | DataType::NChar(_)
            | DataType::Variant
    ) {
        out.extend_from_slice(&collation.0);
    }
}

fn decimal_size(precision: u8) -> u8 {
    match precision {
        0..=9 => 4,
        10..=19 => 8,
        20..=28 => 12,
        _ => 16,
    }
}

/// Writes a value of a type. A value that the type cannot hold becomes NULL.
pub(super) fn write_value(out: &mut Vec<u8>, data_type: DataType, value: &Value) {
    match data_type {
        DataType::Bit => put(out, bit(value).map(|bit| vec![u8::from(bit)])),
        DataType::TinyInt => put(out, integer(value).map(|number| low_bytes(number, 1))),
        DataType::SmallInt => put(out, integer(value).map(|number| low_bytes(number, 2))),
        DataType::Int => put(out, integer(value).map(|number| low_bytes(number, 4))),
        DataType::BigInt => put(out, integer(value).map(|number| low_bytes(number, 8))),
        #[allow(clippy::cast_possible_truncation, reason = "real is single precision")]
        DataType::Real => put(out, float(value).map(|number| (number as f32).to_le_bytes().to_vec())),
        DataType::Float => put(out, float(value).map(|number| number.to_le_bytes().to_vec())),
        DataType::Decimal { precision, .. } => put(
            out,
            whole(value).map(|number| {
                let mut bytes = vec![u8::from(number >= 0)];
                let magnitude = number.unsigned_abs().to_le_bytes();
                bytes.extend(magnitude.iter().take(decimal_size(precision).into()));
                bytes
            }),
        ),
        DataType::SmallMoney => {
            put(out, whole(value).map(|number| number.to_le_bytes().into_iter().take(4).collect()))
        }
        DataType::Money => put(
            out,
            whole(value).map(|number| {
                let bytes = number.to_le_bytes();
                bytes.iter().skip(4).take(4).chain(bytes.iter().take(4)).copied().collect()
            }),
        ),
        DataType::UniqueIdentifier => put(
            out,
            match value {
                Value::Guid(guid) => Some(guid.to_bytes_le().to_vec()),
                Value::Text(text) => uuid::Uuid::try_parse(text).ok().map(|guid| guid.to_bytes_le().to_vec()),
                _ => None,
            },
        ),
        DataType::Date
        | DataType::Time(_)
        | DataType::DateTime2(_)
        | DataType::DateTimeOffset(_)
        | DataType::DateTime
        | DataType::SmallDateTime => put(out, time_bytes(data_type, value)),
        DataType::VarBinary(length) => put_long(out, bytes(value), length.is_none()),
        DataType::Binary(_) => put_long(out, bytes(value), false),
        DataType::VarChar(length) => put_long(out, narrow(value), length.is_none()),
        DataType::Char(_) => put_long(out, narrow(value), false),
        DataType::NVarChar(length) => put_long(out, wide(value), length.is_none()),
        DataType::NChar(_) | DataType::Variant => put_long(out, wide(value), false),
        DataType::Xml => put_long(out, wide(value), true),
    }
}

fn put(out: &mut Vec<u8>, bytes: Option<Vec<u8>>) {
    let bytes = bytes.unwrap_or_default();
    out.push(u8::try_from(bytes.len()).unwrap_or(0));
    out.extend_from_slice(&bytes);
}

fn put_long(out: &mut Vec<u8>, bytes: Option<Vec<u8>>, is_max: bool) {
    match (bytes, is_max) {
        (None, false) => out.extend_from_slice(&u16::MAX.to_le_bytes()),
        (Some(mut bytes), false) => {
            bytes.truncate(8000);
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

fn low_bytes(number: i64, count: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().take(count).collect()
}

fn bit(value: &Value) -> Option<bool> {
    match value {
        Value::Bit(bit) => Some(*bit),
        Value::Int(number) => Some(*number != 0),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bit(bit) => Some(i64::from(*bit)),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Decimal(number) => Some(*number),
        other => integer(other).map(i128::from),
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        #[allow(clippy::cast_precision_loss, reason = "as SQL Server converts")]
        other => integer(other).map(|number| number as f64),
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bit(bit) => Some(u8::from(*bit).to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Guid(guid) => Some(guid.to_string().to_uppercase()),
        _ => None,
    }
}

fn narrow(value: &Value) -> Option<Vec<u8>> {
    // Latin-1, as the collation says; what it has not is a question mark, as on a real server.
    shown(value)
        .map(|text| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect())
}

fn wide(value: &Value) -> Option<Vec<u8>> {
    shown(value).map(|text| {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        put_utf16(&mut bytes, &text);
        bytes
    })
}

fn time_bytes(data_type: DataType, value: &Value) -> Option<Vec<u8>> {
    let Value::Moment(moment) = value else { return None };
    let days = |from: Date| (moment.date() - from).whole_days();
    let scaled = |scale: u8| {
        let scale = scale.min(7);
        let units = since_midnight(moment.time()) / 10_i64.pow(9 - u32::from(scale));
        let size = match scale {
            0..=2 => 3,
            3 | 4 => 4,
            _ => 5,
        };
        low_bytes(units, size)
    };
    let day = || low_bytes(days(DAY_ONE), 3);
    Some(match data_type {
        DataType::Date => day(),
        DataType::Time(scale) => scaled(scale),
        DataType::DateTime2(scale) => [scaled(scale), day()].concat(),
        DataType::DateTimeOffset(scale) => [scaled(scale), day(), vec![0, 0]].concat(),
        DataType::SmallDateTime => {
            let minutes = since_midnight(moment.time()) / 60_000_000_000;
            [low_bytes(days(DAY_1900), 2), low_bytes(minutes, 2)].concat()
        }
        _ => {
            let ticks = (since_midnight(moment.time()) * 3 + 5_000_000) / 10_000_000;
            [low_bytes(days(DAY_1900), 4), low_bytes(ticks, 4)].concat()
        }
    })
}

fn since_midnight(time: Time) -> i64 {
    i64::try_from((time - Time::MIDNIGHT).whole_nanoseconds()).unwrap_or(0)
}
