//! The host and its services.
//!
//! ASSUMED 77: four processors, 16 GB, Windows Server 2022 Standard or Ubuntu 22.04; the host was started five minutes
//! before the engine.

use rusqlite::types::Value;

use super::super::value::Type;
use super::row::moment_as;
use super::{Row, Viewer, large, moment, number, text};
use crate::world::assumption;

const PROCESSORS: i32 = 4;
const MEMORY_KB: u64 = 16 << 20;

/// Standard edition of Windows Server.
const SKU: i32 = 7;

pub(super) fn host_info(viewer: &Viewer<'_>) -> Vec<Row> {
    let linux = viewer.engine.linux;
    let (platform, distribution, release) = if linux {
        ("Linux", "Ubuntu", "22.04")
    } else if viewer.estate.opposite(assumption::HOST) {
        ("Windows", "Windows Server 2012 R2 Datacenter", "6.3")
    } else {
        ("Windows", "Windows Server 2022 Standard", "10.0")
    };
    vec![Row::from([
        ("host_platform", text(platform)),
        ("host_distribution", text(distribution)),
        ("host_release", text(release)),
        ("host_service_pack_level", text("")),
        ("host_sku", if linux { Value::Null } else { number(SKU) }),
        ("os_language_version", number(if linux { 0 } else { 1033 })),
        ("host_architecture", text("X64")),
    ])]
}

/// On Linux it speaks of the layer that stands in for Windows.
pub(super) fn windows_info(viewer: &Viewer<'_>) -> Vec<Row> {
    vec![Row::from([
        ("windows_release", text(if viewer.engine.linux { "6.2" } else { "10.0" })),
        ("windows_service_pack_level", text("")),
        ("windows_sku", number(SKU)),
        ("os_language_version", number(1033)),
    ])]
}

pub(super) fn sys_info(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    const BEFORE: i128 = 300_000;
    let up = (viewer.now() - engine.started).whole_milliseconds().max(0) + BEFORE;
    let up = u64::try_from(up).unwrap_or(u64::MAX);
    let target = MEMORY_KB / 4 * 3;
    vec![Row::from([
        ("cpu_ticks", large(up.saturating_mul(2_400_000))),
        ("ms_ticks", large(up)),
        ("cpu_count", number(PROCESSORS)),
        ("hyperthread_ratio", number(PROCESSORS)),
        ("physical_memory_kb", large(MEMORY_KB)),
        ("virtual_memory_kb", large(137_438_953_344)),
        ("committed_kb", large(target / 2)),
        ("committed_target_kb", large(target)),
        ("visible_target_kb", large(target)),
        ("stack_size_in_bytes", number(2_093_056)),
        ("os_quantum", number(4)),
        ("os_error_mode", number(5)),
        ("os_priority_class", number(32)),
        ("max_workers_count", number(512)),
        ("scheduler_count", number(PROCESSORS)),
        ("scheduler_total_count", number(PROCESSORS + 11)),
        ("deadlock_monitor_serial_number", number(1)),
        ("sqlserver_start_time_ms_ticks", number(i64::try_from(BEFORE).unwrap_or(0))),
        ("sqlserver_start_time", moment(engine.started)),
        ("affinity_type", number(2)),
        ("affinity_type_desc", text("AUTO")),
        ("process_kernel_time_ms", large(up / 1000)),
        ("process_user_time_ms", large(up / 500)),
        ("time_source", number(0)),
        ("time_source_desc", text("QUERY_PERFORMANCE_COUNTER")),
        ("virtual_machine_type", number(1)),
        ("virtual_machine_type_desc", text("HYPERVISOR")),
        ("softnuma_configuration", number(0)),
        ("softnuma_configuration_desc", text("OFF")),
        ("process_physical_affinity", text("{{0,f}}")),
        ("sql_memory_model", number(1)),
        ("sql_memory_model_desc", text("CONVENTIONAL")),
        ("socket_count", number(1)),
        ("cores_per_socket", number(PROCESSORS)),
        ("numa_node_count", number(1)),
        ("container_type", number(0)),
        ("container_type_desc", text("NONE")),
    ])]
}

/// The engine and its agent; on Linux the engine alone, without accounts of Windows.
pub(super) fn services(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    let instance = engine.service_name();
    let named = engine.instance_name.is_some();
    let service = |what: &str, prefix: &str, plain: &str, process: i32| {
        let short = if named { format!("{prefix}${instance}") } else { plain.to_owned() };
        Row::from([
            ("servicename", text(format!("{what} ({instance})"))),
            ("startup_type", number(2)),
            ("startup_type_desc", text("Automatic")),
            ("status", number(4)),
            ("status_desc", text("Running")),
            ("process_id", number(process)),
            ("last_startup_time", moment_as(engine.started, Type::DateTimeOffset(7))),
            (
                "service_account",
                text(if engine.linux { String::new() } else { format!("NT Service\\{short}") }),
            ),
            ("filename", text(file_name(viewer, prefix))),
            ("is_clustered", text(if engine.clustered { "Y" } else { "N" })),
            ("cluster_nodename", if engine.clustered { text(&engine.machine_name) } else { Value::Null }),
            ("instant_file_initialization_enabled", text(if prefix == "MSSQL" { "Y" } else { "N" })),
        ])
    };
    let own = service("SQL Server", "MSSQL", "MSSQLSERVER", PROCESS);
    let agent =
        (!engine.linux).then(|| service("SQL Server Agent", "SQLAgent", "SQLSERVERAGENT", PROCESS + 8));
    std::iter::once(own).chain(agent).collect()
}

/// The engine's process, as `SERVERPROPERTY('ProcessID')` says too.
pub(crate) const PROCESS: i32 = 4711;

fn file_name(viewer: &Viewer<'_>, prefix: &str) -> String {
    let engine = viewer.engine;
    if engine.linux {
        return "/opt/mssql/bin/sqlservr".to_owned();
    }
    let (major, instance) = (engine.build.major, engine.service_name());
    let folder = format!("C:\\Program Files\\Microsoft SQL Server\\MSSQL{major}.{instance}\\MSSQL\\Binn");
    if prefix == "MSSQL" {
        format!("\"{folder}\\sqlservr.exe\" -s{instance}")
    } else {
        format!("\"{folder}\\SQLAGENT.EXE\" -i {instance}")
    }
}
