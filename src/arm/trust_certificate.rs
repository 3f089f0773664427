//! Certificates of SQL Servers, uploaded for an instance to trust (`serverTrustCertificates`).
//!
//! The service only ever creates: a second PUT of the same content under another name, or of other content under the
//! same name, is accepted and fails later with `CertificateAlreadyExists`. So callers look first.

use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, Operation, Wait};
use super::error::Error;
use super::id::{ManagedInstanceId, TrustCertificateId};
use super::instance::segment;
use crate::certificate::{hex, upper_hex};

/// An uploaded certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustCertificate {
    /// Name.
    pub name: String,
    /// SHA-1 of the DER, upper-case hex.
    pub thumbprint: Option<String>,
    /// DER; lists may leave it out.
    pub der: Option<Vec<u8>>,
}

#[derive(Debug, Deserialize)]
struct Body {
    name: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    public_blob: Option<String>,
    #[serde(default)]
    thumbprint: Option<String>,
}

impl From<Body> for TrustCertificate {
    fn from(body: Body) -> Self {
        let blob = body.properties.public_blob.as_deref();
        let der = blob.and_then(|blob| hex(blob.strip_prefix("0x").unwrap_or(blob)).ok());
        let thumbprint =
            body.properties.thumbprint.map(|text| text.trim_start_matches("0x").to_ascii_uppercase());
        Self { name: body.name, thumbprint, der }
    }
}

impl Client {
    /// All certificates of an instance. A name that is missing here is proven to be absent.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn trust_certificates(
        &self,
        instance: &ManagedInstanceId,
    ) -> Result<Vec<TrustCertificate>, Arc<Error>> {
        let versions = self.versions(&instance.subscription).await.map_err(Arc::new)?;
        let path = format!("{instance}/serverTrustCertificates");
        let bodies: Vec<Body> = self.list(&path, &versions.stable).await?;
        let mut found = Vec::with_capacity(bodies.len());
        for body in bodies {
            let mut certificate = TrustCertificate::from(body);
            if certificate.der.is_none() {
                let one = format!("{path}/{}", segment(&certificate.name));
                let body: Body = self.read(&one, &versions.stable).await.map_err(Arc::new)?;
                certificate = body.into();
            }
            found.push(certificate);
        }
        Ok(found)
    }

    /// Uploads a certificate.
    ///
    /// # Errors
    /// When the service refuses at once; the operation may still fail.
    pub async fn upload_trust_certificate(
        &self,
        id: &TrustCertificateId,
        der: &[u8],
        wait: &Wait,
    ) -> Result<Operation, Error> {
        let versions = self.versions(&id.instance.subscription).await?;
        let body = json!({ "properties": { "publicBlob": format!("0x{}", upper_hex(der)) } });
        self.change(Method::PUT, &path(id), &versions.stable, Some(body), wait).await
    }

    /// Deletes a certificate.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete_trust_certificate(
        &self,
        id: &TrustCertificateId,
        wait: &Wait,
    ) -> Result<Operation, Error> {
        let versions = self.versions(&id.instance.subscription).await?;
        self.change(Method::DELETE, &path(id), &versions.stable, None, wait).await
    }
}

fn path(id: &TrustCertificateId) -> String {
    format!("{}/serverTrustCertificates/{}", id.instance, segment(&id.name))
}
