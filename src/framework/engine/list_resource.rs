//! List resources behind one type. Objects go out as they are found, and no further than the reader wants.

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::framework::body::Body;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::list_resource::{Found, ListResource, Listed};
use crate::framework::resource::Resource;
use crate::framework::schema::Schema;
use crate::plugin::proto::tfplugin5 as proto;
use proto::list_resource::{Event, Request};

use super::call::{Call, bug, checked_model, config_model};
use super::resource::failing;
use super::shape::Shape;
use super::{validate, wire};

/// Found objects that wait for their reader.
const WAITING: usize = 16;

/// A list resource, whatever its model.
#[async_trait]
pub(crate) trait AnyListResource<C>: Send + Sync {
    fn schema(&self) -> &Schema;

    fn validate(
        &self,
        request: proto::validate_list_resource_config::Request,
    ) -> proto::validate_list_resource_config::Response;

    /// Lists until everything is found, the limit is reached, or nobody reads `events` any more.
    async fn list(&self, call: Call<C>, request: Request, events: mpsc::Sender<Event>);
}

/// One author's list resource.
pub(crate) struct Lister<C: Send + Sync + 'static, L: ListResource<C>> {
    list: L,
    schema: Schema,
    shape: Shape<C, L::Resource>,
}

type ListedOf<C, L> = Listed<
    <<L as ListResource<C>>::Resource as Resource<C>>::Model,
    <<L as ListResource<C>>::Resource as Resource<C>>::Private,
>;

impl<C: Send + Sync + 'static, L: ListResource<C>> Lister<C, L> {
    pub(crate) fn new(list: L) -> Self {
        Self { list, schema: L::schema(), shape: Shape::new() }
    }

    fn body(&self) -> Body<'_> {
        Body::from(&self.schema)
    }

    fn check(&self, config: Option<&proto::DynamicValue>) -> Result<Diagnostics, Diagnostics> {
        let mut report = Diagnostics::new();
        let config = wire::read_object(config, self.body())?.unwrap_or_else(|| self.body().empty());
        validate::check(&config, self.body(), true, &mut report);
        if let Some(config) = checked_model::<L::Model>(&config, self.body(), &mut report) {
            self.list.validate(&config, &mut report);
        }
        Ok(report)
    }

    fn config(&self, request: &Request) -> Result<L::Model, Diagnostics> {
        let config = wire::read_object(request.config.as_ref(), self.body())?;
        config_model(&config.unwrap_or_else(|| self.body().empty()), self.body())
    }

    fn event(&self, listed: ListedOf<C, L>, with_object: bool) -> Result<Event, Diagnostics> {
        let (object, _) = self.shape.state(listed.state, &self.shape.body().empty())?;
        let Some(identity) = self.shape.identity_or(&object, None) else {
            let fault = format!("\"{}\" was listed without an identity", listed.display_name);
            return Err(bug(L::Resource::TYPE_NAME, &[fault]).into());
        };
        Ok(Event {
            identity: Some(identity),
            display_name: listed.display_name,
            resource_object: with_object
                .then(|| wire::write_object(Some(&object), self.shape.body()))
                .flatten(),
            diagnostic: Vec::new(),
        })
    }

    fn failed(&self, diagnostics: Diagnostics) -> Event {
        Event { diagnostic: wire::diagnostics(diagnostics, Some(self.body())), ..Default::default() }
    }
}

#[async_trait]
impl<C: Send + Sync + 'static, L: ListResource<C>> AnyListResource<C> for Lister<C, L> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(
        &self,
        request: proto::validate_list_resource_config::Request,
    ) -> proto::validate_list_resource_config::Response {
        let report = self.check(request.config.as_ref()).unwrap_or_else(|fault| fault);
        proto::validate_list_resource_config::Response {
            diagnostics: wire::diagnostics(report, Some(self.body())),
        }
    }

    async fn list(&self, call: Call<C>, request: Request, events: mpsc::Sender<Event>) {
        let config = match self.config(&request) {
            Ok(config) => config,
            Err(fault) => {
                let _nobody_reads = events.send(self.failed(fault)).await;
                return;
            }
        };
        let context = call.context(None);
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let listing = async {
            // The sender ends with the listing, and with it the loop below.
            let found = Found::new(sender);
            self.list.list(&context, config, &found).await
        };
        let forwarding = async {
            let mut left = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
            while left != Some(0) {
                let Some(listed) = receiver.recv().await else { break };
                let event = self
                    .event(listed, request.include_resource_object)
                    .unwrap_or_else(|fault| self.failed(fault));
                if events.send(event).await.is_err() {
                    break;
                }
                left = left.map(|left| left - 1);
            }
            // A listing that goes on is told that nobody wants any more.
            drop(receiver);
        };
        let (listed, ()) = tokio::join!(listing, forwarding);
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = listed {
            diagnostics.extend(failing(L::Resource::TYPE_NAME, errors));
        }
        if !diagnostics.is_empty() {
            let _nobody_reads = events.send(self.failed(diagnostics)).await;
        }
    }
}
