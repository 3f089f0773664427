//! `sql_variant`: a value that carries its type (MS-TDS 2.2.5.5.4).

use super::super::backend::{Collation, DataType, Value};
use super::super::packet::malformed;
use super::super::reader::{Reader, put_utf16};
use super::read::{ReadError, bytes_type, collation, decimal, fixed, guid, text, text_type};
use super::write::{Mismatch, TOO_LONG};
use super::{temporal, token};

/// Longest value with its type.
pub(super) const LONGEST: u32 = 8009;

/// A value with its own type; what there is of neither is a NULL of `sql_variant`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<(DataType, Value), ReadError> {
    let total = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    if total == 0 {
        return Ok((DataType::Variant, Value::Null));
    }
    let mut whole = Reader::new(reader.bytes(total)?);
    let token = whole.u8()?;
    let properties = usize::from(whole.u8()?);
    let mut own = Reader::new(whole.bytes(properties)?);
    let mut value = whole;
    let length = value.remaining();
    let read = match token {
        token::GUID => (DataType::UniqueIdentifier, guid(&mut value)?),
        token::DATE => (DataType::Date, temporal::read_date(&mut value, length)?),
        token::TIME | token::DATETIME2 | token::DATETIMEOFFSET => {
            temporal::read_scaled(&mut value, token, own.u8()?, length)?
        }
        token::DECIMAL_N | token::NUMERIC_N => decimal(&mut value, own.u8()?, own.u8()?, length)?,
        token::VARBINARY | token::BINARY => {
            (bytes_type(token, own.u16()?), Value::Bytes(value.bytes(length)?.to_vec()))
        }
        token::VARCHAR | token::CHAR | token::NVARCHAR | token::NCHAR => {
            let collation = collation(&mut own)?;
            let bytes = value.bytes(length)?.to_vec();
            (text_type(token, own.u16()?), text(Some(bytes), token, collation)?)
        }
        _ => fixed(&mut value, token)?.ok_or(ReadError::Invalid("sql_variant"))?,
    };
    if value.is_empty() { Ok(read) } else { Err(malformed("a sql_variant longer than its value").into()) }
}

/// Writes a value with the type that it has by itself.
pub(super) fn write(out: &mut Vec<u8>, value: &Value, collation: Collation) -> Result<(), Mismatch> {
    let mut own = Vec::new();
    let mut of = |token: u8, properties: &[u8], value: &[u8]| {
        own.extend_from_slice(&[token, u8::try_from(properties.len()).unwrap_or(0)]);
        own.extend_from_slice(properties);
        own.extend_from_slice(value);
    };
    match value {
        Value::Null => {
            out.extend_from_slice(&0_u32.to_le_bytes());
            return Ok(());
        }
        Value::Bit(bit) => of(token::BIT, &[], &[u8::from(*bit)]),
        Value::Int(number) => match i32::try_from(*number) {
            Ok(number) => of(token::INT4, &[], &number.to_le_bytes()),
            Err(_) => of(token::INT8, &[], &number.to_le_bytes()),
        },
        Value::Float(number) => of(token::FLOAT, &[], &number.to_le_bytes()),
        Value::Text(text) => {
            let mut bytes = Vec::new();
            put_utf16(&mut bytes, text);
            let length = u16::try_from(bytes.len()).ok().filter(|length| *length <= 8000).ok_or(TOO_LONG)?;
            let mut properties = collation.0.to_vec();
            properties.extend_from_slice(&length.max(2).to_le_bytes());
            of(token::NVARCHAR, &properties, &bytes);
        }
        Value::Bytes(bytes) => {
            let length = u16::try_from(bytes.len()).ok().filter(|length| *length <= 8000).ok_or(TOO_LONG)?;
            of(token::VARBINARY, &length.max(1).to_le_bytes(), bytes);
        }
        Value::Guid(guid) => of(token::GUID, &[], &guid.to_bytes_le()),
        // As GETDATE() in one is: the server's own moments in variants are of datetime.
        Value::Moment(_) => {
            let bytes = temporal::bytes(DataType::DateTime, value);
            of(token::DATETIME, &[], &bytes.ok_or_else(|| Mismatch::of(value, DataType::DateTime))?);
        }
        Value::ZonedMoment(..) => {
            let data_type = DataType::DateTimeOffset(7);
            let bytes = temporal::bytes(data_type, value).ok_or_else(|| Mismatch::of(value, data_type))?;
            of(token::DATETIMEOFFSET, &[7], &bytes);
        }
        // Nothing says where its point is.
        Value::Decimal(_) => return Err(Mismatch::of(value, DataType::Variant)),
    }
    out.extend_from_slice(&u32::try_from(own.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&own);
    Ok(())
}
