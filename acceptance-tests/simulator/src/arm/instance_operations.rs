//! Operations of an instance: `…/operations`, and calling one off. Whether those of links show there is not settled;
//! ASSUMED 42 that they do.

use serde_json::{Value, json};

use super::backend::{InstanceView, OperationView};
use super::call::Call;
use super::keys;
use super::operations::{Standing, stamp};
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use crate::world::assumption;

/// The collection.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    keys::read_only(call)?;
    let mut views = call.backend.operations(&instance.path);
    if call.backend.opposite(assumption::LINK_OPERATIONS) {
        views.retain(|view| view.child.is_none());
    }
    let items = views.iter().map(|view| resource(instance, view)).collect();
    Ok(call.list(&format!("{}/operations", instance.path.id()), items))
}

/// One operation.
///
/// # Errors
/// 404 for an unknown id, 405 for anything but GET.
pub fn item(call: &Call<'_>, instance: &InstanceView, id: &str) -> Result<Reply, ArmError> {
    keys::read_only(call)?;
    Ok(Reply::ok(resource(instance, &find(call, instance, id)?)))
}

/// `POST …/cancel`. ["Managed Instance Operations - Cancel", REST page of 2023]
///
/// # Errors
/// 404 for an unknown id, 409 for what cannot be called off, 405 for another verb.
pub fn action(call: &Call<'_>, instance: &InstanceView, id: &str, verb: &str) -> Result<Reply, ArmError> {
    if !verb.eq_ignore_ascii_case("cancel") {
        return Err(ArmError::no_such_type(&format!("managedInstances/operations/{verb}"), call.version));
    }
    if call.method != "POST" {
        return Err(call.method_not_supported(&instance.location));
    }
    find(call, instance, id)?;
    call.backend.cancel_operation(&instance.path, id)?;
    Ok(Reply::empty(200))
}

fn find(call: &Call<'_>, instance: &InstanceView, id: &str) -> Result<OperationView, ArmError> {
    let views = call.backend.operations(&instance.path);
    let found = views.into_iter().find(|view| view.accepted.id.eq_ignore_ascii_case(id));
    found.ok_or_else(|| ArmError::child_not_found(ChildType::Operations.segment(), id))
}

fn resource(instance: &InstanceView, view: &OperationView) -> Value {
    let (state, percent) = match view.standing {
        Standing::InProgress => ("InProgress", 50),
        Standing::Succeeded => ("Succeeded", 100),
        Standing::Failed { .. } => ("Failed", 100),
        Standing::Canceled => ("Cancelled", 100),
    };
    let mut properties = json!({
        "managedInstanceName": instance.path.name,
        "operation": view.accepted.operation,
        "operationFriendlyName": view.accepted.operation,
        "percentComplete": percent,
        "startTime": stamp(view.accepted.started),
        "state": state,
        "isCancellable": view.cancellable,
    });
    if let (Standing::Failed { code, message }, Some(properties)) =
        (&view.standing, properties.as_object_mut())
    {
        properties.insert("errorDescription".to_owned(), format!("{code}: {message}").into());
    }
    json!({
        "properties": properties,
        "id": instance.path.child_id(ChildType::Operations, &view.accepted.id),
        "name": view.accepted.id,
        "type": ChildType::Operations.type_name(),
    })
}
