//! Managed instances: read, scale, stop, start and fail them over, and set `hybridSecondaryUsage`.
//!
//! Making and deleting instances is describing another estate, not a call that this face takes.

use serde_json::{Map, Value, json};

use super::api_version::{V2022_11_PREVIEW, V2025_01};
use super::backend::{InstanceChange, InstanceSize, InstanceView};
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
            let accepted = call.backend.change_instance(&instance.path, change(call)?)?;
            Ok(call.accepted(instance, OPERATION, &accepted))
        }
        method => Err(ArmError::provider(
            405,
            "MethodNotAllowed",
            format!("The simulator takes no {method} of managed instances: change the estate instead."),
        )),
    }
}

/// `POST …/stop`, `…/start` and `…/failover`.
///
/// # Errors
/// As the service refuses.
pub fn action(call: &Call<'_>, instance: &InstanceView, verb: &str) -> Result<Reply, ArmError> {
    let change = match verb.to_ascii_lowercase().as_str() {
        "stop" if call.version >= V2022_11_PREVIEW => InstanceChange::Stop,
        "start" if call.version >= V2022_11_PREVIEW => InstanceChange::Start,
        "failover" => InstanceChange::FailOver,
        _ => return Err(ArmError::no_such_type(&format!("managedInstances/{verb}"), call.version)),
    };
    if call.method != "POST" {
        return Err(call.method_not_supported(&instance.location));
    }
    let accepted = call.backend.change_instance(&instance.path, change)?;
    Ok(call.accepted(instance, OPERATION, &accepted))
}

/// What a PATCH asks for: a size, or the hybrid failover benefit.
fn change(call: &Call<'_>) -> Result<InstanceChange, ArmError> {
    let body = call.json()?;
    let property = |name: &str| body.pointer(name).filter(|value| !value.is_null());
    let text = |name: &str| property(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str, parameter: &str| match property(name) {
        Some(value) => {
            let number =
                value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
            number.map(Some).ok_or_else(|| ArmError::invalid_parameter(parameter))
        }
        None => Ok(None),
    };
    let size = InstanceSize {
        sku: text("/sku/name"),
        tier: text("/sku/tier"),
        v_cores: number("/properties/vCores", "vCores")?.or(number("/sku/capacity", "capacity")?),
        storage_gb: number("/properties/storageSizeInGB", "storageSizeInGB")?,
    };
    // 32 to 32,768 in steps of 32. [Bicep types]
    if size.storage_gb.is_some_and(|storage| storage % 32 != 0 || storage > 32_768) {
        return Err(ArmError::invalid_parameter("storageSizeInGB"));
    }
    if size != InstanceSize::default() {
        return Ok(InstanceChange::Scale(size));
    }
    match text("/properties/hybridSecondaryUsage").as_deref() {
        Some("Passive") => Ok(InstanceChange::Passive(true)),
        Some("Active") => Ok(InstanceChange::Passive(false)),
        _ => Err(ArmError::invalid_parameter("hybridSecondaryUsage")),
    }
}

/// The instance as a resource, in the version's shape.
pub fn resource(call: &Call<'_>, instance: &InstanceView) -> Value {
    let subscription = format!("/subscriptions/{}", instance.path.subscription);
    let network =
        format!("{subscription}/resourceGroups/{}/providers/Microsoft.Network", instance.path.group);
    let mut all = Map::new();
    // Another word until 2022. [Bicep types]
    let provisioning = match instance.provisioning_state.as_str() {
        "InProgress" if call.version < V2022_11_PREVIEW => "Updating",
        state => state,
    };
    put(&mut all, "provisioningState", Some(provisioning));
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
