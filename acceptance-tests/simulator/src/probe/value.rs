//! Values and types of a result set as text, so that two servers can be compared.

use tiberius::{ColumnData, ColumnType, FromSql};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The type of a column, as far as the wire says it. A column that may be NULL is sent in a form that names its family
/// alone, so integers are one type here; whether NULL may come is a matter of the catalog, not of a statement.
pub(super) fn kind(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Null => "null",
        ColumnType::Bit | ColumnType::Bitn => "bit",
        ColumnType::Int1 | ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Intn => {
            "integer"
        }
        ColumnType::Float4 | ColumnType::Float8 | ColumnType::Floatn => "float",
        ColumnType::Money | ColumnType::Money4 => "money",
        ColumnType::Datetime | ColumnType::Datetime4 | ColumnType::Datetimen => "datetime",
        ColumnType::Decimaln | ColumnType::Numericn => "numeric",
        ColumnType::Guid => "uniqueidentifier",
        ColumnType::Daten => "date",
        ColumnType::Timen => "time",
        ColumnType::Datetime2 => "datetime2",
        ColumnType::DatetimeOffsetn => "datetimeoffset",
        ColumnType::BigVarBin => "varbinary",
        ColumnType::BigBinary => "binary",
        ColumnType::BigVarChar => "varchar",
        ColumnType::BigChar => "char",
        ColumnType::NVarchar => "nvarchar",
        ColumnType::NChar => "nchar",
        ColumnType::Xml => "xml",
        ColumnType::Udt => "udt",
        ColumnType::Text => "text",
        ColumnType::NText => "ntext",
        ColumnType::Image => "image",
        ColumnType::SSVariant => "sql_variant",
    }
}

const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");

/// A value; nothing for NULL.
pub(super) fn text(value: ColumnData<'static>) -> Option<String> {
    match value {
        ColumnData::Bit(value) => value.map(|bit| u8::from(bit).to_string()),
        ColumnData::U8(value) => value.map(|number| number.to_string()),
        ColumnData::I16(value) => value.map(|number| number.to_string()),
        ColumnData::I32(value) => value.map(|number| number.to_string()),
        ColumnData::I64(value) => value.map(|number| number.to_string()),
        ColumnData::F32(value) => value.map(|number| number.to_string()),
        ColumnData::F64(value) => value.map(|number| number.to_string()),
        ColumnData::Numeric(value) => value.map(|number| number.to_string()),
        ColumnData::String(value) => value.map(std::borrow::Cow::into_owned),
        ColumnData::Guid(value) => value.map(|guid| guid.to_string()),
        ColumnData::Binary(value) => value.map(|bytes| hex(&bytes)),
        ColumnData::Xml(value) => value.map(|xml| xml.to_string()),
        ColumnData::Date(_) => time::Date::from_sql(&value).ok().flatten().map(|date| date.to_string()),
        ColumnData::Time(_) => time::Time::from_sql(&value).ok().flatten().map(|time| time.to_string()),
        ColumnData::DateTimeOffset(_) => time::OffsetDateTime::from_sql(&value)
            .ok()
            .flatten()
            .and_then(|moment| moment.format(MOMENT).ok()),
        ColumnData::DateTime(_) | ColumnData::SmallDateTime(_) | ColumnData::DateTime2(_) => {
            time::PrimitiveDateTime::from_sql(&value)
                .ok()
                .flatten()
                .and_then(|moment| moment.format(MOMENT).ok())
        }
    }
}

/// Bytes as T-SQL writes them.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        // Writing to a String does not fail.
        let _written = write!(text, "{byte:02X}");
    }
    text
}

/// The bytes of a hexadecimal text, with `0x` or without.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let digits: Vec<u8> =
        digits.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip() {
        assert_eq!(hex(&[0, 0xa5, 0xff]), "0x00A5FF");
        for text in ["0x00A5FF", "00a5ff", "0X00a5fF"] {
            assert_eq!(unhex(text), Some(vec![0, 0xa5, 0xff]), "{text}");
        }
        for text in ["0xa", "0xag", "é0"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
