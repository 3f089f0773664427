//! The catalog views that links need, as typed rows, and the queries that read them.
//!
//! Each section is a batch of its own, so that a view which the login may not see hides only itself. The texts name no
//! column that is younger than SQL Server 2016: SQL Server binds the columns of a whole batch before it runs any of it.

use time::OffsetDateTime;

use super::error::Error;
use super::row::Row;

/// A row of `sys.certificates` in `master`.
#[derive(Clone, Debug, PartialEq)]
pub struct CertificateRow {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: i64,
    /// `NA` without private key, `MK` under the master key, `PW` under a password, `SK` under the service master key.
    pub private_key: String,
    /// Its subject.
    pub subject: Option<String>,
    /// UTC.
    pub start: Option<OffsetDateTime>,
    /// UTC.
    pub expiry: Option<OffsetDateTime>,
    /// The certificate; nothing where the login may not read it.
    pub der: Option<Vec<u8>>,
}

/// A row of `sys.sp_certificate_issuers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerRow {
    /// Id of the root.
    pub certificate_id: i64,
    /// What it may vouch for.
    pub dns: String,
}

/// The master key of `master`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyRow {
    /// Whether the service master key opens it.
    pub encrypted_by_service_master_key: bool,
}

/// The database mirroring endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its name.
    pub name: String,
    /// 0 started, 1 stopped, 2 disabled.
    pub state: i64,
    /// 1 partner, 2 witness, 3 all.
    pub role: i64,
    /// 1 to 10 (`sys.database_mirroring_endpoints.connection_auth`).
    pub connection_auth: i64,
    /// 0 to 8 (`sys.database_mirroring_endpoints.encryption_algorithm`).
    pub encryption_algorithm: i64,
    /// Name of its certificate.
    pub certificate: Option<String>,
    /// TCP port.
    pub port: i64,
    /// The one address that it listens on; nothing for all.
    pub ip_address: Option<String>,
}

/// A group, local or distributed, with its replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// `group_id`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is distributed: its replicas are groups.
    pub is_distributed: bool,
    /// Whether it is a basic group.
    pub is_basic: bool,
    /// 0 primary, 1 secondary only, 2 secondary, 3 none.
    pub backup_preference: Option<i64>,
    /// Whether each database's health counts.
    pub db_failover: bool,
    /// Whether distributed transactions are supported for each database.
    pub dtc_support: bool,
    /// Whether a listener leads to it.
    pub has_listener: bool,
    /// How many seconds ago it was made here, by the server's clock; nothing where the server does not say.
    pub age: Option<i64>,
    /// Its replicas; the members of a distributed group.
    pub replicas: Vec<ReplicaRow>,
    /// Names of its databases.
    pub databases: Vec<String>,
}

/// A replica; in a distributed group, a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaRow {
    /// `replica_id`.
    pub id: String,
    /// The server; in a distributed group, the group.
    pub server_name: String,
    /// Its URL; in a distributed group the listener URL.
    pub endpoint_url: Option<String>,
    /// 0 asynchronous, 1 synchronous.
    pub availability_mode: i64,
}

/// A row of `sys.dm_hadr_availability_replica_states`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaStateRow {
    /// The group.
    pub group_id: String,
    /// The replica.
    pub replica_id: String,
    /// Whether it is this server; in a distributed group, the local group.
    pub is_local: bool,
    /// 0 resolving, 1 primary, 2 secondary.
    pub role: Option<i64>,
    /// 0 disconnected, 1 connected.
    pub connected: Option<i64>,
    /// 0 not healthy, 1 partially, 2 healthy.
    pub health: Option<i64>,
    /// Number of the last connection error.
    pub last_error: Option<i64>,
    /// Text of the last connection error.
    pub last_error_text: Option<String>,
}

/// A row of `sys.dm_hadr_database_replica_states`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseStateRow {
    /// The group.
    pub group_id: String,
    /// The database's name, where this server has it.
    pub database: Option<String>,
    /// Whether it is this server's.
    pub is_local: bool,
    /// 0 not synchronizing, 1 synchronizing, 2 synchronized, 3 reverting, 4 initializing.
    pub synchronization: Option<i64>,
    /// 0 not healthy, 1 partially, 2 healthy.
    pub health: Option<i64>,
    /// `numeric(25, 0)`.
    pub last_hardened_lsn: Option<i128>,
}

