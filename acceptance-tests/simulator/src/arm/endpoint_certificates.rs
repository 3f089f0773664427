//! The managed instance's own endpoint certificates: `…/endpointCertificates`, read-only.
//!
//! Two types exist, `DATABASE_MIRRORING` (the link's) and `SERVICE_BROKER`; any other name is 404. The blob comes
//! without `0x`, as recorded, although the specification's examples have it. The issuing roots are there from
//! 2025-08-01-preview on.

use serde_json::{Map, Value, json};

use super::backend::{CertificateView, InstanceView};
use super::call::{Call, hex};
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;

const CHILD: ChildType = ChildType::EndpointCertificates;
const SEGMENT: &str = CHILD.segment();

/// The collection.
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    match call.method {
        "GET" => {
            let certificates = call.backend.endpoint_certificates(&instance.path);
            let items = certificates.iter().map(|one| resource(call, instance, one)).collect();
            Ok(call.list(&format!("{}/{SEGMENT}", instance.path.id()), items))
        }
        method => Err(ArmError::method_not_allowed(method)),
    }
}

/// One certificate.
///
/// # Errors
/// 404 for an unknown type, 405 for anything but GET.
pub fn item(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<Reply, ArmError> {
    if call.method != "GET" {
        return Err(call.method_not_supported(&instance.location));
    }
    let certificates = call.backend.endpoint_certificates(&instance.path);
    match certificates.iter().find(|one| one.name.eq_ignore_ascii_case(name)) {
        Some(certificate) => Ok(Reply::ok(resource(call, instance, certificate))),
        None => Err(ArmError::child_not_found(SEGMENT, name)),
    }
}

fn resource(call: &Call<'_>, instance: &InstanceView, certificate: &CertificateView) -> Value {
    let roots: Vec<Value> = certificate
        .roots
        .iter()
        .map(|(subject, der)| json!({ "subject": subject, "publicBlob": hex(der) }))
        .collect();
    let mut properties = Map::new();
    put(&mut properties, "publicBlob", Some(hex(&certificate.der)));
    put(&mut properties, "trustedRootCertificates", (!roots.is_empty()).then_some(roots));
    call.child(&instance.path, CHILD, &certificate.name, properties)
}
