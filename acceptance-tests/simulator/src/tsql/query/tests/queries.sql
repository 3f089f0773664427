-- MASTER_KEY
SELECT COUNT(*) AS present,
       MAX(CASE WHEN d.is_master_key_encrypted_by_server = 1 THEN 1 ELSE 0 END) AS by_server
FROM master.sys.symmetric_keys AS k
CROSS JOIN sys.databases AS d
WHERE k.symmetric_key_id = 101 AND d.database_id = 1
GO
-- CERTIFICATES
SELECT c.name, c.certificate_id, c.pvt_key_encryption_type, c.subject, c.start_date, c.expiry_date,
       CERTENCODED(c.certificate_id) AS der
FROM master.sys.certificates AS c
WHERE c.name NOT LIKE '##%'
GO
-- ENDPOINT
SELECT e.name, e.state, e.role, e.connection_auth, e.encryption_algorithm, c.name AS certificate,
       t.port, t.ip_address
FROM sys.database_mirroring_endpoints AS e
JOIN sys.tcp_endpoints AS t ON t.endpoint_id = e.endpoint_id
LEFT JOIN master.sys.certificates AS c ON c.certificate_id = e.certificate_id
GO
-- GROUPS
SELECT CAST(g.group_id AS nvarchar(36)) AS group_id, g.name, g.is_distributed, g.basic_features,
       g.automated_backup_preference, g.db_failover, g.dtc_support,
       CASE WHEN EXISTS (SELECT 1 FROM sys.availability_group_listeners AS l WHERE l.group_id = g.group_id)
            THEN 1 ELSE 0 END AS has_listener,
       CAST(r.replica_id AS nvarchar(36)) AS replica_id, r.replica_server_name, r.endpoint_url, r.availability_mode
FROM sys.availability_groups AS g
JOIN sys.availability_replicas AS r ON r.group_id = g.group_id
ORDER BY g.name, r.replica_server_name
GO
-- GROUP_DATABASES
SELECT CAST(d.group_id AS nvarchar(36)) AS group_id, d.database_name
FROM sys.availability_databases_cluster AS d
ORDER BY d.database_name
GO
-- REPLICA_STATES
SELECT CAST(s.group_id AS nvarchar(36)) AS group_id, CAST(s.replica_id AS nvarchar(36)) AS replica_id, s.is_local,
       s.role, s.connected_state, s.synchronization_health, s.last_connect_error_number,
       s.last_connect_error_description
FROM sys.dm_hadr_availability_replica_states AS s
GO
-- DATABASE_STATES
SELECT CAST(s.group_id AS nvarchar(36)) AS group_id, d.name AS database_name, s.is_local, s.synchronization_state,
       s.synchronization_health, s.last_hardened_lsn
FROM sys.dm_hadr_database_replica_states AS s
LEFT JOIN sys.databases AS d ON d.database_id = s.database_id
GO
-- DATABASES
SELECT d.name, d.state, d.recovery_model,
       CASE WHEN d.group_database_id IS NULL THEN 0 ELSE 1 END AS in_group
FROM sys.databases AS d
WHERE d.database_id > 4
GO
-- MIRRORING_SESSIONS
SELECT COUNT(*) AS sessions FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL
GO
-- RUNNING_SEEDINGS
SELECT COUNT(*) AS seedings FROM sys.dm_hadr_automatic_seeding WHERE completion_time IS NULL AND failure_state IS NULL
GO
-- GROUPS_THAT_NEED_SECONDARIES
SELECT name FROM sys.availability_groups WHERE required_synchronized_secondaries_to_commit > 0
GO
-- LOCAL_ROLE
SELECT s.role
FROM sys.availability_groups AS g
JOIN sys.dm_hadr_availability_replica_states AS s ON s.group_id = g.group_id
WHERE g.name = @P1 AND s.is_local = 1
GO
-- QUERY
SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS product_version,
       CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
       CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition,
       CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)) AS server_name,
       @@SERVERNAME AS at_server_name,
       CAST(SERVERPROPERTY('IsHadrEnabled') AS int) AS hadr_enabled,
       CAST(SERVERPROPERTY('IsClustered') AS int) AS is_clustered,
       CAST(SERVERPROPERTY('Collation') AS nvarchar(128)) AS collation,
       CASE WHEN OBJECT_ID('sys.sp_certificate_issuers') IS NULL THEN 0 ELSE 1 END AS lists_issuers,
       CASE WHEN OBJECT_ID('sys.sp_certificate_add_issuer') IS NULL THEN 0 ELSE 1 END AS knows_links,
       HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS sees_definitions,
       HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS sees_state
