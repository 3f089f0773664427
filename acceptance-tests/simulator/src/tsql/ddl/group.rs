//! `CREATE`, `ALTER` and `DROP AVAILABILITY GROUP`: what local and distributed groups share.

use super::super::ast::{AlterAvailabilityGroup, CreateAvailabilityGroup, GroupForm};
use super::super::error::{SqlError, not_modelled, raise};
use super::refusal::{no_permission, not_found, permission_denied};
use super::{
    Caller, Outcome, distributed, engine, engine_mut, in_master, limits, local, managed, membership,
    permission,
};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::database::DatabaseState;
use crate::world::group::{AvailabilityGroup, Role};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::security::Securable;

/// What messages call the statement.
pub(super) const ALTER: &str = "ALTER AVAILABILITY GROUP";

/// `CREATE AVAILABILITY GROUP`, local or distributed.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateAvailabilityGroup,
) -> Result<Outcome, SqlError> {
    let engine = ready(estate, caller)?;
    managed::refuse(engine, "CREATE AVAILABILITY GROUP")?;
    let rights = ["CREATE AVAILABILITY GROUP", "ALTER ANY AVAILABILITY GROUP"];
    if !permission::on_server(engine, &caller.login, &rights) {
        // ASSUMED 29: documented is which permissions suffice, not the number without them.
        return Err(if estate.opposite(assumption::REFUSAL_NUMBERS) {
            permission_denied("CREATE AVAILABILITY GROUP", "master")
        } else {
            no_permission()
        });
    }
    let name = statement.name.0.as_str();
    match &statement.form {
        GroupForm::Distributed { members } => {
            distributed::create(estate, caller, name, &statement.options, members)
        }
        GroupForm::Local { .. } if statement.options.distributed => {
            Err(not_modelled("DISTRIBUTED without members"))
        }
        GroupForm::Local { databases, replicas, listener } => {
            let databases: Vec<&str> = databases.iter().map(|name| name.0.as_str()).collect();
            local::create_local(
                estate,
                caller,
                name,
                &statement.options,
                &databases,
                replicas,
                listener.as_ref(),
            )
        }
    }
}

/// `ALTER AVAILABILITY GROUP`.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    change: &AlterAvailabilityGroup,
) -> Result<Outcome, SqlError> {
    use AlterAvailabilityGroup as Change;
    let engine = ready(estate, caller)?;
    managed::alter_group(engine, change)?;
    match change {
        Change::JoinDistributed(members) => return distributed::join(estate, caller, name, members),
        Change::Join { cluster_type } => return local::join_local(estate, caller, name, *cluster_type),
        Change::ModifyDistributed(_) if engine.group(name).is_none() => {
            return Err(distributed::missing(name));
        }
        _ => {}
    }
    let group = visible(engine, caller, "alter", name)?;
    let primary = group.role == Role::Primary;
    let local_only = !matches!(
        change,
        Change::ModifyDistributed(_)
            | Change::Failover
            | Change::ForceFailover
            | Change::SetRoleSecondary
            | Change::Set(_)
    );
    if group.distributed && local_only {
        // 41190 (ASSUMED 29): refused for certain, the number is in no source.
        return Err(if estate.opposite(assumption::REFUSAL_NUMBERS) {
            not_found("alter", "availability group", name)
        } else {
            raise!(41190, name, "ALTER", "AVAILABILITY GROUP")
        });
    }
    let anywhere = matches!(
        change,
        Change::ModifyDistributed(_)
            | Change::Failover
            | Change::ForceFailover
            | Change::SetRoleSecondary
            | Change::GrantCreateAnyDatabase
            | Change::DenyCreateAnyDatabase
    );
    // ASSUMED 138: nor is a distributed group altered where the local group is secondary.
    let elsewhere = distributed::below_elsewhere(engine, group);
    if elsewhere.is_some() && estate.opposite(assumption::STATEMENTS_ON_SECONDARIES) {
        return Err(not_found("alter", "availability group", name));
    }
    if (!primary && !anywhere) || elsewhere.is_some() {
        return Err(not_primary(elsewhere.map_or(name, |local| &local.name)));
    }
    let distributed = group.distributed;
    match change {
        Change::ModifyDistributed(members) => distributed::modify(estate, caller, name, members),
        Change::Failover if distributed => distributed::fail_over(estate, caller, name),
        Change::ForceFailover if distributed => distributed::force(estate, caller, name),
        Change::Failover | Change::ForceFailover => {
            local::fail_over(estate, caller, name, matches!(change, Change::ForceFailover))
        }
        Change::SetRoleSecondary if distributed => distributed::demote(estate, caller, name),
        Change::SetRoleSecondary => local::demote(estate, caller, name),
        Change::Set(options) => edit(estate, caller, name, |group, _| {
            limits::options(name, options)?;
            local::apply(group, options);
            limits::commit(ALTER, group)?;
            Ok(Outcome::default())
        }),
        Change::GrantCreateAnyDatabase | Change::DenyCreateAnyDatabase => {
            edit(estate, caller, name, |group, _| {
                group.create_any_database = matches!(change, Change::GrantCreateAnyDatabase);
                group.grantor = group.create_any_database.then(|| caller.login.clone());
                Ok(Outcome::default())
            })
        }
        Change::AddDatabases(names) => {
            let names: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
            membership::join_group(estate, caller, name, &names)
        }
        Change::RemoveDatabases(names) => {
            let names: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
            membership::leave_group(estate, caller, name, &names)
        }
        Change::AddReplicas(options) => local::add_replicas(estate, caller, name, options),
        Change::ModifyReplicas(options) => local::modify_replicas(estate, caller, name, options),
        Change::RemoveReplicas(names) => local::remove_replicas(estate, caller, name, names),
        Change::AddListener(listener) => local::add_listener(estate, caller, name, listener),
        Change::RemoveListener(dns) => edit(estate, caller, name, |group, _| {
            local::require_listener(group, dns)?;
            group.listener = None;
            Ok(Outcome::default())
        }),
        Change::RestartListener(dns) => edit(estate, caller, name, |group, _| {
            local::require_listener(group, dns)?;
            Ok(Outcome::default())
        }),
        Change::ModifyListener { dns_name, port, add_ip } => {
            local::modify_listener(estate, caller, name, dns_name, *port, add_ip.as_ref())
        }
        Change::Offline => local::take_offline(estate, caller, name),
        Change::Join { .. } | Change::JoinDistributed(_) => Ok(Outcome::default()),
    }
}

