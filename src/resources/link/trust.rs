//! What the two sides need to trust each other, and what of it is missing.

use std::sync::Arc;

use crate::arm::{self, LinkId};
use crate::framework::diagnostic::Diagnostics;
use crate::resources::reach::{self, Seen};

/// The endpoint's certificate, the instance's certificate, and the roots: what is missing for the two sides to trust
/// each other, as sentences that name the resource to depend on.
pub(super) async fn missing(
    azure: &arm::Client,
    seen: &Seen,
    id: &LinkId,
    fqdn: &str,
) -> Result<Vec<String>, Diagnostics> {
    let doing = format!("read what the managed instance {} trusts", id.instance.name);
    let mut missing = Vec::new();
    let endpoint = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))?;
    match endpoint {
        None => missing
            .push("SQL Server has no database mirroring endpoint (milink_mirroring_endpoint)".to_owned()),
        Some(endpoint) if endpoint.state != 0 => {
            missing
                .push(format!("the endpoint {} is not started (milink_mirroring_endpoint)", endpoint.name));
        }
        Some(endpoint) => match &endpoint.certificate {
            None => missing.push(format!(
                "the endpoint {} authenticates without a certificate (milink_mirroring_endpoint)",
                endpoint.name
            )),
            Some(name) => {
                let shown = seen.need(seen.snapshot.certificate(name))?.and_then(|row| row.der.clone());
                let trusted = azure
                    .trust_certificates(&id.instance)
                    .await
                    .map_err(|error| reach::arm_error(&doing, &error))?;
                if let Some(shown) = shown
                    && !trusted.iter().any(|certificate| certificate.der.as_deref() == Some(&shown))
                {
                    missing.push(format!(
                        "the managed instance does not have the certificate {name} that the endpoint shows \
                         (milink_server_trust_certificate)"
                    ));
                }
            }
        },
    }
    if seen.need(seen.snapshot.certificate(fqdn))?.is_none() {
        missing.push(format!("SQL Server has no certificate named {fqdn} (milink_imported_certificate)"));
    }
    if let Some(issuers) = seen.need(seen.snapshot.issuers.as_ref().map_err(Arc::clone))? {
        let covers = |pattern: &str| match pattern.strip_prefix('*') {
            Some(suffix) => fqdn.to_ascii_lowercase().ends_with(&suffix.to_ascii_lowercase()),
            None => pattern.eq_ignore_ascii_case(fqdn),
        };
        if !issuers.iter().any(|grant| covers(&grant.dns)) {
            missing.push(format!(
                "no root on SQL Server may vouch for {fqdn} (milink_imported_certificate with trusted_for_dns)"
            ));
        }
    }
    Ok(missing)
}
