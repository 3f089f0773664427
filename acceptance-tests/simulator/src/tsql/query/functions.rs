//! Which functions there are, what they take and what they return.
//!
//! Those of this table are called by value; the ones with a grammar or a typing rule of their own (`CASE`-like,
//! date parts, aggregates, windows) are lowered in [`super::builtin`].

use super::super::value::Type;
use crate::world::collation::Collation;

/// What a parameter converts its argument to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Any,
    Text,
    Whole,
    Float,
    Binary,
    Moment,
}

/// The type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    Is(Type),
    /// The type of the first argument.
    First,
    /// Text as wide as the first argument's characters, as long as its type allows.
    Text,
}

/// Where a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// In [`super::scalar`], under this name.
    Here(&'static str),
    /// In [`super::Host::call`].
    Hosted,
}

/// A function that is called by value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    /// One for each parameter; the last one stands for all that follow.
    pub(super) takes: &'static [Takes],
    pub(super) returns: Returns,
    pub(super) runs: Runs,
    /// First major version that has it.
    pub(super) first: u8,
}

/// The function of that name, whatever the case.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    HERE.iter().chain(HOSTED).find(|known| known.name.eq_ignore_ascii_case(name))
}

/// A function of the `sys` schema: an object, unlike the built-in ones, so its name compares as the server's do.
pub(super) fn find_sys(name: &str, collation: Collation) -> Option<&'static Known> {
    let name = collation.lower(name);
    SYS.iter().find(|known| known.name.to_ascii_lowercase() == name)
}

pub(super) fn is_aggregate(name: &str) -> bool {
    AGGREGATES.iter().any(|each| each.eq_ignore_ascii_case(name))
}

/// The type of a global, unless the session knows better.
pub(super) fn global(name: &str) -> Option<Type> {
    const NAME: Type = Type::SYSNAME;
    Some(match name.to_ascii_uppercase().as_str() {
        "@@SERVERNAME" | "@@SERVICENAME" | "@@LANGUAGE" => NAME,
        "@@VERSION" => Type::NVarChar(Some(300)),
        "@@ROWCOUNT" | "@@ERROR" | "@@TRANCOUNT" | "@@LOCK_TIMEOUT" | "@@MICROSOFTVERSION" | "@@OPTIONS"
        | "@@NESTLEVEL" | "@@FETCH_STATUS" | "@@PROCID" | "@@MAX_CONNECTIONS" => Type::Int,
        "@@TEXTSIZE" => Type::Int,
        "@@SPID" => Type::SmallInt,
        "@@DATEFIRST" | "@@MAX_PRECISION" => Type::TinyInt,
        "@@IDENTITY" => Type::Numeric(38, 0),
        _ => return None,
    })
}

const AGGREGATES: &[&str] =
    &["AVG", "COUNT", "COUNT_BIG", "MAX", "MIN", "STDEV", "STDEVP", "STRING_AGG", "SUM", "VAR", "VARP"];

const fn here(
    name: &'static str,
    run: &'static str,
    (least, most): (usize, usize),
    takes: &'static [Takes],
    returns: Returns,
) -> Known {
    Known { name, least, most, takes, returns, runs: Runs::Here(run), first: 11 }
}

const fn hosted(
    name: &'static str,
    (least, most): (usize, usize),
    takes: &'static [Takes],
    returns: Type,
) -> Known {
    Known { name, least, most, takes, returns: Is(returns), runs: Runs::Hosted, first: 11 }
}

const fn since(known: Known, first: u8) -> Known {
    Known { first, ..known }
}

use Returns::{First, Is};
use Takes::{Any, Binary, Float, Moment, Text, Whole};

const INT: Returns = Is(Type::Int);

