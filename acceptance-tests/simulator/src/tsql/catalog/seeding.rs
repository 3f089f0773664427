//! Automatic seeding: its history, and what runs.

use rusqlite::types::Value;
use time::{Duration, OffsetDateTime};

use super::{Row, Viewer, bit, derived_guid, guid, large, moment, none_or, number, text};
use crate::world::assumption;
use crate::world::database::Database;
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::managed::LinkPhase;
use crate::world::nodes::ReplicaPair;

/// A seeding of a database, over a link or to another node of a local group.
struct Seeding<'a> {
    group: &'a AvailabilityGroup,
    database: Option<&'a Database>,
    name: &'a str,
    /// Replica ids: of the database's primary and secondary.
    replicas: (&'a str, &'a str),
    other: Option<&'a Replica>,
    copied: u64,
    size: u64,
    attempts: u32,
    started: OffsetDateTime,
    /// When it was done, or failed.
    ended: OffsetDateTime,
    /// Bytes a second.
    rate: u64,
    /// How it failed.
    error: Option<i32>,
    is_source: bool,
}

impl Seeding<'_> {
    fn done(&self) -> bool {
        self.copied >= self.size
    }

    fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// A seeding that begins anew is another operation.
    fn operation(&self) -> Value {
        derived_guid(&["seeding", self.replicas.1, self.name, &self.attempts.to_string()])
    }
}

fn seedings<'a>(viewer: &Viewer<'a>) -> Vec<Seeding<'a>> {
    let mut found = Vec::new();
    for group in viewer.groups() {
        if group.distributed {
            over_link(viewer, group, &mut found);
        } else if group.replicas.len() > 1 {
            between_nodes(viewer, group, &mut found);
        }
    }
    found
}

fn over_link<'a>(viewer: &Viewer<'a>, group: &'a AvailabilityGroup, found: &mut Vec<Seeding<'a>>) {
    let Some((instance, link)) = viewer.link(group) else { return };
    let rate = viewer.estate.seeding_rate_of(instance, link);
    let other = group.replicas.iter().find(|replica| !viewer.is_local(group, replica));
    for copy in &link.databases {
        let Some((copied, size)) = copy.seeded else { continue };
        let started = copy.seeding_since.unwrap_or(link.created);
        let failure = link.error.as_ref().map(|(_, at, _)| *at);
        let failed = copied < size && matches!(link.phase, LinkPhase::CreationError);
        let error = copy.error.or(link.error.as_ref().map(|(number, ..)| *number));
        found.push(Seeding {
            group,
            database: viewer.database_named(&copy.name),
            name: &copy.name,
            replicas: (&copy.replicas.0, &copy.replicas.1),
            other,
            copied,
            size,
            attempts: copy.seedings,
            started,
            ended: copy.seeded_at.or(failure).unwrap_or(started),
            rate,
            error: error.filter(|_| failed),
            is_source: group.role == Role::Primary,
        });
    }
}

fn between_nodes<'a>(viewer: &Viewer<'a>, group: &'a AvailabilityGroup, found: &mut Vec<Seeding<'a>>) {
    let here = viewer.engine.key();
    let own =
        |pair: &&ReplicaPair| pair.group == group.id && (pair.primary == here || pair.secondary == here);
    for pair in viewer.estate.pairs.iter().filter(own) {
        let is_source = pair.primary == here;
        let other = group.replicas.iter().find(|one| (one.id == pair.replica) == is_source);
        let Some(other) = other else { continue };
        for copy in pair.copies.iter().filter(|copy| copy.seedings > 0) {
            found.push(Seeding {
                group,
                database: viewer.database_named(&copy.name),
                name: &copy.name,
                replicas: (&other.id, &pair.replica),
                other: Some(other),
                copied: copy.seeded.0,
                size: copy.seeded.1,
                attempts: copy.seedings,
                started: copy.since,
                ended: copy.since + takes(viewer.estate.seeding_rate, copy.seeded.1),
                rate: viewer.estate.seeding_rate,
                error: None,
                is_source,
            });
        }
    }
}

/// How long some bytes take at a rate.
fn takes(rate: u64, bytes: u64) -> Duration {
    let seconds = bytes.checked_div(rate).unwrap_or_default();
    Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 4))
}

pub(super) fn automatic(viewer: &Viewer<'_>) -> Vec<Row> {
    let untold = viewer.estate.opposite(assumption::UNEXPLAINED_VALUES);
    let row = |seeding: &Seeding<'_>| {
        let state = match (seeding.done(), seeding.failed()) {
            (true, _) => "COMPLETED",
            (false, true) => "FAILED",
            (false, false) => "SEEDING",
        };
        let ended = seeding.done() || seeding.failed();
        let error = seeding.error;
        let id = seeding.database.and_then(|database| database.group_database_id.as_deref());
        Row::from([
            ("start_time", moment(seeding.started)),
            ("completion_time", none_or(ended.then_some(seeding.ended), moment)),
            ("ag_id", guid(&seeding.group.id)),
            ("ag_db_id", guid(id.unwrap_or(seeding.replicas.1))),
            ("ag_remote_replica_id", guid(seeding.other.map_or(seeding.replicas.0, |one| &one.id))),
            ("operation_id", seeding.operation()),
            ("is_source", bit(seeding.is_source)),
            ("current_state", text(state)),
            ("performed_seeding", bit(seeding.done())),
            // 2 is the state of 'Seeding'; only that one can fail here. ASSUMED 74.
            ("failure_state", none_or(error.filter(|_| !untold), |_| number(2))),
            ("failure_state_desc", none_or(error.filter(|_| !untold), |_| text("Seeding"))),
            ("error_code", none_or(error, number)),
            ("number_of_attempts", number(i64::from(seeding.attempts))),
        ])
    };
    seedings(viewer).iter().map(row).collect()
}

/// The databases that are seeded from here now.
pub(super) fn running<'a>(viewer: &Viewer<'a>) -> Vec<&'a Database> {
    let runs = |one: &Seeding<'a>| !one.done() && !one.failed() && one.is_source;
    seedings(viewer).into_iter().filter(runs).filter_map(|one| one.database).collect()
}

/// Rows vanish when the seeding has ended.
pub(super) fn physical(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |seeding: &Seeding<'_>| {
        let source = seeding.is_source;
        let left = seeding.size.saturating_sub(seeding.copied);
        Row::from([
            ("local_physical_seeding_id", seeding.operation()),
            (
                "remote_physical_seeding_id",
                derived_guid(&["remote seeding", seeding.replicas.0, seeding.name]),
            ),
            ("local_database_id", number(seeding.database.map_or(0, |database| database.id))),
            ("local_database_name", text(seeding.name)),
            ("remote_machine_name", none_or(seeding.other, |replica| text(&replica.url))),
            ("role_desc", text(if source { "Source" } else { "Destination" })),
            (
                "internal_state_desc",
                text(if source { "ReadingAndSendingData" } else { "ReceivingAndWritingData" }),
            ),
            ("transfer_rate_bytes_per_second", large(seeding.rate)),
            ("transferred_size_bytes", large(seeding.copied)),
            ("database_size_bytes", large(seeding.size)),
            ("start_time_utc", moment(seeding.started)),
            ("estimate_time_complete_utc", moment(viewer.now() + takes(seeding.rate, left))),
            ("total_disk_io_wait_time_ms", number(0)),
            ("total_network_wait_time_ms", number(0)),
            ("is_compression_enabled", bit(false)),
        ])
    };
    seedings(viewer).iter().filter(|one| !one.done() && !one.failed()).map(row).collect()
}
