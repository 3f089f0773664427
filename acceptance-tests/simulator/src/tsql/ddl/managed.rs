//! What a managed instance refuses of T-SQL: it has groups and endpoints of its own, and the service looks after its
//! databases. ["T-SQL differences between SQL Server and Azure SQL Managed Instance", 2026]
//!
//! ASSUMED 114: the numbers, where the page says only that a statement is not supported. Else it is taken and does nothing.

use super::super::ast::{
    AlterAvailabilityGroup, AlterDatabase, Backup, BackupKind, RecoveryModel, Restore, UserAccess,
};
use super::super::error::{SqlError, raise};
use super::{Caller, engine};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::database::Database;
use crate::world::instance::{Edition, SqlInstance};

/// Whether a refusal is one of these, and the statement is taken instead.
pub(super) fn ignores(estate: &Estate, caller: &Caller, error: &SqlError) -> bool {
    let number = error.before.first().unwrap_or(error).number;
    estate.opposite(assumption::IGNORED_STATEMENTS)
        && matches!(number, 5008 | 41901 | 41902 | 41904 | 41906 | 41922)
        && engine(estate, caller).is_ok_and(|engine| engine.edition == Edition::Managed)
}

/// 41906 on a managed instance.
pub(super) fn refuse(engine: &SqlInstance, statement: &str) -> Result<(), SqlError> {
    if engine.edition == Edition::Managed { Err(raise!(41906, statement)) } else { Ok(()) }
}

/// Of `ALTER AVAILABILITY GROUP` an instance knows what a link's failover needs. ["Fail over a link", 2024]
pub(super) fn alter_group(engine: &SqlInstance, change: &AlterAvailabilityGroup) -> Result<(), SqlError> {
    match change {
        AlterAvailabilityGroup::Failover
        | AlterAvailabilityGroup::ForceFailover
        | AlterAvailabilityGroup::SetRoleSecondary
        | AlterAvailabilityGroup::ModifyDistributed(_) => Ok(()),
        _ => refuse(engine, "ALTER AVAILABILITY GROUP"),
    }
}

/// 5008: options that the service alone sets.
pub(super) fn alter_database(engine: &SqlInstance, change: &AlterDatabase) -> Result<(), SqlError> {
    let fixed = match change {
        AlterDatabase::RecoveryModel(model) => *model != RecoveryModel::Full,
        AlterDatabase::UserAccess(access) => *access != UserAccess::Multi,
        AlterDatabase::Online(on) => !on,
        AlterDatabase::ReadOnly(on) | AlterDatabase::AutoClose(on) => *on,
        AlterDatabase::Broker(_) | AlterDatabase::Hadr(_) => true,
        _ => false,
    };
    if engine.edition == Edition::Managed && fixed { Err(raise!(5008)) } else { Ok(()) }
}

/// Users take copy-only full backups, to URLs, of databases that the service's key does not encrypt (41902, 41904,
/// 41922); the service takes the others.
pub(super) fn backup(engine: &SqlInstance, database: &Database, statement: &Backup) -> Result<(), SqlError> {
    if engine.edition != Edition::Managed {
        return Ok(());
    }
    let elsewhere = |target: &String| !target.to_ascii_lowercase().starts_with("https://");
    if statement.kind == BackupKind::Log {
        Err(raise!(41906, "BACKUP LOG"))
    } else if statement.targets.iter().any(elsewhere) {
        Err(raise!(41902))
    } else if statement.kind != BackupKind::Full || !statement.copy_only {
        Err(raise!(41904))
    } else if database.encrypted {
        Err(raise!(41922))
    } else {
        Ok(())
    }
}

/// Restores come from URLs (41902), without options (41901): none is supported. [the same page, "RESTORE statement"]
pub(super) fn restore(engine: &SqlInstance, statement: &Restore) -> Result<(), SqlError> {
    let url = |source: &String| source.to_ascii_lowercase().starts_with("https://");
    if engine.edition != Edition::Managed {
        Ok(())
    } else if statement.log {
        Err(raise!(41906, "RESTORE LOG"))
    } else if !statement.sources.iter().all(url) {
        Err(raise!(41902))
    } else if !statement.options.is_empty() {
        Err(raise!(41901, statement.options.join(", ")))
    } else {
        Ok(())
    }
}
