//! `RESTORE`: a database from its backups, step by step, and the end of the sequence.
//!
//! Users of a database do not travel with its backups here, nor do its permissions.

use time::OffsetDateTime;

use super::super::ast::Restore;
use super::super::error::{SqlError, not_modelled, raise};
use super::backup::processed;
use super::refusal::{no_such_database, permission_denied};
use super::{Caller, Outcome, engine, engine_mut, managed, permission};
use crate::world::Estate;
use crate::world::backups::{BackupRecord, BackupSet, RestoreRecord, RestoreSequence};
use crate::world::build::database_version;
use crate::world::database::{Database, DatabaseState};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::log::LogPosition;
use crate::world::log_space::LogSpace;

/// What messages call the statement.
pub(super) fn verb(statement: &Restore) -> &'static str {
    if statement.log { "RESTORE LOG" } else { "RESTORE DATABASE" }
}

pub(super) fn restore(
    estate: &mut Estate,
    caller: &Caller,
    statement: &Restore,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let name = statement.database.0.as_str();
    let rights = ["CREATE ANY DATABASE", "ALTER ANY DATABASE"];
    if !permission::on_server(here, &caller.login, &rights) {
        return Err(permission_denied("RESTORE DATABASE", "master"));
    }
    managed::restore(here, statement)?;
    let held = here.database(name);
    if let Some(held) = held {
        may_be_overwritten(here, caller, statement, held)?;
    }
    if statement.sources.is_empty() {
        return end(estate, caller, statement);
    }
    if here.edition == Edition::Managed {
        return Err(not_modelled("RESTORE on a managed instance"));
    }
    let now = estate.clock.now();
    let set = read(estate, here, statement)?;
    if set.major > here.build.major {
        let (theirs, ours) = (database_version(set.major), database_version(here.build.major));
        return Err(raise!(3169, theirs, ours));
    }
    let mut restored = match set.record.kind {
        'D' => from_full(here, caller, statement, set, now)?,
        'I' => from_differential(statement, set, held)?,
        _ => from_log(statement, set, held)?,
    };
    let kind = set.record.kind;
    let size = if statement.log { 1 << 20 } else { set.image.size };
    let own = here.server_name();
    let foreign = Some(set.server.clone()).filter(|server| *server != own);
    restored.backups.push(BackupRecord { server: foreign, ..set.record.clone() });
    restored.restores.push(RestoreRecord {
        kind,
        at: now,
        login: caller.login.clone(),
        backup: restored.backups.len() - 1,
        replace: statement.has("replace"),
        recovery: !statement.norecovery,
    });
    if !statement.norecovery {
        recover(&mut restored);
    }
    let engine = engine_mut(estate, caller)?;
    match engine.database_mut(name) {
        Some(held) => *held = restored,
        None => engine.databases.push(restored),
    }
    Ok(Outcome::message(processed(verb(statement), size / 8192)))
}

/// What no RESTORE may touch.
fn may_be_overwritten(
    here: &SqlInstance,
    caller: &Caller,
    statement: &Restore,
    held: &Database,
) -> Result<(), SqlError> {
    match held.id {
        1 => return Err(raise!(3108)),
        2 => return Err(raise!(3147)),
        3 | 4 => return Err(not_modelled("RESTORE of system databases")),
        _ => {}
    }
    if held.group.is_some() {
        return Err(raise!(3104, held.name));
    }
    if here.same_name(&caller.database, &held.name) {
        return Err(raise!(3102, verb(statement), held.name));
    }
    Ok(())
}

/// Without a source it is the end of a sequence.
fn end(estate: &mut Estate, caller: &Caller, statement: &Restore) -> Result<Outcome, SqlError> {
    let name = statement.database.0.as_str();
    let engine = engine_mut(estate, caller)?;
    let database = engine.database_mut(name).ok_or_else(|| no_such_database(name))?;
    if database.state != DatabaseState::Restoring {
        return Err(raise!(3153));
    }
    if !statement.norecovery {
        recover(database);
    }
    Ok(Outcome::message(processed("RESTORE DATABASE", 0)))
}

/// The database is its own from now on.
fn recover(database: &mut Database) {
    database.state = DatabaseState::Online;
    database.seeded_by = None;
    database.restore = None;
}

