//! Availability groups, local and distributed, and how they replicate.

use rusqlite::types::Value;

use super::{Row, Viewer, bit, guid, large, lsn, maybe, moment, number, text};
use crate::world::database::Database;
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::log::{LogPosition, Mark, Replication};
use crate::world::managed::{Link, LinkDatabase, LinkPhase, ManagedInstance};

fn visible(viewer: Viewer<'_>) -> &[AvailabilityGroup] {
    if viewer.definitions { &viewer.engine.groups } else { &[] }
}

pub(super) fn groups(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |group: &AvailabilityGroup| {
        let preference = match group.backup_preference {
            0 => "PRIMARY",
            1 => "SECONDARY_ONLY",
            2 => "SECONDARY",
            _ => "NONE",
        };
        let cluster = match group.cluster_type {
            0 => "WSFC",
            1 => "EXTERNAL",
            _ => "NONE",
        };
        Row::from([
            ("group_id", guid(&group.id)),
            ("name", text(&group.name)),
            ("resource_id", guid(&group.resource_id)),
            ("resource_group_id", guid(&group.id)),
            ("failure_condition_level", number(group.failure_condition_level)),
            ("health_check_timeout", number(group.health_check_timeout)),
            ("automated_backup_preference", number(group.backup_preference)),
            ("automated_backup_preference_desc", text(preference)),
            ("version", number(1)),
            ("basic_features", bit(group.basic)),
            ("dtc_support", bit(group.dtc_support)),
            ("db_failover", bit(group.db_failover)),
            ("is_distributed", bit(group.distributed)),
            ("cluster_type", number(group.cluster_type)),
            ("cluster_type_desc", text(cluster)),
            ("required_synchronized_secondaries_to_commit", number(group.required_synchronized_secondaries)),
            ("sequence_number", large(group.sequence)),
            ("is_contained", bit(group.contained)),
        ])
    };
    visible(viewer).iter().map(row).collect()
}

pub(super) fn replicas(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |group: &AvailabilityGroup, replica: &Replica| {
        let words = |on: bool, yes: &'static str, no: &'static str| text(if on { yes } else { no });
        let failover = ["AUTOMATIC", "MANUAL", "EXTERNAL"].get(usize::from(replica.failover_mode));
        let secondary = ["NO", "READ_ONLY", "ALL"].get(usize::from(replica.secondary_connections));
        Row::from([
            ("replica_id", guid(&replica.id)),
            ("group_id", guid(&group.id)),
            ("replica_metadata_id", number(65536)),
            ("replica_server_name", text(&replica.server_name)),
            ("owner_sid", Value::Blob(vec![1])),
            ("endpoint_url", text(&replica.url)),
            ("availability_mode", number(i32::from(replica.synchronous))),
            (
                "availability_mode_desc",
                words(replica.synchronous, "SYNCHRONOUS_COMMIT", "ASYNCHRONOUS_COMMIT"),
            ),
            ("failover_mode", number(replica.failover_mode)),
            ("failover_mode_desc", failover.map_or(Value::Null, |word| text(*word))),
            ("session_timeout", number(replica.session_timeout)),
            ("primary_role_allow_connections", number(replica.primary_connections)),
            (
                "primary_role_allow_connections_desc",
                words(replica.primary_connections == 3, "READ_WRITE", "ALL"),
            ),
            ("secondary_role_allow_connections", number(replica.secondary_connections)),
            ("secondary_role_allow_connections_desc", secondary.map_or(Value::Null, |word| text(*word))),
            ("create_date", moment(replica.created)),
            ("modify_date", moment(replica.modified)),
            ("backup_priority", number(replica.backup_priority)),
            ("read_only_routing_url", maybe(replica.read_only_routing_url.as_ref())),
            ("seeding_mode", number(replica.seeding_mode)),
            ("seeding_mode_desc", words(replica.seeding_mode == 0, "AUTOMATIC", "MANUAL")),
            ("read_write_routing_url", maybe(replica.read_write_routing_url.as_ref())),
        ])
    };
    visible(viewer)
        .iter()
        .flat_map(|group| group.replicas.iter().map(move |replica| row(group, replica)))
        .collect()
}

