//! The format of an estate file: what its JSON says, field by field.
//!
//! The docstrings here are what people read: `docs/simulator/estate.md` and the JSON schema are made from these types, and
//! a test compares. What a value means in the world is the business of the modules beside this one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::world::transport::Suites;

/// A simulated world: its servers, and who may sign in to them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// The JSON schema that the file keeps to, for editors. The simulator does not read it.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// How many times as fast as the host's clock the world's runs; 0 stands still, and only the control API moves it.
    /// Default 60.
    pub speed: Option<u32>,
    /// What the world's clock shows at first, RFC 3339. Default: the present. Servers' own clocks may differ from it
    /// (`clock_skew_seconds`).
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub starts_at: Option<OffsetDateTime>,
    /// Speed of seeding, megabytes a second of world time. Default 100.
    pub seeding_mb_per_second: Option<u32>,
    /// SQL Servers.
    pub sql_servers: Vec<SqlServerDescription>,
    /// Availability groups of several of these servers.
    pub availability_groups: Vec<AvailabilityGroupDescription>,
    /// Managed instances.
    pub managed_instances: Vec<ManagedInstanceDescription>,
    /// Links that exist at the start, seeded.
    pub links: Vec<LinkDescription>,
    /// What does not reach what.
    pub network: NetworkDescription,
    /// Names of subscriptions and further resource groups. Subscriptions and groups that an instance's id names are there
    /// without being listed.
    pub subscriptions: Vec<SubscriptionDescription>,
    /// Applications that may sign in to Azure. The first signs in for configurations that name no secret; one is made up
    /// where there is none.
    pub applications: Vec<ApplicationDescription>,
    /// Values for Terraform's variables, by name.
    pub variables: BTreeMap<String, String>,
    /// Further variables whose value is a made-up secret.
    pub made_up_secrets: Vec<String>,
    /// Numbers of assumptions (docs/design/assumptions.md) whose worst credible opposite is in force.
    pub opposites: Vec<u16>,
}

/// A SQL Server: the default instance of its host, or a named one beside it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlServerDescription {
    /// Host name, as the configuration says it: also the server's site in the network.
    pub host: String,
    /// Further DNS names and addresses of the host.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// TCP port. Default 1433; for a named instance one of its own, from the dynamic range.
    pub port: Option<u16>,
    /// Instance name, where it is not the default instance. Several instances may have one host.
    pub instance: Option<String>,
    /// Version, as the product's name has it.
    pub version: Version,
    /// Build, such as `16.0.4125.3`. Default: one that supports the link.
    pub build: Option<String>,
    /// Edition. Default `developer`.
    pub edition: Option<EditionName>,
    /// Operating system. Default `windows`.
    pub os: Option<OperatingSystem>,
    /// Whether Always On availability groups are enabled. Default true.
    pub hadr_enabled: Option<bool>,
    /// Name of the Windows failover cluster that it is a node of. Default: none, but for 2016, which has no availability
    /// groups without one.
    pub cluster: Option<String>,
    /// Whether it is a failover cluster instance (`SERVERPROPERTY('IsClustered')`). Default false.
    #[serde(default)]
    pub failover_cluster_instance: bool,
    /// Server collation. Default `SQL_Latin1_General_CP1_CI_AS`.
    pub collation: Option<String>,
    /// How far the server's own clock is ahead of the world's, seconds; negative where it is behind. Default 0.
    #[serde(default)]
    pub clock_skew_seconds: i64,
    /// Trace flags that are on globally, as startup parameters set them.
    #[serde(default)]
    pub trace_flags: Vec<i64>,
    /// Values in use of `sp_configure` options that are not as installed, by name (`remote access`).
    #[serde(default)]
    pub configuration: BTreeMap<String, i64>,
    /// Master key of `master`. Default: none.
    pub master_key: Option<MasterKeyDescription>,
    /// Certificates in `master`, with private keys under the master key.
    #[serde(default)]
    pub certificates: Vec<CertificateDescription>,
    /// The database mirroring endpoint. Default: none.
    pub endpoint: Option<EndpointDescription>,
    /// What the server asks of connections (TDS). Default `optional`, as installed.
    pub encryption: Option<EncryptionName>,
    /// Cipher suites of its TLS. Default `current`.
    pub cipher_suites: Option<CipherSuitesName>,
    /// `HOST:PORT` where everybody who signs in is sent instead.
    pub routes_to: Option<String>,
    /// Whether SQL Server Browser runs on its host, for all instances there. Default: where one of them is a named instance,
    /// as installed.
    pub browser: Option<bool>,
    /// Whether SQL Server Browser does not tell clients about it. Default false.
    #[serde(default)]
    pub hidden: bool,
    /// Logins.
    #[serde(default)]
    pub logins: Vec<LoginDescription>,
    /// Databases.
    #[serde(default)]
    pub databases: Vec<DatabaseDescription>,
    /// DDL that `sa` runs in `master` at the very start, for what no field says.
    #[serde(default)]
    pub statements: Vec<String>,
}

