//! What every call has in common: the client, the ways in which it can be ended, and how it refuses.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::framework::body::Body;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::framework::model::{Mismatch, Model};
use crate::framework::msgpack::DecodeError;
use crate::framework::path::AttributePath;
use crate::framework::private::Foreign;
use crate::framework::schema::Nesting;
use crate::framework::value::{Object, Value, value_at_mut};
use crate::plugin::Shutdown;
use crate::plugin::proto::tfplugin5 as proto;

use super::plan::each_object;
use super::wire;

/// The summary under which faults of an object's own code are shown.
pub(crate) const BUG: &str = "Bug in the provider";

/// The surroundings of one call.
pub(crate) struct Call<C> {
    pub(crate) client: Option<Arc<C>>,
    pub(crate) cancellation: CancellationToken,
    pub(crate) shutdown: Option<Shutdown>,
    /// Whether the provider's configuration is known only in part.
    pub(crate) partly_unknown: bool,
}

impl<C> Call<C> {
    /// The deferral of a call whose client allows one: only while the provider's configuration is not known, which
    /// is never so in an apply. (That the client allows deferrals does not tell: Terraform says so in every apply.)
    pub(crate) fn deferred(&self, client: Option<&proto::ClientCapabilities>) -> Option<proto::Deferred> {
        let allowed = client.is_some_and(|client| client.deferral_allowed);
        (allowed && self.partly_unknown)
            .then(|| proto::Deferred { reason: proto::deferred::Reason::ProviderConfigUnknown.into() })
    }

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

/// A model of a state; it fails only where a schema and its model disagree.
pub(crate) fn model<M: Model>(object: &Object) -> Result<M, Diagnostics> {
    Ok(M::from_object(object, &AttributePath::root())?)
}

/// A model of a plan, parts of which may be unknown.
pub(crate) fn planned_model<M: Model>(planned: &Object, body: Body<'_>) -> Result<M, Diagnostics> {
    model(&with_present_blocks(planned.clone(), body))
}

/// A model of what a user wrote. A value that the model cannot hold is the user's mistake.
pub(crate) fn config_model<M: Model>(config: &Object, body: Body<'_>) -> Result<M, Diagnostics> {
    let mut report = Diagnostics::new();
    let model = checked_model(config, body, &mut report);
    match (model, report.has_errors()) {
        (Some(model), false) => Ok(model),
        _ => Err(report),
    }
}

/// As [`config_model`], for a check that names every mistake: what the model cannot hold is reported, unless
/// something else was at the same place, and then unknown.
pub(crate) fn checked_model<M: Model>(
    config: &Object,
    body: Body<'_>,
    report: &mut Diagnostics,
) -> Option<M> {
    let mut readable = with_present_blocks(config.clone(), body);
    loop {
        let mismatch = match M::from_object(&readable, &AttributePath::root()) {
            Ok(model) => return Some(model),
            Err(mismatch) => mismatch,
        };
        let slot = value_at_mut(&mut readable, &mismatch.path).filter(|value| !value.is_unknown());
        let (path, expected) = (mismatch.path, mismatch.expected);
        let named = report.iter().any(|found| {
            let (one, other) = (found.path.steps(), path.steps());
            found.severity == Severity::Error
                && !one.is_empty()
                && (one.starts_with(other) || other.starts_with(one))
        });
        if !named {
            let demand = match &slot {
                Some(value) if value.is_absent() => "must not be null".to_owned(),
                _ => format!("must be {expected}"),
            };
            report.push(Diagnostic::error("Invalid value", format!("`{path}` {demand}")).at(path));
        }
        // Each round makes one more value unknown, so this ends.
        match slot {
            Some(slot) => *slot = Value::UNKNOWN,
            None => return None,
        }
    }
}

/// A block that is there at most once and is unknown as a whole, as Terraform sends it: present, with unknown
/// attributes. A model could not say it otherwise.
fn with_present_blocks(mut object: Object, body: Body<'_>) -> Object {
    for block in body.blocks {
        let Some(value) = object.get_mut(block.name) else { continue };
        let once = matches!(block.nesting, Nesting::Single | Nesting::SingleRequired | Nesting::Group);
        if once && value.is_unknown() {
            let unknown = |name: &str| (name.to_owned(), Value::UNKNOWN);
            *value = Value::Object(Body::from(block).names().map(unknown).collect());
        }
        each_object(value, &mut |inner| {
            *inner = with_present_blocks(std::mem::take(inner), Body::from(block));
        });
    }
    object
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
