//! Which version of the SQL resource provider is spoken.
//!
//! Regions lag, previews retire, and stable versions hide properties (`linkMode`, `trustedRootCertificates`). So the
//! service is asked once per subscription which versions it knows: changes go through the newest stable one that this
//! provider knows, reads of links and endpoint certificates through the newest preview.

use serde::Deserialize;

/// Stable versions that this provider knows, newest first.
pub(super) const STABLE: [&str; 2] = ["2025-01-01", "2023-08-01"];
/// Previews that are used for reading, newest first.
pub(super) const PREVIEW: [&str; 2] = ["2026-08-01-preview", "2025-08-01-preview"];
/// Version of ARM itself, for `GET /subscriptions/…/providers/…`.
pub(super) const PROVIDERS: &str = "2022-09-01";

/// The versions in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiVersions {
    /// For changes, and for what stable versions show.
    pub(super) stable: String,
    /// For reading what only previews show.
    pub(super) reading: String,
}

/// The part of the provider's metadata that is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    #[serde(default)]
    resource_types: Vec<ResourceType>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceType {
    resource_type: String,
    #[serde(default)]
    api_versions: Vec<String>,
}

impl ApiVersions {
    /// One version for everything.
    pub(super) fn fixed(version: &str) -> Self {
        Self { stable: version.to_owned(), reading: version.to_owned() }
    }

    /// Where the service does not say: the older stable version, which every region has.
    pub(super) fn unasked() -> Self {
        let oldest = STABLE.last().copied().unwrap_or_default();
        Self::fixed(oldest)
    }

    /// The newest that both sides know.
    pub(super) fn choose(metadata: &Metadata) -> Self {
        let links = metadata.resource_types.iter().find(|kind| {
            kind.resource_type.eq_ignore_ascii_case("managedInstances/distributedAvailabilityGroups")
        });
        let Some(links) = links else { return Self::unasked() };
        let newest = |known: &[&str]| {
            known
                .iter()
                .find(|version| links.api_versions.iter().any(|has| has == *version))
                .map(|version| (*version).to_owned())
        };
        let stable = newest(&STABLE).unwrap_or_else(|| Self::unasked().stable);
        let reading = newest(&PREVIEW).unwrap_or_else(|| stable.clone());
        Self { stable, reading }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(versions: &[&str]) -> Metadata {
        serde_json::from_value(serde_json::json!({ "resourceTypes": [
            { "resourceType": "managedInstances/distributedAvailabilityGroups", "apiVersions": versions } ] }))
        .unwrap()
    }

    #[test]
    fn the_newest_that_both_know_is_spoken() {
        let versions = ApiVersions::choose(&metadata(&["2025-08-01-preview", "2025-01-01", "2023-08-01"]));
        assert_eq!(
            (versions.stable.as_str(), versions.reading.as_str()),
            ("2025-01-01", "2025-08-01-preview")
        );
        let versions = ApiVersions::choose(&metadata(&["2023-08-01", "2021-11-01"]));
        assert_eq!((versions.stable.as_str(), versions.reading.as_str()), ("2023-08-01", "2023-08-01"));
        assert_eq!(ApiVersions::choose(&metadata(&[])), ApiVersions::unasked());
    }
}
