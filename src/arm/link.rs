//! Links (`distributedAvailabilityGroups`), seen from the managed instance.
//!
//! The service's habits that decide how this is written: the `id` in a body may be the instance's, so ids are built
//! here; databases come in any order; an operation that succeeded is not yet a link that works; a link appears in
//! lists some seconds after its PUT was accepted.

use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, Operation, Wait};
use super::error::Error;
use super::id::{LinkId, ManagedInstanceId};
use super::instance::segment;
use super::lenient;

/// A link. Absent properties are absent answers: a link that starts has little more than its names.
#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    /// Name, which is the distributed availability group's.
    pub name: String,
    /// The rest.
    #[serde(default, deserialize_with = "lenient::null_is_default")]
    pub properties: LinkProperties,
}

/// Properties of a link.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LinkProperties {
    /// Id of the distributed group; derived from names, so no proof of anything.
    pub distributed_availability_group_id: Option<String>,
    /// Name of the group on the instance.
    pub instance_availability_group_name: Option<String>,
    /// Name of the group on SQL Server.
    pub partner_availability_group_name: Option<String>,
    /// `TCP://host:port`, in the case in which it was sent.
    pub partner_endpoint: Option<String>,
    /// `Primary` or `Secondary`.
    pub instance_link_role: Option<String>,
    /// The other.
    pub partner_link_role: Option<String>,
    /// `None` or `Manual`; left out by some answers.
    pub failover_mode: Option<String>,
    /// `Automatic` or `Manual`.
    pub seeding_mode: Option<String>,
    /// `Async` or `Sync`.
    pub replication_mode: Option<String>,
    /// `SingleDatabase` or `MultiDatabase`; previews only.
    pub link_mode: Option<String>,
    /// Its databases.
    #[serde(deserialize_with = "lenient::null_is_default")]
    pub databases: Vec<LinkDatabase>,
}

impl LinkProperties {
    /// Whether the instance is primary.
    pub fn instance_is_primary(&self) -> bool {
        self.instance_link_role.as_deref().is_some_and(|role| role.eq_ignore_ascii_case("Primary"))
    }

    /// Whether the instance is secondary. Neither is a link that does not say.
    pub fn instance_is_secondary(&self) -> bool {
        self.instance_link_role.as_deref().is_some_and(|role| role.eq_ignore_ascii_case("Secondary"))
    }
}

/// A database of a link.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LinkDatabase {
    /// Name.
    pub database_name: String,
    /// An open set of words; one that holds `Error` names the phase that failed.
    pub replica_state: Option<String>,
    /// `80%`.
    #[serde(deserialize_with = "lenient::text")]
    pub seeding_progress: Option<String>,
    /// `NOT_HEALTHY`, `PARTIALLY_HEALTHY`, `HEALTHY`.
    pub synchronization_health: Option<String>,
    /// `CONNECTED` or `DISCONNECTED`.
    pub connected_state: Option<String>,
    /// Digits.
    #[serde(deserialize_with = "lenient::text")]
    pub last_hardened_lsn: Option<String>,
    /// A number as text.
    #[serde(deserialize_with = "lenient::text")]
    pub most_recent_link_error: Option<String>,
    /// The certificate that SQL Server presented.
    pub partner_auth_cert_validity: Option<PartnerCertificate>,
}

/// The certificate that SQL Server presented.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PartnerCertificate {
    /// Name of its upload.
    pub certificate_name: Option<String>,
    /// RFC 3339.
    pub expiry_date: Option<String>,
}

/// A link to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// Databases.
    pub databases: Vec<String>,
    /// Name of the group on the instance.
    pub instance_group: String,
    /// Name of the group on SQL Server.
    pub partner_group: String,
    /// `TCP://host:port`.
    pub partner_endpoint: String,
    /// Whether the instance is primary at first.
    pub instance_is_primary: bool,
    /// `None` or `Manual`; the service's default where nothing is given.
    pub failover_mode: Option<String>,
    /// `Automatic` or `Manual`.
    pub seeding_mode: String,
}

impl LinkDatabase {
    /// Whether the making of the link failed: a state that holds `Error` names the phase that failed, and a link that
    /// failed before it replicated is not repaired by anything but another link (troubleshooting page of the link,
    /// 2026). `LinkSynchronizationError` is none of them: it was recorded beside HEALTHY and CONNECTED, and stays after a
    /// forced failover.
    pub fn has_failed(&self) -> bool {
        self.replica_state
            .as_deref()
            .is_some_and(|state| state.contains("Error") && state != SYNCHRONIZATION_ERROR)
    }