static HERE: &[Known] = &[
    here("ABS", "abs", (1, 1), &[Any], First),
    here("ASCII", "unicode", (1, 1), &[Text], INT),
    here("CEILING", "ceiling", (1, 1), &[Any], First),
    here("CHAR", "char", (1, 1), &[Whole], Is(Type::Char(1))),
    here("CHARINDEX", "char_index", (2, 3), &[Text, Text, Whole], INT),
    since(here("CONCAT", "concat", (2, 254), &[Text], Returns::Text), 11),
    since(here("CONCAT_WS", "concat_ws", (3, 254), &[Text], Returns::Text), 14),
    here("DATEFROMPARTS", "date_from_parts", (3, 3), &[Whole], Is(Type::Date)),
    here("DAY", "day", (1, 1), &[Moment], INT),
    here("EOMONTH", "end_of_month", (1, 2), &[Moment, Whole], Is(Type::Date)),
    here("FLOOR", "floor", (1, 1), &[Any], First),
    here("GETDATE", "now", (0, 0), &[], Is(Type::DateTime)),
    here("GETUTCDATE", "now", (0, 0), &[], Is(Type::DateTime)),
    here("HASHBYTES", "hash_bytes", (2, 2), &[Text, Binary], Is(Type::VarBinary(Some(8000)))),
    here("ISDATE", "is_date", (1, 1), &[Any], INT),
    here("ISNUMERIC", "is_numeric", (1, 1), &[Any], INT),
    here("LEFT", "left", (2, 2), &[Text, Whole], Returns::Text),
    here("LEN", "len", (1, 1), &[Text], INT),
    here("LOWER", "lower", (1, 1), &[Text], Returns::Text),
    here("LTRIM", "ltrim", (1, 1), &[Text], Returns::Text),
    here("MONTH", "month", (1, 1), &[Moment], INT),
    here("NCHAR", "char", (1, 1), &[Whole], Is(Type::NChar(1))),
    here("NEWID", "new_id", (0, 0), &[], Is(Type::UniqueIdentifier)),
    here("PARSENAME", "parse_name", (2, 2), &[Text, Whole], Is(Type::SYSNAME)),
    here("PATINDEX", "pat_index", (2, 2), &[Text], INT),
    here("POWER", "power", (2, 2), &[Float], Is(Type::Float)),
    here("QUOTENAME", "quote_name", (1, 2), &[Text], Is(Type::NVarChar(Some(258)))),
    here("REPLACE", "replace", (3, 3), &[Text], Returns::Text),
    here("REPLICATE", "replicate", (2, 2), &[Text, Whole], Returns::Text),
    here("REVERSE", "reverse", (1, 1), &[Text], Returns::Text),
    here("RIGHT", "right", (2, 2), &[Text, Whole], Returns::Text),
    here("ROUND", "round", (2, 3), &[Any, Whole], First),
    here("RTRIM", "rtrim", (1, 1), &[Text], Returns::Text),
    here("SERVERPROPERTY", "server_property", (1, 1), &[Text], Is(Type::Variant)),
    here("SIGN", "sign", (1, 1), &[Any], First),
    here("SPACE", "space", (1, 1), &[Whole], Is(Type::VarChar(Some(8000)))),
    here("SQRT", "sqrt", (1, 1), &[Float], Is(Type::Float)),
    here("STUFF", "stuff", (4, 4), &[Text, Whole, Whole, Text], Returns::Text),
    here("SUBSTRING", "substring", (3, 3), &[Any, Whole, Whole], First),
    here("SYSDATETIME", "now7", (0, 0), &[], Is(Type::DateTime2(7))),
    here("SYSDATETIMEOFFSET", "now_offset", (0, 0), &[], Is(Type::DateTimeOffset(7))),
    here("SYSUTCDATETIME", "now7", (0, 0), &[], Is(Type::DateTime2(7))),
    since(here("TRIM", "trim", (1, 1), &[Text], Returns::Text), 14),
    here("UNICODE", "unicode", (1, 1), &[Text], INT),
    here("UPPER", "upper", (1, 1), &[Text], Returns::Text),
    here("YEAR", "year", (1, 1), &[Moment], INT),
];

