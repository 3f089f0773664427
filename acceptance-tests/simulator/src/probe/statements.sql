-- What people, tools and the provider read of links, asked of a real server and of the simulator alike. Compared are the
-- names and types of the columns, or the number of the error; under `values` the rows as well. Sources: the pages of the
-- views, "Monitor availability groups", "Best practices", "Troubleshoot" and "Prepare your environment" of the link.

-- statement properties
SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(64)) AS build,
  CAST(SERVERPROPERTY('ProductUpdateLevel') AS nvarchar(64)) AS update_level,
  CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
  CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition,
  CAST(SERVERPROPERTY('IsHadrEnabled') AS int) AS hadr,
  CAST(SERVERPROPERTY('HadrManagerStatus') AS int) AS hadr_manager,
  CAST(SERVERPROPERTY('IsClustered') AS int) AS is_clustered,
  CAST(SERVERPROPERTY('Collation') AS sysname) AS collation,
  CAST(SERVERPROPERTY('InstanceName') AS sysname) AS instance,
  CAST(SERVERPROPERTY('InstanceDefaultDataPath') AS nvarchar(260)) AS data_path,
  @@SERVERNAME AS server_name, @@SERVICENAME AS service_name

-- statement bare-properties
SELECT SERVERPROPERTY('ProductVersion') AS build, SERVERPROPERTY('EngineEdition') AS edition,
  SERVERPROPERTY('NoSuchProperty') AS missing, @@VERSION AS version

-- statement build values server
SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(64)) AS build,
  CAST(SERVERPROPERTY('ProductMajorVersion') AS nvarchar(64)) AS major,
  CAST(SERVERPROPERTY('ProductBuild') AS nvarchar(64)) AS number,
  CAST(SERVERPROPERTY('ProductLevel') AS nvarchar(64)) AS level,
  CAST(SERVERPROPERTY('ProductUpdateLevel') AS nvarchar(64)) AS update_level,
  CAST(SERVERPROPERTY('ProductUpdateReference') AS nvarchar(64)) AS reference,
  CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition

-- statement procedures values server
SELECT IIF(OBJECT_ID('sys.sp_certificate_add_issuer') IS NULL, 0, 1) AS add_issuer,
  IIF(OBJECT_ID('sys.sp_certificate_issuers') IS NULL, 0, 1) AS issuers,
  IIF(OBJECT_ID('sys.sp_certificate_drop_issuer') IS NULL, 0, 1) AS drop_issuer,
  IIF(OBJECT_ID('sys.sp_get_endpoint_certificate') IS NULL, 0, 1) AS get_certificate,
  IIF(OBJECT_ID('sys.sp_validate_certificate_ca_chain') IS NULL, 0, 1) AS chain,
  IIF(OBJECT_ID('sys.sp_multidb_milink') IS NULL, 0, 1) AS several_databases

-- statement procedure-types values
SELECT name, type, type_desc, is_ms_shipped FROM sys.system_objects
WHERE name IN ('sp_certificate_add_issuer', 'sp_certificate_issuers', 'sp_certificate_drop_issuer',
  'sp_get_endpoint_certificate', 'sp_validate_certificate_ca_chain', 'sp_multidb_milink')
ORDER BY name

-- statement master-key
SELECT d.is_master_key_encrypted_by_server, k.name, k.symmetric_key_id, k.key_length, k.key_algorithm, k.algorithm_desc,
  e.crypt_type, e.crypt_type_desc
FROM sys.databases AS d
LEFT JOIN master.sys.symmetric_keys AS k ON k.symmetric_key_id = 101
LEFT JOIN master.sys.key_encryptions AS e ON e.key_id = k.symmetric_key_id
WHERE d.name = N'master'

-- statement certificates
SELECT name, certificate_id, principal_id, pvt_key_encryption_type, pvt_key_encryption_type_desc, subject, issuer_name,
  start_date, expiry_date, thumbprint, CERTENCODED(certificate_id) AS der
FROM master.sys.certificates WHERE name NOT LIKE '##%'

-- statement missing-certificate values
SELECT CERT_ID(N'no such certificate here') AS id, CERTENCODED(2147483600) AS der,
  CERTPROPERTY(2147483600, 'Expiry_Date') AS expiry

-- statement issuers
EXEC sys.sp_certificate_issuers

-- statement several-databases server
EXEC sys.sp_multidb_milink

