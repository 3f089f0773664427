//! Instance failover groups of a region: what excludes links.
//!
//! A group shows in the regions of both members, each in its own resource group, and each shows its own role. Bodies, names
//! of operations and polling URLs are those of azure-cli's recording test_sql_instance_failover_group_mgmt (2022), codes
//! and texts those that the specification lists.

use serde_json::{Map, Value, json};

use super::api_version::V2023_05_PREVIEW;
use super::backend::{FailoverGroupRequest, FailoverGroupSettings, FailoverGroupView};
use super::call::Call;
use super::metadata::display_name;
use super::path::RegionPath;
use super::reply::{ArmError, Reply};

const KIND: &str = "Microsoft.Sql/locations/instanceFailoverGroups";
/// Segment of the polling URLs.
const OPERATION: &str = "instanceFailoverGroup";
/// An hour. ["Failover groups overview", 2025]
const LEAST_GRACE: i64 = 60;

/// All groups of a region.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, region: &RegionPath) -> Result<Reply, ArmError> {
    if call.method != "GET" {
        return Err(ArmError::method_not_allowed(call.method));
    }
    let base = format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/locations/{}/instanceFailoverGroups",
        region.subscription, region.group, region.location
    );
    Ok(call.list(&base, shown(call, region).iter().map(|group| resource(call, region, group)).collect()))
}

/// One group.
///
/// # Errors
/// As the service refuses.
pub fn item(call: &Call<'_>, region: &RegionPath, name: &str) -> Result<Reply, ArmError> {
    let found = shown(call, region).into_iter().find(|group| group.name.eq_ignore_ascii_case(name));
    let accepted = match (call.method, found) {
        ("GET", Some(group)) => return Ok(Reply::ok(resource(call, region, &group))),
        ("GET", None) => {
            let message =
                format!("The requested resource of type '{KIND}' with name '{name}' was not found.");
            return Err(ArmError::provider(404, "ResourceNotFound", message));
        }
        ("PUT", _) => call.backend.put_failover_group(region, name, wanted(call, name)?)?,
        ("DELETE", Some(group)) => call.backend.delete_failover_group(region, &group.name)?,
        ("DELETE", None) => return Ok(Reply::empty(204)),
        _ => return Err(call.method_not_supported(&region.location)),
    };
    Ok(call.accepted_in_region(region, OPERATION, &accepted))
}

/// `POST …/failover` and `…/forceFailoverAllowDataLoss`.
///
/// # Errors
/// As the service refuses.
pub fn action(call: &Call<'_>, region: &RegionPath, name: &str, verb: &str) -> Result<Reply, ArmError> {
    let forced = match verb.to_ascii_lowercase().as_str() {
        "failover" => false,
        "forcefailoverallowdataloss" => true,
        _ => {
            let kind = format!("locations/instanceFailoverGroups/{verb}");
            return Err(ArmError::no_such_type(&kind, call.version));
        }
    };
    if call.method != "POST" {
        return Err(call.method_not_supported(&region.location));
    }
    let accepted = call.backend.fail_over_group(region, name, forced)?;
    Ok(call.accepted_in_region(region, OPERATION, &accepted))
}

fn shown(call: &Call<'_>, region: &RegionPath) -> Vec<FailoverGroupView> {
    let mut groups = call.backend.failover_groups(&region.subscription);
    groups.retain(|one| {
        one.group.eq_ignore_ascii_case(&region.group) && same_region(&one.location, &region.location)
    });
    groups
}

/// What a PUT asks for.
fn wanted(call: &Call<'_>, name: &str) -> Result<FailoverGroupRequest, ArmError> {
    let proper = |text: &str| text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    // [rules for names of Azure resources, Microsoft.Sql/locations/instanceFailoverGroups]
    if name.len() > 63 || !proper(name) || name.starts_with('-') || name.ends_with('-') {
        let message = "Invalid Instance Failover Group name was supplied.";
        return Err(ArmError::provider(409, "InvalidFailoverGroupName", message));
    }
    let body = call.json()?;
    let Some(properties) = body.get("properties").and_then(Value::as_object) else {
        return Err(invalid(
            "",
            "The create or update instance failover group request body is empty or invalid.",
        ));
    };
    let grace_minutes = grace(properties)?;
    let enabled = |name: &str, wanted: &str| {
        let set = properties.get(name);
        set.and_then(|set| set.as_str().or(set.get("failoverPolicy").and_then(Value::as_str))) == Some(wanted)
    };
    let list = |name: &str| properties.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let partner_location = match list("partnerRegions").as_slice() {
        [one] => {
            one.get("location").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        }
        [] => None,
        _ => return Err(invalid("UnsupportedPartnerCount", "Only one partner region is supported.")),
    };
    let partner_location = partner_location.ok_or_else(|| {
        invalid(
            "InvalidManagedInstanceRegion",
            "The provided partner managed instance region in the instance failover group request body is empty or invalid.",
        )
    })?;
    let pairs = list("managedInstancePairs");
    if pairs.len() > 1 {
        return Err(invalid("UnsupportedPairCount", "Only one managed instance pair is supported."));
    }
    let member = |name: &str, code: &str, field: &str| {
        let id = pairs.first().and_then(|pair| pair.get(name)).and_then(Value::as_str);
        id.filter(|id| !id.is_empty()).map(str::to_owned).ok_or_else(|| {
            invalid(
                code,
                &format!(
                    "The given {field} field in create or update instance failover group request body is empty or invalid."
                ),
            )
        })
    };
    let primary = member("primaryManagedInstanceId", "InvalidPrimary", "primary")?;
    let partner = member("partnerManagedInstanceId", "InvalidPartner", "partners")?;
    if primary.eq_ignore_ascii_case(&partner) {
        return Err(invalid(
            "DuplicatePartner",
            "One or more of the provided partner servers are already part of the instance failover group. Please make sure \
             the primary server and all of the given partner servers are unique.",
        ));
    }
    let settings = FailoverGroupSettings {
        grace_minutes,
        read_only_fails_over: enabled("readOnlyEndpoint", "Enabled"),
        standby: enabled("secondaryType", "Standby"),
    };
    Ok(FailoverGroupRequest { settings, partner_location, members: (primary, partner) })
}

