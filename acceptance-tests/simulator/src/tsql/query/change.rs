//! UPDATE and DELETE of a table of the session, as queries: which rows are chosen, their new values, and what OUTPUT says of
//! them.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, ObjectName, Query, SelectItem, TableFactor, TableWithJoins, Visit, Visitor,
};

use super::super::error::{SqlError, raise};
use super::super::value::Type;
use super::from::parts;
use super::select::is_variable;
use super::{Column, Compiler, Names, Plan, SelectScope, Source, functions};

/// A change as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changes<'a> {
    /// The table, or the alias that it has in `from`.
    pub(crate) target: &'a ObjectName,
    pub(crate) from: &'a [TableWithJoins],
    pub(crate) condition: Option<&'a Expr>,
    pub(crate) values: &'a [&'a Expr],
}

impl<'a> Changes<'a> {
    /// A look at a table alone.
    pub(crate) fn of(target: &'a ObjectName, condition: Option<&'a Expr>) -> Self {
        Self { target, from: &[], condition, values: &[] }
    }
}

/// A change that is bound.
#[derive(Debug)]
pub(crate) struct ChangePlan {
    /// Its rows, in the order of the table's: the number of the row from 1, the new values, the columns of `others`. A row
    /// comes as often as FROM finds it.
    pub(crate) plan: Plan,
    /// The tables of FROM but for the one that is changed: their names, and their columns.
    pub(crate) others: Vec<(String, Vec<Column>)>,
}

/// The name of the table that a change is of, and the name by which FROM has it, if it has.
///
/// # Errors
/// 8154 where FROM has it more than once.
pub(crate) fn changed_table(
    target: &ObjectName,
    from: &[TableWithJoins],
    names: &dyn Names,
) -> Result<(ObjectName, Option<String>), SqlError> {
    let fold = |name: &str| names.around().collation().fold(name);
    let wanted = parts(target)?;
    let last = |parts: &[String]| fold(parts.last().map_or("", String::as_str));
    let mut tables = Vec::new();
    from.iter().for_each(|table| named_tables(table, &mut tables));
    if let [alias] = wanted.as_slice()
        && let Some((name, alias)) =
            tables.iter().find(|(_, given)| given.as_ref().is_some_and(|given| fold(given) == fold(alias)))
    {
        return Ok(((*name).clone(), alias.clone()));
    }
    let mut same = Vec::new();
    for (name, alias) in &tables {
        let own = parts(name)?;
        if last(&own) == last(&wanted) {
            same.push(alias.clone().or_else(|| own.last().cloned()));
        }
    }
    match same.as_slice() {
        [] => Ok((target.clone(), None)),
        [exposed] => Ok((target.clone(), exposed.clone())),
        _ => Err(raise!(8154, wanted.join("."))),
    }
}

/// The tables of FROM that have names, with their aliases.
fn named_tables<'a>(table: &'a TableWithJoins, found: &mut Vec<(&'a ObjectName, Option<String>)>) {
    let factors = std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation));
    for factor in factors {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                found.push((name, alias.as_ref().map(|alias| alias.name.value.clone())));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => named_tables(table_with_joins, found),
            _ => {}
        }
    }
}