/// A local availability group of several servers, synchronized on all of them. A server without a mirroring endpoint gets
/// one with Windows authentication, as the wizards of Management Studio make it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityGroupDescription {
    /// Name.
    pub name: String,
    /// Its nodes, as `sql_servers` names them (`host` or `host\instance`). The first is primary.
    pub nodes: Vec<String>,
    /// Who decides on its primary. Default: `wsfc` where all nodes are in one cluster, else `none`.
    pub cluster_type: Option<ClusterTypeName>,
    /// Databases of the first node that are in it.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Its listener. Default: none.
    pub listener: Option<ListenerDescription>,
    /// Nodes among these that commit asynchronously, and fail over by hand alone. Default: none, all commit synchronously.
    #[serde(default)]
    pub asynchronous: Vec<String>,
    /// Whom its secondaries let in. Default `all`.
    pub secondaries_let_in: Option<LetInName>,
    /// Whether its listener sends sessions that only read to the secondaries, each in turn, and to the primary where none
    /// can be read (`READ_ONLY_ROUTING_LIST`). Default false.
    #[serde(default)]
    pub read_only_routing: bool,
    /// `REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT`. Default 0.
    #[serde(default)]
    pub required_synchronized_secondaries: u8,
}

/// Which sessions a secondary lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetInName {
    /// None.
    None,
    /// Those whose application says that it only reads.
    ReadOnly,
    /// All, to read.
    All,
}

/// Who decides on the primary of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClusterTypeName {
    /// A Windows failover cluster, which fails over by itself when the primary's site goes down.
    Wsfc,
    /// Another cluster manager, such as Pacemaker.
    External,
    /// Nobody but people (a read-scale group).
    None,
}

/// The listener of an availability group: a name and an address for whichever node is primary.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerDescription {
    /// DNS name without its domain, which is the nodes'.
    pub dns_name: String,
    /// IPv4 address.
    pub ip: String,
    /// TCP port of clients. Default 1433.
    pub port: Option<u16>,
}

/// Version of SQL Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Version {
    /// SQL Server 2016 (13.0).
    #[serde(rename = "2016")]
    V2016,
    /// SQL Server 2017 (14.0).
    #[serde(rename = "2017")]
    V2017,
    /// SQL Server 2019 (15.0).
    #[serde(rename = "2019")]
    V2019,
    /// SQL Server 2022 (16.0).
    #[serde(rename = "2022")]
    V2022,
    /// SQL Server 2025 (17.0).
    #[serde(rename = "2025")]
    V2025,
}

/// What a SQL Server asks of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EncryptionName {
    /// It has no TLS at all.
    Off,
    /// The login is encrypted where the client can, the rest where the client wants it.
    Optional,
    /// Everything is encrypted.
    Required,
    /// TDS 8.0 alone, which SQL Server has since 2022.
    Strict,
}

/// Cipher suites of a server's TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum CipherSuitesName {
    /// Those of today.
    Current,
    /// With CBC alone, as Windows Server 2012 and 2012 R2 have them for RSA certificates: no client that uses rustls has
    /// one of them, and clients that have one are turned away too.
    Cbc,
}

impl From<CipherSuitesName> for Suites {
    fn from(name: CipherSuitesName) -> Self {
        match name {
            CipherSuitesName::Current => Self::Current,
            CipherSuitesName::Cbc => Self::Cbc,
        }
    }
}

/// Edition of SQL Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EditionName {
    /// Enterprise.
    Enterprise,
    /// Developer: everything that Enterprise has.
    Developer,
    /// Standard.
    Standard,
    /// Express.
    Express,
}

/// Operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OperatingSystem {
    /// Windows Server.
    Windows,
    /// Linux; SQL Server runs there since 2017.
    Linux,
}

