//! `CREATE`, `ALTER` and `DROP DATABASE`, and how a database enters and leaves a local availability group.

use super::super::ast::{AlterDatabase, HadrOption, Name, RecoveryModel, UserAccess};
use super::super::error::{SqlError, cannot_drop, not_modelled};
use super::refusal::{database_in_group, no_such_database, permission_denied, refuse};
use super::{Caller, Outcome, distributed, engine, engine_mut, group, permission};
use crate::world::Estate;
use crate::world::database::{Database, DatabaseState};
use crate::world::group::Role;
use crate::world::instance::SqlInstance;

/// `CREATE DATABASE`.
pub(super) fn create(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    if !permission::on_server(engine, &caller.login, &["CREATE ANY DATABASE", "ALTER ANY DATABASE"]) {
        return Err(permission_denied("CREATE DATABASE", "master"));
    }
    if engine.database(name).is_some() {
        let text = format!("Database '{name}' already exists. Choose a different database name.");
        return Err(SqlError::new(1801, 16, 3, text));
    }
    let database = Database {
        name: name.to_owned(),
        id: engine.databases.iter().map(|one| one.id).max().unwrap_or(4).max(4) + 1,
        state: DatabaseState::Online,
        recovery_model: 1,
        compatibility_level: engine.major.saturating_mul(10),
        collation: engine.collation.clone(),
        read_only: false,
        encrypted: engine.engine_edition() == 8,
        accelerated_recovery: engine.engine_edition() == 8,
        broker_enabled: true,
        auto_close: false,
        user_access: 0,
        size: 16 << 20,
        special_filegroups: Vec::new(),
        log_files: 1,
        owner: caller.login.clone(),
        created: estate.clock.now(),
        guid: String::new(),
        group_database_id: None,
        group: None,
        hardened_lsn: 0,
        backed_up_lsn: 0,
        activity: 0,
        log_used: 1.0,
        backups: Vec::new(),
        suspended: None,
        seeded_by: None,
    };
    let guid = estate.fresh_guid();
    let lsn = estate.next();
    let database = Database { guid, hardened_lsn: lsn, ..database };
    engine_mut(estate, caller)?.databases.push(database);
    Ok(Outcome::default())
}

/// `ALTER DATABASE`.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    change: &AlterDatabase,
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    let database = engine.database(name).filter(|database| may_alter(engine, caller, database));
    let database = database.ok_or_else(|| {
        let text = format!(
            "User does not have permission to alter database '{name}', the database does not exist, or the database is \
             not in a state that allows access checks."
        );
        SqlError::new(5011, 14, 5, text)
    })?;
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
        AlterDatabase::Rename(_) | AlterDatabase::Broker(_) => true,
        _ => false,
    };
    if grouped && refused_in_group {
        return Err(database_in_group(name));
    }
    if let AlterDatabase::Rename(to) = change
        && engine.database(&to.0).is_some()
    {
        let text = format!("The database name '{to}' already exists. Choose a different database name.");
        return Err(refuse(1801, text));
    }
    if let AlterDatabase::CompatibilityLevel(level) = change
        && !(100..=i64::from(engine.major) * 10).contains(level)
    {
        let text = "Valid values of the database compatibility level are those that this version documents.";
        return Err(refuse(15048, text));
    }
    if database_state != DatabaseState::Online && !matches!(change, AlterDatabase::Online(_)) {
        return Err(refuse(5052, "ALTER DATABASE is not permitted while a database is in this state."));
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
            let text = format!("Cannot drop the database '{name}' because it is a system database.");
            return Err(refuse(3708, text));
        }
        if !may_alter(here, caller, database) {
            return Err(cannot_drop("database", name));
        }
        if database.group.is_some() {
            return Err(refuse(
                3752,
                format!(
                    "The database '{name}' is currently joined to an availability group. Before you can drop the \
                     database, you need to remove it from the availability group."
                ),
            ));
        }
    }
    let engine = engine_mut(estate, caller)?;
    let same = group::SameName::of(engine);
    engine.databases.retain(|one| !names.iter().any(|name| same.is(&name.0, &one.name)));
    Ok(Outcome::default())
}

/// `ALTER AVAILABILITY GROUP … ADD DATABASE`.
pub(super) fn join_group(
    estate: &mut Estate,
    caller: &Caller,
    group: &str,
    names: &[&str],
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    if let Some(local) = here.group(group).filter(|local| distributed::receives(here, local)) {
        // Its databases come from the other side.
        return Err(group::not_primary(&local.name));
    }
    for name in names {
        may_join(here, group, name)?;
    }
    if here.group(group).is_some_and(|one| one.basic && one.databases.len() + names.len() > 1) {
        return Err(refuse(
            41199,
            "The specified command is invalid because a basic availability group holds one database.",
        ));
    }
    enter_group(estate, caller, group, names)?;
    Ok(Outcome::default())
}

/// `ALTER AVAILABILITY GROUP … REMOVE DATABASE`.
pub(super) fn leave_group(
    estate: &mut Estate,
    caller: &Caller,
    group: &str,
    names: &[&str],
) -> Result<Outcome, SqlError> {
    let engine = engine_mut(estate, caller)?;
    let same = group::SameName::of(engine);
    let Some(found) = engine.groups.iter_mut().find(|one| same.is(&one.name, group)) else {
        return Ok(Outcome::default());
    };
    for name in names {
        if !found.databases.iter().any(|one| same.is(one, name)) {
            return Err(refuse(
                35281,
                format!(
                    "Database '{name}' cannot be removed from availability group '{group}'. The database is not joined \
                     to the specified availability group. Verify that the database name and the availability group name \
                     are correct, then retry the operation."
                ),
            ));
        }
    }
    found.databases.retain(|one| !names.iter().any(|name| same.is(one, name)));
    found.sequence += 1;
    for database in
        engine.databases.iter_mut().filter(|one| names.iter().any(|name| same.is(&one.name, name)))
    {
        database.group = None;
        database.group_database_id = None;
        database.suspended = None;
    }
    Ok(Outcome::default())
}

