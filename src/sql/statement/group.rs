//! Availability groups, local and distributed.

use crate::sql::quote::{EndpointUrl, Identifier, InstanceUrl, Literal};
use crate::sql::statement::MajorVersion;

/// A new group with one replica: this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAvailabilityGroup {
    /// Its name.
    pub name: Identifier,
    /// The replica: `SERVERPROPERTY('ServerName')`, else 35237.
    pub server_name: String,
    /// Where peers reach its endpoint.
    pub endpoint_url: EndpointUrl,
    /// Its databases; none in a group that a link fills.
    pub databases: Vec<Identifier>,
    /// Where backups are preferred.
    pub backup_preference: BackupPreference,
    /// Commit mode of the replica.
    pub availability_mode: AvailabilityMode,
    /// Whether each database's health counts.
    pub db_failover: bool,
    /// Whether distributed transactions are supported for each database.
    pub dtc_support: bool,
    /// A basic group (Standard edition).
    pub basic: bool,
    /// Whether the secondary role may be read: refused with 41199 on Standard edition.
    pub readable_secondary: bool,
}

/// `sys.availability_groups.automated_backup_preference`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupPreference {
    /// 0.
    Primary,
    /// 1.
    SecondaryOnly,
    /// 2: the server's default, under which log backup jobs skip single-node groups.
    Secondary,
    /// 3.
    None,
}

/// `sys.availability_replicas.availability_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvailabilityMode {
    /// 0.
    Asynchronous,
    /// 1.
    Synchronous,
}

/// `sys.availability_replicas.seeding_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedingMode {
    /// 0.
    Automatic,
    /// 1.
    Manual,
}

/// A distributed group over two groups, always asynchronous and failed over by hand at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributedGroup {
    /// Its name: the link's.
    pub name: Identifier,
    /// The members, in the order in which they are written.
    pub members: [DistributedMember; 2],
    /// How the secondary gets the databases.
    pub seeding: SeedingMode,
}

/// A member of a distributed group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributedMember {
    /// The name of its group.
    pub group: Identifier,
    /// Where it is reached.
    pub url: MemberUrl,
}

/// Where a member is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberUrl {
    /// SQL Server's mirroring endpoint.
    SqlServer(EndpointUrl),
    /// A managed instance.
    Instance(InstanceUrl),
}

impl CreateAvailabilityGroup {
    pub(super) fn render(&self, version: MajorVersion) -> String {
        let mut options = vec![format!("AUTOMATED_BACKUP_PREFERENCE = {}", self.backup_preference.keyword())];
        if self.db_failover {
            options.push("DB_FAILOVER = ON".to_owned());
        }
        if self.dtc_support {
            options.push("DTC_SUPPORT = PER_DB".to_owned());
        }
        if self.basic {
            options.push("BASIC".to_owned());
        }
        // 2016 knows groups on a Windows cluster only, and no word for anything else.
        if version > MajorVersion::Sql2016 {
            options.push("CLUSTER_TYPE = NONE".to_owned());
        }
        let databases = match self.databases.as_slice() {
            [] => String::new(),
            databases => {
                let names: Vec<String> = databases.iter().map(ToString::to_string).collect();
                format!("DATABASE {} ", names.join(", "))
            }
        };
        let secondary =
            if self.readable_secondary { ", SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL)" } else { "" };
        format!(
            "CREATE AVAILABILITY GROUP {} WITH ({}) FOR {databases}REPLICA ON {} WITH (ENDPOINT_URL = {}, \
             AVAILABILITY_MODE = {}, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC{secondary})",
            self.name,
            options.join(", "),
            Literal::new(&self.server_name),
            Literal::new(&self.endpoint_url.to_string()),
            self.availability_mode.keyword(),
        )
    }
}

impl BackupPreference {
    pub(super) fn keyword(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::SecondaryOnly => "SECONDARY_ONLY",
            Self::Secondary => "SECONDARY",
            Self::None => "NONE",
        }
    }
}

impl AvailabilityMode {
    fn keyword(self) -> &'static str {
        match self {
            Self::Asynchronous => "ASYNCHRONOUS_COMMIT",
            Self::Synchronous => "SYNCHRONOUS_COMMIT",
        }
    }
}

impl SeedingMode {
    fn keyword(self) -> &'static str {
        match self {
            Self::Automatic => "AUTOMATIC",
            Self::Manual => "MANUAL",
        }
    }
}

impl DistributedGroup {
    /// The local group that it stands on: the member that is no managed instance.
    pub fn local(&self) -> Option<&Identifier> {
        let local = |member: &&DistributedMember| matches!(member.url, MemberUrl::SqlServer(_));
        self.members.iter().find(local).map(|member| &member.group)
    }

    pub(super) fn render_create(&self) -> String {
        format!(
            "CREATE AVAILABILITY GROUP {} WITH (DISTRIBUTED) AVAILABILITY GROUP ON {}",
            self.name,
            self.render_members()
        )
    }

    pub(super) fn render_join(&self) -> String {
        format!("ALTER AVAILABILITY GROUP {} JOIN AVAILABILITY GROUP ON {}", self.name, self.render_members())
    }

    fn render_members(&self) -> String {
        let members: Vec<String> = self
            .members
            .iter()
            .map(|member| {
                let url = match &member.url {
                    MemberUrl::SqlServer(url) => url.to_string(),
                    MemberUrl::Instance(url) => url.to_string(),
                };
                format!(
                    "{} WITH (LISTENER_URL = {}, AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, \
                     SEEDING_MODE = {})",
                    Literal::new(member.group.as_str()),
                    Literal::new(&url),
                    self.seeding.keyword()
                )
            })
            .collect();
        members.join(", ")
    }
}

pub(super) fn render_mode(group: &Identifier, members: &[Identifier; 2], mode: AvailabilityMode) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|member| {
            format!("{} WITH (AVAILABILITY_MODE = {})", Literal::new(member.as_str()), mode.keyword())
        })
        .collect();
    format!("ALTER AVAILABILITY GROUP {group} MODIFY AVAILABILITY GROUP ON {}", members.join(", "))
}
