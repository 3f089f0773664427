//! Certificates as text: read, described and compared.

use super::ImportedCertificate;
use crate::certificate;
use crate::framework::model::Field;
use crate::framework::value::Value;
use crate::resources::reach;

/// The certificate that is written, where it is known.
pub(super) fn parsed(field: &Field<String>) -> Option<certificate::Certificate> {
    field.as_str().and_then(|text| certificate::Certificate::parse(text).ok())
}

/// What the certificate says of itself, as far as it is known.
pub(super) fn describe(model: &mut ImportedCertificate) {
    let Some(certificate) = parsed(&model.certificate) else { return };
    model.thumbprint_sha1 = Field::Known(certificate.sha1());
    model.thumbprint_sha256 = Field::Known(certificate.sha256());
    model.subject = Field::Known(certificate.subject().to_owned());
    model.not_after = reach::rfc3339(certificate.not_after());
}

/// A managed instance's next certificate: no root, and for the same names.
pub(super) fn is_renewal(old: &certificate::Certificate, new: &certificate::Certificate) -> bool {
    let names = |certificate: &certificate::Certificate| {
        let mut names: Vec<String> =
            certificate.dns_names().iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    !old.is_self_signed() && !new.is_self_signed() && !names(old).is_empty() && names(old) == names(new)
}

/// Two spellings of one certificate.
pub(in crate::resources) fn same_certificate(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            matches!((certificate::Certificate::parse(left), certificate::Certificate::parse(right)), (Ok(left), Ok(right)) if left == right)
        }
        _ => false,
    }
}

/// The text is a certificate.
pub(in crate::resources) fn is_certificate(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => match certificate::Certificate::parse(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("must be a certificate: {error}")),
        },
        _ => Err("must be a certificate".to_owned()),
    }
}
