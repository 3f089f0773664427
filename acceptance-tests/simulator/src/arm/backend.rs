//! What the ARM face needs of the world: reads as plain views, deeds as operations.
//!
//! The face knows HTTP, api-versions, permissions and the words of ARM; the world knows links, certificates and time.
//! This trait is the border. Views carry every property of the newest api-version; the face leaves out what an older
//! one does not have ([`super::shape`]). Checks of *form* (a missing name, a bad endpoint) are the face's; checks of
//! *state* (database name in use, link not established, instance stopped) are the world's and come back as [`Refusal`]
//! when the service answers at once, or as a failed operation when it accepts first and fails later.

use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::operations::Standing;
use super::path::{ChildType, InstancePath, RegionPath};

/// A refusal that is answered at once: HTTP status, `error.code`, `error.message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: String,
    /// `error.message`.
    pub message: String,
}

/// A long-running operation that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Id, a UUID in lower case.
    pub id: String,
    /// Name in the service's words: `DistributedAvailabilityGroupsLinkCreate`.
    pub operation: String,
    /// When it began, on the world's clock.
    pub started: OffsetDateTime,
}

/// An operation as a poll sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationView {
    /// As accepted.
    pub accepted: Accepted,
    /// How it stands.
    pub standing: Standing,
    /// Instance on which it runs.
    pub instance: InstancePath,
    /// The child that it concerns, by type and name; the final answer of the result URL is that resource.
    pub child: Option<(ChildType, String)>,
    /// The failover group that it concerns, as the member that was asked sees it.
    pub failover_group: Option<(RegionPath, String)>,
    /// Whether its result is empty: it deletes, or there is nothing to show.
    pub deletes: bool,
    /// Whether it runs and can be called off.
    pub cancellable: bool,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionView {
    /// Id, a UUID.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Tenant.
    pub tenant: String,
}

/// A resource group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Name, in its own letter case.
    pub name: String,
    /// Region.
    pub location: String,
}

/// A managed instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView {
    /// Where it is, in its own letter case.
    pub path: InstancePath,
    /// Region, `westeurope`.
    pub location: String,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// `sku.name`, `GP_Gen5`.
    pub sku: String,
    /// `sku.tier`, `GeneralPurpose` or `BusinessCritical`.
    pub tier: String,
    /// Virtual cores.
    pub v_cores: u32,
    /// Storage, GB.
    pub storage_gb: u32,
    /// `state`, `Ready` when it works.
    pub state: String,
    /// `provisioningState`, `Succeeded` when it works.
    pub provisioning_state: String,
    /// DNS zone, twelve hex digits.
    pub dns_zone: String,
    /// Fully qualified domain name.
    pub fqdn: String,
    /// Name of the SQL administrator.
    pub administrator: String,
    /// Licence, `LicenseIncluded` or `BasePrice`.
    pub license: String,
    /// `Active` or `Passive`.
    pub hybrid_secondary_usage: String,
    /// What the service sees, if it has looked.
    pub hybrid_secondary_usage_detected: Option<String>,
    /// Collation.
    pub collation: String,
    /// Time zone.
    pub time_zone: String,
    /// Whether the public endpoint is on.
    pub public_endpoint: bool,
    /// Next-generation General Purpose; the property is there only when true.
    pub general_purpose_v2: bool,
    /// Update policy: `SQLServer2022`, `SQLServer2025`, `AlwaysUpToDate`.
    pub database_format: String,
    /// When it was made.
    pub created: OffsetDateTime,
}