pub(super) fn databases(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in visible(viewer) {
        for name in &group.databases {
            let id = viewer.engine.database(name).and_then(|database| database.group_database_id.as_deref());
            rows.push(Row::from([
                ("group_id", guid(&group.id)),
                ("group_database_id", id.map_or(Value::Null, guid)),
                ("database_name", text(name)),
            ]));
        }
    }
    rows
}

pub(super) fn listeners(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |group: &AvailabilityGroup| {
        group.listener.as_ref().map(|listener| {
            let addresses: Vec<&str> = listener.addresses.iter().map(|(ip, _)| ip.as_str()).collect();
            Row::from([
                ("group_id", guid(&group.id)),
                ("listener_id", guid(&listener.id)),
                ("dns_name", text(&listener.dns_name)),
                ("port", number(listener.port)),
                ("is_conformant", bit(true)),
                ("ip_configuration_string_from_cluster", text(addresses.join(" or "))),
                ("is_distributed_network_name", bit(false)),
            ])
        })
    };
    visible(viewer).iter().filter_map(row).collect()
}

pub(super) fn listener_addresses(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for listener in visible(viewer).iter().filter_map(|group| group.listener.as_ref()) {
        for (address, mask) in &listener.addresses {
            rows.push(Row::from([
                ("listener_id", guid(&listener.id)),
                ("ip_address", text(address)),
                ("ip_subnet_mask", maybe(mask.as_ref())),
                ("is_dhcp", bit(false)),
                ("state", number(1)),
                ("state_desc", text("ONLINE")),
            ]));
        }
    }
    rows
}

/// Whether a replica is this server, or in a distributed group a local group of this server.
fn is_local(viewer: Viewer<'_>, group: &AvailabilityGroup, replica: &Replica) -> bool {
    if group.distributed {
        viewer
            .engine
            .groups
            .iter()
            .any(|local| !local.distributed && viewer.engine.same_name(&local.name, &replica.server_name))
    } else {
        viewer.engine.same_name(&replica.server_name, &viewer.engine.server_name())
    }
}

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

