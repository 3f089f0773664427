//! One request and its answer: the token, what is logged, what is read of the headers, and what a broken line means.
//!
//! The token goes to the configured service and nowhere else. Addresses that the service hands out (of operations, of
//! further pages) are held against that: Azure answers with its own host, and a machine in between must not be able to
//! have the token sent to another.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::Value as Json;
use tokio::time::Instant;
use url::Url;

use super::environment::Environment;
use super::error::{Error, ServiceError};
use super::patience;
use crate::credential::TokenSource;
use crate::http;

/// The service, how it is reached, and whose token it gets.
pub(super) struct Service {
    pub(super) environment: Environment,
    pub(super) http: http::Client,
    pub(super) credential: Arc<dyn TokenSource>,
}

impl Service {
    /// Sends a request with a token. `what` names the resource in messages; the address may carry a signature.
    pub(super) async fn send(
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
            let target = self
                .own(url)
                .map_err(|reason| Error::Malformed { call: format!("{method} {what}"), reason })?;
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
        let retry_after = header(&response, "retry-after").and_then(|text| patience::retry_after(&text));
        let body = Body::read(response, what).await?;
        Ok((status, retry_after, body))
    }

    /// An address of the configured service, or of a host below it (`westeurope.management.azure.com`).
    fn own(&self, url: &str) -> Result<Url, String> {
        let target: Url = url.parse().map_err(|_| "its address is not a URL".to_owned())?;
        let home: Url = self
            .environment
            .resource_manager
            .parse()
            .map_err(|_| "the address of Azure Resource Manager is not a URL".to_owned())?;
        let (host, own) = (target.host_str().unwrap_or_default(), home.host_str().unwrap_or_default());
        let below = host.strip_suffix(own).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('.'));
        let same_port = target.port_or_known_default() == home.port_or_known_default();
        if below && same_port && target.scheme() == home.scheme() {
            Ok(target)
        } else {
            Err(format!("it leads to {host}, and the token is for {own} alone"))
        }
    }
}

/// An answer, taken apart.
pub(super) struct Body {
    pub(super) json: Json,
    pub(super) operation_url: Option<String>,
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

    pub(super) fn into_error(self, status: StatusCode) -> Error {
        Error::Service(self.into_service_error(status))
    }

    pub(super) fn into_service_error(self, status: StatusCode) -> ServiceError {
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

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Answers after which a read is repeated.
pub(super) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
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