/// A link, seen from the managed instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// Name.
    pub name: String,
    /// Id of the distributed group, a UUID derived from names.
    pub group_id: String,
    /// Whether it is a `MultiDatabase` link.
    pub multi_database: bool,
    /// Whether the managed instance is primary.
    pub instance_is_primary: bool,
    /// Name of the group on the instance.
    pub instance_group: String,
    /// Name of the group on SQL Server.
    pub partner_group: String,
    /// Endpoint of SQL Server, as it was sent.
    pub partner_endpoint: String,
    /// `None` or `Manual`; absent in some answers.
    pub failover_mode: Option<String>,
    /// `Automatic` or `Manual`.
    pub seeding_mode: String,
    /// `Async` or `Sync`.
    pub replication_mode: String,
    /// Databases, in the service's order.
    pub databases: Vec<LinkDatabaseView>,
    /// Last error of the link as a whole: number, moment, text.
    pub error: Option<(String, OffsetDateTime, String)>,
    /// When it was made.
    pub created: OffsetDateTime,
}

/// A log position with the moment that belongs to it.
pub type LogPoint = Option<(String, Option<OffsetDateTime>)>;

/// A database of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkDatabaseView {
    /// Name.
    pub name: String,
    /// Replica on the instance, a UUID.
    pub instance_replica: String,
    /// Replica on SQL Server, a UUID.
    pub partner_replica: String,
    /// `replicaState`: `LinkInitialSeeding`, `LinkSynchronizing`, …
    pub state: String,
    /// Percent seeded, 0 to 100.
    pub seeding_percent: Option<u8>,
    /// `HEALTHY`, …
    pub health: Option<String>,
    /// `CONNECTED` or `DISCONNECTED`.
    pub connected: Option<String>,
    /// Last received; on a secondary.
    pub received: LogPoint,
    /// Last sent; on a primary.
    pub sent: LogPoint,
    /// Last committed.
    pub committed: LogPoint,
    /// Last hardened.
    pub hardened: LogPoint,
    /// Last backed up.
    pub backed_up: LogPoint,
    /// `mostRecentLinkError`, a number as text.
    pub error: Option<String>,
    /// Certificate that SQL Server presented: name of the upload and expiry.
    pub partner_certificate: Option<(String, OffsetDateTime)>,
    /// Send lag, seconds, -1 for not applicable.
    pub send_lag: Option<i64>,
    /// Redo lag, seconds, -1 for not applicable.
    pub redo_lag: Option<i64>,
}

/// A link to be made; its form is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRequest {
    /// Databases, at least one.
    pub databases: Vec<String>,
    /// Name of the group on the instance.
    pub instance_group: String,
    /// Name of the group on SQL Server.
    pub partner_group: String,
    /// `TCP://host:port`, as sent.
    pub partner_endpoint: String,
    /// Whether the instance is primary at first.
    pub instance_is_primary: bool,
    /// As sent.
    pub failover_mode: Option<String>,
    /// `Automatic` or `Manual`.
    pub seeding_mode: String,
    /// Whether it is a `MultiDatabase` link.
    pub multi_database: bool,
}

/// A change of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkUpdate {
    /// `Async` (false) or `Sync` (true).
    Synchronous(bool),
    /// The whole new list of a `MultiDatabase` link.
    Databases(Vec<String>),
}

/// A change of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// `failover` with `Planned`.
    Planned,
    /// `failover` with `ForcedAllowDataLoss`.
    Forced,
    /// `setRole`: the role that the instance shall have, and whether by force.
    SetRole {
        /// Instance becomes primary.
        primary: bool,
        /// Without waiting for the other side.
        forced: bool,
    },
}

/// A certificate, by name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// Name; for endpoint certificates the type, `DATABASE_MIRRORING`.
    pub name: String,
    /// DER.
    pub der: Vec<u8>,
    /// Roots of an endpoint certificate: subject and DER.
    pub roots: Vec<(String, Vec<u8>)>,
}

impl CertificateView {
    /// Whether it has this name, in any letter case.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// A database of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseView {
    /// Name.
    pub name: String,
    /// `status`, `Online` …
    pub status: String,
    /// Collation.
    pub collation: String,
    /// When it was made.
    pub created: OffsetDateTime,
    /// Id of the failover group that holds it.
    pub failover_group: Option<String>,
    /// When its last backup on the instance was finished.
    pub last_backup: Option<OffsetDateTime>,
}

