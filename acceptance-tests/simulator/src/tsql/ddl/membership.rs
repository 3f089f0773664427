//! How databases enter and leave a local availability group.

use super::super::error::SqlError;
use super::refusal::{no_such_database, refuse};
use super::{Caller, Outcome, distributed, engine, engine_mut, group};
use crate::world::Estate;
use crate::world::database::DatabaseState;
use crate::world::instance::SqlInstance;

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
    let same = engine.comparing();
    let Some(found) = engine.groups.iter_mut().find(|one| same.equal(&one.name, group)) else {
        return Ok(Outcome::default());
    };
    for name in names {
        if !found.databases.iter().any(|one| same.equal(one, name)) {
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
    found.databases.retain(|one| !names.iter().any(|name| same.equal(one, name)));
    found.sequence += 1;
    for database in
        engine.databases.iter_mut().filter(|one| names.iter().any(|name| same.equal(&one.name, name)))
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
        let same = engine.comparing();
        let own = match engine.database_mut(name) {
            Some(database) => {
                database.group = Some(group.to_owned());
                database.group_database_id = Some(id);
                database.name.clone()
            }
            None => return Err(no_such_database(name)),
        };
        if let Some(found) = engine.groups.iter_mut().find(|one| same.equal(&one.name, group)) {
            found.databases.push(own);
            found.sequence += 1;
        }
    }
    Ok(())
}
