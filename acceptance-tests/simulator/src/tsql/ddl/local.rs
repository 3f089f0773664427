//! Local availability groups: how they are made and joined, their replicas, options and listener.

use super::super::ast::{self, BackupPreference, ClusterType, FailoverMode, GroupOptions, ReplicaOptions};
use super::super::error::SqlError;
use super::group::{blank, edit, unchanged, visible};
use super::refusal::{not_found, refuse};
use super::{Caller, Outcome, distributed, engine, engine_mut, membership, permission, replica};
use crate::world::Estate;
use crate::world::group::{AvailabilityGroup, Listener, Role};

pub(super) fn create_local(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    options: &GroupOptions,
    databases: &[&str],
    replicas: &[ReplicaOptions],
    listener: Option<&ast::Listener>,
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    let cluster_type = options.cluster_type.unwrap_or(ClusterType::Wsfc);
    if cluster_type == ClusterType::Wsfc && engine.cluster.is_none() {
        return Err(refuse(
            35220,
            "Could not process the operation. Always On Availability Groups replica manager is waiting for the host \
             computer to start a Windows Server Failover Clustering (WSFC) cluster and join it. Either the local \
             computer is not a cluster node, or the local cluster node is not online.",
        ));
    }
    if engine.group(name).is_some() {
        let text = format!(
            "Cannot create an availability group named '{name}' because it already exists in a system table."
        );
        return Err(refuse(41114, text));
    }
    if !replicas.iter().any(|one| engine.same_name(&one.name, &engine.server_name())) {
        return Err(refuse(
            35237,
            format!(
                "None of the specified replicas for availability group {name} maps to the instance of SQL Server to \
                 which you are connected. Reenter the command, specifying this server instance to host one of the \
                 replicas. This replica will be the initial primary replica."
            ),
        ));
    }
    check_failover_modes(name, cluster_type, replicas)?;
    if engine.endpoint.is_none() {
        // ASSUMED 29: documented is that there must be an endpoint, not when its absence is noticed.
        return Err(refuse(1486, "Database Mirroring Transport is disabled in the endpoint configuration."));
    }
    if options.basic && databases.len() > 1 {
        // ASSUMED 29: the limit of a basic group is documented, the number is not.
        return Err(refuse(
            41199,
            "The specified command is invalid because a basic availability group holds one database.",
        ));
    }
    for database in databases {
        membership::may_join(engine, name, database)?;
    }
    let mut members = Vec::new();
    for options in replicas {
        members.push(replica::local(estate, options)?);
    }
    let mut group = blank(estate, name);
    apply(&mut group, options);
    group.cluster_type = match cluster_type {
        ClusterType::Wsfc => 0,
        ClusterType::External => 1,
        ClusterType::None => 2,
    };
    group.basic = options.basic;
    group.contained = options.contained;
    group.replicas = members;
    group.listener = listener.map(|listener| listening(estate, listener));
    engine_mut(estate, caller)?.groups.push(group);
    membership::enter_group(estate, caller, name, databases)?;
    Ok(Outcome::default())
}

/// `JOIN` of a secondary: copies the group from the replica that is primary.
pub(super) fn join_local(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    cluster: Option<ClusterType>,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    if !permission::on_server(here, &caller.login, &["ALTER ANY AVAILABILITY GROUP"]) {
        return Err(not_found("alter", "availability group", name));
    }
    if here.group(name).is_some() {
        return Err(refuse(
            41106,
            format!(
                "Cannot create an availability replica for availability group '{name}'. An availability replica of the \
                 specified availability group already exists on this instance of SQL Server. Verify that the specified \
                 availability group name is correct and unique, then retry the operation."
            ),
        ));
    }
    let mine = here.server_name();
    let listed = |group: &&AvailabilityGroup| {
        group.role == Role::Primary
            && group.replicas.iter().any(|one| here.same_name(&one.server_name, &mine))
    };
    let found = estate.engines().filter(|other| other.key() != here.key());
    let Some(group) = found.filter_map(|other| other.group(name).filter(listed)).next().cloned() else {
        let text = format!("Cannot join availability group '{name}'. Download configuration timeout.");
        return Err(refuse(47106, text));
    };
    let cluster = match cluster.unwrap_or(ClusterType::Wsfc) {
        ClusterType::Wsfc => 0,
        ClusterType::External => 1,
        ClusterType::None => 2,
    };
    if cluster != group.cluster_type {
        let text = format!(
            "The cluster type of availability group '{name}' doesn't match its primary configuration."
        );
        return Err(refuse(47100, text));
    }
    let joined = AvailabilityGroup {
        role: Role::Secondary,
        databases: Vec::new(),
        create_any_database: false,
        ..group
    };
    engine_mut(estate, caller)?.groups.push(joined);
    Ok(Outcome::default())
}

