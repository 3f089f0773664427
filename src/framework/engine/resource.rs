//! Managed resources behind one type: from Terraform's messages to an author's verbs and back.
//!
//! Planning is in [`super::resource_plan`], applying in [`super::resource_apply`].

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::framework::body::Body;
use crate::framework::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::framework::json::object_from_json;
use crate::framework::path::Step;
use crate::framework::private::Envelope;
use crate::framework::resource::{Import, MoveSource, Resource, State};
use crate::framework::schema::{IdentitySchema, Schema};
use crate::framework::timeouts::Operation;
use crate::framework::value::{Object, Value};
use crate::plugin::proto::tfplugin5 as proto;

use super::call::{Call, answer, bug, checked_model, model};
use super::plan::forget_write_only;
use super::planning::Planning;
use super::shape::Shape;
use super::{validate, wire};

/// A managed resource, whatever its model.
#[async_trait]
pub(crate) trait AnyResource<C>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn identity_schema(&self) -> &IdentitySchema;

    /// Told when the provider was configured (anew).
    fn configured(&self);

    fn validate(
        &self,
        request: proto::validate_resource_type_config::Request,
    ) -> proto::validate_resource_type_config::Response;

    fn upgrade(
        &self,
        request: proto::upgrade_resource_state::Request,
    ) -> proto::upgrade_resource_state::Response;

    fn upgrade_identity(
        &self,
        request: proto::upgrade_resource_identity::Request,
    ) -> proto::upgrade_resource_identity::Response;

    async fn read(
        &self,
        call: Call<C>,
        request: proto::read_resource::Request,
    ) -> proto::read_resource::Response;

    async fn plan(
        &self,
        call: Call<C>,
        request: proto::plan_resource_change::Request,
    ) -> proto::plan_resource_change::Response;

    async fn apply(
        &self,
        call: Call<C>,
        request: proto::apply_resource_change::Request,
    ) -> proto::apply_resource_change::Response;

    async fn import(
        &self,
        call: Call<C>,
        request: proto::import_resource_state::Request,
    ) -> proto::import_resource_state::Response;

    fn move_state(
        &self,
        request: proto::move_resource_state::Request,
    ) -> proto::move_resource_state::Response;

    fn generate_config(
        &self,
        request: proto::generate_resource_config::Request,
    ) -> proto::generate_resource_config::Response;
}

/// One author's resource.
pub(crate) struct Managed<C, R> {
    pub(super) resource: R,
    pub(super) shape: Shape<C, R>,
    pub(super) planning: Planning,
}

