//! What every call has in common: the client, the ways in which it can be ended, and how it refuses.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::framework::body::Body;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::{Mismatch, Model};
use crate::framework::msgpack::DecodeError;
use crate::framework::path::AttributePath;
use crate::framework::private::Foreign;
use crate::framework::value::Object;
use crate::plugin::Shutdown;
use crate::plugin::proto::tfplugin5 as proto;

use super::wire;

/// The summary under which faults of an object's own code are shown.
pub(crate) const BUG: &str = "Bug in the provider";

/// The surroundings of one call.
pub(crate) struct Call<C> {
    pub(crate) client: Option<Arc<C>>,
    pub(crate) cancellation: CancellationToken,
    pub(crate) shutdown: Option<Shutdown>,
}

impl<C> Call<C> {
    /// What a verb is given.
    pub(crate) fn context(&self, timeout: Option<Duration>) -> Context<C> {
        let context = Context::new(self.client.clone(), self.cancellation.clone(), timeout);
        match &self.shutdown {
            Some(shutdown) => context.holding(shutdown.clone()),
            None => context,
        }
    }
}

/// A response that can carry diagnostics and nothing else.
pub(crate) trait Refusal: Default + Send + 'static {
    /// Says no, or says why not everything was done.
    fn refuse(diagnostics: Vec<proto::Diagnostic>) -> Self;
}

macro_rules! refusals {
    ($($rpc:ident),* $(,)?) => {
        $(impl Refusal for proto::$rpc::Response {
            fn refuse(diagnostics: Vec<proto::Diagnostic>) -> Self {
                let mut response = Self::default();
                response.diagnostics = diagnostics;
                response
            }
        })*
    };
}

refusals!(
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_functions,
    prepare_provider_config,
    configure,
    validate_resource_type_config,
    validate_data_source_config,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    read_data_source,
    generate_resource_config,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
    validate_list_resource_config,
    plan_action,
    validate_action_config,
);

impl Refusal for proto::call_function::Response {
    fn refuse(diagnostics: Vec<proto::Diagnostic>) -> Self {
        let text = diagnostics.into_iter().map(|diagnostic| diagnostic.detail).collect::<Vec<_>>().join("; ");
        Self { result: None, error: Some(proto::FunctionError { text, function_argument: None }) }
    }
}

impl Refusal for proto::stop::Response {
    fn refuse(_diagnostics: Vec<proto::Diagnostic>) -> Self {
        Self::default()
    }
}

/// Turns what went wrong into a response.
pub(crate) fn answer<T: Refusal>(outcome: Result<T, Diagnostics>, body: Body<'_>) -> T {
    outcome.unwrap_or_else(|diagnostics| T::refuse(wire::diagnostics(diagnostics, Some(body))))
}

/// A model of an object; it fails only where a schema and its model disagree, or where a block is unknown as a
/// whole and the model cannot say so.
pub(crate) fn model<M: Model>(object: &Object) -> Result<M, Diagnostics> {
    Ok(M::from_object(object, &AttributePath::root())?)
}

/// The model for an author's look at values of which parts may be unknown. Nothing when a block is unknown as a
/// whole and the model cannot say so: then there is nothing to look at yet.
pub(crate) fn partial_model<M: Model>(object: &Object) -> Result<Option<M>, Diagnostics> {
    match model(object) {
        Ok(model) => Ok(Some(model)),
        Err(_) if object.values().any(|value| !value.is_wholly_known()) => Ok(None),
        Err(diagnostics) => Err(diagnostics),
    }
}

/// A fault of an object's own code.
pub(crate) fn bug(type_name: &str, faults: &[String]) -> Diagnostic {
    Diagnostic::error(BUG, format!("{type_name}: {}", faults.join("; ")))
        .hint("please report this with the configuration that led to it; secrets are not needed")
}

impl From<Mismatch> for Diagnostics {
    fn from(mismatch: Mismatch) -> Self {
        Diagnostic::error(BUG, mismatch.to_string()).at(mismatch.path).into()
    }
}

impl From<DecodeError> for Diagnostics {
    fn from(error: DecodeError) -> Self {
        Diagnostic::error("Unreadable value", format!("Terraform sent what does not fit the schema: {error}"))
            .at(error.path)
            .hint("a state that was edited by hand, or written by another version of the provider, looks so")
            .into()
    }
}

impl From<Foreign> for Diagnostics {
    fn from(error: Foreign) -> Self {
        Diagnostic::error("Unreadable private state", error.to_string())
            .hint("remove the object from the state with a `removed` block and import it again")
            .into()
    }
}