/// Refuses a database that cannot become one of the group.
pub(super) fn may_join(engine: &SqlInstance, group: &str, name: &str) -> Result<(), SqlError> {
    let cannot = format!("Database '{name}' cannot be added to availability group '{group}'.");
    let Some(database) = engine.database(name) else {
        let text = format!(
            "{cannot} The database does not exist on this SQL Server instance. Verify that the database name is correct \
             and that the database exists, then retry the operation."
        );
        return Err(refuse(35238, text));
    };
    if database.id <= 4 {
        let text = format!(
            "An attempt to add or join a system database, '{name}', to an availability group failed. Specify only user \
             databases for this operation."
        );
        return Err(refuse(35249, text));
    }
    if let Some(current) = &database.group {
        return Err(if engine.same_name(current, group) {
            refuse(
                35280,
                format!("{cannot} The database is already joined to the specified availability group."),
            )
        } else {
            refuse(35244, format!("{cannot} The database is currently joined to another availability group."))
        });
    }
    let blocked = |why: &str| {
        format!(
            "Database \"{name}\" {why} which is incompatible with participating in database mirroring or in an \
             availability group."
        )
    };
    if database.state != DatabaseState::Online {
        // The number as the link's rules have it for a database that is not online.
        return Err(refuse(1467, blocked("is not online,")));
    }
    if database.recovery_model != 1 {
        let text = format!(
            "Database \"{name}\" is not in full recovery mode on each of the server instances. The full recovery model \
             is required for a database to participate in database mirroring or in an availability group."
        );
        return Err(refuse(1465, text));
    }
    if database.read_only {
        return Err(refuse(1466, blocked("is read-only on one of the server instances,")));
    }
    if database.auto_close {
        return Err(refuse(1469, blocked("is an auto-close database on one of the server instances,")));
    }
    if database.user_access == 1 {
        return Err(refuse(1488, blocked("database is in single user mode")));
    }
    // A copy-only backup begins no chain.
    if !database.backups.iter().any(|one| one.kind == 'D' && !one.copy_only) {
        let text = format!(
            "Database \"{name}\" might contain bulk logged changes that have not been backed up. Take a log backup on \
             the principal database or primary database. Then restore this backup either on the mirror database to \
             enable database mirroring or on every secondary database to enable you to join it to the availability \
             group."
        );
        return Err(refuse(1475, text));
    }
    Ok(())
}

/// Makes databases part of a local group that lists this engine as primary; [`may_join`] has been asked.
pub(super) fn enter_group(
    estate: &mut Estate,
    caller: &Caller,
    group: &str,
    names: &[&str],
) -> Result<(), SqlError> {
    for name in names {
        let id = estate.fresh_guid();
        let engine = engine_mut(estate, caller)?;
        let same = group::SameName::of(engine);
        let own = match engine.database_mut(name) {
            Some(database) => {
                database.group = Some(group.to_owned());
                database.group_database_id = Some(id);
                database.name.clone()
            }
            None => return Err(no_such_database(name)),
        };
        if let Some(found) = engine.groups.iter_mut().find(|one| same.is(&one.name, group)) {
            found.databases.push(own);
            found.sequence += 1;
        }
    }
    Ok(())
}

/// `ALTER DATABASE … SET HADR …`.
fn hadr(estate: &mut Estate, caller: &Caller, name: &str, option: &HadrOption) -> Result<Outcome, SqlError> {
    let engine = engine_mut(estate, caller)?;
    let Some(database) = engine.database(name) else { return Err(no_such_database(name)) };
    let joined = database.group.clone();
    let role = |group: &str| engine.group(group).map(|one| one.role);
    let on_primary = |group: &str| {
        refuse(
            35240,
            format!(
                "Database '{name}' cannot be joined to or unjoined from availability group '{group}'. This operation is \
                 not supported on the primary replica of the availability group."
            ),
        )
    };
    let change: fn(&mut Database) = match (option, joined) {
        (HadrOption::Group(group), _) if role(&group.0) == Some(Role::Primary) => {
            return Err(on_primary(&group.0));
        }
        (HadrOption::Group(group), Some(current)) if current.eq_ignore_ascii_case(&group.0) => {
            let text = format!(
                "Cannot join database '{name}' to availability group '{group}'. The database has already joined the \
                 availability group."
            );
            return Ok(Outcome::message(41145, text));
        }
        (HadrOption::Group(_), _) => {
            return Err(not_modelled("databases joined by hand on a local secondary"));
        }
        (HadrOption::Off, Some(group)) if role(&group) == Some(Role::Primary) => {
            return Err(on_primary(&group));
        }
        // ASSUMED number: what is refused is certain.
        (_, None) => {
            let text = format!(
                "The operation cannot be performed since database '{name}' is not in an availability group."
            );
            return Err(refuse(41190, text));
        }
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

fn may_alter(engine: &SqlInstance, caller: &Caller, database: &Database) -> bool {
    permission::on_server(engine, &caller.login, &["ALTER ANY DATABASE"])
        || database.owner.eq_ignore_ascii_case(&caller.login)
}
