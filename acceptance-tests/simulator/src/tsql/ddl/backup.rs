//! `BACKUP`: full and differential ones, and chains of log backups, on media that [`super::restore`] reads.

use super::super::ast::{Backup, BackupKind};
use super::super::error::{SqlError, not_modelled, raise};
use super::refusal::{no_such_database, permission_denied};
use super::{Caller, Outcome, distributed, engine, engine_mut, managed, permission};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::backups::{BackupRecord, BackupSet};
use crate::world::database::{Database, DatabaseState};
use crate::world::group::Role;
use crate::world::instance::SqlInstance;
use crate::world::security::Securable;

/// Bytes that a backup writes in a second of world time. ASSUMED 33: no target is modelled, so no speed is known.
const BACKUP_RATE: u64 = 100 << 20;

/// `BACKUP DATABASE` and `BACKUP LOG`: written at once, though the record says how long it took.
pub(super) fn backup(estate: &mut Estate, caller: &Caller, statement: &Backup) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let engine = engine(estate, caller)?;
    let name = statement.database.0.as_str();
    let database = engine.database(name).ok_or_else(|| no_such_database(name))?;
    let log = statement.kind == BackupKind::Log;
    let verb = verb(statement);
    let owner = engine.same_name(&database.owner, &caller.login);
    let granted =
        permission::Rights::of(engine, &caller.login).on(&Securable::Database(database.name.clone()), verb);
    if !owner && !granted && !permission::on_server(engine, &caller.login, &[verb]) {
        return Err(permission_denied(verb, name));
    }
    managed::backup(engine, database, statement)?;
    if database.state == DatabaseState::Restoring {
        return Err(in_restore(name));
    }
    if secondary(engine, database) && !(log || (statement.kind == BackupKind::Full && statement.copy_only)) {
        return Err(raise!(3059));
    }
    let base = database.backups.iter().rev().find(|one| one.is_base()).map(|one| one.last);
    match statement.kind {
        BackupKind::Log if database.recovery_model == 3 => {
            return Err(raise!(4208, verb));
        }
        BackupKind::Log if base.is_none() => {
            return Err(raise!(4214));
        }
        BackupKind::Differential if base.is_none() => {
            return Err(raise!(3035, name));
        }
        _ => {}
    }
    let needed = engine.standing().log_needed_from(database);
    let media: Vec<String> = statement.targets.iter().filter_map(|path| engine.medium(path)).collect();
    let written = |place: &&String| estate.media.get(*place).is_some_and(|sets| !sets.is_empty());
    if let Some(url) = statement.targets.iter().find(|path| path.contains("://"))
        && !statement.format
        && engine.medium(url).as_ref().filter(written).is_some()
    {
        // A blob is not appended to. ["SQL Server backup to URL for Microsoft Azure Blob Storage", 2025]
        return Err(raise!(3296, url));
    }
    let (server, major) = (engine.server_name(), engine.build.major);
    let rate = if estate.opposite(assumption::BACKUPS) { BACKUP_RATE / 100 } else { BACKUP_RATE };
    let engine = engine_mut(estate, caller)?;
    let Some(database) = engine.database_mut(name) else { return Err(no_such_database(name)) };
    let size = if log { 1 << 20 } else { database.size };
    let record = BackupRecord {
        kind: match statement.kind {
            BackupKind::Full => 'D',
            BackupKind::Differential => 'I',
            BackupKind::Log => 'L',
        },
        copy_only: statement.copy_only,
        started: now - std::time::Duration::from_secs(size / rate),
        finished: now,
        first: if log { database.unsaved_from() } else { database.hardened_lsn },
        last: database.hardened_lsn,
        devices: statement.targets.clone(),
        server: None,
    };
    database.backups.push(record.clone());
    if log && !statement.copy_only {
        database.backed_up_lsn = database.hardened_lsn;
        database.truncate_log(needed);
    }
    let image = database.clone();
    if log && statement.norecovery {
        database.state = DatabaseState::Restoring;
    }
    let families = statement.targets.len();
    let base = base.unwrap_or(record.last);
    let set = BackupSet { record, image, base, server, major, families };
    for medium in media {
        let sets = estate.media.entry(medium).or_default();
        if statement.init {
            sets.clear();
        }
        sets.push(set.clone());
    }
    let pages = size / 8192;
    Ok(Outcome::message(processed(verb, pages)))
}

/// What messages call the statement.
pub(super) fn verb(statement: &Backup) -> &'static str {
    if statement.kind == BackupKind::Log { "BACKUP LOG" } else { "BACKUP DATABASE" }
}

/// 3013 ends what the engine refused of a backup or a restore; what is not modelled stands alone.
pub(super) fn terminating(verb: &str, cause: SqlError) -> SqlError {
    if cause.number == not_modelled("").number { cause } else { raise!(3013, verb).after(cause) }
}

/// Whether this copy is a secondary one, locally or through a distributed group.
fn secondary(engine: &SqlInstance, database: &Database) -> bool {
    let group = database.group.as_ref().and_then(|name| engine.group(name));
    group.is_some_and(|group| group.role == Role::Secondary || distributed::receives(engine, group))
}

/// 3014, at [`BACKUP_RATE`].
pub(super) fn processed(verb: &str, pages: u64) -> SqlError {
    let milliseconds = (pages * 8192 * 1000 / BACKUP_RATE).max(1);
    let rate = (pages * 8192 * 1_000_000 / milliseconds) >> 20;
    let thousandths = |number: u64| format!("{:03}", number % 1000);
    raise!(3014, verb, pages, milliseconds / 1000, thousandths(milliseconds), rate / 1000, thousandths(rate))
}

/// 927.
fn in_restore(name: &str) -> SqlError {
    raise!(927, name)
}