/// `DROP AVAILABILITY GROUP`.
///
/// Databases of a primary stay in use; those of a secondary stay in RESTORING. In a Windows cluster the group ends on all
/// nodes, and dropped on a secondary it leaves the primary's databases in RESTORING too; without one it ends here alone.
/// Dropping a distributed group leaves the local group and its membership alone. ["DROP AVAILABILITY GROUP", 2025]
pub(super) fn drop(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = ready(estate, caller)?;
    managed::refuse(engine, "DROP AVAILABILITY GROUP")?;
    let group = visible(engine, caller, "drop", name)?.clone();
    if distributed::below_elsewhere(engine, &group).is_some() {
        // ASSUMED 138.
        let unknown = estate.opposite(assumption::STATEMENTS_ON_SECONDARIES);
        return Err(if unknown { not_found("drop", "availability group", name) } else { raise!(35251) });
    }
    // A local group below a distributed one that receives from the other side holds no copies of its own either.
    let receives = group.role != Role::Primary || distributed::receives(engine, &group);
    let here = engine.key();
    let engine = engine_mut(estate, caller)?;
    let collation = engine.comparing();
    if group.distributed {
        let below: Vec<String> =
            distributed::local_member(engine, &group).map(|one| one.databases.clone()).unwrap_or_default();
        if group.role == Role::Secondary {
            for database in engine
                .databases
                .iter_mut()
                .filter(|one| below.iter().any(|name| collation.equal(name, &one.name)))
            {
                database.state = DatabaseState::Restoring;
            }
        }
        engine.groups.retain(|one| one.id != group.id);
    } else {
        engine.leave_group(&group.id, receives);
    }
    engine
        .permissions
        .retain(|one| !matches!(&one.securable, Securable::Group(of) if collation.equal(of, name)));
    if !group.distributed && group.cluster_type == WSFC {
        estate.end_in_cluster(&group.id, &here);
    }
    Ok(Outcome::default())
}

/// `cluster_type` of a group in a Windows cluster.
const WSFC: u8 = 0;

/// The engine, where group DDL is possible at all: in `master` (35208), with the feature on (35221, 47105).
pub(super) fn ready<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if !in_master(caller) {
        return Err(raise!(35208));
    }
    if !engine.hadr_enabled {
        // ASSUMED 119: the text of 35221 sends one to the Configuration Manager, which Linux has not.
        let own = engine.linux && !estate.opposite(assumption::HADR_OFF_ON_LINUX);
        return Err(if own { raise!(47105) } else { raise!(35221) });
    }
    if engine.edition == Edition::Express {
        return Err(raise!(41199, ""));
    }
    Ok(engine)
}

/// The group, where the caller may alter it.
pub(super) fn visible<'a>(
    engine: &'a SqlInstance,
    caller: &Caller,
    verb: &str,
    name: &str,
) -> Result<&'a AvailabilityGroup, SqlError> {
    let missing = || not_found(verb, "availability group", name);
    let group = engine.group(name).ok_or_else(missing)?;
    let rights = ["ALTER ANY AVAILABILITY GROUP"];
    let securable = Securable::Group(group.name.clone());
    if permission::on_object(engine, &caller.login, &rights, &securable, &["ALTER"]) {
        Ok(group)
    } else {
        Err(missing())
    }
}

/// 41140.
pub(super) fn not_primary(name: &str) -> SqlError {
    raise!(41140, name)
}

/// Changes one group; nothing stays changed where `act` refuses.
pub(super) fn edit(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    act: impl FnOnce(&mut AvailabilityGroup, &dyn Fn(&str, &str) -> bool) -> Result<Outcome, SqlError>,
) -> Result<Outcome, SqlError> {
    let engine = engine_mut(estate, caller)?;
    let same = engine.comparing();
    let Some(group) = engine.groups.iter_mut().find(|one| same.equal(&one.name, name)) else {
        return Err(not_found("alter", "availability group", name));
    };
    let mut changed = group.clone();
    let outcome = act(&mut changed, &|one, other| same.equal(one, other))?;
    if changed != *group {
        changed.sequence += 1;
        *group = changed;
    }
    Ok(outcome)
}

/// 41185, information only.
pub(super) fn unchanged(name: &str) -> Outcome {
    Outcome::message(raise!(41185, name))
}