/// The database master key of `master`, also opened by the service master key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MasterKeyDescription {
    /// Password. Default: made up.
    pub password: Option<String>,
    /// The variable of the configuration that takes the password.
    pub password_variable: Option<String>,
}

/// A certificate of the server's own making.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateDescription {
    /// Name.
    pub name: String,
    /// Subject, without `CN=`. Default: the name.
    pub subject: Option<String>,
    /// Days from the start until it expires; negative for one that has expired. Default 365.
    pub expires_in_days: Option<i64>,
}

/// The database mirroring endpoint, started, with AES required and for all roles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointDescription {
    /// Name.
    pub name: String,
    /// Port. Default 5022.
    pub port: Option<u16>,
    /// Name of the certificate that it presents.
    pub certificate: String,
}

/// A login.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginDescription {
    /// Name.
    pub name: String,
    /// Whether it is one of Entra ID, which signs in by a token and has no password. Default false: a SQL login.
    #[serde(default)]
    pub entra: bool,
    /// Password. Default: made up.
    pub password: Option<String>,
    /// The variable of the configuration that takes the password.
    pub password_variable: Option<String>,
    /// Fixed server roles. Default `["sysadmin"]`.
    pub roles: Option<Vec<String>>,
    /// Permissions on the server, such as `VIEW SERVER STATE`, for logins with fewer roles.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Whether it may not sign in. Default false.
    #[serde(default)]
    pub disabled: bool,
}

impl LoginDescription {
    /// A member of `sysadmin` who signs in by a token.
    pub(super) fn entra(name: String) -> Self {
        let (password, password_variable) = (None, None);
        Self {
            name,
            entra: true,
            password,
            password_variable,
            roles: None,
            permissions: Vec::new(),
            disabled: false,
        }
    }
}

/// A database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseDescription {
    /// Name.
    pub name: String,
    /// Size, gigabytes. Default 1.
    pub size_gb: Option<u64>,
    /// Recovery model. Default `full`.
    pub recovery_model: Option<RecoveryModel>,
    /// Whether a full backup was taken, six hours before the start. Default true.
    pub full_backup: Option<bool>,
    /// Collation. Default: the server's.
    pub collation: Option<String>,
    /// Compatibility level, such as 150. Default: that of the version.
    pub compatibility_level: Option<u8>,
    /// Whether it is read-only. Default false.
    #[serde(default)]
    pub read_only: bool,
    /// Whether transparent data encryption is on. Default false.
    #[serde(default)]
    pub encrypted: bool,
    /// Whether Service Broker is on. Default false.
    #[serde(default)]
    pub broker_enabled: bool,
    /// Whether accelerated database recovery is on. Default false.
    #[serde(default)]
    pub accelerated_recovery: bool,
    /// Whether it has a FILESTREAM file group. Default false.
    #[serde(default)]
    pub filestream: bool,
    /// Whether it has a memory-optimized file group with data. Default false.
    #[serde(default)]
    pub memory_optimized: bool,
    /// Number of log files. Default 1.
    pub log_files: Option<u8>,
    /// Number of data files of the primary file group. Default 1.
    pub data_files: Option<u16>,
    /// How many of them, from the last on, are in the state DEFUNCT. Default none.
    #[serde(default)]
    pub defunct_files: u16,
    /// File group of the persistent version store, where it is another than PRIMARY.
    pub version_store_filegroup: Option<String>,
    /// Log that applications write, blocks of 4 KB a second of world time. Default 1.
    pub log_blocks_per_second: Option<u64>,
}

/// Recovery model of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryModel {
    /// `FULL`: what a link needs.
    Full,
    /// `BULK_LOGGED`.
    BulkLogged,
    /// `SIMPLE`.
    Simple,
}

/// A managed instance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagedInstanceDescription {
    /// Resource id.
    pub id: String,
    /// Region. Default `westeurope`.
    pub location: Option<String>,
    /// Service tier. Default `GeneralPurpose`.
    pub tier: Option<Tier>,
    /// Whether a General Purpose instance is of the next generation. Default false.
    #[serde(default)]
    pub next_generation: bool,
    /// Update policy. Default `SQLServer2022`.
    pub update_policy: Option<UpdatePolicy>,
    /// Virtual cores. Default 8.
    pub v_cores: Option<u32>,
    /// Storage, gigabytes. Default 256.
    pub storage_gb: Option<u32>,
    /// State. Default `Ready`.
    pub state: Option<InstanceState>,
    /// DNS zone, twelve hexadecimal digits. Default: made up. The host is `NAME.ZONE.database.windows.net`.
    pub dns_zone: Option<String>,
    /// Further DNS names and addresses.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Collation. Default `SQL_Latin1_General_CP1_CI_AS`.
    pub collation: Option<String>,
    /// Time zone, as Windows calls it. Default `UTC`.
    pub time_zone: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Display name of its Entra administrator, who may sign in by a token. Default: that of the estate's applications.
    pub entra_administrator: Option<String>,
    /// Logins.
    #[serde(default)]
    pub logins: Vec<LoginDescription>,
    /// Databases of its own.
    #[serde(default)]
    pub databases: Vec<DatabaseDescription>,
}

