//! Azure Resource Manager, only asked: there is no other method here than GET.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::names::Secret;

/// A managed instance in Azure Resource Manager, and who asks.
#[derive(Debug, Clone)]
pub struct AzureTarget {
    /// URL of Azure Resource Manager.
    pub resource_manager: Url,
    /// Resource id of the instance.
    pub instance: String,
    /// A token for Azure Resource Manager.
    pub token: Secret,
    /// Authorities to trust beside none, PEM; the system's where there are none.
    pub authorities: Option<String>,
}

/// No answer.
#[derive(Debug, thiserror::Error)]
pub enum AzureFailure {
    /// The request did not come through.
    #[error("no answer of Azure Resource Manager: {0}")]
    Unreachable(String),
    /// It was answered with an error.
    #[error("{status} {code}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `error.code`.
        code: String,
        /// `error.message`.
        message: String,
    },
    /// It was answered with something that is no JSON, or does not end.
    #[error("an answer of Azure Resource Manager cannot be read: {0}")]
    Unread(String),
    /// The id of the instance.
    #[error("that is not the resource id of a managed instance")]
    NotAnInstance,
}

impl AzureFailure {
    /// Whether rights are missing: an answer that says nothing about the question.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403, .. })
    }
}

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// Most pages of a list that are read.
const PAGES: usize = 100;

/// A client of Azure Resource Manager that only asks.
#[derive(Debug)]
pub(super) struct Azure {
    http: reqwest::Client,
    target: AzureTarget,
}

impl Azure {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// When the id is none, or the authorities cannot be read.
    pub(super) fn new(target: AzureTarget) -> Result<Self, AzureFailure> {
        if parts(&target.instance).is_none() {
            return Err(AzureFailure::NotAnInstance);
        }
        let http = client(target.authorities.as_deref())?;
        Ok(Self { http, target })
    }

    /// Subscription, resource group and name of the instance.
    pub(super) fn names(&self) -> (&str, &str, &str) {
        parts(&self.target.instance).unwrap_or_default()
    }

    /// Asks about the instance (`""`) or something below it (`databases/Sales`).
    ///
    /// # Errors
    /// When there is no answer, or an error for one.
    pub(super) async fn get(&self, child: &str, version: &str) -> Result<Value, AzureFailure> {
        let slash = if child.is_empty() { "" } else { "/" };
        self.at(&format!("{}{slash}{child}", self.target.instance.trim_end_matches('/')), version).await
    }

    /// Asks about any path.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) async fn at(&self, path: &str, version: &str) -> Result<Value, AzureFailure> {
        let mut url = self.target.resource_manager.clone();
        url.set_path(path);
        url.set_query(Some(&format!("api-version={version}")));
        self.fetch(url).await
    }

    /// Asks for a whole list below the instance, page by page.
    ///
    /// # Errors
    /// As [`Self::get`]; also when a page leads to another server, which gets no token.
    pub(super) async fn list(&self, child: &str, version: &str) -> Result<Vec<Value>, AzureFailure> {
        let mut page = self.get(child, version).await?;
        let mut items = Vec::new();
        for _page in 0..PAGES {
            if let Some(values) = page.get_mut("value").and_then(Value::as_array_mut) {
                items.append(values);
            }
            let Some(next) = page.get("nextLink").and_then(Value::as_str) else { return Ok(items) };
            let next =
                Url::parse(next).map_err(|error| AzureFailure::Unread(format!("nextLink: {error}")))?;
            if next.origin() != self.target.resource_manager.origin() {
                return Err(AzureFailure::Unread("nextLink leads to another server".to_owned()));
            }
            page = self.fetch(next).await?;
        }
        Err(AzureFailure::Unread(format!("a list has more than {PAGES} pages")))
    }

    async fn fetch(&self, url: Url) -> Result<Value, AzureFailure> {
        let unreachable = |error: reqwest::Error| AzureFailure::Unreachable(told(&error.without_url()));
        let request = self.http.get(url).bearer_auth(self.target.token.expose());
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        let body: Option<Value> = serde_json::from_str(&text).ok();
        if status.is_success() {
            return body.ok_or_else(|| AzureFailure::Unread("it is no JSON".to_owned()));
        }
        let error = body.as_ref().and_then(|body| body.get("error"));
        let word = |name: &str| {
            let word = error.and_then(|error| error.get(name)).and_then(Value::as_str);
            word.unwrap_or_default().to_owned()
        };
        Err(AzureFailure::Refused { status: status.as_u16(), code: word("code"), message: word("message") })
    }
}

/// A client of HTTPS.
pub(super) fn client(authorities: Option<&str>) -> Result<reqwest::Client, AzureFailure> {
    let unread = |error: reqwest::Error| AzureFailure::Unread(told(&error));
    let mut builder = reqwest::Client::builder()
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER)
        .user_agent(concat!("milink-simulator-probe/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = authorities {
        builder = builder
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(unread)?)
            .no_proxy(); // somebody's own servers stand here for Azure
    }
    builder.build().map_err(unread)
}

/// An error with its causes.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Subscription, resource group and name.
fn parts(id: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = id.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        ["", subscriptions, subscription, groups, group, providers, provider, kind, name]
            if subscriptions.eq_ignore_ascii_case("subscriptions")
                && groups.eq_ignore_ascii_case("resourceGroups")
                && providers.eq_ignore_ascii_case("providers")
                && provider.eq_ignore_ascii_case("Microsoft.Sql")
                && kind.eq_ignore_ascii_case("managedInstances") =>
        {
            Some((subscription, group, name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_managed_instances_alone_are_taken() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi";
        assert_eq!(parts(id), Some(("s", "g", "mi")));
        assert_eq!(parts(&id.to_lowercase()), Some(("s", "g", "mi")));
        for other in ["", "mi", &id.replace("managedInstances", "servers"), &format!("{id}/databases/x")] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
