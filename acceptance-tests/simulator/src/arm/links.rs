//! Managed Instance links: `…/distributedAvailabilityGroups`.
//!
//! Two shapes: flat until 2022, the present one from 2023-05-01-preview on; 2023-02-01-preview takes the flat one and
//! shows both. The order in which a PUT is checked is the recorded one (link_error_handling): databases, the
//! instance's group, the partner's group, the endpoint, which the service still calls SourceEndpoint.
//! What a link *does* is the world's business.

use serde_json::{Map, Value, json};

use super::api_version::{V2022_05_PREVIEW, V2023_05_PREVIEW, V2023_08_PREVIEW, V2025_08_PREVIEW};
use super::backend::{
    InstanceView, LinkDatabaseView, LinkRequest, LinkUpdate, LinkView, LogPoint, RoleChange,
};
use super::call::Call;
use super::operations::stamp;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::{has_property, put};
use crate::world::assumption;

const CHILD: ChildType = ChildType::Links;
const SEGMENT: &str = CHILD.segment();

/// The collection.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    match call.method {
        "GET" => {
            let links = call.backend.links(&instance.path);
            let items = links.iter().map(|link| resource(call, instance, link)).collect();
            Ok(call.list(&format!("{}/{SEGMENT}", instance.path.id()), items))
        }
        method => Err(ArmError::method_not_allowed(method)),
    }
}

