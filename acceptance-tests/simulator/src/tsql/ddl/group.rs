//! `CREATE`, `ALTER` and `DROP AVAILABILITY GROUP`: what all groups share, and local groups.

use super::super::ast::{
    AlterAvailabilityGroup, BackupPreference, ClusterType, CreateAvailabilityGroup, FailoverMode, GroupForm,
    GroupOptions, ReplicaOptions,
};
use super::super::error::{SqlError, not_modelled};
use super::refusal::{no_permission, not_found, refuse};
use super::{Caller, Outcome, database, distributed, engine, engine_mut, in_master, permission, replica};
use crate::world::Estate;
use crate::world::database::DatabaseState;
use crate::world::group::{AvailabilityGroup, LinkSide, Listener, Role};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::security::Securable;

/// `CREATE AVAILABILITY GROUP`, local or distributed.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateAvailabilityGroup,
) -> Result<Outcome, SqlError> {
    let engine = ready(estate, caller)?;
    let rights = ["CREATE AVAILABILITY GROUP", "ALTER ANY AVAILABILITY GROUP"];
    if !permission::on_server(engine, &caller.login, &rights) {
        // ASSUMED: documented is which permissions suffice, not the number without them.
        return Err(no_permission());
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
            create_local(estate, caller, name, &statement.options, &databases, replicas, listener.as_ref())
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
    match change {
        Change::JoinDistributed(members) => return distributed::join(estate, caller, name, members),
        Change::Join { cluster_type } => return join_local(estate, caller, name, *cluster_type),
        Change::ModifyDistributed(members) if engine.group(name).is_none() => {
            let _ = members;
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
        // ASSUMED 41190: refused for certain, the number is in no source.
        return Err(refuse(
            41190,
            format!(
                "Availability group '{name}' failed to process the command. The local availability replica is not in a \
                 state that could process the command."
            ),
        ));
    }
    let anywhere = matches!(
        change,
        Change::ModifyDistributed(_)
            | Change::Failover
            | Change::ForceFailover
            | Change::SetRoleSecondary
            | Change::GrantCreateAnyDatabase
            | Change::DenyCreateAnyDatabase
            | Change::Offline
    );
    if !primary && !anywhere {
        return Err(not_primary(name));
    }
    let distributed = group.distributed;
    match change {
        Change::ModifyDistributed(members) => distributed::modify(estate, caller, name, members),
        Change::Failover if distributed => distributed::fail_over(estate, caller, name),
        Change::ForceFailover if distributed => distributed::force(estate, caller, name),
        Change::Failover | Change::ForceFailover => {
            fail_over(estate, caller, name, matches!(change, Change::ForceFailover))
        }
        Change::SetRoleSecondary => edit(estate, caller, name, |group, _| {
            group.role = Role::Secondary;
            Ok(Outcome::default())
        }),
        Change::Set(options) => edit(estate, caller, name, |group, _| {
            apply(group, options);
            Ok(Outcome::default())
        }),
        Change::GrantCreateAnyDatabase | Change::DenyCreateAnyDatabase => {
            edit(estate, caller, name, |group, _| {
                group.create_any_database = matches!(change, Change::GrantCreateAnyDatabase);
                Ok(Outcome::default())
            })
        }
        Change::AddDatabases(names) => {
            let names: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
            database::join_group(estate, caller, name, &names)
        }
        Change::RemoveDatabases(names) => {
            let names: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
            database::leave_group(estate, caller, name, &names)
        }
        Change::AddReplicas(options) => add_replicas(estate, caller, name, options),
        Change::ModifyReplicas(options) => modify_replicas(estate, caller, name, options),
        Change::RemoveReplicas(names) => edit(estate, caller, name, |group, same| {
            for name in names {
                if !group.replicas.iter().any(|one| same(&one.server_name, name)) {
                    return Err(no_such_replica(name, &group.name));
                }
            }
            group.replicas.retain(|one| !names.iter().any(|name| same(&one.server_name, name)));
            Ok(Outcome::default())
        }),
        Change::AddListener(listener) => add_listener(estate, caller, name, listener),
        Change::RemoveListener(dns) => edit(estate, caller, name, |group, _| {
            require_listener(group, dns)?;
            group.listener = None;
            Ok(Outcome::default())
        }),
        Change::RestartListener(dns) => edit(estate, caller, name, |group, _| {
            require_listener(group, dns)?;
            Ok(Outcome::default())
        }),
        Change::ModifyListener { dns_name, port, add_ip } => edit(estate, caller, name, |group, _| {
            require_listener(group, dns_name)?;
            if let Some(listener) = &mut group.listener {
                listener.port = port.map_or(listener.port, clamp);
                listener.addresses.extend(add_ip.clone());
            }
            Ok(Outcome::default())
        }),
        Change::Offline => Err(not_modelled("ALTER AVAILABILITY GROUP OFFLINE")),
        Change::Join { .. } | Change::JoinDistributed(_) => Ok(Outcome::default()),
    }
}

/// `DROP AVAILABILITY GROUP`.
///
/// Databases of a primary stay in use; those of a secondary stay in RESTORING. Dropping a distributed group leaves
/// the local group and its membership alone.
pub(super) fn drop(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = ready(estate, caller)?;
    let group = visible(engine, caller, "drop", name)?.clone();
    // A local group below a distributed one that receives from the other side holds no copies of its own either.
    let receives = group.role == Role::Secondary || distributed::receives(engine, &group);
    let engine = engine_mut(estate, caller)?;
    let collation = SameName::of(engine);
    if group.distributed {
        let below: Vec<String> =
            distributed::local_member(engine, &group).map(|one| one.databases.clone()).unwrap_or_default();
        if group.role == Role::Secondary {
            for database in engine
                .databases
                .iter_mut()
                .filter(|one| below.iter().any(|name| collation.is(name, &one.name)))
            {
                database.state = DatabaseState::Restoring;
            }
        }
    } else {
        for database in &mut engine.databases {
            if database.group.as_ref().is_some_and(|one| collation.is(one, name)) {
                database.group = None;
                database.group_database_id = None;
                database.suspended = None;
                if receives {
                    database.state = DatabaseState::Restoring;
                }
            }
        }
    }
    engine.groups.retain(|one| !collation.is(&one.name, name));
    engine
        .permissions
        .retain(|one| !matches!(&one.securable, Securable::Group(of) if collation.is(of, name)));
    Ok(Outcome::default())
}

/// How names compare on an engine, detached from it so that it can be changed meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct SameName {
    exact: bool,
}

impl SameName {
    /// The rule of an engine's collation.
    pub(super) fn of(engine: &SqlInstance) -> Self {
        Self { exact: !engine.same_name("a", "A") }
    }

    /// Whether two names are the same.
    pub(super) fn is(self, one: &str, other: &str) -> bool {
        if self.exact { one == other } else { one.to_lowercase() == other.to_lowercase() }
    }
}

/// The engine, where group DDL is possible at all: in `master` (35208), with the feature on (35221).
pub(super) fn ready<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if !in_master(caller) {
        return Err(refuse(
            35208,
            "Availability-group DDL operations are permitted only when you are using the master database. Run the USE \
             MASTER command, and retry your availability-group DDL command.",
        ));
    }
    if !engine.hadr_enabled {
        return Err(refuse(
            35221,
            "Could not process the operation. Always On Availability Groups replica manager is disabled on this \
             instance of SQL Server. Enable Always On Availability Groups, by using the SQL Server Configuration \
             Manager. Then, restart the SQL Server service, and retry the currently operation.",
        ));
    }
    if engine.edition == Edition::Express {
        return Err(refuse(
            41199,
            "The specified command is invalid because the Always On Availability Groups feature is not supported by \
             this edition of SQL Server.",
        ));
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
    refuse(
        41140,
        format!(
            "Availability group '{name}' cannot process the ALTER AVAILABILITY GROUP command, because the local \
             availability replica is not the primary replica. Connect to the server instance that is currently \
             hosting the primary replica of this availability group, and rerun the command."
        ),
    )
}

/// Changes one group; nothing stays changed where `act` refuses.
pub(super) fn edit(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    act: impl FnOnce(&mut AvailabilityGroup, &dyn Fn(&str, &str) -> bool) -> Result<Outcome, SqlError>,
) -> Result<Outcome, SqlError> {
    let engine = engine_mut(estate, caller)?;
    let same = SameName::of(engine);
    let Some(group) = engine.groups.iter_mut().find(|one| same.is(&one.name, name)) else {
        return Err(not_found("alter", "availability group", name));
    };
    let mut changed = group.clone();
    let outcome = act(&mut changed, &|one, other| same.is(one, other))?;
    if changed != *group {
        changed.sequence += 1;
        *group = changed;
    }
    Ok(outcome)
}

/// A group with nothing said about it.
pub(super) fn blank(estate: &mut Estate, name: &str) -> AvailabilityGroup {
    AvailabilityGroup {
        name: name.to_owned(),
        id: estate.fresh_guid(),
        resource_id: estate.fresh_guid(),
        distributed: false,
        basic: false,
        contained: false,
        cluster_type: 0,
        backup_preference: 2,
        failure_condition_level: 3,
        health_check_timeout: 30_000,
        db_failover: false,
        dtc_support: false,
        required_synchronized_secondaries: 0,
        replicas: Vec::new(),
        databases: Vec::new(),
        listener: None,
        create_any_database: false,
        role: Role::Primary,
        link: LinkSide::default(),
        created: estate.clock.now(),
        sequence: 1,
    }
}

fn create_local(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    options: &GroupOptions,
    databases: &[&str],
    replicas: &[ReplicaOptions],
    listener: Option<&super::super::ast::Listener>,
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
        // ASSUMED: documented is that there must be an endpoint, not when its absence is noticed.
        return Err(refuse(1486, "Database Mirroring Transport is disabled in the endpoint configuration."));
    }
    if options.basic && databases.len() > 1 {
        // ASSUMED: the limit of a basic group is documented, the number is not.
        return Err(refuse(
            41199,
            "The specified command is invalid because a basic availability group holds one database.",
        ));
    }
    for database in databases {
        database::may_join(engine, name, database)?;
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
    database::enter_group(estate, caller, name, databases)?;
    Ok(Outcome::default())
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

/// Applies the options that `CREATE` and `SET` share.
fn apply(group: &mut AvailabilityGroup, options: &GroupOptions) {
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

/// `JOIN` of a secondary: copies the group from the replica that is primary.
fn join_local(
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
    let found = estate.engines().filter(|other| other.host != here.host);
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

fn fail_over(estate: &mut Estate, caller: &Caller, name: &str, forced: bool) -> Result<Outcome, SqlError> {
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
    let here = caller.host.clone();
    let others = estate.sql_servers.iter_mut().filter(|other| !forced && !other.answers_to(&here));
    for group in others.flat_map(|other| other.groups.iter_mut()).filter(|one| one.name == name) {
        group.role = Role::Secondary;
    }
    edit(estate, caller, name, |group, _| {
        group.role = Role::Primary;
        Ok(Outcome::default())
    })
}

fn add_replicas(
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

fn modify_replicas(
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

/// 41185, information only.
pub(super) fn unchanged(name: &str) -> Outcome {
    let text = format!(
        "Replica option specified in ALTER AVAILABILITY GROUP '{name}' MODIFY DDL is same is cached availability group \
         configuration."
    );
    Outcome::message(41185, text)
}

/// ASSUMED 41100-like: no source names the number for a replica that is not in the group.
fn no_such_replica(replica: &str, group: &str) -> SqlError {
    refuse(
        41100,
        format!(
            "The availability group '{group}' and/or its availability replica '{replica}' does not exist."
        ),
    )
}

fn add_listener(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    listener: &super::super::ast::Listener,
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

fn listening(estate: &mut Estate, listener: &super::super::ast::Listener) -> Listener {
    Listener {
        id: estate.fresh_guid(),
        dns_name: listener.dns_name.clone(),
        port: listener.port.map_or(1433, clamp),
        addresses: listener.addresses.clone(),
    }
}

fn require_listener(group: &AvailabilityGroup, dns: &str) -> Result<(), SqlError> {
    match &group.listener {
        Some(listener) if listener.dns_name.eq_ignore_ascii_case(dns) => Ok(()),
        // ASSUMED number.
        _ => Err(refuse(19458, format!("The availability group '{}' has no listener '{dns}'.", group.name))),
    }
}

fn clamp(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
