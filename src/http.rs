//! HTTPS as Azure is reached: the trust, the proxies, the addresses, for ARM and for Entra ID alike.
//!
//! One `reqwest` client for both, so that `ca_certificate` and a rehearsal's address map hold for every request that
//! the provider makes. Redirects are not followed: neither service sends any, and a token must not travel after one.
//! Retrying is not done here, because what may be repeated depends on the request.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use azure_core::error::{Error as CoreError, ErrorKind};
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use url::Url;

/// Until a TCP and TLS connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two pieces of an answer. The service was seen to hang for 23 seconds before a refusal.
const READ_TIMEOUT: Duration = Duration::from_secs(100);
/// One accepted operation has two signed URLs of 3.7 kB each in its headers; the usual limit is 16 kB.
const HEADER_LIMIT: u32 = 64 * 1024;

/// From `host:port`, in lower case, to an address on this machine.
pub type AddressMap = BTreeMap<String, SocketAddr>;

/// How Azure is reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Further roots to trust, as PEM, beside those of the system; the only ones in a rehearsal.
    pub ca_certificate: Option<String>,
    /// A rehearsal: only these hosts exist, and each is at this address; proxies are not used.
    pub addresses: Option<AddressMap>,
    /// `User-Agent`.
    pub user_agent: String,
}

/// The client. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    addresses: Option<Arc<AddressMap>>,
}

/// Why no client can be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SetupError {
    /// The further roots.
    #[error("`ca_certificate` is not a certificate in PEM form: {0}")]
    CaCertificate(#[source] Arc<reqwest::Error>),
    /// Anything else, such as a system without any root certificates.
    #[error("HTTPS cannot be used here: {0}")]
    Tls(#[source] Arc<reqwest::Error>),
}

/// A host that a rehearsal does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rehearsal has no address for `{0}`, and a rehearsal never leaves this machine")]
pub struct NotMapped(String);

impl Client {
    /// Makes a client; nothing is dialled.
    ///
    /// # Errors
    /// When `ca_certificate` is not PEM, or the system's trust cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .http2_max_header_list_size(HEADER_LIMIT)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = settings.ca_certificate.as_deref().filter(|pem| !pem.trim().is_empty()) {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|error| SetupError::CaCertificate(Arc::new(error)))?;
            builder = match settings.addresses {
                None => builder.tls_certs_merge(roots),
                Some(_) => builder.tls_certs_only(roots),
            };
        }
        if let Some(addresses) = &settings.addresses {
            builder = builder.no_proxy();
            for (from, to) in addresses {
                // Names that have another port are reached without this: see `Client::admit`.
                if let Some(host) = from.strip_suffix(":443") {
                    builder = builder.resolve(host, *to);
                }
            }
        }
        let inner = builder.build().map_err(|error| SetupError::Tls(Arc::new(error)))?;
        Ok(Self { inner, addresses: settings.addresses.clone().map(Arc::new) })
    }

    /// Begins a request.
    ///
    /// # Errors
    /// In a rehearsal, when the host is not one of its own.
    pub fn request(&self, method: reqwest::Method, url: Url) -> Result<reqwest::RequestBuilder, NotMapped> {
        self.admit(&url)?;
        Ok(self.inner.request(method, url))
    }

    fn admit(&self, url: &Url) -> Result<(), NotMapped> {
        let Some(addresses) = &self.addresses else { return Ok(()) };
        let place = format!(
            "{}:{}",
            url.host_str().unwrap_or_default().to_ascii_lowercase(),
            url.port_or_known_default().unwrap_or_default()
        );
        match addresses.get(&place) {
            // A name with the usual port is led there by the client. A port in the URL would win over the map's, so
            // it must say the same; that is the case of a simulator that is addressed as what it is.
            Some(_) if url.port().is_none() => Ok(()),
            Some(address) if url.port() == Some(address.port()) => Ok(()),
            _ => Err(NotMapped(place)),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// What `azure_identity` sends its requests through.
#[async_trait::async_trait]
impl HttpClient for Client {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.admit(request.url()).map_err(|error| CoreError::new(ErrorKind::Other, error))?;
        HttpClient::execute_request(&self.inner, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rehearsal(from: &str, to: &str) -> Client {
        let addresses = [(from.to_owned(), to.parse().unwrap())].into();
        Client::new(&Settings { addresses: Some(addresses), ..Settings::default() }).unwrap()
    }

    fn admits(client: &Client, url: &str) -> bool {
        client.request(reqwest::Method::GET, url.parse().unwrap()).is_ok()
    }

    #[test]
    fn a_rehearsal_reaches_its_own_hosts_only() {
        let client = rehearsal("management.azure.com:443", "127.0.0.1:9443");
        assert!(admits(&client, "https://management.azure.com/subscriptions"));
        assert!(admits(&client, "https://MANAGEMENT.azure.com:443/subscriptions"));
        assert!(!admits(&client, "https://login.microsoftonline.com/"));
        assert!(!admits(&client, "http://169.254.169.254/metadata"));
        assert!(!admits(&client, "https://management.azure.com:8443/"));
    }

    #[test]
    fn a_simulator_addressed_as_what_it_is() {
        let client = rehearsal("127.0.0.1:9443", "127.0.0.1:9443");
        assert!(admits(&client, "https://127.0.0.1:9443/"));
        assert!(!admits(&client, "https://127.0.0.1/"));
    }

    #[test]
    fn a_root_that_is_none_is_refused_by_its_argument() {
        let settings = Settings {
            ca_certificate: Some("-----BEGIN CERTIFICATE-----\nx".to_owned()),
            ..Settings::default()
        };
        let error = Client::new(&settings).unwrap_err();
        assert!(error.to_string().contains("ca_certificate"), "{error}");
    }
}
