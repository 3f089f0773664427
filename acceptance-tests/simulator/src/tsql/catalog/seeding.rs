//! Automatic seeding: its history, and what runs.

use rusqlite::types::Value;
use time::Duration;

use super::{Row, Viewer, bit, derived_guid, guid, large, moment, none_or, number, text};
use crate::world::database::Database;
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::managed::{Link, LinkDatabase, LinkPhase, ManagedInstance};

/// A seeding of a database of a link.
struct Seeding<'a> {
    group: &'a AvailabilityGroup,
    database: Option<&'a Database>,
    instance: &'a ManagedInstance,
    link: &'a Link,
    copy: &'a LinkDatabase,
    other: Option<&'a Replica>,
    copied: u64,
    size: u64,
}

impl Seeding<'_> {
    fn done(&self) -> bool {
        self.copied >= self.size
    }

    fn failed(&self) -> bool {
        !self.done() && matches!(self.link.phase, LinkPhase::CreationError)
    }

    /// A seeding that begins anew is another operation.
    fn operation(&self) -> Value {
        derived_guid(&["seeding", &self.copy.replicas.1, &self.copy.seedings.to_string()])
    }

    fn started(&self) -> time::OffsetDateTime {
        self.copy.seeding_since.unwrap_or(self.link.created)
    }

    /// When it was done, or failed.
    fn ended(&self) -> time::OffsetDateTime {
        let failed = self.link.error.as_ref().map(|(_, at, _)| *at);
        self.copy.seeded_at.or(failed).unwrap_or_else(|| self.started())
    }

    fn is_source(&self) -> bool {
        self.group.role == Role::Primary
    }
}

fn seedings<'a>(viewer: &Viewer<'a>) -> Vec<Seeding<'a>> {
    let mut found = Vec::new();
    for group in viewer.engine.groups.iter().filter(|group| group.distributed) {
        let Some((instance, link)) = viewer.link(group) else { continue };
        let other = group.replicas.iter().find(|replica| !viewer.is_local(group, replica));
        for copy in &link.databases {
            if let Some((copied, size)) = copy.seeded {
                let database = viewer.database_named(&copy.name);
                found.push(Seeding { group, database, instance, link, copy, other, copied, size });
            }
        }
    }
    found
}

/// How long some bytes take at a rate.
fn takes(rate: u64, bytes: u64) -> Duration {
    let seconds = bytes.checked_div(rate).unwrap_or_default();
    Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 4))
}

pub(super) fn automatic(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |seeding: &Seeding<'_>| {
        let state = match (seeding.done(), seeding.failed()) {
            (true, _) => "COMPLETED",
            (false, true) => "FAILED",
            (false, false) => "SEEDING",
        };
        let ended = seeding.done() || seeding.failed();
        let error = seeding.copy.error.or(seeding.link.error.as_ref().map(|(number, ..)| *number));
        let error = error.filter(|_| seeding.failed());
        let id = seeding.database.and_then(|database| database.group_database_id.as_deref());
        Row::from([
            ("start_time", moment(seeding.started())),
            ("completion_time", none_or(ended.then(|| seeding.ended()), moment)),
            ("ag_id", guid(&seeding.group.id)),
            ("ag_db_id", guid(id.unwrap_or(&seeding.copy.replicas.1))),
            ("ag_remote_replica_id", guid(seeding.other.map_or(&seeding.copy.replicas.0, |one| &one.id))),
            ("operation_id", seeding.operation()),
            ("is_source", bit(seeding.is_source())),
            ("current_state", text(state)),
            ("performed_seeding", bit(seeding.done())),
            // 2 is the state of 'Seeding'; only that one can fail here. ASSUMED 74.
            ("failure_state", none_or(error, |_| number(2))),
            ("failure_state_desc", none_or(error, |_| text("Seeding"))),
            ("error_code", none_or(error, number)),
            ("number_of_attempts", number(i64::from(seeding.copy.seedings))),
        ])
    };
    seedings(viewer).iter().map(row).collect()
}

/// The databases that are seeded from here now.
pub(super) fn running<'a>(viewer: &Viewer<'a>) -> Vec<&'a Database> {
    let runs = |one: &Seeding<'a>| !one.done() && !one.failed() && one.is_source();
    seedings(viewer).into_iter().filter(runs).filter_map(|one| one.database).collect()
}

/// Rows vanish when the seeding has ended.
pub(super) fn physical(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |seeding: &Seeding<'_>| {
        let source = seeding.is_source();
        let left = seeding.size.saturating_sub(seeding.copied);
        let rate = viewer.estate.seeding_rate_of(seeding.instance, seeding.link);
        Row::from([
            ("local_physical_seeding_id", seeding.operation()),
            ("remote_physical_seeding_id", derived_guid(&["remote seeding", &seeding.copy.replicas.0])),
            ("local_database_id", number(seeding.database.map_or(0, |database| database.id))),
            ("local_database_name", text(&seeding.copy.name)),
            ("remote_machine_name", none_or(seeding.other, |replica| text(&replica.url))),
            ("role_desc", text(if source { "Source" } else { "Destination" })),
            (
                "internal_state_desc",
                text(if source { "ReadingAndSendingData" } else { "ReceivingAndWritingData" }),
            ),
            ("transfer_rate_bytes_per_second", large(rate)),
            ("transferred_size_bytes", large(seeding.copied)),
            ("database_size_bytes", large(seeding.size)),
            ("start_time_utc", moment(seeding.started())),
            ("estimate_time_complete_utc", moment(viewer.now() + takes(rate, left))),
            ("total_disk_io_wait_time_ms", number(0)),
            ("total_network_wait_time_ms", number(0)),
            ("is_compression_enabled", bit(false)),
        ])
    };
    seedings(viewer).iter().filter(|one| !one.done() && !one.failed()).map(row).collect()
}
