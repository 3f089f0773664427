//! The functions that SQLite calls while a query runs.
//!
//! Each one is a plain function of values; what a query's functions share (types, collation, the server) is the
//! [`Runtime`]. An error keeps its number on the way through SQLite, which knows texts alone, in a slot there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Error};
use time::{OffsetDateTime, PrimitiveDateTime};

use super::super::error::{self, SqlError};
use super::super::value::{self, Type, decimal};
use super::{Document, Host, Plan, dates, document, math, parsing, texts};
use crate::world::collation::Collation;

/// What the functions of one query share.
#[derive(Clone)]
pub(super) struct Runtime {
    types: Arc<[Type]>,
    documents: Arc<[Document]>,
    collation: Collation,
    host: Arc<dyn Host>,
    /// One moment for the whole query.
    now: OffsetDateTime,
    error: Arc<Mutex<Option<SqlError>>>,
}

impl Runtime {
    pub(super) fn new(plan: &Plan, host: Arc<dyn Host>) -> Self {
        let now = host.now();
        let (types, documents) = (plan.types.as_slice().into(), plan.documents.as_slice().into());
        Self { types, documents, collation: plan.collation, host, now, error: Arc::default() }
    }

    /// The error that a function raised.
    pub(super) fn take_error(&self) -> Option<SqlError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn raise(&self, cause: SqlError) -> Error {
        let message = cause.message.clone();
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
        Error::UserFunctionError(message.into())
    }

    pub(super) fn now(&self) -> PrimitiveDateTime {
        PrimitiveDateTime::new(self.now.date(), self.now.time())
    }

    /// The document with the number that the binder gave it.
    pub(super) fn document(&self, number: usize) -> Option<&Document> {
        self.documents.get(number)
    }

    /// The type with the number that the binder gave it.
    pub(super) fn data_type(&self, number: Option<&Value>) -> Type {
        match number {
            Some(Value::Integer(number)) => usize::try_from(*number)
                .ok()
                .and_then(|number| self.types.get(number))
                .copied()
                .unwrap_or(Type::Null),
            _ => Type::Null,
        }
    }
}

/// A function: its arguments' values in, a value out.
pub(super) type Scalar = fn(&Runtime, &[Value]) -> Result<Value, SqlError>;

/// Registers the collations, and the functions that a plan names.
pub(super) fn register(
    connection: &Connection,
    functions: &BTreeSet<&'static str>,
    runtime: &Arc<Runtime>,
) -> rusqlite::Result<()> {
    let collations = [
        ("tsql", runtime.collation),
        ("tsql_0", Collation::CaseInsensitive),
        ("tsql_1", Collation::TurkishCaseInsensitive),
        ("tsql_2", Collation::Exact),
    ];
    for (name, collation) in collations {
        connection.create_collation(name, move |left, right| collation.compare(left, right))?;
    }
    for name in functions {
        let registered = format!("f_{name}");
        if *name == "only" {
            let only = Only { runtime: Arc::clone(runtime) };
            connection.create_aggregate_function(registered.as_str(), 1, FunctionFlags::SQLITE_UTF8, only)?;
            continue;
        }
        if *name == document::FUNCTION {
            let written = document::Written::new(Arc::clone(runtime));
            let flags = FunctionFlags::SQLITE_UTF8;
            connection.create_aggregate_function(registered.as_str(), -1, flags, written)?;
            continue;
        }
        let Some(function) = find(name) else { continue };
        let runtime = Arc::clone(runtime);
        connection.create_scalar_function(
            registered.as_str(),
            -1,
            FunctionFlags::SQLITE_UTF8,
            move |context| {
                let arguments =
                    (0..context.len()).map(|each| context.get(each)).collect::<Result<Vec<Value>, _>>()?;
                function(&runtime, &arguments).map_err(|cause| runtime.raise(cause))
            },
        )?;
    }
    Ok(())
}

