//! One way of signing in: a credential of `azure_identity`, made when it is first needed.
//!
//! It is made anew after a refused token, because the crate keeps a token until it ends and would hand out the refused
//! one again.

use std::fmt;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;

use super::{AccessToken, Attempt, CredentialError, TokenSource};
use crate::secret::Secret;

/// Makes the credential.
type Make = Box<dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync>;

/// A way of signing in.
pub(super) struct Source {
    name: &'static str,
    make: Make,
    made: std::sync::Mutex<Option<Arc<dyn TokenCredential>>>,
}

impl Source {
    pub(super) fn new(
        name: &'static str,
        make: impl Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync + 'static,
    ) -> Self {
        Self { name, make: Box::new(make), made: std::sync::Mutex::default() }
    }

    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.as_ref() {
            Some(credential) => Ok(Arc::clone(credential)),
            None => Ok(Arc::clone(made.insert((self.make)()?))),
        }
    }

    fn failed(&self, error: &azure_core::Error) -> CredentialError {
        let attempt = Attempt { name: self.name, reason: reason(error), unreachable: is_unreachable(error) };
        CredentialError::Failed(vec![attempt])
    }
}

#[async_trait]
impl TokenSource for Source {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let credential = self.credential().map_err(|error| self.failed(&error))?;
        let token = credential.get_token(&[scope], None).await.map_err(|error| self.failed(&error))?;
        Ok(AccessToken { secret: Secret::new(token.token.secret()), expires_on: token.expires_on })
    }

    fn forget(&self, _scope: &str) {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether a request never got an answer: the transport's own error is among the causes.
fn is_unreachable(error: &azure_core::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(transport) = error.downcast_ref::<reqwest::Error>() {
            return transport.is_connect() || transport.is_timeout();
        }
        cause = error.source();
    }
    false
}

/// The error and its causes on one line; a cause that repeats what was said is left out.
fn reason(error: &azure_core::Error) -> String {
    let mut text = one_line(&error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = one_line(&error.to_string());
        if !said.is_empty() && !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
