//! Statements about availability groups.

use super::Name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AvailabilityMode {
    Synchronous,
    Asynchronous,
    ConfigurationOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailoverMode {
    Automatic,
    Manual,
    External,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeedingMode {
    Automatic,
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackupPreference {
    Primary,
    SecondaryOnly,
    Secondary,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClusterType {
    Wsfc,
    External,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowConnections {
    No,
    ReadOnly,
    ReadWrite,
    All,
}

/// Options of a group: those of `CREATE … WITH (…)` and `ALTER … SET (…)`. `None` was not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GroupOptions {
    pub(crate) backup_preference: Option<BackupPreference>,
    pub(crate) failure_condition_level: Option<i64>,
    pub(crate) health_check_timeout: Option<i64>,
    pub(crate) db_failover: Option<bool>,
    /// `true`: PER_DB.
    pub(crate) dtc_support: Option<bool>,
    pub(crate) required_synchronized_secondaries: Option<i64>,
    pub(crate) cluster_type: Option<ClusterType>,
    pub(crate) basic: bool,
    pub(crate) distributed: bool,
    pub(crate) contained: bool,
    pub(crate) reuse_system_databases: bool,
}

/// One member: `N'name' WITH (…)`. `None` was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplicaOptions {
    pub(crate) name: String,
    /// `ENDPOINT_URL` of a replica, `LISTENER_URL` of a member of a distributed group.
    pub(crate) url: Option<String>,
    pub(crate) availability_mode: Option<AvailabilityMode>,
    pub(crate) failover_mode: Option<FailoverMode>,
    pub(crate) seeding_mode: Option<SeedingMode>,
    pub(crate) backup_priority: Option<i64>,
    pub(crate) session_timeout: Option<i64>,
    pub(crate) primary_connections: Option<AllowConnections>,
    pub(crate) secondary_connections: Option<AllowConnections>,
    /// `READ_ONLY_ROUTING_URL`; `Some(None)` is `NONE`.
    pub(crate) read_only_routing_url: Option<Option<String>>,
    pub(crate) read_write_routing_url: Option<Option<String>>,
    /// `READ_ONLY_ROUTING_LIST`: names, in load-balanced sets.
    pub(crate) read_only_routing_list: Option<Vec<Vec<String>>>,
}

impl AlterAvailabilityGroup {
    /// Whether it names several databases or replicas, or several options of a replica that it modifies.
    pub(crate) fn is_of_several(&self) -> bool {
        match self {
            Self::AddDatabases(names) | Self::RemoveDatabases(names) => names.len() > 1,
            Self::RemoveReplicas(names) => names.len() > 1,
            Self::AddReplicas(replicas) => replicas.len() > 1,
            Self::ModifyReplicas(replicas) => replicas.iter().map(ReplicaOptions::written).sum::<usize>() > 1,
            _ => false,
        }
    }
}

impl ReplicaOptions {
    /// How many options are written.
    fn written(&self) -> usize {
        [
            self.url.is_some(),
            self.availability_mode.is_some(),
            self.failover_mode.is_some(),
            self.seeding_mode.is_some(),
            self.backup_priority.is_some(),
            self.session_timeout.is_some(),
            self.primary_connections.is_some(),
            self.secondary_connections.is_some(),
            self.read_only_routing_url.is_some(),
            self.read_write_routing_url.is_some(),
            self.read_only_routing_list.is_some(),
        ]
        .into_iter()
        .filter(|written| *written)
        .count()
    }

    /// A member of that name with nothing written about it.
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            url: None,
            availability_mode: None,
            failover_mode: None,
            seeding_mode: None,
            backup_priority: None,
            session_timeout: None,
            primary_connections: None,
            secondary_connections: None,
            read_only_routing_url: None,
            read_write_routing_url: None,
            read_only_routing_list: None,
        }
    }
}

/// A group's listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) dns_name: String,
    /// Addresses with their subnet masks (IPv4).
    pub(crate) addresses: Vec<(String, Option<String>)>,
    pub(crate) dhcp: bool,
    /// `DHCP ON`: the subnet and its mask.
    pub(crate) subnet: Option<(String, Option<String>)>,
    pub(crate) port: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateAvailabilityGroup {
    pub(crate) name: Name,
    pub(crate) options: GroupOptions,
    pub(crate) form: GroupForm,
}

#[derive(Debug, Clone)]
pub(crate) enum GroupForm {
    Local {
        databases: Vec<Name>,
        replicas: Vec<ReplicaOptions>,
        listener: Option<Listener>,
    },
    /// `AVAILABILITY GROUP ON …`.
    Distributed {
        members: Vec<ReplicaOptions>,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum AlterAvailabilityGroup {
    Set(GroupOptions),
    /// `SET (ROLE = SECONDARY)`.
    SetRoleSecondary,
    AddDatabases(Vec<Name>),
    RemoveDatabases(Vec<Name>),
    AddReplicas(Vec<ReplicaOptions>),
    ModifyReplicas(Vec<ReplicaOptions>),
    RemoveReplicas(Vec<String>),
    Join {
        cluster_type: Option<ClusterType>,
    },
    JoinDistributed(Vec<ReplicaOptions>),
    ModifyDistributed(Vec<ReplicaOptions>),
    Failover,
    ForceFailover,
    Offline,
    GrantCreateAnyDatabase,
    DenyCreateAnyDatabase,
    AddListener(Listener),
    RemoveListener(String),
    RestartListener(String),
    ModifyListener {
        dns_name: String,
        port: Option<i64>,
        add_ip: Option<(String, Option<String>)>,
    },
}
