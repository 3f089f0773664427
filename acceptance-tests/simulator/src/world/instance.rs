//! One database engine: a SQL Server, or the engine inside a managed instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::build::{Build, Capability};
use super::collation::Collation;
use super::database::Database;
use super::endpoint::Endpoint;
use super::group::AvailabilityGroup;
use super::names::Names;
use super::roles::Role;
use super::security::{Certificate, IssuerGrant, Login, MasterKey, Permission, User};
use super::transport::Transport;

/// Which engine: a host can carry several instances.
///
/// From text it is read as clients write it, `host` for the default instance, `host\instance` for a named one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineKey {
    /// A host name or address, lower case.
    pub host: String,
    /// Instance name, lower case; nothing for the default instance.
    pub instance: Option<String>,
}

impl EngineKey {
    /// The key of an instance at a host, in any case.
    pub fn new(host: &str, instance: Option<&str>) -> Self {
        Self { host: host.to_lowercase(), instance: instance.map(str::to_lowercase) }
    }
}

impl From<&str> for EngineKey {
    fn from(text: &str) -> Self {
        match text.split_once('\\') {
            Some((host, instance)) => Self::new(host, Some(instance)),
            None => Self::new(text, None),
        }
    }
}

impl From<&String> for EngineKey {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for EngineKey {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl fmt::Display for EngineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instance {
            Some(instance) => write!(f, "{}\\{instance}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// An instance of the database engine.
#[derive(Debug)]
pub struct SqlInstance {
    /// Host name or FQDN under which clients reach it, lower case: also its site in the network.
    pub host: String,
    /// Further names and addresses that lead to it (`10.0.0.4`), lower case.
    pub aliases: Vec<String>,
    /// TCP port of the TDS face as clients write it.
    pub port: u16,
    /// How it takes connections.
    pub transport: Transport,
    /// `SERVERPROPERTY('MachineName')`, upper case on Windows.
    pub machine_name: String,
    /// Instance name; nothing for the default instance.
    pub instance_name: Option<String>,
    /// The engine's build: what it can do depends on it. A managed instance has one too, and shows another.
    pub build: Build,
    /// Edition.
    pub edition: Edition,
    /// Whether it runs on Linux.
    pub linux: bool,
    /// `SERVERPROPERTY('IsHadrEnabled')`.
    pub hadr_enabled: bool,
    /// Failover cluster instance.
    pub clustered: bool,
    /// Whether it belongs to a Windows failover cluster, and its name.
    pub cluster: Option<String>,
    /// Server collation.
    pub collation: String,
    /// What the engine's own clock shows beyond the world's, seconds.
    pub clock_skew: i64,
    /// Trace flags that are on globally.
    pub trace_flags: BTreeSet<i64>,
    /// Those of them that are startup parameters (`-T`).
    pub startup_trace_flags: BTreeSet<i64>,
    /// `sp_configure` values in use, by option name.
    pub configuration: BTreeMap<String, i64>,
    /// `sp_configure` values that wait for RECONFIGURE, or for a restart.
    pub configured: BTreeMap<String, i64>,
    /// Those of them that RECONFIGURE was run for: they wait for a restart alone.
    pub accepted: BTreeMap<String, i64>,
    /// Databases by id order, system databases included (`master` 1, `tempdb` 2, `model` 3, `msdb` 4).
    pub databases: Vec<Database>,
    /// The master key of `master`.
    pub master_key: Option<MasterKey>,
    /// Certificates in `master`.
    pub certificates: Vec<Certificate>,
    /// Certificates in files of the host, which `BACKUP CERTIFICATE` wrote: by path, lower case.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Issuer grants of `sp_certificate_add_issuer`.
    pub issuers: Vec<IssuerGrant>,
    /// The database mirroring endpoint.
    pub endpoint: Option<Endpoint>,
    /// Availability groups, distributed ones included.
    pub groups: Vec<AvailabilityGroup>,
    /// Logins.
    pub logins: Vec<Login>,
    /// Users of databases that statements made.
    pub users: Vec<User>,
    /// Roles that statements made.
    pub roles: Vec<Role>,
    /// Permissions beyond what fixed roles bring.
    pub permissions: Vec<Permission>,
    /// The next object id (certificates, principals, endpoints).
    pub next_id: i32,
    /// `sql server start time`, for `sys.dm_os_sys_info`.
    pub started: time::OffsetDateTime,
    /// How often it was started again: no session lives longer.
    pub restarts: u64,
    /// Where in [`Self::databases`] each name is.
    pub database_names: Names,
    /// Where in [`Self::groups`] each name is.
    pub group_names: Names,
}

/// Edition of a SQL Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// Enterprise (`EngineEdition` 3).
    Enterprise,
    /// Developer (`EngineEdition` 3).
    Developer,
    /// Standard (`EngineEdition` 2).
    Standard,
    /// Express (`EngineEdition` 4).
    Express,
    /// The engine of a managed instance (`EngineEdition` 8).
    Managed,
}

impl SqlInstance {
    /// Its key, by its own host name.
    pub fn key(&self) -> EngineKey {
        EngineKey::new(&self.host, self.instance_name.as_deref())
    }

