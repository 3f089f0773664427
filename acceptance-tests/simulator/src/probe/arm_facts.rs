//! What Azure Resource Manager says of an instance, asked once.

use serde_json::Value;

use super::azure::{Azure, AzureFailure};
use super::names::Names;

/// The version that most is asked in; the newest stable one.
const STABLE: &str = "2025-01-01";
/// The first that names root certificates.
const ROOTS: &str = "2025-08-01-preview";
/// The last stable one with the flat shape of links.
const FLAT: &str = "2021-11-01";

/// An answer, or why there is none.
pub(super) type Answer<T> = Result<T, AzureFailure>;

/// Everything that the checks look at.
#[derive(Debug)]
pub(super) struct ArmFacts {
    /// The instance.
    pub(super) instance: Value,
    /// Its links.
    pub(super) links: Answer<Vec<Value>>,
    /// The same in the flat shape, by their place in `links`.
    pub(super) flat: Vec<Answer<Value>>,
    /// Its databases.
    pub(super) databases: Answer<Vec<Value>>,
    /// The certificates that it trusts.
    pub(super) certificates: Answer<Vec<Value>>,
    /// Its operations.
    pub(super) operations: Answer<Vec<Value>>,
    /// The certificate of its endpoint, with the roots that it names.
    pub(super) endpoint: Answer<Value>,
    /// The certificate of its other endpoint.
    pub(super) broker: Answer<Value>,
    /// The answer to a poll of an operation that there is not, and the operation's id.
    pub(super) unknown: (String, Answer<Value>),
}

impl ArmFacts {
    /// Asks everything, and learns all names.
    ///
    /// # Errors
    /// When the instance itself is not shown.
    pub(super) async fn read(azure: &Azure, names: &mut Names) -> Result<Self, AzureFailure> {
        let (subscription, group, name) = azure.names();
        for (kind, name) in [("subscription", subscription), ("resource group", group), ("instance", name)] {
            names.learn(kind, name);
        }
        let instance = azure.get("", STABLE).await?;
        for (kind, property) in [
            ("instance", "fullyQualifiedDomainName"),
            ("zone", "dnsZone"),
            ("login", "administratorLogin"),
            ("subnet", "subnetId"),
        ] {
            names.learn(kind, word(&instance, property));
        }
        let links = azure.list("distributedAvailabilityGroups", STABLE).await;
        let databases = azure.list("databases", STABLE).await;
        let certificates = azure.list("serverTrustCertificates", STABLE).await;
        for (kind, list) in [("link", &links), ("database", &databases), ("certificate", &certificates)] {
            for item in list.iter().flatten() {
                names.learn(kind, item.get("name").and_then(Value::as_str).unwrap_or_default());
                for (kind, property) in [
                    ("group", "partnerAvailabilityGroupName"),
                    ("group", "instanceAvailabilityGroupName"),
                    ("link", "distributedAvailabilityGroupName"),
                    ("endpoint", "partnerEndpoint"),
                    ("certificate", "certificateName"),
                ] {
                    names.learn(kind, word(item, property));
                }
            }
        }
        let mut flat = Vec::new();
        for link in links.iter().flatten() {
            let name = link.get("name").and_then(Value::as_str).unwrap_or_default();
            flat.push(azure.get(&format!("distributedAvailabilityGroups/{name}"), FLAT).await);
        }
        let region = instance.get("location").and_then(Value::as_str).unwrap_or_default();
        // Made up here, so that nothing has it.
        let id = uuid::Uuid::new_v4().to_string();
        let unknown = azure
            .at(
                &format!(
                    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Sql/locations/{region}/distributedAvailabilityGroupsAzureAsyncOperation/{id}"
                ),
                STABLE,
            )
            .await;
        Ok(Self {
            links,
            flat,
            databases,
            certificates,
            operations: azure.list("operations", STABLE).await,
            endpoint: azure.get("endpointCertificates/DATABASE_MIRRORING", ROOTS).await,
            broker: azure.get("endpointCertificates/SERVICE_BROKER", ROOTS).await,
            unknown: (id, unknown),
            instance,
        })
    }

    /// The update policy.
    pub(super) fn policy(&self) -> Option<&str> {
        Some(word(&self.instance, "databaseFormat")).filter(|policy| !policy.is_empty())
    }

    /// What a report says of the instance.
    pub(super) fn told(&self) -> String {
        let sku = self.instance.pointer("/sku/name").and_then(Value::as_str).unwrap_or("?");
        let links = self.links.as_ref().map_or("unknown".to_owned(), |links| links.len().to_string());
        let (policy, state) = (self.policy().unwrap_or("not told"), word(&self.instance, "state"));
        format!("{sku}, update policy {policy}, {state}, links: {links}")
    }
}

/// A text among the properties of a resource.
pub(super) fn word<'a>(resource: &'a Value, property: &str) -> &'a str {
    resource.pointer("/properties").and_then(|all| all.get(property)?.as_str()).unwrap_or_default()
}
