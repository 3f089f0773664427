//! How far each copy of a database has come: `sys.dm_hadr_database_replica_states`.
//!
//! A secondary knows of itself what it received, hardened and redid; the primary knows of it what it sent and what was
//! reported back. The primary's own row says where its log ends; nothing is sent to itself, so what is about sending and
//! redoing is NULL there. [the view's page, 2025]

use std::collections::HashMap;

use rusqlite::types::Value;
use time::OffsetDateTime;

use super::{Row, Viewer, bit, guid, large, lsn, moment, none_or, number, text};
use crate::world::assumption;
use crate::world::copying::Synchronization;
use crate::world::database::Database;
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::log::{LogPosition, Mark, Replication};
use crate::world::managed::{Link, LinkDatabase};
use crate::world::nodes::ReplicaPair;

const STATES: [&str; 5] = ["NOT SYNCHRONIZING", "SYNCHRONIZING", "SYNCHRONIZED", "REVERTING", "INITIALIZING"];

const SUSPENDED: [&str; 9] = [
    "SUSPEND_FROM_USER",
    "SUSPEND_FROM_PARTNER",
    "SUSPEND_FROM_REDO",
    "SUSPEND_FROM_CAPTURE",
    "SUSPEND_FROM_APPLY",
    "SUSPEND_FROM_RESTART",
    "SUSPEND_FROM_UNDO",
    "SUSPEND_FROM_REVALIDATION",
    "SUSPEND_FROM_XRF_UPDATE",
];

pub(super) fn database_states(viewer: &Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    // A local group that receives its databases through a distributed one stands where that one does.
    let mut received: HashMap<&str, &Link> = HashMap::new();
    for group in viewer.groups().filter(|group| group.distributed && group.role == Role::Secondary) {
        if let (Some(member), Some((_, link))) = (viewer.member(group), viewer.link(group)) {
            received.insert(&member.name, link);
        }
    }
    for group in viewer.groups() {
        let own = || received.get(group.name.as_str()).copied().filter(|_| group.role == Role::Secondary);
        let link = if group.distributed { viewer.link(group).map(|(_, link)| link) } else { own() };
        for database in viewer.databases_of(group) {
            let same = |one: &&LinkDatabase| viewer.engine.same_name(&one.name, &database.name);
            let copy = link.and_then(|link| Some((link, link.databases.iter().find(same)?)));
            for replica in &group.replicas {
                let local = viewer.is_local(group, replica);
                if local || viewer.role(group) == Role::Primary {
                    rows.push(row(viewer, (group, replica, local), database, copy));
                }
            }
        }
    }
    rows
}

fn row(
    viewer: &Viewer<'_>,
    (group, replica, local): (&AvailabilityGroup, &Replica, bool),
    database: &Database,
    copy: Option<(&Link, &LinkDatabase)>,
) -> Row {
    let primary = local == (viewer.role(group) == Role::Primary);
    let node = viewer.pair(group, replica).filter(|_| !group.distributed);
    let on_node = node.and_then(|pair| pair.copies.iter().find(|copy| copy.name == database.name));
    let (state, health, hardened) = match (local, group.distributed, copy) {
        (_, false, _) if !primary => {
            let state = on_node.map_or(0, |one| usize::from(one.state.code()));
            // Without synchronous commit there is nothing better than to synchronize.
            let healthy = state == 2 || (state == 1 && !replica.synchronous);
            let health = match (node.is_some_and(ReplicaPair::connected), healthy) {
                (true, true) => 2,
                (true, false) => u8::from(state == 1),
                (false, _) => 0,
            };
            let hardened = on_node.map(|one| one.replication.hardened.position);
            (state, health, if local { Some(database.hardened_lsn) } else { hardened })
        }
        (true, false, _) => (2, 2, Some(database.hardened_lsn)),
        (true, true, _) => (if group.link.connected { 1 } else { 2 }, 2, Some(database.hardened_lsn)),
        (false, true, Some((link, one))) => remote(link, one),
        (false, true, None) => (0, 0, None),
        (false, false, _) => (2, 2, Some(database.hardened_lsn)),
    };
    let health_desc = ["NOT_HEALTHY", "PARTIALLY_HEALTHY", "HEALTHY"].get(usize::from(health));
    let (code, words) = database.state.code();
    // Of a copy on another node it is suspended there.
    let held = if local || group.distributed { None } else { viewer.node(group, replica) };
    let suspended = database.suspended.or(held.and_then(|node| node.database(&database.name)?.suspended));
    let reason = suspended.and_then(|reason| SUSPENDED.get(usize::from(reason)));
    let mut row = Row::from([
        ("database_id", number(database.id)),
        ("group_id", guid(&group.id)),
        ("replica_id", guid(&replica.id)),
        ("group_database_id", none_or(database.group_database_id.as_deref(), guid)),
        ("is_local", bit(local)),
        ("is_primary_replica", bit(primary)),
        ("synchronization_state", number(i32::try_from(state).unwrap_or(0))),
        ("synchronization_state_desc", none_or(STATES.get(state), |word| text(*word))),
        // Commits wait for replicas with synchronous commit alone.
        ("is_commit_participant", bit(replica.synchronous && (primary || state == 2))),
        ("synchronization_health", number(health)),
        ("synchronization_health_desc", none_or(health_desc, |word| text(*word))),
        ("is_suspended", bit(suspended.is_some())),
        ("suspend_reason", none_or(suspended, number)),
        ("suspend_reason_desc", none_or(reason, |word| text(*word))),
        ("recovery_lsn", lsn(recovery(database))),
        ("truncation_lsn", lsn(database.backed_up_lsn)),
        ("end_of_log_lsn", none_or(hardened, lsn)),
        ("last_commit_lsn", none_or(hardened, |position| lsn(position.last_block()))),
        // ASSUMED 74: a number that grows with the log.
        ("low_water_mark_for_ghosts", large(database.hardened_lsn.0)),
        ("is_internal", bit(false)),
    ]);
    if local {
        row.insert("database_state", number(code));
        row.insert("database_state_desc", text(words));
    }
    let of_link = copy.map(|(_, one)| &one.replication).filter(|_| on_node.is_none());
    let replication = of_link.or_else(|| on_node.map(|one| &one.replication));
    match (primary, local) {
        (true, true) => own(&mut row, viewer, replica, database, copy),
        // Of a primary that is elsewhere nothing is known here.
        (true, false) => {}
        (false, _) => {
            row.insert("last_hardened_lsn", none_or(hardened, lsn));
            let redone = replication.map(|one| one.redone.position).filter(|_| hardened.is_some());
            row.insert(
                "last_commit_lsn",
                none_or(redone.or(hardened), |position| lsn(position.last_block())),
            );
            if let Some(replication) = replication {
                secondary(&mut row, database, replication, local);
            }
        }
    }
    if viewer.estate.opposite(assumption::UNEXPLAINED_VALUES) {
        for column in ["recovery_lsn", "low_water_mark_for_ghosts", "quorum_commit_lsn", "quorum_commit_time"]
        {
            row.insert(column, Value::Null);
        }
    }
    row
}

