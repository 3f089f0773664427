//! Managed databases: read and delete. A link's copy of a database shows here too and stays when the link goes.

use serde_json::{Map, Value};

use super::backend::{DatabaseView, InstanceView};
use super::call::Call;
use super::operations::stamp;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;

const CHILD: ChildType = ChildType::Databases;
const SEGMENT: &str = CHILD.segment();
/// Segment of the polling URLs.
const OPERATION: &str = "managedDatabase";

/// The collection.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    match call.method {
        "GET" => {
            let databases = call.backend.databases(&instance.path);
            let items = databases.iter().map(|one| resource(call, instance, one)).collect();
            Ok(call.list(&format!("{}/{SEGMENT}", instance.path.id()), items))
        }
        method => Err(ArmError::method_not_allowed(method)),
    }
}

/// One database.
///
/// # Errors
/// As the service refuses.
pub fn item(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<Reply, ArmError> {
    let databases = call.backend.databases(&instance.path);
    let found = databases.iter().find(|one| one.name.eq_ignore_ascii_case(name));
    match (call.method, found) {
        ("GET", Some(database)) => Ok(Reply::ok(resource(call, instance, database))),
        ("GET", None) => Err(ArmError::child_not_found(SEGMENT, name)),
        ("DELETE", Some(database)) => {
            let accepted = call.backend.delete_database(&instance.path, &database.name)?;
            Ok(call.accepted(instance, OPERATION, &accepted))
        }
        ("DELETE", None) => Ok(Reply::empty(204)),
        _ => Err(call.method_not_supported(&instance.location)),
    }
}

/// The database as a resource.
pub fn resource(call: &Call<'_>, instance: &InstanceView, database: &DatabaseView) -> Value {
    let mut properties = Map::new();
    put(&mut properties, "collation", Some(database.collation.clone()));
    put(&mut properties, "status", Some(database.status.clone()));
    put(&mut properties, "creationDate", Some(stamp(database.created)));
    put(&mut properties, "failoverGroupId", database.failover_group.clone());
    let mut resource = call.child(&instance.path, CHILD, &database.name, properties);
    if let Some(resource) = resource.as_object_mut() {
        resource.insert("location".to_owned(), instance.location.clone().into());
        resource.insert("tags".to_owned(), Value::Object(Map::new()));
    }
    resource
}
