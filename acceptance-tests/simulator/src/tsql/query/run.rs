//! Runs a plan: an SQLite in memory, the views that the plan names as its tables, our functions, one statement.
//!
//! Why a fresh SQLite for each query: catalog views have few rows and change under every statement; nothing is ever
//! stale that does not outlive its query.

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
    let connection = Connection::open_in_memory().map_err(|cause| internal(&cause))?;
    let runtime = Runtime::new(plan, data.host());
    scalar::register(&connection, &plan.functions, &Arc::new(runtime.clone()))
        .map_err(|cause| internal(&cause))?;
    // One transaction for all rows, which nobody ever ends: without it each row would be one of its own.
    connection.execute_batch("BEGIN").map_err(|cause| internal(&cause))?;
    for (position, source) in plan.sources.iter().enumerate() {
        fill(&connection, position, source, data)?;
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

fn fill(connection: &Connection, position: usize, source: &Source, data: &dyn Data) -> Result<(), SqlError> {
    let (width, rows) = match source {
        Source::View { view, database, columns } => (*columns, data.view_rows(view, database)?),
        Source::Local { name, columns } => (*columns, data.table_rows(name)?),
        Source::Described { text, parameters, columns } => {
            let (text, parameters) = (given(text, data)?, given(parameters, data)?);
            (*columns, data.described(&text, &parameters)?)
        }
    };
    let store = || -> rusqlite::Result<()> {
        let columns: Vec<String> = (0..width).map(|column| format!("c{column}")).collect();
        connection.execute(&format!("CREATE TABLE s{position} ({})", columns.join(", ")), [])?;
        let marks = vec!["?"; width].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO s{position} VALUES ({marks})"))?;
        for row in &rows {
            insert.execute(params_from_iter(row))?;
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
