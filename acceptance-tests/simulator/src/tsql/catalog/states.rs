//! Roles, connections and health of groups and replicas.

use rusqlite::types::Value;

use super::{Row, Viewer, bit, guid, lsn, moment, none_or, number, text};
use crate::world::assumption;
use crate::world::database::{Database, DatabaseState};
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::instance::Edition;
use crate::world::log::LogPosition;
use crate::world::nodes::{NodeCopy, ReplicaPair};

fn role_words(role: Role) -> (i32, &'static str) {
    match role {
        Role::Resolving => (0, "RESOLVING"),
        Role::Primary => (1, "PRIMARY"),
        Role::Secondary => (2, "SECONDARY"),
    }
}

fn health_words(health: u8) -> &'static str {
    match health {
        0 => "NOT_HEALTHY",
        1 => "PARTIALLY_HEALTHY",
        _ => "HEALTHY",
    }
}

/// Whether the databases of the local replica are recovered: 1 is ONLINE.
fn recovery_health<'a>(viewer: &Viewer<'a>, group: &'a AvailabilityGroup) -> (i32, &'static str) {
    let online = viewer.databases_of(group).iter().all(|one| one.state == DatabaseState::Online);
    if online { (1, "ONLINE") } else { (0, "ONLINE_IN_PROGRESS") }
}

/// Whether the replica's partner is there, and how healthy it is: a secondary of its primary, the primary of itself.
fn standing(viewer: &Viewer<'_>, group: &AvailabilityGroup, replica: &Replica) -> (bool, u8) {
    let local = viewer.is_local(group, replica);
    if group.distributed {
        return if local { (true, 2) } else { (group.link.connected, group.link.health) };
    }
    if local && viewer.role(group) == Role::Primary {
        return (true, 2);
    }
    let pair = viewer.pair(group, replica);
    pair.map_or((false, 0), |pair| (pair.connected(), pair.health(replica.synchronous, &group.databases)))
}

/// Rows of others are seen on the primary only.
pub(super) fn replicas(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in viewer.groups() {
        let own_role = viewer.role(group);
        for replica in &group.replicas {
            let local = viewer.is_local(group, replica);
            if !local && own_role != Role::Primary {
                continue;
            }
            let (role, role_desc) = role_words(if local { own_role } else { Role::Secondary });
            let (connected, health) = standing(viewer, group, replica);
            let mut row = Row::from([
                ("replica_id", guid(&replica.id)),
                ("group_id", guid(&group.id)),
                ("is_local", bit(local)),
                ("role", number(role)),
                ("role_desc", text(role_desc)),
                ("connected_state", bit(connected)),
                ("connected_state_desc", text(if connected { "CONNECTED" } else { "DISCONNECTED" })),
                ("synchronization_health", number(health)),
                ("synchronization_health_desc", text(health_words(health))),
                ("is_internal", bit(false)),
            ]);
            let error = match viewer.pair(group, replica).filter(|_| !group.distributed) {
                Some(pair) => pair.error.map(|(error, at)| {
                    let (number, words) = error.on_sql_server();
                    (number, words.to_owned(), at)
                }),
                None => group.link.last_error.clone().filter(|_| group.distributed && !local),
            };
            // ASSUMED 141: a replica that is not connected is shown as a secondary too.
            if !connected && !local && viewer.estate.opposite(assumption::RESOLVING_NODES) {
                row.insert("role", Value::Null);
                row.insert("role_desc", Value::Null);
            }
            if let Some((error, words, at)) = error {
                row.insert("last_connect_error_number", number(error));
                row.insert("last_connect_error_description", text(words));
                row.insert("last_connect_error_timestamp", moment(at));
            }
            if local {
                let (recovery, recovery_desc) = recovery_health(viewer, group);
                row.insert("operational_state", number(2));
                row.insert("operational_state_desc", text("ONLINE"));
                row.insert("recovery_health", number(recovery));
                row.insert("recovery_health_desc", text(recovery_desc));
                // ASSUMED 74: of the configuration that the local replica works with.
                let told = !viewer.estate.opposite(assumption::UNEXPLAINED_VALUES);
                let begun = none_or(told.then_some(replica.modified), moment);
                row.insert("current_configuration_commit_start_time_utc", begun);
            }
            rows.push(row);
        }
    }
    rows
}

pub(super) fn in_cluster(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in viewer.groups() {
        for replica in &group.replicas {
            let node = if group.distributed { Some(viewer.engine) } else { viewer.node(group, replica) };
            let (join, words) = match node {
                None => (0, "NOT_JOINED"),
                Some(node) if node.clustered && !group.distributed => (2, "JOINED_FCI"),
                Some(_) => (1, "JOINED_STANDALONE"),
            };
            rows.push(Row::from([
                ("replica_id", guid(&replica.id)),
                ("replica_server_name", text(&replica.server_name)),
                ("group_id", guid(&group.id)),
                ("join_state", number(join)),
                ("join_state_desc", text(words)),
            ]));
        }
    }
    rows
}

