//! Drives a [`ProviderServer`] in this process as Terraform core does, with core's own checks, for tests.
//!
//! ```text
//! let harness = Harness::new(server);
//! harness.configure(json!({})).await?;
//! let config = harness.config("t_thing", json!({"name": "a"}))?;
//! let made = harness.settle("t_thing", None, &config).await?;          // validate, plan, apply, read, plan: no-op
//! let plan = harness.plan("t_thing", Some(&made), &other).await?;      // refreshes first
//! assert_eq!(plan.action, Action::Update);
//! let applied = harness.apply(plan).await?;                            // plans again, as core does
//! ```
//!
//! A [`Problem::Violation`] is something that core would report as "Provider produced …": always a bug. What a
//! provider says to its users is in [`Problem::Diagnostics`], or beside an answer. The rules are re-implemented
//! from core's documentation of the resource instance change lifecycle and know nothing of the engine's, so that
//! each checks the other. There is no Terraform in here: that the rules are its rules is shown by the acceptance
//! tests, which run it.

use std::fmt;

use serde_json::Value as Json;

use super::body::{self, Body};
use super::diagnostic::{Diagnostic, Diagnostics, Severity};
use super::engine::{ProviderServer, wire};
use super::path::AttributePath;
use super::provider::Provider;
use super::value::{Object, Value};
use crate::plugin::proto::tfplugin5 as proto;
use proto::provider_server::Provider as _;

mod apply;
pub mod objects;
mod plan;
pub(crate) mod rules;

/// A provider under test.
pub struct Harness<P: Provider> {
    server: ProviderServer<P>,
    /// Whether deferrals are allowed while planning.
    deferrals: bool,
}

/// An object in the state.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its attributes and blocks.
    pub state: Object,
    /// Its private bytes.
    pub private: Vec<u8>,
    /// Its identity.
    pub identity: Option<Object>,
    /// Whether it will be replaced, because its create failed or somebody said so.
    pub tainted: bool,
}

/// What a plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Makes the object.
    Create,
    /// Changes it.
    Update,
    /// Deletes it and makes another, because of these paths (none when it is tainted).
    Replace(Vec<AttributePath>),
    /// Deletes it.
    Delete,
}

/// A plan that was made and found valid.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The type of the object.
    pub type_name: String,
    /// What will be done.
    pub action: Action,
    /// The object as it was refreshed.
    pub prior: Option<Stored>,
    /// The configuration, unknown parts included.
    pub config: Object,
    /// What will be; `None` when it is deleted.
    pub planned: Option<Object>,
    /// What a delete is handed.
    pub private: Vec<u8>,
    /// Whether it is put off until more is known.
    pub deferred: bool,
    /// Warnings.
    pub diagnostics: Diagnostics,
}

/// What an apply did.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What is in the state now.
    pub stored: Option<Stored>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Problem {
    /// The provider says no.
    #[error("{}", Shown(.0))]
    Diagnostics(Diagnostics),
    /// The provider put it off until its configuration is known, which the client allowed.
    #[error("deferred until the provider's configuration is known")]
    Deferred,
    /// The provider broke a rule of Terraform's.
    #[error("the provider broke a rule of Terraform: {0}")]
    Violation(String),
}

impl Problem {
    /// The diagnostics; none for a violation.
    pub fn diagnostics(&self) -> Diagnostics {
        match self {
            Self::Diagnostics(diagnostics) => diagnostics.clone(),
            Self::Violation(_) | Self::Deferred => Diagnostics::new(),
        }
    }
}

impl Stored {
    /// An attribute or block; null where there is none.
    pub fn value(&self, name: &str) -> &Value {
        self.state.get(name).unwrap_or(&Value::Null)
    }

    /// The same object, to be replaced by the next plan.
    pub fn taint(mut self) -> Self {
        self.tainted = true;
        self
    }
}

impl Applied {
    /// What is stored, when nothing went wrong.
    pub fn success(self) -> Result<Option<Stored>, Problem> {
        if self.diagnostics.has_errors() {
            Err(Problem::Diagnostics(self.diagnostics))
        } else {
            Ok(self.stored)
        }
    }
}

impl<P: Provider> Harness<P> {
    /// A provider that is not configured yet.
    pub fn new(server: ProviderServer<P>) -> Self {
        Self { server, deferrals: false }
    }

    /// The same provider, driven by a client that allows deferrals while planning (Terraform Stacks).
    pub fn deferring(&self) -> Self {
        Self { server: self.server.clone(), deferrals: true }
    }

    /// Validates and applies the provider block. The answer is what was warned of.
    pub async fn configure(&self, block: Json) -> Result<Diagnostics, Problem> {
        let schema = P::schema();
        let config = object(&block, Body::from(&schema))?;
        self.configure_with(&config).await
    }

    /// As [`Harness::configure`], for a block with unknown values in it.
    pub async fn configure_with(&self, config: &Object) -> Result<Diagnostics, Problem> {
        let schema = P::schema();
        let config = wire::write_object(Some(config), Body::from(&schema));
        let request = proto::prepare_provider_config::Request { config: config.clone() };
        let prepared = answer(self.server.prepare_provider_config(tonic::Request::new(request)).await)?;
        let mut warnings = succeeded(prepared.diagnostics)?;
        let request = proto::configure::Request {
            terraform_version: "1.15.5".to_owned(),
            config,
            client_capabilities: client(self.deferrals),
        };
        let configured = answer(self.server.configure(tonic::Request::new(request)).await)?;
        warnings.extend(succeeded(configured.diagnostics)?);
        Ok(warnings)
    }

