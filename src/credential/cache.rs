//! Tokens that are kept until shortly before they end, and asked for once however many want them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::{AccessToken, CredentialError, TokenSource};

/// A token that ends sooner is not handed out: a request, its retries and the clock's error must fit.
const MARGIN: Duration = Duration::minutes(5);

/// A source that remembers.
#[derive(Debug)]
pub struct Cached<S> {
    source: S,
    slots: std::sync::Mutex<HashMap<String, Slot>>,
}

/// One scope. The lock is held while its token is fetched, so others wait for that one instead of asking too.
type Slot = Arc<Mutex<Option<AccessToken>>>;

impl<S: TokenSource> Cached<S> {
    /// Remembers what `source` gives.
    pub fn new(source: S) -> Self {
        Self { source, slots: std::sync::Mutex::default() }
    }

    fn slot(&self, scope: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scope.to_owned()).or_default())
    }
}

#[async_trait]
impl<S: TokenSource> TokenSource for Cached<S> {
    fn name(&self) -> &'static str {
        self.source.name()
    }

    async fn token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let slot = self.slot(scope);
        let mut kept = slot.lock().await;
        if let Some(token) =
            kept.as_ref().filter(|token| token.expires_on - OffsetDateTime::now_utc() > MARGIN)
        {
            return Ok(token.clone());
        }
        let token = self.source.token(scope).await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    fn forget(&self, scope: &str) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
        self.source.forget(scope);
    }
}
