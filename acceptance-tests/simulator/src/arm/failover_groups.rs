//! Instance failover groups of a region, read-only: what excludes links.

use serde_json::{Value, json};

use super::backend::FailoverGroupView;
use super::call::Call;
use super::reply::{ArmError, Reply};

/// All groups of a region, or the one named.
///
/// # Errors
/// 404 for an unknown name, 405 for anything but GET.
pub fn handle(
    call: &Call<'_>,
    subscription: &str,
    group: &str,
    location: &str,
    name: Option<&str>,
) -> Result<Reply, ArmError> {
    if call.method != "GET" {
        return Err(ArmError::method_not_allowed(call.method));
    }
    let mut groups = call.backend.failover_groups(subscription);
    groups.retain(|one| one.group.eq_ignore_ascii_case(group) && same_region(&one.location, location));
    let base = format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Sql/locations/{location}/instanceFailoverGroups"
    );
    match name {
        None => Ok(call.list(&base, groups.iter().map(|one| resource(&base, one)).collect())),
        Some(name) => match groups.iter().find(|one| one.name.eq_ignore_ascii_case(name)) {
            Some(one) => Ok(Reply::ok(resource(&base, one))),
            None => Err(ArmError::provider(
                404,
                "ResourceNotFound",
                format!(
                    "The requested resource of type 'Microsoft.Sql/locations/instanceFailoverGroups' with name '{name}' was not found."
                ),
            )),
        },
    }
}

fn resource(base: &str, group: &FailoverGroupView) -> Value {
    json!({
        "properties": {
            "secondaryType": "Geo",
            "readWriteEndpoint": { "failoverPolicy": group.policy },
            "readOnlyEndpoint": { "failoverPolicy": "Disabled" },
            "replicationRole": group.role,
            "replicationState": "CATCH_UP",
            "partnerRegions": [{ "location": group.partner_location, "replicationRole": other(&group.role) }],
            "managedInstancePairs": [{
                "primaryManagedInstanceId": group.members.0,
                "partnerManagedInstanceId": group.members.1,
            }],
        },
        "id": format!("{base}/{}", group.name),
        "name": group.name,
        "type": "Microsoft.Sql/locations/instanceFailoverGroups",
    })
}

fn other(role: &str) -> &'static str {
    if role == "Primary" { "Secondary" } else { "Primary" }
}

/// `West Europe` and `westeurope` are one region.
pub fn same_region(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    plain(a) == plain(b)
}