    /// Whether replication reports an error that shows: in a healthy and connected link the word may stay behind.
    pub fn is_troubled(&self) -> bool {
        self.replica_state.as_deref() == Some(SYNCHRONIZATION_ERROR)
            && !(self.is_connected() && self.is_healthy())
    }

    /// Whether the two sides are in contact.
    pub fn is_connected(&self) -> bool {
        self.connected_state.as_deref() == Some("CONNECTED")
    }

    /// Whether the service calls it healthy.
    pub fn is_healthy(&self) -> bool {
        self.synchronization_health.as_deref() == Some("HEALTHY")
    }

    /// Whether the first copy is complete: what comes after it, in good and in bad order.
    pub fn is_seeded(&self) -> bool {
        matches!(self.replica_state.as_deref(), Some("LinkSynchronizing" | SYNCHRONIZATION_ERROR))
    }

    /// Whether the first copy is not complete and never was: the words of the phases before it, and of their failures
    /// (troubleshooting page of the link, 2026; recordings). The set of words is open, and an unknown one proves nothing.
    pub fn was_never_seeded(&self) -> bool {
        matches!(
            self.replica_state.as_deref(),
            Some(
                "InitiatingLink"
                    | "CreatingLink"
                    | "LinkInitialSeeding"
                    | "LinkInitError"
                    | "LinkCreationError"
            )
        )
    }

    /// Whether changes follow. `LinkSynchronizing` is the steady state of an asynchronous link.
    pub fn follows(&self) -> bool {
        self.is_seeded() && self.is_connected() && self.is_healthy()
    }
}

/// Replication reported an error. The link may have got over it.
const SYNCHRONIZATION_ERROR: &str = "LinkSynchronizationError";

impl Client {
    /// All links of an instance. A name that is missing here is proven to be absent (but for one that was accepted less
    /// than a minute ago).
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn links(&self, instance: &ManagedInstanceId) -> Result<Vec<Link>, Arc<Error>> {
        let versions = self.versions(&instance.subscription).await.map_err(Arc::new)?;
        self.list_preview(&format!("{instance}/distributedAvailabilityGroups"), &versions).await
    }

    /// Makes a link. The operation lasts as long as the seeding.
    ///
    /// # Errors
    /// When the service refuses at once.
    pub async fn create_link(&self, id: &LinkId, link: &NewLink, wait: &Wait) -> Result<Operation, Error> {
        let versions = self.versions(&id.instance.subscription).await?;
        let databases: Vec<_> = link.databases.iter().map(|name| json!({ "databaseName": name })).collect();
        let mut properties = json!({
            "databases": databases,
            "instanceAvailabilityGroupName": link.instance_group,
            "partnerAvailabilityGroupName": link.partner_group,
            "partnerEndpoint": link.partner_endpoint,
            "instanceLinkRole": if link.instance_is_primary { "Primary" } else { "Secondary" },
            "seedingMode": link.seeding_mode,
        });
        if let (Some(mode), Some(properties)) = (&link.failover_mode, properties.as_object_mut()) {
            properties.insert("failoverMode".to_owned(), json!(mode));
        }
        let body = json!({ "properties": properties });
        self.change(Method::PUT, &path(id), &versions.stable, Some(body), wait).await
    }

    /// Sets the commit mode, `Async` or `Sync`, of a link that is established.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn set_replication_mode(
        &self,
        id: &LinkId,
        mode: &str,
        wait: &Wait,
    ) -> Result<Operation, Error> {
        let versions = self.versions(&id.instance.subscription).await?;
        let body = json!({ "properties": { "replicationMode": mode } });
        self.change(Method::PATCH, &path(id), &versions.stable, Some(body), wait).await
    }

    /// Ends a link: both copies become independent.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete_link(&self, id: &LinkId, wait: &Wait) -> Result<Operation, Error> {
        let versions = self.versions(&id.instance.subscription).await?;
        self.change(Method::DELETE, &path(id), &versions.stable, None, wait).await
    }
}

fn path(id: &LinkId) -> String {
    format!("{}/distributedAvailabilityGroups/{}", id.instance, segment(&id.name))
}
