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

use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api_version::{self, ApiVersions};
use super::environment::Environment;
use super::error::{Error, ServiceError};
use crate::credential::TokenSource;
use crate::http;

/// How long an answer serves reads of the same list.
const FRESH: Duration = Duration::from_secs(60);
/// How often a read is repeated.
const ATTEMPTS: u32 = 4;
/// The wait between polls where the service does not say (what Microsoft's clients use is 15 to 30 s).
const POLL: Duration = Duration::from_secs(15);

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
    environment: Environment,
    http: http::Client,
    credential: Arc<dyn TokenSource>,
    override_version: Option<ApiVersions>,
    versions: Mutex<HashMap<String, Arc<OnceCell<ApiVersions>>>>,
    lists: Mutex<HashMap<String, Listed>>,
    changed: AtomicBool,
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
    /// Ended well.
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
        write!(f, "Client({})", self.environment.resource_manager)
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
            http: settings.http,
            environment: settings.environment,
            credential: settings.credential,
            override_version: settings.api_version.as_deref().map(ApiVersions::fixed),
            versions: Mutex::default(),
            lists: Mutex::default(),
            changed: AtomicBool::new(false),
        }
    }

    /// The cloud.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Throws shared answers away; from now on nothing is shared.
    pub fn forget(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// The versions for a subscription, asked once. A refusal to say is no obstacle: then the oldest is spoken.
    pub(super) async fn versions(&self, subscription: &str) -> Result<ApiVersions, Error> {
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
        let url = format!("{}{path}?api-version={version}", self.environment.resource_manager);
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
        serde_json::from_value((*items).clone()).map_err(|error| {
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
        outcome
            .get_or_init(|| async { self.all_pages(path, version).await.map(Arc::new).map_err(Arc::new) })
            .await
            .clone()
    }

    async fn all_pages(&self, path: &str, version: &str) -> Result<Json, Error> {
        let mut url = format!("{}{path}?api-version={version}", self.environment.resource_manager);
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
                // The next page is on the same service, or the token would go elsewhere.
                Some(next) if next.starts_with(&self.environment.resource_manager) => url = next.to_owned(),
                _ => return Ok(Json::Array(items)),
            }
        }
    }

    async fn fetch(&self, url: &str, path: &str) -> Result<Json, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.send(Method::GET, url, path, None).await;
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
            tokio::time::sleep(pause.unwrap_or(Duration::from_millis(250 << attempt))).await;
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
        let url = format!("{}{path}?api-version={version}", self.environment.resource_manager);
        let call = format!("{method} {path}");
        loop {
            if wait.cancellation.is_cancelled() {
                return Err(Error::Cancelled);
            }
            // Raised on both sides: a read that began before must not be shared after.
            self.forget();
            let (status, retry_after, answer) =
                match self.send(method.clone(), &url, path, body.as_ref()).await {
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
        let (status, retry_after, body) = self.send(Method::GET, url, &what, None).await?;
        if is_transient(status) {
            return Ok(Progress::Running(retry_after.unwrap_or(POLL)));
        }
        if !status.is_success() {
            return Err(body.into_error(status));
        }
        let word = body.json.get("status").and_then(Json::as_str).unwrap_or("Succeeded");
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
            let pause = match self.poll(operation).await {
                Ok(Progress::Succeeded) => {
                    self.forget();
                    return Ok(());
                }
                Ok(Progress::Failed(error)) => return Err(error),
                Ok(Progress::Running(pause)) => pause,
                Err(error) if error.is_unreachable() && failures < ATTEMPTS => {
                    failures += 1;
                    POLL
                }
                Err(error) => return Err(error),
            };
            wait.sleep(pause, &operation.name).await?;
        }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        what: &str,
        body: Option<&Json>,
    ) -> Result<(StatusCode, Option<Duration>, Body), Error> {
        let scope = format!("{}/.default", self.environment.audience.trim_end_matches('/'));
        let began = Instant::now();
        let mut refused = false;
        let response = loop {
            let token = self.credential.token(&scope).await?;
            let target = url.parse().map_err(|_| Error::Malformed {
                call: format!("{method} {what}"),
                reason: "its address is not a URL".to_owned(),
            })?;
            let request = self.http.request(method.clone(), target);
            let mut request = request
                .map_err(|error| Error::Configuration(error.to_string()))?
                .bearer_auth(token.secret.expose());
            if let Some(body) = body {
                request = request.json(body);
            }
            let response = request.send().await.map_err(|error| unreachable(&error))?;
            // A token that ended on its way, or was revoked: one more try with a new one.
            if response.status() == StatusCode::UNAUTHORIZED && !refused {
                refused = true;
                self.credential.forget(&scope);
                continue;
            }
            break response;
        };
        let status = response.status();
        tracing::info!(
            call = %format_args!("{method} {what}"),
            status = status.as_u16(),
            milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            request_id = header(&response, "x-ms-request-id"),
            "call"
        );
        let retry_after =
            header(&response, "retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let body = Body::read(response, what).await?;
        Ok((status, retry_after, body))
    }
}

/// An answer, taken apart.
struct Body {
    json: Json,
    operation_url: Option<String>,
    request_id: Option<String>,
    gateway: bool,
}

impl Body {
    async fn read(response: Response, what: &str) -> Result<Self, Error> {
        let operation_url =
            header(&response, "azure-asyncoperation").or_else(|| header(&response, "location"));
        let request_id = header(&response, "x-ms-request-id");
        let gateway = header(&response, "x-ms-failure-cause").as_deref() == Some("gateway");
        let success = response.status().is_success();
        let bytes = response.bytes().await.map_err(|error| unreachable(&error))?;
        let json = match serde_json::from_slice(&bytes) {
            Ok(json) => json,
            Err(_) if bytes.is_empty() => Json::Null,
            // Proxies answer with HTML; their status tells what happened.
            Err(_) if !success => Json::Null,
            Err(error) => return Err(Error::Malformed { call: what.to_owned(), reason: error.to_string() }),
        };
        Ok(Self { json, operation_url, request_id, gateway })
    }

    fn into_error(self, status: StatusCode) -> Error {
        Error::Service(self.into_service_error(status))
    }

    fn into_service_error(self, status: StatusCode) -> ServiceError {
        let part = |name: &str| {
            let nested = self.json.pointer(&format!("/error/{name}"));
            nested.or_else(|| self.json.get(name)).and_then(Json::as_str).map(one_line)
        };
        ServiceError {
            status: status.as_u16(),
            code: part("code")
                .unwrap_or_else(|| status.canonical_reason().unwrap_or("Unknown").replace(' ', "")),
            message: part("message").unwrap_or_else(|| "the answer has no explanation".to_owned()),
            request_id: self.request_id,
            gateway: self.gateway,
        }
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
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

/// The innermost words of a transport error, without its URL, which may carry a signature.
fn unreachable(error: &reqwest::Error) -> Error {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("Azure").to_owned();
    let mut reason = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason = inner.to_string();
        cause = inner.source();
    }
    if error.is_timeout() || reason.is_empty() {
        reason = "no answer in time".to_owned();
    }
    Error::Unreachable { host, reason, sent: !error.is_connect() }
}
