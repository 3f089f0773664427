//! The Azure side: managed instances, links, uploaded certificates, operations.

use time::OffsetDateTime;

use super::failover_group::FailoverGroup;
use super::group::AvailabilityGroup;
use super::instance::{EngineKey, SqlInstance};
use super::log::{LogPosition, Replication};
use crate::arm::backend::{DroppedDatabaseView, InstanceSize, InstanceView, KeyView, LinkRequest};
use crate::arm::path::{ChildType, InstancePath};

/// A managed instance.
#[derive(Debug)]
pub struct ManagedInstance {
    /// What ARM says about it; `properties.state` included.
    pub view: InstanceView,
    /// Its database engine (`EngineEdition` 8): databases, groups and endpoint live there.
    pub engine: SqlInstance,
    /// Links, in the order of their making.
    pub links: Vec<Link>,
    /// Certificates of SQL Servers that were uploaded.
    pub trust_certificates: Vec<TrustCertificate>,
    /// Chain of the certificate that its mirroring endpoint presents, leaf first, DER.
    pub endpoint_chain: Vec<Vec<u8>>,
    /// Subject of each root and its DER, for `trustedRootCertificates`.
    pub roots: Vec<(String, Vec<u8>)>,
    /// Databases whose first full backup the service has yet to take, and when it will be finished.
    pub due_backups: Vec<(String, OffsetDateTime)>,
    /// The key that protects the instance.
    pub protector: KeyView,
    /// Keys.
    pub keys: Vec<KeyView>,
    /// Databases that were deleted and can still be restored.
    pub dropped_databases: Vec<DroppedDatabaseView>,
    /// Links and certificates that were deleted and are still shown (the opposite of ASSUMED 164), and until when.
    pub lingering: Vec<(Lingering, OffsetDateTime)>,
}

/// Something that was deleted and is still shown.
#[derive(Debug)]
pub enum Lingering {
    /// A link.
    Link(Box<Link>),
    /// A certificate of a SQL Server.
    Certificate(TrustCertificate),
}

impl ManagedInstance {
    /// Its operation has ended, and it works.
    pub(super) fn become_ready(&mut self) {
        "Ready".clone_into(&mut self.view.state);
        "Succeeded".clone_into(&mut self.view.provisioning_state);
    }
}

/// A link (distributed availability group) as the service keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Name.
    pub name: String,
    /// As it was asked for.
    pub request: LinkRequest,
    /// Whether the instance is primary now.
    pub instance_is_primary: bool,
    /// `Sync`.
    pub synchronous: bool,
    /// Phase of its life.
    pub phase: LinkPhase,
    /// The operation that makes it.
    pub create_operation: String,
    /// Databases with their replication state.
    pub databases: Vec<LinkDatabase>,
    /// Its groups on the instance's engine, where they come with the first connection alone.
    pub unborn_groups: Vec<AvailabilityGroup>,
    /// When it was made.
    pub created: OffsetDateTime,
    /// Last error of the link: number, moment, text.
    pub error: Option<(i32, OffsetDateTime, String)>,
    /// The mirroring connection, while there is one.
    pub session: Option<Session>,
    /// `group_id` of SQL Server's distributed group that the link first connected to. Another one of that name is not
    /// the link's.
    pub joined: Option<String>,
    /// When a connection is tried next, if there is none.
    pub next_attempt: OffsetDateTime,
    /// When a connection was last tried in vain.
    pub tried: Option<OffsetDateTime>,
    /// The role that time has last seen: a difference to [`Self::instance_is_primary`] is a change that it has yet to
    /// follow up, whoever made it.
    pub noted_primary: bool,
    /// Whether roles were changed by force since the last connection: positions start anew.
    pub reset: bool,
}

/// A mirroring connection of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `starts` of SQL Server's endpoint when it was made.
    pub starts: u64,
    /// When the engines at the two ends had been started: the instance's, SQL Server's.
    pub engines: (OffsetDateTime, OffsetDateTime),
    /// `group_id` of SQL Server's distributed group.
    pub group: String,
    /// The SQL Server: behind a listener it is the node that was primary.
    pub engine: EngineKey,
}

