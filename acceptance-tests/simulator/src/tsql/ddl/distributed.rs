//! Distributed availability groups: the SQL Server half of a link.
//!
//! Only the moment of the statement: a new group is disconnected, and what becomes of it is the world's replication.

use super::super::ast::{AvailabilityMode, GroupOptions, ReplicaOptions, SeedingMode};
use super::super::error::{SqlError, raise};
use super::refusal::not_found;
use super::{Caller, Outcome, engine, engine_mut, group, permission, procedure, replica};
use crate::world::build::Capability;
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::instance::{EngineKey, SqlInstance};
use crate::world::log::Replication;
use crate::world::managed::LinkPhase;
use crate::world::{Estate, assumption};

/// `CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED) AVAILABILITY GROUP ON …`.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    options: &GroupOptions,
    members: &[ReplicaOptions],
) -> Result<Outcome, SqlError> {
    if !options.distributed {
        return Err(raise!(19498));
    }
    if *options != (GroupOptions { distributed: true, ..GroupOptions::default() }) {
        return Err(raise!(19497));
    }
    let local = check(engine(estate, caller)?, name, members)?.clone();
    if local.role != Role::Primary {
        return Err(group::not_primary(&local.name));
    }
    if !estate.opposite(assumption::LATE_LINK_CHECKS) {
        may_be_link(engine(estate, caller)?, name, &local, members)?;
    }
    add(estate, caller, name, members, Role::Primary)
}

/// `ALTER AVAILABILITY GROUP … JOIN AVAILABILITY GROUP ON …`: this side becomes the secondary. It runs before the
/// other side exists too.
pub(super) fn join(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    members: &[ReplicaOptions],
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    if !permission::on_server(engine, &caller.login, &["ALTER ANY AVAILABILITY GROUP"]) {
        return Err(not_found("alter", "availability group", name));
    }
    // ASSUMED 99.
    if engine.group(name).is_some_and(|one| one.distributed) && !estate.opposite(assumption::JOIN_AGAIN) {
        return Err(raise!(19502, name));
    }
    let local = check(engine, name, members)?;
    if !local.databases.is_empty() {
        return Err(raise!(19511, name, local.name));
    }
    let automatic = |one: &ReplicaOptions| one.seeding_mode == Some(SeedingMode::Automatic);
    if !local.create_any_database && members.iter().any(automatic) {
        return Err(raise!(19506, local.name));
    }
    add(estate, caller, name, members, Role::Secondary)
}

/// `ALTER AVAILABILITY GROUP … MODIFY AVAILABILITY GROUP ON …`, on either side.
pub(super) fn modify(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    members: &[ReplicaOptions],
) -> Result<Outcome, SqlError> {
    if fails_over(estate, name) && members.iter().any(|one| one.availability_mode.is_some()) {
        return Err(raise!(47512, "AVAILABILITY_MODE"));
    }
    let now = estate.clock.now();
    let build = engine(estate, caller)?.build;
    group::edit(estate, caller, name, |group, same| {
        if !group.distributed {
            return Err(only_distributed(name));
        }
        let mut changed = false;
        for options in members {
            replica::check_member(build, options)?;
            let member = group.replicas.iter_mut().find(|one| same(&one.server_name, &options.name));
            let member = member.ok_or_else(|| raise!(19508, options.name, name))?;
            if replica::modify(member, options) {
                member.modified = now;
                changed = true;
            }
        }
        Ok(if changed { Outcome::default() } else { group::unchanged(name) })
    })
}

/// `FAILOVER`: planned, from the primary, from 2022 CU13 on. The roles change at both ends; the other side must be
/// connected (35250) and synchronized (41142).
pub(super) fn fail_over(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    // DAGDOC: failing over a distributed group takes sysadmin.
    let group = group::visible(engine, caller, "alter", name)?;
    if !permission::sysadmin(engine, &caller.login) {
        return Err(not_found("alter", "availability group", name));
    }
    if !engine.has(Capability::PlannedFailover) {
        return Err(raise!(19504, name));
    }
    if fails_over(estate, name) {
        return Err(raise!(47513));
    }
    if group.role != Role::Primary {
        return Err(raise!(41195, name));
    }
    if !group.link.connected {
        return Err(raise!(35250));
    }
    if group.link.health != 2 {
        return Err(raise!(41142, name));
    }
    if !estate.opposite(assumption::LATE_FAILOVER) {
        may_catch_up(estate, name)?;
    }
    let group = group.clone();
    let partner = partner(estate, caller, &group).map(SqlInstance::key);
    estate.drain(name);
    set_role(estate, &caller.engine, name, Role::Secondary);
    if let Some(partner) = partner {
        set_role(estate, &partner, name, Role::Primary);
    }
    Ok(Outcome::default())
}

