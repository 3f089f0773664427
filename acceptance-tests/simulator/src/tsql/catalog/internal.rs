//! The groups inside distributed ones that SQL Server 2025 shows.
//!
//! ASSUMED 76: each database of a distributed group has one, named by its id, with both members as replicas; it is
//! defined as the distributed group is.

use rusqlite::types::Value;

use super::{Row, Viewer, derived_guid, guid, none_or, text};
use crate::world::assumption;
use crate::world::database::Database;
use crate::world::group::AvailabilityGroup;

fn internal<'a>(viewer: &Viewer<'a>) -> Vec<(&'a AvailabilityGroup, &'a Database, Value)> {
    let none = viewer.estate.opposite(assumption::INTERNAL_GROUPS);
    let distributed = viewer.groups().filter(|group| group.distributed && !none);
    distributed
        .flat_map(|group| viewer.databases_of(group).into_iter().map(move |database| (group, database)))
        .map(|(group, database)| {
            let own = database.group_database_id.as_deref().unwrap_or(&database.guid);
            (group, database, derived_guid(&["internal group", &group.id, own]))
        })
        .collect()
}

pub(super) fn groups(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |(group, database, id): (&AvailabilityGroup, &Database, Value)| {
        let mut row = super::groups::group(viewer, group);
        let name = match &id {
            Value::Text(words) => text(words.as_str()),
            _ => Value::Null,
        };
        row.insert("distributed_availability_group_id", guid(&group.id));
        row.insert("group_id", id);
        row.insert("name", name);
        row.insert("group_database_id", none_or(database.group_database_id.as_deref(), guid));
        row
    };
    internal(viewer).into_iter().map(row).collect()
}

pub(super) fn replicas(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (group, _, id) in internal(viewer) {
        for replica in &group.replicas {
            let Value::Text(own) = &id else { continue };
            let mut row = super::groups::replica(viewer, group, replica);
            row.insert("replica_id", derived_guid(&["internal replica", own, &replica.id]));
            row.insert("group_id", id.clone());
            row.insert("distributed_availability_group_replica_id", guid(&replica.id));
            rows.push(row);
        }
    }
    rows
}
