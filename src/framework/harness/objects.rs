//! Everything that has no plan: imports, moves, upgrades, data sources, functions, actions, listings.

use serde_json::Value as Json;
use tokio_stream::StreamExt as _;

use crate::framework::body::Body;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::engine::wire;
use crate::framework::function::FunctionError;
use crate::framework::provider::Provider;
use crate::framework::types::Type;
use crate::framework::value::{Object, Value};
use crate::plugin::proto::tfplugin5 as proto;
use proto::provider_server::Provider as _;

use super::plan::{is_deferred, refuse};
use super::rules::state_faults;
use super::{Harness, Problem, Stored, answer, client, object, read_diagnostics, succeeded};

/// What an action did.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// What it said.
    pub lines: Vec<String>,
    /// How it ended.
    pub diagnostics: Diagnostics,
}

/// One object that a listing found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What a reader recognises it by.
    pub display_name: String,
    /// Its identity.
    pub identity: Object,
    /// The object.
    pub state: Object,
}

impl<P: Provider> Harness<P> {
    /// Imports by id and reads what was imported.
    pub async fn import(&self, type_name: &str, id: &str) -> Result<Stored, Problem> {
        self.import_by(type_name, id, None).await
    }

    /// Imports by identity and reads what was imported.
    pub async fn import_by_identity(&self, type_name: &str, identity: Json) -> Result<Stored, Problem> {
        let attributes = self.identity_attributes(type_name);
        let body = Body { attributes: &attributes, blocks: &[] };
        let identity = object(&identity, body)?;
        self.import_by(type_name, "", wire::write_identity(Some(&identity), body)).await
    }

    async fn import_by(
        &self,
        type_name: &str,
        id: &str,
        identity: Option<proto::ResourceIdentityData>,
    ) -> Result<Stored, Problem> {
        let body = self.body(type_name)?;
        let by_identity = identity.is_some();
        let request = proto::import_resource_state::Request {
            type_name: type_name.to_owned(),
            id: id.to_owned(),
            client_capabilities: client(self.deferrals),
            identity,
        };
        let response = answer(self.server.import_resource_state(tonic::Request::new(request)).await)?;
        succeeded(response.diagnostics)?;
        if is_deferred(response.deferred.as_ref())? {
            return Err(Problem::Deferred);
        }
        let [imported] = response.imported_resources.as_slice() else {
            return Err(Problem::Violation("an import gives one object".to_owned()));
        };
        let Some(state) = self.object(imported.state.as_ref(), body)? else {
            return Err(Problem::Violation("an import gives no null".to_owned()));
        };
        refuse("an import", state_faults(&state, body))?;
        // By id, the read that follows may be the first that knows it.
        let identity = match &imported.identity {
            None if !by_identity => None,
            identity => self.read_identity(type_name, identity.as_ref())?,
        };
        let stub = Stored { state, private: imported.private.clone(), identity, tainted: false };
        match self.refresh(type_name, &stub).await? {
            Some(stored) => Ok(stored),
            None => Err(Problem::Violation("the imported object does not exist".to_owned())),
        }
    }

    /// Reads a state of schema version `version`, as JSON by attribute name, with today's schema.
    pub async fn upgrade(&self, type_name: &str, version: i64, state: Json) -> Result<Object, Problem> {
        let body = self.body(type_name)?;
        let request = proto::upgrade_resource_state::Request {
            type_name: type_name.to_owned(),
            version,
            raw_state: Some(proto::RawState { json: state.to_string().into_bytes(), ..Default::default() }),
        };
        let response = answer(self.server.upgrade_resource_state(tonic::Request::new(request)).await)?;
        succeeded(response.diagnostics)?;
        let upgraded = self.object(response.upgraded_state.as_ref(), body)?.unwrap_or_default();
        refuse("an upgrade", state_faults(&upgraded, body))?;
        Ok(upgraded)
    }

    /// Reads an identity of version `version`, as JSON by attribute name, with today's schema.
    pub async fn upgrade_identity(
        &self,
        type_name: &str,
        version: i64,
        identity: Json,
    ) -> Result<Object, Problem> {
        let raw = proto::RawState { json: identity.to_string().into_bytes(), ..Default::default() };
        let request = proto::upgrade_resource_identity::Request {
            type_name: type_name.to_owned(),
            version,
            raw_identity: Some(raw),
        };
        let response = answer(self.server.upgrade_resource_identity(tonic::Request::new(request)).await)?;
        succeeded(response.diagnostics)?;
        Ok(self.read_identity(type_name, response.upgraded_identity.as_ref())?.unwrap_or_default())
    }

