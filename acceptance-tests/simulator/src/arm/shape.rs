//! Which property exists in which api-version.
//!
//! Handlers build the richest answer; [`shape`] takes out what the version that the client asked for does not have.
//! One table for all types, so that a question like "does 2025-01-01 show `linkMode`?" is answered by one line.
//! Source: published Bicep types per version, `mostRecentError…` from azure-mgmt-sql 5.0.0b2.

use serde_json::{Map, Value};

use super::api_version::{
    ApiVersion, V2022_05_PREVIEW, V2022_11_PREVIEW, V2023_02_PREVIEW, V2023_05_PREVIEW, V2023_08_PREVIEW,
    V2024_11_PREVIEW, V2025_01, V2025_08_PREVIEW, V2026_08_PREVIEW,
};
use super::path::ChildType;

/// A property with the versions that have it: from the first on, up to but without the second.
type Lifetime = (&'static str, Option<ApiVersion>, Option<ApiVersion>);

/// The flat link of 2021; 2023-02-01-preview has both shapes.
const FLAT: (Option<ApiVersion>, Option<ApiVersion>) = (None, Some(V2023_05_PREVIEW));

const LINK: [Lifetime; 24] = [
    ("targetDatabase", FLAT.0, FLAT.1),
    ("sourceEndpoint", FLAT.0, FLAT.1),
    ("primaryAvailabilityGroupName", FLAT.0, FLAT.1),
    ("secondaryAvailabilityGroupName", FLAT.0, FLAT.1),
    ("sourceReplicaId", FLAT.0, FLAT.1),
    ("targetReplicaId", FLAT.0, FLAT.1),
    ("linkState", FLAT.0, FLAT.1),
    ("lastHardenedLsn", FLAT.0, FLAT.1),
    ("instanceRole", Some(V2022_05_PREVIEW), FLAT.1),
    ("distributedAvailabilityGroupName", Some(V2023_02_PREVIEW), None),
    ("databases", Some(V2023_02_PREVIEW), None),
    ("partnerAvailabilityGroupName", Some(V2023_02_PREVIEW), None),
    ("partnerEndpoint", Some(V2023_02_PREVIEW), None),
    ("partnerLinkRole", Some(V2023_02_PREVIEW), None),
    ("instanceLinkRole", Some(V2023_02_PREVIEW), None),
    ("instanceAvailabilityGroupName", Some(V2023_02_PREVIEW), None),
    ("failoverMode", Some(V2023_02_PREVIEW), None),
    ("seedingMode", Some(V2023_02_PREVIEW), None),
    ("databases/seedingProgress", Some(V2023_08_PREVIEW), None),
    ("linkMode", Some(V2025_08_PREVIEW), None),
    ("mostRecentError", Some(V2026_08_PREVIEW), None),
    ("mostRecentErrorTime", Some(V2026_08_PREVIEW), None),
    ("mostRecentErrorMessage", Some(V2026_08_PREVIEW), None),
    ("/systemData", Some(V2025_01), None),
];

const INSTANCE: [Lifetime; 12] = [
    ("virtualClusterId", Some(V2022_11_PREVIEW), None),
    ("isGeneralPurposeV2", Some(V2023_02_PREVIEW), None),
    ("hybridSecondaryUsage", Some(V2023_02_PREVIEW), None),
    ("hybridSecondaryUsageDetected", Some(V2023_02_PREVIEW), None),
    ("storageIOps", Some(V2023_02_PREVIEW), None),
    ("storageThroughputMBps", Some(V2023_02_PREVIEW), None),
    ("pricingModel", Some(V2023_02_PREVIEW), None),
    ("createTime", Some(V2023_02_PREVIEW), None),
    ("databaseFormat", Some(V2023_05_PREVIEW), None),
    // Recorded in this version; when it came is not settled.
    ("externalGovernanceStatus", Some(V2023_05_PREVIEW), None),
    ("memorySizeInGB", Some(V2024_11_PREVIEW), None),
    ("/systemData", Some(V2025_01), None),
];

const ENDPOINT_CERTIFICATE: [Lifetime; 2] =
    [("trustedRootCertificates", Some(V2025_08_PREVIEW), None), ("/systemData", Some(V2025_01), None)];

const OTHER: [Lifetime; 2] =
    [("extendedAccessibilityInfo", Some(V2024_11_PREVIEW), None), ("/systemData", Some(V2025_01), None)];

/// Whether a property is in a version of a type, one that every version has or one of the table.
pub fn has_property(child: Option<ChildType>, version: ApiVersion, property: &str) -> bool {
    let always = ["distributedAvailabilityGroupId", "replicationMode"];
    match table(child).iter().find(|(name, ..)| *name == property) {
        Some((_, from, until)) => {
            from.is_none_or(|from| version >= from) && until.is_none_or(|until| version < until)
        }
        None => child != Some(ChildType::Links) || always.contains(&property),
    }
}

/// Takes out of a resource what `version` does not have. `child` is `None` for the instance itself.
#[must_use]
pub fn shape(child: Option<ChildType>, version: ApiVersion, mut resource: Value) -> Value {
    for (property, from, until) in table(child) {
        if from.is_none_or(|from| version >= from) && until.is_none_or(|until| version < until) {
            continue;
        }
        remove(&mut resource, property);
    }
    resource
}

fn table(child: Option<ChildType>) -> &'static [Lifetime] {
    match child {
        None => &INSTANCE,
        Some(ChildType::Links) => &LINK,
        Some(ChildType::EndpointCertificates) => &ENDPOINT_CERTIFICATE,
        Some(_) => &OTHER,
    }
}