-- statement endpoint
SELECT e.name, e.endpoint_id, e.state, e.state_desc, e.role, e.role_desc, e.connection_auth, e.connection_auth_desc,
  e.encryption_algorithm, e.encryption_algorithm_desc, e.is_encryption_enabled, e.certificate_id, t.port, t.ip_address,
  c.name AS certificate, c.expiry_date, SUSER_NAME(e.principal_id) AS owner
FROM sys.database_mirroring_endpoints AS e
JOIN sys.tcp_endpoints AS t ON t.endpoint_id = e.endpoint_id
LEFT JOIN master.sys.certificates AS c ON c.certificate_id = e.certificate_id

-- statement system-endpoints values server
SELECT name, endpoint_id, principal_id, protocol_desc, type_desc, state_desc, is_admin_endpoint
FROM sys.endpoints WHERE endpoint_id < 65536 ORDER BY endpoint_id

-- statement endpoint-grants
SELECT p.class_desc, p.permission_name, p.type, p.state, p.state_desc, SUSER_NAME(p.grantee_principal_id) AS grantee
FROM sys.server_permissions AS p JOIN sys.endpoints AS e ON p.major_id = e.endpoint_id
WHERE p.class_desc = 'ENDPOINT' AND p.permission_name = 'CONNECT'

-- statement groups
SELECT g.name, g.group_id, g.is_distributed, g.basic_features, r.replica_id, r.replica_server_name, r.endpoint_url,
  r.availability_mode_desc, r.failover_mode_desc, r.seeding_mode_desc, r.session_timeout,
  r.secondary_role_allow_connections_desc,
  CASE WHEN g.is_distributed = 1 AND COUNT(*) OVER (PARTITION BY g.group_id) = 2
    AND SUM(CASE WHEN r.endpoint_url LIKE '%Server=%' THEN 1 ELSE 0 END) OVER (PARTITION BY g.group_id) = 1
    THEN 1 ELSE 0 END AS is_link
FROM sys.availability_groups AS g JOIN sys.availability_replicas AS r ON r.group_id = g.group_id

-- statement cluster-type since 14
SELECT name, cluster_type, cluster_type_desc, required_synchronized_secondaries_to_commit, sequence_number
FROM sys.availability_groups

-- statement cluster-type-before until 13
SELECT name, cluster_type FROM sys.availability_groups

-- statement contained since 15
SELECT name, is_contained FROM sys.availability_groups

-- statement contained-before until 14
SELECT name, is_contained FROM sys.availability_groups

-- statement connection-options-before until 16
SELECT name, cluster_connection_options FROM sys.availability_groups

-- statement whole-batch
SELECT 1 AS n FROM sys.availability_groups WHERE 1 = 0 AND no_such_column = 1

-- statement missing-view
SELECT name FROM sys.no_such_view_anywhere

-- statement missing-function
SELECT NO_SUCH_FUNCTION(1) AS n

-- statement group-databases
SELECT g.name, d.database_name, d.group_database_id, d.truncation_lsn FROM sys.availability_groups AS g
JOIN sys.availability_databases_cluster AS d ON d.group_id = g.group_id

-- statement replica-states
SELECT g.name, r.replica_server_name, s.is_local, s.role_desc, s.operational_state_desc, s.connected_state_desc,
  s.recovery_health_desc, s.synchronization_health_desc, s.last_connect_error_number, s.last_connect_error_description,
  s.last_connect_error_timestamp
FROM sys.availability_groups AS g JOIN sys.availability_replicas AS r ON r.group_id = g.group_id
LEFT JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = r.replica_id

-- statement group-states
SELECT g.name, s.primary_replica, s.primary_recovery_health_desc, s.secondary_recovery_health_desc,
  s.synchronization_health_desc
FROM sys.availability_groups AS g JOIN sys.dm_hadr_availability_group_states AS s ON s.group_id = g.group_id

-- statement database-states
SELECT g.name, DB_NAME(x.database_id) AS database_name, x.is_local, x.is_primary_replica, x.synchronization_state_desc,
  x.synchronization_health_desc, x.database_state_desc, x.is_suspended, x.suspend_reason_desc, x.recovery_lsn,
  x.last_hardened_lsn, x.end_of_log_lsn, x.last_commit_time, x.log_send_queue_size, x.log_send_rate, x.redo_queue_size,
  x.redo_rate, x.secondary_lag_seconds