/// Service tier of a managed instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Tier {
    /// General Purpose.
    GeneralPurpose,
    /// Business Critical.
    BusinessCritical,
}

/// Update policy of a managed instance: the format that its databases have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum UpdatePolicy {
    /// SQL Server 2022: links in both directions with 2022.
    #[serde(rename = "SQLServer2022")]
    SqlServer2022,
    /// SQL Server 2025: links in both directions with 2025.
    #[serde(rename = "SQLServer2025")]
    SqlServer2025,
    /// Always up to date: no way back.
    AlwaysUpToDate,
}

/// State of a managed instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum InstanceState {
    /// It works.
    Ready,
    /// It was stopped, to save money.
    Stopped,
    /// It is being scaled or otherwise changed.
    Updating,
}

/// A link that is there at the start, with its groups, certificates and trust on both sides. What is missing for it (master
/// key, certificate, endpoint) is made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkDescription {
    /// Name: that of the link in Azure and of the distributed availability group.
    pub name: String,
    /// SQL Server, as `host` or `host\instance`.
    pub sql_server: String,
    /// Managed instance, by name or resource id.
    pub managed_instance: String,
    /// The database.
    pub database: String,
    /// Further databases: with any it is a link of several databases, which the server's build must know.
    #[serde(default)]
    pub more_databases: Vec<String>,
    /// Availability group on SQL Server. Default: `AG_` and the database's name.
    pub sql_server_group: Option<String>,
    /// Availability group on the instance. Default: that of SQL Server and `_MI`.
    pub instance_group: Option<String>,
    /// Which side is primary. Default `sql_server`.
    pub primary: Option<Side>,
    /// Whether the link can fail over in both directions (`failoverMode` is `Manual`). Default false.
    #[serde(default)]
    pub both_directions: bool,
    /// Whether it commits synchronously. Default false.
    #[serde(default)]
    pub synchronous: bool,
}

/// A side of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// SQL Server.
    SqlServer,
    /// The managed instance.
    ManagedInstance,
}

/// What does not reach what at the start. A site is a SQL Server's host or a managed instance's name or host.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkDescription {
    /// Sites that are down: nothing there answers.
    pub down: Vec<String>,
    /// Pairs of sites between which no mirroring connection comes about.
    pub cut: Vec<[String; 2]>,
    /// Pairs of sites, from where to where nothing comes; the way back is open.
    pub blocked: Vec<[String; 2]>,
    /// Slow ways.
    pub slow: Vec<SlowWayDescription>,
}

/// A slow way between two sites.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowWayDescription {
    /// The sites.
    pub between: [String; 2],
    /// Blocks of log (4 KB) that flow a second at most, seedings among them.
    pub blocks_per_second: u64,
}

/// A subscription.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionDescription {
    /// Id, a UUID.
    pub id: String,
    /// Display name. Default `Rehearsals`.
    pub name: Option<String>,
    /// Resource groups beyond those of the instances: name and region.
    #[serde(default)]
    pub resource_groups: BTreeMap<String, String>,
}

/// An application of Entra ID.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationDescription {
    /// Tenant, a UUID.
    pub tenant_id: String,
    /// Client id, a UUID.
    pub client_id: String,
    /// Client secret. Default: made up.
    pub client_secret: Option<String>,
    /// The variable of the configuration that takes the client secret.
    pub client_secret_variable: Option<String>,
    /// Its role in all subscriptions of the estate. Default `contributor`.
    pub role: Option<RoleName>,
}

/// What an application may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Contributor.
    Contributor,
    /// Reader.
    Reader,
    /// SQL Managed Instance Contributor.
    ManagedInstanceContributor,
    /// The least that the link's documentation asks for.
    Link,
}
