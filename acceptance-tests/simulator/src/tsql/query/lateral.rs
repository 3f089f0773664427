//! APPLY of a derived table that sees its neighbours: a join of the tables that it reads, its columns computed where they
//! are used. That is the same where the derived table neither groups nor cuts nor orders its rows.

use sqlparser::ast::{
    Expr, Function, GroupByExpr, Query, Select, SetExpr, TableAlias, TableFactor, TableWithJoins, Values,
    Visit, Visitor,
};
use std::ops::ControlFlow;

use super::super::error::SqlError;
use super::super::value::Type;
use super::from::renamed;
use super::select::returns_one_row_at_most;
use super::{Column, Compiler, Lowered, ScopeColumn, SelectScope, functions};

impl Compiler<'_> {
    /// The join that a derived table becomes; nothing where it cannot become one.
    pub(super) fn lateral(
        &mut self,
        query: &Query,
        alias: &TableAlias,
        outer: bool,
    ) -> Result<Option<String>, SqlError> {
        let cut = query.with.is_some()
            || query.order_by.is_some()
            || query.limit_clause.is_some()
            || query.fetch.is_some()
            || query.for_clause.is_some();
        match &*query.body {
            SetExpr::Select(select) if !cut && is_flat(select) => self.flattened(select, alias, outer),
            SetExpr::Values(values) if !cut => self.lateral_values(values, alias, outer).map(Some),
            _ => Ok(None),
        }
    }

    fn flattened(
        &mut self,
        select: &Select,
        alias: &TableAlias,
        outer: bool,
    ) -> Result<Option<String>, SqlError> {
        // What it reads is nearer than its neighbours: a scope of its own, inside theirs.
        self.scopes.push(SelectScope::default());
        let lowered = self.inner_parts(select);
        self.scopes.pop();
        let (from, filters, items, columns) = lowered?;
        let is_column = |item: &Lowered| {
            let mut parts = item.text.split('.');
            let digits = |part: Option<&str>, first: char| {
                part.and_then(|part| part.strip_prefix(first))
                    .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
            };
            digits(parts.next(), 't') && digits(parts.next(), 'c') && parts.next().is_none()
        };
        // Rows that OUTER APPLY fills up must be NULL in every column, which only plain columns become by themselves.
        if outer && !items.iter().all(is_column) {
            return Ok(None);
        }
        let columns = renamed(columns, alias)?;
        let columns = columns.into_iter().zip(items).map(|(column, item)| ScopeColumn {
            folded: self.fold(&column.name),
            name: column.name,
            data_type: column.data_type,
            nullable: column.nullable || outer,
            text: item.text,
            collation: item.collation,
        });
        let columns = columns.collect();
        self.add_table(alias.name.value.clone(), None, None, columns)?;
        let word = if outer { "LEFT JOIN" } else { "JOIN" };
        let on = if filters.is_empty() { "1".to_owned() } else { filters.join(" AND ") };
        // SQLite hides the names of a single table that stands in parentheses.
        let from = if from.contains(" JOIN ") { format!("({from})") } else { from };
        Ok(Some(format!(" {word} {from} ON {on}")))
    }

    #[expect(clippy::type_complexity, reason = "used in one place")]
    fn inner_parts(
        &mut self,
        select: &Select,
    ) -> Result<(String, Vec<String>, Vec<Lowered>, Vec<Column>), SqlError> {
        let mut filters = Vec::new();
        let from = self.from(&select.from, &mut filters)?;
        if let Some(selection) = &select.selection {
            filters.push(format!("({})", self.condition(selection)?));
        }
        let (items, columns) = self.projection(&select.projection)?;
        Ok((from, filters, items, columns))
    }

    /// `APPLY (VALUES (a.x), (a.y)) AS v (z)`: a row for each, and each column chosen by its number.
    fn lateral_values(
        &mut self,
        values: &Values,
        alias: &TableAlias,
        outer: bool,
    ) -> Result<String, SqlError> {
        let rows = self.rows_of_values(values)?;
        let name = self.alias('t');
        let width = rows.first().map_or(0, Vec::len);
        let mut columns = Vec::new();
        let mut texts = Vec::new();
        for place in 0..width {
            let values: Vec<Lowered> = rows.iter().filter_map(|row| row.get(place)).cloned().collect();
            let data_type = values.iter().fold(Type::Null, |sum, value| sum.common(value.data_type));
            let mut text = format!("CASE {name}.c0");
            for (row, value) in values.into_iter().enumerate() {
                let value = self.converted(value, data_type);
                text.push_str(&format!(" WHEN {row} THEN {}", value.text));
            }
            texts.push(text + " END");
            columns.push(Column { name: String::new(), data_type, nullable: true });
        }
        let columns = renamed(columns, alias)?;
        let columns = columns.into_iter().zip(texts).map(|(column, text)| ScopeColumn {
            folded: self.fold(&column.name),
            name: column.name,
            data_type: column.data_type,
            nullable: true,
            text,
            collation: None,
        });
        let columns = columns.collect();
        self.add_table(alias.name.value.clone(), None, None, columns)?;
        let numbers: Vec<String> = (0..rows.len()).map(|row| format!("SELECT {row} AS c0")).collect();
        let word = if outer { "LEFT JOIN" } else { "JOIN" };
        Ok(format!(" {word} ({}) AS {name} ON 1", numbers.join(" UNION ALL ")))
    }
}

/// Whether a SELECT returns a row for each row that it reads.
fn is_flat(select: &Select) -> bool {
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    !(grouped
        || select.from.is_empty()
        || reads_one_row(select)
        || select.top.is_some()
        || select.distinct.is_some()
        || select.having.is_some()
        || select.into.is_some()
        || folds_rows(select))
}

/// Whether a SELECT reads a derived table of one row at most, and nothing else. A join could not hold such a table where
/// it names a neighbour of the APPLY: only subqueries see what is around them, however deep they are.
pub(super) fn reads_one_row(select: &Select) -> bool {
    match select.from.as_slice() {
        [TableWithJoins { relation: TableFactor::Derived { subquery, .. }, joins }] => {
            joins.is_empty() && returns_one_row_at_most(subquery)
        }
        _ => false,
    }
}

/// Aggregates and windows, anywhere in it.
fn folds_rows(select: &Select) -> bool {
    struct Find;
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            match expression {
                Expr::Function(Function { name, over, .. })
                    if over.is_some() || functions::is_aggregate(&name.to_string()) =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    select.visit(&mut Find).is_break()
}
