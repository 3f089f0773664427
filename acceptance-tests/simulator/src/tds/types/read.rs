//! Parameters: a type, then a value of it.
//!
//! What is no TDS at all ends the connection. A value that its type cannot have, and a type that a server does not
//! know, are errors that the client reads: the message around them says where the next request begins.

use std::io;

use super::super::backend::{Collation, DataType, Value};
use super::super::packet::malformed;
use super::super::reader::{Reader, utf16};
use super::{decimal_size, temporal, token, variant};

/// A parameter that cannot be had.
#[derive(Debug)]
pub(in crate::tds) enum ReadError {
    /// The message makes no sense.
    Malformed(io::Error),
    /// The value is none of this type: 8023.
    Invalid(&'static str),
    /// A type that is unknown: 8009.
    Unknown(u8),
    /// A type of the database that is not there: 2715.
    NoSuchType(String),
    /// A type that SQL Server knows and this server does not.
    NotModelled(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Malformed(error)
    }
}

type Parameter = Result<(DataType, Value), ReadError>;

/// Reads a type with its value, as parameters have them.
pub(in crate::tds) fn read(reader: &mut Reader<'_>) -> Parameter {
    let token = reader.u8()?;
    match token {
        token::NULL => Ok((DataType::Int, Value::Null)),
        token::GUID | token::INT_N | token::BIT_N | token::FLOAT_N | token::MONEY_N | token::DATETIME_N => {
            let size = reader.u8()?;
            let length = reader.u8()?;
            nullable(reader, token, size, length)
        }
        token::DECIMAL_N | token::NUMERIC_N => {
            reader.u8()?;
            let (precision, scale) = (reader.u8()?, reader.u8()?);
            let length = reader.u8()?;
            decimal(reader, precision, scale, length.into())
        }
        token::DATE => {
            let length = reader.u8()?;
            Ok((
                DataType::Date,
                if length == 0 { Value::Null } else { temporal::read_date(reader, length.into())? },
            ))
        }
        token::TIME | token::DATETIME2 | token::DATETIMEOFFSET => {
            let scale = reader.u8()?;
            let length = reader.u8()?;
            temporal::read_scaled(reader, token, scale, length.into())
        }
        token::VARBINARY | token::BINARY => {
            let data_type = bytes_type(token, reader.u16()?);
            let value = sized(reader, matches!(data_type, DataType::VarBinary(None)))?;
            Ok((data_type, value.map_or(Value::Null, Value::Bytes)))
        }
        token::VARCHAR | token::CHAR | token::NVARCHAR | token::NCHAR => {
            let length = reader.u16()?;
            let collation = collation(reader)?;
            let data_type = text_type(token, length);
            let is_max = matches!(data_type, DataType::VarChar(None) | DataType::NVarChar(None));
            Ok((data_type, text(sized(reader, is_max)?, token, collation)?))
        }
        token::TEXT | token::NTEXT => {
            reader.u32()?;
            let collation = collation(reader)?;
            let value = text(long(reader)?, token, collation)?;
            Ok((if token == token::TEXT { DataType::VarChar(None) } else { DataType::NVarChar(None) }, value))
        }
        token::IMAGE => {
            reader.u32()?;
            Ok((DataType::VarBinary(None), long(reader)?.map_or(Value::Null, Value::Bytes)))
        }
        token::XML => {
            if reader.u8()? != 0 {
                let (_database, _owner) = (reader.short_text()?, reader.short_text()?);
                let units = reader.u16()?;
                reader.utf16(units.into())?;
            }
            let value = text(sized(reader, true)?, token::NVARCHAR, Collation::LATIN1)?;
            Ok((DataType::Xml, value))
        }
        token::VARIANT => {
            reader.u32()?;
            variant::read(reader)
        }
        token::UDT => Err(ReadError::NotModelled("parameters of CLR types")),
        // A database has the table types that somebody made, and nobody can make one here.
        token::TABLE => {
            let (_database, schema, name) =
                (reader.short_text()?, reader.short_text()?, reader.short_text()?);
            Err(ReadError::NoSuchType(if schema.is_empty() { name } else { format!("{schema}.{name}") }))
        }
        _ => match fixed(reader, token)? {
            Some(found) => Ok(found),
            None => Err(ReadError::Unknown(token)),
        },
    }
}

/// A value of a type whose token says its length; nothing where the token is none of these.
pub(super) fn fixed(reader: &mut Reader<'_>, token: u8) -> Result<Option<(DataType, Value)>, ReadError> {
    Ok(Some(match token {
        token::INT1 => (DataType::TinyInt, Value::Int(reader.u8()?.into())),
        token::BIT => (DataType::Bit, Value::Bit(reader.u8()? != 0)),
        token::INT2 => (DataType::SmallInt, Value::Int(reader.signed(2)?)),
        token::INT4 => (DataType::Int, Value::Int(reader.signed(4)?)),
        token::INT8 => (DataType::BigInt, Value::Int(reader.signed(8)?)),
        token::REAL => (DataType::Real, real(reader)?),
        token::FLOAT => (DataType::Float, float(reader)?),
        token::DATETIME => (DataType::DateTime, temporal::read_datetime(reader)?),
        token::SMALLDATETIME => (DataType::SmallDateTime, temporal::read_smalldatetime(reader)?),
        token::MONEY => (DataType::Money, money(reader, 8)?),
        token::SMALLMONEY => (DataType::SmallMoney, money(reader, 4)?),
        _ => return Ok(None),
    }))
}

/// A value whose length stands before it; its type has a size of its own.
fn nullable(reader: &mut Reader<'_>, token: u8, size: u8, length: u8) -> Parameter {
    let data_type = match (token, size) {
        (token::INT_N, 1) => DataType::TinyInt,
        (token::INT_N, 2) => DataType::SmallInt,
        (token::INT_N, 4) => DataType::Int,
        (token::INT_N, 8) => DataType::BigInt,
        (token::BIT_N, 1) => DataType::Bit,
        (token::FLOAT_N, 4) => DataType::Real,
        (token::FLOAT_N, 8) => DataType::Float,
        (token::MONEY_N, 4) => DataType::SmallMoney,
        (token::MONEY_N, 8) => DataType::Money,
        (token::DATETIME_N, 4) => DataType::SmallDateTime,
        (token::DATETIME_N, 8) => DataType::DateTime,
        (token::GUID, 16) => DataType::UniqueIdentifier,
        _ => return Err(malformed("a type of a size that it cannot have").into()),
    };
    let value = match (token, length) {
        (_, 0) => Value::Null,
        (token::INT_N, 1) => Value::Int(reader.u8()?.into()),
        (token::INT_N, 2 | 4 | 8) => Value::Int(reader.signed(length.into())?),
        (token::BIT_N, 1) => Value::Bit(reader.u8()? != 0),
        (token::FLOAT_N, 4) => real(reader)?,
        (token::FLOAT_N, 8) => float(reader)?,
        (token::MONEY_N, 4 | 8) => money(reader, length.into())?,
        (token::DATETIME_N, 4) => temporal::read_smalldatetime(reader)?,
        (token::DATETIME_N, 8) => temporal::read_datetime(reader)?,
        (token::GUID, 16) => guid(reader)?,
        _ => return Err(malformed("a value of a length that its type cannot have").into()),
    };
    Ok((data_type, value))
}

fn real(reader: &mut Reader<'_>) -> Result<Value, ReadError> {
    finite(f32::from_bits(reader.u32()?).into(), "real")
}

fn float(reader: &mut Reader<'_>) -> Result<Value, ReadError> {
    finite(f64::from_bits(reader.u64()?), "float")
}

fn finite(number: f64, name: &'static str) -> Result<Value, ReadError> {
    if number.is_finite() { Ok(Value::Float(number)) } else { Err(ReadError::Invalid(name)) }
}

pub(super) fn guid(reader: &mut Reader<'_>) -> io::Result<Value> {
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

pub(super) fn decimal(reader: &mut Reader<'_>, precision: u8, scale: u8, length: usize) -> Parameter {
    let data_type = DataType::Decimal { precision, scale };
    if !(1..=38).contains(&precision) || scale > precision {
        return Err(ReadError::Invalid("numeric"));
    }
    if length == 0 {
        return Ok((data_type, Value::Null));
    }
    if !matches!(length, 5 | 9 | 13 | 17) || length > usize::from(decimal_size(38)) + 1 {
        return Err(malformed("a decimal of a length that none has").into());
    }
    let positive = reader.u8()? != 0;
    let magnitude = reader.unsigned(length - 1)?;
    let number = i128::try_from(magnitude)
        .ok()
        .filter(|number| *number < 10_i128.pow(precision.into()))
        .ok_or(ReadError::Invalid("numeric"))?;
    Ok((data_type, Value::Decimal(if positive { number } else { -number })))
}

pub(super) fn bytes_type(token: u8, length: u16) -> DataType {
    match (token, length) {
        (token::VARBINARY, u16::MAX) => DataType::VarBinary(None),
        (token::VARBINARY, length) => DataType::VarBinary(Some(length)),
        (_, length) => DataType::Binary(length),
    }
}

pub(super) fn text_type(token: u8, length: u16) -> DataType {
    match (token, length) {
        (token::VARCHAR, u16::MAX) => DataType::VarChar(None),
        (token::VARCHAR, length) => DataType::VarChar(Some(length)),
        (token::CHAR, length) => DataType::Char(length),
        (token::NVARCHAR, u16::MAX) => DataType::NVarChar(None),
        (token::NVARCHAR, length) => DataType::NVarChar(Some(length / 2)),
        (_, length) => DataType::NChar(length / 2),
    }
}

pub(super) fn collation(reader: &mut Reader<'_>) -> io::Result<Collation> {
    reader.bytes(5)?.try_into().map(Collation).map_err(|_| malformed("a collation"))
}

pub(super) fn text(bytes: Option<Vec<u8>>, token: u8, collation: Collation) -> io::Result<Value> {
    Ok(match bytes {
        None => Value::Null,
        Some(bytes) if matches!(token, token::VARCHAR | token::CHAR | token::TEXT) => {
            Value::Text(collation.decode(bytes))
        }
        Some(bytes) => Value::Text(utf16(&bytes)?),
    })
}

/// A value with its length in two bytes, or in pieces (PLP).
fn sized(reader: &mut Reader<'_>, is_max: bool) -> io::Result<Option<Vec<u8>>> {
    if !is_max {
        return match reader.u16()? {
            u16::MAX => Ok(None),
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

/// A value of the old long types.
fn long(reader: &mut Reader<'_>) -> io::Result<Option<Vec<u8>>> {
    match reader.u32()? {
        u32::MAX => Ok(None),
        length => Ok(Some(reader.bytes(usize::try_from(length).unwrap_or(usize::MAX))?.to_vec())),
    }
}
