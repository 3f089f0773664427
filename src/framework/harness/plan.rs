//! Validation, refreshing and planning, as core does them.

use crate::framework::body::Body;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::engine::wire;
use crate::framework::path::AttributePath;
use crate::framework::provider::Provider;
use crate::framework::value::Object;
use crate::plugin::proto::tfplugin5 as proto;
use proto::provider_server::Provider as _;

use super::rules::{form_faults, plan_faults, state_faults};
use super::{
    Action, Harness, Planned, Problem, Stored, answer, client, read_diagnostics, read_path, succeeded,
};

/// The answer to one call of plan.
pub(super) struct PlanCall {
    pub(super) planned: Option<Object>,
    pub(super) replace: Vec<AttributePath>,
    pub(super) private: Vec<u8>,
    pub(super) identity: Option<proto::ResourceIdentityData>,
    pub(super) deferred: bool,
    pub(super) warnings: Diagnostics,
}

impl<P: Provider> Harness<P> {
    /// Validates a configuration; the answer is everything that was found.
    pub async fn validate(&self, type_name: &str, config: &Object) -> Result<Diagnostics, Problem> {
        let request = proto::validate_resource_type_config::Request {
            type_name: type_name.to_owned(),
            config: wire::write_object(Some(config), self.body(type_name)?),
            client_capabilities: client(self.deferrals),
        };
        let response = answer(self.server.validate_resource_type_config(tonic::Request::new(request)).await)?;
        read_diagnostics(response.diagnostics)
    }

    /// Reads the object; nothing when it is gone.
    pub async fn refresh(&self, type_name: &str, stored: &Stored) -> Result<Option<Stored>, Problem> {
        let body = self.body(type_name)?;
        let request = proto::read_resource::Request {
            type_name: type_name.to_owned(),
            current_state: wire::write_object(Some(&stored.state), body),
            private: stored.private.clone(),
            provider_meta: None,
            client_capabilities: client(self.deferrals),
            current_identity: self.identity(type_name, stored.identity.as_ref()),
        };
        let response = answer(self.server.read_resource(tonic::Request::new(request)).await)?;
        succeeded(response.diagnostics)?;
        let Some(state) = self.object(response.new_state.as_ref(), body)? else { return Ok(None) };
        refuse("a read", state_faults(&state, body))?;
        let identity = self.read_identity(type_name, response.new_identity.as_ref())?;
        Ok(Some(Stored { state, private: response.private, identity, tainted: stored.tainted }))
    }

    /// Validates, refreshes, plans, and holds the plan against core's rules.
    pub async fn plan(
        &self,
        type_name: &str,
        prior: Option<&Stored>,
        config: &Object,
    ) -> Result<Planned, Problem> {
        let report = self.validate(type_name, config).await?;
        if report.has_errors() {
            return Err(Problem::Diagnostics(report));
        }
        let prior = match prior {
            Some(prior) => self.refresh(type_name, prior).await?,
            None => None,
        };
        self.plan_refreshed(type_name, prior, config).await
    }

    /// Plans as with `-refresh=false`.
    pub async fn plan_refreshed(
        &self,
        type_name: &str,
        prior: Option<Stored>,
        config: &Object,
    ) -> Result<Planned, Problem> {
        let current = prior.as_ref().filter(|prior| !prior.tainted);
        let mut call = self.plan_call(type_name, current, config, &[], false).await?;
        let unchanged = current.is_some_and(|current| {
            call.planned.as_ref().is_some_and(|planned| same(planned, &current.state))
        });
        let action = match (&prior, current) {
            (None, _) => Action::Create,
            (Some(_), None) => Action::Replace(Vec::new()),
            (Some(_), Some(current)) => {
                let replace = changed_paths(&call, current);
                match (replace.is_empty(), unchanged) {
                    (true, true) => Action::NoOp,
                    (true, false) => Action::Update,
                    (false, _) => Action::Replace(replace),
                }
            }
        };
        if matches!(action, Action::Replace(_)) && current.is_some() {
            // The object that comes next is planned with the bytes of the one that goes.
            let warnings = std::mem::take(&mut call.warnings);
            let private = std::mem::take(&mut call.private);
            call = self.plan_call(type_name, None, config, &private, false).await?;
            call.warnings.extend(warnings);
        }
        Ok(Planned {
            type_name: type_name.to_owned(),
            action,
            prior,
            config: config.clone(),
            planned: call.planned,
            private: call.private,
            deferred: call.deferred,
            diagnostics: call.warnings,
        })
    }

