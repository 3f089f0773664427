//! Plans of managed resources: which verb, with what, and what of its answer counts.

use crate::framework::conform::conform_object;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Model;
use crate::framework::path::AttributePath;
use crate::framework::private::Envelope;
use crate::framework::resource::{CreatePlan, Resource, State, UpdatePlan};
use crate::framework::value::{Object, value_at};
use crate::plugin::proto::tfplugin5 as proto;
use proto::plan_resource_change::{Request, Response};

use super::call::{Call, config_model, model, planned_model};
use super::plan::{propose, replacements, settle};
use super::resource::{Managed, failing};
use super::wire;

impl<C: Send + Sync + 'static, R: Resource<C>> Managed<C, R> {
    pub(super) async fn do_plan(&self, call: Call<C>, request: Request) -> Result<Response, Diagnostics> {
        let body = self.shape.body();
        let prior = wire::read_object(request.prior_state.as_ref(), body)?;
        let proposed = wire::read_object(request.proposed_new_state.as_ref(), body)?;
        let config = wire::read_object(request.config.as_ref(), body)?;
        match (prior, proposed, config) {
            (Some(prior), None, _) => self.plan_destroy(call, request, prior).await,
            (_, None, _) => {
                Ok(Response { planned_state: wire::write_object(None, body), ..Default::default() })
            }
            (None, Some(_), config) => {
                let config = config.unwrap_or_else(|| body.empty());
                self.plan_create(call, request, config).await
            }
            (Some(prior), Some(_), config) => {
                let config = config.unwrap_or_else(|| body.empty());
                self.plan_update(call, request, prior, config).await
            }
        }
    }

    async fn plan_create(
        &self,
        call: Call<C>,
        request: Request,
        config: Object,
    ) -> Result<Response, Diagnostics> {
        let body = self.shape.body();
        // A new object has no bytes yet; the second half of a replacement is planned with those of the first.
        let replaced = match request.prior_private.as_slice() {
            [] => None,
            bytes => Some(Envelope::read(bytes)?.author),
        };
        let mut planned = propose(&config, None, body);
        let context = call.context(None);
        let mut plan = CreatePlan {
            config: config_model(&config, body)?,
            planned: planned_model(&planned, body)?,
            replaced: replaced.clone().map(|author| self.shape.private(author)).transpose()?,
        };
        let outcome = self.resource.plan_create(&context, &mut plan).await;
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = outcome {
            diagnostics.extend(failing(R::TYPE_NAME, errors));
            return Err(diagnostics);
        }
        let author = conform_object(plan.planned.into_object(), body, &AttributePath::root())?;
        planned = settle(&planned, &author, &config, None, body);
        let identity = self.shape.identity_of(&planned);
        Ok(Response {
            planned_state: wire::write_object(Some(&planned), body),
            planned_private: Envelope { replaced, ..Envelope::default() }.to_bytes(),
            deferred: call.deferred(request.client_capabilities.as_ref()),
            planned_identity: wire::write_identity(identity.as_ref(), self.shape.identity_body()),
            diagnostics: self.shape.diagnostics(diagnostics),
            ..Default::default()
        })
    }

    async fn plan_update(
        &self,
        call: Call<C>,
        request: Request,
        prior: Object,
        config: Object,
    ) -> Result<Response, Diagnostics> {
        let body = self.shape.body();
        let author = Envelope::read(&request.prior_private)?.author;
        let mut planned = propose(&config, Some(&prior), body);
        let context = call.context(None);
        let mut plan = UpdatePlan {
            config: config_model(&config, body)?,
            prior: model(&prior)?,
            planned: planned_model(&planned, body)?,
            private: self.shape.private(author.clone())?,
            replace: replacements(&prior, &planned, body),
        };
        let known_paths = plan.replace.clone();
        let outcome = self.resource.plan_update(&context, &mut plan).await;
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = outcome {
            diagnostics.extend(failing(R::TYPE_NAME, errors));
            return Err(diagnostics);
        }
        let (withdrawn, asked_for) = difference(known_paths, plan.replace);
        let author_plan = conform_object(plan.planned.into_object(), body, &AttributePath::root())?;
        planned = settle(&planned, &author_plan, &config, Some(&prior), body);

        // Found anew, because an author may have put a value back.
        let mut replace = replacements(&prior, &planned, body);
        replace.retain(|path| !withdrawn.contains(path));
        for path in asked_for {
            let path = wire::addressable(body, &path);
            if !replace.contains(&path) {
                replace.push(path);
            }
        }
        let deferrals = request.client_capabilities.is_some_and(|client| client.deferral_allowed);
        if deferrals && self.planning.is_over(&prior) {
            refuse_late_replacement(&replace, &prior, &planned)?;
        }
        Ok(Response {
            planned_state: wire::write_object(Some(&planned), body),
            requires_replace: replace.iter().map(|path| wire::path(path).unwrap_or_default()).collect(),
            planned_private: Envelope::of(author).to_bytes(),
            deferred: call.deferred(request.client_capabilities.as_ref()),
            planned_identity: request.prior_identity.or_else(|| self.shape.identity_or(&prior, None)),
            diagnostics: self.shape.diagnostics(diagnostics),
            ..Default::default()
        })
    }

    async fn plan_destroy(
        &self,
        call: Call<C>,
        request: Request,
        prior: Object,
    ) -> Result<Response, Diagnostics> {
        let author = Envelope::read(&request.prior_private)?.author;
        let state = State { model: model(&prior)?, private: self.shape.private(author.clone())? };
        let context = call.context(None);
        let outcome = self.resource.plan_destroy(&context, &state).await;
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = outcome {
            diagnostics.extend(failing(R::TYPE_NAME, errors));
            return Err(diagnostics);
        }
        Ok(Response {
            planned_state: wire::write_object(None, self.shape.body()),
            planned_private: Envelope { destroy_planned: true, ..Envelope::of(author) }.to_bytes(),
            deferred: call.deferred(request.client_capabilities.as_ref()),
            planned_identity: request.prior_identity.or_else(|| self.shape.identity_or(&prior, None)),
            diagnostics: self.shape.diagnostics(diagnostics),
            ..Default::default()
        })
    }
}

/// What was unknown when an update was planned, and in the apply turns out to ask for a new object. Terraform allows
/// no change of mind then, and would call it a bug of ours. Paths where nothing changes do not count.
fn refuse_late_replacement(
    replace: &[AttributePath],
    prior: &Object,
    planned: &Object,
) -> Result<(), Diagnostics> {
    let changed = |path: &&AttributePath| match (value_at(prior, path), value_at(planned, path)) {
        (Some(prior), Some(planned)) => !prior.equals(planned),
        (prior, planned) => prior.is_some() || planned.is_some(),
    };
    match replace.iter().find(changed) {
        Some(path) => Err(Diagnostic::error(
            "Replacement was not planned",
            format!("`{path}` was not known when this was planned, and turns out to have changed"),
        )
        .at(path.clone())
        .hint("plan and apply again: with the value known, the plan shows the replacement")
        .into()),
        None => Ok(()),
    }
}

/// What is in the first alone, and what is in the second alone.
fn difference(
    mut first: Vec<AttributePath>,
    mut second: Vec<AttributePath>,
) -> (Vec<AttributePath>, Vec<AttributePath>) {
    let both: Vec<AttributePath> = first.iter().filter(|path| second.contains(path)).cloned().collect();
    first.retain(|path| !both.contains(path));
    second.retain(|path| !both.contains(path));
    (first, second)
}
