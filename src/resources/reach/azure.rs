//! How a verb reaches Azure, and what it says when it cannot.

use std::sync::Arc;

use super::{clients, not_checked, still_unknown, with_hint};
use crate::arm;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::provider::clients::Unavailable;

/// For a read of Azure: the client, or nothing where the prior state is to be kept.
///
/// # Errors
/// When no credential is configured.
pub fn azure_for_read(context: &Context<Clients>) -> Result<Option<(Arc<arm::Client>, bool)>, Diagnostics> {
    match clients(context)?.azure() {
        Ok((client, keep)) => Ok(Some((Arc::clone(client), keep))),
        Err(Unavailable::NotKnown(argument)) => {
            not_checked(context, &argument);
            Ok(None)
        }
        Err(Unavailable::Wrong(diagnostic)) => Err(diagnostic.into()),
    }
}

/// For a deed in Azure.
///
/// # Errors
/// When no credential is configured, or it is still not known.
pub fn azure(context: &Context<Clients>) -> Result<Arc<arm::Client>, Diagnostics> {
    match clients(context)?.azure() {
        Ok((client, _)) => Ok(Arc::clone(client)),
        Err(Unavailable::NotKnown(argument)) => Err(still_unknown(&argument).into()),
        Err(Unavailable::Wrong(diagnostic)) => Err(diagnostic.into()),
    }
}

/// How long a deed in Azure may take.
pub fn wait(context: &Context<Clients>) -> arm::Wait {
    arm::Wait { cancellation: context.cancellation().clone(), deadline: context.deadline() }
}

/// A failed call, as a user reads it: `doing` is "create the link DAG_Sales".
pub fn arm_error(doing: &str, error: &arm::Error) -> Diagnostic {
    let summary = match error {
        arm::Error::Cancelled => "Stopped on request",
        error if error.is_unreachable() => "Azure does not answer",
        arm::Error::Credential(_) => "No token for Azure",
        error if error.status() == Some(403) => "Azure refuses the access",
        error if error.status() == Some(404) => "Azure does not know the object",
        _ => "Azure refused",
    };
    with_hint(Diagnostic::error(summary, format!("Could not {doing}: {error}")), error.hint())
}

/// Says once that Azure's objects keep their last known state.
pub fn azure_kept(context: &Context<Clients>, error: &arm::Error) {
    if context.client().is_some_and(|clients| clients.say_once("azure kept")) {
        context.warn(Diagnostic::warning(
            "Azure does not answer",
            format!("What lives in Azure keeps its last known state: {error}"),
        ));
    }
}
