//! Databases.

use std::collections::HashMap;

use rusqlite::types::Value;

use super::row::sha1;
use super::{Row, Viewer, bit, derived_guid, guid, large, lsn, moment, none_or, number, settings, sid, text};
use crate::world::assumption;
use crate::world::backups::BackupRecord;
use crate::world::database::{Database, DatabaseState};
use crate::world::log::LogPosition;
use crate::world::security::Securable;

/// The databases that one may see: all by VIEW ANY DATABASE, which `public` has unless it is revoked, or by rights to make
/// or change databases; `master`, `tempdb`, the current one and one's own always. ["sys.databases", 2025]
pub(super) fn shown<'a>(viewer: &Viewer<'a>) -> Vec<&'a Database> {
    let all = ["VIEW ANY DATABASE", "ALTER ANY DATABASE", "CREATE ANY DATABASE"]
        .iter()
        .any(|permission| viewer.rights.server(permission));
    let denied = viewer.rights.denied(&Securable::Server, "VIEW ANY DATABASE");
    let owner = |database: &Database| {
        viewer.rights.login().is_some_and(|login| viewer.engine.same_name(&login.name, &database.owner))
    };
    let shows = |database: &&Database| {
        (all && !denied)
            || ["master", "tempdb"].contains(&database.name.as_str())
            || database.name == viewer.database
            || owner(database)
    };
    viewer.engine.databases.iter().filter(shows).collect()
}

pub(super) fn databases(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    let master_key = engine.master_key.as_ref().is_some_and(|key| key.by_service_master_key);
    let owners: HashMap<String, Vec<u8>> =
        engine.logins.iter().map(|login| (engine.comparing().fold(&login.name), sid(login))).collect();
    let standing = engine.standing();
    // The replica of each group that is this server.
    let mut replicas: HashMap<&str, &str> = HashMap::new();
    for group in engine.groups.iter().filter(|group| !group.distributed) {
        if let Some(replica) = group.replicas.iter().find(|replica| viewer.is_local(group, replica)) {
            replicas.insert(&group.name, &replica.id);
        }
    }
    let row = |database: &&Database| {
        let (state, state_desc) = database.state.code();
        let model = match database.recovery_model {
            1 => "FULL",
            2 => "BULK_LOGGED",
            _ => "SIMPLE",
        };
        let access = ["MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"].get(usize::from(database.user_access));
        let needed = standing.log_needed_from(database);
        let (reuse, reuse_desc) = database.log_reuse(needed).code();
        let group = database.group.as_deref();
        // As installed: Service Broker's and the agent's databases trust, `model` does not.
        let trusted = database.name == "msdb";
        let snapshot = ["master", "msdb"].contains(&database.name.as_str());
        let memory = database.special_filegroups.iter().any(|(_, kind, _)| kind == "FX");
        let online = database.state == DatabaseState::Online;
        let shown = Row::from([
            ("name", text(&database.name)),
            ("database_id", number(database.id)),
            (
                "owner_sid",
                none_or(owners.get(&engine.comparing().fold(&database.owner)), |sid| {
                    Value::Blob(sid.clone())
                }),
            ),
            ("create_date", moment(if database.id == 2 { engine.started } else { database.created })),
            ("compatibility_level", number(database.compatibility_level)),
            ("collation_name", if online { text(&database.collation) } else { Value::Null }),
            ("user_access", number(database.user_access)),
            ("user_access_desc", none_or(access, |word| text(*word))),
            ("is_read_only", bit(database.read_only)),
            ("is_auto_close_on", bit(database.auto_close)),
            ("state", number(state)),
            ("state_desc", text(state_desc)),
            ("is_in_standby", bit(false)),
            ("snapshot_isolation_state", number(i32::from(snapshot))),
            ("snapshot_isolation_state_desc", text(if snapshot { "ON" } else { "OFF" })),
            ("is_read_committed_snapshot_on", bit(false)),
            ("recovery_model", number(database.recovery_model)),
            ("recovery_model_desc", text(model)),
            ("is_trustworthy_on", bit(trusted)),
            ("is_master_key_encrypted_by_server", bit(database.id == 1 && master_key)),
            ("is_published", bit(false)),
            ("is_subscribed", bit(false)),
            ("is_merge_published", bit(false)),
            ("is_distributor", bit(false)),
            ("service_broker_guid", guid(&database.guid)),
            ("is_broker_enabled", bit(database.broker_enabled)),
            ("log_reuse_wait", number(reuse)),
            ("log_reuse_wait_desc", text(reuse_desc)),
            ("is_cdc_enabled", bit(false)),
            ("is_encrypted", bit(database.encrypted)),
            ("replica_id", none_or(group.and_then(|name| replicas.get(name)), |id| guid(id))),
            ("group_database_id", none_or(database.group_database_id.as_deref(), guid)),
            ("containment", number(0)),
            ("delayed_durability", number(0)),
            ("is_remote_data_archive_enabled", bit(false)),
            ("physical_database_name", text(&database.name)),
            ("is_accelerated_database_recovery_on", bit(database.accelerated_recovery)),
            ("is_memory_optimized_enabled", bit(memory || database.id > 4)),
            ("is_ledger_on", bit(false)),
            ("is_change_feed_enabled", bit(false)),
            ("is_data_lake_replication_enabled", bit(false)),
            ("is_event_stream_enabled", bit(false)),
            ("is_optimized_locking_on", bit(false)),
        ]);
        shown.and(settings::of(viewer, database))
    };
    shown(viewer).iter().map(row).collect()
}

