//! What cannot be written because the log is full: 9002.
//!
//! Users have no tables here; what statements write to a database are its users and roles.

use super::super::ast::{Ddl, RoleScope};
use super::super::error::{SqlError, raise};
use super::{Caller, engine};
use crate::world::Estate;

/// Refuses a statement that writes to the current database where its log is full.
pub(super) fn refuse(estate: &Estate, caller: &Caller, statement: &Ddl) -> Result<(), SqlError> {
    match statement {
        Ddl::CreateUser { .. }
        | Ddl::DropUser { .. }
        | Ddl::CreateRole { scope: RoleScope::Database, .. }
        | Ddl::AlterRole { scope: RoleScope::Database, .. }
        | Ddl::DropRole { scope: RoleScope::Database, .. } => writable(estate, caller),
        _ => Ok(()),
    }
}

/// The state is the number of the reason, as servers' logs have it (2 for LOG_BACKUP, 9 for AVAILABILITY_REPLICA).
pub(super) fn writable(estate: &Estate, caller: &Caller) -> Result<(), SqlError> {
    let engine = engine(estate, caller)?;
    let Some(database) = engine.database(&caller.database).filter(|database| database.log_is_full()) else {
        return Ok(());
    };
    let (number, reason) = database.log_reuse(engine.standing().log_needed_from(database)).code();
    Err(raise!(9002, database.name, reason).in_state(u8::try_from(number).unwrap_or(1)))
}