impl<C: Send + Sync + 'static, R: Resource<C>> Managed<C, R> {
    pub(crate) fn new(resource: R) -> Self {
        Self { resource, shape: Shape::new(), planning: Planning::default() }
    }

    fn check(&self, config: &Object, write_only_allowed: bool) -> Diagnostics {
        let mut report = Diagnostics::new();
        validate::check(config, self.shape.body(), write_only_allowed, &mut report);
        if let Some(config) = checked_model::<R::Model>(config, self.shape.body(), &mut report) {
            self.resource.validate(&config, &mut report);
        }
        report
    }

    fn upgraded(
        &self,
        request: proto::upgrade_resource_state::Request,
    ) -> Result<proto::upgrade_resource_state::Response, Diagnostics> {
        let mut state = wire::read_raw(request.raw_state)?;
        let current = i64::from(self.shape.schema.version);
        for version in request.version.max(0)..current {
            state = R::upgrade(u32::try_from(version).unwrap_or(u32::MAX), state)?;
        }
        let object = object_from_json(&Json::Object(state), self.shape.body())?;
        let mut object = object.unwrap_or_else(|| self.shape.body().empty());
        forget_write_only(&mut object, self.shape.body());
        Ok(proto::upgrade_resource_state::Response {
            upgraded_state: wire::write_object(Some(&object), self.shape.body()),
            diagnostics: Vec::new(),
        })
    }

    fn upgraded_identity(
        &self,
        request: proto::upgrade_resource_identity::Request,
    ) -> Result<proto::upgrade_resource_identity::Response, Diagnostics> {
        let mut identity = wire::read_raw(request.raw_identity)?;
        for version in request.version.max(0)..i64::from(self.shape.identity.version) {
            identity = R::upgrade_identity(u32::try_from(version).unwrap_or(u32::MAX), identity)?;
        }
        let identity = object_from_json(&Json::Object(identity), self.shape.identity_body())?;
        Ok(proto::upgrade_resource_identity::Response {
            upgraded_identity: wire::write_identity(identity.as_ref(), self.shape.identity_body()),
            diagnostics: Vec::new(),
        })
    }

    async fn do_read(
        &self,
        call: Call<C>,
        request: proto::read_resource::Request,
    ) -> Result<proto::read_resource::Response, Diagnostics> {
        let Some(prior) = wire::read_object(request.current_state.as_ref(), self.shape.body())? else {
            return Ok(proto::read_resource::Response::default());
        };
        let deferrals = request.client_capabilities.is_some_and(|client| client.deferral_allowed);
        if let Some(deferred) = call.deferred(request.client_capabilities.as_ref()) {
            self.planning.read(&prior);
            return Ok(proto::read_resource::Response {
                new_state: request.current_state,
                private: request.private,
                new_identity: request.current_identity,
                deferred: Some(deferred),
                ..Default::default()
            });
        }
        let private = self.shape.private(Envelope::read(&request.private)?.author)?;
        let context = self.shape.context(&call, &prior, Operation::Read);
        let state = State { model: model(&prior)?, private };
        let read = self.resource.read(&context, state).await;
        let mut diagnostics = context.take_warnings();
        // After an error Terraform keeps the state that it has, whatever stands here.
        let mut response = proto::read_resource::Response {
            new_state: request.current_state,
            private: request.private,
            new_identity: request.current_identity,
            ..Default::default()
        };
        match read {
            Ok(None) => {
                response.new_state = wire::write_object(None, self.shape.body());
                response.private = Vec::new();
                response.new_identity = None;
            }
            Ok(Some(state)) => match self.shape.state(state, &prior) {
                Ok((object, remembered)) => {
                    if deferrals {
                        self.planning.read(&object);
                    }
                    response.new_state = wire::write_object(Some(&object), self.shape.body());
                    response.private = remembered.to_bytes();
                    response.new_identity = self.shape.identity_or(&object, response.new_identity);
                }
                Err(faults) => diagnostics.extend(faults),
            },
            Err(errors) => diagnostics.extend(failing(R::TYPE_NAME, errors)),
        }
        response.diagnostics = self.shape.diagnostics(diagnostics);
        Ok(response)
    }

    async fn do_import(
        &self,
        call: Call<C>,
        request: proto::import_resource_state::Request,
    ) -> Result<proto::import_resource_state::Response, Diagnostics> {
        if let Some(deferred) = call.deferred(request.client_capabilities.as_ref()) {
            let imported = proto::import_resource_state::ImportedResource {
                type_name: R::TYPE_NAME.to_owned(),
                state: Some(wire::write_value(&Value::UNKNOWN)),
                private: Envelope::default().to_bytes(),
                identity: request.identity,
            };
            return Ok(proto::import_resource_state::Response {
                imported_resources: vec![imported],
                deferred: Some(deferred),
                ..Default::default()
            });
        }
        let asked = request.identity.clone();
        let identity = match &request.identity {
            Some(identity) => wire::read_object(identity.identity_data.as_ref(), self.shape.identity_body())?,
            None => None,
        };
        let by = match identity {
            Some(identity) if request.id.is_empty() => Import::Identity(model(&identity)?),
            _ => Import::Id(request.id),
        };
        let nothing = self.shape.body().empty();
        let context = self.shape.context(&call, &nothing, Operation::Read);
        let imported = self.resource.import(&context, by).await;
        let mut diagnostics = context.take_warnings();
        let mut response = proto::import_resource_state::Response::default();
        match imported.and_then(|state| self.shape.state(state, &nothing)) {
            Ok((object, remembered)) => {
                response.imported_resources.push(proto::import_resource_state::ImportedResource {
                    type_name: R::TYPE_NAME.to_owned(),
                    state: wire::write_object(Some(&object), self.shape.body()),
                    private: remembered.to_bytes(),
                    identity: self.shape.identity_or(&object, asked),
                });
            }
            Err(errors) => diagnostics.extend(failing(R::TYPE_NAME, errors)),
        }
        response.diagnostics = self.shape.diagnostics(diagnostics);
        Ok(response)
    }

    fn moved(
        &self,
        request: proto::move_resource_state::Request,
    ) -> Result<proto::move_resource_state::Response, Diagnostics> {
        let source = MoveSource {
            provider_address: request.source_provider_address,
            type_name: request.source_type_name,
            schema_version: request.source_schema_version,
            state: wire::read_raw(request.source_state)?,
        };
        let Some(moved) = R::move_from(&source) else {
            return Err(Diagnostic::error(
                "Cannot move from this type",
                format!(
                    "A {} of {} cannot become a {}",
                    source.type_name,
                    source.provider_address,
                    R::TYPE_NAME
                ),
            )
            .hint("import the object under its new type, and let go of the old one with a `removed` block")
            .into());
        };
        let (object, remembered) = self.shape.state(moved?, &self.shape.body().empty())?;
        Ok(proto::move_resource_state::Response {
            target_state: wire::write_object(Some(&object), self.shape.body()),
            target_private: remembered.to_bytes(),
            target_identity: self.shape.identity_or(&object, None),
            diagnostics: Vec::new(),
        })
    }

    /// A configuration that would make this object: without what users cannot write, without what is the default
    /// anyway, and without what the resource's own validation refuses beside the rest.
    fn generated(
        &self,
        request: proto::generate_resource_config::Request,
    ) -> Result<proto::generate_resource_config::Response, Diagnostics> {
        let Some(mut config) = wire::read_object(request.state.as_ref(), self.shape.body())? else {
            return Ok(proto::generate_resource_config::Response::default());
        };
        only_writable(&mut config, self.shape.body());
        // Each round takes one argument away, so this ends.
        loop {
            let report = self.check(&config, true);
            let refused = report.iter().filter(|found| found.severity == Severity::Error).find_map(|found| {
                let Some(Step::Attribute(name)) = found.path.steps().first() else { return None };
                let attribute =
                    self.shape.schema.attributes.iter().find(|attribute| attribute.name == name)?;
                let written = config.get(name).is_some_and(|value| !value.is_absent());
                (attribute.optional && written).then(|| name.clone())
            });
            match refused {
                Some(name) => config.insert(name, Value::Null),
                None => break,
            };
        }
        Ok(proto::generate_resource_config::Response {
            config: wire::write_object(Some(&config), self.shape.body()),
            diagnostics: Vec::new(),
        })
    }
}

