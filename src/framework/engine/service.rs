//! The calls of the protocol.
//!
//! Each runs in a task of its own: a panic becomes a diagnostic instead of a broken connection, and a host that
//! hangs up does not drop a statement that is half done.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use crate::framework::body::Body;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::provider::{Configure, Provider};
use crate::plugin::Hold;
use crate::plugin::proto::tfplugin5::provider_server;
use crate::plugin::proto::tfplugin5::*;

use super::call::{BUG, Call, Refusal, checked_model, config_model};
use super::{Configured, Inner, ProviderServer, function, schema_wire, validate, wire};

/// Events that wait for the host.
const WAITING: usize = 16;

/// How long a call may take to end after it was cancelled because the process ends: longer than a statement in flight.
const CALL_END: Duration = Duration::from_secs(60);

type Answer<T> = Result<Response<T>, Status>;
type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl<P: Provider> ProviderServer<P> {
    /// Runs a call in a task of its own, cancelled by `Stop` and by the end of the process.
    async fn run<T, F>(
        &self,
        rpc: &'static str,
        type_name: &str,
        work: impl FnOnce(Arc<Inner<P>>, Call<P::Client>) -> F,
    ) -> Answer<T>
    where
        T: Refusal,
        F: Future<Output = T> + Send + 'static,
    {
        let call = self.inner.call();
        let span = tracing::debug_span!("call", rpc, r#type = type_name);
        // The task, not the handler, holds up the end of the process: a host that is gone drops its handlers.
        let hold = self.inner.hold();
        let work = work(Arc::clone(&self.inner), call).instrument(span);
        let task = tokio::spawn(async move {
            let answer = work.await;
            drop(hold);
            answer
        });
        Ok(Response::new(task.await.unwrap_or_else(|error| T::refuse(vec![crash(rpc, type_name, error)]))))
    }
}

fn crash(rpc: &str, type_name: &str, error: JoinError) -> Diagnostic {
    let what = match error.try_into_panic() {
        Ok(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
        }
        Err(_) => "the call was given up".to_owned(),
    };
    error_diagnostic(
        BUG,
        format!(
            "{rpc} {type_name} failed unexpectedly: {what}\n\nhint: please report this with the log (TF_LOG=debug)"
        ),
    )
}

fn error_diagnostic(summary: &str, detail: String) -> Diagnostic {
    Diagnostic {
        severity: diagnostic::Severity::Error.into(),
        summary: summary.to_owned(),
        detail,
        attribute: None,
    }
}

fn no_such_type(type_name: &str) -> Vec<Diagnostic> {
    vec![error_diagnostic(
        "No such type",
        format!("This version of the provider has no \"{type_name}\" of this kind."),
    )]
}

fn capabilities() -> Option<ServerCapabilities> {
    Some(ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    })
}

impl<P: Provider> Inner<P> {
    /// Holds up the end of the process for a call that is being ended.
    fn hold(&self) -> Option<Hold> {
        self.shutdown.as_ref().map(|shutdown| shutdown.hold(CALL_END))
    }

    fn body(&self) -> Body<'_> {
        Body::from(&self.schema)
    }

    fn schema_faults(&self) -> Vec<Diagnostic> {
        self.faults.iter().map(|fault| error_diagnostic(BUG, fault.clone())).collect()
    }

    fn check(&self, config: Option<&DynamicValue>) -> Result<Diagnostics, Diagnostics> {
        let mut report = Diagnostics::new();
        let config = wire::read_object(config, self.body())?.unwrap_or_else(|| self.body().empty());
        validate::check(&config, self.body(), true, &mut report);
        if let Some(config) = checked_model::<P::Model>(&config, self.body(), &mut report) {
            self.provider.validate(&config, &mut report);
        }
        Ok(report)
    }

    async fn make_client(&self, request: configure::Request) -> Result<(), Diagnostics> {
        let config = wire::read_object(request.config.as_ref(), self.body())?;
        let config = config.unwrap_or_else(|| self.body().empty());
        let partly_unknown = config.values().any(|value| !value.is_wholly_known());
        let configure = Configure {
            config: config_model(&config, self.body())?,
            partly_unknown,
            engine_version: request.terraform_version,
            // Not the call's own, which ends with the call.
            cancellation: self.running().child_token(),
        };
        let client = self.provider.configure(configure).await?;
        *self.configured.write().unwrap_or_else(PoisonError::into_inner) =
            Configured { client: Some(Arc::new(client)), partly_unknown };
        for resource in self.resources.values() {
            resource.configured();
        }
        Ok(())
    }
}

/// Implements calls that are about one type: looked up, else refused.
macro_rules! about_types {
    ($(($rpc:ident, $registry:ident, $field:ident, |$object:ident, $call:ident, $request:ident| $work:expr)),* $(,)?;
     $($rest:tt)*) => {
        #[tonic::async_trait]
        impl<P: Provider> provider_server::Provider for ProviderServer<P> {
            $(
                async fn $rpc(&self, request: Request<$rpc::Request>) -> Answer<$rpc::Response> {
                    let $request = request.into_inner();
                    let type_name = $request.$field.clone();
                    self.run(stringify!($rpc), &type_name.clone(), |inner, $call| async move {
                        match inner.$registry.get(type_name.as_str()) {
                            Some($object) => $work,
                            None => $rpc::Response::refuse(no_such_type(&type_name)),
                        }
                    })
                    .await
                }
            )*
            $($rest)*
        }
    };
}

