//! Certificates that SQL Servers present, uploaded to the managed instance: `…/serverTrustCertificates`.
//!
//! PUT is create-only: a blob or a name that is already there fails the operation with CertificateAlreadyExists
//! (recorded: Azure SDK for .NET, 2022), which is the world's verdict; here are the form of the blob and the form of the answer.

use serde_json::{Map, Value};

use super::backend::{CertificateView, InstanceView};
use super::call::{Call, hex, thumbprint};
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;
use crate::world::assumption;

const CHILD: ChildType = ChildType::ServerTrustCertificates;
const SEGMENT: &str = CHILD.segment();

/// The collection. Items carry the blob, unlike the specification's example [NET recording].
///
/// # Errors
/// 405 for anything but GET.
pub fn collection(call: &Call<'_>, instance: &InstanceView) -> Result<Reply, ArmError> {
    match call.method {
        "GET" => {
            let certificates = call.backend.trust_certificates(&instance.path);
            let items = certificates.iter().map(|one| resource(call, instance, one)).collect();
            Ok(call.list(&format!("{}/{SEGMENT}", instance.path.id()), items))
        }
        method => Err(ArmError::method_not_allowed(method)),
    }
}

/// One certificate.
///
/// # Errors
/// As the service refuses.
pub fn item(call: &Call<'_>, instance: &InstanceView, name: &str) -> Result<Reply, ArmError> {
    let accepted = match call.method {
        "GET" => {
            let certificates = call.backend.trust_certificates(&instance.path);
            let found = certificates.iter().find(|one| one.is_called(name));
            return match found {
                Some(certificate) => Ok(Reply::ok(resource(call, instance, certificate))),
                None => Err(ArmError::child_not_found(SEGMENT, name)),
            };
        }
        "PUT" => {
            let der = blob(&call.properties()?)?;
            call.backend.upload_trust_certificate(&instance.path, name, der)?
        }
        // ASSUMED 166: one that is not there is "deleted" as a link is.
        "DELETE"
            if call.backend.opposite(assumption::DELETE_NO_CERTIFICATE)
                && !call.backend.trust_certificates(&instance.path).iter().any(|one| one.is_called(name)) =>
        {
            return Ok(Reply::empty(204));
        }
        "DELETE" => call.backend.delete_trust_certificate(&instance.path, name)?,
        _ => return Err(call.method_not_supported(&instance.location)),
    };
    Ok(call.accepted(instance, SEGMENT, &accepted))
}

/// The certificate as a resource: the blob in upper case without `0x`, whatever was sent.
pub fn resource(call: &Call<'_>, instance: &InstanceView, certificate: &CertificateView) -> Value {
    let mut properties = Map::new();
    put(&mut properties, "publicBlob", Some(hex(&certificate.der)));
    put(&mut properties, "thumbprint", Some(thumbprint(&certificate.der)));
    put(&mut properties, "certificateName", Some(certificate.name.clone()));
    call.child(&instance.path, CHILD, &certificate.name, properties)
}

/// The DER in `publicBlob`. [NET recording: texts of both errors]
fn blob(properties: &Map<String, Value>) -> Result<Vec<u8>, ArmError> {
    let text = properties.get("publicBlob").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() {
        return Err(ArmError::provider(400, "MissingPublicBlob", "The public blob is missing."));
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    unhex(digits).filter(|der| is_certificate(der)).ok_or_else(|| {
        ArmError::provider(
            400,
            "InvalidPublicBlob",
            "Invalid public blob specified, reason: 'Cannot find the requested object.\r\n'.",
        )
    })
}

fn is_certificate(der: &[u8]) -> bool {
    x509_parser::parse_x509_certificate(der).is_ok_and(|(rest, _)| rest.is_empty())
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect())
}
