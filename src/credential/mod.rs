//! Tokens for Azure: for ARM, and for SQL Server where it signs in with Entra ID.
//!
//! `azure_identity` knows how each kind of sign-in works; which are tried, and in which order, is decided here, because
//! it has no chain of its own. Its requests go through [`crate::http`], so a further root and a rehearsal's addresses
//! hold for them too.
//!
//! A configured secret is the only thing that is tried: falling through from a wrong secret to whoever happens to be
//! signed in on this machine would change production under another name.

mod assertion;
mod cache;
mod chain;
mod source;

use std::fmt;
use std::path::PathBuf;

use async_trait::async_trait;
use time::OffsetDateTime;
use url::Url;

use crate::secret::Secret;

pub use cache::Cached;
pub use chain::{Chain, from_settings};

/// Where tokens come from.
#[async_trait]
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// What it is, as a user calls it: `Azure CLI`.
    fn name(&self) -> &'static str;

    /// A token for `scope`, as `https://management.azure.com/.default`.
    ///
    /// # Errors
    /// When there is none: each way that was tried, and why it failed.
    async fn token(&self, scope: &str) -> Result<AccessToken, CredentialError>;

    /// Gives up what is remembered for `scope`: the service refused it.
    fn forget(&self, scope: &str);
}

/// A bearer token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub secret: Secret,
    /// When it ends.
    pub expires_on: OffsetDateTime,
}

/// What the user said about signing in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// URL of Entra ID, as `https://login.microsoftonline.com`.
    pub authority_host: Url,
    /// Tenant: its id or a domain.
    pub tenant_id: Option<String>,
    /// Application, or the user-assigned identity.
    pub client_id: Option<String>,
    /// Secret of the application.
    pub client_secret: Option<Secret>,
    /// A token of another identity provider, exchanged for the application's (workload identity federation).
    pub federated: Option<Federated>,
    /// Whether this machine's managed identity may be used.
    pub use_managed_identity: bool,
    /// Whether the Azure CLI's sign-in may be used.
    pub use_cli: bool,
}

/// Where a federated token is found.
#[derive(Clone, Debug)]
pub enum Federated {
    /// The token itself.
    Token(Secret),
    /// A file that holds it and is renewed by somebody: read anew each time.
    File(PathBuf),
    /// A service that gives one, as GitHub Actions has it.
    Request {
        /// Its URL.
        url: Url,
        /// Its bearer token.
        token: Secret,
    },
}

/// No token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Nothing is configured.
    #[error(
        "there is no way to sign in to Azure: set `tenant_id`, `client_id` and `client_secret` in `azure`, or allow \
         `use_cli` and run `az login`"
    )]
    Nothing,
    /// An argument is missing.
    #[error("the {source_name} needs `{argument}`")]
    Missing {
        /// Which way of signing in.
        source_name: &'static str,
        /// Which argument.
        argument: &'static str,
    },
    /// Everything that was tried failed.
    #[error("no token from Azure: {}", list(.0))]
    Failed(Vec<Attempt>),
}

/// A way of signing in that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which.
    pub name: &'static str,
    /// Why, in the words of who refused.
    pub reason: String,
    /// Whether nobody answered, so that nobody refused.
    pub unreachable: bool,
}

impl CredentialError {
    /// Whether Entra ID, or whoever else gives tokens, could not be asked at all.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Failed(attempts) => {
                !attempts.is_empty() && attempts.iter().all(|attempt| attempt.unreachable)
            }
            Self::Nothing | Self::Missing { .. } => false,
        }
    }
}

fn list(attempts: &[Attempt]) -> String {
    attempts
        .iter()
        .map(|attempt| format!("{}: {}", attempt.name, attempt.reason))
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests;
