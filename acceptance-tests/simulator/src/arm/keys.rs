//! Keys of an instance, and the one that protects it: a linked database with TDE needs a customer's key on both sides.
//!
//! A customer's key is called by its vault, its name and its version; what the vault says of it is not modelled. Bodies,
//! names of operations and their times are those of azure-cli's recording test_sql_mi_tdebyok; codes are those that the
//! specification lists.

use serde_json::{Map, Value};

use super::backend::{InstanceView, KeyView};
use super::call::{Call, thumbprint};
use super::operations::stamp;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;

/// Segments of the polling URLs.
const KEY_OPERATION: &str = "managedInstanceKey";
const PROTECTOR_OPERATION: &str = "managedInstanceEncryptionProtector";

/// Hosts of vaults by cloud, below the vault's name. [documentation of Key Vault]
const VAULTS: [&str; 4] =
    ["vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "managedhsm.azure.net"];

/// `…/keys`.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    read_only(call)?;
    let keys = call.backend.keys(&instance.path);
    // Customers' keys come first. [recording]
    let (own, service): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.vault.is_some());
    let items = own.into_iter().chain(service).map(|key| key_resource(call, instance, key)).collect();
    Ok(call.list(&format!("{}/keys", instance.path.id()), items))
}

/// `…/keys/{name}`.
///
/// # Errors
/// As the service refuses.
pub fn item(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<Reply, ArmError> {
    let keys = call.backend.keys(&instance.path);
    let found = keys.iter().find(|key| key.name.eq_ignore_ascii_case(name));
    let accepted = match (call.method, found) {
        ("GET", Some(key)) => return Ok(Reply::ok(key_resource(call, instance, key))),
        ("GET", None) => return Err(ArmError::child_not_found("keys", name)),
        ("PUT", _) => call.backend.put_key(&instance.path, name, &wanted_uri(call, name)?)?,
        ("DELETE", Some(key)) if key.vault.is_none() => return Err(service_managed()),
        ("DELETE", Some(key)) => call.backend.delete_key(&instance.path, &key.name)?,
        // [specification: "The specified managed instance key does not exist."]
        ("DELETE", None) => return Ok(Reply::empty(204)),
        _ => return Err(call.method_not_supported(&instance.location)),
    };
    Ok(call.accepted(instance, KEY_OPERATION, &accepted))
}

/// `…/encryptionProtector` and `…/encryptionProtector/current`.
///
/// # Errors
/// As the service refuses.
pub fn protector(call: &Call<'_>, instance: &InstanceView, name: Option<&str>) -> Result<Reply, ArmError> {
    let Some(name) = name else {
        read_only(call)?;
        let items = vec![protector_resource(call, instance)];
        return Ok(call.list(&format!("{}/encryptionProtector", instance.path.id()), items));
    };
    check_name(name)?;
    match call.method {
        "GET" => Ok(Reply::ok(protector_resource(call, instance))),
        "PUT" => {
            let properties = properties(call)?;
            let text = |name: &str| properties.get(name).and_then(Value::as_str);
            let key = match text("serverKeyType") {
                Some("ServiceManaged") => KeyView::SERVICE_MANAGED,
                Some("AzureKeyVault") => text("serverKeyName").ok_or_else(invalid_name)?,
                _ => return Err(invalid_type()),
            };
            let rotates = properties.get("autoRotationEnabled").and_then(Value::as_bool).unwrap_or(false);
            let accepted = call.backend.protect(&instance.path, key, rotates)?;
            Ok(call.accepted(instance, PROTECTOR_OPERATION, &accepted))
        }
        _ => Err(call.method_not_supported(&instance.location)),
    }
}

/// `POST …/encryptionProtector/current/revalidate`.
///
/// # Errors
/// As the service refuses.
pub fn revalidate(
    call: &Call<'_>,
    instance: &InstanceView,
    name: &str,
    verb: &str,
) -> Result<Reply, ArmError> {
    if !verb.eq_ignore_ascii_case("revalidate") {
        let kind = format!("managedInstances/encryptionProtector/{verb}");
        return Err(ArmError::no_such_type(&kind, call.version));
    }
    check_name(name)?;
    if call.method != "POST" {
        return Err(call.method_not_supported(&instance.location));
    }
    let accepted = call.backend.revalidate_protector(&instance.path)?;
    Ok(call.accepted(instance, PROTECTOR_OPERATION, &accepted))
}

pub(super) fn read_only(call: &Call<'_>) -> Result<(), ArmError> {
    if call.method == "GET" { Ok(()) } else { Err(ArmError::method_not_allowed(call.method)) }
}

/// What a PUT of a key asks for; the key's name has to be that of its address.
fn wanted_uri(call: &Call<'_>, name: &str) -> Result<String, ArmError> {
    let properties = properties(call)?;
    match properties.get("serverKeyType").and_then(Value::as_str) {
        Some("AzureKeyVault") => {}
        Some("ServiceManaged") => return Err(service_managed()),
        _ => return Err(invalid_type()),
    }
    let uri = properties.get("uri").and_then(Value::as_str).unwrap_or_default();
    if uri.is_empty() {
        return Err(ArmError::provider(
            400,
            "SecurityAzureKeyVaultUrlNullOrEmpty",
            "The operation could not be completed because the Azure Key Vault Uri is null or empty.",
        ));
    }
    let named = name_of(uri).ok_or_else(|| {
        ArmError::provider(400, "AzureKeyVaultMalformedVaultUri", "The provided Key Vault uri is not valid.")
    })?;
    if named.eq_ignore_ascii_case(name) { Ok(uri.to_owned()) } else { Err(invalid_name()) }
}

/// `https://VAULT.vault.azure.net/keys/KEY/VERSION` is called `VAULT_KEY_VERSION`. [REST page of server keys]
fn name_of(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok().filter(|url| url.scheme() == "https")?;
    let (vault, host) = url.host_str()?.split_once('.')?;
    let parts: Vec<&str> = url.path_segments()?.collect();
    match parts.as_slice() {
        ["keys", key, version] if VAULTS.contains(&host) && !key.is_empty() && !version.is_empty() => {
            Some(format!("{vault}_{key}_{version}"))
        }
        _ => None,
    }
}

fn properties(call: &Call<'_>) -> Result<Map<String, Value>, ArmError> {
    match call.json()?.get_mut("properties").map(Value::take) {
        Some(Value::Object(properties)) => Ok(properties),
        _ => Err(ArmError::provider(
            400,
            "InvalidKeyUpsertRequest",
            "The create server key request does not exist or has no properties object.",
        )),
    }
}

fn check_name(name: &str) -> Result<(), ArmError> {
    if name.eq_ignore_ascii_case("current") {
        return Ok(());
    }
    let message = "The encryption protector key name is not supported.";
    Err(ArmError::provider(400, "InvalidEncryptionProtectorName", message))
}

fn invalid_type() -> ArmError {
    ArmError::provider(400, "InvalidKeyType", "The create server key type is not supported.")
}

fn invalid_name() -> ArmError {
    ArmError::provider(400, "InvalidKeyName", "An invalid value was given for the server key name.")
}

fn service_managed() -> ArmError {
    ArmError::provider(
        400,
        "InvalidUpsertKeyType",
        "Service-managed TDE keys are managed by the service. Service-managed TDE keys don't support Create or Update by \
         the user.",
    )
}

fn key_resource(call: &Call<'_>, instance: &InstanceView, key: &KeyView) -> Value {
    let mut properties = Map::new();
    put(&mut properties, "serverKeyType", Some(type_of(key)));
    if let Some(vault) = &key.vault {
        put(&mut properties, "uri", Some(vault.uri.clone()));
        put(&mut properties, "thumbprint", Some(thumbprint(vault.uri.as_bytes())));
        put(&mut properties, "creationDate", Some(stamp(vault.created)));
    }
    put(&mut properties, "autoRotationEnabled", Some(key.rotates));
    resource(call, instance, (ChildType::Keys, &key.name), key, properties)
}

/// The protector shows its key's address and not its thumbprint. [recording]
fn protector_resource(call: &Call<'_>, instance: &InstanceView) -> Value {
    let key = call.backend.encryption_protector(&instance.path);
    let mut properties = Map::new();
    put(&mut properties, "serverKeyName", Some(key.name.clone()));
    put(&mut properties, "serverKeyType", Some(type_of(&key)));
    put(&mut properties, "uri", key.vault.as_ref().map(|vault| vault.uri.clone()));
    put(&mut properties, "autoRotationEnabled", Some(key.rotates));
    resource(call, instance, (ChildType::EncryptionProtector, "current"), &key, properties)
}

fn type_of(key: &KeyView) -> &'static str {
    if key.vault.is_some() { "AzureKeyVault" } else { "ServiceManaged" }
}

fn resource(
    call: &Call<'_>,
    instance: &InstanceView,
    (child, name): (ChildType, &str),
    key: &KeyView,
    properties: Map<String, Value>,
) -> Value {
    let mut resource = call.child(&instance.path, child, name, properties);
    if let Some(resource) = resource.as_object_mut() {
        resource.insert("kind".to_owned(), type_of(key).to_ascii_lowercase().into());
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_key_is_called_by_vault_name_and_version() {
        let named = |uri: &str| name_of(uri).unwrap_or_default();
        assert_eq!(named("https://corp.vault.azure.net/keys/tde/951ca8f9"), "corp_tde_951ca8f9");
        assert_eq!(named("https://corp.managedhsm.azure.net/keys/tde/9"), "corp_tde_9");
        for bad in [
            "http://corp.vault.azure.net/keys/tde/9",
            "https://corp.vault.azure.net/keys/tde",
            "https://corp.vault.azure.net/secrets/tde/9",
            "https://corp.example/keys/tde/9",
            "tde",
        ] {
            assert_eq!(named(bad), "", "{bad}");
        }
    }
}