/// One link.
///
/// # Errors
/// As the service refuses.
pub fn item(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<Reply, ArmError> {
    let accepted = match call.method {
        "GET" => return Ok(Reply::ok(resource(call, instance, &find(call, instance, name)?))),
        "PUT" => {
            let request = request(call, name)?;
            call.backend.create_link(&instance.path, name, request)?
        }
        "PATCH" => {
            let link = find(call, instance, name)?;
            call.backend.update_link(&instance.path, &link.name, update(call, &link)?)?
        }
        // A link that does not exist is "deleted" by an operation like any other. [recording link_error_handling]
        "DELETE" => call.backend.delete_link(&instance.path, name)?,
        _ => return Err(call.method_not_supported(&instance.location)),
    };
    Ok(call.accepted(instance, SEGMENT, &accepted))
}

/// `POST …/failover` and `POST …/setRole`.
///
/// # Errors
/// As the service refuses.
pub fn action(call: &Call<'_>, instance: &InstanceView, name: &str, verb: &str) -> Result<Reply, ArmError> {
    let change = match verb.to_ascii_lowercase().as_str() {
        "failover" if call.version >= V2023_08_PREVIEW => failover(call),
        "setrole" if call.version >= V2022_05_PREVIEW => set_role(call),
        _ => {
            return Err(ArmError::no_such_type(&format!("{SEGMENT}/{verb}"), call.version));
        }
    };
    if call.method != "POST" {
        return Err(call.method_not_supported(&instance.location));
    }
    let link = find(call, instance, name)?;
    let accepted = call.backend.fail_over_link(&instance.path, &link.name, change?)?;
    Ok(call.accepted(instance, SEGMENT, &accepted))
}

/// The link as a resource, in the version's shape.
pub fn resource(call: &Call<'_>, instance: &InstanceView, link: &LinkView) -> Value {
    let mut resource = call.child(&instance.path, CHILD, &link.name, properties(call, link));
    // The schema has `systemData` from 2025-01-01 on, the service leaves it out. [recordings of 2025-08-01-preview]
    if let (true, Some(resource)) = (call.settings.instance_ids_in_links, resource.as_object_mut()) {
        // Recorded until August 2024: the id is that of the instance.
        resource.insert("id".to_owned(), instance.path.id().into());
    }
    resource
}

fn find(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<LinkView, ArmError> {
    let links = call.backend.links(&instance.path);
    links
        .into_iter()
        .find(|link| link.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| ArmError::child_not_found(SEGMENT, name))
}

/// All properties of the newest version and of the flat shape.
fn properties(call: &Call<'_>, link: &LinkView) -> Map<String, Value> {
    let role = |primary: bool| if primary { "Primary" } else { "Secondary" };
    let mut all = Map::new();
    let first = link.databases.first();
    let (primary_group, secondary_group) = if link.instance_is_primary {
        (&link.instance_group, &link.partner_group)
    } else {
        (&link.partner_group, &link.instance_group)
    };
    put(&mut all, "targetDatabase", first.map(|database| database.name.clone()));
    put(&mut all, "sourceEndpoint", Some(link.partner_endpoint.clone()));
    put(&mut all, "primaryAvailabilityGroupName", Some(primary_group.clone()));
    put(&mut all, "secondaryAvailabilityGroupName", Some(secondary_group.clone()));
    put(&mut all, "sourceReplicaId", first.map(|database| database.partner_replica.clone()));
    put(&mut all, "targetReplicaId", first.map(|database| database.instance_replica.clone()));
    put(&mut all, "linkState", first.map(|database| flat_state(call, &database.state)));
    put(&mut all, "lastHardenedLsn", first.and_then(|database| lsn(&database.hardened)));
    put(&mut all, "instanceRole", Some(role(link.instance_is_primary)));
    put(&mut all, "distributedAvailabilityGroupName", Some(link.name.clone()));
    put(&mut all, "distributedAvailabilityGroupId", Some(link.group_id.clone()));
    put(&mut all, "replicationMode", Some(link.replication_mode.clone()));
    put(&mut all, "partnerLinkRole", Some(role(!link.instance_is_primary)));
    put(&mut all, "partnerAvailabilityGroupName", Some(link.partner_group.clone()));
    put(&mut all, "partnerEndpoint", Some(link.partner_endpoint.clone()));
    put(&mut all, "instanceLinkRole", Some(role(link.instance_is_primary)));
    put(&mut all, "instanceAvailabilityGroupName", Some(link.instance_group.clone()));
    // Left out for the secondary of a multi-database link that was made with None. [recording multi_database_link_mgmt]
    let hidden = link.multi_database
        && !link.instance_is_primary
        && link.failover_mode.as_deref().is_none_or(|mode| mode == "None");
    put(&mut all, "failoverMode", link.failover_mode.clone().filter(|_| !hidden));
    put(&mut all, "seedingMode", Some(link.seeding_mode.clone()));
    put(&mut all, "linkMode", Some(if link.multi_database { "MultiDatabase" } else { "SingleDatabase" }));
    let mut databases: Vec<_> = link.databases.iter().map(database).collect();
    if !link.instance_is_primary {
        // In another order than they were sent in. [recording test_sql_mi_multi_database_link_mgmt]
        databases.reverse();
    }
    put(&mut all, "databases", Some(databases));
    if let Some((number, moment, message)) = &link.error {
        put(&mut all, "mostRecentError", Some(number.clone()));
        put(&mut all, "mostRecentErrorTime", Some(stamp(*moment)));
        put(&mut all, "mostRecentErrorMessage", Some(message.clone()));
    }
    all
}

fn database(view: &LinkDatabaseView) -> Value {
    let mut one = Map::new();
    put(&mut one, "databaseName", Some(view.name.clone()));
    put(&mut one, "instanceReplicaId", Some(view.instance_replica.clone()));
    put(&mut one, "partnerReplicaId", Some(view.partner_replica.clone()));
    put(&mut one, "replicaState", Some(view.state.clone()));
    put(&mut one, "seedingProgress", view.seeding_percent.map(|percent| format!("{percent}%")));
    put(&mut one, "synchronizationHealth", view.health.clone());
    put(&mut one, "connectedState", view.connected.clone());
    for (name, point) in [
        ("lastReceived", &view.received),
        ("lastSent", &view.sent),
        ("lastCommit", &view.committed),
        ("lastHardened", &view.hardened),
        ("lastBackup", &view.backed_up),
    ] {
        put(&mut one, &format!("{name}Lsn"), lsn(point));
        let moment = point.as_ref().and_then(|(_, moment)| *moment);
        put(&mut one, &format!("{name}Time"), moment.map(stamp));
    }
    put(&mut one, "mostRecentLinkError", view.error.clone());
    let validity = view.partner_certificate.as_ref().map_or_else(
        || json!({}),
        |(name, expiry)| json!({ "certificateName": name, "expiryDate": stamp(*expiry) }),
    );
    put(&mut one, "partnerAuthCertValidity", Some(validity));
    put(&mut one, "instanceSendReplicationLagSeconds", view.send_lag);
    put(&mut one, "instanceRedoReplicationLagSeconds", view.redo_lag);
    Value::Object(one)
}

fn lsn(point: &LogPoint) -> Option<String> {
    point.as_ref().map(|(lsn, _)| lsn.clone())
}

/// The state of the flat shape: "Copying" while seeding [NET recording of 2022-02]; the rest ASSUMED 40.
fn flat_state(call: &Call<'_>, state: &str) -> &'static str {
    let other = call.backend.opposite(assumption::LINK_STATE_WORDS);
    match state {
        "LinkSynchronizing" if other => "Replicating",
        "LinkSynchronizing" => "Catchup",
        state if state.contains("Error") && other => "Faulted",
        state if state.contains("Error") => "Error",
        _ => "Copying",
    }
}

fn request(call: &Call<'_>, name: &str) -> Result<LinkRequest, ArmError> {
    let properties = call.properties()?;
    known(call, &properties)?;
    if call.version < V2023_05_PREVIEW {
        return flat_request(&properties);
    }
    let multi_database = call.version >= V2025_08_PREVIEW
        && match choice(&properties, "linkMode", &["SingleDatabase", "MultiDatabase"])? {
            None | Some("SingleDatabase") => false,
            Some(_) => true,
        };
    let databases = database_names(&properties).unwrap_or_default();
    if databases.is_empty() || (databases.len() > 1 && !multi_database) {
        return Err(incomplete("Databases", "Databases"));
    }
    identifier(call, name)?;
    for database in &databases {
        identifier(call, database)?;
        if database.ends_with(char::is_whitespace) {
            return Err(unnamable(
                call,
                "CannotUseTrailingWhitespacesInDatabaseName",
                "Cannot use trailing whitespaces in a database name.",
            ));
        }
    }
    let instance_group = text(&properties, "instanceAvailabilityGroupName")
        .ok_or_else(|| incomplete("InstanceAvailabilityGroupName", "Instance Availability Group Name"))?;
    let partner_group = text(&properties, "partnerAvailabilityGroupName")
        .ok_or_else(|| incomplete("PartnerAvailabilityGroupName", "Partner Availability Group Name"))?;
    let partner_endpoint = text(&properties, "partnerEndpoint")
        .filter(|endpoint| is_endpoint(endpoint))
        .ok_or_else(|| ArmError::invalid_parameter("SourceEndpoint"))?;
    if multi_database && !is_multi_database_name(name) {
        return Err(ArmError::provider(
            400,
            "InvalidMultiDbDistributedAvailabilityGroupName",
            "Multi-database Distributed Availability Group name can only be made up of lowercase letters 'a'-'z', the numbers 0-9 and the hyphen. The hyphen may not lead or trail in the name.",
        ));
    }
    let role = choice(&properties, "instanceLinkRole", &["Primary", "Secondary"])?;
    let seeding = choice(&properties, "seedingMode", &["Automatic", "Manual"])?;
    Ok(LinkRequest {
        databases,
        instance_group,
        partner_group,
        partner_endpoint,
        instance_is_primary: role == Some("Primary"),
        failover_mode: choice(&properties, "failoverMode", &["None", "Manual"])?.map(str::to_owned),
        seeding_mode: seeding.unwrap_or("Automatic").to_owned(),
        multi_database,
    })
}

/// A PUT of 2021 and 2022: always SQL Server to instance, any missing property is InvalidParameterValue. [NET recording]
fn flat_request(properties: &Map<String, Value>) -> Result<LinkRequest, ArmError> {
    let need =
        |name: &str, called: &str| text(properties, name).ok_or_else(|| ArmError::invalid_parameter(called));
    Ok(LinkRequest {
        databases: vec![need("targetDatabase", "TargetDatabase")?],
        instance_group: need("secondaryAvailabilityGroupName", "SecondaryAvailabilityGroupName")?,
        partner_group: need("primaryAvailabilityGroupName", "PrimaryAvailabilityGroupName")?,
        partner_endpoint: need("sourceEndpoint", "SourceEndpoint").and_then(|endpoint| match is_endpoint(
            &endpoint,
        ) {
            true => Ok(endpoint),
            false => Err(ArmError::invalid_parameter("SourceEndpoint")),
        })?,
        instance_is_primary: false,
        failover_mode: None,
        seeding_mode: "Automatic".to_owned(),
        multi_database: false,
    })
}

fn update(call: &Call<'_>, link: &LinkView) -> Result<LinkUpdate, ArmError> {
    let properties = call.properties()?;
    known(call, &properties)?;
    if let Some(mode) = choice(&properties, "replicationMode", &["Async", "Sync"])? {
        return Ok(LinkUpdate::Synchronous(mode == "Sync"));
    }
    match database_names(&properties) {
        Some(databases)
            if !databases.is_empty() && link.multi_database && call.version >= V2025_08_PREVIEW =>
        {
            Ok(LinkUpdate::Databases(databases))
        }
        // A single-database link, or a version without lists: ASSUMED 150.
        Some(_) if call.backend.opposite(assumption::SINGLE_DATABASE_PATCH) => {
            Ok(LinkUpdate::Synchronous(link.replication_mode == "Sync"))
        }
        _ => Err(incomplete("Databases", "Databases")),
    }
}

fn failover(call: &Call<'_>) -> Result<RoleChange, ArmError> {
    let body = call.json()?;
    match body.get("failoverType").and_then(Value::as_str) {
        Some(kind) if kind.eq_ignore_ascii_case("Planned") => Ok(RoleChange::Planned),
        Some(kind) if kind.eq_ignore_ascii_case("ForcedAllowDataLoss") => Ok(RoleChange::Forced),
        // Code and sense: the REST page.
        _ => Err(ArmError::provider(
            400,
            "InvalidDistributedAvailabilityGroupFailoverRequest",
            "Distributed Availability Group failover request body is empty or invalid.",
        )),
    }
}

fn set_role(call: &Call<'_>) -> Result<RoleChange, ArmError> {
    let body = call.json()?;
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    match (field("instanceRole").as_str(), field("roleChangeType").as_str()) {
        (role @ ("primary" | "secondary"), kind @ ("forced" | "planned")) => {
            Ok(RoleChange::SetRole { primary: role == "primary", forced: kind == "forced" })
        }
        // No recording: ASSUMED 39.
        _ if call.backend.opposite(assumption::REFUSAL_CODES) => Err(invalid_segment("instanceRole")),
        _ => Err(ArmError::invalid_parameter("instanceRole")),
    }
}

/// ASSUMED 151: a property that the version does not have counts for nothing.
fn known(call: &Call<'_>, properties: &Map<String, Value>) -> Result<(), ArmError> {
    if !call.backend.opposite(assumption::UNKNOWN_PROPERTIES) {
        return Ok(());
    }
    match properties.keys().find(|name| !has_property(Some(CHILD), call.version, name)) {
        Some(name) => Err(ArmError::invalid_content(&format!(
            "Could not find member '{name}' on object of type 'DistributedAvailabilityGroupProperties'."
        ))),
        None => Ok(()),
    }
}

fn incomplete(suffix: &str, what: &str) -> ArmError {
    ArmError::provider(
        400,
        &format!("InvalidDistributedAvailabilityGroupsCreateOrUpdateRequest{suffix}"),
        format!("Distributed Availability Group Create or Update request body has empty or Invalid {what}."),
    )
}

/// What no identifier of the engine is. [codes and texts: REST pages of 2024; ASSUMED 153: of which names]
fn identifier(call: &Call<'_>, name: &str) -> Result<(), ArmError> {
    if name.contains(['\0', char::REPLACEMENT_CHARACTER]) {
        let text = "The identifier contains NULL or an invalid unicode character.";
        return Err(unnamable(call, "InvalidIdentifier", text));
    }
    if name.encode_utf16().count() > 128 {
        return Err(unnamable(call, "TokenTooLong", "The provided token is too long."));
    }
    Ok(())
}

fn unnamable(call: &Call<'_>, code: &str, text: &str) -> ArmError {
    // ASSUMED 153.
    if call.backend.opposite(assumption::NAMES) {
        return ArmError::invalid_parameter("databaseName");
    }
    ArmError::provider(400, code, text)
}

fn text(properties: &Map<String, Value>, name: &str) -> Option<String> {
    properties.get(name).and_then(Value::as_str).filter(|value| !value.trim().is_empty()).map(str::to_owned)
}

/// An enumeration's value in the specification's letter case; a wrong one is InvalidResourceIdSegment.
/// [recorded: Azure CLI and Azure PowerShell, 2024]
fn choice<'a>(
    properties: &Map<String, Value>,
    name: &str,
    values: &[&'a str],
) -> Result<Option<&'a str>, ArmError> {
    let Some(given) = properties.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let given = given.as_str().unwrap_or_default();
    match values.iter().find(|value| value.eq_ignore_ascii_case(given)) {
        Some(value) => Ok(Some(value)),
        None => Err(invalid_segment(&format!("properties.{name}"))),
    }
}

fn invalid_segment(parameter: &str) -> ArmError {
    ArmError::provider(
        400,
        "InvalidResourceIdSegment",
        format!("The 'parameters.{parameter}' segment in the url is invalid."),
    )
}

/// Names in `databases`; `None` where the list is missing or an element has no name.
fn database_names(properties: &Map<String, Value>) -> Option<Vec<String>> {
    let list = properties.get("databases")?.as_array()?;
    list.iter()
        .map(|element| {
            let name = element.get("databaseName")?.as_str()?;
            (!name.is_empty()).then(|| name.to_owned())
        })
        .collect()
}

/// `TCP://host:port`, scheme in any letter case.
fn is_endpoint(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let Some((host, port)) = rest.rsplit_once(':') else { return false };
    scheme.eq_ignore_ascii_case("tcp")
        && !host.is_empty()
        && !host.contains(['/', ' '])
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_multi_database_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}
