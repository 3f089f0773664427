//! The Windows cluster under the groups.
//!
//! ASSUMED 75: an engine without a cluster has one row in `sys.dm_hadr_cluster` and none in the other views; nodes have
//! one network with a mask of 24 bits, and one vote each. ASSUMED 140: the witness of an even number of nodes is a file
//! share.

use std::collections::BTreeMap;

use super::groups::subnet;
use super::{Row, Viewer, bit, guid, number, text};
use crate::world::assumption;
use crate::world::group::AvailabilityGroup;
use crate::world::instance::SqlInstance;

/// One row even where there is no cluster: its name is empty then.
pub(super) fn cluster(viewer: &Viewer<'_>) -> Vec<Row> {
    let name = viewer.engine.cluster.clone().unwrap_or_default();
    let (kind, words) =
        if has_witness(viewer) { (2, "NODE_AND_FILE_SHARE_MAJORITY") } else { (0, "NODE_MAJORITY") };
    let quorum = viewer.estate.has_quorum(viewer.engine);
    vec![Row::from([
        ("cluster_name", text(name)),
        ("quorum_type", number(kind)),
        ("quorum_type_desc", text(words)),
        ("quorum_state", number(i32::from(quorum))),
        ("quorum_state_desc", text(if quorum { "NORMAL_QUORUM" } else { "UNKNOWN_QUORUM_STATE" })),
    ])]
}

/// The nodes of the engine's cluster by name, each with an engine on it.
fn nodes<'a>(viewer: &Viewer<'a>) -> BTreeMap<&'a str, &'a SqlInstance> {
    let Some(cluster) = &viewer.engine.cluster else {
        let alone = viewer.estate.opposite(assumption::NO_CLUSTER).then_some(viewer.engine);
        return alone.into_iter().map(|one| (one.machine_name.as_str(), one)).collect();
    };
    let member =
        |one: &&SqlInstance| one.cluster.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(cluster));
    viewer.estate.sql_servers.iter().filter(member).map(|one| (one.machine_name.as_str(), one)).collect()
}

fn has_witness(viewer: &Viewer<'_>) -> bool {
    viewer.estate.has_witness(nodes(viewer).len())
}

pub(super) fn members(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |(name, engine): (&str, &SqlInstance)| {
        let up = !viewer.estate.network.down.contains(&engine.host);
        Row::from([
            ("member_name", text(name)),
            ("member_type", number(0)),
            ("member_type_desc", text("CLUSTER_NODE")),
            ("member_state", number(i32::from(up))),
            ("member_state_desc", text(if up { "UP" } else { "DOWN" })),
            ("number_of_quorum_votes", number(1)),
        ])
    };
    let witness = Row::from([
        ("member_name", text("File Share Witness")),
        ("member_type", number(2)),
        ("member_type_desc", text("FILE_SHARE_WITNESS")),
        ("member_state", number(1)),
        ("member_state_desc", text("UP")),
        ("number_of_quorum_votes", number(1)),
    ]);
    let witness = has_witness(viewer).then_some(witness);
    nodes(viewer).into_iter().map(row).chain(witness).collect()
}

pub(super) fn networks(viewer: &Viewer<'_>) -> Vec<Row> {
    const MASK: &str = "255.255.255.0";
    let row = |(name, engine): (&str, &SqlInstance)| {
        let network = engine.aliases.iter().find_map(|alias| subnet(alias, MASK));
        let (network, bits) = network.unwrap_or_else(|| ("10.0.0.0".to_owned(), 24));
        Row::from([
            ("member_name", text(name)),
            ("network_subnet_ip", text(network)),
            ("network_subnet_ipv4_mask", text(MASK)),
            ("network_subnet_prefix_length", number(bits)),
            ("is_public", bit(true)),
            ("is_ipv4", bit(true)),
        ])
    };
    nodes(viewer).into_iter().map(row).collect()
}

/// Groups that the cluster has as resources.
fn clustered<'a>(viewer: &Viewer<'a>) -> impl Iterator<Item = &'a AvailabilityGroup> {
    let in_cluster = viewer.engine.cluster.is_some();
    viewer
        .engine
        .groups
        .iter()
        .filter(move |group| in_cluster && !group.distributed && group.cluster_type == 0)
}

/// The node of a replica: its server name without the instance.
fn node(server: &str) -> &str {
    server.split('\\').next().unwrap_or(server)
}

pub(super) fn instance_nodes(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in clustered(viewer) {
        for replica in &group.replicas {
            rows.push(Row::from([
                ("ag_resource_id", guid(&group.resource_id)),
                ("instance_name", text(&replica.server_name)),
                ("node_name", text(node(&replica.server_name))),
            ]));
        }
    }
    rows
}

pub(super) fn names(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |group: &AvailabilityGroup| {
        Row::from([
            ("ag_name", text(&group.name)),
            ("ag_id", guid(&group.id)),
            ("ag_resource_id", guid(&group.resource_id)),
            ("ag_group_id", guid(&group.id)),
        ])
    };
    clustered(viewer).map(row).collect()
}

pub(super) fn replica_nodes(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in clustered(viewer) {
        for replica in &group.replicas {
            rows.push(Row::from([
                ("group_name", text(&group.name)),
                ("replica_server_name", text(&replica.server_name)),
                ("node_name", text(node(&replica.server_name))),
            ]));
        }
    }
    rows
}
