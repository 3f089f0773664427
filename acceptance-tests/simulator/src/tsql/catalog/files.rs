//! Files and file groups of databases.

use rusqlite::types::Value;

use super::super::ddl::permission::Rights;
use super::{Row, Viewer, bit, derived_guid, guid, large, lsn, moment, none_or, number, text};
use crate::world::backups::BackupRecord;
use crate::world::database::{Database, DatabaseState};

/// `state` of a file whose file group was taken out. ["sys.master_files" and "sys.database_files", 2026: 7 is the last state
/// of the list; no page has an 8]
const DEFUNCT: (i32, &str) = (7, "DEFUNCT");
/// Pages of 8 KB.
const PAGE: u64 = 8192;

/// `sys.master_files` asks for a right to make or change databases, or to see definitions; the files of the current
/// database are everybody's in it. ["sys.master_files", 2025]
fn may_see_all(rights: &Rights<'_>) -> bool {
    ["CREATE ANY DATABASE", "ALTER ANY DATABASE", "VIEW ANY DEFINITION"]
        .iter()
        .any(|permission| rights.server(permission))
}

/// The last full backup, from which differential ones count.
fn differential_base(database: &Database) -> Option<&BackupRecord> {
    database.backups.iter().rev().find(|one| one.is_base())
}

pub(super) fn files(viewer: &Viewer<'_>, only: Option<&str>) -> Vec<Row> {
    let databases: Vec<&Database> = match only {
        Some(name) => viewer.database_named(name).into_iter().collect(),
        None if may_see_all(&viewer.rights) => viewer.engine.databases.iter().collect(),
        None => Vec::new(),
    };
    databases.into_iter().flat_map(|database| of(viewer, database)).collect()
}

fn of(viewer: &Viewer<'_>, database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    let folder = viewer.engine.data_folder();
    let base = differential_base(database);
    let state = match database.state {
        DatabaseState::Online => (0, "ONLINE"),
        DatabaseState::Restoring => (1, "RESTORING"),
        DatabaseState::Recovering => (2, "RECOVERING"),
        DatabaseState::RecoveryPending => (3, "RECOVERY_PENDING"),
        DatabaseState::Suspect | DatabaseState::Emergency => (4, "SUSPECT"),
        DatabaseState::Offline => (6, "OFFLINE"),
    };
    let own_state = state;
    let mut file =
        |id: i32, kind: (i32, &str), space: i32, name: String, ending: &str, pages: u64, defunct: bool| {
            let state = if defunct { DEFUNCT } else { own_state };
            let mut row = Row::from([
                ("database_id", number(database.id)),
                ("file_id", number(id)),
                ("file_guid", derived_guid(&["file", &database.guid, &id.to_string()])),
                ("type", number(kind.0)),
                ("type_desc", text(kind.1)),
                ("data_space_id", number(space)),
                ("physical_name", text(format!("{folder}{name}{ending}"))),
                ("name", text(name)),
                ("state", number(state.0)),
                ("state_desc", text(state.1)),
                ("size", large(pages.min(u64::from(u32::MAX >> 1)))),
                // A log grows to 2 TB at most, data without end.
                ("max_size", number(if kind.0 == 1 { 268_435_456 } else { -1 })),
                ("growth", number(if kind.0 == 2 { 0 } else { 8192 })),
                ("is_media_read_only", bit(false)),
                ("is_read_only", bit(false)),
                ("is_sparse", bit(false)),
                ("is_percent_growth", bit(false)),
                ("is_name_reserved", bit(false)),
                ("is_persistent_log_buffer", bit(false)),
            ]);
            if let Some(base) = base.filter(|_| kind.0 != 1) {
                row.insert("differential_base_lsn", lsn(base.first));
                let moment_of = base.finished.unix_timestamp().to_string();
                let words = ["differential base", &database.guid, &moment_of];
                row.insert("differential_base_guid", derived_guid(&words));
                row.insert("differential_base_time", moment(base.finished));
            }
            if database.state == DatabaseState::Restoring {
                // Where the next restore has to begin, and in which fork of the log.
                let fork = derived_guid(&["recovery fork", &database.guid]);
                row.insert("redo_start_lsn", lsn(database.hardened_lsn));
                row.insert("redo_start_fork_guid", fork.clone());
                row.insert("redo_target_lsn", lsn(database.hardened_lsn));
                row.insert("redo_target_fork_guid", fork);
            }
            rows.push(row);
        };
    const ROWS: (i32, &str) = (0, "ROWS");
    const LOG: (i32, &str) = (1, "LOG");
    let data_files = u64::from(database.data_files.max(1));
    // Filled evenly.
    let share = database.size / PAGE / data_files;
    file(1, ROWS, 1, database.name.clone(), ".mdf", share, false);
    for place in 1..database.data_files {
        let defunct = database.data_files - place <= database.defunct_files;
        let name = format!("{}_{}", database.name, place + 1);
        file(1000 + i32::from(place), ROWS, 1, name, ".ndf", share, defunct);
    }
    for log in 0..database.log_files.max(1) {
        let name = if log == 0 {
            format!("{}_log", database.name)
        } else {
            format!("{}_log{}", database.name, log + 1)
        };
        file(2 + i32::from(log), LOG, 0, name, ".ldf", 1024, false);
    }
    for (place, (name, kind, _)) in database.special_filegroups.iter().enumerate() {
        let place = i32::try_from(place).unwrap_or(0);
        let (id, space) = (100 + place, 2 + place);
        if kind == "FX" || kind == "FD" {
            file(id, (2, "FILESTREAM"), space, name.clone(), "", 0, false);
        } else {
            file(id, ROWS, space, name.clone(), ".ndf", 1024, false);
        }
    }
    rows
}

pub(super) fn filegroups(viewer: &Viewer<'_>) -> Vec<Row> {
    let Some(database) = viewer.database_named(viewer.database) else { return Vec::new() };
    let row = |place: usize, name: &str, kind: &str| {
        let description = match kind {
            "FX" => "MEMORY_OPTIMIZED_DATA_FILEGROUP",
            "FD" => "FILESTREAM_DATA_FILEGROUP",
            _ => "ROWS_FILEGROUP",
        };
        let id = i32::try_from(place).unwrap_or(0) + 1;
        // The primary one has none.
        let own = (place > 0).then(|| derived_guid(&["filegroup", &database.guid, name]));
        Row::from([
            ("name", text(name)),
            ("data_space_id", number(id)),
            ("type", text(kind)),
            ("type_desc", text(description)),
            ("is_default", bit(place == 0)),
            ("is_system", bit(false)),
            ("filegroup_guid", none_or(own, |own| own)),
            ("is_read_only", bit(false)),
            // Of tempdb since 2016.
            ("is_autogrow_all_files", bit(database.name == "tempdb")),
        ])
    };
    let special = database.special_filegroups.iter().enumerate();
    std::iter::once(row(0, "PRIMARY", "FG"))
        .chain(special.map(|(place, (name, kind, _))| row(place + 1, name, kind)))
        .collect()
}

/// A GUID of a backup, for the tables of msdb.
pub(super) fn backup_guid(kind: &str, database: &Database, backup: &BackupRecord) -> Value {
    let finished = backup.finished.unix_timestamp_nanos().to_string();
    derived_guid(&[kind, &database.guid, &backup.kind.to_string(), &finished])
}

/// The GUIDs by which backups know a database.
pub(super) fn family(database: &Database) -> [(&'static str, Value); 2] {
    [("database_guid", guid(&database.guid)), ("family_guid", guid(&database.guid))]
}
