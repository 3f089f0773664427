//! Databases, their files and their backups.

use rusqlite::types::Value;

use super::{Row, Viewer, bit, guid, large, lsn, moment, number, text};
use crate::world::database::Database;
use crate::world::log::LogPosition;

pub(super) fn databases(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |database: &Database| {
        let (state, state_desc) = database.state.code();
        let model = match database.recovery_model {
            1 => "FULL",
            2 => "BULK_LOGGED",
            _ => "SIMPLE",
        };
        let access = ["MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"].get(usize::from(database.user_access));
        let key = viewer.engine.master_key.as_ref().is_some_and(|key| key.by_service_master_key);
        let waits = database.group.is_some() && database.log_used > 80.0;
        let replica =
            database.group.as_deref().and_then(|group| viewer.engine.group(group)).and_then(|group| {
                group
                    .replicas
                    .iter()
                    .find(|one| viewer.engine.same_name(&one.server_name, &viewer.engine.server_name()))
            });
        Row::from([
            ("name", text(&database.name)),
            ("database_id", number(database.id)),
            ("owner_sid", Value::Blob(vec![1])),
            ("create_date", moment(database.created)),
            ("compatibility_level", number(database.compatibility_level)),
            ("collation_name", text(&database.collation)),
            ("user_access", number(database.user_access)),
            ("user_access_desc", access.map_or(Value::Null, |word| text(*word))),
            ("is_read_only", bit(database.read_only)),
            ("is_auto_close_on", bit(database.auto_close)),
            ("state", number(state)),
            ("state_desc", text(state_desc)),
            ("is_in_standby", bit(false)),
            ("snapshot_isolation_state", number(0)),
            ("is_read_committed_snapshot_on", bit(false)),
            ("recovery_model", number(database.recovery_model)),
            ("recovery_model_desc", text(model)),
            ("is_trustworthy_on", bit(false)),
            ("is_master_key_encrypted_by_server", bit(database.id == 1 && key)),
            ("is_published", bit(false)),
            ("is_subscribed", bit(false)),
            ("is_merge_published", bit(false)),
            ("is_distributor", bit(false)),
            ("service_broker_guid", guid(&database.guid)),
            ("is_broker_enabled", bit(database.broker_enabled)),
            ("log_reuse_wait", number(if waits { 9 } else { 0 })),
            ("log_reuse_wait_desc", text(if waits { "AVAILABILITY_REPLICA" } else { "NOTHING" })),
            ("is_cdc_enabled", bit(false)),
            ("is_encrypted", bit(database.encrypted)),
            ("replica_id", replica.map_or(Value::Null, |replica| guid(&replica.id))),
            ("group_database_id", database.group_database_id.as_deref().map_or(Value::Null, guid)),
            ("containment", number(0)),
            ("delayed_durability", number(0)),
            ("is_remote_data_archive_enabled", bit(false)),
            ("physical_database_name", text(&database.name)),
            ("is_accelerated_database_recovery_on", bit(database.accelerated_recovery)),
            ("is_memory_optimized_enabled", bit(true)),
            ("is_ledger_on", bit(false)),
            ("is_change_feed_enabled", bit(false)),
            ("is_data_lake_replication_enabled", bit(false)),
            ("is_event_stream_enabled", bit(false)),
            ("is_optimized_locking_on", bit(false)),
        ])
    };
    viewer.engine.databases.iter().map(row).collect()
}

/// A row for each database; nothing here is mirrored.
pub(super) fn mirroring(viewer: Viewer<'_>) -> Vec<Row> {
    viewer.engine.databases.iter().map(|database| Row::from([("database_id", number(database.id))])).collect()
}

pub(super) fn recovery_status(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |database: &Database| {
        let full = database.backups.iter().any(|backup| backup.kind == 'D' && !backup.copy_only);
        let last = if full { lsn(database.backed_up_lsn.max(LogPosition(1))) } else { Value::Null };
        Row::from([
            ("database_id", number(database.id)),
            ("database_guid", guid(&database.guid)),
            ("family_guid", guid(&database.guid)),
            ("last_log_backup_lsn", last),
        ])
    };
    viewer.engine.databases.iter().map(row).collect()
}

/// Pages of 8 KB.
const PAGE: u64 = 8192;

