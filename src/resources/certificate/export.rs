//! The public part of a certificate, as state shows it.

use super::Certificate;
use crate::certificate;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::resources::reach;
use crate::sql::catalog::CertificateRow;

/// Exports the public part.
pub(super) fn fill(model: &mut Certificate, row: &CertificateRow) -> Result<(), Diagnostics> {
    let Some(der) = &row.der else {
        // The login may see it but not read it: what was known stays.
        if model.certificate.known().is_some() {
            return Ok(());
        }
        return Err(Diagnostic::error(
            "A certificate cannot be read",
            format!("The login may not read the public part of the certificate {}.", row.name),
        )
        .hint("GRANT VIEW DEFINITION ON CERTIFICATE to the login")
        .into());
    };
    let parsed = certificate::Certificate::from_der(der).map_err(|error| {
        Diagnostic::error("A certificate cannot be read", format!("The certificate {}: {error}", row.name))
    })?;
    model.certificate = Field::Known(parsed.to_pem());
    model.certificate_hex = Field::Known(parsed.to_hex());
    model.thumbprint_sha1 = Field::Known(parsed.sha1());
    model.thumbprint_sha256 = Field::Known(parsed.sha256());
    model.not_before = reach::rfc3339(parsed.not_before());
    model.not_after = reach::rfc3339(parsed.not_after());
    Ok(())
}
