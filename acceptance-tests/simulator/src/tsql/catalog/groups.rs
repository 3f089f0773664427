//! Availability groups, local and distributed, as they are defined.

use rusqlite::types::Value;

use super::{Row, Viewer, bit, guid, large, lsn, maybe, moment, none_or, number, sid, text};
use crate::world::assumption;
use crate::world::group::{AvailabilityGroup, Listener, Replica};
use crate::world::security::Securable;

/// `replica_metadata_id` of the first local replica: ids below are the system's.
pub(super) const FIRST_METADATA_ID: i32 = 65536;

/// The groups that one may see: by VIEW ANY DEFINITION, or by any permission on the group. ["sys.availability_groups",
/// 2025]
fn visible<'a>(viewer: &Viewer<'a>) -> Vec<&'a AvailabilityGroup> {
    let shown = |group: &&AvailabilityGroup| viewer.rights.sees(&Securable::Group(group.name.clone()));
    viewer.groups().filter(shown).collect()
}

pub(super) fn groups(viewer: &Viewer<'_>) -> Vec<Row> {
    visible(viewer).into_iter().map(|one| group(viewer, one)).collect()
}

/// A group as it is defined.
pub(super) fn group(viewer: &Viewer<'_>, group: &AvailabilityGroup) -> Row {
    let preference = match group.backup_preference {
        0 => "PRIMARY",
        1 => "SECONDARY_ONLY",
        2 => "SECONDARY",
        _ => "NONE",
    };
    // ASSUMED 148: the page and SMO disagree.
    let (external, none) = if viewer.estate.opposite(assumption::CLUSTER_TYPES) { (2, 1) } else { (1, 2) };
    let (cluster_type, cluster) = match group.cluster_type {
        0 => (0, "WSFC"),
        1 => (external, "EXTERNAL"),
        _ => (none, "NONE"),
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
        ("cluster_type", number(cluster_type)),
        ("cluster_type_desc", text(cluster)),
        ("required_synchronized_secondaries_to_commit", number(group.required_synchronized_secondaries)),
        ("sequence_number", large(group.sequence)),
        ("is_contained", bit(group.contained)),
    ])
}

pub(super) fn replicas(viewer: &Viewer<'_>) -> Vec<Row> {
    let groups = visible(viewer);
    let all = groups.into_iter().flat_map(|group| group.replicas.iter().map(move |one| (group, one)));
    all.map(|(group, one)| replica(viewer, group, one)).collect()
}

/// Replicas of one set have one priority.
pub(super) fn routing_lists(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in visible(viewer) {
        for replica in &group.replicas {
            for (place, name) in replica.read_only_routing_list.iter().enumerate().flat_map(each) {
                let mut replicas = group.replicas.iter();
                let target = replicas.find(|one| viewer.engine.same_name(&one.server_name, name));
                rows.extend(target.map(|target| {
                    Row::from([
                        ("replica_id", guid(&replica.id)),
                        ("routing_priority", number(i32::try_from(place + 1).unwrap_or(i32::MAX))),
                        ("read_only_replica_id", guid(&target.id)),
                    ])
                }));
            }
        }
    }
    rows
}

fn each((place, set): (usize, &Vec<String>)) -> impl Iterator<Item = (usize, &String)> {
    set.iter().map(move |name| (place, name))
}

