//! Clouds, TLS, and where a rehearsal leads.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::error::Error;

/// A cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// URL of Azure Resource Manager, without a slash at the end.
    pub resource_manager: String,
    /// Audience of its tokens.
    pub audience: String,
    /// URL of Entra ID.
    pub authority_host: String,
    /// Resource of tokens for SQL Server and managed instances.
    pub sql_resource: String,
}

/// How Azure is reached over HTTPS.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// A further root, PEM.
    pub ca_certificate: Option<String>,
    /// In a rehearsal: addresses by `host:port`; every other host leads nowhere.
    pub detours: Option<BTreeMap<String, SocketAddr>>,
    /// Root of the rehearsal, PEM: the only one that is believed there.
    pub rehearsal_ca: Option<String>,
    /// `User-Agent`.
    pub user_agent: String,
}

impl Environment {
    /// A named cloud; nothing for an unknown name.
    pub fn named(name: &str) -> Option<Self> {
        let (arm, login, sql) = match name {
            "public" => ("management.azure.com", "login.microsoftonline.com", "database.windows.net"),
            "usgovernment" => {
                ("management.usgovcloudapi.net", "login.microsoftonline.us", "database.usgovcloudapi.net")
            }
            "china" => ("management.chinacloudapi.cn", "login.chinacloudapi.cn", "database.chinacloudapi.cn"),
            _ => return None,
        };
        Some(Self {
            resource_manager: format!("https://{arm}"),
            audience: format!("https://{arm}"),
            authority_host: format!("https://{login}"),
            sql_resource: format!("https://{sql}"),
        })
    }
}

impl Transport {
    /// Builds the HTTP client.
    ///
    /// # Errors
    /// When a certificate cannot be read, or TLS cannot be set up.
    pub fn build(&self) -> Result<reqwest::Client, Error> {
        let unusable = |error: reqwest::Error| Error::Configuration(error.to_string());
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .https_only(true)
            .connect_timeout(Duration::from_secs(15))
            .timeout(Duration::from_secs(100))
            .redirect(reqwest::redirect::Policy::none());
        if let Some(detours) = &self.detours {
            // A rehearsal never leaves this machine, and no proxy sees it.
            builder = builder.no_proxy().dns_resolver(Detours(Arc::new(detours.clone())));
            let pem = self.rehearsal_ca.as_deref().unwrap_or_default();
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(unusable)?;
            builder = builder.tls_certs_only(roots);
        } else if let Some(pem) = &self.ca_certificate {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(unusable)?;
            builder = builder.tls_certs_merge(roots);
        }
        builder.build().map_err(unusable)
    }
}

/// Leads names to the rehearsal's addresses, and all others nowhere.
struct Detours(Arc<BTreeMap<String, SocketAddr>>);

impl Resolve for Detours {
    fn resolve(&self, name: Name) -> Resolving {
        let address = self.0.get(&format!("{}:443", name.as_str().to_ascii_lowercase())).copied();
        let host = name.as_str().to_owned();
        Box::pin(async move {
            match address {
                Some(address) => Ok(Box::new(std::iter::once(address)) as Addrs),
                None => Err(format!("the rehearsal has no host {host}").into()),
            }
        })
    }
}
