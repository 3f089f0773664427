//! Table variables and temporary tables: how they come into being, take rows and change.

use rusqlite::types::Value;
use sqlparser::ast::{Expr, Ident, ObjectName};

use super::super::error::{self, SqlError, raise};
use super::super::query::{self, Changes, Column};
use super::super::value::{self, Family, Type};
use super::definition::{Constraint, name_in_tempdb};
use super::scope::Scope;
use super::{SqlSession, refusal};
use crate::world::assumption;

/// A table variable or temporary table.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<TableColumn>,
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) constraints: Vec<Constraint>,
}

/// A column of one.
#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    pub(super) column: Column,
    /// Next value, and the step to the one after it.
    pub(super) identity: Option<(i64, i64)>,
    /// The same at first.
    pub(super) seed: Option<(i64, i64)>,
    pub(super) default: Option<Expr>,
}

/// Rows on their way into a table: their types, and whether they came from `VALUES`.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    pub(super) types: Vec<Type>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// Rows as a table keeps them, and whether others were left out because their keys were there already.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) ignored: bool,
}

/// What rows come from: the number of an error about their width depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Values,
    Select,
    Execute,
    Defaults,
}

impl Table {
    /// What SELECT … INTO makes.
    pub(super) fn selected(columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Result<Self, SqlError> {
        if columns.iter().any(|column| column.name.is_empty()) {
            return Err(error::empty_name(0));
        }
        let columns = columns
            .into_iter()
            .map(|column| TableColumn { column, identity: None, seed: None, default: None })
            .collect();
        Ok(Self { columns, rows, constraints: Vec::new() })
    }

    /// The columns as queries see them.
    pub(super) fn shape(&self) -> Vec<Column> {
        self.columns.iter().map(|column| column.column.clone()).collect()
    }
}

impl SqlSession {
    /// Where the values of an INSERT go.
    ///
    /// # Errors
    /// 207, 213, 8101, 109, 110, 120, 121: all known before anything runs, if the table is.
    pub(super) fn places(
        &self,
        target: &str,
        columns: &[Ident],
        width: usize,
        origin: Origin,
    ) -> Result<Vec<usize>, SqlError> {
        let table = self.found_table(target)?;
        if origin == Origin::Defaults {
            return Ok(Vec::new());
        }
        let own = |column: &&TableColumn| column.identity.is_none();
        if columns.is_empty() {
            let free = table.columns.iter().filter(own).count();
            if width == free {
                let places = table.columns.iter().enumerate();
                return Ok(places.filter(|(_, each)| own(each)).map(|(place, _)| place).collect());
            }
            let has_identity = free < table.columns.len();
            return Err(if has_identity && width > free && origin != Origin::Execute {
                raise!(8101, plain(target))
            } else {
                error::insert_mismatch()
            });
        }
        let collation = self.shared.collation;
        let places = columns
            .iter()
            .map(|name| {
                let found =
                    table.columns.iter().position(|each| collation.equal(&each.column.name, &name.value));
                found.ok_or_else(|| error::invalid_column(&name.value))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if width != places.len() {
            return Err(match origin {
                Origin::Execute | Origin::Defaults => error::insert_mismatch(),
                Origin::Values => error::values_count(width > places.len()),
                Origin::Select => error::select_count(width > places.len()),
            });
        }
        Ok(places)
    }

    /// Adds rows, and says how they are kept. None is added where one is refused.
    pub(super) fn insert(
        &mut self,
        target: &str,
        columns: &[Ident],
        incoming: Vec<Incoming>,
        origin: Origin,
    ) -> Result<Stored, SqlError> {
        let shown = plain(target);
        let mut stored = Vec::new();
        for set in incoming {
            let places = self.places(target, columns, set.types.len(), origin)?;
            self.may_give_identity(target, &places)?;
            for row in set.rows {
                let mut values: Vec<Option<(Type, Value)>> =
                    vec![None; self.found_table(target)?.columns.len()];
                for ((place, value), data_type) in places.iter().zip(row).zip(&set.types) {
                    if let Some(slot) = values.get_mut(*place) {
                        *slot = Some((*data_type, value));
                    }
                }
                stored.push(self.stored_row(target, &shown, values)?);
            }
        }
        let table = self.found_table(target)?;
        let (stored, ignored) = self.without_duplicates(table, stored);
        if !table.constraints.is_empty() {
            let before = table.rows.len();
            let rows: Vec<Vec<Value>> = table.rows.iter().chain(&stored).cloned().collect();
            self.keep_to(table, &shown, "INSERT", &rows, &|row| row >= before)?;
        }
        self.note_identity(target, &stored)?;
        self.local_table(target)?.rows.extend(stored.iter().cloned());
        Ok(Stored { rows: stored, ignored })
    }

    /// A row as the table keeps it, with identity values and defaults. An identity value once drawn is not given back.
    fn stored_row(
        &mut self,
        target: &str,
        shown: &str,
        values: Vec<Option<(Type, Value)>>,
    ) -> Result<Vec<Value>, SqlError> {
        let mut row = Vec::with_capacity(values.len());
        for (place, given) in values.into_iter().enumerate() {
            let Some(own) = self.local_table(target)?.columns.get_mut(place) else { continue };
            if given.is_none() && own.identity.is_some() {
                row.push(own.next_identity()?);
                continue;
            }
            let (column, default) = (own.column.clone(), own.default.clone());
            let (from, value) = match (given, default) {
                (Some(given), _) => given,
                (None, Some(default)) => self.typed(&default)?,
                (None, None) => (Type::Null, Value::Null),
            };
            row.push(self.fitted(value, from, &column, shown, "INSERT")?);
        }
        Ok(row)
    }

    /// TRUNCATE TABLE: identity values begin anew.
    pub(super) fn truncate(&mut self, target: &ObjectName) -> Result<(), SqlError> {
        let name = target.to_string();
        if plain(&name).starts_with('@') {
            return Err(error::syntax(&plain(&name), false, 0));
        }
        if !plain(&name).starts_with('#') {
            self.found_change(target)?;
        }
        let table = self.local_table(&name).map_err(|_| raise!(4701, plain(&name)))?;
        table.rows.clear();
        for column in &mut table.columns {
            column.identity = column.seed;
        }
        Ok(())
    }

    /// A value as a column takes it.
    pub(super) fn fitted(
        &self,
        value: Value,
        from: Type,
        column: &Column,
        table: &str,
        verb: &str,
    ) -> Result<Value, SqlError> {
        if value == Value::Null {
            if column.nullable {
                return Ok(value);
            }
            return Err(refusal::null_refused(&column.name, &self.in_full(table), verb));
        }
        let to = column.data_type;
        let cut =
            |value: &str| refusal::truncated(self.shared.major, &self.in_full(table), &column.name, value);
        let value = match (value, to.length()) {
            (Value::Text(text), Some(length))
                if from.family() == Family::Text && to.family() == Family::Text =>
            {
                Value::Text(shortened(text, length).map_err(|kept| cut(&kept))?)
            }
            (Value::Blob(mut bytes), Some(length)) if to.family() == Family::Binary => {
                while bytes.len() > usize::from(length) && bytes.last() == Some(&0) {
                    bytes.pop();
                }
                if bytes.len() > usize::from(length) {
                    return Err(cut(""));
                }
                Value::Blob(bytes)
            }
            (value, _) => value,
        };
        value::convert(value, from, to, 0)
    }

    /// Whether a table may be changed.
    ///
    /// # Errors
    /// 208 and 1087 where there is none, 259 for a view of the catalog.
    pub(super) fn found_change(&self, target: &ObjectName) -> Result<(), SqlError> {
        let name = target.to_string();
        if plain(&name).starts_with(['@', '#']) {
            return self.found_table(&name).map(drop);
        }
        query::plan_change(Changes::of(target, None), &Scope(self))?;
        let in_sys = name.to_ascii_lowercase().replace(['[', ']'], "").contains("sys.");
        Err(if in_sys { raise!(259) } else { error::not_modelled("changes of tables of msdb") })
    }

    /// The table of that name that the innermost frame sees, to change.
    pub(super) fn local_table(&mut self, name: &str) -> Result<&mut Table, SqlError> {
        let name = plain(name);
        let folded = self.fold(&name);
        if name.starts_with('@') {
            let frame = self.frames.last_mut();
            return frame
                .and_then(|frame| frame.tables.get_mut(&folded))
                .ok_or_else(|| error::undeclared_table_variable(&name));
        }
        let frames = self.frames.iter_mut().rev().map(|frame| &mut frame.temporary);
        let mut layers = frames.chain(std::iter::once(&mut self.temporary));
        layers.find_map(|layer| layer.get_mut(&folded)).ok_or_else(|| error::invalid_object(&name))
    }

    /// The same, to look at.
    pub(super) fn found_table(&self, name: &str) -> Result<&Table, SqlError> {
        let name = plain(name);
        self.table(&name).ok_or_else(|| {
            if name.starts_with('@') {
                error::undeclared_table_variable(&name)
            } else {
                error::invalid_object(&name)
            }
        })
    }

    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        let folded = self.fold(name);
        if name.starts_with('@') {
            return self.frames.last().and_then(|frame| frame.tables.get(&folded));
        }
        let mut layers = self.frames.iter().rev().map(|frame| &frame.temporary);
        layers.find_map(|layer| layer.get(&folded)).or_else(|| self.temporary.get(&folded))
    }

    /// Creates a temporary table in the innermost frame.
    pub(super) fn create_temporary(&mut self, name: &str, table: Table) -> Result<(), SqlError> {
        let folded = self.fold(name);
        let nested = self.frames.len() > 1;
        let layer = match self.frames.last_mut() {
            Some(frame) if nested => &mut frame.temporary,
            _ => &mut self.temporary,
        };
        if layer.contains_key(&folded) {
            return Err(error::object_exists(name));
        }
        layer.insert(folded, table);
        Ok(())
    }

    /// How messages name a table. ASSUMED 60: as it is called, and not as tempdb has it.
    pub(super) fn in_messages(&self, table: &str) -> String {
        if self.opposite(assumption::NAMES_OF_TABLES) { name_in_tempdb(table) } else { table.to_owned() }
    }

    /// The same with the database, but for table variables.
    fn in_full(&self, table: &str) -> String {
        let table = self.in_messages(table);
        if table.starts_with('#') { format!("tempdb.dbo.{table}") } else { table }
    }

    /// Drops the temporary table of that name that the innermost frame sees; whether there was one.
    pub(super) fn drop_temporary(&mut self, name: &str) -> bool {
        let folded = self.fold(&plain(name));
        if self.identity_insert.as_ref() == Some(&folded) {
            self.identity_insert = None;
        }
        let frames = self.frames.iter_mut().rev().map(|frame| &mut frame.temporary);
        let mut layers = frames.chain(std::iter::once(&mut self.temporary));
        layers.any(|layer| layer.remove(&folded).is_some())
    }
}

/// A text that fits: trailing blanks may go, letters may not. The part that would fit where it does not.
fn shortened(text: String, length: u16) -> Result<String, String> {
    let most = usize::from(length);
    if text.chars().count() <= most {
        return Ok(text);
    }
    let fits = text.trim_end_matches(' ').chars().count() <= most;
    let kept = text.chars().take(most).collect();
    if fits { Ok(kept) } else { Err(kept) }
}

/// A table's name without brackets and without `dbo.`.
pub(super) fn plain(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.trim_matches(['[', ']', '"']).to_owned()
}
