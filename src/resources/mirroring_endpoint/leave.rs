//! What a destroy leaves behind.

use super::Original;
use super::words::{authentication, encryption, identifier, role};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::reach::Seen;
use crate::sql::Statement;
use crate::sql::catalog::EndpointRow;
use crate::sql::statement::EndpointChange;

/// Puts the authentication back that the endpoint had, if its certificate is still there.
pub(super) async fn put_back(
    context: &Context<Clients>,
    seen: &Seen,
    row: &EndpointRow,
    original: Option<&Original>,
) -> Result<(), Diagnostics> {
    let Some(original) = original else { return Ok(()) };
    if original.connection_auth == row.connection_auth && original.certificate == row.certificate {
        return Ok(());
    }
    let authentication = authentication(original.connection_auth, original.certificate.as_deref())?;
    let mut change = EndpointChange::of(identifier("the name of the endpoint", &row.name)?);
    change.mirroring = Some((authentication, encryption(row.encryption_algorithm), role(row.role)));
    context.warn(Diagnostic::warning(
        "The endpoint has its former authentication again",
        format!(
            "The endpoint {} of {} was taken over and is left as it was found; its listener restarts.",
            row.name, seen.snapshot.facts.server_name
        ),
    ));
    seen.execute(context, &Statement::AlterEndpoint(change)).await
}
