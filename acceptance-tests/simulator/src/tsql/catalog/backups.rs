//! The history of backups in msdb.
//!
//! A backup is one set on one medium with one family. The history of a dropped database goes with it in the world; a
//! server keeps it.

use super::files::{backup_guid, family, folder};
use super::{Row, Viewer, bit, derived_guid, large, lsn, moment, none_or, number, text};
use crate::world::database::{BackupRecord, Database};
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
            // A log backup holds what was written since the one before; the others begin at their checkpoint.
            let last = database.backed_up_lsn.max(LogPosition(1));
            let first = if backup.kind == 'L' { last.back(1).max(LogPosition(1)) } else { last };
            let fork = derived_guid(&["recovery fork", &database.guid]);
            let size = if backup.kind == 'L' { database.size / 4 } else { database.size };
            let full =
                |one: &&BackupRecord| one.kind == 'D' && !one.copy_only && one.finished <= backup.finished;
            let base = database.backups.iter().rev().find(full);
            let mut row = Row::from([
                ("backup_set_id", number(id)),
                ("backup_set_uuid", backup_guid("backup set", database, backup)),
                ("media_set_id", number(id)),
                ("database_name", text(&database.name)),
                ("server_name", text(viewer.engine.server_name())),
                ("machine_name", text(&viewer.engine.machine_name)),
                ("type", text(backup.kind.to_string())),
                ("is_copy_only", bit(backup.copy_only)),
                ("backup_start_date", moment(backup.started)),
                ("backup_finish_date", moment(backup.finished)),
                ("database_creation_date", moment(database.created)),
                ("backup_size", large(size)),
                ("compressed_backup_size", large(size)),
                ("first_lsn", lsn(first)),
                ("last_lsn", lsn(last.advanced(1))),
                ("checkpoint_lsn", lsn(first)),
                // That of the full backup on which this one rests; 0 without one.
                ("database_backup_lsn", base.map_or(number(0), |_| lsn(database.backed_up_lsn))),
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
                ("media_family_count", number(1)),
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

/// The world keeps no path of a backup: a file of the folder for backups, named as maintenance plans name them.
pub(super) fn media_families(viewer: &Viewer<'_>) -> Vec<Row> {
    let folder = folder(viewer);
    numbered(viewer)
        .into_iter()
        .map(|(id, database, backup)| {
            let ending = if backup.kind == 'L' { "trn" } else { "bak" };
            let name = format!("{folder}{}_{}.{ending}", database.name, backup.finished.unix_timestamp());
            Row::from([
                ("media_set_id", number(id)),
                ("family_sequence_number", number(1)),
                ("media_family_id", backup_guid("media family", database, backup)),
                ("media_count", number(1)),
                ("physical_device_name", text(name)),
                ("device_type", number(2)),
                ("physical_block_size", number(512)),
                ("mirror", number(0)),
            ])
        })
        .collect()
}

/// Nothing that the world restores leaves a backup's trace here: seeding is none, and RESTORE of the subset only recovers.
pub(super) fn restores(_: &Viewer<'_>) -> Vec<Row> {
    Vec::new()
}
