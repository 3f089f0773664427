//! Federated tokens (workload identity federation): where the token comes from that is exchanged for Entra's.

use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use serde::Deserialize;

use super::Federated;
use crate::http;

/// The audience that Entra ID expects of a federated token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// A federated token, fetched whenever Entra ID is asked.
#[derive(Debug)]
pub(super) struct Assertion {
    pub(super) from: Federated,
    pub(super) http: http::Client,
}

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        match &self.from {
            Federated::Token(token) => Ok(token.expose().to_owned()),
            Federated::File(path) => match tokio::fs::read_to_string(path).await {
                Ok(token) => Ok(token.trim().to_owned()),
                Err(error) => {
                    let text = format!("cannot read the token file `{}`: {error}", path.display());
                    Err(Error::with_message(ErrorKind::Credential, text))
                }
            },
            Federated::Request { url, token } => self.request(url, token.expose()).await,
        }
    }
}

impl Assertion {
    async fn request(&self, url: &url::Url, bearer: &str) -> azure_core::Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            value: String,
        }
        let failed = |error: &dyn std::fmt::Display| {
            Error::with_message(
                ErrorKind::Credential,
                format!("the identity provider gave no token: {error}"),
            )
        };
        let mut url = url.clone();
        if !url.query_pairs().any(|(name, _)| name == "audience") {
            url.query_pairs_mut().append_pair("audience", AUDIENCE);
        }
        let request = self.http.request(reqwest::Method::GET, url).map_err(|error| failed(&error))?;
        let answer = request.bearer_auth(bearer).send().await.and_then(reqwest::Response::error_for_status);
        // Without the URL: it may name a run, and its query is nobody's business.
        let answer = answer.map_err(|error| failed(&error.without_url()))?;
        let answer: Answer = answer.json().await.map_err(|error| failed(&error.without_url()))?;
        Ok(answer.value)
    }
}