/// A database that was deleted and can still be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedDatabaseView {
    /// Name that it had.
    pub name: String,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it was deleted.
    pub deleted: OffsetDateTime,
    /// When its first full backup was finished: what it can be restored to at the earliest.
    pub first_backup: Option<OffsetDateTime>,
}

/// What an instance shall be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceSize {
    /// `sku.name`.
    pub sku: Option<String>,
    /// `sku.tier`.
    pub tier: Option<String>,
    /// Virtual cores.
    pub v_cores: Option<u32>,
    /// Storage, GB.
    pub storage_gb: Option<u32>,
}

/// A change of an instance itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceChange {
    /// `POST …/stop`.
    Stop,
    /// `POST …/start`.
    Start,
    /// `POST …/failover`: the engine goes on elsewhere.
    FailOver,
    /// `PATCH` of its size.
    Scale(InstanceSize),
    /// `PATCH` of `hybridSecondaryUsage`.
    Passive(bool),
}

/// An instance failover group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverGroupView {
    /// Name.
    pub name: String,
    /// Resource group.
    pub group: String,
    /// Region whose member is looked at.
    pub location: String,
    /// Whether the member that is looked at is primary.
    pub is_primary: bool,
    /// What can be set of it.
    pub settings: FailoverGroupSettings,
    /// Region of the partner.
    pub partner_location: String,
    /// Resource ids of both members: primary, partner.
    pub members: (String, String),
}

/// What can be set of an instance failover group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverGroupSettings {
    /// Minutes without the primary after which the service fails over (`Automatic`); nothing where it does not (`Manual`).
    pub grace_minutes: Option<u32>,
    /// Whether the listener for reading fails over too.
    pub read_only_fails_over: bool,
    /// `Standby` and not `Geo`: the secondary is there for disasters alone.
    pub standby: bool,
}

/// An instance failover group as a PUT describes it; its form is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverGroupRequest {
    /// What can be set.
    pub settings: FailoverGroupSettings,
    /// Region of the partner.
    pub partner_location: String,
    /// Resource ids of both members: primary, partner.
    pub members: (String, String),
}

/// A key, or the protector of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Name.
    pub name: String,
    /// Where it is, for a customer's key in a vault.
    pub vault: Option<VaultKey>,
    /// Whether the service follows new versions of the protector's key.
    pub rotates: bool,
}

/// A customer's key in Azure Key Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultKey {
    /// Address, with the key's version.
    pub uri: String,
    /// When the instance was given it.
    pub created: OffsetDateTime,
}

impl KeyView {
    /// The name of the service's own key.
    pub const SERVICE_MANAGED: &str = "ServiceManaged";

    /// The service's own key.
    pub fn service_managed() -> Self {
        Self { name: Self::SERVICE_MANAGED.to_owned(), vault: None, rotates: false }
    }
}