/// Removes `name` from `properties`, `a/b` from every element of the list `properties.a`, `/name` from the top.
fn remove(resource: &mut Value, property: &str) {
    if let Some(top) = property.strip_prefix('/') {
        if let Some(resource) = resource.as_object_mut() {
            resource.remove(top);
        }
        return;
    }
    let Some(properties) = resource.get_mut("properties").and_then(Value::as_object_mut) else { return };
    match property.split_once('/') {
        None => {
            properties.remove(property);
        }
        Some((list, member)) => {
            let elements = properties.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
            for element in elements.filter_map(Value::as_object_mut) {
                element.remove(member);
            }
        }
    }
}

/// Puts a value under a name unless it is absent: the service leaves absent properties out rather than sending null.
pub fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::api_version::{V2021_11, V2023_08};
    use serde_json::json;

    #[test]
    fn each_version_has_its_own_set() {
        let full = json!({ "properties": {
            "targetDatabase": "a", "instanceRole": "Primary", "linkMode": "SingleDatabase", "mostRecentError": "1",
            "replicationMode": "Async", "databases": [{ "databaseName": "a", "seedingProgress": "8%" }],
        }, "systemData": {} });
        let names = |version| {
            let shaped = shape(Some(ChildType::Links), version, full.clone());
            let mut names: Vec<String> = shaped["properties"].as_object().unwrap().keys().cloned().collect();
            names.extend(shaped.get("systemData").map(|_| "systemData".to_owned()));
            names.extend(
                shaped.pointer("/properties/databases/0/seedingProgress").map(|_| "progress".to_owned()),
            );
            names.sort();
            names.join(" ")
        };
        assert_eq!(names(V2021_11), "replicationMode targetDatabase");
        assert_eq!(names(V2022_05_PREVIEW), "instanceRole replicationMode targetDatabase");
        assert_eq!(names(V2023_08), "databases progress replicationMode");
        assert_eq!(names(V2025_01), "databases progress replicationMode systemData");
        assert_eq!(names(V2025_08_PREVIEW), "databases linkMode progress replicationMode systemData");
        assert_eq!(
            names(V2026_08_PREVIEW),
            "databases linkMode mostRecentError progress replicationMode systemData"
        );
    }
}
