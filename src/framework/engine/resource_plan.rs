//! Plans of managed resources: which verb, with what, and what of its answer counts.

use crate::framework::conform::conform_object;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Model;
use crate::framework::path::AttributePath;
use crate::framework::private::Envelope;
use crate::framework::resource::{CreatePlan, Resource, State, UpdatePlan};
use crate::framework::schema::Replacement;
use crate::framework::value::Object;
use crate::plugin::proto::tfplugin5 as proto;
use proto::plan_resource_change::{Request, Response};

use super::call::{Call, model, partial_model};
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
        let mut diagnostics = Diagnostics::new();
        if let (Some(config_model), Some(planned_model)) = (partial_model(&config)?, partial_model(&planned)?)
        {
            let context = call.context(None);
            let replaced = replaced.clone().map(|author| self.shape.private(author)).transpose()?;
            let mut plan = CreatePlan { config: config_model, planned: planned_model, replaced };
            let outcome = self.resource.plan_create(&context, &mut plan).await;
            diagnostics = context.take_warnings();
            if let Err(errors) = outcome {
                diagnostics.extend(failing(R::TYPE_NAME, errors));
                return Err(diagnostics);
            }
            let author = conform_object(plan.planned.into_object(), body, &AttributePath::root())?;
            planned = settle(&planned, &author, &config, None, body);
        } else if replaced.is_some() {
            // Only this plan says that something is replaced, so there is no later moment to refuse it in.
            return Err(Diagnostic::error(
                "Replacement cannot be judged yet",
                format!("A whole block of this {} is known only after the apply", R::TYPE_NAME),
            )
            .hint("apply what the block depends on first, with -target")
            .into());
        }
        let identity = self.shape.identity_of(&planned);
        Ok(Response {
            planned_state: wire::write_object(Some(&planned), body),
            planned_private: Envelope { replaced, ..Envelope::default() }.to_bytes(),
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
        let mut asked_for = Vec::new();
        let mut diagnostics = Diagnostics::new();
        if let (Some(config_model), Some(planned_model)) = (partial_model(&config)?, partial_model(&planned)?)
        {
            let context = call.context(None);
            let mut plan = UpdatePlan {
                config: config_model,
                prior: model(&prior)?,
                planned: planned_model,
                private: self.shape.private(author.clone())?,
                replace: replacements(&prior, &planned, body),
            };
            let known_paths = plan.replace.clone();
            let outcome = self.resource.plan_update(&context, &mut plan).await;
            diagnostics = context.take_warnings();
            if let Err(errors) = outcome {
                diagnostics.extend(failing(R::TYPE_NAME, errors));
                return Err(diagnostics);
            }
            asked_for = plan.replace.into_iter().filter(|path| !known_paths.contains(path)).collect();
            let author = conform_object(plan.planned.into_object(), body, &AttributePath::root())?;
            planned = settle(&planned, &author, &config, Some(&prior), body);
        }

        // Found anew, because an author may have put a value back.
        let mut replace = replacements(&prior, &planned, body);
        let applying = request.client_capabilities.is_some_and(|client| client.deferral_allowed);
        if applying {
            self.refuse_late_replacement(&replace)?;
        }
        for path in asked_for {
            let path = wire::addressable(body, &path);
            if !replace.contains(&path) {
                replace.push(path);
            }
        }
        Ok(Response {
            planned_state: wire::write_object(Some(&planned), body),
            requires_replace: replace.iter().map(|path| wire::path(path).unwrap_or_default()).collect(),
            planned_private: Envelope::of(author).to_bytes(),
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
            planned_identity: request.prior_identity.or_else(|| self.shape.identity_or(&prior, None)),
            diagnostics: self.shape.diagnostics(diagnostics),
            ..Default::default()
        })
    }

    /// A value that was unknown when an update was planned, and in the apply turns out to ask for a new object.
    /// Terraform allows no change of mind then, and would call it a bug. That this is the apply shows in deferral
    /// being allowed: while planning only a Stack allows that, and it would get this refusal without need.
    fn refuse_late_replacement(&self, replace: &[AttributePath]) -> Result<(), Diagnostics> {
        let late = |path: &&AttributePath| {
            self.shape.schema.attributes.iter().any(|attribute| {
                attribute.replacement == Replacement::WhenKnown
                    && **path == AttributePath::attribute(attribute.name)
            })
        };
        match replace.iter().find(late) {
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
}
