//! A provider of nothing that answers every call properly. Stands in until the framework serves the real one.

use std::pin::Pin;

use futures::Stream;
use terraform_provider_milink::plugin::proto::tfplugin5::provider_server::Provider;
use terraform_provider_milink::plugin::proto::tfplugin5::*;
use tonic::{Request, Response, Status};

/// Has a provider block without arguments, and nothing else.
#[derive(Debug)]
pub(crate) struct EmptyProvider;

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service: some calls answered with an empty message, some with an error, the others as they are written.
/// (One macro around it all, because the attribute must see whole functions.)
macro_rules! provider {
    (
        empty { $($empty:ident,)* }
        no_such_type { $($refused:ident,)* }
        $($other:tt)*
    ) => {
        #[allow(clippy::needless_update, reason = "some of the answers hold diagnostics only")]
        #[tonic::async_trait]
        impl Provider for EmptyProvider {
            $(
                async fn $empty(&self, _: Request<$empty::Request>) -> Answer<$empty::Response> {
                    Ok(Response::new($empty::Response::default()))
                }
            )*
            $(
                async fn $refused(&self, _: Request<$refused::Request>) -> Answer<$refused::Response> {
                    let diagnostics = vec![no_such_type()];
                    Ok(Response::new($refused::Response { diagnostics, ..Default::default() }))
                }
            )*
            $($other)*
        }
    };
}

provider! {
    empty {
        get_metadata,
        get_resource_identity_schemas,
        configure,
        get_functions,
        stop,
    }

    no_such_type {
        validate_resource_type_config,
        validate_data_source_config,
        upgrade_resource_state,
        upgrade_resource_identity,
        read_resource,
        plan_resource_change,
        apply_resource_change,
        import_resource_state,
        move_resource_state,
        read_data_source,
        generate_resource_config,
        validate_ephemeral_resource_config,
        open_ephemeral_resource,
        renew_ephemeral_resource,
        close_ephemeral_resource,
        validate_list_resource_config,
        plan_action,
        validate_action_config,
    }

    type ListResourceStream = Answers<list_resource::Event>;
    type InvokeActionStream = Answers<invoke_action::Event>;

    async fn get_schema(
        &self,
        _: Request<get_provider_schema::Request>,
    ) -> Answer<get_provider_schema::Response> {
        let block = Some(schema::Block::default());
        let provider = Some(Schema { version: 0, block });
        Ok(Response::new(get_provider_schema::Response { provider, ..Default::default() }))
    }

    async fn prepare_provider_config(
        &self,
        request: Request<prepare_provider_config::Request>,
    ) -> Answer<prepare_provider_config::Response> {
        let prepared_config = request.into_inner().config;
        Ok(Response::new(prepare_provider_config::Response { prepared_config, diagnostics: Vec::new() }))
    }

    async fn call_function(&self, _: Request<call_function::Request>) -> Answer<call_function::Response> {
        let error = FunctionError { text: "there is no such function".into(), function_argument: None };
        Ok(Response::new(call_function::Response { result: None, error: Some(error) }))
    }

    async fn list_resource(&self, _: Request<list_resource::Request>) -> Answer<Self::ListResourceStream> {
        let event = list_resource::Event { diagnostic: vec![no_such_type()], ..Default::default() };
        Ok(Response::new(Box::pin(futures::stream::iter([Ok(event)]))))
    }

    async fn invoke_action(&self, _: Request<invoke_action::Request>) -> Answer<Self::InvokeActionStream> {
        let completed = invoke_action::event::Completed { diagnostics: vec![no_such_type()] };
        let r#type = Some(invoke_action::event::Type::Completed(completed));
        Ok(Response::new(Box::pin(futures::stream::iter([Ok(invoke_action::Event { r#type })]))))
    }
}

fn no_such_type() -> Diagnostic {
    Diagnostic {
        severity: diagnostic::Severity::Error.into(),
        summary: "No such type".into(),
        detail: "This build of the provider has no objects.".into(),
        attribute: None,
    }
}
