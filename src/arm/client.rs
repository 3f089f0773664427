//! One client for Azure Resource Manager: sending, retries, long-running operations.
//!
//! Reads are repeated when the service is busy or the line fails. Changes are repeated only where nothing can have
//! happened (refused as busy, throttled, never sent); in every other doubt the error says that the outcome is unknown,
//! and whoever asked looks before asking again.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api_version::{self, ApiVersions};
use super::environment::Environment;
use super::error::{Error, ServiceError};
use super::exchange::{Service, is_transient, one_line};
use super::patience::{self, POLL};
use crate::credential::TokenSource;
use crate::http;

/// How long an answer serves reads of the same list.
const FRESH: Duration = Duration::from_secs(60);
/// How often a read is repeated.
const ATTEMPTS: u32 = 4;

/// How a client is made.
#[derive(Debug)]
pub struct Settings {
    /// The cloud.
    pub environment: Environment,
    /// How it is reached.
    pub http: http::Client,
    /// Whose token it is.
    pub credential: Arc<dyn TokenSource>,
    /// One version for every call.
    pub api_version: Option<String>,
}

/// A client of Azure Resource Manager. Dials nothing before the first call.
pub struct Client {
    service: Service,
    override_version: Option<ApiVersions>,
    versions: Mutex<HashMap<String, Arc<OnceCell<ApiVersions>>>>,
    lists: Mutex<HashMap<String, Listed>>,
    changed: AtomicBool,
    preview_refused: AtomicBool,
}

struct Listed {
    loaded: Instant,
    outcome: Arc<OnceCell<Result<Arc<Json>, Arc<Error>>>>,
}

/// How long a change may be waited for, and what ends the waiting early.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Cancelled when Terraform asks to stop.
    pub cancellation: CancellationToken,
    /// When to give up.
    pub deadline: Option<Instant>,
}

/// A long-running operation that the service accepted.
///
/// Its polling URL carries a signature, so it lives in this process only and is never written anywhere.
#[derive(Clone)]
pub struct Operation {
    url: Option<String>,
    name: String,
    retry_after: Duration,
}

/// How an operation stands.
#[derive(Debug)]
pub enum Progress {
    /// Still running; ask again after this time.
    Running(Duration),
    /// Ended well, or so long ago that the service has forgotten it: look at the resource.
    Succeeded,
    /// Ended with an error.
    Failed(Error),
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({})", self.name)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.service.environment.resource_manager)
    }
}

impl Wait {
    /// Sleeps, unless it is time to stop.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::TimedOut`].
    pub async fn sleep(&self, duration: Duration, what: &str) -> Result<(), Error> {
        let wake = Instant::now() + duration;
        if self.deadline.is_some_and(|deadline| wake > deadline) {
            return Err(Error::TimedOut { call: what.to_owned() });
        }
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => Err(Error::Cancelled),
            () = tokio::time::sleep_until(wake) => Ok(()),
        }
    }
}

impl Client {
    /// A client; nothing is dialled.
    pub fn new(settings: Settings) -> Self {
        Self {
            service: Service {
                environment: settings.environment,
                http: settings.http,
                credential: settings.credential,
            },
            override_version: settings.api_version.as_deref().map(ApiVersions::fixed),
            versions: Mutex::default(),
            lists: Mutex::default(),
            changed: AtomicBool::new(false),
            preview_refused: AtomicBool::new(false),
        }
    }

    /// The cloud.
    pub fn environment(&self) -> &Environment {
        &self.service.environment
    }

    /// Throws shared answers away; from now on nothing is shared.
    pub fn forget(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// The versions for a subscription, asked once. A refusal to say is no obstacle: then the oldest is spoken.
    pub(super) async fn versions(&self, subscription: &str) -> Result<ApiVersions, Error> {
        let mut versions = self.announced_versions(subscription).await?;
        if self.preview_refused.load(Ordering::Acquire) {
            versions.reading.clone_from(&versions.stable);
        }
        Ok(versions)
    }

    async fn announced_versions(&self, subscription: &str) -> Result<ApiVersions, Error> {
        if let Some(fixed) = &self.override_version {
            return Ok(fixed.clone());
        }
        let cell = {
            let mut versions = self.versions.lock().await;
            Arc::clone(versions.entry(subscription.to_ascii_lowercase()).or_default())
        };
        let versions = cell
            .get_or_try_init(|| async {
                let path = format!("/subscriptions/{subscription}/providers/Microsoft.Sql");
                match self.read::<api_version::Metadata>(&path, api_version::PROVIDERS).await {
                    Ok(metadata) => Ok(ApiVersions::choose(&metadata)),
                    Err(Error::Service(error)) if error.status == 403 => Ok(ApiVersions::unasked()),
                    Err(error) => Err(error),
                }
            })
            .await?;
        Ok(versions.clone())
    }

    /// Reads a resource.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str, version: &str) -> Result<T, Error> {
        let url = format!("{}{path}?api-version={version}", self.service.environment.resource_manager);
        let json = self.fetch(&url, path).await?;
        serde_json::from_value(json)
            .map_err(|error| Error::Malformed { call: format!("GET {path}"), reason: error.to_string() })
    }