/// The world behind the ARM face. Names are compared without regard to letter case, as ARM does.
pub trait Backend: Send + Sync + 'static {
    /// The world's time.
    fn now(&self) -> OffsetDateTime;
    /// Waits until it is that late in the world.
    fn reach(&self, moment: OffsetDateTime) -> BoxFuture<'_, ()>;
    /// How many times as fast as its clients' clocks the world's runs; 0 stands still.
    fn speed(&self) -> u32;
    /// Whether the opposite of an assumption is in force, by its number in [`crate::world::assumption`].
    fn opposite(&self, assumption: u16) -> bool;
    /// All subscriptions.
    fn subscriptions(&self) -> Vec<SubscriptionView>;
    /// All groups of a subscription.
    fn groups(&self, subscription: &str) -> Vec<GroupView>;
    /// All instances of a subscription.
    fn instances(&self, subscription: &str) -> Vec<InstanceView>;
    /// An instance.
    fn instance(&self, path: &InstancePath) -> Option<InstanceView> {
        self.instances(&path.subscription).into_iter().find(|instance| {
            instance.path.group.eq_ignore_ascii_case(&path.group)
                && instance.path.name.eq_ignore_ascii_case(&path.name)
        })
    }
    /// Changes an instance.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn change_instance(&self, path: &InstancePath, change: InstanceChange) -> Result<Accepted, Refusal>;
    /// Calls an operation of an instance off.
    ///
    /// # Errors
    /// When it cannot be.
    fn cancel_operation(&self, path: &InstancePath, id: &str) -> Result<(), Refusal>;
    /// Links that the service shows.
    fn links(&self, instance: &InstancePath) -> Vec<LinkView>;
    /// Makes a link.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn create_link(
        &self,
        instance: &InstancePath,
        name: &str,
        link: LinkRequest,
    ) -> Result<Accepted, Refusal>;
    /// Changes a link that exists.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn update_link(
        &self,
        instance: &InstancePath,
        name: &str,
        change: LinkUpdate,
    ) -> Result<Accepted, Refusal>;
    /// Changes the roles of a link that exists.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn fail_over_link(
        &self,
        instance: &InstancePath,
        name: &str,
        change: RoleChange,
    ) -> Result<Accepted, Refusal>;
    /// Deletes a link, also one that does not exist: that too is an operation.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn delete_link(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal>;
    /// Certificates of SQL Servers.
    fn trust_certificates(&self, instance: &InstancePath) -> Vec<CertificateView>;
    /// Uploads a certificate.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn upload_trust_certificate(
        &self,
        instance: &InstancePath,
        name: &str,
        der: Vec<u8>,
    ) -> Result<Accepted, Refusal>;
    /// Deletes a certificate, also one that does not exist.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn delete_trust_certificate(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal>;
    /// The instance's own certificates.
    fn endpoint_certificates(&self, instance: &InstancePath) -> Vec<CertificateView>;
    /// Databases.
    fn databases(&self, instance: &InstancePath) -> Vec<DatabaseView>;
    /// Databases that were deleted and can still be restored.
    fn dropped_databases(&self, instance: &InstancePath) -> Vec<DroppedDatabaseView>;
    /// Deletes a database that exists.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn delete_database(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal>;
    /// Instance failover groups of a subscription.
    fn failover_groups(&self, subscription: &str) -> Vec<FailoverGroupView>;
    /// Makes an instance failover group, or changes what can be set of one.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn put_failover_group(
        &self,
        region: &RegionPath,
        name: &str,
        group: FailoverGroupRequest,
    ) -> Result<Accepted, Refusal>;
    /// Makes the member in a region primary.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn fail_over_group(&self, region: &RegionPath, name: &str, forced: bool) -> Result<Accepted, Refusal>;
    /// Takes a group apart.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn delete_failover_group(&self, region: &RegionPath, name: &str) -> Result<Accepted, Refusal>;
    /// Keys.
    fn keys(&self, instance: &InstancePath) -> Vec<KeyView>;
    /// Gives the instance a customer's key.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn put_key(&self, instance: &InstancePath, name: &str, uri: &str) -> Result<Accepted, Refusal>;
    /// Takes a key that is there from the instance.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn delete_key(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal>;
    /// The key that protects the instance.
    fn encryption_protector(&self, instance: &InstancePath) -> KeyView;
    /// Protects the instance by a key of that name.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn protect(&self, instance: &InstancePath, key: &str, rotates: bool) -> Result<Accepted, Refusal>;
    /// Looks again whether the protector can be used.
    ///
    /// # Errors
    /// When the service refuses at once.
    fn revalidate_protector(&self, instance: &InstancePath) -> Result<Accepted, Refusal>;
    /// An operation by id.
    fn operation(&self, id: &str) -> Option<OperationView>;
    /// Operations of an instance, newest first.
    fn operations(&self, instance: &InstancePath) -> Vec<OperationView>;
}