/// Whether there is an implementation of that name.
#[cfg(test)]
pub(super) fn exists(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<Scalar> {
    let own: Scalar = match name {
        "cast" => cast,
        "try_cast" => try_cast,
        "hosted" => hosted,
        "server_property" => server_property,
        "new_id" => new_id,
        "data_length" => data_length,
        "parse" => parsing::parse,
        "try_parse" => parsing::try_parse,
        _ => return texts::find(name).or_else(|| dates::find(name)).or_else(|| math::find(name)),
    };
    Some(own)
}

/// `QUOTENAME(name, quote)`; nothing where the name is longer than 128 or the quote is none.
pub(crate) fn quote_name(name: &str, quote: char) -> Option<String> {
    let (open, close) = match quote {
        '[' | ']' => ('[', ']'),
        '\'' => ('\'', '\''),
        '"' => ('"', '"'),
        '(' | ')' => ('(', ')'),
        '<' | '>' => ('<', '>'),
        '{' | '}' => ('{', '}'),
        '`' => ('`', '`'),
        _ => return None,
    };
    if name.encode_utf16().count() > 128 {
        return None;
    }
    let doubled = name.replace(close, &format!("{close}{close}"));
    Some(format!("{open}{doubled}{close}"))
}

/// Value, number of its type, number of the type wanted, style.
fn cast(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [value, from, to, style] = arguments else { return Ok(Value::Null) };
    let style = match style {
        Value::Integer(style) => *style,
        // A style that is NULL makes the result NULL.
        _ => return Ok(Value::Null),
    };
    let from = match (runtime.data_type(Some(from)), value) {
        // A variant's type is that of its value.
        (Type::Variant | Type::Null, Value::Integer(_)) => Type::BigInt,
        (Type::Variant | Type::Null, Value::Real(_)) => Type::Float,
        (Type::Variant | Type::Null, Value::Text(_)) => Type::NVarChar(None),
        (Type::Variant | Type::Null, Value::Blob(_)) => Type::VarBinary(None),
        (other, _) => other,
    };
    value::convert(value.clone(), from, runtime.data_type(Some(to)), style)
}

fn try_cast(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    match cast(runtime, arguments) {
        // A conversion that no value can make is refused even here, and so is what the simulator lacks.
        Err(cause) if matches!(cause.number, 529 | 49999) => Err(cause),
        Err(_) => Ok(Value::Null),
        converted => converted,
    }
}

fn hosted(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    match arguments.split_first() {
        Some((Value::Text(name), rest)) => runtime.host.call(name, rest),
        _ => Ok(Value::Null),
    }
}

fn server_property(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    Ok(match arguments {
        [Value::Text(name)] => runtime.host.server_property(name),
        _ => Value::Null,
    })
}

fn new_id(_: &Runtime, _: &[Value]) -> Result<Value, SqlError> {
    Ok(Value::Text(uuid::Uuid::new_v4().hyphenated().to_string().to_ascii_uppercase()))
}

/// Value, number of its type.
fn data_length(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let data_type = runtime.data_type(arguments.get(1));
    let bytes = match arguments.first() {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(Value::Blob(bytes)) => bytes.len(),
        Some(Value::Text(text)) => match data_type {
            Type::VarChar(_) | Type::Char(_) => text.chars().count(),
            Type::UniqueIdentifier => 16,
            Type::SmallMoney => 4,
            Type::Money => 8,
            Type::Numeric(precision, _) => decimal::bytes(precision).into(),
            Type::Date => 3,
            Type::SmallDateTime => 4,
            Type::DateTime | Type::DateTime2(_) => 8,
            Type::Time(_) => 5,
            Type::DateTimeOffset(_) => 10,
            _ => text.encode_utf16().count() * 2,
        },
        Some(Value::Integer(_) | Value::Real(_)) => match data_type {
            Type::Bit | Type::TinyInt => 1,
            Type::SmallInt => 2,
            Type::Int | Type::Real | Type::SmallMoney => 4,
            Type::Numeric(precision, _) => decimal::bytes(precision).into(),
            _ => 8,
        },
    };
    Ok(count(bytes))
}

/// A length as a value.
pub(super) fn count(length: usize) -> Value {
    Value::Integer(i64::try_from(length).unwrap_or(i64::MAX))
}

/// The value of a subquery of one column, which must not return two rows (512).
struct Only {
    runtime: Arc<Runtime>,
}

impl Aggregate<Option<Value>, Value> for Only {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Value>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, found: &mut Option<Value>) -> rusqlite::Result<()> {
        if found.is_some() {
            return Err(self.runtime.raise(error::subquery_many()));
        }
        *found = Some(context.get(0)?);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, found: Option<Option<Value>>) -> rusqlite::Result<Value> {
        Ok(found.flatten().unwrap_or(Value::Null))
    }
}