    /// Reads all pages of a list: shared among callers while nothing was changed in this process, fresh afterwards.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        version: &str,
    ) -> Result<Vec<T>, Arc<Error>> {
        let items = self.shared_list(path, version).await?;
        Self::items(path, &items)
    }

    /// As [`Client::list`], in the newest preview that the subscription has; where the region does not have it after
    /// all, in the stable version, from then on.
    pub(super) async fn list_preview<T: DeserializeOwned>(
        &self,
        path: &str,
        versions: &ApiVersions,
    ) -> Result<Vec<T>, Arc<Error>> {
        match self.shared_list(path, &versions.reading).await {
            Err(error) if versions.reading != versions.stable && is_unknown_version(&error) => {
                tracing::info!(
                    version = versions.reading,
                    "the region does not have this version of the service"
                );
                self.preview_refused.store(true, Ordering::Release);
                Self::items(path, &*self.shared_list(path, &versions.stable).await?)
            }
            items => Self::items(path, &*items?),
        }
    }

    fn items<T: DeserializeOwned>(path: &str, items: &Json) -> Result<Vec<T>, Arc<Error>> {
        serde_json::from_value(items.clone()).map_err(|error| {
            Arc::new(Error::Malformed { call: format!("GET {path}"), reason: error.to_string() })
        })
    }

    async fn shared_list(&self, path: &str, version: &str) -> Result<Arc<Json>, Arc<Error>> {
        if self.changed.load(Ordering::Acquire) {
            return self.all_pages(path, version).await.map(Arc::new).map_err(Arc::new);
        }
        let key = format!("{}?{version}", path.to_ascii_lowercase());
        let outcome = {
            let mut lists = self.lists.lock().await;
            lists.retain(|_, listed| listed.loaded.elapsed() < FRESH);
            let listed = lists
                .entry(key)
                .or_insert_with(|| Listed { loaded: Instant::now(), outcome: Arc::default() });
            Arc::clone(&listed.outcome)
        };
        let loaded = outcome
            .get_or_init(|| async { self.all_pages(path, version).await.map(Arc::new).map_err(Arc::new) })
            .await
            .clone();
        if loaded.is_err() {
            // Those who waited for it share the error; whoever comes later asks again.
            self.lists.lock().await.retain(|_, listed| !Arc::ptr_eq(&listed.outcome, &outcome));
        }
        loaded
    }

    async fn all_pages(&self, path: &str, version: &str) -> Result<Json, Error> {
        let mut url = format!("{}{path}?api-version={version}", self.service.environment.resource_manager);
        let mut items = Vec::new();
        loop {
            let mut page = self.fetch(&url, path).await?;
            match page.get_mut("value").map(Json::take) {
                Some(Json::Array(values)) => items.extend(values),
                _ => {
                    let reason = "a list without `value`".to_owned();
                    return Err(Error::Malformed { call: format!("GET {path}"), reason });
                }
            }
            match page.get("nextLink").and_then(Json::as_str) {
                Some(next) if !next.is_empty() => url = next.to_owned(),
                _ => return Ok(Json::Array(items)),
            }
        }
    }

    async fn fetch(&self, url: &str, path: &str) -> Result<Json, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.service.send(Method::GET, url, path, None).await;
            let pause = match &outcome {
                Ok((status, retry_after, _)) if is_transient(*status) => *retry_after,
                Err(Error::Unreachable { .. }) => None,
                _ => {
                    let (status, _, body) = outcome?;
                    return if status.is_success() { Ok(body.json) } else { Err(body.into_error(status)) };
                }
            };
            if attempt == ATTEMPTS {
                let (status, _, body) = outcome?;
                return Err(body.into_error(status));
            }
            tokio::time::sleep(patience::before_read(attempt, pause)).await;
        }
    }

    /// Changes something. Waits while the service is busy with another operation of the instance.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        version: &str,
        body: Option<Json>,
        wait: &Wait,
    ) -> Result<Operation, Error> {
        let url = format!("{}{path}?api-version={version}", self.service.environment.resource_manager);
        let call = format!("{method} {path}");
        loop {
            if wait.cancellation.is_cancelled() {
                return Err(Error::Cancelled);
            }
            // Raised on both sides: a read that began before must not be shared after.
            self.forget();
            let (status, retry_after, answer) =
                match self.service.send(method.clone(), &url, path, body.as_ref()).await {
                    Ok(answered) => answered,
                    Err(Error::Unreachable { sent: false, host, reason }) => {
                        let failure = Error::Unreachable { sent: false, host, reason };
                        wait.sleep(Duration::from_secs(2), &call).await.map_err(|_| failure)?;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
            if status.is_success() {
                return Ok(Operation {
                    url: answer.operation_url,
                    name: answer.json.get("operation").and_then(Json::as_str).unwrap_or(&call).to_owned(),
                    retry_after: retry_after.unwrap_or(POLL),
                });
            }
            let error = answer.into_service_error(status);
            if is_refused_as_busy(&error) {
                tracing::info!(code = error.code, "{call}: the instance is busy, waiting");
                let refused = Error::Service(error);
                match wait.sleep(retry_after.unwrap_or(POLL), &call).await {
                    Err(Error::TimedOut { .. }) => return Err(refused),
                    other => other?,
                }
                continue;
            }
            return Err(Error::Service(error));
        }
    }

    /// How an operation stands.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn poll(&self, operation: &Operation) -> Result<Progress, Error> {
        let Some(url) = &operation.url else { return Ok(Progress::Succeeded) };
        let what = format!("the operation {}", operation.name);
        let (status, retry_after, body) = self.service.send(Method::GET, url, &what, None).await?;
        if is_transient(status) {
            return Ok(Progress::Running(retry_after.unwrap_or(POLL)));
        }
        // Records of operations are kept for a while only. What became of it is seen at the resource.
        if status == StatusCode::NOT_FOUND {
            return Ok(Progress::Succeeded);
        }
        if !status.is_success() {
            return Err(body.into_error(status));
        }
        // An answer of `Location` has no word: 202 while it goes on, and the resource, or nothing, in the end.
        let silent = if status == StatusCode::ACCEPTED { "InProgress" } else { "Succeeded" };
        let word = body.json.get("status").and_then(Json::as_str).unwrap_or(silent);
        Ok(match word {
            "Succeeded" => Progress::Succeeded,
            "Failed" | "Canceled" => {
                let part = |name: &str| {
                    body.json
                        .pointer(&format!("/error/{name}"))
                        .and_then(Json::as_str)
                        .unwrap_or(word)
                        .to_owned()
                };
                Progress::Failed(Error::Operation {
                    operation: operation.name.clone(),
                    code: part("code"),
                    message: one_line(&part("message")),
                })
            }
            _ => Progress::Running(retry_after.unwrap_or(operation.retry_after)),
        })
    }

    /// Waits for the end of an operation.
    ///
    /// # Errors
    /// Its own, and [`Error::Cancelled`] or [`Error::TimedOut`].
    pub async fn finish(&self, operation: &Operation, wait: &Wait) -> Result<(), Error> {
        let mut failures = 0;
        loop {
            let answer = tokio::select! {
                answer = self.poll(operation) => answer,
                () = wait.cancellation.cancelled() => Err(Error::Cancelled),
            };
            let pause = match answer {
                Ok(Progress::Succeeded) => {
                    self.forget();
                    return Ok(());
                }
                Ok(Progress::Failed(error)) => return Err(error),
                Ok(Progress::Running(pause)) => {
                    failures = 0;
                    pause
                }
                Err(error) if error.is_unreachable() && failures < ATTEMPTS => {
                    failures += 1;
                    POLL
                }
                Err(error) => return Err(error),
            };
            wait.sleep(pause, &operation.name).await?;
        }
    }
}

/// Refusals under which nothing has happened and which pass: throttling, and another operation on the instance.
fn is_refused_as_busy(error: &ServiceError) -> bool {
    error.status == 429
        || matches!(
            error.code.as_str(),
            "OperationCanNotStartDueToMiLink"
                | "ManagedInstanceStarting"
                | "ManagedInstanceOperationInProgress"
                | "ManagedInstanceUpdateSloInProgress"
                | "ManagedInstanceIsBusy"
                | "ConflictingServerOperation"
                | "ConflictingDatabaseOperation"
                | "ConflictingSystemOperationInProgress"
                | "ConflictingSubscriptionOperation"
                | "ManagementServiceDatabaseBusy"
        )
}

/// The region, or the subscription, does not have the version of the service that was asked for.
fn is_unknown_version(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(
            "NoRegisteredProviderFound"
                | "InvalidApiVersionParameter"
                | "InvalidResourceType"
                | "UnsupportedApiVersion"
        )
    )
}
