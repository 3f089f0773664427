//! Rows against the constraints of their table: keys that are there already, checks that do not hold.
//!
//! A statement that breaks one changes nothing. Keys compare as the server's collation does; NULL is a key like another
//! (learn.microsoft.com "Unique constraints and check constraints": UNIQUE allows NULL, but one of it).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::types::Value;
use sqlparser::ast::{Expr, Ident, ObjectName, UnaryOperator};

use super::super::ast::KeyForm;
use super::super::error::{SqlError, raise};
use super::super::query::{self, Changes, Column, Data, Host, Names, Surroundings};
use super::super::schema::View;
use super::super::value::{self, Family, Type};
use super::SqlSession;
use super::definition::{Constraint, Kind};
use super::scope::Scope;
use super::tables::Table;
use crate::world::assumption;
use crate::world::collation::Collation;

/// A value of a key, in a form that is the same for values that compare as equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Null,
    Whole(i64),
    /// Bits of a float.
    Real(u64),
    Text(String),
    Bytes(Vec<u8>),
}

impl SqlSession {
    /// Checks the rows that a statement leaves behind; `changed` says which of them it wrote.
    ///
    /// # Errors
    /// 2627, 2601, 547.
    pub(super) fn keep_to(
        &self,
        table: &Table,
        shown: &str,
        verb: &str,
        rows: &[Vec<Value>],
        changed: &dyn Fn(usize) -> bool,
    ) -> Result<(), SqlError> {
        let shown = &self.in_messages(shown);
        // The first row that breaks something counts, and of one row its keys before its checks. ASSUMED 64: else any check
        // before any key.
        let checks_first = self.opposite(assumption::CONSTRAINTS);
        let mut first: Option<((bool, usize), SqlError)> = None;
        let mut note = |rank: (bool, usize), error: SqlError| {
            if first.as_ref().is_none_or(|(earlier, _)| rank < *earlier) {
                first = Some((rank, error));
            }
        };
        let (keys, checks): (Vec<&Constraint>, Vec<&Constraint>) =
            table.constraints.iter().partition(|each| matches!(each.kind, Kind::Key { .. }));
        for constraint in keys {
            if let Some((row, shown_key)) = self.first_duplicate(table, constraint, rows, changed)? {
                note((checks_first, row), duplicate(constraint, shown, &shown_key));
            }
        }
        let shape = table.shape();
        for constraint in checks {
            let Kind::Check(condition, column) = &constraint.kind else { continue };
            let candidates = Candidates::new(self, &shape, rows);
            let broken = candidates.violations(condition)?;
            if let Some(row) = broken.into_iter().find(|row| changed(*row)) {
                note((false, row), conflict(constraint, column.as_deref(), shown, verb));
            }
        }
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The incoming rows whose keys are not there yet, as far as keys ignore duplicates; whether any was left out.
    pub(super) fn without_duplicates(
        &self,
        table: &Table,
        incoming: Vec<Vec<Value>>,
    ) -> (Vec<Vec<Value>>, bool) {
        let collation = self.shared.collation;
        let shape = table.shape();
        let key = |columns: &[usize], row: &[Value]| -> Vec<Part> {
            let cells = columns.iter().filter_map(|place| Some((shape.get(*place)?, row.get(*place)?)));
            cells.map(|(column, value)| part(collation, column.data_type, value)).collect()
        };
        let mut keys: Vec<(&[usize], HashSet<Vec<Part>>)> = Vec::new();
        for constraint in &table.constraints {
            if let Kind::Key { columns, ignores: true, .. } = &constraint.kind {
                keys.push((columns, table.rows.iter().map(|row| key(columns, row)).collect()));
            }
        }
        let all = incoming.len();
        let mut kept = Vec::with_capacity(all);
        for row in incoming {
            let own: Vec<Vec<Part>> = keys.iter().map(|(columns, _)| key(columns, &row)).collect();
            if !keys.iter().zip(&own).any(|((_, seen), key)| seen.contains(key)) {
                for ((_, seen), key) in keys.iter_mut().zip(own) {
                    seen.insert(key);
                }
                kept.push(row);
            }
        }
        let left_out = kept.len() < all;
        (kept, left_out)
    }

    /// The first changed row whose key another row has, and that key as messages show it.
    pub(super) fn first_duplicate(
        &self,
        table: &Table,
        constraint: &Constraint,
        rows: &[Vec<Value>],
        changed: &dyn Fn(usize) -> bool,
    ) -> Result<Option<(usize, String)>, SqlError> {
        let Kind::Key { form, columns, .. } = &constraint.kind else { return Ok(None) };
        if *form == KeyForm::Index(false) {
            return Ok(None);
        }
        let collation = self.shared.collation;
        let shape = table.shape();
        let mut seen: HashMap<Vec<Part>, usize> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            let typed: Vec<(Type, &Value)> = columns
                .iter()
                .filter_map(|column| Some((shape.get(*column)?.data_type, row.get(*column)?)))
                .collect();
            let key = typed.iter().map(|(data_type, value)| part(collation, *data_type, value)).collect();
            if let Some(earlier) = seen.insert(key, place)
                && (changed(place) || changed(earlier))
            {
                return shown_key(&typed).map(|key| Some((place, key)));
            }
        }
        Ok(None)
    }
}

