//! UPDATE and DELETE of tables of the session, and what TOP and OUTPUT make of any change.
//!
//! Source: learn.microsoft.com "UPDATE", "DELETE", "INSERT", "OUTPUT clause", "TOP". Where FROM finds several values for a row,
//! the server takes any; here it is the first.

use std::sync::Arc;

use rusqlite::types::Value;
use sqlparser::ast::{Expr, Ident};

use super::super::ast::{Change, Insert, InsertSource, OutputClause, TopRows};
use super::super::error::{self, SqlError, raise};
use super::super::query::{self, ChangePlan, Changes, Column, Data, Host, Names, Surroundings};
use super::super::schema::View;
use super::super::value::{self, Type};
use super::SqlSession;
use super::scope::Scope;
use super::tables::{Incoming, Origin, Stored, TableColumn, plain};

/// What a change did.
pub(super) struct Done {
    pub(super) count: i64,
    /// What OUTPUT answers the client.
    pub(super) answer: Option<(Vec<Column>, Vec<Vec<Value>>)>,
    /// Rows were left out because their keys were there already (3604).
    pub(super) ignored: bool,
}

/// A table that OUTPUT may name, with a row for each that was changed.
type Named = (String, Vec<Column>, Vec<Vec<Value>>);

/// The rows that a change is of: their places, new values, and what other tables of FROM had.
struct Chosen {
    types: Vec<Type>,
    rows: Vec<(usize, Vec<Value>, Vec<Value>)>,
    others: Vec<(String, Vec<Column>)>,
}

impl Chosen {
    /// The tables of FROM as OUTPUT sees them.
    fn others(&self) -> Vec<Named> {
        let mut start = 0;
        let mut named = Vec::new();
        for (name, columns) in &self.others {
            let part = start..start + columns.len();
            start = part.end;
            let row =
                |(.., others): &(_, _, Vec<Value>)| others.get(part.clone()).unwrap_or_default().to_vec();
            named.push((name.clone(), columns.clone(), self.rows.iter().map(row).collect()));
        }
        named
    }
}

