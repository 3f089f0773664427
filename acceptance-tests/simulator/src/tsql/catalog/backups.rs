//! The history of backups in msdb.
//!
//! A backup is one set on a medium of its own. What is restored from another server's backups stands here too, as on a
//! server. The history of a dropped database goes with it in the world; a server keeps it.

use super::files::{backup_guid, family};
use super::{Row, Viewer, bit, derived_guid, large, lsn, moment, none_or, number, text};
use crate::world::backups::{BackupRecord, RestoreRecord};
use crate::world::database::Database;
use crate::world::log::LogPosition;

/// A backup with its number; numbers follow the time of the backups.
fn numbered<'a>(viewer: &Viewer<'a>) -> Vec<(i32, &'a Database, &'a BackupRecord)> {
    let all =
        viewer.engine.databases.iter().flat_map(|one| one.backups.iter().map(move |backup| (one, backup)));
    let mut all: Vec<(&Database, &BackupRecord)> = all.collect();
    all.sort_by_key(|(database, backup)| (backup.finished, database.id));
    (1..).zip(all).map(|(id, (database, backup))| (id, database, backup)).collect()
}

pub(super) fn sets(viewer: &Viewer<'_>) -> Vec<Row> {
    numbered(viewer)
        .into_iter()
        .map(|(id, database, backup)| {
            let model = match database.recovery_model {
                1 => "FULL",
                2 => "BULK-LOGGED",
                _ => "SIMPLE",
            };
            // A log backup holds what was written since the one before, and the next one begins where it ends. The others
            // begin at their checkpoint and end after it.
            let last = backup.last.max(LogPosition(2));
            let first = if backup.kind == 'L' { backup.first } else { last.back(1) }.max(LogPosition(1));
            let fork = derived_guid(&["recovery fork", &database.guid]);
            let size = if backup.kind == 'L' { database.size / 4 } else { database.size };
            let full = |one: &&BackupRecord| one.is_base() && one.finished <= backup.finished;
            let base = database.backups.iter().rev().find(full);
            let server = backup.server.clone().unwrap_or_else(|| viewer.engine.server_name());
            let machine = server.split('\\').next().unwrap_or_default().to_owned();
            let mut row = Row::from([
                ("backup_set_id", number(id)),
                ("backup_set_uuid", backup_guid("backup set", database, backup)),
                ("media_set_id", number(id)),
                ("database_name", text(&database.name)),
                ("machine_name", text(machine)),
                ("server_name", text(server)),
                ("type", text(backup.kind.to_string())),
                ("is_copy_only", bit(backup.copy_only)),
                ("backup_start_date", moment(backup.started)),
                ("backup_finish_date", moment(backup.finished)),
                ("database_creation_date", moment(database.created)),
                ("backup_size", large(size)),
                ("compressed_backup_size", large(size)),
                ("first_lsn", lsn(first)),
                ("last_lsn", lsn(last)),
                ("checkpoint_lsn", lsn(first)),
                // That of the full backup on which this one rests; 0 without one.
                (
                    "database_backup_lsn",
                    base.map_or(number(0), |base| lsn(base.last.back(1).max(LogPosition(1)))),
                ),
                ("recovery_model", text(model)),
                ("is_snapshot", bit(false)),
                ("is_damaged", bit(false)),
                ("has_backup_checksums", bit(false)),
                ("begins_log_chain", bit(false)),
                ("has_bulk_logged_data", bit(false)),
                ("last_recovery_fork_guid", fork.clone()),
                ("first_recovery_fork_guid", fork),
                ("last_valid_restore_time", none_or((backup.kind == 'L').then_some(backup.started), moment)),
            ]);
            row.extend(Row::from(family(database)));
            row
        })
        .collect()
}

pub(super) fn media_sets(viewer: &Viewer<'_>) -> Vec<Row> {
    numbered(viewer)
        .into_iter()
        .map(|(id, database, backup)| {
            Row::from([
                ("media_set_id", number(id)),
                ("media_uuid", backup_guid("media", database, backup)),
                ("media_family_count", large(families(backup))),
                ("software_name", text("Microsoft SQL Server")),
                ("software_vendor_id", number(4608)),
                ("MTF_major_version", number(1)),
                ("mirror_count", number(1)),
                ("is_password_protected", bit(false)),
                ("is_compressed", bit(false)),
                ("is_encrypted", bit(false)),
            ])
        })
        .collect()
}

/// How many devices a backup is spread over.
fn families(backup: &BackupRecord) -> u64 {
    u64::try_from(backup.devices.len()).unwrap_or(1).max(1)
}

/// A backup that was there before anybody acted is a file of the folder for backups, named as maintenance plans name them.
pub(super) fn media_families(viewer: &Viewer<'_>) -> Vec<Row> {
    let folder = viewer.engine.data_folder();
    let mut rows = Vec::new();
    for (id, database, backup) in numbered(viewer) {
        let ending = if backup.kind == 'L' { "trn" } else { "bak" };
        let usual = format!("{folder}{}_{}.{ending}", database.name, backup.finished.unix_timestamp());
        let devices = if backup.devices.is_empty() { vec![usual] } else { backup.devices.clone() };
        for (sequence, device) in (1..).zip(devices) {
            // 2 is a file, 9 a URL. ["backupmediafamily", 2025]
            let kind = if device.contains("://") { 9 } else { 2 };
            rows.push(Row::from([
                ("media_set_id", number(id)),
                ("family_sequence_number", number(sequence)),
                ("media_family_id", backup_guid(&format!("media family {sequence}"), database, backup)),
                ("media_count", number(1)),
                ("physical_device_name", text(device)),
                ("device_type", number(kind)),
                ("physical_block_size", number(512)),
                ("mirror", number(0)),
            ]));
        }
    }
    rows
}

/// What was restored here. Seeding leaves nothing behind.
pub(super) fn restores(viewer: &Viewer<'_>) -> Vec<Row> {
    let numbered = numbered(viewer);
    let all = viewer.engine.databases.iter().flat_map(|one| one.restores.iter().map(move |it| (one, it)));
    let mut all: Vec<(&Database, &RestoreRecord)> = all.collect();
    all.sort_by_key(|(_, restore)| restore.at);
    let row = |(id, (database, restore)): (i32, (&Database, &RestoreRecord))| {
        let backup = database.backups.get(restore.backup)?;
        let (set, ..) = numbered.iter().find(|(_, _, one)| std::ptr::eq(*one, backup))?;
        Some(Row::from([
            ("restore_history_id", number(id)),
            ("restore_date", moment(restore.at)),
            ("destination_database_name", text(&database.name)),
            ("user_name", text(&restore.login)),
            ("backup_set_id", number(*set)),
            ("restore_type", text(restore.kind.to_string())),
            ("replace", bit(restore.replace)),
            ("recovery", bit(restore.recovery)),
            ("restart", bit(false)),
            ("device_count", large(families(backup))),
        ]))
    };
    (1..).zip(all).filter_map(row).collect()
}