pub(super) fn files(viewer: Viewer<'_>, only: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    for database in &viewer.engine.databases {
        if only.is_some_and(|only| !viewer.engine.same_name(only, &database.name)) {
            continue;
        }
        let folder = if viewer.engine.linux { "/var/opt/mssql/data/" } else { "C:\\Data\\" };
        let mut file = |id: i32, kind: i32, description: &str, name: String, ending: &str, pages: u64| {
            rows.push(Row::from([
                ("database_id", number(database.id)),
                ("file_id", number(id)),
                ("type", number(kind)),
                ("type_desc", text(description)),
                ("data_space_id", number(i32::from(kind == 0))),
                ("physical_name", text(format!("{folder}{name}{ending}"))),
                ("name", text(name)),
                ("state", number(0)),
                ("state_desc", text("ONLINE")),
                ("size", large(pages.min(u64::from(u32::MAX >> 1)))),
                ("max_size", number(-1)),
                ("growth", number(8192)),
                ("is_media_read_only", bit(false)),
                ("is_read_only", bit(false)),
                ("is_sparse", bit(false)),
                ("is_percent_growth", bit(false)),
                ("is_name_reserved", bit(false)),
                ("is_persistent_log_buffer", bit(false)),
            ]));
        };
        file(1, 0, "ROWS", database.name.clone(), ".mdf", database.size / PAGE);
        for log in 0..database.log_files.max(1) {
            let name = if log == 0 {
                format!("{}_log", database.name)
            } else {
                format!("{}_log{}", database.name, log + 1)
            };
            file(2 + i32::from(log), 1, "LOG", name, ".ldf", 1024);
        }
        for (place, (name, kind, _)) in database.special_filegroups.iter().enumerate() {
            if kind == "FX" || kind == "FD" {
                file(100 + i32::try_from(place).unwrap_or(0), 2, "FILESTREAM", name.clone(), "", 0);
            }
        }
    }
    rows
}

pub(super) fn filegroups(viewer: Viewer<'_>) -> Vec<Row> {
    let Some(database) = viewer.engine.database(viewer.database) else { return Vec::new() };
    let row = |place: usize, name: &str, kind: &str| {
        let description = match kind {
            "FX" => "MEMORY_OPTIMIZED_DATA_FILEGROUP",
            "FD" => "FILESTREAM_DATA_FILEGROUP",
            _ => "ROWS_FILEGROUP",
        };
        Row::from([
            ("name", text(name)),
            ("data_space_id", number(i32::try_from(place).unwrap_or(0) + 1)),
            ("type", text(kind)),
            ("type_desc", text(description)),
            ("is_default", bit(place == 0)),
            ("is_system", bit(false)),
            ("is_read_only", bit(false)),
            ("is_autogrow_all_files", bit(false)),
        ])
    };
    let special = database.special_filegroups.iter().enumerate();
    std::iter::once(row(0, "PRIMARY", "FG"))
        .chain(special.map(|(place, (name, kind, _))| row(place + 1, name, kind)))
        .collect()
}

pub(super) fn encryption_keys(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |database: &Database| {
        Row::from([
            ("database_id", number(database.id)),
            ("encryption_state", number(3)),
            ("encryption_state_desc", text("ENCRYPTED")),
            ("key_algorithm", text("AES")),
            ("key_length", number(256)),
            ("encryptor_type", text("CERTIFICATE")),
            ("percent_complete", number(0)),
        ])
    };
    viewer.engine.databases.iter().filter(|database| database.encrypted).map(row).collect()
}

pub(super) fn backups(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for database in &viewer.engine.databases {
        for backup in &database.backups {
            let id = i32::try_from(rows.len()).unwrap_or(0) + 1;
            rows.push(Row::from([
                ("backup_set_id", number(id)),
                ("media_set_id", number(id)),
                ("database_name", text(&database.name)),
                ("server_name", text(viewer.engine.server_name())),
                ("machine_name", text(&viewer.engine.machine_name)),
                ("type", text(backup.kind.to_string())),
                ("is_copy_only", bit(backup.copy_only)),
                ("backup_start_date", moment(backup.started)),
                ("backup_finish_date", moment(backup.finished)),
                ("backup_size", large(database.size)),
                ("database_guid", guid(&database.guid)),
                ("family_guid", guid(&database.guid)),
            ]));
        }
    }
    rows
}