GO
-- A1
SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(64)) v, CAST(SERVERPROPERTY('ProductUpdateLevel') AS nvarchar(64)) cu,
 CAST(SERVERPROPERTY('EngineEdition') AS int) ed, CAST(SERVERPROPERTY('IsHadrEnabled') AS int) hadr,
 CAST(SERVERPROPERTY('HadrManagerStatus') AS int) hadr_mgr, CAST(SERVERPROPERTY('IsClustered') AS int) fci,
 CAST(SERVERPROPERTY('Collation') AS sysname) coll, @@SERVERNAME srv, CAST(SERVERPROPERTY('ServerName') AS sysname) srv2,
 IIF(EXISTS(SELECT 1 FROM master.sys.symmetric_keys WHERE symmetric_key_id=101),1,0) dmk,
 (SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE database_id=1) dmk_smk,
 IIF(OBJECT_ID('sys.sp_certificate_add_issuer') IS NULL,0,1) link_procs,
 IIF(OBJECT_ID('sys.sp_validate_certificate_ca_chain') IS NULL,0,1) chain_proc,
 IIF(OBJECT_ID('sys.sp_multidb_milink') IS NULL,0,1) multidb_proc, IS_SRVROLEMEMBER('sysadmin') sa
GO
-- A2
SELECT d.database_id,d.state,d.user_access,d.is_read_only,d.is_auto_close_on,d.source_database_id,d.recovery_model,d.is_encrypted,
 d.is_cdc_enabled,d.is_broker_enabled,d.is_published,d.is_subscribed,d.is_merge_published,d.is_distributor,d.group_database_id,d.compatibility_level,
 (SELECT COUNT(*) FROM sys.master_files f WHERE f.database_id=d.database_id AND f.type=1) log_files,
 (SELECT SUM(CAST(size AS bigint))*8192 FROM sys.master_files f WHERE f.database_id=d.database_id AND f.type<>1) data_bytes,
 (SELECT MAX(b.backup_finish_date) FROM msdb.dbo.backupset b WHERE b.database_name=d.name AND b.type='D' AND b.is_copy_only=0) last_full,
 (SELECT r.last_log_backup_lsn FROM sys.database_recovery_status r WHERE r.database_id=d.database_id) chain_lsn
FROM sys.databases d WHERE d.name=@db
GO
-- A3
SELECT g.name,g.group_id,g.is_distributed,g.basic_features,r.replica_id,r.replica_server_name,r.endpoint_url,r.availability_mode,r.failover_mode,
 r.seeding_mode,r.session_timeout,r.secondary_role_allow_connections,
 CASE WHEN g.is_distributed=1 AND COUNT(*) OVER(PARTITION BY g.group_id)=2
       AND SUM(CASE WHEN r.endpoint_url LIKE '%Server=%' THEN 1 ELSE 0 END) OVER(PARTITION BY g.group_id)=1 THEN 1 ELSE 0 END is_mi_link
FROM sys.availability_groups g JOIN sys.availability_replicas r ON r.group_id=g.group_id
GO
-- A4
SELECT r.replica_server_name,s.is_local,s.role,s.operational_state,s.connected_state,s.synchronization_health,
 s.last_connect_error_number,s.last_connect_error_description,s.last_connect_error_timestamp
FROM sys.availability_groups g JOIN sys.availability_replicas r ON r.group_id=g.group_id
LEFT JOIN sys.dm_hadr_availability_replica_states s ON s.replica_id=r.replica_id WHERE g.name=@dag
GO
-- A5
SELECT g.name,x.is_local,x.is_primary_replica,x.synchronization_state,x.synchronization_health,x.database_state,x.is_suspended,x.suspend_reason,
 x.last_hardened_lsn,x.end_of_log_lsn,x.log_send_queue_size,x.redo_queue_size,x.secondary_lag_seconds
FROM sys.dm_hadr_database_replica_states x JOIN sys.availability_groups g ON g.group_id=x.group_id
WHERE g.is_distributed=1 AND x.database_id=DB_ID(@db)
GO
-- A6
SELECT a.operation_id,a.is_source,a.current_state,a.failure_state,a.failure_state_desc,a.error_code,a.number_of_attempts,a.start_time,a.completion_time,
 p.internal_state_desc,p.database_size_bytes,p.transferred_size_bytes,p.transfer_rate_bytes_per_second,p.estimate_time_complete_utc,p.failure_message
FROM sys.dm_hadr_automatic_seeding a LEFT JOIN sys.dm_hadr_physical_seeding_stats p ON p.local_physical_seeding_id=a.operation_id
WHERE a.ag_id=(SELECT group_id FROM sys.availability_groups WHERE name=@dag) ORDER BY a.start_time DESC
GO
-- ENDPOINT_READ_BACK
SELECT e.name, e.state, e.role, e.connection_auth, e.encryption_algorithm, e.certificate_id,
       c.name cert, c.thumbprint, c.expiry_date, t.port, t.ip_address, SUSER_NAME(e.principal_id) owner
FROM sys.database_mirroring_endpoints e JOIN sys.tcp_endpoints t ON t.endpoint_id=e.endpoint_id
LEFT JOIN master.sys.certificates c ON c.certificate_id=e.certificate_id
GO
-- LINK_HEALTH
SELECT ag.name, rs.synchronization_health_desc
FROM sys.availability_groups AS ag
JOIN sys.dm_hadr_availability_replica_states AS rs ON ag.group_id = rs.group_id
WHERE ag.is_distributed = 1 AND ag.name = @dag AND rs.is_local = 0 AND rs.role = 2
