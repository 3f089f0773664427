//! Data sources behind one type.

use std::marker::PhantomData;

use async_trait::async_trait;

use crate::framework::body::Body;
use crate::framework::data_source::DataSource;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::model::Model;
use crate::framework::schema::Schema;
use crate::framework::timeouts::{self, Operation};
use crate::framework::value::Value;
use crate::plugin::proto::tfplugin5 as proto;
use proto::read_data_source::{Request, Response};

use super::call::{Call, answer, bug, checked_model, config_model};
use super::outcome::after_apply;
use super::plan::propose;
use super::resource::failing;
use super::shape::with_timeouts;
use super::{validate, wire};

/// A data source, whatever its model.
#[async_trait]
pub(crate) trait AnyDataSource<C>: Send + Sync {
    fn schema(&self) -> &Schema;

    fn validate(
        &self,
        request: proto::validate_data_source_config::Request,
    ) -> proto::validate_data_source_config::Response;

    async fn read(&self, call: Call<C>, request: Request) -> Response;
}

/// One author's data source.
pub(crate) struct Source<C, D> {
    source: D,
    schema: Schema,
    client: PhantomData<fn() -> C>,
}

impl<C: Send + Sync + 'static, D: DataSource<C>> Source<C, D> {
    pub(crate) fn new(source: D) -> Self {
        Self { source, schema: with_timeouts(D::schema()), client: PhantomData }
    }

    fn body(&self) -> Body<'_> {
        Body::from(&self.schema)
    }

    fn check(&self, config: Option<&proto::DynamicValue>) -> Result<Diagnostics, Diagnostics> {
        let mut report = Diagnostics::new();
        if let Some(config) = wire::read_object(config, self.body())? {
            validate::check(&config, self.body(), true, &mut report);
            if let Some(config) = checked_model::<D::Model>(&config, self.body(), &mut report) {
                self.source.validate(&config, &mut report);
            }
        }
        Ok(report)
    }

    async fn do_read(&self, call: Call<C>, request: Request) -> Result<Response, Diagnostics> {
        let body = self.body();
        let config = wire::read_object(request.config.as_ref(), body)?.unwrap_or_else(|| body.empty());
        if let Some(deferred) = call.deferred(request.client_capabilities.as_ref()) {
            let state = Some(wire::write_value(&Value::UNKNOWN));
            return Ok(Response { state, deferred: Some(deferred), ..Default::default() });
        }
        // What is written stays as it is, the rest is open: the plan of a new object.
        let planned = propose(&config, None, body);
        let context = call.context(timeouts::limit(self.schema.timeouts.as_ref(), &config, Operation::Read));
        let read = self.source.read(&context, config_model(&config, body)?).await;
        let mut diagnostics = context.take_warnings();
        let mut response = Response::default();
        match read {
            Ok(read) => {
                let accepted = after_apply(read.into_object(), &planned, body);
                if accepted.faults.is_empty() {
                    response.state = wire::write_object(Some(&accepted.object), body);
                } else {
                    diagnostics.push(bug(D::TYPE_NAME, &accepted.faults));
                }
            }
            Err(errors) => diagnostics.extend(failing(D::TYPE_NAME, errors)),
        }
        response.diagnostics = wire::diagnostics(diagnostics, Some(body));
        Ok(response)
    }
}

#[async_trait]
impl<C: Send + Sync + 'static, D: DataSource<C>> AnyDataSource<C> for Source<C, D> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(
        &self,
        request: proto::validate_data_source_config::Request,
    ) -> proto::validate_data_source_config::Response {
        let report = self.check(request.config.as_ref()).unwrap_or_else(|fault| fault);
        proto::validate_data_source_config::Response {
            diagnostics: wire::diagnostics(report, Some(self.body())),
        }
    }

    async fn read(&self, call: Call<C>, request: Request) -> Response {
        answer(self.do_read(call, request).await, self.body())
    }
}
