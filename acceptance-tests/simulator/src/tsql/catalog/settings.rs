//! What `sys.databases` shows of settings that nothing here depends on: as a database has them that nobody changed.
//! ["sys.databases", 2025; "ALTER DATABASE SET options", 2025]

use super::{Row, Viewer, bit, number, text};
use crate::world::database::Database;

/// They, of one database. Those of contained databases are NULL, since none is contained; so are those that only services
/// other than SQL Server have.
pub(super) fn of(viewer: &Viewer<'_>, database: &Database) -> Row {
    let name = database.name.as_str();
    let system = database.id <= 4;
    // On for databases that are made since 2022. ["Query Store", 2025]
    let query_store = !system && viewer.engine.build.major >= 16;
    // The checkpoint of databases made since 2016; the others keep the older one.
    let recovery_seconds = if ["master", "msdb"].contains(&name) { 0 } else { 60 };
    Row::from([
        ("is_auto_shrink_on", bit(false)),
        ("is_cleanly_shutdown", bit(false)),
        ("is_supplemental_logging_enabled", bit(false)),
        ("page_verify_option", number(2)),
        ("page_verify_option_desc", text("CHECKSUM")),
        ("is_auto_create_stats_on", bit(true)),
        ("is_auto_create_stats_incremental_on", bit(false)),
        ("is_auto_update_stats_on", bit(true)),
        ("is_auto_update_stats_async_on", bit(false)),
        ("is_ansi_null_default_on", bit(false)),
        ("is_ansi_nulls_on", bit(false)),
        ("is_ansi_padding_on", bit(false)),
        ("is_ansi_warnings_on", bit(false)),
        ("is_arithabort_on", bit(false)),
        ("is_concat_null_yields_null_on", bit(false)),
        ("is_numeric_roundabort_on", bit(false)),
        ("is_quoted_identifier_on", bit(false)),
        ("is_recursive_triggers_on", bit(false)),
        ("is_cursor_close_on_commit_on", bit(false)),
        ("is_local_cursor_default", bit(false)),
        ("is_fulltext_enabled", bit(!["master", "tempdb", "model"].contains(&name))),
        ("is_db_chaining_on", bit(["master", "tempdb", "msdb"].contains(&name))),
        ("is_parameterization_forced", bit(false)),
        ("is_query_store_on", bit(query_store)),
        ("is_sync_with_backup", bit(false)),
        ("is_date_correlation_on", bit(false)),
        ("is_honor_broker_priority_on", bit(false)),
        ("containment_desc", text("NONE")),
        ("target_recovery_time_in_seconds", number(recovery_seconds)),
        ("delayed_durability_desc", text("DISABLED")),
        ("is_memory_optimized_elevate_to_snapshot_on", bit(false)),
        ("is_federation_member", bit(false)),
        // tempdb alone of the system's does without.
        ("is_mixed_page_allocation_on", bit(system && name != "tempdb")),
        ("is_temporal_history_retention_enabled", bit(true)),
        ("catalog_collation_type", number(0)),
        ("catalog_collation_type_desc", text("DATABASE_DEFAULT")),
        ("is_result_set_caching_on", bit(false)),
        ("is_tempdb_spill_to_remote_store", bit(false)),
        ("is_stale_page_detection_on", bit(false)),
        ("is_data_retention_enabled", bit(false)),
        ("is_vorder_enabled", bit(false)),
        ("is_proactive_statistics_refresh_on", bit(false)),
    ])
}
