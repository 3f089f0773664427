//! Provider functions: pure, called on an unconfigured process, in every phase.

use super::types::Type;
use super::value::Value;

/// A function.
pub trait Function: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;

    /// How it is called and documented.
    fn signature(&self) -> Signature;

    /// Calls it; the arguments have the types of the signature, variadic ones follow the others.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// The signature of a function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// One line.
    pub summary: &'static str,
    /// Markdown.
    pub description: &'static str,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Any number of further arguments.
    pub variadic: Option<Parameter>,
    /// What it returns.
    pub result: Type,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// An HCL identifier.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Markdown.
    pub description: &'static str,
    /// Whether null may be given; Terraform refuses it otherwise.
    pub allow_null: bool,
}

/// Why a function has no result: a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// What is wrong.
    pub text: String,
    /// The argument at fault, from 0.
    pub argument: Option<usize>,
}