/// Minutes of `readWriteEndpoint`, which belong to `Automatic` and to nothing else.
fn grace(properties: &Map<String, Value>) -> Result<Option<u32>, ArmError> {
    let Some(endpoint) = properties.get("readWriteEndpoint").filter(|endpoint| endpoint.is_object()) else {
        return Err(invalid(
            "InvalidReadWriteEndpoint",
            "The readWriteEndpoint field is required for create or update requests.",
        ));
    };
    let minutes = endpoint.get("failoverWithDataLossGracePeriodMinutes").and_then(Value::as_i64);
    match (endpoint.get("failoverPolicy").and_then(Value::as_str), minutes) {
        (Some("Manual"), None) => Ok(None),
        (Some("Manual"), Some(_)) => Err(invalid(
            "InvalidReadWriteEndpointFieldsForManualPolicy",
            "Grace period value should not be provided when failover policy Manual is selected for the read-write endpoint.",
        )),
        (Some("Automatic"), None) => Err(invalid(
            "InvalidReadWriteEndpointFields",
            "The property failoverWithDataLossGracePeriodMinutes must be provided when failover policy Automatic is selected \
             for the read-write endpoint.",
        )),
        (Some("Automatic"), Some(minutes)) if minutes < 0 => Err(invalid(
            "NegativeGracePeriodValues",
            "Grace period value for the read-write endpoint must be non-negative.",
        )),
        (Some("Automatic"), Some(minutes)) if minutes < LEAST_GRACE => Err(invalid(
            "LessThanMinimumGracePeriodValues",
            &format!(
                "Grace period value for the instance failover group must be greater than or equal to the '{LEAST_GRACE}' \
                 minutes minimum grace period"
            ),
        )),
        (Some("Automatic"), Some(minutes)) => Ok(u32::try_from(minutes).ok().or(Some(u32::MAX))),
        _ => Err(invalid(
            "InvalidReadWriteFailoverPolicy",
            "The failoverPolicy field for the read-write endpoint is required for create or update requests.",
        )),
    }
}

fn invalid(what: &str, message: &str) -> ArmError {
    let code = format!(
        "InstanceFailoverGroupCreateOrUpdateRequest{}",
        if what.is_empty() { "Invalid" } else { what }
    );
    ArmError::provider(400, &code, message)
}

fn resource(call: &Call<'_>, region: &RegionPath, group: &FailoverGroupView) -> Value {
    let role = |primary: bool| if primary { "Primary" } else { "Secondary" };
    let FailoverGroupSettings { grace_minutes, read_only_fails_over, standby } = group.settings;
    let mut endpoint =
        json!({ "failoverPolicy": if grace_minutes.is_some() { "Automatic" } else { "Manual" } });
    if let (Some(minutes), Some(endpoint)) = (grace_minutes, endpoint.as_object_mut()) {
        endpoint.insert("failoverWithDataLossGracePeriodMinutes".to_owned(), minutes.into());
    }
    let mut properties = json!({
        "readWriteEndpoint": endpoint,
        "readOnlyEndpoint": { "failoverPolicy": if read_only_fails_over { "Enabled" } else { "Disabled" } },
        "replicationRole": role(group.is_primary),
        "replicationState": "CATCH_UP",
        "partnerRegions": [
            { "location": group.partner_location, "replicationRole": role(!group.is_primary) },
        ],
        "managedInstancePairs": [{
            "primaryManagedInstanceId": group.members.0,
            "partnerManagedInstanceId": group.members.1,
        }],
    });
    if let (true, Some(properties)) = (call.version >= V2023_05_PREVIEW, properties.as_object_mut()) {
        properties.insert("secondaryType".to_owned(), if standby { "Standby" } else { "Geo" }.into());
    }
    json!({
        "properties": properties,
        // The region as people write it. [recording]
        "id": format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/locations/{}/instanceFailoverGroups/{}",
            region.subscription,
            group.group,
            display_name(&group.location),
            group.name
        ),
        "name": group.name,
        "type": KIND,
    })
}

/// `West Europe` and `westeurope` are one region.
pub fn same_region(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    plain(a) == plain(b)
}