/// Errors of a verb that failed; there must be one.
pub(crate) fn failing(type_name: &str, mut diagnostics: Diagnostics) -> Diagnostics {
    if !diagnostics.has_errors() {
        diagnostics.push(bug(type_name, &["failed without saying why".to_owned()]));
    }
    diagnostics
}

fn only_writable(object: &mut Object, body: Body<'_>) {
    for attribute in body.attributes {
        let is_default = attribute.default.as_ref().is_some_and(|default| {
            object.get(attribute.name).is_some_and(|value| attribute.is_same(default, value))
        });
        let writable = attribute.required || attribute.optional;
        if !writable || attribute.write_only || attribute.deprecation.is_some() || is_default {
            object.insert(attribute.name.to_owned(), Value::Null);
        }
    }
    for block in body.blocks {
        match object.get_mut(block.name) {
            Some(Value::Object(inner)) => only_writable(inner, Body::from(block)),
            Some(Value::List(items) | Value::Set(items)) => {
                for item in items {
                    if let Value::Object(inner) = item {
                        only_writable(inner, Body::from(block));
                    }
                }
            }
            Some(Value::Map(items)) => {
                for item in items.values_mut() {
                    if let Value::Object(inner) = item {
                        only_writable(inner, Body::from(block));
                    }
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl<C: Send + Sync + 'static, R: Resource<C>> AnyResource<C> for Managed<C, R> {
    fn schema(&self) -> &Schema {
        &self.shape.schema
    }

    fn identity_schema(&self) -> &IdentitySchema {
        &self.shape.identity
    }

    fn configured(&self) {
        self.planning.begin();
    }

    fn validate(
        &self,
        request: proto::validate_resource_type_config::Request,
    ) -> proto::validate_resource_type_config::Response {
        let allowed = request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed);
        let report = wire::read_object(request.config.as_ref(), self.shape.body())
            .map_err(Diagnostics::from)
            .map(|config| config.map_or_else(Diagnostics::new, |config| self.check(&config, allowed)))
            .unwrap_or_else(|fault| fault);
        proto::validate_resource_type_config::Response { diagnostics: self.shape.diagnostics(report) }
    }

    fn upgrade(
        &self,
        request: proto::upgrade_resource_state::Request,
    ) -> proto::upgrade_resource_state::Response {
        answer(self.upgraded(request), self.shape.body())
    }

    fn upgrade_identity(
        &self,
        request: proto::upgrade_resource_identity::Request,
    ) -> proto::upgrade_resource_identity::Response {
        answer(self.upgraded_identity(request), self.shape.identity_body())
    }

    async fn read(
        &self,
        call: Call<C>,
        request: proto::read_resource::Request,
    ) -> proto::read_resource::Response {
        answer(self.do_read(call, request).await, self.shape.body())
    }

    async fn plan(
        &self,
        call: Call<C>,
        request: proto::plan_resource_change::Request,
    ) -> proto::plan_resource_change::Response {
        answer(self.do_plan(call, request).await, self.shape.body())
    }

    async fn apply(
        &self,
        call: Call<C>,
        request: proto::apply_resource_change::Request,
    ) -> proto::apply_resource_change::Response {
        answer(self.do_apply(call, request).await, self.shape.body())
    }

    async fn import(
        &self,
        call: Call<C>,
        request: proto::import_resource_state::Request,
    ) -> proto::import_resource_state::Response {
        answer(self.do_import(call, request).await, self.shape.body())
    }

    fn move_state(
        &self,
        request: proto::move_resource_state::Request,
    ) -> proto::move_resource_state::Response {
        answer(self.moved(request), self.shape.body())
    }

    fn generate_config(
        &self,
        request: proto::generate_resource_config::Request,
    ) -> proto::generate_resource_config::Response {
        answer(self.generated(request), self.shape.body())
    }
}
