//! How databases enter and leave a local availability group.

use super::super::error::{SqlError, raise};
use super::refusal::no_such_database;
use super::{Caller, Outcome, distributed, engine, engine_mut, group, procedure};
use crate::world::backups::BackupRecord;
use crate::world::database::DatabaseState;
use crate::world::instance::SqlInstance;
use crate::world::{Estate, assumption};

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
    if let Some(found) = here.group(group).filter(|one| one.basic) {
        let room = 1_usize.saturating_sub(found.databases.len());
        if let Some(name) = names.get(room) {
            return Err(raise!(35200, name, group, 1));
        }
    }
    if let Some(local) = here.group(group)
        && let Some(link) = here
            .groups
            .iter()
            .find(|one| distributed::is_of_link(one) && distributed::has_member(here, one, &local.name))
        && local.databases.len() + names.len() > 1
        && !procedure::links_hold_several(here)
    {
        // ASSUMED 116.
        return Err(if estate.opposite(assumption::SECOND_DATABASE) {
            raise!(47503, local.name, link.name)
        } else {
            raise!(41429)
        });
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
    // ASSUMED 98. Links of several databases take them out one side after the other. ["Extend an availability group to a
    // managed instance", 2026]
    let kept = !estate.opposite(assumption::KEPT_DATABASE);
    let engine = engine_mut(estate, caller)?;
    let kept = kept
        && !procedure::links_hold_several(engine)
        && engine
            .groups
            .iter()
            .any(|one| distributed::is_of_link(one) && distributed::has_member(engine, one, group));
    let same = engine.comparing();
    let Some(found) = engine.groups.iter_mut().find(|one| same.equal(&one.name, group)) else {
        return Ok(Outcome::default());
    };
    for name in names {
        if !found.databases.iter().any(|one| same.equal(one, name)) {
            return Err(raise!(35281, name, group));
        }
    }
    if kept {
        return Err(raise!(47520));
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
    let Some(database) = engine.database(name) else {
        return Err(raise!(35238, name, group));
    };
    if database.id <= 4 {
        return Err(raise!(35249, name));
    }
    if let Some(current) = &database.group {
        let same = engine.same_name(current, group);
        return Err(if same { raise!(35280, name, group) } else { raise!(35244, name, group) });
    }
    if database.state != DatabaseState::Online {
        // The number as the link's rules have it for a database that is not online.
        return Err(raise!(1467, name));
    }
    if database.recovery_model != 1 {
        return Err(raise!(1465, name));
    }
    if database.read_only {
        return Err(raise!(1466, name));
    }
    if database.auto_close {
        return Err(raise!(1469, name));
    }
    if database.user_access == 1 {
        return Err(raise!(1488, name));
    }
    // A copy-only backup begins no chain.
    if !database.backups.iter().any(BackupRecord::is_base) {
        return Err(raise!(1475, name));
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
