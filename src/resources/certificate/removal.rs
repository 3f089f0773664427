//! Removing certificates of `master`, with a private key or without: what must be true first, and what a plan says of it.

use std::sync::Arc;

use super::found::key;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::quote::Identifier;

/// Terraform gives a rotation the right order only with these lines, which a provider cannot see.
const ORDER: &str = "let the endpoint show another certificate first. A rotation does so by itself with \
    `lifecycle { create_before_destroy = true }` in the milink_certificate and in its milink_server_trust_certificate, and \
    `depends_on = [milink_server_trust_certificate.<name>]` in the milink_mirroring_endpoint; or set `on_destroy = \"keep\"` here, \
    apply, and destroy again";

/// Drops a certificate that nothing uses: an endpoint's is refused, and so is what SQL Server refuses.
pub(in crate::resources) async fn drop_certificate(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
) -> Result<(), Diagnostics> {
    seen.prove_sight(&format!("the certificate {name}"))?;
    if let Some(endpoint) = shown_by(seen, name)? {
        return Err(shared::in_use(
            &format!("the certificate {name}"),
            &format!("the endpoint {endpoint} shows it"),
            ORDER,
        )
        .into());
    }
    let identifier = Identifier::parse("the name of the certificate", name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()))?;
    let statement = Statement::DropCertificate { name: identifier };
    match seen.server.execute(&statement, context.cancellation()).await {
        Ok(()) => Ok(()),
        // 15151: somebody was faster.
        Err(error) if error.number() == Some(15151) || error.is_outcome_unknown() => {
            match seen.again().await?.snapshot.certificate(name) {
                Ok(None) => Ok(()),
                _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
            }
        }
        Err(error) => Err(reach::statement_error(&seen.server, &statement, &error).into()),
    }
}

/// The endpoint that shows it.
pub(super) fn shown_by<'a>(seen: &'a Seen, name: &str) -> Result<Option<&'a str>, Diagnostics> {
    let endpoint = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))?;
    let shows = |used: &str| seen.snapshot.facts.same_name(used, name);
    Ok(endpoint
        .as_ref()
        .filter(|endpoint| endpoint.certificate.as_deref().is_some_and(shows))
        .map(|endpoint| endpoint.name.as_str()))
}

/// A look for a destroy plan. A server that cannot be asked is no reason to refuse the plan: the apply asks again, and
/// what lies elsewhere can go.
pub(in crate::resources) async fn glance(
    context: &Context<Clients>,
    sql_server: &Field<String>,
    server_name: &Field<String>,
    what: &str,
) -> Option<Seen> {
    match reach::read(context, sql_server, server_name).await {
        Ok(seen) => seen,
        Err(errors) => {
            let reason = errors.iter().next().map(|error| error.detail.clone()).unwrap_or_default();
            context.warn(Diagnostic::warning(
                "A removal was planned without a look",
                format!("What uses {what} is asked for in the apply only: {reason}"),
            ));
            None
        }
    }
}

/// Remembers that this run made a certificate or took it over.
pub(in crate::resources) fn hold(context: &Context<Clients>, seen: &Seen, name: &str) {
    if let Some(clients) = context.client() {
        clients.hold(&seen.snapshot.facts.server_name, &key(name));
    }
}

/// Whether this run made it or took it over, so that the other half of a replacement must not drop it.
pub(in crate::resources) fn is_held(context: &Context<Clients>, seen: &Seen, name: &str) -> bool {
    context.client().is_some_and(|clients| clients.is_held(&seen.snapshot.facts.server_name, &key(name)))
}