/// A row of `sys.databases`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseRow {
    /// Its name.
    pub name: String,
    /// 0 online, 1 restoring, …
    pub state: i64,
    /// 0 everybody, 1 single user, 2 restricted.
    pub user_access: i64,
    /// Whether it is read-only.
    pub read_only: bool,
    /// Whether AUTO_CLOSE is on.
    pub auto_close: bool,
    /// Whether it is a snapshot of another.
    pub snapshot: bool,
    /// 1 full, 2 bulk logged, 3 simple.
    pub recovery_model: i64,
    /// Whether a log backup could follow the last full one; nothing where the login may not see it.
    pub chain: Option<bool>,
    /// Whether it is in a group.
    pub in_group: bool,
    /// Whether it is encrypted (TDE).
    pub encrypted: bool,
    /// Whether change data capture is on.
    pub cdc: bool,
    /// Size of its data files; nothing where the login may not see them.
    pub bytes: Option<i64>,
}

/// What an ALTER of the endpoint disturbs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointUse {
    /// Database mirroring sessions.
    pub mirroring_sessions: i64,
    /// Seedings that run now.
    pub running_seedings: i64,
    /// Groups (2017 and later) that need synchronized secondaries to commit.
    pub groups_that_need_secondaries: Vec<String>,
}

pub(super) const MASTER_KEY: &str = "\
SELECT COUNT(*) AS present,
       MAX(CASE WHEN d.is_master_key_encrypted_by_server = 1 THEN 1 ELSE 0 END) AS by_server
FROM master.sys.symmetric_keys AS k
CROSS JOIN sys.databases AS d
WHERE k.symmetric_key_id = 101 AND d.database_id = 1";

pub(super) const CERTIFICATES: &str = "\
SELECT c.name, c.certificate_id, c.pvt_key_encryption_type, c.subject, c.start_date, c.expiry_date,
       CERTENCODED(c.certificate_id) AS der
FROM master.sys.certificates AS c
WHERE c.name NOT LIKE '##%'";

pub(super) const ISSUERS: &str = "EXEC sys.sp_certificate_issuers";

pub(super) const ENDPOINT: &str = "\
SELECT e.name, e.state, e.role, e.connection_auth, e.encryption_algorithm, c.name AS certificate,
       t.port, t.ip_address
FROM sys.database_mirroring_endpoints AS e
JOIN sys.tcp_endpoints AS t ON t.endpoint_id = e.endpoint_id
LEFT JOIN master.sys.certificates AS c ON c.certificate_id = e.certificate_id";

pub(super) const GROUPS: &str = "\
SELECT CAST(g.group_id AS nvarchar(36)) AS group_id, g.name, g.is_distributed, g.basic_features,
       g.automated_backup_preference, g.db_failover, g.dtc_support,
       CASE WHEN EXISTS (SELECT 1 FROM sys.availability_group_listeners AS l WHERE l.group_id = g.group_id)
            THEN 1 ELSE 0 END AS has_listener,
       DATEDIFF(second, r.create_date, GETDATE()) AS age,
       CAST(r.replica_id AS nvarchar(36)) AS replica_id, r.replica_server_name, r.endpoint_url, r.availability_mode
FROM sys.availability_groups AS g
JOIN sys.availability_replicas AS r ON r.group_id = g.group_id
ORDER BY g.name, r.replica_server_name";

pub(super) const GROUP_DATABASES: &str = "\
SELECT CAST(d.group_id AS nvarchar(36)) AS group_id, d.database_name
FROM sys.availability_databases_cluster AS d
ORDER BY d.database_name";

pub(super) const REPLICA_STATES: &str = "\
SELECT CAST(s.group_id AS nvarchar(36)) AS group_id, CAST(s.replica_id AS nvarchar(36)) AS replica_id, s.is_local,
       s.role, s.connected_state, s.synchronization_health, s.last_connect_error_number,
       s.last_connect_error_description
FROM sys.dm_hadr_availability_replica_states AS s";

pub(super) const DATABASE_STATES: &str = "\
SELECT CAST(s.group_id AS nvarchar(36)) AS group_id, d.name AS database_name, s.is_local, s.synchronization_state,
       s.synchronization_health, s.last_hardened_lsn
FROM sys.dm_hadr_database_replica_states AS s
LEFT JOIN sys.databases AS d ON d.database_id = s.database_id";

