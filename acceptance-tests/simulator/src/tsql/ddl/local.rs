//! Local availability groups: how they are made and joined, their replicas, options and listener.

use super::super::ast::{self, BackupPreference, ClusterType, FailoverMode, GroupOptions, ReplicaOptions};
use super::super::error::{SqlError, raise};
use super::group::{ALTER, edit, unchanged, visible};
use super::refusal::not_found;
use super::{
    Caller, Outcome, distributed, engine, engine_mut, limits, membership, permission, replica, routing,
};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::group::{AvailabilityGroup, Listener, Replica, Role};
use crate::world::instance::SqlInstance;

/// What messages call the statement.
const CREATE: &str = "CREATE AVAILABILITY GROUP";

/// `cluster_type`.
const WSFC: u8 = 0;
/// `cluster_type`: Pacemaker.
const EXTERNAL: u8 = 1;
/// `cluster_type`: read-scale groups.
const NONE: u8 = 2;

fn code(cluster: ClusterType) -> u8 {
    match cluster {
        ClusterType::Wsfc => WSFC,
        ClusterType::External => EXTERNAL,
        ClusterType::None => NONE,
    }
}

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
        return Err(raise!(35220));
    }
    if engine.group(name).is_some() {
        return Err(raise!(41114, name));
    }
    if !replicas.iter().any(|one| engine.same_name(&one.name, &engine.server_name())) {
        return Err(raise!(35237, name));
    }
    limits::options(name, options)?;
    limits::lists(engine, databases, replicas)?;
    check_failover_modes(name, cluster_type, replicas)?;
    for options in replicas {
        limits::replica(CREATE, options)?;
        routing::url(options)?;
    }
    let here_same = engine.comparing();
    if let Some(listener) = listener {
        limits::listener(listener)?;
    }
    if engine.endpoint.is_none() {
        // ASSUMED 29: documented is that there must be an endpoint, not when its absence is noticed.
        let own = replicas.iter().find(|one| engine.same_name(&one.name, &engine.server_name()));
        let url = own.and_then(|one| one.url.as_deref()).unwrap_or_default();
        return Err(if estate.opposite(assumption::REFUSAL_NUMBERS) {
            raise!(1418, url)
        } else {
            raise!(1486)
        });
    }
    if let (true, Some(second)) = (options.basic, databases.get(1)) {
        return Err(raise!(35200, second, name, 1));
    }
    for database in databases {
        membership::may_join(engine, name, database)?;
    }
    let mut members = Vec::new();
    for options in replicas {
        members.push(replica::local(estate, options)?);
    }
    let mut group = AvailabilityGroup::blank(estate, name);
    apply(&mut group, options);
    group.cluster_type = code(cluster_type);
    group.basic = options.basic;
    group.contained = options.contained;
    group.replicas = members;
    routing::lists(&group, &|one, other| here_same.equal(one, other))?;
    group.listener = listener.map(|listener| listening(estate, listener));
    limits::commit(CREATE, &group)?;
    if group.listener.is_some() {
        estate.listeners_made.notify_one();
    }
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
        return Err(raise!(41106, name));
    }
    let wanted = code(cluster.unwrap_or(ClusterType::Wsfc));
    if wanted == WSFC && here.cluster.is_none() {
        return Err(raise!(35220));
    }
    let mine = here.server_name();
    let listed = |group: &&AvailabilityGroup| {
        !group.distributed
            && group.role == Role::Primary
            && group.replicas.iter().any(|one| here.same_name(&one.server_name, &mine))
    };
    // ASSUMED 145: the configuration comes from the primary, which has to be reached; only then the types are compared.
    let kept = wanted == WSFC && estate.opposite(assumption::CONFIGURATION_IN_CLUSTER);
    let reached = |other: &&SqlInstance| {
        other.key() != here.key() && (kept || estate.network.connects(&other.host, &here.host))
    };
    let mut found = estate.sql_servers.iter().filter(reached);
    let Some(group) = found.find_map(|other| other.group(name).filter(listed)).cloned() else {
        return Err(raise!(47106, name));
    };
    if wanted != group.cluster_type {
        return Err(raise!(47100, name));
    }
    let joined = AvailabilityGroup {
        role: Role::Secondary,
        create_any_database: false,
        grantor: None,
        created: estate.clock.now(),
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
    let here = engine(estate, caller)?;
    let group = visible(here, caller, "alter", name)?;
    if group.role == Role::Primary {
        return Err(distributed::already_primary(name));
    }
    // Only the cluster's own tool fails it over.
    if group.cluster_type == EXTERNAL {
        return Err(raise!(47104, name));
    }
    if !forced && group.cluster_type == NONE {
        return Err(raise!(47122, name));
    }
    if group.cluster_type == WSFC && !estate.has_quorum(here) {
        // ASSUMED 143.
        let other = estate.opposite(assumption::WITHOUT_QUORUM);
        return Err(if other { raise!(41142, name) } else { raise!(35220) });
    }
    let (id, here) = (group.id.clone(), here.key());
    if !forced && !estate.failover_ready(&id, &here) {
        return Err(raise!(41142, name));
    }
    estate.make_primary(&id, &here, forced);
    Ok(Outcome::default())
}

