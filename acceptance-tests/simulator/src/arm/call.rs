//! One authorized call to ARM, as handlers see it, and the answers that several of them share.

use serde_json::{Map, Value, json};

use super::api_version::ApiVersion;
use super::backend::{Accepted, Backend, InstanceView, Refusal};
use super::operations::{self, Signer, stamp};
use super::path::{ChildType, InstancePath, OperationPath, RegionPath};
use super::reply::{ArmError, Reply};
use super::server::Settings;
use super::shape::shape;

/// Application that `systemData` names: who made a resource of the world is not recorded.
const CREATOR: &str = "00000000-0000-0000-0000-0000000000aa";

/// A call that passed every check of the gateway.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The world.
    pub backend: &'a dyn Backend,
    /// How the face is set up.
    pub settings: &'a Settings,
    /// Signer of polling URLs.
    pub signer: &'a Signer,
    /// What the client called us: `https://management.azure.com`.
    pub origin: &'a str,
    /// Verb.
    pub method: &'a str,
    /// Path as it was written.
    pub path: &'a str,
    /// Version asked for.
    pub version: ApiVersion,
    /// Query parameters.
    pub query: &'a [(String, String)],
    /// Body.
    pub body: &'a [u8],
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Call<'_> {
    /// The first query parameter of a name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `properties` of the body.
    ///
    /// # Errors
    /// 400 for what is not JSON; 500 for JSON without `properties`, as the service was recorded to do (Azure SDK for .NET, 2022).
    pub fn properties(&self) -> Result<Map<String, Value>, ArmError> {
        match self.json()?.get_mut("properties").map(Value::take) {
            Some(Value::Object(properties)) => Ok(properties),
            _ => Err(ArmError::internal(&uuid::Uuid::new_v4().to_string())),
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 400 of the gateway for what is not a JSON object.
    pub fn json(&self) -> Result<Value, ArmError> {
        serde_json::from_slice(self.body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| ArmError::invalid_content("Unexpected character encountered while parsing value."))
    }

    /// 405 of the provider for a resource, which it calls by an address of its own. [report of a user of azure-powershell]
    pub fn method_not_supported(&self, region: &str) -> ArmError {
        let region = region.to_lowercase().replace(' ', "");
        ArmError::provider(
            405,
            "MethodNotAllowed",
            format!(
                "The HTTP method '{}' is not supported on the resource 'https://management.{region}.control.database.windows.net/modules/AzureResourceManager{}?api-version={}'.",
                self.method, self.path, self.version
            ),
        )
    }

    /// The 202 of an operation that was accepted. `kind` is the segment of its polling URLs, without the suffix.
    pub fn accepted(&self, instance: &InstanceView, kind: &str, accepted: &Accepted) -> Reply {
        let InstancePath { subscription, group, .. } = &instance.path;
        self.accepted_at((subscription, Some(group), &instance.location), kind, accepted)
    }

    /// The same for what belongs to a region: its polling URLs name no resource group. [recording of azure-cli, 2022]
    pub fn accepted_in_region(&self, region: &RegionPath, kind: &str, accepted: &Accepted) -> Reply {
        self.accepted_at((&region.subscription, None, &region.location), kind, accepted)
    }

    fn accepted_at(
        &self,
        (subscription, group, location): (&str, Option<&str>, &str),
        kind: &str,
        accepted: &Accepted,
    ) -> Reply {
        let url = |result: bool| {
            let path = OperationPath {
                subscription: subscription.to_owned(),
                group: group.map(str::to_owned),
                location: location.to_owned(),
                kind: kind.to_owned(),
                id: accepted.id.clone(),
                result,
            };
            self.signer.url(self.origin, &path, self.version, accepted.started)
        };
        let (status, result) = (url(false), url(true));
        operations::accepted(&accepted.operation, accepted.started, status, result, self.settings.retry_after)
    }

    /// A list, in pages where the settings say so; later pages are asked for by `$skipToken`, which nobody else gives.
    pub fn list(&self, path: &str, items: Vec<Value>) -> Reply {
        let Some(size) = self.settings.page_size.filter(|size| *size > 0) else {
            return Reply::ok(json!({ "value": items }));
        };
        let start: usize = self.query("$skipToken").and_then(|token| token.parse().ok()).unwrap_or(0);
        let end = start.saturating_add(size);
        let more = items.len() > end;
        let page: Vec<Value> = items.into_iter().skip(start).take(size).collect();
        let mut body = json!({ "value": page });
        if let (true, Some(body)) = (more, body.as_object_mut()) {
            let link = format!("{}{path}?api-version={}&$skipToken={end}", self.origin, self.version);
            body.insert("nextLink".to_owned(), link.into());
        }
        Reply::ok(body)
    }

    /// A child resource in the shape of the version that was asked for.
    pub fn child(
        &self,
        instance: &InstancePath,
        child: ChildType,
        name: &str,
        properties: Map<String, Value>,
    ) -> Value {
        let resource = json!({
            "properties": properties,
            "id": instance.child_id(child, name),
            "name": name,
            "type": child.type_name(),
        });
        shape(Some(child), self.version, resource)
    }
}

impl From<Refusal> for ArmError {
    fn from(refusal: Refusal) -> Self {
        Self::provider(refusal.status, &refusal.code, refusal.message)
    }
}

/// `systemData` of a resource that was made at `created`.
pub fn system_data(created: time::OffsetDateTime) -> Value {
    json!({
        "createdBy": CREATOR,
        "createdByType": "Application",
        "createdAt": stamp(created),
        "lastModifiedBy": CREATOR,
        "lastModifiedByType": "Application",
        "lastModifiedAt": stamp(created),
    })
}

/// Upper-case hex without `0x`, the service's form for certificates.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// SHA-1 of the DER in upper-case hex. [checked on a recorded certificate]
pub fn thumbprint(der: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref())
}
