//! What availability groups, their replicas and listeners may be like, whoever creates or alters them.
//!
//! Ranges: "CREATE AVAILABILITY GROUP (Transact-SQL)", 2025; the messages name the rest.

use std::net::IpAddr;

use super::super::ast::{self, AvailabilityMode, FailoverMode, GroupOptions, ReplicaOptions};
use super::super::error::{SqlError, raise};
use crate::world::group::{AvailabilityGroup, Replica};
use crate::world::instance::SqlInstance;

/// Replicas of a group, the primary one included.
pub(super) const REPLICAS: usize = 9;

/// 35228 and 35229.
pub(super) fn options(group: &str, options: &GroupOptions) -> Result<(), SqlError> {
    if options.failure_condition_level.is_some_and(|level| !(1..=5).contains(&level)) {
        return Err(raise!(35228, group, 1, 5));
    }
    if options.health_check_timeout.is_some_and(|milliseconds| milliseconds < 15_000) {
        return Err(raise!(35229, group, 15_000));
    }
    Ok(())
}

/// 35248: as many synchronous secondaries as a commit has to wait for.
pub(super) fn commit(operation: &str, group: &AvailabilityGroup) -> Result<(), SqlError> {
    let synchronous = group.replicas.iter().filter(|one| one.synchronous).count();
    let secondaries = i32::try_from(synchronous).unwrap_or(i32::MAX) - 1;
    let required = group.required_synchronized_secondaries;
    if !group.distributed && required > 0 && required > secondaries {
        return Err(raise!(35248, operation, required, secondaries.max(0), group.name));
    }
    Ok(())
}

/// 35209, 35211 and 35214, for what a statement says of a replica.
pub(super) fn replica(operation: &str, options: &ReplicaOptions) -> Result<(), SqlError> {
    if options.backup_priority.is_some_and(|priority| !(0..=100).contains(&priority)) {
        return Err(raise!(35209, operation, options.name, 0, 100));
    }
    if options.session_timeout.is_some_and(|seconds| seconds < 5) {
        return Err(raise!(35214, operation, options.name, 5));
    }
    let asynchronous = options.availability_mode == Some(AvailabilityMode::Asynchronous);
    if asynchronous && options.failover_mode == Some(FailoverMode::Automatic) {
        return Err(raise!(35211, operation, options.name));
    }
    Ok(())
}

/// 35211, for a replica as a statement leaves it.
pub(super) fn modes(operation: &str, replica: &Replica) -> Result<(), SqlError> {
    if !replica.synchronous && replica.failover_mode == 0 {
        return Err(raise!(35211, operation, replica.server_name));
    }
    Ok(())
}

/// 35233 to 35235: what `CREATE` lists.
pub(super) fn lists(
    engine: &SqlInstance,
    databases: &[&str],
    replicas: &[ReplicaOptions],
) -> Result<(), SqlError> {
    if replicas.len() > REPLICAS {
        return Err(raise!(35233, replicas.len(), "", REPLICAS));
    }
    if let Some(name) = twice(databases, |one, other| engine.same_name(one, other)) {
        return Err(raise!(35234, name));
    }
    let names: Vec<&str> = replicas.iter().map(|one| one.name.as_str()).collect();
    match twice(&names, |one, other| engine.same_name(one, other)) {
        Some(name) => Err(raise!(35235, name)),
        None => Ok(()),
    }
}

/// 19482 to 19485.
pub(super) fn listener(listener: &ast::Listener) -> Result<(), SqlError> {
    if !(1..=63).contains(&listener.dns_name.chars().count()) {
        return Err(raise!(19485, listener.dns_name));
    }
    port(listener.port)?;
    let addresses: Vec<&str> =
        listener.addresses.iter().chain(&listener.subnet).map(|(address, _)| address.as_str()).collect();
    for &one in &addresses {
        address(one)?;
    }
    match twice(&addresses, |one, other| one == other) {
        Some(address) => Err(raise!(19484, address)),
        None => Ok(()),
    }
}

/// 19482.
pub(super) fn port(port: Option<i64>) -> Result<(), SqlError> {
    match port {
        Some(port) if !(1..=65_535).contains(&port) => Err(raise!(19482, port)),
        _ => Ok(()),
    }
}

/// 19483.
pub(super) fn address(address: &str) -> Result<(), SqlError> {
    if address.parse::<IpAddr>().is_ok() { Ok(()) } else { Err(raise!(19483, address)) }
}

/// The first name that stands more than once.
fn twice<'a>(names: &[&'a str], same: impl Fn(&str, &str) -> bool) -> Option<&'a str> {
    let mut rest = names;
    while let Some((first, others)) = rest.split_first() {
        if others.iter().any(|other| same(first, other)) {
            return Some(first);
        }
        rest = others;
    }
    None
}