FROM sys.dm_hadr_database_replica_states AS x JOIN sys.availability_groups AS g ON g.group_id = x.group_id

-- statement internal-groups since 17
SELECT group_id, name, distributed_availability_group_id, group_database_id FROM sys.dm_hadr_internal_availability_groups

-- statement seeding
SELECT a.operation_id, a.is_source, a.current_state, a.performed_seeding, a.failure_state, a.failure_state_desc,
  a.error_code, a.number_of_attempts, a.start_time, a.completion_time, p.role_desc, p.internal_state_desc,
  p.database_size_bytes, p.transferred_size_bytes, p.transfer_rate_bytes_per_second, p.estimate_time_complete_utc,
  p.failure_code, p.failure_message
FROM sys.dm_hadr_automatic_seeding AS a
LEFT JOIN sys.dm_hadr_physical_seeding_stats AS p ON p.local_physical_seeding_id = a.operation_id
ORDER BY a.start_time DESC

-- statement databases
SELECT d.name, d.database_id, d.state_desc, d.user_access_desc, d.is_read_only, d.is_auto_close_on, d.source_database_id,
  d.recovery_model_desc, d.is_encrypted, d.is_cdc_enabled, d.is_broker_enabled, d.is_published, d.is_subscribed,
  d.is_merge_published, d.is_distributor, d.group_database_id, d.replica_id, d.compatibility_level, d.collation_name,
  d.log_reuse_wait_desc, d.delayed_durability,
  (SELECT COUNT(*) FROM sys.master_files AS f WHERE f.database_id = d.database_id AND f.type = 1) AS log_files,
  (SELECT SUM(CAST(f.size AS bigint)) * 8192 FROM sys.master_files AS f WHERE f.database_id = d.database_id
    AND f.type <> 1) AS data_bytes,
  (SELECT MAX(b.backup_finish_date) FROM msdb.dbo.backupset AS b WHERE b.database_name = d.name AND b.type = 'D'
    AND b.is_copy_only = 0) AS last_full,
  (SELECT r.last_log_backup_lsn FROM sys.database_recovery_status AS r WHERE r.database_id = d.database_id) AS chain
FROM sys.databases AS d

-- statement system-databases values server
SELECT name, database_id, user_access_desc, is_read_only, state_desc FROM sys.databases WHERE database_id <= 4
ORDER BY database_id

-- statement recovery-since-2019 since 15
SELECT d.name, d.is_accelerated_database_recovery_on, p.pvs_filegroup_id, p.persistent_version_store_size_kb
FROM sys.databases AS d LEFT JOIN sys.dm_tran_persistent_version_store_stats AS p ON p.database_id = d.database_id

-- statement filegroups
SELECT data_space_id, name, type, type_desc, is_default, is_read_only FROM sys.filegroups

-- statement memory-optimized-tables
SELECT name, is_filetable, is_memory_optimized FROM sys.tables

-- statement encryption
SELECT DB_NAME(database_id) AS name, encryption_state, key_algorithm, key_length, encryptor_type, encryptor_thumbprint
FROM sys.dm_database_encryption_keys

-- statement mirrored
SELECT DB_NAME(database_id) AS name, mirroring_guid, mirroring_state_desc, mirroring_role_desc FROM sys.database_mirroring
WHERE mirroring_guid IS NOT NULL

-- statement backups
SELECT TOP (10) database_name, type, is_copy_only, backup_start_date, backup_finish_date, first_lsn, last_lsn,
  checkpoint_lsn, database_backup_lsn, backup_size, compressed_backup_size, has_backup_checksums
FROM msdb.dbo.backupset ORDER BY backup_finish_date DESC

-- statement backup-preference server
SELECT name, sys.fn_hadr_backup_is_preferred_replica(name) AS preferred FROM sys.databases WHERE database_id > 4

-- statement listeners
SELECT g.name, l.dns_name, l.port, l.is_conformant, l.ip_configuration_string_from_cluster, i.ip_address, i.ip_subnet_mask,
  i.state_desc
FROM sys.availability_groups AS g JOIN sys.availability_group_listeners AS l ON l.group_id = g.group_id
JOIN sys.availability_group_listener_ip_addresses AS i ON i.listener_id = l.listener_id

-- statement cluster
SELECT cluster_name, quorum_type, quorum_type_desc, quorum_state, quorum_state_desc FROM sys.dm_hadr_cluster

