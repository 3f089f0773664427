//! Terraform's protocol semantics: values, schemas, plan rules, the traits of objects. Knows neither SQL nor
//! Azure.
//!
//! An author writes a [`model!`] struct, a [`schema::Schema`] and the verbs of one trait
//! ([`resource::Resource`], [`data_source::DataSource`], …). Everything that Terraform core enforces on top of
//! that (computed values unknown on create, write-only values null everywhere, replacement paths, identity and
//! private state echoed, consistent final plans) is done by the engine, so that an object cannot produce an
//! "invalid plan" whatever its author forgets.
//!
//! | module | what |
//! | --- | --- |
//! | [`types`], [`value`], [`path`] | Terraform's type system, values that lose nothing, attribute paths |
//! | [`diagnostic`] | what a user reads |
//! | [`schema`], [`mod@model`] | how an object looks to Terraform, and to its author |
//! | [`resource`], [`data_source`], [`function`], [`action`], [`list_resource`] | the traits of objects |
//! | [`checks`] | checks of single values that schemas share |
//! | [`provider`] | what holds them together |
//! | [`engine`] | serves a provider: codecs, plans, applies, streams |
//! | [`harness`] | drives a provider as Terraform core does, for tests |
//! | [`timeouts`] | how long operations may take, as users write it |
//! | [`context`] | what a verb is given: the client, cancellation, the deadline, a place for warnings |

pub mod action;
#[cfg(test)]
mod arbitrary;
mod body;
pub mod checks;
mod conform;
pub mod context;
pub mod data_source;
pub mod diagnostic;
pub mod engine;
mod equality;
pub mod function;
pub mod harness;
mod json;
pub mod list_resource;
pub mod model;
mod msgpack;
mod number;
pub mod path;
mod private;
pub mod provider;
pub mod resource;
pub mod schema;
pub mod timeouts;
mod type_json;
pub mod types;
pub mod value;

pub use self::engine::ProviderServer;
pub use crate::model;