    /// Asks everything that runs to stop, as Ctrl-C does.
    pub async fn stop(&self) {
        let _nothing = self.server.stop(tonic::Request::new(proto::stop::Request {})).await;
    }

    /// A configuration of a managed resource. What is left out is null; put [`Value::UNKNOWN`] into the answer
    /// for what is known only after the apply.
    pub fn config(&self, type_name: &str, json: Json) -> Result<Object, Problem> {
        object(&json, self.body(type_name)?)
    }

    /// Brings an object to its configuration and proves that it stays there: validate, plan, apply, read, and a
    /// plan that does nothing. Warnings are lost.
    pub async fn settle(
        &self,
        type_name: &str,
        prior: Option<&Stored>,
        config: &Object,
    ) -> Result<Stored, Problem> {
        let plan = self.plan(type_name, prior, config).await?;
        let Some(stored) = self.apply(plan).await?.success()? else {
            return Err(Problem::Violation("nothing is stored after a successful apply".to_owned()));
        };
        let again = self.plan(type_name, Some(&stored), config).await?;
        match (again.action, again.prior) {
            (Action::NoOp, Some(refreshed)) => Ok(refreshed),
            (action, _) => {
                let changed = differences(&stored.state, again.planned.as_ref());
                Err(Problem::Violation(format!("the plan after an apply is not empty: {action:?} {changed}")))
            }
        }
    }

    /// Plans and applies a destroy.
    pub async fn destroy(&self, type_name: &str, prior: &Stored) -> Result<(), Problem> {
        let plan = self.plan_destroy(type_name, prior).await?;
        match self.apply(plan).await?.success()? {
            None => Ok(()),
            Some(_) => Err(Problem::Violation("the object is stored after a successful destroy".to_owned())),
        }
    }

    fn body(&self, type_name: &str) -> Result<Body<'_>, Problem> {
        match self.server.resource_schemas().find(|(name, _)| *name == type_name) {
            Some((_, schema)) => Ok(Body::from(schema)),
            None => Err(Problem::Violation(format!("there is no resource {type_name}"))),
        }
    }

    fn identity_attributes(&self, type_name: &str) -> Vec<super::schema::Attribute> {
        self.server.identity_schema(type_name).map(body::identity_attributes).unwrap_or_default()
    }
}

/// The names of what differs, for a message; no values, for they may be secret.
fn differences(before: &Object, after: Option<&Object>) -> String {
    let Some(after) = after else { return String::new() };
    let differing =
        before.iter().filter(|(name, value)| after.get(*name).is_none_or(|other| !value.equals(other)));
    let names: Vec<&str> = differing.map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn object(json: &Json, body: Body<'_>) -> Result<Object, Problem> {
    if let Some(unknown) =
        json.as_object().and_then(|members| members.keys().find(|name| body.member(name).is_none()))
    {
        return Err(Problem::Violation(format!("the schema has no `{unknown}`")));
    }
    super::json::object_from_json(json, body)
        .map(Option::unwrap_or_default)
        .map_err(|error| Problem::Violation(error.to_string()))
}

fn answer<T>(response: Result<tonic::Response<T>, tonic::Status>) -> Result<T, Problem> {
    response.map(tonic::Response::into_inner).map_err(|status| Problem::Violation(status.to_string()))
}

fn client(applying: bool) -> Option<proto::ClientCapabilities> {
    // Terraform says in the apply phase that deferrals are allowed, although they are not.
    Some(proto::ClientCapabilities { deferral_allowed: applying, write_only_attributes_allowed: true })
}

/// The warnings of a call that has no errors.
fn succeeded(diagnostics: Vec<proto::Diagnostic>) -> Result<Diagnostics, Problem> {
    let diagnostics = read_diagnostics(diagnostics)?;
    if diagnostics.has_errors() { Err(Problem::Diagnostics(diagnostics)) } else { Ok(diagnostics) }
}

/// Diagnostics as a test can look at them. One that says that the provider has a bug is a violation.
fn read_diagnostics(diagnostics: Vec<proto::Diagnostic>) -> Result<Diagnostics, Problem> {
    let mut read = Diagnostics::new();
    for diagnostic in diagnostics {
        if diagnostic.summary == super::engine::call::BUG {
            return Err(Problem::Violation(diagnostic.detail));
        }
        let error = diagnostic.severity == proto::diagnostic::Severity::Error as i32;
        let path = diagnostic.attribute.map(|path| read_path(&path)).unwrap_or_default();
        let read_one = if error {
            Diagnostic::error(&diagnostic.summary, diagnostic.detail)
        } else {
            Diagnostic::warning(&diagnostic.summary, diagnostic.detail)
        };
        read.push(read_one.at(path));
    }
    Ok(read)
}

fn read_path(path: &proto::AttributePath) -> AttributePath {
    use proto::attribute_path::step::Selector;
    path.steps.iter().fold(AttributePath::root(), |path, step| match &step.selector {
        Some(Selector::AttributeName(name)) => path.child(name),
        Some(Selector::ElementKeyString(key)) => path.key(key),
        Some(Selector::ElementKeyInt(index)) => path.index(usize::try_from(*index).unwrap_or(usize::MAX)),
        None => path,
    })
}

struct Shown<'a>(&'a Diagnostics);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in self.0.iter() {
            let severity = if diagnostic.severity == Severity::Error { "Error" } else { "Warning" };
            writeln!(
                f,
                "{severity}: {} ({}): {}",
                diagnostic.summary,
                diagnostic.path,
                diagnostic.full_detail()
            )?;
        }
        Ok(())
    }
}