/// Phase of a link's life (words of the troubleshooting page of the link, 2025 and 2026, and of recordings).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPhase {
    /// Accepted; the connection is being set up. Ends after five minutes of world time without one (41962).
    Initiating,
    /// Seeding.
    Seeding,
    /// Replicating: the steady state.
    Synchronizing,
    /// A failover runs.
    FailingOver,
    /// The set-up failed.
    InitError,
    /// The seeding failed.
    CreationError,
    /// Replication reported an error.
    SynchronizationError,
}

/// A database of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkDatabase {
    /// Name.
    pub name: String,
    /// Replica ids: on the instance, on SQL Server.
    pub replicas: (String, String),
    /// Bytes seeded of how many; nothing before seeding began.
    pub seeded: Option<(u64, u64)>,
    /// How often seeding began: a disturbance restarts it.
    pub seedings: u32,
    /// When the present seeding began.
    pub seeding_since: Option<OffsetDateTime>,
    /// Where the source's log ended then: from there on it has to be there when the seeding is done.
    pub seeding_from: LogPosition,
    /// When the present seeding was done.
    pub seeded_at: Option<OffsetDateTime>,
    /// How far the secondary copy has come.
    pub replication: Replication,
    /// `mostRecentLinkError`.
    pub error: Option<i32>,
}

/// A certificate of a SQL Server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustCertificate {
    /// Name.
    pub name: String,
    /// DER.
    pub der: Vec<u8>,
}

/// A long-running operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Id, a GUID in lower case.
    pub id: String,
    /// Name in the service's words.
    pub operation: String,
    /// On which instance.
    pub instance: InstancePath,
    /// About which child.
    pub child: Option<(ChildType, String)>,
    /// Whether it deletes.
    pub deletes: bool,
    /// When it began.
    pub started: OffsetDateTime,
    /// When it will end by itself; nothing while that depends on a link.
    pub ends: Option<OffsetDateTime>,
    /// How it ended: nothing while it runs; an error's code and message.
    pub outcome: Option<Result<(), (String, String)>>,
    /// What happens when it ends.
    pub effect: Effect,
}

impl Operation {
    /// Whether it can be called off while it runs: a scaling can. ["Management operations overview", 2026]
    pub fn is_cancellable(&self) -> bool {
        matches!(self.effect, Effect::Instance(InstanceEffect::Scale(_)))
    }
}

/// What becomes of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum InstanceEffect {
    /// It is stopped: its engine does not answer.
    Stop,
    /// It is started.
    Start,
    /// Its engine has gone on elsewhere: connections are lost.
    Restart,
    /// The same, with another size.
    Scale(InstanceSize),
    /// Hybrid failover benefit.
    Passive(bool),
}

/// What an operation does when it ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing more.
    None,
    /// The link's creation follows the link's phase.
    FollowLink(String),
    /// It fails: code and message.
    Fail(String, String),
    /// The link and its group on the instance go; databases become independent.
    DropLink(String),
    /// The certificate is there.
    AddTrust(TrustCertificate),
    /// The certificate goes.
    RemoveTrust(String),
    /// Commit mode.
    SetSynchronous(String, bool),
    /// Databases of a multi-database link.
    SetDatabases(String, Vec<String>),
    /// Roles.
    ChangeRole(String, crate::arm::backend::RoleChange),
    /// The database goes.
    DropDatabase(String),
    /// The instance itself.
    Instance(InstanceEffect),
    /// The key is there.
    AddKey(KeyView),
    /// The key goes.
    RemoveKey(String),
    /// The key protects the instance.
    Protect(KeyView),
    /// The protector was looked at again.
    Revalidate,
    /// The failover group is there, or is set otherwise.
    PutGroup(FailoverGroup),
    /// The operation's instance becomes the group's primary.
    FailOverGroup(String),
    /// The failover group goes; both members are on their own.
    DropGroup(String),
}
