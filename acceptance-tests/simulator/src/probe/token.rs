//! Tokens of Entra ID: of an application by its secret, or of whoever is signed in to the Azure CLI.

use std::process::Stdio;

use serde_json::Value;
use url::Url;

use super::azure::{client, told};
use super::names::Secret;

/// Where tokens come from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// An application and its secret (`ARM_TENANT_ID`, `ARM_CLIENT_ID`, `ARM_CLIENT_SECRET`).
    Application {
        /// URL of Entra ID.
        authority: Url,
        /// Tenant.
        tenant: String,
        /// Client id.
        client: String,
        /// Client secret.
        secret: Secret,
        /// Authorities to trust, PEM; the system's where there are none.
        authorities: Option<String>,
    },
    /// `az account get-access-token`.
    AzureCli,
}

/// There is no token.
#[derive(Debug, thiserror::Error)]
#[error("no token of Entra ID: {0}")]
pub struct NoToken(String);

impl TokenSource {
    /// A token for a resource (`https://management.azure.com`).
    ///
    /// # Errors
    /// When Entra ID refuses, or nobody is signed in.
    pub async fn token(&self, resource: &str) -> Result<Secret, NoToken> {
        match self {
            Self::Application { authority, tenant, client: id, secret, authorities } => {
                let mut url = authority.clone();
                url.set_path(&format!("{tenant}/oauth2/v2.0/token"));
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.append_pair("grant_type", "client_credentials")
                    .append_pair("client_id", id)
                    .append_pair("client_secret", secret.expose())
                    .append_pair("scope", &format!("{resource}/.default"));
                let failed = |error: reqwest::Error| NoToken(told(&error.without_url()));
                let http = client(authorities.as_deref()).map_err(|error| NoToken(error.to_string()))?;
                let answer = http
                    .post(url)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.finish())
                    .send()
                    .await
                    .map_err(failed)?;
                let body: Value = answer.json().await.map_err(failed)?;
                read(&body, "access_token").ok_or_else(|| {
                    // The description says more than is good for a report: tenant, application, trace ids.
                    let code = body.get("error").and_then(Value::as_str).unwrap_or("no reason given");
                    NoToken(code.to_owned())
                })
            }
            Self::AzureCli => {
                let output = tokio::process::Command::new("az")
                    .args(["account", "get-access-token", "--output", "json", "--resource", resource])
                    .stdin(Stdio::null())
                    .output()
                    .await
                    .map_err(|error| NoToken(format!("the Azure CLI does not run: {error}")))?;
                let body: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
                read(&body, "accessToken")
                    .ok_or_else(|| NoToken("the Azure CLI has none; `az login` gets one".to_owned()))
            }
        }
    }
}

fn read(body: &Value, name: &str) -> Option<Secret> {
    let text = body.get(name)?.as_str()?;
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}