    /// Validates and reads a data source.
    pub async fn data_source(&self, type_name: &str, config: Json) -> Result<(Object, Diagnostics), Problem> {
        let Some((_, schema)) = self.server.data_source_schemas().find(|(name, _)| *name == type_name) else {
            return Err(Problem::Violation(format!("there is no data source {type_name}")));
        };
        let body = Body::from(schema);
        let config = wire::write_object(Some(&object(&config, body)?), body);
        let request = proto::validate_data_source_config::Request {
            type_name: type_name.to_owned(),
            config: config.clone(),
        };
        let valid = answer(self.server.validate_data_source_config(tonic::Request::new(request)).await)?;
        let mut warnings = succeeded(valid.diagnostics)?;
        let request = proto::read_data_source::Request {
            type_name: type_name.to_owned(),
            config,
            provider_meta: None,
            client_capabilities: client(self.deferrals),
        };
        let response = answer(self.server.read_data_source(tonic::Request::new(request)).await)?;
        warnings.extend(succeeded(response.diagnostics)?);
        if is_deferred(response.deferred.as_ref())? {
            return Err(Problem::Deferred);
        }
        let Some(read) = self.object(response.state.as_ref(), body)? else {
            return Err(Problem::Violation("a data source is null".to_owned()));
        };
        refuse("a data source", state_faults(&read, body))?;
        Ok((read, warnings))
    }

    /// Calls a function whose result has type `result`.
    pub async fn call_function(
        &self,
        name: &str,
        arguments: &[Value],
        result: &Type,
    ) -> Result<Result<Value, FunctionError>, Problem> {
        let request = proto::call_function::Request {
            name: name.to_owned(),
            arguments: arguments.iter().map(wire::write_value).collect(),
        };
        let response = answer(self.server.call_function(tonic::Request::new(request)).await)?;
        if let Some(error) = response.error {
            let argument = error.function_argument.and_then(|position| usize::try_from(position).ok());
            return Ok(Err(FunctionError { text: error.text, argument }));
        }
        let value = wire::read_value(&response.result.unwrap_or_default(), result)
            .map_err(|error| Problem::Violation(error.to_string()))?;
        Ok(Ok(value))
    }

    /// Validates, plans and invokes an action.
    pub async fn invoke(&self, type_name: &str, config: Json) -> Result<Invoked, Problem> {
        let Some(schema) = self.server.action_schema(type_name) else {
            return Err(Problem::Violation(format!("there is no action {type_name}")));
        };
        let body = Body::from(schema);
        let config = wire::write_object(Some(&object(&config, body)?), body);
        let request = proto::validate_action_config::Request {
            type_name: type_name.to_owned(),
            config: config.clone(),
        };
        let valid = answer(self.server.validate_action_config(tonic::Request::new(request)).await)?;
        let mut warnings = succeeded(valid.diagnostics)?;
        let request = proto::plan_action::Request {
            action_type: type_name.to_owned(),
            config: config.clone(),
            client_capabilities: client(self.deferrals),
        };
        let planned = answer(self.server.plan_action(tonic::Request::new(request)).await)?;
        warnings.extend(succeeded(planned.diagnostics)?);
        if is_deferred(planned.deferred.as_ref())? {
            return Err(Problem::Deferred);
        }
        let request = proto::invoke_action::Request {
            action_type: type_name.to_owned(),
            config,
            client_capabilities: client(self.deferrals),
        };
        let mut events = answer(self.server.invoke_action(tonic::Request::new(request)).await)?;
        let mut lines = Vec::new();
        while let Some(event) = events.next().await {
            use proto::invoke_action::event::Type;
            match answer(event.map(tonic::Response::new))?.r#type {
                Some(Type::Progress(progress)) => lines.push(progress.message),
                Some(Type::Completed(completed)) => {
                    warnings.extend(read_diagnostics(completed.diagnostics)?);
                    return match events.next().await {
                        None => Ok(Invoked { lines, diagnostics: warnings }),
                        Some(_) => Err(Problem::Violation("an action goes on after its end".to_owned())),
                    };
                }
                None => return Err(Problem::Violation("an event of an action is empty".to_owned())),
            }
        }
        Err(Problem::Violation("an action ends without saying so".to_owned()))
    }

    /// Lists at most `limit` objects.
    pub async fn list(&self, type_name: &str, config: Json, limit: i64) -> Result<Vec<Found>, Problem> {
        let Some(schema) = self.server.list_schema(type_name) else {
            return Err(Problem::Violation(format!("{type_name} cannot be listed")));
        };
        let body = Body::from(schema);
        let config = wire::write_object(Some(&object(&config, body)?), body);
        let request = proto::validate_list_resource_config::Request {
            type_name: type_name.to_owned(),
            config: config.clone(),
            ..Default::default()
        };
        let valid = answer(self.server.validate_list_resource_config(tonic::Request::new(request)).await)?;
        succeeded(valid.diagnostics)?;
        let request = proto::list_resource::Request {
            type_name: type_name.to_owned(),
            config,
            include_resource_object: true,
            limit,
        };
        let mut events = answer(self.server.list_resource(tonic::Request::new(request)).await)?;
        let mut found = Vec::new();
        while let Some(event) = events.next().await {
            let event = answer(event.map(tonic::Response::new))?;
            let warned = !event.diagnostic.is_empty();
            succeeded(event.diagnostic)?;
            if event.identity.is_none() && warned {
                continue;
            }
            let identity = self.read_identity(type_name, event.identity.as_ref())?.unwrap_or_default();
            let state_body = self.body(type_name)?;
            let state = self.object(event.resource_object.as_ref(), state_body)?.unwrap_or_default();
            refuse("a listing", state_faults(&state, state_body))?;
            found.push(Found { display_name: event.display_name, identity, state });
        }
        Ok(found)
    }
}
