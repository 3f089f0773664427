//! Managed instances, their databases, and the certificate of their mirroring endpoint.

use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;

use super::client::{Client, Operation, Wait};
use super::error::Error;
use super::id::ManagedInstanceId;
use crate::certificate::hex;

/// A managed instance. Properties that links do not need are not read.
#[derive(Clone, Debug, Deserialize)]
pub struct ManagedInstance {
    /// ARM id.
    #[serde(default)]
    pub id: String,
    /// Name.
    pub name: String,
    /// Region.
    #[serde(default)]
    pub location: String,
    /// The rest.
    pub properties: InstanceProperties,
}

/// Properties of a managed instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceProperties {
    /// `<name>.<dnsZone>.database.windows.net`.
    pub fully_qualified_domain_name: String,
    /// `Ready` when it works.
    #[serde(default)]
    pub state: Option<String>,
    /// `SQLServer2022`, `SQLServer2025` or `AlwaysUpToDate`.
    #[serde(default)]
    pub database_format: Option<String>,
}

/// A database of a managed instance.
#[derive(Clone, Debug, Deserialize)]
pub struct ManagedDatabase {
    /// Name.
    pub name: String,
    /// The rest.
    #[serde(default)]
    pub properties: DatabaseProperties,
}

/// Properties of a database.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DatabaseProperties {
    /// `Online`, `Restoring`, …
    #[serde(default)]
    pub status: Option<String>,
}

/// The certificate that an instance's mirroring endpoint presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointCertificate {
    /// DER.
    pub der: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    properties: EndpointProperties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointProperties {
    public_blob: String,
}

impl Client {
    /// A managed instance.
    ///
    /// # Errors
    /// Also when it is not there.
    pub async fn instance(&self, id: &ManagedInstanceId) -> Result<ManagedInstance, Error> {
        let versions = self.versions(&id.subscription).await?;
        self.read(&id.to_string(), &versions.stable).await
    }

    /// All managed instances of a subscription that the credential may see.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn instances(&self, subscription: &str) -> Result<Vec<ManagedInstance>, Arc<Error>> {
        let versions = self.versions(subscription).await.map_err(Arc::new)?;
        let path = format!("/subscriptions/{subscription}/providers/Microsoft.Sql/managedInstances");
        self.list(&path, &versions.stable).await
    }

    /// The databases of an instance.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn databases(&self, instance: &ManagedInstanceId) -> Result<Vec<ManagedDatabase>, Arc<Error>> {
        let versions = self.versions(&instance.subscription).await.map_err(Arc::new)?;
        self.list(&format!("{instance}/databases"), &versions.stable).await
    }

    /// Deletes a database of an instance.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete_database(
        &self,
        instance: &ManagedInstanceId,
        name: &str,
        wait: &Wait,
    ) -> Result<Operation, Error> {
        let versions = self.versions(&instance.subscription).await?;
        let path = format!("{instance}/databases/{}", segment(name));
        self.change(Method::DELETE, &path, &versions.stable, None, wait).await
    }

    /// The certificate of an instance's mirroring endpoint.
    ///
    /// # Errors
    /// Also when the blob is no hex.
    pub async fn endpoint_certificate(
        &self,
        instance: &ManagedInstanceId,
    ) -> Result<EndpointCertificate, Error> {
        let versions = self.versions(&instance.subscription).await?;
        let path = format!("{instance}/endpointCertificates/DATABASE_MIRRORING");
        let endpoint: Endpoint = self.read(&path, &versions.stable).await?;
        let blob = endpoint.properties.public_blob;
        match hex(blob.strip_prefix("0x").unwrap_or(&blob)) {
            Ok(der) => Ok(EndpointCertificate { der }),
            Err(_) => Err(Error::Malformed {
                call: format!("GET {path}"),
                reason: "publicBlob is not hex".to_owned(),
            }),
        }
    }
}

/// A name as a segment of a path. Names of databases may hold almost anything.
pub(super) fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
