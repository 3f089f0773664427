//! What a create finds on the server: the certificate under its name, under another, or none.

use std::sync::Arc;

use crate::certificate::{Certificate, KeyKind};
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::catalog::CertificateRow;
use crate::sql::{self, Statement};

/// Under which name, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there under this name.
    Taken(String),
    /// It is not there, and the name is free.
    Free(String),
}

/// Looks for a certificate. Without a name whatever name it has on the server counts; a new one is then named by its
/// common name.
///
/// # Errors
/// When the name is another certificate's, or the certificate is there under another name.
pub(super) fn look_for(
    seen: &Seen,
    name: Option<&str>,
    certificate: &Certificate,
) -> Result<Found, Diagnostics> {
    let rows = seen.need(seen.snapshot.certificates.as_ref().map_err(Arc::clone))?;
    let is_same = |row: &CertificateRow| row.der.as_deref() == Some(certificate.der());
    let same = rows.iter().find(|row| is_same(row));
    let name = match (name, same) {
        (Some(name), _) => name.to_owned(),
        (None, Some(row)) => row.name.clone(),
        (None, None) => certificate.common_name().unwrap_or(certificate.subject()).to_owned(),
    };
    let differs = |difference: &str| {
        let what = format!("The certificate {name}");
        let import = format!("{}/{name}", seen.server.name());
        Diagnostics::from(
            shared::differs("milink_imported_certificate", &what, difference, &import).at("name"),
        )
    };
    match (seen.need(seen.snapshot.certificate(&name))?, same) {
        (Some(row), _) if is_same(row) && row.private_key == "NA" => Ok(Found::Taken(name)),
        (Some(row), _) if is_same(row) => {
            Err(differs("it has its private key, and is a milink_certificate's"))
        }
        (Some(row), _) => {
            let found = row.der.as_deref().and_then(|der| Certificate::from_der(der).ok());
            Err(differs(&found.map_or_else(
                || "its content cannot be read".to_owned(),
                |found| format!("its SHA-1 is {}, not {}", found.sha1(), certificate.sha1()),
            )))
        }
        (None, Some(row)) => Err(Diagnostic::error(
            "The certificate has another name",
            format!(
                "The SQL Server \"{}\" has this very certificate as {}, and takes it only once.",
                seen.server.name(),
                row.name
            ),
        )
        .hint(format!(
            "write `name = \"{}\"`, or leave `name` out to take it over under its own name",
            row.name
        ))
        .at("name")
        .into()),
        (None, None) => Ok(Found::Free(name)),
    }
}

/// Which type an imported certificate belongs to shows in its private key.
pub(super) fn imported_kind(row: &CertificateRow) -> Result<(), Diagnostics> {
    if row.private_key == "NA" {
        return Ok(());
    }
    Err(Diagnostic::error(
        "A certificate with a private key",
        format!(
            "The certificate {} has its private key on the server, so it was not imported there.",
            row.name
        ),
    )
    .hint("import it as a milink_certificate")
    .into())
}

/// A certificate that the server does not take. No source says which versions take an elliptic key.
pub(super) fn not_taken(
    seen: &Seen,
    statement: &Statement,
    error: &sql::Error,
    certificate: &Certificate,
) -> Diagnostic {
    let diagnostic = reach::statement_error(&seen.server, statement, error);
    let elliptic = matches!(certificate.key(), KeyKind::Elliptic(_));
    if !elliptic || error.number().is_none() || error.hint().is_some() {
        return diagnostic;
    }
    diagnostic.hint(
        "its key is an elliptic curve's, which this server may not take; the roots with RSA keys are \
         `{ for key, root in provider::milink::azure_root_certificates() : key => root if root.key_algorithm == \"RSA\" }`",
    )
}
