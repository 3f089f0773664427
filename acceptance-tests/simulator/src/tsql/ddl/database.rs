//! `CREATE`, `ALTER` and `DROP DATABASE`.

use super::super::ast::{AlterDatabase, HadrOption, Name, RecoveryModel, UserAccess};
use super::super::error::{SqlError, cannot_drop, not_modelled, raise};
use super::refusal::{database_in_group, no_such_database, permission_denied};
use super::{Caller, Outcome, engine, engine_mut, managed, permission};
use crate::world::backups::Joinable;
use crate::world::collation::Collation;
use crate::world::database::{Database, DatabaseState};
use crate::world::group::Role;
use crate::world::instance::SqlInstance;
use crate::world::log::LogPosition;
use crate::world::log_space::LogSpace;
use crate::world::{Estate, assumption};

/// `CREATE DATABASE`.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    collation: Option<&str>,
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    if !permission::on_server(engine, &caller.login, &["CREATE ANY DATABASE", "ALTER ANY DATABASE"]) {
        return Err(permission_denied("CREATE DATABASE", "master"));
    }
    if engine.database(name).is_some() {
        return Err(raise!(1801, name));
    }
    let collation = collation.unwrap_or(&engine.collation);
    if !Collation::exists(collation, estate.opposite(assumption::COLLATIONS)) {
        return Err(raise!(448, collation));
    }
    let database = Database {
        name: name.to_owned(),
        id: engine.databases.iter().map(|one| one.id).max().unwrap_or(4).max(4) + 1,
        state: DatabaseState::Online,
        recovery_model: 1,
        compatibility_level: engine.build.major.saturating_mul(10),
        collation: collation.to_owned(),
        read_only: false,
        encrypted: engine.engine_edition() == 8,
        accelerated_recovery: engine.engine_edition() == 8,
        broker_enabled: true,
        auto_close: false,
        user_access: 0,
        size: 16 << 20,
        special_filegroups: Vec::new(),
        log_files: 1,
        data_files: 1,
        defunct_files: 0,
        version_store: None,
        owner: caller.login.clone(),
        created: estate.clock.now(),
        guid: String::new(),
        group_database_id: None,
        group: None,
        hardened_lsn: LogPosition::ZERO,
        backed_up_lsn: LogPosition::ZERO,
        activity: 0,
        log: LogSpace::default(),
        backups: Vec::new(),
        restores: Vec::new(),
        restore: None,
        suspended: None,
        seeded_by: None,
    };
    let guid = estate.fresh_guid();
    let lsn = LogPosition(estate.fresh_number());
    let database = Database { guid, hardened_lsn: lsn, log: LogSpace::beginning(lsn), ..database };
    engine_mut(estate, caller)?.databases.push(database);
    Ok(Outcome::default())
}

/// `ALTER DATABASE`: all changes, or none.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    changes: &[AlterDatabase],
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let before = here.database(name).cloned();
    let mut outcome = Outcome::default();
    for change in changes {
        match alter_one(estate, caller, name, change) {
            Ok(next) => outcome = next,
            Err(error) => {
                if let (Some(database), Some(before)) =
                    (engine_mut(estate, caller)?.database_mut(name), before)
                {
                    *database = before;
                }
                return Err(failed(error));
            }
        }
    }
    Ok(outcome)
}

/// 5069 ends what the engine refused of options, as live sessions show it behind 5011, 1468 and 5052; behind HADR's own
/// numbers and wrong levels they do not.
fn failed(cause: SqlError) -> SqlError {
    if matches!(cause.number, 1468 | 5011 | 5052) { raise!(5069).after(cause) } else { cause }
}

