//! Actions behind one type. A stream of an action ends with one "completed" always: one that just ends counts as
//! nothing done, without an error.

use std::marker::PhantomData;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::framework::action::{Action, Progress};
use crate::framework::body::Body;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::schema::Schema;
use crate::plugin::proto::tfplugin5 as proto;

use super::call::{Call, answer, checked_model, config_model};
use super::resource::failing;
use super::{validate, wire};

/// An action, whatever its model.
#[async_trait]
pub(crate) trait AnyAction<C>: Send + Sync {
    fn schema(&self) -> &Schema;

    fn validate(
        &self,
        request: proto::validate_action_config::Request,
    ) -> proto::validate_action_config::Response;

    async fn plan(&self, call: Call<C>, request: proto::plan_action::Request)
    -> proto::plan_action::Response;

    /// Invokes it; what it says goes to `lines`, the answer is how it ended.
    async fn invoke(
        &self,
        call: Call<C>,
        request: proto::invoke_action::Request,
        lines: mpsc::Sender<String>,
    ) -> Vec<proto::Diagnostic>;
}

/// One author's action.
pub(crate) struct Act<C, A> {
    action: A,
    schema: Schema,
    client: PhantomData<fn() -> C>,
}

impl<C: Send + Sync + 'static, A: Action<C>> Act<C, A> {
    pub(crate) fn new(action: A) -> Self {
        Self { action, schema: A::schema(), client: PhantomData }
    }

    fn body(&self) -> Body<'_> {
        Body::from(&self.schema)
    }

    fn check(&self, config: Option<&proto::DynamicValue>) -> Result<Diagnostics, Diagnostics> {
        let mut report = Diagnostics::new();
        let config = wire::read_object(config, self.body())?.unwrap_or_else(|| self.body().empty());
        validate::check(&config, self.body(), true, &mut report);
        if let Some(config) = checked_model::<A::Model>(&config, self.body(), &mut report) {
            self.action.validate(&config, &mut report);
        }
        Ok(report)
    }

    async fn do_plan(
        &self,
        call: Call<C>,
        request: proto::plan_action::Request,
    ) -> Result<proto::plan_action::Response, Diagnostics> {
        let config = wire::read_object(request.config.as_ref(), self.body())?;
        let config = config.unwrap_or_else(|| self.body().empty());
        let config = config_model::<A::Model>(&config, self.body())?;
        let context = call.context(None);
        let planned = self.action.plan(&context, &config).await;
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = planned {
            diagnostics.extend(failing(A::TYPE_NAME, errors));
        }
        Ok(proto::plan_action::Response {
            diagnostics: wire::diagnostics(diagnostics, Some(self.body())),
            deferred: call.deferred(request.client_capabilities.as_ref()),
        })
    }

    async fn do_invoke(
        &self,
        call: Call<C>,
        request: proto::invoke_action::Request,
        lines: mpsc::Sender<String>,
    ) -> Result<Diagnostics, Diagnostics> {
        let config = wire::read_object(request.config.as_ref(), self.body())?;
        let config = config_model(&config.unwrap_or_else(|| self.body().empty()), self.body())?;
        let context = call.context(None);
        let invoked = self.action.invoke(&context, config, &Progress::new(lines)).await;
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = invoked {
            diagnostics.extend(failing(A::TYPE_NAME, errors));
        }
        Ok(diagnostics)
    }
}

#[async_trait]
impl<C: Send + Sync + 'static, A: Action<C>> AnyAction<C> for Act<C, A> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(
        &self,
        request: proto::validate_action_config::Request,
    ) -> proto::validate_action_config::Response {
        let report = self.check(request.config.as_ref()).unwrap_or_else(|fault| fault);
        proto::validate_action_config::Response { diagnostics: wire::diagnostics(report, Some(self.body())) }
    }

    async fn plan(
        &self,
        call: Call<C>,
        request: proto::plan_action::Request,
    ) -> proto::plan_action::Response {
        answer(self.do_plan(call, request).await, self.body())
    }

    async fn invoke(
        &self,
        call: Call<C>,
        request: proto::invoke_action::Request,
        lines: mpsc::Sender<String>,
    ) -> Vec<proto::Diagnostic> {
        let diagnostics = self.do_invoke(call, request, lines).await.unwrap_or_else(|fault| fault);
        wire::diagnostics(diagnostics, Some(self.body()))
    }
}