-- statement cluster-members
SELECT member_name, member_type_desc, member_state_desc, number_of_quorum_votes FROM sys.dm_hadr_cluster_members

-- statement tcp-listeners
SELECT listener_id, ip_address, is_ipv4, port, type, type_desc, state, state_desc FROM sys.dm_tcp_listener_states

-- statement host since 14
SELECT host_platform, host_distribution, host_release, host_service_pack_level, host_sku, os_language_version
FROM sys.dm_os_host_info

-- statement host-before until 13
SELECT host_platform FROM sys.dm_os_host_info

-- statement engine
SELECT cpu_count, physical_memory_kb, max_workers_count, sqlserver_start_time FROM sys.dm_os_sys_info

-- statement services server
SELECT servicename, startup_type_desc, status_desc, service_account, last_startup_time, is_clustered
FROM sys.dm_server_services

-- statement configurations
SELECT name, value, value_in_use, minimum, maximum, is_dynamic, is_advanced FROM sys.configurations
WHERE name IN (N'Agent XPs', N'max worker threads', N'remote access', N'backup compression default')

-- statement no-such-role values
SELECT IS_SRVROLEMEMBER('no such role') AS unknown_role

-- statement rights
SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS definition,
  HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS state, HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY ENDPOINT') AS endpoint,
  HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY AVAILABILITY GROUP') AS availability_group,
  HAS_PERMS_BY_NAME(N'master', 'DATABASE', 'CREATE CERTIFICATE') AS certificate,
  IS_SRVROLEMEMBER('sysadmin') AS sysadmin, SUSER_SNAME() AS login

-- statement known-rights values
SELECT IIF(HAS_PERMS_BY_NAME(NULL, NULL, 'NO SUCH PERMISSION') IS NULL, 0, 1) AS permission,
  IIF(HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') IS NULL, 0, 1) AS state,
  IIF(HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER PERFORMANCE STATE') IS NULL, 0, 1) AS performance,
  IIF(HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY SECURITY DEFINITION') IS NULL, 0, 1) AS security

-- statement column-lengths values
SELECT COL_LENGTH('sys.availability_replicas', 'endpoint_url') AS url, COL_LENGTH('sys.certificates', 'subject') AS subject,
  COL_LENGTH('sys.availability_groups', 'no_such_column') AS missing, COL_LENGTH('sys.no_such_view', 'name') AS nowhere

-- statement conversions values
SELECT CONVERT(varchar(32), CAST('2026-11-29T18:00:00.123' AS datetime), 126) AS iso,
  CONVERT(varchar(32), CAST('2026-11-29T18:00:00.123' AS datetime), 112) AS day,
  CONVERT(nvarchar(64), 0x00A5FF, 1) AS hex, TRY_CONVERT(int, 'x') AS nothing, CAST(7.50 AS numeric(10, 2)) AS number,
  QUOTENAME(N'a]b') AS quoted, LEN(N'ab  ') AS length, DATALENGTH(N'ab  ') AS bytes, REPLACE(N'a''b', '''', '''''') AS doubled

-- statement failed-conversion
SELECT CAST('no number' AS int) AS n

-- statement division
SELECT 1 / 0 AS n

-- statement sessions
SELECT s.session_id, s.program_name, s.host_name, s.login_name, s.status, c.encrypt_option, c.net_transport, c.auth_scheme
FROM sys.dm_exec_sessions AS s JOIN sys.dm_exec_connections AS c ON c.session_id = s.session_id WHERE s.session_id = @@SPID

-- statement seeding-requests
SELECT r.session_id, r.command, r.status, r.percent_complete, r.database_id, r.wait_type FROM sys.dm_exec_requests AS r
WHERE r.command = 'VDI_CLIENT_WORKER'

-- statement messages since 13
SELECT message_id, language_id, severity, is_event_logged, text FROM sys.messages
WHERE language_id = 1033 AND message_id IN (208, 2812, 15151)

-- statement parameters
SELECT o.name AS procedure_name, p.name, p.parameter_id, p.system_type_id, p.max_length, p.is_output
FROM sys.all_parameters AS p JOIN sys.system_objects AS o ON o.object_id = p.object_id
WHERE o.name IN ('sp_certificate_add_issuer', 'sp_certificate_drop_issuer', 'sp_validate_certificate_ca_chain',
  'sp_get_endpoint_certificate', 'sp_multidb_milink')
ORDER BY o.name, p.parameter_id