/// The functions that only the instance can answer.
pub(super) static HOSTED: &[Known] = &[
    hosted("APPLOCK_MODE", (3, 3), &[Text], Type::NVarChar(Some(32))),
    hosted("APPLOCK_TEST", (4, 4), &[Text], Type::SmallInt),
    hosted("APP_NAME", (0, 0), &[], Type::SYSNAME),
    hosted("CERTENCODED", (1, 1), &[Whole], Type::VarBinary(None)),
    hosted("CERTPRIVATEKEY", (2, 3), &[Whole, Text], Type::VarBinary(None)),
    hosted("CERTPROPERTY", (2, 2), &[Whole, Text], Type::Variant),
    hosted("CERT_ID", (1, 1), &[Text], Type::Int),
    hosted("COL_LENGTH", (2, 2), &[Text], Type::SmallInt),
    hosted("COL_NAME", (2, 2), &[Whole], Type::SYSNAME),
    hosted("CONNECTIONPROPERTY", (1, 1), &[Text], Type::Variant),
    hosted("CONTEXT_INFO", (0, 0), &[], Type::VarBinary(Some(128))),
    hosted("CURRENT_USER", (0, 0), &[], Type::SYSNAME),
    hosted("DATABASEPROPERTYEX", (2, 2), &[Text], Type::Variant),
    hosted("DATABASE_PRINCIPAL_ID", (0, 1), &[Text], Type::Int),
    hosted("DB_ID", (0, 1), &[Text], Type::Int),
    hosted("DB_NAME", (0, 1), &[Whole], Type::SYSNAME),
    hosted("ERROR_LINE", (0, 0), &[], Type::Int),
    hosted("ERROR_MESSAGE", (0, 0), &[], Type::NVarChar(Some(4000))),
    hosted("ERROR_NUMBER", (0, 0), &[], Type::Int),
    hosted("ERROR_PROCEDURE", (0, 0), &[], Type::SYSNAME),
    hosted("ERROR_SEVERITY", (0, 0), &[], Type::Int),
    hosted("ERROR_STATE", (0, 0), &[], Type::Int),
    hosted("FULLTEXTSERVICEPROPERTY", (1, 1), &[Text], Type::Int),
    hosted("HAS_DBACCESS", (1, 1), &[Text], Type::Int),
    hosted("HAS_PERMS_BY_NAME", (3, 5), &[Text], Type::Int),
    hosted("HOST_NAME", (0, 0), &[], Type::SYSNAME),
    hosted("IS_MEMBER", (1, 1), &[Text], Type::Int),
    hosted("IS_ROLEMEMBER", (1, 2), &[Text], Type::Int),
    hosted("IS_SRVROLEMEMBER", (1, 2), &[Text], Type::Int),
    hosted("OBJECT_ID", (1, 2), &[Text], Type::Int),
    hosted("OBJECT_NAME", (1, 2), &[Whole], Type::SYSNAME),
    hosted("OBJECT_SCHEMA_NAME", (1, 2), &[Whole], Type::SYSNAME),
    hosted("ORIGINAL_LOGIN", (0, 0), &[], Type::SYSNAME),
    hosted("SCHEMA_ID", (0, 1), &[Text], Type::Int),
    hosted("SCHEMA_NAME", (0, 1), &[Whole], Type::SYSNAME),
    hosted("SCOPE_IDENTITY", (0, 0), &[], Type::Numeric(38, 0)),
    hosted("SESSIONPROPERTY", (1, 1), &[Text], Type::Variant),
    hosted("SESSION_USER", (0, 0), &[], Type::SYSNAME),
    hosted("SID_BINARY", (1, 1), &[Text], Type::VarBinary(Some(85))),
    hosted("SUSER_ID", (0, 1), &[Text], Type::Int),
    hosted("SUSER_NAME", (0, 1), &[Whole], Type::SYSNAME),
    hosted("SUSER_SID", (0, 2), &[Text, Whole], Type::VarBinary(Some(85))),
    hosted("SUSER_SNAME", (0, 1), &[Binary], Type::SYSNAME),
    hosted("SYSTEM_USER", (0, 0), &[], Type::SYSNAME),
    hosted("USER", (0, 0), &[], Type::SYSNAME),
    hosted("USER_ID", (0, 1), &[Text], Type::Int),
    hosted("USER_NAME", (0, 1), &[Whole], Type::SYSNAME),
    hosted("XACT_STATE", (0, 0), &[], Type::SmallInt),
];

static SYS: &[Known] = &[
    hosted("fn_hadr_backup_is_preferred_replica", (1, 1), &[Text], Type::Bit),
    since(hosted("fn_hadr_is_primary_replica", (1, 1), &[Text], Type::Bit), 12),
    since(hosted("fn_hadr_distributed_ag_database_replica", (2, 2), &[Text], Type::UniqueIdentifier), 13),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_type_for_each_parameter() {
        for known in HERE.iter().chain(HOSTED).chain(SYS) {
            assert_eq!(known.takes.is_empty(), known.most == 0, "{}", known.name);
            assert!(known.least <= known.most, "{}", known.name);
            if let Runs::Here(run) = known.runs {
                assert!(super::super::scalar::exists(run), "{run} is not implemented");
            }
        }
    }
}
