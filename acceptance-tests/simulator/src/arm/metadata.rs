//! Cloud metadata, subscriptions, groups, and what `Microsoft.Sql` offers where.
//!
//! `/metadata/endpoints` of 2022-09-01 is one object and not a list, or `az` fails (seen with azure-cli 2.91). It
//! describes a cloud whose every service is this listener, under the name that the client used.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api_version::{self, ApiVersion, V2021_11_PREVIEW};
use super::backend::{Backend, GroupView, SubscriptionView};
use super::call::Call;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::server::Settings;

/// `/metadata/endpoints`.
pub fn cloud(origin: &str) -> Reply {
    Reply::ok(json!({
        "name": "milink-simulator",
        "portal": origin,
        "authentication": {
            "loginEndpoint": origin,
            "audiences": [origin, "https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "media": origin,
        "graphAudience": origin,
        "graph": origin,
        "suffixes": {
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "acrLoginServer": "azurecr.io",
            "sqlServerHostname": "database.windows.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "keyVaultDns": "vault.azure.net",
            "storage": "core.windows.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
        },
        "batch": origin,
        "resourceManager": origin,
        "vmImageAliasDoc": format!("{origin}/aliases.json"),
        "activeDirectoryDataLake": origin,
        "sqlManagement": origin,
        "microsoftGraphResourceId": origin,
        "appInsightsResourceId": origin,
        "appInsightsTelemetryChannelResourceId": origin,
        "attestationResourceId": origin,
        "synapseAnalyticsResourceId": origin,
        "logAnalyticsResourceId": origin,
        "ossrDbmsResourceId": origin,
        "gallery": origin,
    }))
}

/// `/tenants`.
pub fn tenants(tenants: &[String]) -> Reply {
    let items: Vec<Value> = tenants
        .iter()
        .map(|tenant| json!({ "id": format!("/tenants/{tenant}"), "tenantId": tenant, "tenantCategory": "Home" }))
        .collect();
    Reply::ok(json!({ "value": items }))
}

/// A subscription as a resource.
pub fn subscription(view: &SubscriptionView) -> Value {
    json!({
        "id": format!("/subscriptions/{}", view.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": view.id,
        "tenantId": view.tenant,
        "displayName": view.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

/// A resource group as a resource.
pub fn group(subscription: &str, view: &GroupView) -> Value {
    json!({
        "id": format!("/subscriptions/{subscription}/resourceGroups/{}", view.name),
        "name": view.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": view.location,
        "properties": { "provisioningState": "Succeeded" },
    })
}

/// `/subscriptions/{s}/providers/{namespace}`: types, regions, and api-versions, the union over all regions of the
/// subscription. A region may still lack one ([`supported`]), as in Azure.
///
/// # Errors
/// 404 for another namespace than `Microsoft.Sql`.
pub fn provider(call: &Call<'_>, subscription: &str, namespace: &str) -> Result<Reply, ArmError> {
    if !namespace.eq_ignore_ascii_case("Microsoft.Sql") {
        return Err(ArmError::gateway(
            404,
            "InvalidResourceNamespace",
            format!("The resource namespace '{namespace}' is invalid."),
        ));
    }
    let regions = regions(call.backend, subscription);
    let names: Vec<String> = regions.iter().map(|region| display_name(region)).collect();
    let types: Vec<Value> = resource_types()
        .into_iter()
        .map(|kind| {
            let mut versions: BTreeSet<ApiVersion> = BTreeSet::new();
            for region in &regions {
                versions.extend(supported(call.settings, &kind, region));
            }
            if regions.is_empty() {
                versions.extend(supported(call.settings, &kind, ""));
            }
            let newest_first: Vec<String> = versions.iter().rev().map(ToString::to_string).collect();
            json!({
                "resourceType": kind,
                "locations": names,
                "apiVersions": newest_first,
                "capabilities": "SupportsTags, SupportsLocation",
            })
        })
        .collect();
    Ok(Reply::ok(json!({
        "id": format!("/subscriptions/{subscription}/providers/Microsoft.Sql"),
        "namespace": "Microsoft.Sql",
        "resourceTypes": types,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
    })))
}

/// Versions of a type in a region, oldest first.
pub fn supported(settings: &Settings, kind: &str, region: &str) -> Vec<ApiVersion> {
    let first = if kind.to_ascii_lowercase().ends_with("endpointcertificates") {
        V2021_11_PREVIEW
    } else {
        api_version::V2021_05_PREVIEW
    };
    api_version::ALL
        .into_iter()
        .filter(|version| *version >= first)
        .filter(|version| {
            !settings.missing_versions.iter().any(|(at, missing)| {
                missing == version && (at == "*" || super::failover_groups::same_region(at, region))
            })
        })
        .collect()
}

/// The error for a version that a type does not have in a region. [code recorded: Azure PowerShell, 2024]
pub fn no_registered_provider(
    settings: &Settings,
    kind: &str,
    version: &str,
    region: &str,
    regions: &[String],
) -> ArmError {
    let versions: Vec<String> = supported(settings, kind, region).iter().map(ToString::to_string).collect();
    ArmError::gateway(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '{region}' and API version '{version}' for type '{kind}'. The supported api-versions are '{}'. The supported locations are '{}'.",
            versions.join(", "),
            regions.join(", ")
        ),
    )
}

/// Regions in which the subscription has instances or groups.
pub fn regions(backend: &dyn Backend, subscription: &str) -> Vec<String> {
    let mut regions: BTreeSet<String> =
        backend.instances(subscription).into_iter().map(|instance| instance.location).collect();
    regions.extend(backend.groups(subscription).into_iter().map(|group| group.location));
    regions.into_iter().collect()
}

fn resource_types() -> Vec<String> {
    let children = ChildType::ALL.iter().map(|child| format!("managedInstances/{}", child.segment()));
    ["managedInstances".to_owned()]
        .into_iter()
        .chain(children)
        .chain(["locations/instanceFailoverGroups".to_owned()])
        .collect()
}

/// `westeurope` as the portal writes it, for the regions people use in examples; others as they are.
pub(super) fn display_name(region: &str) -> String {
    match region {
        "westeurope" => "West Europe",
        "northeurope" => "North Europe",
        "centralus" => "Central US",
        "westcentralus" => "West Central US",
        "eastus" => "East US",
        "eastus2" => "East US 2",
        "westus2" => "West US 2",
        "uksouth" => "UK South",
        "germanywestcentral" => "Germany West Central",
        other => other,
    }
    .to_owned()
}
