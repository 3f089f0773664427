//! Replicas of groups: from what a statement says about them to what the world keeps.

use super::super::ast::{AllowConnections, AvailabilityMode, FailoverMode, ReplicaOptions, SeedingMode};
use super::super::error::{
    SqlError, availability_mode_missing, endpoint_url_missing, failover_mode_missing, raise,
};
use crate::world::Estate;
use crate::world::build::{Build, Capability};
use crate::world::group::Replica;

/// A replica of a local group as `CREATE` and `ADD REPLICA` write it, with the documented defaults.
pub(super) fn local(estate: &mut Estate, options: &ReplicaOptions) -> Result<Replica, SqlError> {
    let url = options.url.as_ref().ok_or_else(|| endpoint_url_missing(&options.name, 1))?;
    endpoint_url(url)?;
    if options.availability_mode.is_none() {
        return Err(availability_mode_missing(&options.name, 1));
    }
    if options.failover_mode.is_none() {
        return Err(failover_mode_missing(&options.name, 1));
    }
    Ok(blank(estate, options))
}

/// A member of a distributed group that [`check_member`] let pass.
pub(super) fn member(estate: &mut Estate, options: &ReplicaOptions) -> Replica {
    blank(estate, options)
}

/// What is wrong with a member of a distributed group, if anything: manual failover only (35277), and a URL that the
/// engine's build takes.
pub(super) fn check_member(build: Build, options: &ReplicaOptions) -> Result<(), SqlError> {
    if options.failover_mode.is_some_and(|mode| mode == FailoverMode::Automatic) {
        return Err(raise!(35277));
    }
    match &options.url {
        Some(url) => listener_url(build, url),
        None => Ok(()),
    }
}

/// Applies `MODIFY` to a replica; whether anything changed.
pub(super) fn modify(replica: &mut Replica, options: &ReplicaOptions) -> bool {
    let before = replica.clone();
    if let Some(url) = &options.url {
        replica.url.clone_from(url);
    }
    if let Some(mode) = options.availability_mode {
        replica.synchronous = mode == AvailabilityMode::Synchronous;
    }
    if let Some(mode) = options.failover_mode {
        replica.failover_mode = failover_code(mode);
    }
    if let Some(mode) = options.seeding_mode {
        replica.seeding_mode = seeding_code(mode);
    }
    if let Some(seconds) = options.session_timeout {
        replica.session_timeout = clamp(seconds);
    }
    if let Some(priority) = options.backup_priority {
        replica.backup_priority = clamp(priority);
    }
    if let Some(connections) = options.primary_connections {
        replica.primary_connections = if connections == AllowConnections::ReadWrite { 3 } else { 2 };
    }
    if let Some(connections) = options.secondary_connections {
        replica.secondary_connections = match connections {
            AllowConnections::No => 0,
            AllowConnections::ReadOnly => 1,
            AllowConnections::ReadWrite | AllowConnections::All => 2,
        };
    }
    if let Some(url) = &options.read_only_routing_url {
        replica.read_only_routing_url.clone_from(url);
    }
    if let Some(list) = &options.read_only_routing_list {
        replica.read_only_routing_list.clone_from(list);
    }
    if let Some(url) = &options.read_write_routing_url {
        replica.read_write_routing_url.clone_from(url);
    }
    *replica != before
}

/// 35232.
pub(super) fn endpoint_url(url: &str) -> Result<(), SqlError> {
    if address(url).is_some_and(|(_, _, rest)| rest.is_empty()) {
        return Ok(());
    }
    Err(raise!(35232, url))
}

/// Host, port and what follows of `TCP://host:port[;…]`.
pub(super) fn address(url: &str) -> Option<(&str, u16, &str)> {
    let prefix = url.get(..6).filter(|prefix| prefix.eq_ignore_ascii_case("tcp://"))?;
    let rest = url.get(prefix.len()..)?;
    let (place, options) = rest.split_once(';').unwrap_or((rest, ""));
    let (host, port) = place.rsplit_once(':')?;
    let port = port.parse().ok().filter(|&port| port > 0)?;
    (!host.is_empty()).then_some((host, port, options))
}

/// 19499 and 19523.
fn listener_url(build: Build, url: &str) -> Result<(), SqlError> {
    if url.chars().count() >= 256 {
        return Err(raise!(19523, "LISTENER_URL"));
    }
    let well_formed = |options: &str| {
        options.split(';').filter(|option| !option.is_empty()).all(|option| {
            option.split_once('=').is_some_and(|(key, value)| {
                let key = key.trim();
                (key.eq_ignore_ascii_case("server") || key.eq_ignore_ascii_case("database"))
                    && value.starts_with('[')
                    && value.ends_with(']')
            })
        })
    };
    let known = |options: &str| options.is_empty() || build.has(Capability::ServerInUrl);
    if address(url).is_some_and(|(_, _, options)| known(options) && well_formed(options)) {
        return Ok(());
    }
    Err(raise!(19499, url))
}

/// A replica with the documented defaults, then with what was written.
fn blank(estate: &mut Estate, options: &ReplicaOptions) -> Replica {
    let now = estate.clock.now();
    let mut replica = Replica {
        id: estate.fresh_guid(),
        server_name: options.name.clone(),
        url: String::new(),
        synchronous: false,
        failover_mode: 1,
        seeding_mode: 1,
        session_timeout: 10,
        backup_priority: 50,
        primary_connections: 2,
        secondary_connections: 0,
        read_only_routing_url: None,
        read_only_routing_list: Vec::new(),
        read_write_routing_url: None,
        created: now,
        modified: now,
    };
    modify(&mut replica, options);
    replica
}

/// `failover_mode`: 0 AUTOMATIC, 1 MANUAL, 2 EXTERNAL.
fn failover_code(mode: FailoverMode) -> u8 {
    match mode {
        FailoverMode::Automatic => 0,
        FailoverMode::Manual => 1,
        FailoverMode::External => 2,
    }
}

/// `seeding_mode`: 0 AUTOMATIC, 1 MANUAL.
fn seeding_code(mode: SeedingMode) -> u8 {
    u8::from(mode == SeedingMode::Manual)
}

fn clamp(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
