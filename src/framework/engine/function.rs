//! Functions, called with Terraform's values.

use crate::framework::conform::conform;
use crate::framework::function::Function;
use crate::framework::path::AttributePath;
use crate::framework::value::Value;
use crate::plugin::proto::tfplugin5 as proto;
use proto::call_function::{Request, Response};

use super::wire;

/// Calls `function`. Terraform has checked types, nulls and unknowns by then; its errors are text, not
/// diagnostics.
pub(crate) fn call(function: &dyn Function, request: &Request) -> Response {
    match result(function, request) {
        Ok(value) => Response { result: Some(wire::write_value(&value)), error: None },
        Err(error) => Response { result: None, error: Some(error) },
    }
}

/// There is no function of that name.
pub(crate) fn unknown(name: &str) -> Response {
    Response { result: None, error: Some(failure(format!("there is no function \"{name}\""), None)) }
}

fn result(function: &dyn Function, request: &Request) -> Result<Value, proto::FunctionError> {
    let signature = function.signature();
    let mut arguments = Vec::with_capacity(request.arguments.len());
    for (position, argument) in request.arguments.iter().enumerate() {
        let Some(parameter) = signature.parameters.get(position).or(signature.variadic.as_ref()) else {
            return Err(failure("too many arguments".to_owned(), Some(position)));
        };
        let value = wire::read_value(argument, &parameter.ty)
            .map_err(|error| failure(error.to_string(), Some(position)))?;
        arguments.push(value);
    }
    let value = function.call(&arguments).map_err(|error| failure(error.text, error.argument))?;
    conform(value, &signature.result, &AttributePath::root()).map_err(|mismatch| {
        failure(format!("bug in the provider: the result is not {}", mismatch.expected), None)
    })
}

fn failure(text: String, argument: Option<usize>) -> proto::FunctionError {
    proto::FunctionError {
        text,
        function_argument: argument.and_then(|position| i64::try_from(position).ok()),
    }
}