fn part(collation: Collation, data_type: Type, value: &Value) -> Part {
    match value {
        Value::Null => Part::Null,
        Value::Integer(number) => Part::Whole(*number),
        Value::Real(number) => {
            #[expect(clippy::cast_possible_truncation, reason = "compared with what it came from")]
            let whole = *number as i64;
            #[expect(clippy::cast_precision_loss, reason = "that is how the two compare")]
            let same = whole as f64 == *number;
            if same { Part::Whole(whole) } else { Part::Real(number.to_bits()) }
        }
        Value::Text(text) if matches!(data_type.family(), Family::Text | Family::Variant) => {
            Part::Text(collation.fold(text))
        }
        Value::Text(text) => Part::Text(text.clone()),
        // Zeros at the end count as little as blanks do.
        Value::Blob(bytes) => {
            let kept = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Part::Bytes(bytes.get(..kept).unwrap_or_default().to_vec())
        }
    }
}

/// `(1, a, <NULL>)`.
fn shown_key(values: &[(Type, &Value)]) -> Result<String, SqlError> {
    let mut shown = Vec::new();
    for (data_type, value) in values {
        shown.push(match value {
            Value::Null => "<NULL>".to_owned(),
            Value::Blob(bytes) => format!("0x{}", value::hex(bytes)),
            Value::Text(guid) if *data_type == Type::UniqueIdentifier => guid.to_ascii_lowercase(),
            other => match value::convert((*other).clone(), *data_type, Type::VarChar(None), 0)? {
                Value::Text(text) => text,
                _ => String::new(),
            },
        });
    }
    Ok(format!("({})", shown.join(", ")))
}

fn duplicate(constraint: &Constraint, table: &str, key: &str) -> SqlError {
    let table = format!("dbo.{table}");
    match &constraint.kind {
        Kind::Key { form: KeyForm::Primary, .. } => {
            raise!(2627, "PRIMARY KEY", constraint.name, table, key)
        }
        Kind::Key { form: KeyForm::Unique, .. } => raise!(2627, "UNIQUE KEY", constraint.name, table, key),
        _ => raise!(2601, table, constraint.name, key),
    }
}

/// 547. A table variable has no schema there. ASSUMED 60.
fn conflict(constraint: &Constraint, column: Option<&str>, table: &str, verb: &str) -> SqlError {
    let table = if table.starts_with('@') { table.to_owned() } else { format!("dbo.{table}") };
    let (before, after) = if column.is_some() { (", column '", "'") } else { ("", "") };
    raise!(547, verb, "CHECK", constraint.name, "tempdb", table, before, column.unwrap_or_default(), after)
}

/// Rows that are not in their table yet, as a query sees them: a table of a name of its own, and no variables.
pub(super) struct Candidates<'a> {
    scope: Scope<'a>,
    columns: &'a [Column],
    rows: &'a [Vec<Value>],
}

impl<'a> Candidates<'a> {
    const NAME: &'static str = "#candidates";

    pub(super) fn new(session: &'a SqlSession, columns: &'a [Column], rows: &'a [Vec<Value>]) -> Self {
        Self { scope: Scope(session), columns, rows }
    }

    /// Places of the rows for which the condition is false; unknown is good enough.
    ///
    /// # Errors
    /// Those of binding and of values.
    pub(super) fn violations(&self, condition: &Expr) -> Result<Vec<usize>, SqlError> {
        let fails = Expr::UnaryOp {
            op: UnaryOperator::Not,
            expr: Box::new(Expr::Nested(Box::new(condition.clone()))),
        };
        let target = ObjectName::from(vec![Ident::new(Self::NAME)]);
        let plan = query::plan_change(Changes::of(&target, Some(&fails)), self)?.plan;
        let numbers = query::run(&plan, self)?.rows.into_iter().filter_map(|row| row.into_iter().next());
        Ok(numbers
            .filter_map(|number| match number {
                Value::Integer(number) => usize::try_from(number - 1).ok(),
                _ => None,
            })
            .collect())
    }
}

impl Names for Candidates<'_> {
    fn around(&self) -> &dyn Surroundings {
        self.scope.around()
    }
    fn variable(&self, _: &str) -> Option<Type> {
        None
    }
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        (name == Self::NAME).then(|| self.columns.to_vec())
    }
}

impl Data for Candidates<'_> {
    fn variable(&self, name: &str) -> Result<Value, SqlError> {
        Data::variable(&self.scope, name)
    }
    fn table_rows(&self, _: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        Ok(self.rows.to_vec())
    }
    fn view_rows(&self, view: &'static View, database: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        self.scope.view_rows(view, database)
    }
    fn host(&self) -> Arc<dyn Host> {
        self.scope.host()
    }
}