/// The other side's rows are seen on the primary only.
pub(super) fn replica_states(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in &viewer.engine.groups {
        for replica in &group.replicas {
            let local = is_local(viewer, group, replica);
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
                row.insert("operational_state", number(2));
                row.insert("operational_state_desc", text("ONLINE"));
                row.insert("recovery_health", number(1));
                row.insert("recovery_health_desc", text("ONLINE"));
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

pub(super) fn cluster_states(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in &viewer.engine.groups {
        for replica in &group.replicas {
            rows.push(Row::from([
                ("replica_id", guid(&replica.id)),
                ("replica_server_name", text(&replica.server_name)),
                ("group_id", guid(&group.id)),
                ("join_state", number(2)),
                ("join_state_desc", text("JOINED_STANDALONE")),
            ]));
        }
    }
    rows
}

pub(super) fn group_states(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |group: &AvailabilityGroup| {
        let primary = group
            .replicas
            .iter()
            .find(|replica| is_local(viewer, group, replica) == (group.role == Role::Primary));
        let health = if group.distributed { group.link.health } else { 2 };
        Row::from([
            ("group_id", guid(&group.id)),
            ("primary_replica", primary.map_or(Value::Null, |replica| text(&replica.server_name))),
            ("primary_recovery_health", number(1)),
            ("primary_recovery_health_desc", text("ONLINE")),
            ("synchronization_health", number(health)),
            ("synchronization_health_desc", text(health_words(health))),
        ])
    };
    viewer.engine.groups.iter().map(row).collect()
}

/// The link that stands behind a distributed group, with its instance.
fn link<'a>(viewer: Viewer<'a>, group: &AvailabilityGroup) -> Option<(&'a ManagedInstance, &'a Link)> {
    viewer.estate.managed_instances.iter().find_map(|instance| {
        let link = instance.links.iter().find(|link| link.name.eq_ignore_ascii_case(&group.name))?;
        let ours = group.replicas.iter().any(|replica| {
            replica.url.to_ascii_lowercase().contains(&instance.view.fqdn.to_ascii_lowercase())
        });
        ours.then_some((instance, link))
    })
}

fn databases_of<'a>(viewer: Viewer<'a>, group: &'a AvailabilityGroup) -> Vec<&'a str> {
    if !group.distributed {
        return group.databases.iter().map(String::as_str).collect();
    }
    let local = group.replicas.iter().find(|replica| is_local(viewer, group, replica));
    local
        .and_then(|replica| viewer.engine.group(&replica.server_name))
        .map(|local| local.databases.iter().map(String::as_str).collect())
        .unwrap_or_default()
}

pub(super) fn database_states(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in &viewer.engine.groups {
        for name in databases_of(viewer, group) {
            let Some(database) = viewer.engine.database(name) else { continue };
            for replica in &group.replicas {
                let local = is_local(viewer, group, replica);
                if !local && group.role != Role::Primary {
                    continue;
                }
                let behind = link(viewer, group);
                let linked = behind.and_then(|(_, link)| {
                    link.databases
                        .iter()
                        .find(|database| viewer.engine.same_name(&database.name, name))
                        .map(|one| (link, one))
                });
                let (state, health, hardened) = match (local, group.distributed, linked) {
                    (true, false, _) => (2, 2, Some(database.hardened_lsn)),
                    (true, true, _) => {
                        (if group.link.connected { 1 } else { 2 }, 2, Some(database.hardened_lsn))
                    }
                    (false, true, Some((link, one))) => remote(group, link, one),
                    (false, true, None) => (0, 0, None),
                    (false, false, _) => (2, 2, Some(database.hardened_lsn)),
                };
                let state_desc =
                    ["NOT SYNCHRONIZING", "SYNCHRONIZING", "SYNCHRONIZED", "REVERTING", "INITIALIZING"]
                        .get(state);
                let (code, words) = database.state.code();
                let mut row = Row::from([
                    ("database_id", number(database.id)),
                    ("group_id", guid(&group.id)),
                    ("replica_id", guid(&replica.id)),
                    ("group_database_id", database.group_database_id.as_deref().map_or(Value::Null, guid)),
                    ("is_local", bit(local)),
                    ("is_primary_replica", bit(local == (group.role == Role::Primary))),
                    ("synchronization_state", number(i32::try_from(state).unwrap_or(0))),
                    ("synchronization_state_desc", state_desc.map_or(Value::Null, |word| text(*word))),
                    ("is_commit_participant", bit(local)),
                    ("synchronization_health", number(health)),
                    ("synchronization_health_desc", text(health_words(health))),
                    ("database_state", if local { number(code) } else { Value::Null }),
                    ("database_state_desc", if local { text(words) } else { Value::Null }),
                    ("is_suspended", bit(database.suspended.is_some())),
                    ("suspend_reason", database.suspended.map_or(Value::Null, number)),
                    ("last_hardened_lsn", hardened.map_or(Value::Null, lsn)),
                    ("end_of_log_lsn", hardened.map_or(Value::Null, lsn)),
                    ("last_commit_lsn", hardened.map_or(Value::Null, lsn)),
                    ("secondary_lag_seconds", if local { Value::Null } else { number(0) }),
                    ("is_internal", bit(false)),
                ]);
                // Progress is known of secondaries: on the primary of the other side, on the secondary of itself.
                if let Some((_, one)) = linked
                    && local != (group.role == Role::Primary)
                {
                    progress(&mut row, database, &one.replication, local);
                }
                rows.push(row);
            }
        }
    }
    rows
}

/// How far a secondary has come. What is sent is known on the primary, which `local` rows are not about.
fn progress(row: &mut Row, database: &Database, replication: &Replication, local: bool) {
    let when = |mark: Mark| mark.at.map_or(Value::Null, moment);
    for (position, time, mark) in [
        ("last_sent_lsn", "last_sent_time", replication.sent),
        ("last_received_lsn", "last_received_time", replication.received),
        ("last_redone_lsn", "last_redone_time", replication.redone),
    ] {
        if local && position == "last_sent_lsn" {
            continue;
        }
        row.insert(position, lsn(mark.position.last_block()));
        row.insert(time, when(mark));
    }
    row.insert("last_hardened_time", when(replication.hardened));
    row.insert("redo_queue_size", large(replication.redo_queue()));
    row.insert("redo_rate", large(replication.redo_rate));
    if !local {
        row.insert("log_send_queue_size", large(replication.send_queue(database.hardened_lsn)));
        row.insert("log_send_rate", large(replication.send_rate));
        row.insert("secondary_lag_seconds", large(replication.lag));
    }
}

/// Synchronization state, health and hardened position of the other side.
fn remote(
    group: &AvailabilityGroup,
    link: &Link,
    database: &LinkDatabase,
) -> (usize, u8, Option<LogPosition>) {
    if !group.link.connected {
        return (0, 0, Some(database.replication.hardened.position));
    }
    match link.phase {
        LinkPhase::Synchronizing | LinkPhase::FailingOver => {
            (if link.synchronous { 2 } else { 1 }, 2, Some(database.replication.hardened.position))
        }
        LinkPhase::Initiating | LinkPhase::Seeding => (4, 0, None),
        _ => (0, 0, Some(database.replication.hardened.position)),
    }
}

pub(super) fn automatic_seeding(viewer: Viewer<'_>) -> Vec<Row> {
    seedings(viewer, |group, database, done, link| {
        Row::from([
            ("start_time", moment(link.created)),
            ("completion_time", if done { moment(link.created) } else { Value::Null }),
            ("ag_id", guid(&group.id)),
            ("ag_db_id", guid(&database.replicas.1)),
            ("ag_remote_replica_id", guid(&database.replicas.0)),
            ("operation_id", guid(&database.replicas.1)),
            ("is_source", bit(group.role == Role::Primary)),
            ("current_state", text(if done { "COMPLETED" } else { "SEEDING" })),
            ("performed_seeding", bit(true)),
            ("number_of_attempts", number(i64::from(database.seedings))),
        ])
    })
}

/// Rows vanish when the seeding has ended.
pub(super) fn physical_seeding(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = seedings(viewer, |group, database, done, link| {
        let (copied, size) = database.seeded.unwrap_or_default();
        let id = viewer.engine.database(&database.name).map_or(0, |database| database.id);
        Row::from([
            ("local_physical_seeding_id", guid(&database.replicas.1)),
            ("remote_physical_seeding_id", guid(&database.replicas.0)),
            ("local_database_id", number(id)),
            ("local_database_name", text(&database.name)),
            ("role_desc", text(if group.role == Role::Primary { "Source" } else { "Destination" })),
            ("internal_state_desc", text(if done { "Success" } else { "ReadingAndSendingData" })),
            ("transfer_rate_bytes_per_second", large(viewer.estate.seeding_rate)),
            ("transferred_size_bytes", large(copied)),
            ("database_size_bytes", large(size)),
            ("start_time_utc", moment(link.created)),
            ("is_compression_enabled", bit(false)),
        ])
    });
    rows.retain(|row| row.get("internal_state_desc") != Some(&text("Success")));
    rows
}

fn seedings(
    viewer: Viewer<'_>,
    row: impl Fn(&AvailabilityGroup, &LinkDatabase, bool, &Link) -> Row,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in viewer.engine.groups.iter().filter(|group| group.distributed) {
        let Some((_, link)) = link(viewer, group) else { continue };
        for database in &link.databases {
            if let Some((copied, size)) = database.seeded {
                rows.push(row(group, database, copied >= size, link));
            }
        }
    }
    rows
}

/// One row even where there is no cluster.
pub(super) fn cluster(viewer: Viewer<'_>) -> Vec<Row> {
    let name = viewer.engine.cluster.clone().unwrap_or_default();
    vec![Row::from([
        ("cluster_name", text(name)),
        ("quorum_type", number(0)),
        ("quorum_type_desc", text("NODE_MAJORITY")),
        ("quorum_state", number(1)),
        ("quorum_state_desc", text("NORMAL_QUORUM")),
    ])]
}