    /// Whether a key, which may say an alias of the host, leads to this engine.
    pub fn is(&self, key: &EngineKey) -> bool {
        let instance = self.instance_name.as_ref().map(|name| name.to_lowercase());
        self.answers_to(&key.host) && instance == key.instance
    }

    /// It stops and starts again at `now`: all connections break, trace flags that were set by DBCC are gone, and options
    /// that waited for it take effect.
    ///
    /// ASSUMED 130: those that RECONFIGURE was not run for as well, or with `reconfigured` these are lost.
    pub fn restart(&mut self, now: time::OffsetDateTime, reconfigured: bool) {
        self.started = now;
        self.restarts += 1;
        self.trace_flags.clone_from(&self.startup_trace_flags);
        let accepted = std::mem::take(&mut self.accepted);
        if reconfigured {
            self.configured = accepted;
        }
        self.configuration.append(&mut self.configured);
        if let Some(endpoint) = &mut self.endpoint {
            endpoint.starts += 1;
        }
    }

    /// `@@SERVICENAME`.
    pub fn service_name(&self) -> &str {
        self.instance_name.as_deref().unwrap_or("MSSQLSERVER")
    }

    /// Whether `host` is a name of the host that carries this engine.
    pub fn answers_to(&self, host: &str) -> bool {
        self.host.eq_ignore_ascii_case(host)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host))
    }

    /// `@@SERVERNAME`: `HOST` or `HOST\INSTANCE`.
    pub fn server_name(&self) -> String {
        match &self.instance_name {
            Some(instance) => format!("{}\\{instance}", self.machine_name),
            None => self.machine_name.clone(),
        }
    }

    /// The build that it shows to clients.
    pub fn shown_build(&self) -> Build {
        if self.edition == Edition::Managed { Build::MANAGED } else { self.build }
    }

    /// Whether its build can do something.
    pub fn has(&self, capability: Capability) -> bool {
        self.build.has(capability)
    }

    /// `SERVERPROPERTY('EngineEdition')`.
    pub fn engine_edition(&self) -> i32 {
        match self.edition {
            Edition::Standard => 2,
            Edition::Enterprise | Edition::Developer => 3,
            Edition::Express => 4,
            Edition::Managed => 8,
        }
    }

    /// A database by name.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.get(self.database_place(name)?)
    }

    /// The same, to change.
    pub fn database_mut(&mut self, name: &str) -> Option<&mut Database> {
        let place = self.database_place(name)?;
        self.databases.get_mut(place)
    }

    fn database_place(&self, name: &str) -> Option<usize> {
        self.database_names.place(&self.databases, self.comparing(), name, |one| &one.name)
    }

    /// Whether two names of objects are the same under the server's collation.
    pub fn same_name(&self, one: &str, other: &str) -> bool {
        self.comparing().equal(one, other)
    }

    /// How the server compares names.
    pub fn comparing(&self) -> Collation {
        Collation::named(&self.collation)
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&AvailabilityGroup> {
        self.groups.get(self.group_place(name)?)
    }

    /// The same, to change.
    pub fn group_mut(&mut self, name: &str) -> Option<&mut AvailabilityGroup> {
        let place = self.group_place(name)?;
        self.groups.get_mut(place)
    }

    fn group_place(&self, name: &str) -> Option<usize> {
        self.group_names.place(&self.groups, self.comparing(), name, |one| &one.name)
    }

    /// A certificate in `master` by name.
    pub fn certificate(&self, name: &str) -> Option<&Certificate> {
        let comparing = self.comparing();
        self.certificates.iter().find(|certificate| comparing.equal(&certificate.name, name))
    }

    /// A certificate in `master` by id.
    pub fn certificate_by_id(&self, id: i32) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| certificate.id == id)
    }
}
