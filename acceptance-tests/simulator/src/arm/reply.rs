//! Answers of the ARM face: bodies, headers, and the errors in the words of the service.
//!
//! ARM itself (the gateway) and the SQL resource provider behind it speak differently: the gateway's errors carry
//! `x-ms-failure-cause: gateway`, name "The Resource '…' under resource group '…'", and come before the provider is
//! asked. Clients tell "the link is gone" from "the instance is gone" by exactly that (recorded both ways), so the two
//! families are separate constructors here.

use serde_json::{Value, json};
use time::Duration;

/// What a handler answers: status, body, extra headers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON body; `None` is an empty body.
    pub body: Option<Value>,
    /// Headers besides the common ones.
    pub headers: Vec<(String, String)>,
    /// How long the service takes to say so, on the world's clock.
    pub takes: Duration,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: Value) -> Self {
        Self { body: Some(body), ..Self::empty(200) }
    }

    /// A status without body.
    pub fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new(), takes: Duration::ZERO }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// An error answer: `{"error":{"code","message"}}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct ArmError {
    /// HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: String,
    /// `error.message`.
    pub message: String,
    /// Whether ARM's gateway answered and not the resource provider.
    pub gateway: bool,
    /// Headers besides the common ones.
    pub headers: Vec<(String, String)>,
    /// How long the service takes to say so, on the world's clock.
    pub takes: Duration,
}

impl ArmError {
    /// An error of the SQL resource provider.
    pub fn provider(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            gateway: false,
            headers: Vec::new(),
            takes: Duration::ZERO,
        }
    }

    /// An error of ARM's gateway.
    pub fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { gateway: true, ..Self::provider(status, code, message) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// 404 of the resource provider: a child of an instance that exists. [recording link_error_handling]
    pub fn child_not_found(child_type: &str, name: &str) -> Self {
        Self::provider(
            404,
            "ResourceNotFound",
            format!(
                "The requested resource of type 'Microsoft.Sql/managedInstances/{child_type}' with name '{name}' was not found."
            ),
        )
    }

    /// 404 of the gateway: `resource` is `managedInstances/mi1`. [recording link_error_handling]
    pub fn resource_not_found(resource: &str, group: &str) -> Self {
        Self::gateway(
            404,
            "ResourceNotFound",
            format!(
                "The Resource 'Microsoft.Sql/{resource}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    /// 404: the group does not exist. [public ARM documentation, resource-group-not-found]
    pub fn group_not_found(group: &str) -> Self {
        Self::gateway(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
    }

    /// 404: the subscription does not exist or the caller sees nothing of it.
    pub fn subscription_not_found(subscription: &str) -> Self {
        Self::gateway(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{subscription}' could not be found."),
        )
    }

    /// 400: the subscription id is not a UUID.
    pub fn invalid_subscription(subscription: &str) -> Self {
        Self::gateway(
            400,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{subscription}' is malformed or invalid."),
        )
    }

    /// 400: no `api-version`.
    pub fn missing_api_version() -> Self {
        Self::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    }

    /// 400 `InvalidParameterValue`; for links the endpoint is called by its old name, SourceEndpoint.
    /// [recording link_error_handling]
    pub fn invalid_parameter(parameter: &str) -> Self {
        Self::provider(
            400,
            "InvalidParameterValue",
            format!("Invalid value given for parameter {parameter}. Specify a valid parameter value."),
        )
    }

    /// 500 of the resource provider for a body without `properties`, 23 seconds later. [recorded: Azure SDK for .NET, 2022]
    pub fn internal(tracking: &str) -> Self {
        let text =
            format!("An unexpected error occured while processing the request. Tracking ID: '{tracking}'");
        Self { takes: Duration::seconds(23), ..Self::provider(500, "InternalServerError", text) }
    }

    /// 400 of the gateway: the body is not what it should be. [reports of users of azure-powershell and azure-sdk-for-net]
    pub fn invalid_content(why: &str) -> Self {
        Self::gateway(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{why}'."),
        )
    }

    /// 404 for a type or an action that this simulator, or the version, does not have.
    pub fn no_such_type(kind: &str, version: impl std::fmt::Display) -> Self {
        Self::gateway(
            404,
            "InvalidResourceType",
            format!(
                "The resource type '{kind}' could not be found in the namespace 'Microsoft.Sql' for api version '{version}'."
            ),
        )
    }

    /// 415: a body that is not JSON by its header. [reports of users of azure-cli and of Terraform]
    pub fn unsupported_media_type(given: Option<&str>) -> Self {
        let given = given.unwrap_or("<null>");
        Self::gateway(
            415,
            "UnsupportedMediaType",
            format!(
                "The content media type '{given}' is not supported. Only 'application/json' is supported."
            ),
        )
    }

    /// 413. [reports of users of large templates]
    pub fn content_too_large() -> Self {
        Self::gateway(
            413,
            "RequestContentTooLarge",
            "The request content size exceeds the maximum size of 4 MB.",
        )
    }

    /// 405: an empty resource name, or a verb that the type does not have. [recorded: Azure SDK for .NET, 2022]
    pub fn method_not_allowed(method: &str) -> Self {
        Self::provider(
            405,
            "MethodNotAllowed",
            format!("The http method '{method}' is not supported for a resource collection."),
        )
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        let mut reply = Reply {
            status: self.status,
            body: Some(json!({ "error": { "code": self.code, "message": self.message } })),
            headers: self.headers.clone(),
            takes: self.takes,
        };
        if self.gateway {
            reply = reply.header("x-ms-failure-cause", "gateway");
        }
        reply
    }
}
