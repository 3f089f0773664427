//! Applies of managed resources: which verb, with what, and what is stored of its answer.

use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::framework::model::Model;
use crate::framework::private::Envelope;
use crate::framework::resource::{Create, Delete, Failure, Removal, Resource, State, Update};
use crate::framework::timeouts::Operation;
use crate::framework::value::Object;
use crate::plugin::proto::tfplugin5 as proto;
use proto::apply_resource_change::{Request, Response};

use super::call::{Call, bug, config_model, model};
use super::ignored::as_planned;
use super::outcome::{Accepted, after_apply, after_failure, known_parts};
use super::plan::differs_beside_timeouts;
use super::resource::{Managed, failing};
use super::wire;

type Outcome<M, P> = Result<State<M, P>, Failure<M, P>>;

impl<C: Send + Sync + 'static, R: Resource<C>> Managed<C, R> {
    pub(super) async fn do_apply(&self, call: Call<C>, request: Request) -> Result<Response, Diagnostics> {
        let body = self.shape.body();
        let prior = wire::read_object(request.prior_state.as_ref(), body)?;
        let planned = wire::read_object(request.planned_state.as_ref(), body)?;
        let config = wire::read_object(request.config.as_ref(), body)?;
        let envelope = Envelope::read(&request.planned_private)?;
        match (prior, planned) {
            (None, None) => Ok(Response::default()),
            (Some(prior), None) => self.delete(call, prior, envelope).await,
            (prior, Some(planned)) => {
                let config = config.unwrap_or_else(|| planned.clone());
                self.make(call, request, prior, planned, config, envelope).await
            }
        }
    }

    async fn make(
        &self,
        call: Call<C>,
        request: Request,
        prior: Option<Object>,
        planned: Object,
        config: Object,
        envelope: Envelope,
    ) -> Result<Response, Diagnostics> {
        let config = match &prior {
            Some(_) => config_model(&as_planned(&config, &planned, self.shape.body()), self.shape.body())?,
            None => config_model(&config, self.shape.body())?,
        };
        let (context, outcome) = match &prior {
            None => {
                let context = self.shape.context(&call, &planned, Operation::Create);
                let create = Create { config, planned: model(&planned)? };
                let outcome = self.resource.create(&context, create).await;
                (context, outcome)
            }
            Some(prior) if !differs_beside_timeouts(&planned, prior) => {
                return Ok(self.stored(&known_parts(&planned), envelope, request.planned_identity));
            }
            Some(prior) => {
                let context = self.shape.context(&call, &planned, Operation::Update);
                let update = Update {
                    config,
                    prior: model(prior)?,
                    planned: model(&planned)?,
                    private: self.shape.private(envelope.author)?,
                };
                let outcome = self.resource.update(&context, update).await;
                (context, outcome)
            }
        };
        Ok(self.made(&context, outcome, prior.is_none(), &planned, request.planned_identity))
    }

    fn made(
        &self,
        context: &Context<C>,
        outcome: Outcome<R::Model, R::Private>,
        new: bool,
        planned: &Object,
        identity: Option<proto::ResourceIdentityData>,
    ) -> Response {
        let mut diagnostics = context.take_warnings();
        let mut response = match outcome {
            Ok(State { model, private }) => {
                let Accepted { object, faults } =
                    after_apply(model.into_object(), planned, self.shape.body());
                if !faults.is_empty() {
                    // An error would taint what was just made, and a taint replaces it: for our own mistake.
                    let severity = if new { Severity::Warning } else { Severity::Error };
                    diagnostics.push(Diagnostic { severity, ..bug(R::TYPE_NAME, &faults) });
                }
                match self.shape.remembered(&private) {
                    Ok(remembered) => self.stored(&object, remembered, identity),
                    Err(fault) => {
                        diagnostics.extend(fault);
                        self.stored(&object, Envelope::default(), identity)
                    }
                }
            }
            Err(Failure { diagnostics: errors, state }) => {
                diagnostics.extend(failing(R::TYPE_NAME, errors));
                self.left_behind(state, planned, identity, &mut diagnostics)
            }
        };
        response.diagnostics = self.shape.diagnostics(diagnostics);
        response
    }

    async fn delete(
        &self,
        call: Call<C>,
        prior: Object,
        envelope: Envelope,
    ) -> Result<Response, Diagnostics> {
        let (removal, author) = if envelope.destroy_planned {
            (Removal::Destroy, envelope.author)
        } else {
            (Removal::Replacement, envelope.replaced.unwrap_or_default())
        };
        let context = self.shape.context(&call, &prior, Operation::Delete);
        let delete = Delete { prior: model(&prior)?, private: self.shape.private(author)?, removal };
        let outcome = self.resource.delete(&context, delete).await;
        let mut diagnostics = context.take_warnings();
        let mut response = match outcome {
            Ok(()) => {
                Response { new_state: wire::write_object(None, self.shape.body()), ..Default::default() }
            }
            Err(Failure { diagnostics: errors, state }) => {
                diagnostics.extend(failing(R::TYPE_NAME, errors));
                let identity = self.shape.identity_or(&prior, None);
                self.left_behind(state, &prior, identity, &mut diagnostics)
            }
        };
        response.diagnostics = self.shape.diagnostics(diagnostics);
        Ok(response)
    }

    /// What a failed apply leaves. Without a state nothing is answered, and Terraform keeps the prior one with
    /// its private part.
    fn left_behind(
        &self,
        state: Option<State<R::Model, R::Private>>,
        fallback: &Object,
        identity: Option<proto::ResourceIdentityData>,
        diagnostics: &mut Diagnostics,
    ) -> Response {
        let Some(State { model, private }) = state else { return Response::default() };
        let Accepted { object, faults } = after_failure(model.into_object(), fallback, self.shape.body());
        if !faults.is_empty() {
            diagnostics.push(bug(R::TYPE_NAME, &faults));
        }
        let remembered = self.shape.remembered(&private).unwrap_or_else(|fault| {
            diagnostics.extend(fault);
            Envelope::default()
        });
        self.stored(&object, remembered, identity)
    }

    fn stored(
        &self,
        object: &Object,
        remembered: Envelope,
        identity: Option<proto::ResourceIdentityData>,
    ) -> Response {
        Response {
            new_state: wire::write_object(Some(object), self.shape.body()),
            private: remembered.to_bytes(),
            new_identity: self.shape.identity_or(object, identity),
            ..Default::default()
        }
    }
}