fn alter_one(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    change: &AlterDatabase,
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    let database = engine.database(name).filter(|database| may_alter(engine, caller, database));
    // A live session of others has 911 for SET HADR.
    let missing = || match change {
        AlterDatabase::Hadr(_) if engine.database(name).is_none() => no_such_database(name),
        _ => raise!(5011, name),
    };
    let database = database.ok_or_else(missing)?;
    managed::alter_database(engine, change)?;
    let grouped = database.group.is_some();
    let database_state = database.state;
    if let AlterDatabase::Hadr(option) = change {
        return hadr(estate, caller, name, option);
    }
    // What must not change beneath a group: the documented prerequisites of its databases.
    let refused_in_group = match change {
        AlterDatabase::RecoveryModel(model) => *model != RecoveryModel::Full,
        AlterDatabase::Online(on) => !on,
        AlterDatabase::ReadOnly(on) | AlterDatabase::AutoClose(on) => *on,
        AlterDatabase::UserAccess(access) => *access != UserAccess::Multi,
        AlterDatabase::Broker(_) => true,
        _ => false,
    };
    if grouped && matches!(change, AlterDatabase::Rename(_)) {
        return Err(raise!(957, name));
    }
    if grouped && refused_in_group {
        return Err(database_in_group(name));
    }
    if let AlterDatabase::Rename(to) = change
        && engine.database(&to.0).is_some()
    {
        return Err(raise!(1801, to));
    }
    if let AlterDatabase::CompatibilityLevel(level) = change
        && !(100..=i64::from(engine.build.major) * 10).contains(level)
    {
        return Err(compatibility_levels(estate, engine.build.major));
    }
    if database_state != DatabaseState::Online && !matches!(change, AlterDatabase::Online(_)) {
        return Err(raise!(5052, "ALTER DATABASE", database_state.code().1));
    }
    let engine = engine_mut(estate, caller)?;
    let Some(database) = engine.database_mut(name) else { return Err(no_such_database(name)) };
    match change {
        AlterDatabase::RecoveryModel(model) => {
            database.recovery_model = match model {
                RecoveryModel::Full => 1,
                RecoveryModel::BulkLogged => 2,
                RecoveryModel::Simple => 3,
            };
        }
        AlterDatabase::Online(on) => {
            database.state = if *on { DatabaseState::Online } else { DatabaseState::Offline };
        }
        AlterDatabase::ReadOnly(on) => database.read_only = *on,
        AlterDatabase::UserAccess(access) => {
            database.user_access = match access {
                UserAccess::Multi => 0,
                UserAccess::Single => 1,
                UserAccess::Restricted => 2,
            };
        }
        AlterDatabase::Broker(on) => database.broker_enabled = *on,
        AlterDatabase::AutoClose(on) => database.auto_close = *on,
        AlterDatabase::AcceleratedRecovery(on) => database.accelerated_recovery = *on,
        AlterDatabase::CompatibilityLevel(level) => {
            database.compatibility_level = u8::try_from(*level).unwrap_or(database.compatibility_level);
        }
        AlterDatabase::Encryption(on) => database.encrypted = *on,
        AlterDatabase::Rename(to) => database.name.clone_from(&to.0),
        AlterDatabase::Unmodelled(option) => {
            return Err(not_modelled(&format!("ALTER DATABASE … {option}")));
        }
        AlterDatabase::Hadr(_) => {}
    }
    Ok(Outcome::default())
}

/// `DROP DATABASE`: all or none of them.
pub(super) fn drop(
    estate: &mut Estate,
    caller: &Caller,
    names: &[Name],
    if_exists: bool,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    for Name(name) in names {
        let Some(database) = here.database(name) else {
            if if_exists {
                continue;
            }
            return Err(cannot_drop("database", name));
        };
        if database.id <= 4 {
            return Err(raise!(3708, "drop", "database", name, "database"));
        }
        if !may_alter(here, caller, database) {
            return Err(cannot_drop("database", name));
        }
        if database.group.is_some() {
            return Err(raise!(3752, name));
        }
        if here.same_name(&caller.database, name) {
            return Err(raise!(3702, name));
        }
    }
    let engine = engine_mut(estate, caller)?;
    let same = engine.comparing();
    engine.databases.retain(|one| !names.iter().any(|name| same.equal(&name.0, &one.name)));
    Ok(Outcome::default())
}

