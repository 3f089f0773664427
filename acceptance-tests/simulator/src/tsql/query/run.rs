//! Runs a plan: an SQLite in memory, the views that the plan names as its tables, our functions, one statement.
//!
//! Why a fresh SQLite for each query: catalog views have few rows and change under every statement; nothing is ever
//! stale that does not outlive its query.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::error::{self, SqlError};
use super::super::value::Type;
use super::document;
use super::scalar::{self, Runtime};
use super::{Column, Data, Given, LiteralText, Parameter, Plan, Source};

/// A result set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Runs a query. The columns are the plan's.
///
/// # Errors
/// What the statement raises while it runs: 245, 512, 8134 and their kin; those of `data`.
pub(crate) fn run(plan: &Plan, data: &dyn Data) -> Result<Rows, SqlError> {
    if let Some(source) = taken_whole(plan) {
        let typed = |row: Vec<Value>| {
            row.into_iter()
                .zip(&plan.columns)
                .map(|(value, column)| stored_form(value, column.data_type))
                .collect()
        };
        let rows = read(source, data)?.into_iter().map(typed).collect();
        return Ok(Rows { columns: plan.columns.clone(), rows });
    }
    let connection = Connection::open_in_memory().map_err(|cause| internal(&cause))?;
    let runtime = Runtime::new(plan, data.host());
    scalar::register(&connection, &plan.functions, &Arc::new(runtime.clone()))
        .map_err(|cause| internal(&cause))?;
    // One transaction for all rows, which nobody ever ends: without it each row would be one of its own.
    connection.execute_batch("BEGIN").map_err(|cause| internal(&cause))?;
    let named = named_columns(&plan.sql);
    for (position, source) in plan.sources.iter().enumerate() {
        fill(&connection, position, source, &named, data)?;
    }
    let parameters = plan
        .parameters
        .iter()
        .map(|parameter| match parameter {
            Parameter::Variable(name) => data.variable(name),
            Parameter::Literal(LiteralText(text)) => Ok(Value::Text(text.clone())),
        })
        .collect::<Result<Vec<Value>, SqlError>>()?;
    let rows = select(&connection, plan, parameters).map_err(|cause| raised(&cause, &runtime))?;
    let rows = if plan.is_document { document::pieces(&rows) } else { rows };
    Ok(Rows { columns: plan.columns.clone(), rows })
}

/// The first column of the first row; NULL where there is none.
///
/// # Errors
/// As [`run`].
pub(crate) fn evaluate(plan: &Plan, data: &dyn Data) -> Result<Value, SqlError> {
    let rows = run(plan, data)?.rows;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or(Value::Null))
}

/// The text of an argument; NULL is an empty one.
fn given(argument: &Given, data: &dyn Data) -> Result<String, SqlError> {
    Ok(match argument {
        Given::Text(text) => text.clone(),
        Given::Null => String::new(),
        Given::Variable(name) => match data.variable(name)? {
            Value::Text(text) => text,
            _ => String::new(),
        },
    })
}

/// The source that a query takes as it stands, every column in its order and every row: there is nothing to compute.
pub(super) fn taken_whole(plan: &Plan) -> Option<&Source> {
    let [source] = plan.sources.as_slice() else { return None };
    let (items, table) = plan.sql.strip_prefix("SELECT ")?.split_once(" FROM s0 AS ")?;
    let whole: Vec<String> =
        (0..source.columns()).map(|place| format!("{table}.c{place} AS c{place}")).collect();
    (!plan.is_document && items == whole.join(", ")).then_some(source)
}

/// The places of the columns that a text names, of whatever table: the others are not stored.
pub(super) fn named_columns(sql: &str) -> BTreeSet<usize> {
    let place = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    };
    sql.split(".c").skip(1).filter_map(place).collect()
}

fn read(source: &Source, data: &dyn Data) -> Result<Vec<Vec<Value>>, SqlError> {
    match source {
        Source::View { view, database, .. } => data.view_rows(view, database),
        Source::Local { name, .. } => data.table_rows(name),
        Source::Described { text, parameters, .. } => {
            data.described(&given(text, data)?, &given(parameters, data)?)
        }
    }
}

fn fill(
    connection: &Connection,
    position: usize,
    source: &Source,
    named: &BTreeSet<usize>,
    data: &dyn Data,
) -> Result<(), SqlError> {
    let rows = read(source, data)?;
    let mut kept: Vec<usize> = named.iter().copied().filter(|place| *place < source.columns()).collect();
    if kept.is_empty() {
        // Rows that are only counted need a column to be.
        kept.push(0);
    }
    let store = || -> rusqlite::Result<()> {
        let columns: Vec<String> = kept.iter().map(|place| format!("c{place}")).collect();
        connection.execute(&format!("CREATE TABLE s{position} ({})", columns.join(", ")), [])?;
        let marks = vec!["?"; kept.len()].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO s{position} VALUES ({marks})"))?;
        for row in &rows {
            insert.execute(params_from_iter(
                kept.iter().map(|place| row.get(*place).unwrap_or(&Value::Null)),
            ))?;
        }
        Ok(())
    };
    store().map_err(|cause| internal(&cause))
}

fn select(connection: &Connection, plan: &Plan, parameters: Vec<Value>) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare(&plan.sql)?;
    // A binder that counts on a parameter which its text lost again (APPLY) leaves the last ones unused.
    let used = statement.parameter_count();
    let mut rows = statement.query(params_from_iter(parameters.into_iter().take(used)))?;
    let mut result = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(plan.columns.len());
        for (position, column) in plan.columns.iter().enumerate() {
            values.push(stored_form(row.get(position)?, column.data_type));
        }
        result.push(values);
    }
    Ok(result)
}

/// SQLite may return an integer where the type is a float; nothing else differs.
pub(super) fn stored_form(value: Value, data_type: Type) -> Value {
    match (value, data_type) {
        (Value::Integer(number), Type::Float | Type::Real) => {
            #[expect(clippy::cast_precision_loss, reason = "that is what float does")]
            let float = number as f64;
            Value::Real(float)
        }
        (value, _) => value,
    }
}

/// The error that one of our functions raised, or what SQLite says.
fn raised(cause: &rusqlite::Error, runtime: &Runtime) -> SqlError {
    if let Some(error) = runtime.take_error() {
        return error;
    }
    let text = cause.to_string();
    if text.contains("integer overflow") { error::overflow("bigint") } else { internal(cause) }
}

/// A statement that SQLite refuses is a fault of the binder, said as such.
fn internal(cause: &rusqlite::Error) -> SqlError {
    error::not_modelled(&format!("this query ({cause})"))
}