    /// Refreshes and plans the destruction of an object.
    pub async fn plan_destroy(&self, type_name: &str, prior: &Stored) -> Result<Planned, Problem> {
        let body = self.body(type_name)?;
        let refreshed = self.refresh(type_name, prior).await?;
        let mut planned = Planned {
            type_name: type_name.to_owned(),
            action: Action::NoOp,
            prior: refreshed,
            config: Object::new(),
            planned: None,
            private: Vec::new(),
            deferred: false,
            diagnostics: Diagnostics::new(),
        };
        let Some(prior) = &planned.prior else { return Ok(planned) };
        let request = proto::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: wire::write_object(Some(&prior.state), body),
            proposed_new_state: wire::write_object(None, body),
            config: wire::write_object(None, body),
            prior_private: prior.private.clone(),
            provider_meta: None,
            client_capabilities: client(self.deferrals),
            prior_identity: self.identity(type_name, prior.identity.as_ref()),
        };
        let response = answer(self.server.plan_resource_change(tonic::Request::new(request)).await)?;
        planned.diagnostics = succeeded(response.diagnostics)?;
        if self.object(response.planned_state.as_ref(), body)?.is_some() {
            return Err(Problem::Violation("a destroy plan is not null".to_owned()));
        }
        planned.action = Action::Delete;
        planned.private = response.planned_private;
        planned.deferred = is_deferred(response.deferred.as_ref())?;
        Ok(planned)
    }

    /// One call of plan, with core's checks of its answer.
    pub(super) async fn plan_call(
        &self,
        type_name: &str,
        prior: Option<&Stored>,
        config: &Object,
        replaced: &[u8],
        applying: bool,
    ) -> Result<PlanCall, Problem> {
        let body = self.body(type_name)?;
        let request = proto::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: wire::write_object(prior.map(|prior| &prior.state), body),
            // Core's own proposal differs in computed values; nobody here looks at more than whether it is null.
            proposed_new_state: wire::write_object(Some(config), body),
            config: wire::write_object(Some(config), body),
            prior_private: prior.map_or_else(|| replaced.to_vec(), |prior| prior.private.clone()),
            provider_meta: None,
            client_capabilities: client(applying || self.deferrals),
            prior_identity: prior.and_then(|prior| self.identity(type_name, prior.identity.as_ref())),
        };
        let response = answer(self.server.plan_resource_change(tonic::Request::new(request)).await)?;
        let warnings = succeeded(response.diagnostics)?;
        if response.legacy_type_system {
            return Err(Problem::Violation("the legacy type system is claimed".to_owned()));
        }
        if response.planned_private.is_empty() {
            return Err(Problem::Violation(
                "private bytes are empty, so a removal cannot be told".to_owned(),
            ));
        }
        let planned = self.object(response.planned_state.as_ref(), body)?;
        let Some(object) = &planned else {
            return Err(Problem::Violation("the plan of an object that stays is null".to_owned()));
        };
        if prior.is_none() && !replaced.is_empty() {
            // In the second half of a replacement core checks no more than this.
            let mut faults = Vec::new();
            form_faults(object, body, &AttributePath::root(), &mut faults);
            refuse("a plan", faults)?;
        } else {
            refuse("a plan", plan_faults(object, config, prior.map(|prior| &prior.state), body))?;
        }
        let replace: Vec<AttributePath> = response.requires_replace.iter().map(read_path).collect();
        for path in &replace {
            if wire::addressable(body, path) != *path {
                return Err(Problem::Violation(format!("`{path}` is to be replaced and does not exist")));
            }
        }
        Ok(PlanCall {
            planned,
            replace,
            private: response.planned_private,
            identity: response.planned_identity,
            deferred: is_deferred(response.deferred.as_ref())?,
            warnings,
        })
    }

    pub(super) fn object(
        &self,
        value: Option<&proto::DynamicValue>,
        body: Body<'_>,
    ) -> Result<Option<Object>, Problem> {
        wire::read_object(value, body).map_err(|error| Problem::Violation(error.to_string()))
    }

    pub(super) fn identity(
        &self,
        type_name: &str,
        identity: Option<&Object>,
    ) -> Option<proto::ResourceIdentityData> {
        let attributes = self.identity_attributes(type_name);
        wire::write_identity(identity, Body { attributes: &attributes, blocks: &[] })
    }

    pub(super) fn read_identity(
        &self,
        type_name: &str,
        identity: Option<&proto::ResourceIdentityData>,
    ) -> Result<Option<Object>, Problem> {
        let attributes = self.identity_attributes(type_name);
        let body = Body { attributes: &attributes, blocks: &[] };
        let identity = self.object(identity.and_then(|identity| identity.identity_data.as_ref()), body)?;
        match &identity {
            Some(identity) if identity.values().any(|value| !value.is_wholly_known()) => {
                Err(Problem::Violation("the identity is not wholly known".to_owned()))
            }
            None if !attributes.is_empty() => Err(Problem::Violation("the identity is lost".to_owned())),
            _ => Ok(identity),
        }
    }
}

/// Whether a response is deferred, for the one reason that there is.
pub(super) fn is_deferred(deferred: Option<&proto::Deferred>) -> Result<bool, Problem> {
    match deferred.map(proto::Deferred::reason) {
        None => Ok(false),
        Some(proto::deferred::Reason::ProviderConfigUnknown) => Ok(true),
        Some(other) => Err(Problem::Violation(format!("deferred for {other:?}"))),
    }
}

pub(super) fn refuse(what: &str, faults: Vec<String>) -> Result<(), Problem> {
    if faults.is_empty() { Ok(()) } else { Err(Problem::Violation(format!("{what}: {}", faults.join("; ")))) }
}

pub(super) fn same(a: &Object, b: &Object) -> bool {
    crate::framework::equality::objects_equal(a, b)
}

/// The paths that count: core passes over those where nothing changes.
pub(super) fn changed_paths(call: &PlanCall, prior: &Stored) -> Vec<AttributePath> {
    use crate::framework::path::Step;
    use crate::framework::value::Value;
    fn at(object: &Object, path: &AttributePath) -> Option<Value> {
        let mut value = Value::Object(object.clone());
        for step in path.steps() {
            value = match (step, value) {
                (Step::Attribute(name), Value::Object(members)) => members.get(name)?.clone(),
                (Step::Key(key), Value::Map(members)) => members.get(key)?.clone(),
                (Step::Index(index), Value::List(items)) => items.get(usize::try_from(*index).ok()?)?.clone(),
                _ => return None,
            };
        }
        Some(value)
    }
    let Some(planned) = &call.planned else { return Vec::new() };
    let changed = |path: &&AttributePath| match (at(planned, path), at(&prior.state, path)) {
        (Some(a), Some(b)) => !a.equals(&b) || !a.is_wholly_known(),
        (None, None) => false,
        _ => true,
    };
    call.replace.iter().filter(changed).cloned().collect()
}
