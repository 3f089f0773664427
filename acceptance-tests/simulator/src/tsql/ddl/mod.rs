//! What statements do to the world: one file for each class of object.
//!
//! The session has parsed and bound; here the engine's own checks happen, with SQL Server's numbers, and then the
//! change. A statement that is refused has changed nothing.

use super::ast::Ddl;
use super::error::SqlError;
use crate::world::Estate;

/// Who runs a statement, and where.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Host of the engine in the estate ([`Estate::engine_mut`]).
    pub(crate) host: String,
    /// Login's name.
    pub(crate) login: String,
    /// Current database.
    pub(crate) database: String,
}

/// What a statement has to say beyond success.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Messages of class 0 to 10: number, class, state, text.
    pub(crate) messages: Vec<(i32, u8, u8, String)>,
    /// A result set of text columns (DBCC TRACESTATUS, DBCC SQLPERF): column names and rows.
    pub(crate) rows: Option<(Vec<String>, Vec<Vec<Option<String>>>)>,
}

/// Executes one statement.
///
/// # Errors
/// What SQL Server raises.
pub(crate) fn execute(estate: &mut Estate, caller: &Caller, statement: &Ddl) -> Result<Outcome, SqlError> {
    let _ = (estate, caller, statement);
    Err(super::error::not_modelled("DDL"))
}
