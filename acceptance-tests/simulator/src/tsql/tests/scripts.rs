//! The queries that documentation and tools send about a link, against one that replicates: their answers are right.

use super::{PASSWORD, SQL, Server, said};
use crate::tsql::session::SqlSession;
use crate::world::security::Password;
use crate::world::tests::Bench;

/// An administrator of the SQL Server whose database `Sales` a link replicates to a managed instance.
async fn administrator() -> (Bench, SqlSession) {
    let bench = Bench::linked();
    bench.world.with(|estate| {
        let sa = &mut estate.sql_servers[0].logins[0];
        (sa.enabled, sa.password) = (true, Some(Password(PASSWORD.to_owned())));
    });
    let session = Server::of(&bench.world, SQL).sign_in("sa", PASSWORD).await.unwrap();
    (bench, session)
}

/// The columns of a query, in order of the first ones.
async fn of(session: &mut SqlSession, query: &str, columns: &str) -> String {
    said(session, &format!("SELECT {columns} FROM ({query}) AS q ORDER BY 1, 2")).await
}

#[tokio::test]
async fn facts_of_the_instance_and_of_the_database() {
    let (_bench, mut session) = administrator().await;
    let instance = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(64)) v,
         CAST(SERVERPROPERTY('EngineEdition') AS int) ed, CAST(SERVERPROPERTY('IsHadrEnabled') AS int) hadr,
         CAST(SERVERPROPERTY('HadrManagerStatus') AS int) hadr_mgr, CAST(SERVERPROPERTY('IsClustered') AS int) fci,
         CAST(SERVERPROPERTY('Collation') AS sysname) coll, @@SERVERNAME srv,
         CAST(SERVERPROPERTY('ServerName') AS sysname) srv2,
         IIF(EXISTS(SELECT 1 FROM master.sys.symmetric_keys WHERE symmetric_key_id=101),1,0) dmk,
         (SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE database_id=1) dmk_smk,
         IIF(OBJECT_ID('sys.sp_certificate_add_issuer') IS NULL,0,1) link_procs,
         IIF(OBJECT_ID('sys.sp_validate_certificate_ca_chain') IS NULL,0,1) chain_proc,
         IS_SRVROLEMEMBER('sysadmin') sa";
    assert_eq!(
        of(
            &mut session,
            instance,
            "srv, srv2, ed, hadr, hadr_mgr, fci, coll, dmk, dmk_smk, link_procs, chain_proc, sa"
        )
        .await,
        "SQL1 SQL1 3 1 1 0 SQL_Latin1_General_CP1_CI_AS 1 1 1 1 1"
    );
    let database = "SELECT d.database_id,d.state,d.user_access,d.is_read_only,d.is_auto_close_on,d.source_database_id,
         d.recovery_model,d.is_encrypted,d.is_cdc_enabled,d.is_broker_enabled,d.is_published,d.is_subscribed,
         d.is_merge_published,d.is_distributor,d.group_database_id,d.compatibility_level,
         (SELECT COUNT(*) FROM sys.master_files f WHERE f.database_id=d.database_id AND f.type=1) log_files,
         (SELECT SUM(CAST(size AS bigint))*8192 FROM sys.master_files f WHERE f.database_id=d.database_id AND f.type<>1) data_bytes,
         (SELECT MAX(b.backup_finish_date) FROM msdb.dbo.backupset b
          WHERE b.database_name=d.name AND b.type='D' AND b.is_copy_only=0) last_full,
         (SELECT r.last_log_backup_lsn FROM sys.database_recovery_status r WHERE r.database_id=d.database_id) chain_lsn
         FROM sys.databases d WHERE d.name=N'Sales'";
    assert_eq!(
        of(
            &mut session,
            database,
            "state, user_access, is_read_only, is_auto_close_on, recovery_model, is_distributor, log_files, \
             data_bytes, IIF(group_database_id IS NULL, 0, 1), IIF(last_full IS NULL, 0, 1), IIF(chain_lsn IS NULL, 0, 1)"
        )
        .await,
        "0 0 0 0 1 0 1 8589934592 1 1 1"
    );
    for (query, expected) in [
        ("SELECT COUNT(*) FROM sys.filegroups WHERE type IN ('FD', 'FX')", "0"),
        ("SELECT COUNT(*) FROM sys.master_files WHERE database_id=DB_ID('Sales') AND type=1", "1"),
        (
            "SELECT COUNT(*) FROM sys.databases d WHERE d.name = 'Sales' AND d.database_id > 4 AND d.state = 0 AND d.user_access = 0 \
             AND d.is_read_only = 0 AND d.is_auto_close_on = 0 AND d.source_database_id IS NULL",
            "1",
        ),
        (
            "SELECT COUNT(*) FROM sys.availability_databases_cluster c JOIN sys.availability_groups g \
             ON g.group_id = c.group_id WHERE g.name = 'AG_Sales' AND c.database_name = 'Sales'",
            "1",
        ),
        ("SELECT pvt_key_encryption_type FROM master.sys.certificates WHERE name = 'endpoint_cert'", "MK"),
        ("SELECT IIF(CERTENCODED(CERT_ID(N'endpoint_cert')) IS NULL, 0, 1)", "1"),
    ] {
        assert_eq!(said(&mut session, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn groups_members_and_the_endpoint() {
    let (_bench, mut session) = administrator().await;
    let groups = "SELECT g.name,g.group_id,g.is_distributed,g.basic_features,r.replica_id,r.replica_server_name,
         r.endpoint_url,r.availability_mode,r.failover_mode,r.seeding_mode,r.session_timeout,
         r.secondary_role_allow_connections,
         CASE WHEN g.is_distributed=1 AND COUNT(*) OVER(PARTITION BY g.group_id)=2
              AND SUM(CASE WHEN r.endpoint_url LIKE '%Server=%' THEN 1 ELSE 0 END) OVER(PARTITION BY g.group_id)=1
         THEN 1 ELSE 0 END is_mi_link
         FROM sys.availability_groups g JOIN sys.availability_replicas r ON r.group_id=g.group_id";
    let said_groups = of(
        &mut session,
        groups,
        "name, replica_server_name, is_distributed, availability_mode, failover_mode, seeding_mode, is_mi_link, \
         LEFT(endpoint_url, 6)",
    )
    .await;
    assert_eq!(
        said_groups,
        "AG_Sales SQL1 0 1 1 0 0 TCP:// DAG_Sales AG_Sales 1 0 1 0 1 TCP:// DAG_Sales AG_Sales_MI 1 0 1 0 1 tcp://"
    );
    let endpoint =
        "SELECT e.name, e.state, e.role, e.connection_auth, e.encryption_algorithm, e.certificate_id,
         c.name cert, c.thumbprint, c.expiry_date, t.port, t.ip_address, SUSER_NAME(e.principal_id) owner
         FROM sys.database_mirroring_endpoints e JOIN sys.tcp_endpoints t ON t.endpoint_id=e.endpoint_id
         LEFT JOIN master.sys.certificates c ON c.certificate_id=e.certificate_id";
    assert_eq!(
        of(
            &mut session,
            endpoint,
            "name, state, role, connection_auth, encryption_algorithm, cert, port, ip_address, owner"
        )
        .await,
        "hadr 0 3 4 2 endpoint_cert 5022 NULL sa"
    );
}

#[tokio::test]
async fn health_role_and_lag_of_a_link() {
    let (_bench, mut session) = administrator().await;
    for (query, expected) in [
        (
            "SELECT rs.synchronization_health_desc FROM sys.availability_groups ag \
             JOIN sys.dm_hadr_availability_replica_states rs ON ag.group_id = rs.group_id \
             WHERE rs.is_local = 0 AND rs.role = 2 AND ag.is_distributed = 1 AND ag.name = N'DAG_Sales'",
            "HEALTHY",
        ),
        (
            "SELECT rs.role_desc FROM sys.availability_groups ag \
             JOIN sys.dm_hadr_availability_replica_states rs ON ag.group_id = rs.group_id \
             WHERE rs.is_local = 1 AND ag.is_distributed = 1 AND ag.name = N'DAG_Sales'",
            "PRIMARY",
        ),
        (
            "SELECT r.replica_server_name, s.is_local, s.role, s.connected_state, s.synchronization_health, \
             s.last_connect_error_number FROM sys.availability_groups g \
             JOIN sys.availability_replicas r ON r.group_id=g.group_id \
             LEFT JOIN sys.dm_hadr_availability_replica_states s ON s.replica_id=r.replica_id \
             WHERE g.name=N'DAG_Sales' ORDER BY 2",
            "AG_Sales_MI 0 2 1 2 NULL AG_Sales 1 1 1 2 NULL",
        ),
        // An asynchronous link that is healthy synchronizes, and is never synchronized.
        (
            "SELECT x.is_local, x.synchronization_state_desc, x.synchronization_health_desc, x.is_suspended, \
             IIF(x.last_hardened_lsn IS NULL, 0, 1) \
             FROM sys.dm_hadr_database_replica_states x JOIN sys.availability_groups g ON g.group_id=x.group_id \
             WHERE g.is_distributed=1 AND x.database_id=DB_ID(N'Sales') AND x.is_local=0",
            "0 SYNCHRONIZING HEALTHY 0 1",
        ),
        (
            "SELECT a.is_source, a.current_state, a.failure_state, a.error_code, IIF(a.completion_time IS NULL, 0, 1) \
             FROM sys.dm_hadr_automatic_seeding a LEFT JOIN sys.dm_hadr_physical_seeding_stats p \
             ON p.local_physical_seeding_id=a.operation_id \
             WHERE a.ag_id=(SELECT group_id FROM sys.availability_groups WHERE name=N'DAG_Sales') ORDER BY a.start_time DESC",
            "1 COMPLETED NULL NULL 1",
        ),
        (
            "IF (SELECT state FROM sys.endpoints WHERE name=N'hadr')<>0 PRINT 'stopped' ELSE PRINT 'started'",
            r#""started""#,
        ),
    ] {
        assert_eq!(said(&mut session, query).await, expected, "{query}");
    }
}