pub(super) fn fail_over(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    forced: bool,
) -> Result<Outcome, SqlError> {
    let group = visible(engine(estate, caller)?, caller, "alter", name)?;
    if group.role == Role::Primary {
        return Err(distributed::already_primary(name));
    }
    if !forced && group.cluster_type == 2 {
        return Err(refuse(
            47122,
            format!(
                "Cannot failover an availability replica for availability group '{name}' since it has CLUSTER_TYPE = \
                 NONE. Only force failover is supported in this version of SQL Server."
            ),
        ));
    }
    let here = caller.engine.clone();
    let others = estate.sql_servers.iter_mut().filter(|other| !forced && !other.is(&here));
    for group in others.flat_map(|other| other.groups.iter_mut()).filter(|one| one.name == name) {
        group.role = Role::Secondary;
    }
    edit(estate, caller, name, |group, _| {
        group.role = Role::Primary;
        Ok(Outcome::default())
    })
}

pub(super) fn add_replicas(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    options: &[ReplicaOptions],
) -> Result<Outcome, SqlError> {
    let mut added = Vec::new();
    for options in options {
        added.push(replica::local(estate, options)?);
    }
    edit(estate, caller, name, |group, _| {
        if group.replicas.len() + added.len() > 9 {
            let text = format!(
                "Cannot add {} availability replica(s) to availability group '{name}'. The availability group already \
                 contains {} replica(s), and the maximum number of replicas supported in an availability group is 9.",
                added.len(),
                group.replicas.len()
            );
            return Err(refuse(35223, text));
        }
        group.replicas.extend(added);
        Ok(Outcome::default())
    })
}

pub(super) fn modify_replicas(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    options: &[ReplicaOptions],
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    edit(estate, caller, name, |group, same| {
        let mut changed = false;
        for options in options {
            if let Some(url) = &options.url {
                replica::endpoint_url(url)?;
            }
            let found = group.replicas.iter_mut().find(|one| same(&one.server_name, &options.name));
            let found = found.ok_or_else(|| no_such_replica(&options.name, name))?;
            if replica::modify(found, options) {
                found.modified = now;
                changed = true;
            }
        }
        Ok(if changed { Outcome::default() } else { unchanged(name) })
    })
}

pub(super) fn add_listener(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    listener: &ast::Listener,
) -> Result<Outcome, SqlError> {
    let listener = listening(estate, listener);
    edit(estate, caller, name, |group, _| {
        if group.listener.is_some() {
            let text =
                format!("The availability group '{name}' already has a listener; it can have only one.");
            return Err(refuse(19477, text));
        }
        group.listener = Some(listener);
        Ok(Outcome::default())
    })
}

pub(super) fn require_listener(group: &AvailabilityGroup, dns: &str) -> Result<(), SqlError> {
    match &group.listener {
        Some(listener) if listener.dns_name.eq_ignore_ascii_case(dns) => Ok(()),
        // ASSUMED 29: the number.
        _ => Err(refuse(19458, format!("The availability group '{}' has no listener '{dns}'.", group.name))),
    }
}

/// Like 41100 (ASSUMED 29): no source names the number for a replica that is not in the group.
pub(super) fn no_such_replica(replica: &str, group: &str) -> SqlError {
    refuse(
        41100,
        format!(
            "The availability group '{group}' and/or its availability replica '{replica}' does not exist."
        ),
    )
}

/// Applies the options that `CREATE` and `SET` share.
pub(super) fn apply(group: &mut AvailabilityGroup, options: &GroupOptions) {
    if let Some(preference) = options.backup_preference {
        group.backup_preference = match preference {
            BackupPreference::Primary => 0,
            BackupPreference::SecondaryOnly => 1,
            BackupPreference::Secondary => 2,
            BackupPreference::None => 3,
        };
    }
    if let Some(level) = options.failure_condition_level {
        group.failure_condition_level = clamp(level);
    }
    if let Some(milliseconds) = options.health_check_timeout {
        group.health_check_timeout = clamp(milliseconds);
    }
    group.db_failover = options.db_failover.unwrap_or(group.db_failover);
    group.dtc_support = options.dtc_support.unwrap_or(group.dtc_support);
    if let Some(count) = options.required_synchronized_secondaries {
        group.required_synchronized_secondaries = clamp(count);
    }
}

pub(super) fn clamp(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// 47101 to 47103: which failover modes go with which cluster.
fn check_failover_modes(
    name: &str,
    cluster: ClusterType,
    replicas: &[ReplicaOptions],
) -> Result<(), SqlError> {
    for mode in replicas.iter().filter_map(|one| one.failover_mode) {
        let (number, supported) = match (cluster, mode) {
            (ClusterType::None, FailoverMode::Automatic | FailoverMode::External) => {
                (47101, "MANUAL failover mode")
            }
            (ClusterType::External, FailoverMode::Automatic) => (47102, "EXTERNAL failover mode"),
            (ClusterType::Wsfc, FailoverMode::External) => (47103, "AUTOMATIC and MANUAL failover modes"),
            _ => continue,
        };
        let text = format!("The cluster type of availability group '{name}' only supports {supported}.");
        return Err(refuse(number, text));
    }
    Ok(())
}

fn listening(estate: &mut Estate, listener: &ast::Listener) -> Listener {
    Listener {
        id: estate.fresh_guid(),
        dns_name: listener.dns_name.clone(),
        port: listener.port.map_or(1433, clamp),
        addresses: listener.addresses.clone(),
    }
}