/// Where a copy's log stood when it was last brought up: what a resynchronization would go back to. ASSUMED 74: the end
/// of the log, since no copy here ever has to go back.
pub(super) fn recovery(database: &Database) -> LogPosition {
    database.hardened_lsn
}

/// The primary's row about itself.
///
/// `last_hardened_lsn` is what all synchronous secondaries have hardened; NULL with asynchronous commit.
fn own(
    row: &mut Row,
    viewer: &Viewer<'_>,
    replica: &Replica,
    database: &Database,
    copy: Option<(&Link, &LinkDatabase)>,
) {
    let last_commit = last_commit(viewer, database);
    row.insert("last_commit_time", moment(last_commit));
    let hardened = match copy {
        Some((link, one)) if link.synchronous => Some(one.replication.hardened),
        Some(_) => None,
        None => {
            replica.synchronous.then_some(Mark { position: database.hardened_lsn, at: Some(last_commit) })
        }
    };
    row.insert("last_hardened_lsn", none_or(hardened, |mark| lsn(mark.position)));
    row.insert("last_hardened_time", none_or(hardened.and_then(|mark| mark.at), moment));
    row.insert("quorum_commit_lsn", none_or(hardened, |mark| lsn(mark.position.last_block())));
    row.insert("quorum_commit_time", none_or(hardened.and_then(|mark| mark.at), moment));
}

/// When something was last committed: now where applications write, else when the database came.
fn last_commit(viewer: &Viewer<'_>, database: &Database) -> OffsetDateTime {
    if database.activity > 0 { viewer.estate.reached } else { database.created }
}

/// How far a secondary has come. What is sent is known on the primary, which `local` rows are not about.
fn secondary(row: &mut Row, database: &Database, replication: &Replication, local: bool) {
    let when = |mark: Mark| none_or(mark.at, moment);
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
    row.insert("last_commit_time", when(replication.redone));
    row.insert("redo_queue_size", large(replication.redo_queue()));
    row.insert("redo_rate", large(replication.redo_rate));
    if !local {
        row.insert("log_send_queue_size", large(replication.send_queue(database.hardened_lsn)));
        row.insert("log_send_rate", large(replication.send_rate));
        // Linked databases have no FILESTREAM.
        row.insert("filestream_send_rate", number(0));
        row.insert("secondary_lag_seconds", large(replication.lag));
    }
}

/// Synchronization state, health and hardened position of the other side.
fn remote(link: &Link, database: &LinkDatabase) -> (usize, u8, Option<LogPosition>) {
    let state = link.synchronization(database);
    let hardened = (state != Synchronization::Initializing).then_some(database.replication.hardened.position);
    (usize::from(state.code()), state.health(link.synchronous), hardened)
}