impl SqlSession {
    /// UPDATE. Nothing is changed where one row is refused.
    pub(super) fn update(
        &mut self,
        change: &Change,
        assignments: &[(Ident, Expr)],
    ) -> Result<Done, SqlError> {
        let name = self.changed_table(change)?;
        let places = self.assigned_places(&name, assignments)?;
        let values: Vec<&Expr> = assignments.iter().map(|(_, value)| value).collect();
        let chosen = self.chosen(change, &values)?;
        let table = self.found_table(&name)?;
        let (shape, shown) = (table.shape(), plain(&name));
        let mut rows = table.rows.clone();
        let (mut deleted, mut inserted, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for (row, values, _) in &chosen.rows {
            let Some(slot) = rows.get_mut(*row) else { continue };
            deleted.push(slot.clone());
            for ((place, value), from) in places.iter().zip(values).zip(&chosen.types) {
                let (Some(column), Some(cell)) = (shape.get(*place), slot.get_mut(*place)) else { continue };
                *cell = self.fitted(value.clone(), *from, column, &shown, "UPDATE")?;
            }
            inserted.push(slot.clone());
            changed.push(*row);
        }
        self.keep_to(table, &shown, "UPDATE", &rows, &|row| changed.binary_search(&row).is_ok())?;
        let mut named =
            vec![("inserted".to_owned(), shape.clone(), inserted), ("deleted".to_owned(), shape, deleted)];
        named.extend(chosen.others());
        self.finish(&name, rows, &change.outputs, &named, changed.len())
    }

    /// The places of the columns that an UPDATE assigns.
    fn assigned_places(&self, name: &str, assignments: &[(Ident, Expr)]) -> Result<Vec<usize>, SqlError> {
        let collation = self.shared.collation;
        let table = self.found_table(name)?;
        assignments
            .iter()
            .map(|(column, _)| {
                let place =
                    table.columns.iter().position(|each| collation.equal(&each.column.name, &column.value));
                let place = place.ok_or_else(|| error::invalid_column(&column.value))?;
                match table.columns.get(place) {
                    Some(TableColumn { identity: Some(_), .. }) => Err(raise!(8102, column.value)),
                    _ => Ok(place),
                }
            })
            .collect()
    }

    /// DELETE.
    pub(super) fn delete(&mut self, change: &Change) -> Result<Done, SqlError> {
        let name = self.changed_table(change)?;
        let chosen = self.chosen(change, &[])?;
        let table = self.found_table(&name)?;
        let gone: Vec<usize> = chosen.rows.iter().map(|(row, ..)| *row).collect();
        let (mut rows, mut deleted) = (Vec::new(), Vec::new());
        for (place, row) in table.rows.iter().enumerate() {
            if gone.binary_search(&place).is_ok() { &mut deleted } else { &mut rows }.push(row.clone());
        }
        let mut named = vec![("deleted".to_owned(), table.shape(), deleted)];
        named.extend(chosen.others());
        self.finish(&name, rows, &change.outputs, &named, gone.len())
    }

    /// INSERT of rows that are there.
    pub(super) fn insert_rows(
        &mut self,
        insert: &Insert,
        mut incoming: Vec<Incoming>,
        origin: Origin,
    ) -> Result<Done, SqlError> {
        let name = insert.target.to_string();
        if insert.top.is_some() {
            let mut left = self.top(insert.top.as_ref(), incoming.iter().map(|set| set.rows.len()).sum())?;
            for set in &mut incoming {
                set.rows.truncate(left);
                left -= set.rows.len();
            }
        }
        let before = self.found_table(&name)?.rows.len();
        let Stored { rows: stored, ignored } = self.insert(&name, &insert.columns, incoming, origin)?;
        let count = stored.len();
        let rows = self.found_table(&name)?.rows.clone();
        let named = [("inserted".to_owned(), self.found_table(&name)?.shape(), stored)];
        let done = self.finish(&name, rows, &insert.outputs, &named, count);
        if done.is_err() {
            self.local_table(&name)?.rows.truncate(before);
        }
        done.map(|done| Done { ignored: done.ignored || ignored, ..done })
    }

    /// Puts the rows of a change into their table, and what OUTPUT says of them where it goes. Nothing stays where that is
    /// refused.
    fn finish(
        &mut self,
        name: &str,
        rows: Vec<Vec<Value>>,
        outputs: &[OutputClause],
        named: &[Named],
        count: usize,
    ) -> Result<Done, SqlError> {
        let mut answer = None;
        let mut stored = None;
        for clause in outputs {
            let said = self.said(clause, named)?;
            match &clause.into {
                None => answer = Some(said),
                Some(into) => stored = Some((into, said)),
            }
        }
        let before = std::mem::replace(&mut self.local_table(name)?.rows, rows);
        let mut ignored = false;
        if let Some(((target, columns), (found, rows))) = stored {
            let types = found.iter().map(|column| column.data_type).collect();
            let incoming = vec![Incoming { types, rows }];
            match self.insert(&target.to_string(), columns, incoming, Origin::Select) {
                Ok(stored) => ignored = stored.ignored,
                Err(refused) => {
                    self.local_table(name)?.rows = before;
                    return Err(refused);
                }
            }
        }
        Ok(Done { count: i64::try_from(count).unwrap_or(i64::MAX), answer, ignored })
    }

    /// What an OUTPUT clause says of rows.
    fn said(
        &self,
        clause: &OutputClause,
        named: &[Named],
    ) -> Result<(Vec<Column>, Vec<Vec<Value>>), SqlError> {
        let shown = Shown { scope: Scope(self), tables: named };
        let shapes: Vec<_> = named.iter().map(|(name, columns, _)| (name.clone(), columns.clone())).collect();
        let plan = query::plan_output(&clause.items, &shapes, &shown)?;
        let found = query::run(&plan, &shown)?;
        Ok((found.columns, found.rows))
    }

    /// How many rows TOP leaves of so many.
    ///
    /// # Errors
    /// 127, 1031, 1060.
    fn top(&self, top: Option<&TopRows>, all: usize) -> Result<usize, SqlError> {
        let Some(top) = top else { return Ok(all) };
        if !top.percent {
            let count = self.whole(&top.count)?.ok_or_else(|| raise!(1060))?;
            return usize::try_from(count).map(|count| count.min(all)).map_err(|_| raise!(127));
        }
        let (from, value) = self.typed(&top.count)?;
        let Value::Real(percent) = value::convert(value, from, Type::Float, 0)? else {
            return Err(raise!(1060));
        };
        if !(0.0..=100.0).contains(&percent) {
            return Err(raise!(1031));
        }
        // Part of a row is a row.
        #[expect(clippy::cast_precision_loss, reason = "numbers of rows are small")]
        let share = |count: usize| count as f64 * 100.0 < percent * all as f64;
        Ok((0..all).take_while(|count| share(*count)).count())
    }

    /// The name of the table that a change is of, which must be one of the session.
    ///
    /// # Errors
    /// 8154, and those of [`Self::found_change`].
    fn changed_table(&self, change: &Change) -> Result<String, SqlError> {
        let (name, _) = query::changed_table(&change.target, &change.from, &Scope(self))?;
        self.found_change(&name)?;
        Ok(name.to_string())
    }

    fn planned(&self, change: &Change, values: &[&Expr]) -> Result<ChangePlan, SqlError> {
        let condition = change.condition.as_deref();
        let changes = Changes { target: &change.target, from: &change.from, condition, values };
        query::plan_change(changes, &Scope(self))
    }

    fn chosen(&self, change: &Change, values: &[&Expr]) -> Result<Chosen, SqlError> {
        let ChangePlan { plan, others } = self.planned(change, values)?;
        let types = plan.columns.iter().skip(1).take(values.len()).map(|column| column.data_type).collect();
        let mut rows: Vec<(usize, Vec<Value>, Vec<Value>)> = Vec::new();
        for row in query::run(&plan, &Scope(self))?.rows {
            let mut row = row.into_iter();
            let Some(Value::Integer(number)) = row.next() else { continue };
            let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
            if rows.last().is_none_or(|(last, ..)| *last != place) {
                let new: Vec<Value> = row.by_ref().take(values.len()).collect();
                rows.push((place, new, row.collect()));
            }
        }
        rows.truncate(self.top(change.top.as_ref(), rows.len())?);
        if self.options.row_count > 0 {
            rows.truncate(self.options.row_count);
        }
        Ok(Chosen { types, rows, others })
    }

    /// Binds a change before anything runs.
    ///
    /// # Errors
    /// What is wrong with its names and values.
    pub(super) fn bind_change(&self, change: &Change, assignments: &[(Ident, Expr)]) -> Result<(), SqlError> {
        let name = self.changed_table(change)?;
        self.bind_top(change.top.as_ref())?;
        let values: Vec<&Expr> = assignments.iter().map(|(_, value)| value).collect();
        let others = self.planned(change, &values)?.others;
        let shape = self.found_table(&name)?.shape();
        let mut tables = vec![("deleted".to_owned(), shape.clone())];
        if !assignments.is_empty() {
            tables.insert(0, ("inserted".to_owned(), shape));
        }
        tables.extend(others);
        self.bind_outputs(&change.outputs, &tables)
    }

    /// The same of what INSERT has of them.
    ///
    /// # Errors
    /// 483, and what is wrong with names and values.
    pub(super) fn bind_insert_clauses(&self, insert: &Insert) -> Result<(), SqlError> {
        self.bind_top(insert.top.as_ref())?;
        let runs = matches!(insert.source, InsertSource::Execute(_) | InsertSource::ExecuteText(_));
        if runs && !insert.outputs.is_empty() {
            return Err(raise!(483));
        }
        let shape = self.found_table(&insert.target.to_string())?.shape();
        self.bind_outputs(&insert.outputs, &[("inserted".to_owned(), shape)])
    }

    fn bind_top(&self, top: Option<&TopRows>) -> Result<(), SqlError> {
        top.map_or(Ok(()), |top| query::plan_expression(&top.count, &Scope(self)).map(drop))
    }

    fn bind_outputs(
        &self,
        outputs: &[OutputClause],
        tables: &[(String, Vec<Column>)],
    ) -> Result<(), SqlError> {
        for clause in outputs {
            let plan = query::plan_output(&clause.items, tables, &Scope(self))?;
            if let Some((target, columns)) = &clause.into {
                self.found_change(target)?;
                self.places(&target.to_string(), columns, plan.columns.len(), Origin::Select)?;
            }
        }
        Ok(())
    }
}

/// The tables that OUTPUT may name, by number, and nothing else but variables.
struct Shown<'a> {
    scope: Scope<'a>,
    tables: &'a [Named],
}

impl Shown<'_> {
    fn named(&self, name: &str) -> Option<&Named> {
        name.strip_prefix('#')?.parse::<usize>().ok().and_then(|place| self.tables.get(place))
    }
}

impl Names for Shown<'_> {
    fn around(&self) -> &dyn Surroundings {
        self.scope.around()
    }
    fn variable(&self, name: &str) -> Option<Type> {
        Names::variable(&self.scope, name)
    }
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        self.named(name).map(|(_, columns, _)| columns.clone())
    }
}

impl Data for Shown<'_> {
    fn variable(&self, name: &str) -> Result<Value, SqlError> {
        Data::variable(&self.scope, name)
    }
    fn table_rows(&self, name: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        self.named(name).map(|(.., rows)| rows.clone()).ok_or_else(|| error::invalid_object(name))
    }
    fn view_rows(&self, view: &'static View, database: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        self.scope.view_rows(view, database)
    }
    fn host(&self) -> Arc<dyn Host> {
        self.scope.host()
    }
}
