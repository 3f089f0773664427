//! UPDATE and DELETE of a table of the session, as a query: which rows are chosen, and their new values.

use sqlparser::ast::{Expr, ObjectName};

use super::super::error::SqlError;
use super::super::value::Type;
use super::{Column, Compiler, Names, Plan, SelectScope};

/// Binds a change. The plan returns all rows of the table in their order: first whether the row is chosen, then the new
/// values.
///
/// # Errors
/// As [`super::plan`].
pub(crate) fn plan_change(
    target: &ObjectName,
    condition: Option<&Expr>,
    values: &[&Expr],
    names: &dyn Names,
) -> Result<Plan, SqlError> {
    let mut compiler = Compiler::new(names);
    compiler.scopes.push(SelectScope::default());
    let table = compiler.named_table(target, None)?;
    let chosen = match condition {
        Some(condition) => format!("CASE WHEN {} THEN 1 ELSE 0 END", compiler.condition(condition)?),
        None => "1".to_owned(),
    };
    let mut items = vec![format!("{chosen} AS c0")];
    let mut columns = vec![Column { name: String::new(), data_type: Type::Bit, nullable: false }];
    for (place, value) in values.iter().enumerate() {
        let lowered = compiler.expression(value)?;
        items.push(format!("{} AS c{}", lowered.text, place + 1));
        columns.push(Column {
            name: String::new(),
            data_type: lowered.data_type,
            nullable: lowered.nullable,
        });
    }
    // SQLite numbers rows as they came.
    let text = format!("SELECT {} FROM {table} ORDER BY rowid", items.join(", "));
    Ok(compiler.finish((text, columns)))
}