pub(super) const DATABASES: &str = "\
SELECT d.name, d.state, d.user_access, d.is_read_only, d.is_auto_close_on,
       CASE WHEN d.source_database_id IS NULL THEN 0 ELSE 1 END AS is_snapshot, d.recovery_model,
       CASE WHEN r.database_id IS NULL THEN NULL WHEN r.last_log_backup_lsn IS NULL THEN 0 ELSE 1 END AS has_chain,
       CASE WHEN d.group_database_id IS NULL THEN 0 ELSE 1 END AS in_group, d.is_encrypted, d.is_cdc_enabled,
       (SELECT SUM(CAST(f.size AS bigint)) * 8192 FROM sys.master_files AS f
        WHERE f.database_id = d.database_id AND f.type <> 1) AS data_bytes
FROM sys.databases AS d
LEFT JOIN sys.database_recovery_status AS r ON r.database_id = d.database_id
WHERE d.database_id > 4";

pub(super) const MIRRORING_SESSIONS: &str =
    "SELECT COUNT(*) AS sessions FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL";

pub(super) const RUNNING_SEEDINGS: &str = "\
SELECT COUNT(*) AS seedings FROM sys.dm_hadr_automatic_seeding WHERE completion_time IS NULL AND failure_state IS NULL";

/// SQL Server 2017 and later.
pub(super) const GROUPS_THAT_NEED_SECONDARIES: &str = "\
SELECT name FROM sys.availability_groups WHERE required_synchronized_secondaries_to_commit > 0";

/// The local role in a group: `@P1` is its name. No row where there is no such group; a null where this server has no
/// role in it.
pub(super) const LOCAL_ROLE: &str = "\
SELECT s.role
FROM sys.availability_groups AS g
LEFT JOIN sys.dm_hadr_availability_replica_states AS s ON s.group_id = g.group_id AND s.is_local = 1
WHERE g.name = @P1";

/// What backup jobs ask before they back a database up: `@P1` is its name.
pub(super) const PREFERRED_FOR_BACKUPS: &str =
    "SELECT sys.fn_hadr_backup_is_preferred_replica(@P1) AS preferred";

/// Takes the lock that keeps two runs from changing one server at once; `@P1` is its name, `@P2` how long to wait (ms).
pub(super) const TAKE_LOCK: &str = "\
DECLARE @wait int = CAST(@P2 AS int), @result int; \
EXEC @result = sys.sp_getapplock @Resource = @P1, @LockMode = 'Exclusive', @LockOwner = 'Session', \
@LockTimeout = @wait; SELECT @result AS result";

/// Gives it back.
pub(super) const RELEASE_LOCK: &str = "EXEC sys.sp_releaseapplock @Resource = @P1, @LockOwner = 'Session'";

impl GroupRow {
    /// Whether it is a link to a managed instance, by SMO's rule: distributed, two members, and exactly one of them is
    /// reached through `;Server=[…]`.
    pub fn is_link(&self) -> bool {
        let routed = |replica: &&ReplicaRow| {
            replica.endpoint_url.as_deref().is_some_and(|url| url.contains("Server="))
        };
        self.is_distributed && self.replicas.len() == 2 && self.replicas.iter().filter(routed).count() == 1
    }

    /// The host of the member that is a managed instance, in a link: `tcp://<host>:5022;Server=[<name>]`.
    pub fn instance_host(&self) -> Option<&str> {
        let url = self.instance_member()?.endpoint_url.as_deref()?;
        url.split_once("://").map_or(url, |(_, rest)| rest).split([':', ';']).next()
    }

    /// The member that is a managed instance, in a link.
    pub fn instance_member(&self) -> Option<&ReplicaRow> {
        self.replicas.iter().find(|member| {
            self.is_distributed && member.endpoint_url.as_deref().is_some_and(|url| url.contains("Server="))
        })
    }
}

impl ReplicaRow {
    /// The host in its URL: `tcp://mi.abc.database.windows.net:5022;Server=[mi]`.
    pub fn host(&self) -> Option<&str> {
        let (_, rest) = self.endpoint_url.as_deref()?.split_once("://")?;
        rest.split([':', ';']).next().filter(|host| !host.is_empty())
    }
}

pub(super) fn master_key(rows: &[Row]) -> Result<Option<MasterKeyRow>, Error> {
    let Some(row) = rows.first() else { return Ok(None) };
    if row.get::<i64>("present")? == 0 {
        return Ok(None);
    }
    Ok(Some(MasterKeyRow {
        encrypted_by_service_master_key: row.get::<Option<i64>>("by_server")? == Some(1),
    }))
}