/// `sys.dm_hadr_database_replica_cluster_states`: each database on each replica.
///
/// Whether a failover would lose nothing: on the primary itself, and on a replica with synchronous commit whose copy is
/// synchronized.
pub(super) fn databases_in_cluster(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in viewer.groups() {
        let link = viewer.link(group).map(|(_, link)| link).filter(|_| group.distributed);
        for database in viewer.databases_of(group) {
            let copy = link.and_then(|link| link.databases.iter().find(|one| one.name == database.name));
            for replica in &group.replicas {
                let (joined, ready) = if group.distributed {
                    let local = viewer.is_local(group, replica);
                    let seeded = copy.is_none_or(|one| one.seeded.is_some_and(|(done, total)| done >= total));
                    let joined = local || (copy.is_some() && seeded);
                    let caught_up = copy.is_none_or(|one| {
                        one.replication.hardened.position >= database.hardened_lsn && group.link.connected
                    });
                    let primary = local == (group.role == Role::Primary);
                    (joined, primary || (joined && replica.synchronous && caught_up))
                } else {
                    on_node(viewer, group, replica, database)
                };
                rows.push(Row::from([
                    ("replica_id", guid(&replica.id)),
                    ("group_database_id", none_or(database.group_database_id.as_deref(), guid)),
                    ("database_name", text(&database.name)),
                    ("is_failover_ready", bit(ready)),
                    ("is_pending_secondary_suspend", bit(false)),
                    ("is_database_joined", bit(joined)),
                    ("recovery_lsn", none_or(recovery(viewer, database), lsn)),
                    ("truncation_lsn", lsn(database.backed_up_lsn)),
                ]));
            }
        }
    }
    rows
}

/// As in `sys.dm_hadr_database_replica_states`.
fn recovery(viewer: &Viewer<'_>, database: &Database) -> Option<LogPosition> {
    let told = !viewer.estate.opposite(assumption::UNEXPLAINED_VALUES);
    told.then(|| super::progress::recovery(database))
}

/// Whether a database on a replica of a local group has joined it, and whether a failover there would lose nothing.
fn on_node(
    viewer: &Viewer<'_>,
    group: &AvailabilityGroup,
    replica: &Replica,
    database: &Database,
) -> (bool, bool) {
    if let Some(pair) = viewer.pair(group, replica) {
        let copy = pair.copies.iter().find(|copy| copy.name == database.name);
        return (copy.is_some_and(NodeCopy::is_seeded), copy.is_some_and(|copy| copy.ready));
    }
    let held = viewer.node(group, replica).and_then(|node| node.group_by_id(&group.id));
    let primary = viewer.is_local(group, replica) && viewer.engine.edition == Edition::Managed
        || held.is_some_and(|held| held.role == Role::Primary);
    (primary, primary)
}

/// The primary replica, where it is known: in a Windows cluster everywhere, else on the primary and where that is
/// connected.
fn primary_replica<'a>(viewer: &Viewer<'a>, group: &'a AvailabilityGroup) -> Option<&'a Replica> {
    if group.distributed || viewer.role(group) == Role::Primary {
        let is_primary = group.role == Role::Primary;
        return group.replicas.iter().find(|replica| viewer.is_local(group, replica) == is_primary);
    }
    let known = group.cluster_type == 0
        || viewer.estate.pair_of(&group.id, &viewer.engine.key()).is_some_and(ReplicaPair::connected);
    let leads = |replica: &&Replica| {
        let held = viewer.node(group, replica).and_then(|node| node.group_by_id(&group.id));
        held.is_some_and(|held| held.role == Role::Primary)
    };
    group.replicas.iter().find(leads).filter(|_| known)
}

/// Health of all replicas together: 2 where all are healthy, 1 where some are. A secondary speaks of itself alone.
fn rollup(viewer: &Viewer<'_>, group: &AvailabilityGroup) -> u8 {
    if group.distributed {
        return group.link.health;
    }
    let own = viewer.role(group) == Role::Primary;
    let replicas = group.replicas.iter().filter(|replica| own || viewer.is_local(group, replica));
    let health: Vec<u8> = replicas.map(|replica| standing(viewer, group, replica).1).collect();
    let healthy = health.iter().filter(|&&one| one == 2).count();
    if healthy == health.len() { 2 } else { u8::from(healthy > 0 || health.contains(&1)) }
}

pub(super) fn groups(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |group| {
        let group: &AvailabilityGroup = group;
        let is_primary = viewer.role(group) == Role::Primary;
        let health = rollup(viewer, group);
        let (recovery, words) = recovery_health(viewer, group);
        // Each side speaks of itself alone.
        let of = |side: bool| {
            if side { (number(recovery), text(words)) } else { (Value::Null, Value::Null) }
        };
        let ((first, first_words), (second, second_words)) = (of(is_primary), of(!is_primary));
        Row::from([
            ("group_id", guid(&group.id)),
            (
                "primary_replica",
                none_or(primary_replica(viewer, group), |replica| text(&replica.server_name)),
            ),
            ("primary_recovery_health", first),
            ("primary_recovery_health_desc", first_words),
            ("secondary_recovery_health", second),
            ("secondary_recovery_health_desc", second_words),
            ("synchronization_health", number(health)),
            ("synchronization_health_desc", text(health_words(health))),
        ])
    };
    viewer.groups().map(row).collect()
}