/// A replica as it is defined. Dates, owner and metadata are kept by the server that hosts it.
pub(super) fn replica(viewer: &Viewer<'_>, group: &AvailabilityGroup, replica: &Replica) -> Row {
    let local = viewer.is_local(group, replica).then_some(replica);
    let owner = local.and_then(|_| viewer.engine.logins.iter().find(|login| login.id == 1)).map(sid);
    let words = |on: bool, yes: &'static str, no: &'static str| text(if on { yes } else { no });
    let failover = ["AUTOMATIC", "MANUAL", "EXTERNAL"].get(usize::from(replica.failover_mode));
    let secondary = ["NO", "READ_ONLY", "ALL"].get(usize::from(replica.secondary_connections));
    Row::from([
        ("replica_id", guid(&replica.id)),
        ("group_id", guid(&group.id)),
        ("replica_metadata_id", none_or(local.and(viewer.metadata_id(&group.name)), number)),
        ("replica_server_name", text(&replica.server_name)),
        ("owner_sid", none_or(owner, Value::Blob)),
        ("endpoint_url", text(&replica.url)),
        ("availability_mode", number(i32::from(replica.synchronous))),
        ("availability_mode_desc", words(replica.synchronous, "SYNCHRONOUS_COMMIT", "ASYNCHRONOUS_COMMIT")),
        ("failover_mode", number(replica.failover_mode)),
        ("failover_mode_desc", failover.map_or(Value::Null, |word| text(*word))),
        ("session_timeout", number(replica.session_timeout)),
        ("primary_role_allow_connections", number(replica.primary_connections)),
        ("primary_role_allow_connections_desc", words(replica.primary_connections == 3, "READ_WRITE", "ALL")),
        ("secondary_role_allow_connections", number(replica.secondary_connections)),
        ("secondary_role_allow_connections_desc", secondary.map_or(Value::Null, |word| text(*word))),
        ("create_date", none_or(local, |replica| moment(replica.created))),
        ("modify_date", none_or(local, |replica| moment(replica.modified))),
        ("backup_priority", number(replica.backup_priority)),
        ("read_only_routing_url", maybe(replica.read_only_routing_url.as_ref())),
        ("seeding_mode", number(replica.seeding_mode)),
        ("seeding_mode_desc", words(replica.seeding_mode == 0, "AUTOMATIC", "MANUAL")),
        ("read_write_routing_url", maybe(replica.read_write_routing_url.as_ref())),
    ])
}

pub(super) fn databases(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in visible(viewer) {
        for name in &group.databases {
            let database = viewer.database_named(name);
            let id = database.and_then(|database| database.group_database_id.as_deref());
            rows.push(Row::from([
                ("group_id", guid(&group.id)),
                ("group_database_id", none_or(id, guid)),
                ("database_name", text(name)),
                ("truncation_lsn", none_or(database, |database| lsn(database.backed_up_lsn))),
            ]));
        }
    }
    rows
}

/// The listeners that one may see: with the server's state, or with the group.
fn listening<'a>(viewer: &Viewer<'a>) -> Vec<(&'a AvailabilityGroup, &'a Listener)> {
    let state = viewer.rights.server("VIEW SERVER STATE");
    let groups: Vec<&AvailabilityGroup> = if state { viewer.groups().collect() } else { visible(viewer) };
    groups.into_iter().filter_map(|group| Some((group, group.listener.as_ref()?))).collect()
}

pub(super) fn listeners(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |(group, listener): (&AvailabilityGroup, &Listener)| {
        // The form in which the cluster's own tool writes it.
        let address = |(ip, _): &(String, Option<String>)| format!("('IP Address: {ip}')");
        let addresses: Vec<String> = listener.addresses.iter().map(address).collect();
        let clustered = group.cluster_type == 0;
        Row::from([
            ("group_id", guid(&group.id)),
            ("listener_id", guid(&listener.id)),
            ("dns_name", text(&listener.dns_name)),
            ("port", number(listener.port)),
            ("is_conformant", bit(true)),
            (
                "ip_configuration_string_from_cluster",
                if clustered { text(addresses.join(" or ")) } else { Value::Null },
            ),
            ("is_distributed_network_name", bit(false)),
        ])
    };
    listening(viewer).into_iter().map(row).collect()
}

pub(super) fn listener_addresses(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (_, listener) in listening(viewer) {
        for (address, mask) in &listener.addresses {
            let subnet = mask.as_deref().and_then(|mask| subnet(address, mask));
            rows.push(Row::from([
                ("listener_id", guid(&listener.id)),
                ("ip_address", text(address)),
                ("ip_subnet_mask", maybe(mask.as_ref())),
                ("is_dhcp", bit(false)),
                ("network_subnet_ip", none_or(subnet.as_ref(), |(network, _)| text(network))),
                ("network_subnet_prefix_length", none_or(subnet.as_ref(), |(_, bits)| number(*bits))),
                ("network_subnet_ipv4_mask", none_or(subnet.as_ref(), |_| maybe(mask.as_ref()))),
                ("state", number(1)),
                ("state_desc", text("ONLINE")),
            ]));
        }
    }
    rows
}

/// The network of an address, and how many bits its mask has.
pub(super) fn subnet(address: &str, mask: &str) -> Option<(String, u32)> {
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let mask: std::net::Ipv4Addr = mask.parse().ok()?;
    let network = std::net::Ipv4Addr::from(u32::from(address) & u32::from(mask));
    Some((network.to_string(), u32::from(mask).count_ones()))
}