/// Binds a change.
///
/// # Errors
/// As [`super::plan`], and those of [`changed_table`].
pub(crate) fn plan_change(changes: Changes<'_>, names: &dyn Names) -> Result<ChangePlan, SqlError> {
    let mut compiler = Compiler::new(names);
    compiler.scopes.push(SelectScope::default());
    let (_, exposed) = changed_table(changes.target, changes.from, names)?;
    let mut filters = Vec::new();
    let mut from = compiler.from(changes.from, &mut filters)?;
    let exposed = match exposed {
        Some(exposed) => exposed,
        None => {
            let own = compiler.named_table(changes.target, None)?;
            from = if from.is_empty() { own } else { format!("{own} CROSS JOIN {from}") };
            parts(changes.target)?.pop().unwrap_or_default()
        }
    };
    let folded = compiler.fold(&exposed);
    let tables = compiler.scopes.last().map(|scope| scope.tables.clone()).unwrap_or_default();
    let is_own = |name: &str| name == folded;
    let own = tables.iter().find(|table| is_own(&table.name));
    let first = own.and_then(|table| table.columns.first()).map_or("", |column| column.text.as_str());
    // SQLite numbers rows as they came.
    let row = format!("{}.rowid", first.split('.').next().unwrap_or_default());
    if let Some(condition) = changes.condition {
        filters.push(format!("({})", compiler.condition(condition)?));
    }
    filters.push(format!("{row} IS NOT NULL"));
    let mut items = vec![(row, Type::Int)];
    for value in changes.values {
        let lowered = compiler.expression(value)?;
        items.push((lowered.text, lowered.data_type));
    }
    let mut others = Vec::new();
    for table in tables.iter().filter(|table| !is_own(&table.name)) {
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            data_type: column.data_type,
            nullable: column.nullable,
        });
        others.push((table.display.clone(), columns.collect()));
        items.extend(table.columns.iter().map(|column| (column.text.clone(), column.data_type)));
    }
    let texts: Vec<String> =
        items.iter().enumerate().map(|(place, (text, _))| format!("{text} AS c{place}")).collect();
    let text = format!("SELECT {} FROM {from} WHERE {} ORDER BY 1", texts.join(", "), filters.join(" AND "));
    let unnamed = |(_, data_type)| Column { name: String::new(), data_type, nullable: true };
    let columns = items.into_iter().map(unnamed).collect();
    Ok(ChangePlan { plan: compiler.finish((text, columns)), others })
}

/// Binds what OUTPUT says of rows. The tables that it may name (`inserted`, `deleted` and those of FROM) are `#0`, `#1` and
/// so on to `names`; a row of each belongs to a row of the others.
///
/// # Errors
/// As [`super::plan`]; 158 for aggregates, 10705 for subqueries, 207 for columns without a table's name.
pub(crate) fn plan_output(
    items: &[SelectItem],
    tables: &[(String, Vec<Column>)],
    names: &dyn Names,
) -> Result<Plan, SqlError> {
    items.iter().try_for_each(check_output)?;
    let mut compiler = Compiler::new(names);
    compiler.scopes.push(SelectScope::default());
    let mut from = String::new();
    let mut first = String::new();
    for (place, (name, columns)) in tables.iter().enumerate() {
        let source = Source::Local { name: format!("#{place}"), columns: columns.len() };
        let (text, alias) = (compiler.source(source), compiler.alias('t'));
        let columns = compiler.scope_columns(&alias, columns.clone())?;
        compiler.add_table(name.clone(), None, None, columns)?;
        if from.is_empty() {
            from = format!("{text} AS {alias}");
            first = alias;
        } else {
            from.push_str(&format!(" JOIN {text} AS {alias} ON {alias}.rowid = {first}.rowid"));
        }
    }
    let (items, columns) = compiler.projection(items)?;
    let texts: Vec<String> =
        items.iter().enumerate().map(|(place, item)| format!("{} AS c{place}", item.text)).collect();
    let text = format!("SELECT {} FROM {from} ORDER BY {first}.rowid", texts.join(", "));
    Ok(compiler.finish((text, columns)))
}

fn check_output(item: &SelectItem) -> Result<(), SqlError> {
    struct Check;
    impl Visitor for Check {
        type Break = SqlError;
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<SqlError> {
            ControlFlow::Break(raise!(10705))
        }
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<SqlError> {
            match expression {
                Expr::Identifier(name) if !is_variable(name) => ControlFlow::Break(raise!(207, name.value)),
                Expr::Function(Function { name, .. }) if functions::is_aggregate(&name.to_string()) => {
                    ControlFlow::Break(raise!(158))
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match item.visit(&mut Check) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}