/// Seconds in which a secondary has to have caught up in a planned failover.
const PATIENCE: u64 = 300;

/// 47515 and 47516: a planned failover times out where the secondary is too far behind. ["Troubleshoot a link", 2026]
/// ASSUMED 101: it says so at once, and the limit.
fn may_catch_up(estate: &Estate, name: &str) -> Result<(), SqlError> {
    let mut links = estate.managed_instances.iter().flat_map(|managed| &managed.links);
    let Some(link) = links.find(|link| link.name.eq_ignore_ascii_case(name)) else { return Ok(()) };
    let late =
        |lag: fn(&Replication) -> u64| link.databases.iter().any(|one| lag(&one.replication) > PATIENCE);
    if late(|one| one.send_lag) {
        return Err(raise!(47515));
    }
    if late(|one| one.lag) {
        return Err(raise!(47516));
    }
    Ok(())
}

/// Whether Azure is failing a link over.
fn fails_over(estate: &Estate, name: &str) -> bool {
    let mut links = estate.managed_instances.iter().flat_map(|managed| &managed.links);
    links.any(|link| link.phase == LinkPhase::FailingOver && link.name.eq_ignore_ascii_case(name))
}

/// `FORCE_FAILOVER_ALLOW_DATA_LOSS`: this side becomes the primary; the other one is not asked.
pub(super) fn force(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    let group = group::visible(engine, caller, "alter", name)?;
    if !permission::sysadmin(engine, &caller.login) {
        return Err(not_found("alter", "availability group", name));
    }
    if group.role == Role::Primary {
        return Err(already_primary(name));
    }
    set_role(estate, &caller.engine, name, Role::Primary);
    Ok(Outcome::default())
}

/// `SET (ROLE = SECONDARY)`: this side gives the primary role away and nobody takes it. It is how a split brain is
/// ended, on either side; what was committed here since is thrown away. ["Troubleshoot a link", 2026]
pub(super) fn demote(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    group::visible(engine, caller, "alter", name)?;
    set_role(estate, &caller.engine, name, Role::Secondary);
    Ok(Outcome::default())
}

/// Whether a distributed group is over a local group that is primary on another node: its statements belong there.
pub(super) fn below_elsewhere<'a>(
    engine: &'a SqlInstance,
    group: &AvailabilityGroup,
) -> Option<&'a AvailabilityGroup> {
    local_member(engine, group).filter(|local| group.distributed && local.role != Role::Primary)
}

/// 19512.
pub(super) fn only_distributed(name: &str) -> SqlError {
    raise!(19512, name)
}

/// 19510.
pub(super) fn missing(name: &str) -> SqlError {
    raise!(19510, name)
}

/// 41122.
pub(super) fn already_primary(name: &str) -> SqlError {
    raise!(41122, name)
}

/// The local group below a distributed one.
pub(super) fn local_member<'a>(
    engine: &'a SqlInstance,
    group: &AvailabilityGroup,
) -> Option<&'a AvailabilityGroup> {
    let local = |name: &str| engine.group(name).filter(|one| !one.distributed);
    group.replicas.iter().find_map(|member| local(&member.server_name))
}

/// Whether a local group receives its databases through a distributed one.
pub(super) fn receives(engine: &SqlInstance, local: &AvailabilityGroup) -> bool {
    !local.distributed
        && engine.groups.iter().any(|group| {
            group.distributed && group.role == Role::Secondary && has_member(engine, group, &local.name)
        })
}