pub(super) fn certificate(row: &Row) -> Result<CertificateRow, Error> {
    Ok(CertificateRow {
        name: row.get("name")?,
        id: row.get("certificate_id")?,
        private_key: row.get::<String>("pvt_key_encryption_type")?.trim().to_owned(),
        subject: row.get("subject")?,
        start: row.get("start_date")?,
        expiry: row.get("expiry_date")?,
        der: row.get("der")?,
    })
}

pub(super) fn issuer(row: &Row) -> Result<IssuerRow, Error> {
    Ok(IssuerRow { certificate_id: row.get("certificateid")?, dns: row.get("dnsname")? })
}

pub(super) fn endpoint(row: &Row) -> Result<EndpointRow, Error> {
    Ok(EndpointRow {
        name: row.get("name")?,
        state: row.get("state")?,
        role: row.get("role")?,
        connection_auth: row.get("connection_auth")?,
        encryption_algorithm: row.get("encryption_algorithm")?,
        certificate: row.get("certificate")?,
        port: row.get("port")?,
        ip_address: row.get("ip_address")?,
    })
}

/// Rows of [`GROUPS`] and [`GROUP_DATABASES`], put together.
pub(super) fn groups(replicas: &[Row], databases: &[Row]) -> Result<Vec<GroupRow>, Error> {
    let mut groups: Vec<GroupRow> = Vec::new();
    for row in replicas {
        let id: String = row.get("group_id")?;
        let replica = ReplicaRow {
            id: row.get("replica_id")?,
            server_name: row.get("replica_server_name")?,
            endpoint_url: row.get("endpoint_url")?,
            availability_mode: row.get("availability_mode")?,
        };
        match groups.iter_mut().find(|group| group.id == id) {
            Some(group) => group.replicas.push(replica),
            None => groups.push(GroupRow {
                id,
                name: row.get("name")?,
                is_distributed: row.get("is_distributed")?,
                is_basic: row.get("basic_features")?,
                backup_preference: row.get("automated_backup_preference")?,
                db_failover: row.get::<Option<bool>>("db_failover")?.unwrap_or(false),
                dtc_support: row.get::<Option<bool>>("dtc_support")?.unwrap_or(false),
                has_listener: row.get("has_listener")?,
                age: row.get("age")?,
                replicas: vec![replica],
                databases: Vec::new(),
            }),
        }
    }
    for row in databases {
        let id: String = row.get("group_id")?;
        let name: Option<String> = row.get("database_name")?;
        if let (Some(group), Some(name)) = (groups.iter_mut().find(|group| group.id == id), name) {
            group.databases.push(name);
        }
    }
    Ok(groups)
}

pub(super) fn replica_state(row: &Row) -> Result<ReplicaStateRow, Error> {
    Ok(ReplicaStateRow {
        group_id: row.get("group_id")?,
        replica_id: row.get("replica_id")?,
        is_local: row.get("is_local")?,
        role: row.get("role")?,
        connected: row.get("connected_state")?,
        health: row.get("synchronization_health")?,
        last_error: row.get("last_connect_error_number")?,
        last_error_text: row.get("last_connect_error_description")?,
    })
}

pub(super) fn database_state(row: &Row) -> Result<DatabaseStateRow, Error> {
    Ok(DatabaseStateRow {
        group_id: row.get("group_id")?,
        database: row.get("database_name")?,
        is_local: row.get::<Option<bool>>("is_local")?.unwrap_or(false),
        synchronization: row.get("synchronization_state")?,
        health: row.get("synchronization_health")?,
        last_hardened_lsn: row.get("last_hardened_lsn")?,
    })
}

pub(super) fn database(row: &Row) -> Result<DatabaseRow, Error> {
    Ok(DatabaseRow {
        name: row.get("name")?,
        state: row.get("state")?,
        user_access: row.get("user_access")?,
        read_only: row.get::<Option<bool>>("is_read_only")?.unwrap_or(false),
        auto_close: row.get("is_auto_close_on")?,
        snapshot: row.get("is_snapshot")?,
        recovery_model: row.get("recovery_model")?,
        chain: row.get("has_chain")?,
        in_group: row.get("in_group")?,
        encrypted: row.get::<Option<bool>>("is_encrypted")?.unwrap_or(false),
        cdc: row.get("is_cdc_enabled")?,
        bytes: row.get("data_bytes")?,
    })
}
