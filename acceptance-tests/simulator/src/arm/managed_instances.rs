//! Managed instances: read them, and set `hybridSecondaryUsage`, the one property that belongs to links.
//!
//! Everything else about an instance (creating, scaling, stopping) is an operation on the world, not a call that this
//! face takes.

use serde_json::{Map, Value, json};

use super::api_version::V2025_01;
use super::backend::InstanceView;
use super::call::{Call, system_data};
use super::operations::stamp;
use super::reply::{ArmError, Reply};
use super::shape::{put, shape};

/// Segment of the polling URLs.
const OPERATION: &str = "managedInstance";

/// Instances of a subscription or of one group.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, subscription: &str, group: Option<&str>) -> Result<Reply, ArmError> {
    if call.method != "GET" {
        return Err(ArmError::method_not_allowed(call.method));
    }
    let mut instances = call.backend.instances(subscription);
    instances.retain(|one| group.is_none_or(|group| one.path.group.eq_ignore_ascii_case(group)));
    let items = instances.iter().map(|instance| resource(call, instance)).collect();
    let scope = group.map_or_else(String::new, |group| format!("/resourceGroups/{group}"));
    let path = format!("/subscriptions/{subscription}{scope}/providers/Microsoft.Sql/managedInstances");
    Ok(call.list(&path, items))
}

/// One instance.
///
/// # Errors
/// As the service refuses.
pub fn item(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    match call.method {
        "GET" => Ok(Reply::ok(resource(call, instance))),
        "PATCH" => {
            let properties = call.properties()?;
            let passive = match properties.get("hybridSecondaryUsage").and_then(Value::as_str) {
                Some("Passive") => true,
                Some("Active") => false,
                _ => return Err(ArmError::invalid_parameter("hybridSecondaryUsage")),
            };
            let accepted = call.backend.set_hybrid_secondary_usage(&instance.path, passive)?;
            Ok(call.accepted(instance, OPERATION, &accepted))
        }
        method => Err(ArmError::provider(
            405,
            "MethodNotAllowed",
            format!("The simulator takes no {method} of managed instances: change the estate instead."),
        )),
    }
}

/// The instance as a resource, in the version's shape.
pub fn resource(call: &Call<'_>, instance: &InstanceView) -> Value {
    let subscription = format!("/subscriptions/{}", instance.path.subscription);
    let network =
        format!("{subscription}/resourceGroups/{}/providers/Microsoft.Network", instance.path.group);
    let mut all = Map::new();
    put(&mut all, "provisioningState", Some(instance.provisioning_state.clone()));
    put(&mut all, "fullyQualifiedDomainName", Some(instance.fqdn.clone()));
    // There only when true. [recordings: absent on Business Critical and on the old General Purpose]
    put(&mut all, "isGeneralPurposeV2", instance.general_purpose_v2.then_some(true));
    put(&mut all, "administratorLogin", Some(instance.administrator.clone()));
    put(&mut all, "subnetId", Some(format!("{network}/virtualNetworks/vnet-mi/subnets/ManagedInstance")));
    put(&mut all, "state", Some(instance.state.clone()));
    put(&mut all, "licenseType", Some(instance.license.clone()));
    put(&mut all, "hybridSecondaryUsage", Some(instance.hybrid_secondary_usage.clone()));
    put(&mut all, "hybridSecondaryUsageDetected", instance.hybrid_secondary_usage_detected.clone());
    put(&mut all, "vCores", Some(instance.v_cores));
    put(&mut all, "storageSizeInGB", Some(instance.storage_gb));
    if instance.general_purpose_v2 {
        put(&mut all, "storageIOps", Some(instance.storage_gb * 3));
        put(&mut all, "storageThroughputMBps", Some(75));
    }
    put(&mut all, "collation", Some(instance.collation.clone()));
    put(&mut all, "dnsZone", Some(instance.dns_zone.clone()));
    put(&mut all, "publicDataEndpointEnabled", Some(instance.public_endpoint));
    put(&mut all, "proxyOverride", Some("Redirect"));
    put(&mut all, "timezoneId", Some(instance.time_zone.clone()));
    put(
        &mut all,
        "maintenanceConfigurationId",
        Some(format!(
            "{subscription}/providers/Microsoft.Maintenance/publicMaintenanceConfigurations/SQL_Default"
        )),
    );
    put(&mut all, "privateEndpointConnections", Some(Value::Array(Vec::new())));
    put(&mut all, "minimalTlsVersion", Some("1.2"));
    put(&mut all, "currentBackupStorageRedundancy", Some("Geo"));
    put(&mut all, "requestedBackupStorageRedundancy", Some("Geo"));
    put(&mut all, "zoneRedundant", Some(false));
    put(
        &mut all,
        "virtualClusterId",
        Some(format!(
            "{subscription}/resourceGroups/{}/providers/Microsoft.Sql/virtualClusters/VirtualCluster{}",
            instance.path.group,
            // Instances of a subnet share it, as they share the zone; which one it is does not matter to anybody.
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_DNS, instance.dns_zone.as_bytes())
        )),
    );
    put(&mut all, "externalGovernanceStatus", Some("Disabled"));
    put(&mut all, "pricingModel", Some("Regular"));
    put(&mut all, "createTime", Some(stamp(instance.created)));
    put(&mut all, "databaseFormat", Some(instance.database_format.clone()));
    let tags: Map<String, Value> =
        instance.tags.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let family = instance.sku.rsplit('_').next().unwrap_or_default();
    let mut whole = json!({
        "sku": { "name": instance.sku, "tier": instance.tier, "family": family, "capacity": instance.v_cores },
        "properties": all,
        "location": instance.location,
        "tags": tags,
        "id": instance.path.id(),
        "name": instance.path.name,
        "type": "Microsoft.Sql/managedInstances",
    });
    if let (true, Some(whole)) = (call.version >= V2025_01, whole.as_object_mut()) {
        whole.insert("systemData".to_owned(), system_data(instance.created));
    }
    shape(None, call.version, whole)
}
