//! Which ways of signing in are tried, and in which order.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret as CoreSecret, TokenCredential};
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use time::Duration;

use super::assertion::Assertion;
use super::source::Source;
use super::{AccessToken, Cached, CredentialError, Settings, TokenSource};
use crate::http;

const CLIENT_SECRET: &str = "client secret";
const FEDERATED: &str = "federated token";
const MANAGED_IDENTITY: &str = "managed identity";
const AZURE_CLI: &str = "Azure CLI";

/// Sources that are tried in order. The first that works is the one from then on, so that one run acts under one name.
#[derive(Debug)]
pub struct Chain {
    sources: Vec<Box<dyn TokenSource>>,
    chosen: std::sync::Mutex<Option<usize>>,
}

/// The sources that the settings allow, with a memory.
///
/// # Errors
/// When there are none, or a secret or federated token lacks the tenant or the application it belongs to.
pub fn from_settings(
    settings: &Settings,
    http: &http::Client,
) -> Result<Arc<dyn TokenSource>, CredentialError> {
    let sources = match (&settings.client_secret, &settings.federated) {
        (Some(_), _) => vec![client_secret(settings, http)?],
        (None, Some(_)) => vec![federated(settings, http)?],
        (None, None) => {
            let mut sources = Vec::new();
            if settings.use_managed_identity {
                sources.push(managed_identity(settings, http));
            }
            if settings.use_cli {
                sources.push(azure_cli(settings));
            }
            sources
        }
    };
    if sources.is_empty() {
        return Err(CredentialError::Nothing);
    }
    let sources = sources.into_iter().map(|source| Box::new(source) as Box<dyn TokenSource>).collect();
    Ok(Arc::new(Cached::new(Chain::new(sources))))
}

impl Chain {
    /// Tries `sources` in this order.
    pub fn new(sources: Vec<Box<dyn TokenSource>>) -> Self {
        Self { sources, chosen: std::sync::Mutex::default() }
    }

    fn chosen(&self) -> Option<usize> {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenSource for Chain {
    fn name(&self) -> &'static str {
        self.chosen()
            .and_then(|chosen| self.sources.get(chosen))
            .map_or("credential chain", |source| source.name())
    }

    async fn token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        if let Some(source) = self.chosen().and_then(|chosen| self.sources.get(chosen)) {
            return source.token(scope).await;
        }
        let mut attempts = Vec::new();
        for (place, source) in self.sources.iter().enumerate() {
            match source.token(scope).await {
                Ok(token) => {
                    *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                    tracing::debug!(credential = source.name(), "signed in to Azure");
                    return Ok(token);
                }
                Err(CredentialError::Failed(failed)) => attempts.extend(failed),
                Err(error) => return Err(error),
            }
        }
        Err(if attempts.is_empty() { CredentialError::Nothing } else { CredentialError::Failed(attempts) })
    }

    fn forget(&self, scope: &str) {
        for source in &self.sources {
            source.forget(scope);
        }
    }
}

fn client_secret(settings: &Settings, http: &http::Client) -> Result<Source, CredentialError> {
    let (tenant, client) = application(settings, CLIENT_SECRET)?;
    let secret = settings.client_secret.clone().ok_or(CredentialError::Nothing)?;
    let client_options = client_options(settings, http);
    Ok(Source::new(CLIENT_SECRET, move || {
        let options = ClientSecretCredentialOptions { client_options: client_options.clone() };
        let secret = CoreSecret::new(secret.expose().to_owned());
        let credential = ClientSecretCredential::new(&tenant, client.clone(), secret, Some(options))?;
        Ok(credential as Arc<dyn TokenCredential>)
    }))
}

fn federated(settings: &Settings, http: &http::Client) -> Result<Source, CredentialError> {
    let (tenant, client) = application(settings, FEDERATED)?;
    let from = settings.federated.clone().ok_or(CredentialError::Nothing)?;
    let client_options = client_options(settings, http);
    let http = http.clone();
    Ok(Source::new(FEDERATED, move || {
        let options = ClientAssertionCredentialOptions { client_options: client_options.clone() };
        let assertion = Assertion { from: from.clone(), http: http.clone() };
        let credential =
            ClientAssertionCredential::new(tenant.clone(), client.clone(), assertion, Some(options))?;
        Ok(credential as Arc<dyn TokenCredential>)
    }))
}

fn managed_identity(settings: &Settings, http: &http::Client) -> Source {
    let user_assigned = settings.client_id.clone();
    let client_options = client_options(settings, http);
    Source::new(MANAGED_IDENTITY, move || {
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: user_assigned.clone().map(UserAssignedId::ClientId),
            client_options: client_options.clone(),
        };
        Ok(ManagedIdentityCredential::new(Some(options))? as Arc<dyn TokenCredential>)
    })
}

fn azure_cli(settings: &Settings) -> Source {
    let tenant_id = settings.tenant_id.clone();
    Source::new(AZURE_CLI, move || {
        let options = AzureCliCredentialOptions { tenant_id: tenant_id.clone(), ..Default::default() };
        Ok(AzureCliCredential::new(Some(options))? as Arc<dyn TokenCredential>)
    })
}

fn application(settings: &Settings, source_name: &'static str) -> Result<(String, String), CredentialError> {
    let need = |value: &Option<String>, argument| {
        let value = value.clone().filter(|value| !value.is_empty());
        value.ok_or(CredentialError::Missing { source_name, argument })
    };
    Ok((need(&settings.tenant_id, "tenant_id")?, need(&settings.client_id, "client_id")?))
}

fn client_options(settings: &Settings, http: &http::Client) -> ClientOptions {
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = settings.authority_host.to_string();
    ClientOptions {
        transport: Some(Transport::new(Arc::new(http.clone()))),
        // The crate would go on for a minute, and refused certificates count as failures that may pass.
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 3,
            max_total_elapsed: Duration::seconds(20),
            ..Default::default()
        }),
        cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
        ..Default::default()
    }
}