/// A row for each database; nothing here is mirrored.
pub(super) fn mirroring(viewer: &Viewer<'_>) -> Vec<Row> {
    shown(viewer).iter().map(|database| Row::from([("database_id", number(database.id))])).collect()
}

pub(super) fn recovery_status(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |database: &&Database| {
        let id = database.id;
        // The database is not open: nothing is known of its log.
        if !matches!(database.state, DatabaseState::Online) {
            return Row::from([("database_id", number(id))]);
        }
        let full = database.backups.iter().any(BackupRecord::is_base);
        let chained = full && database.recovery_model != 3;
        let last = chained.then(|| database.backed_up_lsn.max(LogPosition(1)));
        // A copy keeps its source's fork.
        let fork = derived_guid(&["recovery fork", &database.guid]);
        Row::from([
            ("database_id", number(id)),
            ("database_guid", guid(&database.guid)),
            ("family_guid", guid(&database.guid)),
            ("last_log_backup_lsn", none_or(last, lsn)),
            ("recovery_fork_guid", fork.clone()),
            ("first_recovery_fork_guid", fork),
        ])
    };
    shown(viewer).iter().map(row).collect()
}

/// Databases with transparent encryption; where there is one, `tempdb` is encrypted too.
///
/// On an instance all are protected by its one key: a customer's is asymmetric, the service's own a certificate, and the
/// thumbprint is the one that ARM shows. ["Remove a Transparent Data Encryption protector", 2023]
pub(super) fn encryption_keys(viewer: &Viewer<'_>) -> Vec<Row> {
    let managed = viewer.managed();
    let customers = managed.and_then(|managed| managed.protector.vault.as_ref());
    // ASSUMED 167: the old protector is there until the new one is, and nothing says that it is being changed.
    let changes = managed.is_some_and(|managed| {
        viewer.estate.opposite(assumption::PROTECTOR_CHANGE)
            && viewer.estate.changes_protector(&managed.view.path)
    });
    let (state, word) = if changes { (6, "PROTECTION_CHANGE_IN_PROGRESS") } else { (3, "ENCRYPTED") };
    let row = |(database, temporary): (&Database, bool)| {
        let (state, word) = if temporary { (3, "ENCRYPTED") } else { (state, word) };
        let since = if temporary { viewer.engine.started } else { database.created };
        let mut row = Row::from([
            ("database_id", number(database.id)),
            ("encryption_state", number(state)),
            ("create_date", moment(since)),
            ("regenerate_date", moment(since)),
            ("modify_date", moment(since)),
            ("opened_date", moment(viewer.engine.started)),
            ("encryption_state_desc", text(word)),
            ("key_algorithm", text("AES")),
            ("key_length", number(256)),
            ("percent_complete", number(0)),
            ("encryption_scan_state", number(if temporary { 0 } else { 4 })),
            ("encryption_scan_state_desc", text(if temporary { "NONE" } else { "COMPLETE" })),
        ]);
        if !temporary {
            row.insert("set_date", moment(since));
            row.insert("encryption_scan_modify_date", moment(since));
            let (kind, hashed) = match (customers, managed) {
                (Some(vault), _) => ("ASYMMETRIC KEY", vault.uri.clone()),
                (None, Some(managed)) => ("CERTIFICATE", format!("tde {}", managed.view.fqdn)),
                (None, None) => ("CERTIFICATE", format!("tde {}", database.guid)),
            };
            row.insert("encryptor_type", text(kind));
            row.insert("encryptor_thumbprint", Value::Blob(sha1(hashed.as_bytes())));
        }
        row
    };
    let own: Vec<&Database> = viewer.engine.databases.iter().filter(|database| database.encrypted).collect();
    let temporary =
        viewer.engine.databases.iter().find(|one| one.id == 2 && !own.is_empty() && !one.encrypted);
    temporary
        .into_iter()
        .map(|one| (one, true))
        .chain(own.into_iter().map(|one| (one, false)))
        .map(row)
        .collect()
}

/// `sys.dm_tran_persistent_version_store_stats`: every database has a row, the store of most is empty.
pub(super) fn version_stores(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |database: &Database| {
        Row::from([
            ("database_id", number(database.id)),
            ("pvs_filegroup_id", number(1)),
            ("persistent_version_store_size_kb", large(if database.accelerated_recovery { 64 } else { 0 })),
        ])
    };
    viewer.engine.databases.iter().map(row).collect()
}
