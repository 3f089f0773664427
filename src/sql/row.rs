//! Rows of a result, read by column name into Rust types.

use std::sync::Arc;

use time::OffsetDateTime;

use super::error::Error;

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// NULL.
    Null,
    /// `bit`.
    Bool(bool),
    /// Whole numbers up to `numeric(38, 0)`.
    Int(i128),
    /// Strings, and GUIDs in their usual spelling.
    Text(String),
    /// `varbinary`.
    Bytes(Vec<u8>),
    /// `datetime` and its kin; the views that are read hold UTC.
    Time(OffsetDateTime),
}

/// What a cell can be read as.
pub(crate) trait FromCell: Sized {
    /// Nothing when the cell holds another type.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

impl Row {
    /// A row of `cells` under `names`.
    pub(crate) fn new(names: Arc<[String]>, cells: Vec<Cell>) -> Self {
        Self { names, cells }
    }

    /// The value under `name`. Letter case counts for nothing: procedures that nobody documents name their own columns.
    pub(crate) fn get<T: FromCell>(&self, name: &str) -> Result<T, Error> {
        let cell = self
            .names
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name))
            .and_then(|place| self.cells.get(place));
        let Some(cell) = cell else {
            return Err(Error::Protocol(format!("the answer has no column {name}")));
        };
        T::from_cell(cell)
            .ok_or_else(|| Error::Protocol(format!("the column {name} holds something unexpected: {cell:?}")))
    }
}

impl FromCell for bool {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bool(flag) => Some(*flag),
            // CASE and IIF give int where a server would have shown bit.
            Cell::Int(number) => Some(*number != 0),
            _ => None,
        }
    }
}

impl FromCell for i128 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Int(number) => Some(*number),
            _ => None,
        }
    }
}

impl FromCell for i64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i128::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for String {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromCell for OffsetDateTime {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Time(moment) => Some(*moment),
            _ => None,
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
