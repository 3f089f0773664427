//! Importing other content under the name of a certificate that is there.

use super::{found, grants, identifier};
use crate::certificate::Certificate;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::certificate::removal::drop_certificate;
use crate::resources::reach::{self, Seen};
use crate::sql::Statement;

/// Drops the certificate and imports other content under its name, with what it may vouch for. What was there comes back
/// where that fails.
pub(super) async fn import(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
    old: Option<&[u8]>,
    new: &Certificate,
    vouched: &grants::Names,
) -> Result<Seen, Diagnostics> {
    let import_of = |der: &[u8]| {
        Ok::<_, Diagnostics>(Statement::ImportCertificate { name: identifier(name)?, der: der.to_vec() })
    };
    drop_certificate(context, seen, name).await?;
    let statement = import_of(new.der())?;
    // Begun, it has to end: without the certificate no link connects.
    let unstopped = tokio_util::sync::CancellationToken::new();
    let outcome = seen.server.execute(&statement, &unstopped).await;
    let after = seen.again().await?;
    if after.need(after.snapshot.certificate(name))?.is_none() {
        let mut errors = Diagnostics::new();
        if let Err(failed) = &outcome {
            errors.push(found::not_taken(seen, &statement, failed, new));
        }
        if let Some(old) = old {
            let statement = import_of(old)?;
            if let Err(failed) = after.server.execute(&statement, &unstopped).await {
                errors.push(reach::statement_error(&after.server, &statement, &failed));
            } else {
                let again = after.again().await?;
                let _restored = grants::grant(context, &again, name, vouched).await?;
            }
        }
        return Err(errors);
    }
    let _restored = grants::grant(context, &after, name, vouched).await?;
    after.again().await
}

/// Somebody else dropped it.
pub(super) fn gone_meanwhile(seen: &Seen, name: &str) -> Diagnostic {
    Diagnostic::error(
        "A certificate is gone",
        format!("The SQL Server \"{}\" does not show the certificate {name} any more.", seen.server.name()),
    )
    .hint("plan again: the plan then makes it anew")
}
