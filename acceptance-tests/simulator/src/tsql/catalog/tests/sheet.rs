//! Every view and column of the sources, with its type, in each version; and what fills them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;

use super::{Named, SQL, look, view};
use crate::tsql::schema::{self, Scope, View};
use crate::tsql::value::{Type, parse_moment};
use crate::world::backups::BackupRecord;
use crate::world::build::Build;
use crate::world::database::DatabaseState;
use crate::world::group::Listener;
use crate::world::tests::{Bench, request};
use crate::world::{Estate, World};

/// View and first version; column, type, `!` where it is not null, first version.
const SHEET: &str = include_str!("columns.txt");

/// A column of the sheet: name, type, whether it may be NULL, first major version.
type Listed<'a> = (&'a str, Type, bool, u8);

/// The major version that is sold under a year.
fn major(year: &str) -> u8 {
    match year {
        "2012" => 11,
        "2014" => 12,
        "2016" => 13,
        "2017" => 14,
        "2019" => 15,
        "2022" => 16,
        "2025" => 17,
        other => panic!("{other} is no version"),
    }
}

#[test]
fn every_view_has_the_columns_of_the_sources_in_each_version() {
    let mut sheet: BTreeMap<&str, (u8, Vec<Listed<'_>>)> = BTreeMap::new();
    let mut current = "";
    for line in SHEET.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with(' ') {
            let nullable = words[2] != "!";
            let data_type = Type::parse(words[1]).unwrap_or_else(|| panic!("{line}"));
            let column = (words[0], data_type, nullable, major(words[words.len() - 1]));
            sheet.get_mut(current).unwrap().1.push(column);
        } else {
            current = words[0];
            sheet.insert(current, (major(words[1]), Vec::new()));
        }
    }
    assert_eq!(sheet.len(), 30);
    let mut wrong = Vec::new();
    for version in 13..=17 {
        for (name, (first, columns)) in &sheet {
            let found = view(name);
            if (found.first <= version) != (*first <= version) {
                wrong.push(format!("{name} comes with {}, not {first}", found.first));
            }
            let expected: Vec<_> = columns.iter().filter(|column| column.3 <= version).copied().collect();
            let has: Vec<_> = found
                .columns_of(version)
                .map(|column| (column.name, column.data_type, column.nullable, column.first))
                .collect();
            for (one, other) in expected.iter().zip(&has) {
                if one.0 != other.0 || one.1 != other.1 || one.2 != other.2 {
                    wrong.push(format!("{version} {name}: {one:?} is {other:?}"));
                }
            }
            if expected.len() != has.len() {
                wrong.push(format!("{version} {name}: {} columns, not {}", has.len(), expected.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Worlds in which as much as possible is there, each with the host to ask.
fn worlds(version: u8) -> Vec<(World, String)> {
    let linked = Bench::linked();
    let seeding = Bench::prepared();
    seeding.create(request()).unwrap();
    seeding.advance(40);
    let disturbed = Bench::linked();
    disturbed.world.with(|estate| {
        let fqdn = estate.managed_instances[0].view.fqdn.clone();
        estate.network.down.insert(fqdn);
    });
    disturbed.advance(60);
    let failed = Bench::prepared();
    failed.create(request()).unwrap();
    failed.advance(40);
    failed.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    failed.advance(10);
    [linked, seeding, disturbed, failed]
        .into_iter()
        .flat_map(|bench| {
            bench.world.with(|estate| enrich(estate, version));
            let fqdn = bench.world.with(|estate| estate.managed_instances[0].view.fqdn.clone());
            let world = bench.world.clone();
            [(world.clone(), SQL.to_owned()), (world, fqdn)]
        })
        .collect()
}

/// Adds what the life of a link does not bring along.
fn enrich(estate: &mut Estate, version: u8) {
    let now = estate.clock.now();
    let engine = &mut estate.sql_servers[0];
    engine.build = Build::newest(version);
    engine.cluster = Some("WSFC".to_owned());
    engine.clustered = true;
    let group = &mut engine.groups[0];
    group.cluster_type = 0;
    group.listener = Some(Listener {
        id: "7f9b2b52-1a2b-4c3d-8e9f-001122334455".to_owned(),
        dns_name: "listener".to_owned(),
        port: 1433,
        addresses: vec![("10.0.0.50".to_owned(), Some("255.255.255.0".to_owned()))],
    });
    group.replicas[0].read_only_routing_url = Some("TCP://sql1:1433".to_owned());
    group.replicas[0].read_only_routing_list = vec![vec!["SQL1".to_owned()]];
    group.replicas[0].read_write_routing_url = Some("TCP://sql1:1433".to_owned());
    engine.endpoint.iter_mut().for_each(|endpoint| endpoint.ip = Some("10.0.0.4".to_owned()));
    engine.certificates[0].last_backup = Some(now);
    let mut restoring = engine.databases[4].clone();
    restoring.name = "Restoring".to_owned();
    restoring.id = 99;
    restoring.state = DatabaseState::Restoring;
    restoring.group = None;
    engine.databases.push(restoring);
    let database = &mut engine.databases[4];
    database.encrypted = true;
    database.accelerated_recovery = true;
    database.suspended = Some(0);
    database.special_filegroups.push(("files".to_owned(), "FD".to_owned(), false));
    let earlier = now - time::Duration::DAY;
    let full = BackupRecord::full(earlier, earlier, database.backed_up_lsn);
    database.backups.push(BackupRecord { kind: 'L', ..full });
    for statement in [
        "BACKUP DATABASE model TO DISK = N'model.bak'",
        "RESTORE DATABASE copied FROM DISK = N'model.bak' WITH MOVE N'model' TO N'C:\\Data\\copied.mdf'",
        "CREATE LOGIN monitor WITH PASSWORD = 'Str0ng one!'",
        "CREATE USER monitor FOR LOGIN monitor",
        "GRANT VIEW DEFINITION ON CERTIFICATE::endpoint_cert TO monitor",
        "GRANT VIEW DEFINITION ON AVAILABILITY GROUP::AG_Sales TO monitor",
        "GRANT CONNECT ON ENDPOINT::hadr TO monitor",
    ] {
        crate::tsql::run_ddl(estate, SQL, statement).unwrap();
    }
}

/// Columns that no world fills, each with the reason.
const ALWAYS_NULL: &[(&str, &[&str], &str)] = &[
    ("certificates", &["attested_by"], "documented: for the system alone"),
    ("symmetric_keys", KEY_PROVIDER, "keys of providers (EKM) alone"),
    (
        "availability_groups",
        &["cluster_connection_options"],
        "set by a statement of 2025 that is not modelled",
    ),
    (
        "dm_hadr_availability_replica_states",
        &["write_lease_remaining_ticks"],
        "leases are given by external cluster managers",
    ),
    ("dm_hadr_physical_seeding_stats", SEEDING_END, "rows are shown while a seeding runs"),
    ("databases", &["source_database_id"], "the world has no snapshots"),
    ("databases", CONTAINED, "of contained databases alone"),
    ("databases", &["resource_pool_id"], "of databases that are bound to a pool for memory-optimized tables"),
    ("databases", FABRIC, "of databases in Fabric"),
    ("master_files", FILE_CHANGES, "files are neither added nor made read-only, and none lies in a bucket"),
    (
        "master_files",
        &["credential_id"],
        "files are neither added nor made read-only, and none lies in a bucket",
    ),
    ("database_files", FILE_CHANGES, "files are neither added nor made read-only"),
    ("dm_hadr_internal_availability_replicas", ROUTING, "of replicas of local groups alone"),
    ("filegroups", &["log_filegroup_id"], "documented: reserved"),
    ("database_recovery_status", &["fork_point_lsn"], "no log was forked by a restore to a point in time"),
    ("database_mirroring", MIRRORING, "documented: NULL where a database is not mirrored"),
    ("backupset", BACKUP_OPTIONS, "options of BACKUP that are not modelled"),
    ("server_principals", &["credential_id"], "the world has no credentials"),
    ("sql_logins", &["credential_id"], "the world has no credentials"),
    ("sql_logins", &["password_hash"], "secrets are never shown"),
    (
        "database_principals",
        &["default_language_name", "default_language_lcid"],
        "of contained databases alone",
    ),
    ("all_objects", &["principal_id"], "documented: NULL where the schema's owner is the owner"),
    ("system_objects", &["principal_id"], "documented: NULL where the schema's owner is the owner"),
    ("dm_exec_sessions", LOGONS, "documented: NULL without common criteria compliance"),
    (
        "dm_exec_connections",
        &["parent_connection_id", "most_recent_sql_handle"],
        "no MARS; texts are not kept",
    ),
    ("dm_exec_requests", PLANS, "plans, tasks and waits are not modelled"),
    ("key_encryptions", &["crypt_property"], "documented: of signatures alone"),
    ("backupmediaset", &["name", "description"], "options of BACKUP that are not modelled"),
    ("restorehistory", &["stop_at", "stop_at_mark_name", "stop_before"], "STOPAT is not modelled"),
    ("backupmediafamily", &["logical_device_name"], "the world has no backup devices"),
];

const KEY_PROVIDER: &[&str] =
    &["key_thumbprint", "provider_type", "cryptographic_provider_guid", "cryptographic_provider_algid"];
const CONTAINED: &[&str] = &[
    "default_language_lcid",
    "default_language_name",
    "default_fulltext_language_lcid",
    "default_fulltext_language_name",
    "is_nested_triggers_on",
    "is_transform_noise_words_on",
    "two_digit_year_cutoff",
];
const FABRIC: &[&str] =
    &["data_compaction", "data_compaction_desc", "data_lake_log_publishing", "data_lake_log_publishing_desc"];
const SEEDING_END: &[&str] = &["end_time_utc", "failure_code", "failure_message", "failure_time_utc"];
const FILE_CHANGES: &[&str] = &["create_lsn", "drop_lsn", "read_only_lsn", "read_write_lsn", "backup_lsn"];
const ROUTING: &[&str] = &["read_only_routing_url", "read_write_routing_url"];
const MIRRORING: &[&str] = &[
    "mirroring_guid",
    "mirroring_state",
    "mirroring_state_desc",
    "mirroring_role",
    "mirroring_role_desc",
    "mirroring_role_sequence",
    "mirroring_safety_level",
    "mirroring_safety_level_desc",
    "mirroring_safety_sequence",
    "mirroring_partner_name",
    "mirroring_partner_instance",
    "mirroring_witness_name",
    "mirroring_witness_state",
    "mirroring_witness_state_desc",
    "mirroring_failover_lsn",
    "mirroring_connection_timeout",
    "mirroring_redo_queue",
    "mirroring_redo_queue_type",
    "mirroring_end_of_log_lsn",
    "mirroring_replication_lsn",
];
const BACKUP_OPTIONS: &[&str] =
    &["name", "key_algorithm", "encryptor_thumbprint", "encryptor_type", "compression_algorithm"];
const LOGONS: &[&str] = &[
    "last_successful_logon",
    "last_unsuccessful_logon",
    "unsuccessful_logons",
    // The one session that the test has is at work.
    "last_request_end_time",
];
const PLANS: &[&str] = &[
    "sql_handle",
    "plan_handle",
    "wait_type",
    "task_address",
    "query_hash",
    "query_plan_hash",
    "statement_sql_handle",
    "statement_context_id",
    "parallel_worker_count",
    "external_script_request_id",
];

/// Views that are truly empty in every world.
const EMPTY: &[(&str, &str)] = &[
    ("asymmetric_keys", "no statement makes one"),
    ("credentials", "no statement makes one"),
    ("service_broker_endpoints", "no statement makes one"),
    ("syspolicy_system_health_state", "no policy is evaluated"),
    ("tables", "databases of the world have no tables"),
];

#[test]
fn what_stands_in_a_view_is_of_its_type_and_no_column_is_left_out_without_reason() {
    let mut wrong = Vec::new();
    for version in [13, 14, 15, 16, 17] {
        let worlds = worlds(version);
        for view in schema::views().filter(|view| view.first <= version) {
            let mut filled: BTreeSet<&str> = BTreeSet::new();
            let mut any = false;
            for (world, host) in &worlds {
                for database in databases(view) {
                    let found = world
                        .with(|estate| look(estate, host, "sa", view, database))
                        .unwrap_or_else(|error| panic!("{}: {}", view.name, error.message));
                    for row in &found {
                        any = true;
                        check(view, row, &mut wrong);
                        filled.extend(
                            row.iter().filter(|(_, value)| **value != Value::Null).map(|(name, _)| *name),
                        );
                    }
                }
            }
            let empty = EMPTY.iter().any(|(name, _)| *name == view.name);
            if any == empty {
                wrong.push(format!("{version} {} has rows: {any}", view.name));
            }
            for column in view.columns_of(version).filter(|_| any) {
                let excused = ALWAYS_NULL
                    .iter()
                    .any(|(name, columns, _)| *name == view.name && columns.contains(&column.name));
                match (filled.contains(column.name), excused) {
                    (false, false) => wrong.push(format!("{version} {}.{} is NULL", view.name, column.name)),
                    (true, true) => wrong.push(format!("{version} {}.{} is filled", view.name, column.name)),
                    _ => {}
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn databases(view: &View) -> &'static [&'static str] {
    match view.scope {
        Scope::Msdb => &["msdb"],
        Scope::Database => &["master", "Sales"],
        Scope::Server => &["master"],
    }
}

/// Whether each value is of its column's type, and none is NULL that may not be.
fn check(view: &View, row: &Named, wrong: &mut Vec<String>) {
    for column in &view.columns {
        let Some(value) = row.get(column.name) else { continue };
        let fits = match (value, column.data_type) {
            (Value::Null, _) => column.nullable,
            (_, Type::Variant) => true,
            (Value::Integer(number), Type::Bit) => (0..=1).contains(number),
            (Value::Integer(number), Type::TinyInt) => u8::try_from(*number).is_ok(),
            (Value::Integer(number), Type::SmallInt) => i16::try_from(*number).is_ok(),
            (Value::Integer(number), Type::Int) => i32::try_from(*number).is_ok(),
            (Value::Integer(_), Type::BigInt | Type::Numeric(..) | Type::Real | Type::Float) => true,
            (Value::Text(text), Type::UniqueIdentifier) => {
                uuid::Uuid::try_parse(text).is_ok() && *text == text.to_uppercase()
            }
            (Value::Text(text), Type::DateTime | Type::DateTimeOffset(_)) => parse_moment(text).is_some(),
            (Value::Text(text), Type::Char(length)) => text.chars().count() == usize::from(length),
            (Value::Text(text), Type::NVarChar(length) | Type::VarChar(length)) => {
                length.is_none_or(|length| text.chars().count() <= usize::from(length))
            }
            (Value::Blob(bytes), Type::VarBinary(length)) => {
                length.is_none_or(|length| bytes.len() <= usize::from(length))
            }
            _ => false,
        };
        if !fits {
            wrong.push(format!("{}.{} is {value:?}, not {}", view.name, column.name, column.data_type));
        }
    }
}

#[test]
fn a_thousand_databases_and_five_hundred_groups_are_all_there() {
    let bench = Bench::linked();
    bench.world.with(|estate| {
        let engine = &mut estate.sql_servers[0];
        let (database, local, distributed) =
            (engine.databases[4].clone(), engine.groups[0].clone(), engine.groups[1].clone());
        for number in 0..1000 {
            let mut one = database.clone();
            one.name = format!("Many{number}");
            one.id = 1000 + number;
            engine.databases.push(one);
        }
        for number in 0..500 {
            let (mut group, mut over) = (local.clone(), distributed.clone());
            group.name = format!("AG{number}");
            group.id = format!("{number:08x}-0000-4000-8000-000000000001");
            group.databases = vec![format!("Many{number}")];
            over.name = format!("DAG{number}");
            over.id = format!("{number:08x}-0000-4000-8000-000000000002");
            over.replicas[0].server_name.clone_from(&group.name);
            engine.groups.extend([group, over]);
        }
    });
    for name in ["databases", "dm_hadr_database_replica_states", "availability_replicas", "master_files"] {
        let rows = bench.world.with(|estate| look(estate, SQL, "sa", view(name), "master")).unwrap();
        assert!(rows.len() >= 1000, "{name} {}", rows.len());
    }
}