about_types! {
    (validate_resource_type_config, resources, type_name, |object, _call, request| object.validate(request)),
    (upgrade_resource_state, resources, type_name, |object, _call, request| object.upgrade(request)),
    (upgrade_resource_identity, resources, type_name, |object, _call, request| object.upgrade_identity(request)),
    (read_resource, resources, type_name, |object, call, request| object.read(call, request).await),
    (plan_resource_change, resources, type_name, |object, call, request| object.plan(call, request).await),
    (apply_resource_change, resources, type_name, |object, call, request| object.apply(call, request).await),
    (import_resource_state, resources, type_name, |object, call, request| object.import(call, request).await),
    (move_resource_state, resources, target_type_name, |object, _call, request| object.move_state(request)),
    (generate_resource_config, resources, type_name, |object, _call, request| object.generate_config(request)),
    (validate_data_source_config, data_sources, type_name, |object, _call, request| object.validate(request)),
    (read_data_source, data_sources, type_name, |object, call, request| object.read(call, request).await),
    (validate_list_resource_config, list_resources, type_name, |object, _call, request| object.validate(request)),
    (validate_action_config, actions, type_name, |object, _call, request| object.validate(request)),
    (plan_action, actions, action_type, |object, call, request| object.plan(call, request).await);

    type ListResourceStream = Events<list_resource::Event>;
    type InvokeActionStream = Events<invoke_action::Event>;

    async fn get_metadata(&self, _: Request<get_metadata::Request>) -> Answer<get_metadata::Response> {
        let inner = &self.inner;
        let names = |name: &&'static str| (*name).to_owned();
        Ok(Response::new(get_metadata::Response {
            server_capabilities: capabilities(),
            diagnostics: inner.schema_faults(),
            resources: inner
                .resources
                .keys()
                .map(|name| get_metadata::ResourceMetadata { type_name: names(name) })
                .collect(),
            data_sources: inner
                .data_sources
                .keys()
                .map(|name| get_metadata::DataSourceMetadata { type_name: names(name) })
                .collect(),
            functions: inner
                .functions
                .keys()
                .map(|name| get_metadata::FunctionMetadata { name: names(name) })
                .collect(),
            list_resources: inner
                .list_resources
                .keys()
                .map(|name| get_metadata::ListResourceMetadata { type_name: names(name) })
                .collect(),
            // Two definitions of the protocol give actions different field numbers here; nobody needs them.
            actions: Vec::new(),
            ephemeral_resources: Vec::new(),
        }))
    }

    async fn get_schema(
        &self,
        _: Request<get_provider_schema::Request>,
    ) -> Answer<get_provider_schema::Response> {
        let inner = &self.inner;
        let action = |schema| ActionSchema { schema: Some(schema_wire::schema(schema)) };
        Ok(Response::new(get_provider_schema::Response {
            provider: Some(schema_wire::schema(&inner.schema)),
            resource_schemas: inner
                .resources
                .iter()
                .map(|(name, object)| ((*name).to_owned(), schema_wire::schema(object.schema())))
                .collect(),
            data_source_schemas: inner
                .data_sources
                .iter()
                .map(|(name, object)| ((*name).to_owned(), schema_wire::schema(object.schema())))
                .collect(),
            list_resource_schemas: inner
                .list_resources
                .iter()
                .map(|(name, object)| ((*name).to_owned(), schema_wire::schema(object.schema())))
                .collect(),
            action_schemas: inner
                .actions
                .iter()
                .map(|(name, object)| ((*name).to_owned(), action(object.schema())))
                .collect(),
            functions: signatures(inner),
            diagnostics: inner.schema_faults(),
            server_capabilities: capabilities(),
            ..Default::default()
        }))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<get_resource_identity_schemas::Request>,
    ) -> Answer<get_resource_identity_schemas::Response> {
        let identity_schemas = self
            .inner
            .resources
            .iter()
            .map(|(name, object)| ((*name).to_owned(), schema_wire::identity(object.identity_schema())))
            .collect();
        Ok(Response::new(get_resource_identity_schemas::Response {
            identity_schemas,
            diagnostics: Vec::new(),
        }))
    }

    async fn prepare_provider_config(
        &self,
        request: Request<prepare_provider_config::Request>,
    ) -> Answer<prepare_provider_config::Response> {
        let request = request.into_inner();
        self.run("prepare_provider_config", P::NAME, |inner, _call| async move {
            let report = inner.check(request.config.as_ref()).unwrap_or_else(|fault| fault);
            prepare_provider_config::Response {
                diagnostics: wire::diagnostics(report, Some(inner.body())),
                prepared_config: request.config,
            }
        })
        .await
    }

    async fn configure(&self, request: Request<configure::Request>) -> Answer<configure::Response> {
        let request = request.into_inner();
        self.run("configure", P::NAME, |inner, _call| async move {
            let outcome = inner.make_client(request).await;
            let diagnostics = outcome.err().unwrap_or_default();
            configure::Response { diagnostics: wire::diagnostics(diagnostics, Some(inner.body())) }
        })
        .await
    }

    async fn get_functions(&self, _: Request<get_functions::Request>) -> Answer<get_functions::Response> {
        Ok(Response::new(get_functions::Response {
            functions: signatures(&self.inner),
            diagnostics: Vec::new(),
        }))
    }

    async fn call_function(&self, request: Request<call_function::Request>) -> Answer<call_function::Response> {
        let request = request.into_inner();
        self.run("call_function", &request.name.clone(), |inner, _call| async move {
            match inner.functions.get(request.name.as_str()) {
                Some(called) => function::call(called.as_ref(), &request),
                None => function::unknown(&request.name),
            }
        })
        .await
    }

    async fn list_resource(&self, request: Request<list_resource::Request>) -> Answer<Self::ListResourceStream> {
        let request = request.into_inner();
        let (sender, events) = mpsc::channel(WAITING);
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let failed = |diagnostic| list_resource::Event { diagnostic, ..Default::default() };
            let type_name = request.type_name.clone();
            let span = tracing::debug_span!("call", rpc = "list_resource", r#type = type_name);
            let call = inner.call();
            let _until_answered = inner.hold();
            let listing = {
                let (inner, sender, type_name) = (Arc::clone(&inner), sender.clone(), type_name.clone());
                async move {
                    match inner.list_resources.get(type_name.as_str()) {
                        Some(list) => list.list(call, request, sender).await,
                        None => drop(sender.send(failed(no_such_type(&type_name))).await),
                    }
                }
            };
            if let Err(error) = tokio::spawn(listing.instrument(span)).await {
                let event = failed(vec![crash("list_resource", &type_name, error)]);
                let _nobody_reads = sender.send(event).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(events).map(Ok))))
    }

    async fn invoke_action(&self, request: Request<invoke_action::Request>) -> Answer<Self::InvokeActionStream> {
        let request = request.into_inner();
        let (sender, events) = mpsc::channel(WAITING);
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let type_name = request.action_type.clone();
            let (line_sender, mut lines) = mpsc::channel(WAITING);
            let span = tracing::debug_span!("call", rpc = "invoke_action", r#type = type_name);
            let call = inner.call();
            let _until_answered = inner.hold();
            let acting = {
                let (inner, type_name) = (Arc::clone(&inner), type_name.clone());
                async move {
                    match inner.actions.get(type_name.as_str()) {
                        Some(action) => action.invoke(call, request, line_sender).await,
                        None => no_such_type(&type_name),
                    }
                }
            };
            let ended = tokio::spawn(acting.instrument(span));
            // Ends when the action, and with it the sender of lines, has ended.
            let forwarding = async {
                while let Some(message) = lines.recv().await {
                    let progress = invoke_action::event::Progress { message };
                    let r#type = Some(invoke_action::event::Type::Progress(progress));
                    if sender.send(invoke_action::Event { r#type }).await.is_err() {
                        break;
                    }
                }
                // The action goes on without listeners.
                drop(lines);
            };
            let (ended, ()) = tokio::join!(ended, forwarding);
            let diagnostics = ended.unwrap_or_else(|error| vec![crash("invoke_action", &type_name, error)]);
            let completed = invoke_action::event::Completed { diagnostics };
            let r#type = Some(invoke_action::event::Type::Completed(completed));
            let _nobody_reads = sender.send(invoke_action::Event { r#type }).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(events).map(Ok))))
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<validate_ephemeral_resource_config::Request>,
    ) -> Answer<validate_ephemeral_resource_config::Response> {
        let diagnostics = no_such_type(&request.into_inner().type_name);
        Ok(Response::new(validate_ephemeral_resource_config::Response { diagnostics }))
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<open_ephemeral_resource::Request>,
    ) -> Answer<open_ephemeral_resource::Response> {
        let refused = no_such_type(&request.into_inner().type_name);
        Ok(Response::new(open_ephemeral_resource::Response::refuse(refused)))
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<renew_ephemeral_resource::Request>,
    ) -> Answer<renew_ephemeral_resource::Response> {
        let refused = no_such_type(&request.into_inner().type_name);
        Ok(Response::new(renew_ephemeral_resource::Response::refuse(refused)))
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<close_ephemeral_resource::Request>,
    ) -> Answer<close_ephemeral_resource::Response> {
        let diagnostics = no_such_type(&request.into_inner().type_name);
        Ok(Response::new(close_ephemeral_resource::Response { diagnostics }))
    }

    async fn stop(&self, _: Request<stop::Request>) -> Answer<stop::Response> {
        tracing::info!("asked to stop; running operations are told");
        self.inner.stop();
        Ok(Response::new(stop::Response::default()))
    }
}

fn signatures<P: Provider>(inner: &Inner<P>) -> std::collections::HashMap<String, Function> {
    inner
        .functions
        .iter()
        .map(|(name, function)| ((*name).to_owned(), schema_wire::function(&function.signature())))
        .collect()
}
