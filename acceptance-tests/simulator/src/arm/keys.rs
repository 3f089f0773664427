//! Keys of an instance and the key that protects it, read-only: a linked database with TDE needs a customer's key on
//! both sides.

use serde_json::{Map, Value};

use super::backend::{InstanceView, KeyView};
use super::call::Call;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;

/// `…/keys`.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    read_only(call)?;
    let keys = call.backend.keys(&instance.path);
    let items = keys.iter().map(|key| resource(call, instance, ChildType::Keys, &key.name, key)).collect();
    Ok(call.list(&format!("{}/keys", instance.path.id()), items))
}

/// `…/keys/{name}`.
///
/// # Errors
/// 404 for an unknown name, 405 for anything but GET.
pub fn item(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<Reply, ArmError> {
    read_only(call)?;
    let keys = call.backend.keys(&instance.path);
    match keys.iter().find(|key| key.name.eq_ignore_ascii_case(name)) {
        Some(key) => Ok(Reply::ok(resource(call, instance, ChildType::Keys, &key.name, key))),
        None => Err(ArmError::child_not_found("keys", name)),
    }
}

/// `…/encryptionProtector` and `…/encryptionProtector/current`.
///
/// # Errors
/// 404 for a name other than `current`, 405 for anything but GET.
pub fn protector(call: &Call<'_>, instance: &InstanceView, name: Option<&str>) -> Result<Reply, ArmError> {
    read_only(call)?;
    let key = call.backend.encryption_protector(&instance.path);
    let resource = resource(call, instance, ChildType::EncryptionProtector, "current", &key);
    match name {
        None => Ok(call.list(&format!("{}/encryptionProtector", instance.path.id()), vec![resource])),
        Some(name) if name.eq_ignore_ascii_case("current") => Ok(Reply::ok(resource)),
        Some(name) => Err(ArmError::child_not_found("encryptionProtector", name)),
    }
}

pub(super) fn read_only(call: &Call<'_>) -> Result<(), ArmError> {
    if call.method == "GET" { Ok(()) } else { Err(ArmError::method_not_allowed(call.method)) }
}

fn resource(call: &Call<'_>, instance: &InstanceView, child: ChildType, name: &str, key: &KeyView) -> Value {
    let kind = if key.uri.is_some() { "AzureKeyVault" } else { "ServiceManaged" };
    let mut properties = Map::new();
    put(&mut properties, "serverKeyType", Some(kind));
    put(&mut properties, "uri", key.uri.clone());
    put(&mut properties, "thumbprint", Some(key.thumbprint.clone()));
    put(&mut properties, "autoRotationEnabled", Some(false));
    if child == ChildType::EncryptionProtector {
        put(&mut properties, "serverKeyName", Some(key.name.clone()));
    }
    let mut resource = call.child(&instance.path, child, name, properties);
    if let Some(resource) = resource.as_object_mut() {
        resource.insert(
            "kind".to_owned(),
            if key.uri.is_some() { "azurekeyvault" } else { "servicemanaged" }.into(),
        );
    }
    resource
}