/// The backup set that the statement means.
fn read<'a>(estate: &'a Estate, here: &SqlInstance, statement: &Restore) -> Result<&'a BackupSet, SqlError> {
    const NOT_FOUND: &str = "2(The system cannot find the file specified.)";
    let mut found = Vec::new();
    for path in &statement.sources {
        let sets = here.medium(path).and_then(|medium| estate.media.get(&medium));
        found.push((path, sets.ok_or_else(|| raise!(3201, path, NOT_FOUND).in_state(2))?));
    }
    let (path, sets) = found.first().ok_or_else(|| raise!(3201, "", NOT_FOUND).in_state(2))?;
    let file = statement.file.unwrap_or(1);
    let place = usize::try_from(file - 1).ok();
    let set = place.and_then(|place| sets.get(place)).ok_or_else(|| raise!(4038, file, path))?;
    if found.len() < set.families {
        return Err(raise!(3132, set.families, found.len()));
    }
    let of_log = set.record.kind == 'L';
    if of_log != statement.log {
        return Err(raise!(3135, path, if of_log { "BACKUP LOG" } else { "BACKUP DATABASE" }));
    }
    Ok(set)
}

/// Begins a sequence. ["RESTORE Statements", 2025: what REPLACE is for]
fn from_full(
    here: &SqlInstance,
    caller: &Caller,
    statement: &Restore,
    set: &BackupSet,
    now: OffsetDateTime,
) -> Result<Database, SqlError> {
    let name = statement.database.0.as_str();
    let held = here.database(name);
    if let Some(held) = held.filter(|_| !statement.has("replace")) {
        if held.guid != set.image.guid {
            return Err(raise!(3154, held.name));
        }
        if held.state != DatabaseState::Restoring && held.recovery_model != SIMPLE {
            return Err(raise!(3159, held.name));
        }
    }
    let in_the_way = here.database(&set.image.name).filter(|one| !here.same_name(&one.name, name));
    if let Some(other) = in_the_way.filter(|_| held.is_none() && !statement.has("move")) {
        let file = format!("{}{}.mdf", here.data_folder(), other.name);
        return Err(raise!(3119).after(raise!(3156, other.name, file)));
    }
    let position = set.record.last;
    let image = &set.image;
    Ok(Database {
        name: held.map_or(name, |held| held.name.as_str()).to_owned(),
        id: held
            .map_or_else(|| here.databases.iter().map(|one| one.id).max().unwrap_or(4) + 1, |held| held.id),
        owner: caller.login.clone(),
        created: now,
        backups: held.map(|held| held.backups.clone()).unwrap_or_default(),
        restores: held.map(|held| held.restores.clone()).unwrap_or_default(),
        // Data bring no log along: the next byte of it would be the first.
        restore: Some(RestoreSequence { base: position, log_from: position.advanced(1) }),
        ..rolled(image, position, image.backed_up_lsn)
    })
}

fn from_differential(
    statement: &Restore,
    set: &BackupSet,
    held: Option<&Database>,
) -> Result<Database, SqlError> {
    let held = under_way(statement, set, held)?;
    let restore = held.restore.filter(|restore| restore.base == set.base);
    let Some(restore) = restore.filter(|_| set.record.last >= held.hardened_lsn) else {
        return Err(raise!(3136));
    };
    let position = set.record.last;
    Ok(Database {
        restore: Some(RestoreSequence { log_from: position.advanced(1), ..restore }),
        ..rolled(held, position, set.image.backed_up_lsn)
    })
}

/// Log follows log without a gap.
fn from_log(statement: &Restore, set: &BackupSet, held: Option<&Database>) -> Result<Database, SqlError> {
    let held = under_way(statement, set, held)?;
    let (position, record) = (held.hardened_lsn, &set.record);
    if record.first > position {
        return Err(raise!(4305, record.first.numeric(), position.numeric()));
    }
    if record.last < position {
        return Err(raise!(4326, record.last.numeric(), position.numeric()));
    }
    let log_from = |restore: RestoreSequence| restore.log_from.min(position);
    Ok(Database {
        restore: held.restore.map(|restore| RestoreSequence { log_from: log_from(restore), ..restore }),
        ..rolled(held, record.last, record.last)
    })
}

/// The database that a sequence goes on with.
fn under_way<'a>(
    statement: &Restore,
    set: &BackupSet,
    held: Option<&'a Database>,
) -> Result<&'a Database, SqlError> {
    let Some(held) = held else { return Err(raise!(3118, statement.database)) };
    if held.state != DatabaseState::Restoring {
        return Err(raise!(3117));
    }
    if held.guid != set.image.guid {
        return Err(raise!(3154, held.name));
    }
    Ok(held)
}

/// A database as it is at a place of its log, in the middle of a restore.
fn rolled(database: &Database, position: LogPosition, backed_up: LogPosition) -> Database {
    Database {
        state: DatabaseState::Restoring,
        group: None,
        group_database_id: None,
        suspended: None,
        seeded_by: None,
        hardened_lsn: position,
        backed_up_lsn: backed_up.min(position),
        log: LogSpace::beginning(position),
        ..database.clone()
    }
}

/// `recovery_model`.
const SIMPLE: u8 = 3;

impl Restore {
    /// Whether an option was written.
    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|one| one == option)
    }
}
