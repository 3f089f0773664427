//! Identity columns: values that tables draw by themselves, and `SET IDENTITY_INSERT`.
//!
//! Source: learn.microsoft.com "SET IDENTITY_INSERT", "@@IDENTITY", "SCOPE_IDENTITY", "CREATE TABLE (IDENTITY property)":
//! a value is not given back where its row is refused or rolled back.

use rusqlite::types::Value;

use super::super::error::{SqlError, raise};
use super::super::value::Type;
use super::SqlSession;
use super::tables::{TableColumn, plain};

impl TableColumn {
    /// The next value (8115 beyond the last one).
    pub(super) fn next_identity(&mut self) -> Result<Value, SqlError> {
        let data_type = self.column.data_type;
        let Some((next, step)) = &mut self.identity else { return Ok(Value::Null) };
        let (least, most) = range(data_type);
        let value = *next;
        if !(least..=most).contains(&value) {
            return Err(raise!(8115, "IDENTITY", data_type.base_name()));
        }
        *next = next.saturating_add(*step);
        Ok(Value::Integer(value))
    }

    /// A value that somebody gave: the next ones come behind it.
    fn pass_identity(&mut self, given: i64) {
        if let Some((next, step)) = &mut self.identity {
            let behind = given.saturating_add(*step);
            *next = if *step >= 0 { behind.max(*next) } else { behind.min(*next) };
        }
    }
}

/// What whole numbers of a type there are.
fn range(data_type: Type) -> (i64, i64) {
    match data_type {
        Type::TinyInt => (0, 255),
        Type::SmallInt => (i16::MIN.into(), i16::MAX.into()),
        Type::Int => (i32::MIN.into(), i32::MAX.into()),
        Type::Numeric(precision, _) if precision < 19 => {
            let most = 10_i64.pow(precision.into()) - 1;
            (-most, most)
        }
        _ => (i64::MIN, i64::MAX),
    }
}

impl SqlSession {
    /// `SET IDENTITY_INSERT`: of one table of a session at a time.
    ///
    /// # Errors
    /// 1088, 8106, 8107.
    pub(super) fn set_identity_insert(&mut self, table: &str, on: bool) -> Result<(), SqlError> {
        let shown = plain(table);
        let folded = self.fold(&shown);
        let found = self.found_table(table).map_err(|_| raise!(1088, table))?;
        if !found.columns.iter().any(|column| column.identity.is_some()) {
            return Err(raise!(8106, shown));
        }
        match (&self.identity_insert, on) {
            (Some(other), true) if *other != folded && self.table(other).is_some() => {
                Err(raise!(8107, "tempdb", "dbo", other, shown))
            }
            (_, true) => {
                self.identity_insert = Some(folded);
                Ok(())
            }
            (Some(same), false) if *same == folded => {
                self.identity_insert = None;
                Ok(())
            }
            (_, false) => Ok(()),
        }
    }

    /// Whether an INSERT that fills those columns gives an identity value where it may, and only there (544, 545).
    pub(super) fn may_give_identity(&self, target: &str, places: &[usize]) -> Result<(), SqlError> {
        let shown = plain(target);
        let table = self.found_table(target)?;
        let Some(identity) = table.columns.iter().position(|column| column.identity.is_some()) else {
            return Ok(());
        };
        let wanted = self.identity_insert.as_ref() == Some(&self.fold(&shown));
        match (places.contains(&identity), wanted) {
            (true, false) => Err(raise!(544, shown)),
            (false, true) => Err(raise!(545, shown)),
            _ => Ok(()),
        }
    }

    /// Notes the identity values of rows that go into a table.
    pub(super) fn note_identity(&mut self, target: &str, rows: &[Vec<Value>]) -> Result<(), SqlError> {
        let table = self.local_table(target)?;
        let Some(place) = table.columns.iter().position(|column| column.identity.is_some()) else {
            self.last_identity = None;
            return Ok(());
        };
        let mut last = None;
        for row in rows {
            if let (Some(Value::Integer(value)), Some(column)) =
                (row.get(place), table.columns.get_mut(place))
            {
                column.pass_identity(*value);
                last = Some(*value);
            }
        }
        if last.is_some() {
            self.last_identity = last;
            if let Some(frame) = self.frames.last_mut() {
                frame.identity = last;
            }
        }
        Ok(())
    }
}
