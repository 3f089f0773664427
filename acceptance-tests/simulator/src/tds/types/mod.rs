//! Types and values on the wire (MS-TDS 2.2.5.4 to 2.2.5.6).
//!
//! | module | what |
//! | --- | --- |
//! | `read` | parameters: a type, then a value of it |
//! | `write` | columns and output parameters |
//! | `temporal` | dates and times, both ways |
//! | `variant` | `sql_variant`, both ways |

mod read;
mod temporal;
mod variant;
mod write;

pub(super) use self::read::{ReadError, read};
pub(super) use self::write::{
    Mismatch, for_version, write_column_type, write_column_value, write_type, write_value,
};

/// Tokens of types (MS-TDS 2.2.5.4).
mod token {
    pub(super) const NULL: u8 = 0x1f;
    pub(super) const IMAGE: u8 = 0x22;
    pub(super) const TEXT: u8 = 0x23;
    pub(super) const GUID: u8 = 0x24;
    pub(super) const INT_N: u8 = 0x26;
    pub(super) const DATE: u8 = 0x28;
    pub(super) const TIME: u8 = 0x29;
    pub(super) const DATETIME2: u8 = 0x2a;
    pub(super) const DATETIMEOFFSET: u8 = 0x2b;
    pub(super) const INT1: u8 = 0x30;
    pub(super) const BIT: u8 = 0x32;
    pub(super) const INT2: u8 = 0x34;
    pub(super) const INT4: u8 = 0x38;
    pub(super) const SMALLDATETIME: u8 = 0x3a;
    pub(super) const REAL: u8 = 0x3b;
    pub(super) const MONEY: u8 = 0x3c;
    pub(super) const DATETIME: u8 = 0x3d;
    pub(super) const FLOAT: u8 = 0x3e;
    pub(super) const VARIANT: u8 = 0x62;
    pub(super) const NTEXT: u8 = 0x63;
    pub(super) const BIT_N: u8 = 0x68;
    pub(super) const DECIMAL_N: u8 = 0x6a;
    pub(super) const NUMERIC_N: u8 = 0x6c;
    pub(super) const FLOAT_N: u8 = 0x6d;
    pub(super) const MONEY_N: u8 = 0x6e;
    pub(super) const DATETIME_N: u8 = 0x6f;
    pub(super) const SMALLMONEY: u8 = 0x7a;
    pub(super) const INT8: u8 = 0x7f;
    pub(super) const VARBINARY: u8 = 0xa5;
    pub(super) const VARCHAR: u8 = 0xa7;
    pub(super) const BINARY: u8 = 0xad;
    pub(super) const CHAR: u8 = 0xaf;
    pub(super) const NVARCHAR: u8 = 0xe7;
    pub(super) const NCHAR: u8 = 0xef;
    pub(super) const UDT: u8 = 0xf0;
    pub(super) const XML: u8 = 0xf1;
    pub(super) const TABLE: u8 = 0xf3;
}

/// Bytes of a decimal's magnitude.
fn decimal_size(precision: u8) -> u8 {
    match precision {
        0..=9 => 4,
        10..=19 => 8,
        20..=28 => 12,
        _ => 16,
    }
}

#[cfg(test)]
mod tests;
