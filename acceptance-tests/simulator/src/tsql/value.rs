//! Values and types inside the engine, and the conversions between them.
//!
//! A value is what SQLite can hold; which SQL Server type it has is known from the query ([`super::query`]), so the
//! two travel apart: a date is text in ISO form, a GUID upper-case text, a bit the number 0 or 1. Conversions follow
//! CAST and CONVERT of the server, with its error numbers.

mod convert;
pub(crate) mod decimal;
mod moment;
mod styles;

use std::fmt;

pub(crate) use self::convert::convert;
pub(crate) use self::moment::{format_moment, parse_moment};
use super::error::{self, SqlError};

/// A SQL Server type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    SmallMoney,
    Money,
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
            Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt => Family::Number,
            Self::SmallMoney | Self::Money | Self::Numeric(..) | Self::Real | Self::Float => Family::Number,
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
            Family::Number if self.rank().max(other.rank()) == 8 => decimal::common(self, other),
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
            Self::SmallMoney | Self::DateTimeOffset(_) => 6,
            Self::Money => 7,
            Self::Numeric(..) => 8,
            Self::Real => 9,
            Self::Float => 10,
            _ => 0,
        }
    }

    /// Precision and scale of a type whose values are decimals.
    pub(crate) fn decimal(self) -> Option<(u8, u8)> {
        match self {
            Self::Numeric(precision, scale) => Some((precision, scale)),
            Self::Money => Some((19, 4)),
            Self::SmallMoney => Some((10, 4)),
            _ => None,
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
            Self::SmallMoney => "smallmoney",
            Self::Money => "money",
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
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
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

/// Upper-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_what_they_print() {
        for text in [
            "int",
            "numeric(25,0)",
            "money",
            "nvarchar(128)",
            "varbinary(max)",
            "char(2)",
            "datetime2(7)",
            "bit",
        ] {
            assert_eq!(Type::parse(text).expect("a type").to_string(), text);
        }
        assert_eq!(Type::parse("sysname"), Some(Type::SYSNAME));
        assert_eq!(
            (Type::parse("float(24)"), Type::parse("float(25)")),
            (Some(Type::Real), Some(Type::Float))
        );
        assert_eq!(Type::parse("geography"), None);
    }
}
