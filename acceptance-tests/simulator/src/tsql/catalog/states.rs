//! Roles, connections and health of groups and replicas.

use rusqlite::types::Value;

use super::{Row, Viewer, bit, guid, lsn, moment, none_or, number, text};
use crate::world::database::DatabaseState;
use crate::world::group::{AvailabilityGroup, Role};

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

/// The other side's rows are seen on the primary only.
pub(super) fn replicas(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in &viewer.engine.groups {
        for replica in &group.replicas {
            let local = viewer.is_local(group, replica);
            if !local && group.role != Role::Primary {
                continue;
            }
            let (role, role_desc) = match (local, group.role) {
                (true, role) => role_words(role),
                (false, _) => role_words(Role::Secondary),
            };
            let connected = local || !group.distributed || group.link.connected;
            let health = if local || !group.distributed { 2 } else { group.link.health };
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
            if local {
                let (recovery, recovery_desc) = recovery_health(viewer, group);
                row.insert("operational_state", number(2));
                row.insert("operational_state_desc", text("ONLINE"));
                row.insert("recovery_health", number(recovery));
                row.insert("recovery_health_desc", text(recovery_desc));
                // ASSUMED 74: of the configuration that the local replica works with.
                row.insert("current_configuration_commit_start_time_utc", moment(replica.modified));
            } else if let Some((error, words, at)) = &group.link.last_error {
                row.insert("last_connect_error_number", number(*error));
                row.insert("last_connect_error_description", text(words));
                row.insert("last_connect_error_timestamp", moment(*at));
            }
            rows.push(row);
        }
    }
    rows
}

pub(super) fn in_cluster(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in &viewer.engine.groups {
        for replica in &group.replicas {
            let fci = viewer.engine.clustered && viewer.is_local(group, replica) && !group.distributed;
            let (join, words) = if fci { (2, "JOINED_FCI") } else { (1, "JOINED_STANDALONE") };
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
    for group in &viewer.engine.groups {
        let link = viewer.link(group).map(|(_, link)| link);
        for database in viewer.databases_of(group) {
            let copy = link.and_then(|link| link.databases.iter().find(|one| one.name == database.name));
            for replica in &group.replicas {
                let local = viewer.is_local(group, replica);
                let seeded = copy.is_none_or(|one| one.seeded.is_some_and(|(done, total)| done >= total));
                let joined = local || !group.distributed || (copy.is_some() && seeded);
                let caught_up = copy.is_none_or(|one| {
                    one.replication.hardened.position >= database.hardened_lsn && group.link.connected
                });
                let primary = local == (group.role == Role::Primary);
                let ready = primary || (joined && replica.synchronous && (!group.distributed || caught_up));
                rows.push(Row::from([
                    ("replica_id", guid(&replica.id)),
                    ("group_database_id", none_or(database.group_database_id.as_deref(), guid)),
                    ("database_name", text(&database.name)),
                    ("is_failover_ready", bit(ready)),
                    ("is_pending_secondary_suspend", bit(false)),
                    ("is_database_joined", bit(joined)),
                    ("recovery_lsn", lsn(super::progress::recovery(database))),
                    ("truncation_lsn", lsn(database.backed_up_lsn)),
                ]));
            }
        }
    }
    rows
}

pub(super) fn groups(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |group| {
        let group: &AvailabilityGroup = group;
        let is_primary = group.role == Role::Primary;
        let primary = group.replicas.iter().find(|replica| viewer.is_local(group, replica) == is_primary);
        let health = if group.distributed { group.link.health } else { 2 };
        let (recovery, words) = recovery_health(viewer, group);
        // Each side speaks of itself alone.
        let of = |side: bool| {
            if side { (number(recovery), text(words)) } else { (Value::Null, Value::Null) }
        };
        let ((first, first_words), (second, second_words)) = (of(is_primary), of(!is_primary));
        Row::from([
            ("group_id", guid(&group.id)),
            ("primary_replica", none_or(primary, |replica| text(&replica.server_name))),
            ("primary_recovery_health", first),
            ("primary_recovery_health_desc", first_words),
            ("secondary_recovery_health", second),
            ("secondary_recovery_health_desc", second_words),
            ("synchronization_health", number(health)),
            ("synchronization_health_desc", text(health_words(health))),
        ])
    };
    viewer.engine.groups.iter().map(row).collect()
}
