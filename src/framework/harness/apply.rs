//! Applying, as core does it: plan again, compare, apply, compare.

use crate::framework::diagnostic::Diagnostics;
use crate::framework::engine::wire;
use crate::framework::provider::Provider;
use crate::framework::value::Object;
use crate::plugin::proto::tfplugin5 as proto;
use proto::provider_server::Provider as _;

use super::plan::{PlanCall, changed_paths, refuse, same};
use super::rules::{result_faults, state_faults};
use super::{Action, Applied, Harness, Planned, Problem, Stored, answer, read_diagnostics};

impl<P: Provider> Harness<P> {
    /// Applies a plan whose configuration is wholly known.
    pub async fn apply(&self, plan: Planned) -> Result<Applied, Problem> {
        let config = plan.config.clone();
        self.apply_with(plan, &config).await
    }

    /// Applies a plan and asks it to stop as soon as `when` is over. To kill it instead, run the harness in a
    /// runtime of its own and drop that: verbs end at the point where they wait.
    pub async fn apply_until(
        &self,
        plan: Planned,
        when: impl Future<Output = ()>,
    ) -> Result<Applied, Problem> {
        let applying = self.apply(plan);
        tokio::pin!(applying, when);
        tokio::select! {
            applied = &mut applying => return applied,
            () = &mut when => self.stop().await,
        }
        applying.await
    }

    /// Applies a plan with its configuration as it turned out to be.
    pub async fn apply_with(&self, plan: Planned, config: &Object) -> Result<Applied, Problem> {
        self.apply_ignoring(plan, config, config).await
    }

    /// Applies a plan of an object with `ignore_changes`: core plans with `config`, in which the ignored arguments
    /// are as they were, and applies with `written`.
    pub async fn apply_ignoring(
        &self,
        plan: Planned,
        config: &Object,
        written: &Object,
    ) -> Result<Applied, Problem> {
        if config.values().any(|value| !value.is_wholly_known()) {
            return Err(Problem::Violation("a configuration is wholly known in an apply".to_owned()));
        }
        match (&plan.action, plan.prior.clone()) {
            (Action::NoOp, prior) => Ok(Applied { stored: prior, diagnostics: Diagnostics::new() }),
            (Action::Create, _) => self.make(&plan, None, config, written).await,
            (Action::Update, Some(prior)) => self.make(&plan, Some(prior), config, written).await,
            (Action::Delete, Some(prior)) => self.delete(&plan, prior).await,
            (Action::Replace(_), Some(prior)) => {
                let deleted = self.delete(&plan, prior).await?;
                if deleted.diagnostics.has_errors() {
                    return Ok(deleted);
                }
                let mut made = self.make(&plan, None, config, written).await?;
                made.diagnostics.extend(deleted.diagnostics);
                Ok(made)
            }
            (_, None) => Err(Problem::Violation("there is nothing to change".to_owned())),
        }
    }

    async fn make(
        &self,
        plan: &Planned,
        prior: Option<Stored>,
        config: &Object,
        written: &Object,
    ) -> Result<Applied, Problem> {
        let type_name = plan.type_name.as_str();
        let body = self.body(type_name)?;
        let call = self.plan_call(type_name, prior.as_ref(), config, &[], true).await?;
        self.same_again(plan, prior.as_ref(), &call)?;
        let Some(planned) = &call.planned else {
            return Err(Problem::Violation("the final plan is null".to_owned()));
        };
        if prior.as_ref().is_some_and(|prior| same(planned, &prior.state)) {
            return Ok(Applied { stored: prior, diagnostics: call.warnings });
        }
        let request = proto::apply_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: wire::write_object(prior.as_ref().map(|prior| &prior.state), body),
            planned_state: wire::write_object(Some(planned), body),
            config: wire::write_object(Some(written), body),
            planned_private: call.private,
            provider_meta: None,
            planned_identity: call.identity,
        };
        let response = answer(self.server.apply_resource_change(tonic::Request::new(request)).await)?;
        let mut diagnostics = call.warnings;
        diagnostics.extend(read_diagnostics(response.diagnostics)?);
        let state = self.object(response.new_state.as_ref(), body)?;
        let Some(state) = state else {
            return if diagnostics.has_errors() {
                Ok(Applied { stored: prior, diagnostics })
            } else {
                Err(Problem::Violation("null after an apply".to_owned()))
            };
        };
        refuse("an apply", state_faults(&state, body))?;
        if !diagnostics.has_errors() {
            refuse("an apply", result_faults(&state, planned, body))?;
        }
        let identity = self.read_identity(type_name, response.new_identity.as_ref())?;
        let tainted = prior.is_none() && diagnostics.has_errors();
        let stored = Stored { state, private: response.private, identity, tainted };
        Ok(Applied { stored: Some(stored), diagnostics })
    }

    async fn delete(&self, plan: &Planned, prior: Stored) -> Result<Applied, Problem> {
        let body = self.body(&plan.type_name)?;
        let request = proto::apply_resource_change::Request {
            type_name: plan.type_name.clone(),
            prior_state: wire::write_object(Some(&prior.state), body),
            planned_state: wire::write_object(None, body),
            config: wire::write_object(None, body),
            planned_private: plan.private.clone(),
            provider_meta: None,
            planned_identity: self.identity(&plan.type_name, prior.identity.as_ref()),
        };
        let response = answer(self.server.apply_resource_change(tonic::Request::new(request)).await)?;
        let diagnostics = read_diagnostics(response.diagnostics)?;
        let state = self.object(response.new_state.as_ref(), body)?;
        match (state, diagnostics.has_errors()) {
            (None, false) => Ok(Applied { stored: None, diagnostics }),
            (None, true) => Ok(Applied { stored: Some(prior), diagnostics }),
            (Some(_), false) => Err(Problem::Violation("not null after a delete".to_owned())),
            (Some(state), true) => {
                refuse("a delete", state_faults(&state, body))?;
                let identity = self.read_identity(&plan.type_name, response.new_identity.as_ref())?;
                let stored = Stored { state, private: response.private, identity, tainted: prior.tainted };
                Ok(Applied { stored: Some(stored), diagnostics })
            }
        }
    }

    /// "Provider produced inconsistent final plan".
    fn same_again(&self, plan: &Planned, prior: Option<&Stored>, call: &PlanCall) -> Result<(), Problem> {
        let body = self.body(&plan.type_name)?;
        if let (Some(first), Some(second)) = (&plan.planned, &call.planned) {
            refuse("the final plan", result_faults(second, first, body))?;
        }
        match prior {
            Some(prior) if !changed_paths(call, prior).is_empty() => {
                Err(Problem::Violation("the final plan replaces what was to be updated".to_owned()))
            }
            _ => Ok(()),
        }
    }
}
