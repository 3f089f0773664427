//! What management tools ask with everything that they show, as SMO does: of keys, of policies, of full-text search, of
//! accounts.

use super::all;

#[tokio::test]
async fn the_master_key_is_open_where_a_session_opened_it() {
    const OPEN: &str =
        "SELECT database_name, key_id, status, IIF(opened_date IS NULL, 0, 1) FROM sys.openkeys";
    all(&[
        // The engine opens it for itself, and shows no session that.
        (OPEN, ""),
        ("ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Str0ng one!'", ""),
        ("OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Str0ng one!'", ""),
        (OPEN, "master 101 1 1"),
        ("CLOSE MASTER KEY", ""),
        (OPEN, ""),
    ])
    .await;
}

#[tokio::test]
async fn policies_are_on_and_none_is_broken() {
    all(&[
        ("SELECT current_value FROM msdb.dbo.syspolicy_configuration WHERE name = 'Enabled'", "1"),
        ("SELECT COUNT(*) FROM msdb.dbo.syspolicy_system_health_state", "0"),
        ("SELECT * FROM dbo.syspolicy_configuration", "!208"),
    ])
    .await;
}

#[tokio::test]
async fn settings_of_full_text_search_are_those_of_a_server_without_it() {
    all(&[
        ("SELECT FULLTEXTSERVICEPROPERTY('IsFullTextInstalled')", "0"),
        ("SELECT FULLTEXTSERVICEPROPERTY('VerifySignature')", "1"),
        ("SELECT FULLTEXTSERVICEPROPERTY('nothing')", "NULL"),
        ("SELECT FULLTEXTSERVICEPROPERTY()", "!174"),
    ])
    .await;
}

#[tokio::test]
async fn the_sid_of_an_account_is_that_of_its_login() {
    all(&[
        ("SELECT IIF(SID_BINARY('sa') = SUSER_SID('sa'), 1, 0)", "1"),
        ("SELECT IIF(SID_BINARY(N'CORP\\nobody') IS NULL, 1, 0)", "1"),
    ])
    .await;
}

#[tokio::test]
async fn databases_show_the_settings_that_a_new_one_has() {
    all(&[
        (
            "SELECT page_verify_option_desc, is_auto_create_stats_on, is_query_store_on, target_recovery_time_in_seconds, \
             snapshot_isolation_state_desc, containment_desc FROM sys.databases WHERE name = 'Sales'",
            "CHECKSUM 1 1 60 OFF NONE",
        ),
        (
            "SELECT name FROM sys.databases WHERE is_mixed_page_allocation_on = 1 AND is_db_chaining_on = 1 ORDER BY name",
            "master msdb",
        ),
    ])
    .await;
}