/// `OFFLINE`: clients reach the databases no more, until a failover is forced somewhere. ["ALTER AVAILABILITY GROUP", 2025]
pub(super) fn take_offline(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let (id, here) = (visible(here, caller, "alter", name)?.id.clone(), here.key());
    estate.take_offline(&id, &here);
    Ok(Outcome::default())
}

/// `SET (ROLE = SECONDARY)` of a local group: how a primary without a cluster gives its role away. ["Fail over the primary
/// replica on a read-scale availability group", 2025]
pub(super) fn demote(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let group = visible(here, caller, "alter", name)?;
    if here.build.major < 14 {
        return Err(distributed::only_distributed(name));
    }
    if group.cluster_type == WSFC {
        return Err(raise!(47115, "ROLE", name));
    }
    let (id, here) = (group.id.clone(), here.key());
    estate.step_down(&id, &here);
    Ok(Outcome::default())
}

pub(super) fn add_replicas(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    options: &[ReplicaOptions],
) -> Result<Outcome, SqlError> {
    let mut added = Vec::new();
    for options in options {
        limits::replica(ALTER, options)?;
        routing::url(options)?;
        added.push(replica::local(estate, options)?);
    }
    edit(estate, caller, name, |group, same| {
        let known =
            |one: &&Replica| group.replicas.iter().any(|two| same(&one.server_name, &two.server_name));
        if let Some(twice) = added.iter().find(known) {
            return Err(raise!(35282, twice.server_name, name));
        }
        if group.replicas.len() + added.len() > limits::REPLICAS {
            return Err(raise!(35223, added.len(), name, group.replicas.len(), limits::REPLICAS));
        }
        group.replicas.extend(added);
        routing::lists(group, same)?;
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
            limits::replica(ALTER, options)?;
            routing::url(options)?;
            let found = group.replicas.iter_mut().find(|one| same(&one.server_name, &options.name));
            let found = found.ok_or_else(|| raise!(35210, options.name, name))?;
            if replica::modify(found, options) {
                found.modified = now;
                changed = true;
            }
            limits::modes(ALTER, found)?;
        }
        routing::lists(group, same)?;
        Ok(if changed { Outcome::default() } else { unchanged(name) })
    })
}

/// `REMOVE REPLICA ON`, which runs on the primary replica: that one it cannot remove.
pub(super) fn remove_replicas(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    names: &[String],
) -> Result<Outcome, SqlError> {
    let own = engine(estate, caller)?.server_name();
    let forgotten = !estate.opposite(assumption::ROUTES_OF_REMOVED);
    edit(estate, caller, name, |group, same| {
        for name in names {
            if !group.replicas.iter().any(|one| same(&one.server_name, name)) {
                return Err(raise!(35283, name, group.name));
            }
            if same(&own, name) {
                return Err(raise!(35284, name, group.name));
            }
        }
        group.replicas.retain(|one| !names.iter().any(|name| same(&one.server_name, name)));
        // ASSUMED 147: routing lists lose the name.
        for replica in group.replicas.iter_mut().filter(|_| forgotten) {
            for set in &mut replica.read_only_routing_list {
                set.retain(|listed| !names.iter().any(|name| same(listed, name)));
            }
            replica.read_only_routing_list.retain(|set| !set.is_empty());
        }
        Ok(Outcome::default())
    })
}

/// `MODIFY LISTENER`: another port, or an address more.
pub(super) fn modify_listener(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    dns: &str,
    port: Option<i64>,
    address: Option<&(String, Option<String>)>,
) -> Result<Outcome, SqlError> {
    estate.listeners_made.notify_one();
    edit(estate, caller, name, |group, _| {
        require_listener(group, dns)?;
        let name = group.name.clone();
        let Some(listener) = &mut group.listener else { return Ok(Outcome::default()) };
        limits::port(port)?;
        if let Some(port) = port.map(clamp) {
            if port == listener.port {
                return Err(raise!(19468, dns, name, port));
            }
            listener.port = port;
        }
        if let Some((address, mask)) = address {
            limits::address(address)?;
            if listener.addresses.iter().any(|(known, _)| known == address) {
                return Err(raise!(19484, address));
            }
            listener.addresses.push((address.clone(), mask.clone()));
        }
        Ok(Outcome::default())
    })
}

pub(super) fn add_listener(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    listener: &ast::Listener,
) -> Result<Outcome, SqlError> {
    limits::listener(listener)?;
    let listener = listening(estate, listener);
    estate.listeners_made.notify_one();
    edit(estate, caller, name, |group, _| {
        if let Some(present) = &group.listener {
            return Err(raise!(19477, name, present.dns_name));
        }
        group.listener = Some(listener);
        Ok(Outcome::default())
    })
}

pub(super) fn require_listener(group: &AvailabilityGroup, dns: &str) -> Result<(), SqlError> {
    match &group.listener {
        Some(listener) if listener.dns_name.eq_ignore_ascii_case(dns) => Ok(()),
        _ => Err(raise!(19469, dns, group.name)),
    }
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
        return Err(match (cluster, mode) {
            (ClusterType::None, FailoverMode::Automatic | FailoverMode::External) => raise!(47101, name),
            (ClusterType::External, FailoverMode::Automatic) => raise!(47102, name),
            (ClusterType::Wsfc, FailoverMode::External) => raise!(47103, name),
            _ => continue,
        });
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