/// `ALTER DATABASE … SET HADR …`.
fn hadr(estate: &mut Estate, caller: &Caller, name: &str, option: &HadrOption) -> Result<Outcome, SqlError> {
    let engine = engine_mut(estate, caller)?;
    let Some(database) = engine.database(name) else { return Err(no_such_database(name)) };
    let joined = database.group.clone();
    let role = |group: &str| engine.group(group).map(|one| one.role);
    let on_primary = |group: &str| raise!(35240, name, group);
    let change: fn(&mut Database) = match (option, joined) {
        (HadrOption::Group(group), _) if role(&group.0) == Some(Role::Primary) => {
            return Err(on_primary(&group.0));
        }
        (HadrOption::Group(group), Some(current)) if engine.same_name(&current, &group.0) => {
            return Ok(Outcome::message(raise!(41145, name, group)));
        }
        (HadrOption::Group(group), _) if role(&group.0).is_none() => return Err(raise!(41100, group)),
        (HadrOption::Group(_), Some(_)) => return Err(raise!(35259, name)),
        (HadrOption::Group(group), None) => return join(estate, caller, name, &group.0),
        (HadrOption::Off, Some(group)) if role(&group) == Some(Role::Primary) => {
            return Err(on_primary(&group));
        }
        (HadrOption::Off, None) => return Err(raise!(35242, name)),
        (HadrOption::Suspend | HadrOption::Resume, None) => return Err(raise!(35239, name, "")),
        (HadrOption::Off, Some(_)) => |database| {
            database.group = None;
            database.group_database_id = None;
            database.state = DatabaseState::Restoring;
        },
        (HadrOption::Suspend, Some(_)) => |database| database.suspended = Some(0),
        (HadrOption::Resume, Some(_)) => |database| database.suspended = None,
    };
    engine.database_mut(name).into_iter().for_each(change);
    Ok(Outcome::default())
}

/// A copy that somebody restored here, or that was in the group here and left it, joins the group. It goes on from where it
/// stands, as far as the primary still has the log. ["Join a secondary database to an Always On availability group" and
/// "Prepare a secondary database for an availability group", 2025]
fn join(estate: &mut Estate, caller: &Caller, name: &str, group: &str) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let (Some(held), Some(copy)) = (here.group(group), here.database(name)) else {
        return Err(no_such_database(name));
    };
    let pair = estate.pair_of(&held.id, &here.key()).filter(|pair| pair.connected());
    let primary = pair.and_then(|pair| estate.engine(&pair.primary)).ok_or_else(|| raise!(35250))?;
    let source = primary
        .database(name)
        .filter(|source| source.group.as_ref().is_some_and(|one| primary.same_name(one, group)))
        .ok_or_else(|| raise!(41132, name, group))?;
    if copy.state != DatabaseState::Restoring {
        return Err(raise!(1464, name));
    }
    if source.guid != copy.guid {
        return Err(raise!(1407, name));
    }
    match source.joinable(copy) {
        Joinable::ChainBroken => return Err(raise!(1478, name)),
        Joinable::LogGone => return Err(raise!(1412, name)),
        // ASSUMED 97.
        Joinable::BackupsMissing if !estate.opposite(assumption::MISSING_LOG_BACKUPS) => {
            return Err(raise!(1408, name));
        }
        Joinable::BackupsMissing | Joinable::Yes => {}
    }
    let (group, id) = (held.name.clone(), source.group_database_id.clone());
    if let Some(database) = engine_mut(estate, caller)?.database_mut(name) {
        database.group = Some(group);
        database.group_database_id = id;
        database.state = DatabaseState::Online;
        database.suspended = None;
        database.restore = None;
    }
    Ok(Outcome::default())
}

/// The version's compatibility levels: each version has a message of its own, with one more place than the last.
/// ASSUMED 111: 2025 still has that of 2022.
fn compatibility_levels(estate: &Estate, major: u8) -> SqlError {
    match major {
        17.. if estate.opposite(assumption::LEVELS_OF_2025) => {
            raise!(15048, 110, 120, 130, 140, 150, 160, 170)
        }
        0..=13 => raise!(33518, 100, 110, 120, 130),
        14 => raise!(33528, 100, 110, 120, 130, 140),
        15 => raise!(33599, 100, 110, 120, 130, 140, 150),
        _ => raise!(15048, 100, 110, 120, 130, 140, 150, 160),
    }
}

fn may_alter(engine: &SqlInstance, caller: &Caller, database: &Database) -> bool {
    permission::on_server(engine, &caller.login, &["ALTER ANY DATABASE"])
        || engine.same_name(&database.owner, &caller.login)
}