/// What is checked alike when a distributed group is created and when it is joined; the local member.
fn check<'a>(
    engine: &'a SqlInstance,
    name: &str,
    members: &[ReplicaOptions],
) -> Result<&'a AvailabilityGroup, SqlError> {
    if engine.group(name).is_some() {
        return Err(raise!(19509, name));
    }
    for member in members {
        replica::check_member(engine.build, member)?;
    }
    let local = members.iter().find_map(|member| engine.group(&member.name).filter(|one| !one.distributed));
    let Some(local) = local else {
        return Err(raise!(19501));
    };
    if local.contained {
        return Err(raise!(47129, name));
    }
    if local.basic {
        return Err(raise!(19513, local.name));
    }
    for other in engine.groups.iter().filter(|one| one.distributed && has_member(engine, one, &local.name)) {
        if other.role == Role::Secondary {
            return Err(raise!(19503, local.name));
        }
        if members.iter().all(|member| has_member(engine, other, &member.name)) {
            return Err(raise!(19507, local.name));
        }
    }
    Ok(local)
}

pub(super) fn has_member(engine: &SqlInstance, group: &AvailabilityGroup, name: &str) -> bool {
    group.replicas.iter().any(|member| engine.same_name(&member.server_name, name))
}

fn add(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    members: &[ReplicaOptions],
    role: Role,
) -> Result<Outcome, SqlError> {
    let mut replicas: Vec<Replica> = Vec::new();
    for member in members {
        replicas.push(replica::member(estate, member));
    }
    let mut group = AvailabilityGroup::blank(estate, name);
    group.distributed = true;
    group.role = role;
    group.replicas = replicas;
    engine_mut(estate, caller)?.groups.push(group);
    Ok(Outcome::default())
}

/// Whether a distributed group is one half of a link: a member's URL names an instance.
pub(super) fn is_of_link(group: &AvailabilityGroup) -> bool {
    group.distributed && group.replicas.iter().any(|member| names_instance(&member.url))
}

fn names_instance(url: &str) -> bool {
    url.to_ascii_lowercase().contains(";server=")
}

/// What a group over an instance must be like: the error table of SQL Server 2022, 47500 to 47502 and 47519. ASSUMED 117:
/// the statement is refused, not the link.
fn may_be_link(
    engine: &SqlInstance,
    name: &str,
    local: &AvailabilityGroup,
    members: &[ReplicaOptions],
) -> Result<(), SqlError> {
    let instance = |member: &&ReplicaOptions| member.url.as_deref().is_some_and(names_instance);
    let Some(secondary) = members.iter().find(instance) else { return Ok(()) };
    if secondary.seeding_mode == Some(SeedingMode::Manual) {
        Err(raise!(47500, secondary.name))
    } else if secondary.availability_mode == Some(AvailabilityMode::Synchronous) {
        Err(raise!(47501, secondary.name))
    } else if local.databases.is_empty() {
        Err(raise!(47519, name, local.name))
    } else if local.databases.len() > 1 && !procedure::links_hold_several(engine) {
        Err(raise!(47502, name, local.name))
    } else {
        Ok(())
    }
}

/// The engine at the other end: where a member's URL leads that is not this one.
fn partner<'a>(estate: &'a Estate, caller: &Caller, group: &AvailabilityGroup) -> Option<&'a SqlInstance> {
    group.replicas.iter().find_map(|member| {
        let (host, port, _) = replica::address(&member.url)?;
        estate
            .engine_behind(host, port)
            .filter(|engine| !engine.is(&caller.engine) && engine.group(&group.name).is_some())
    })
}

/// Gives one side of a distributed group its role, on a managed instance in the service's books as well.
fn set_role(estate: &mut Estate, key: &EngineKey, name: &str, role: Role) {
    for managed in estate.managed_instances.iter_mut().filter(|one| one.engine.is(key)) {
        for link in managed.links.iter_mut().filter(|link| link.name.eq_ignore_ascii_case(name)) {
            link.instance_is_primary = role == Role::Primary;
        }
    }
    if let Some(engine) = estate.engine_mut(key) {
        let same = engine.comparing();
        engine.groups.iter_mut().filter(|one| same.equal(&one.name, name)).for_each(|one| one.role = role);
    }
}
