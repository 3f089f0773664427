//! The engine: a provider and its objects, served as Terraform's protocol wants them.
//!
//! | module | what |
//! | --- | --- |
//! | `service` | the calls, each in a task of its own, so that a panic is a diagnostic and a client that hangs up interrupts nothing |
//! | `resource`, `resource_plan`, `resource_apply`, `shape` | managed resources behind one type |
//! | `data_source`, `action`, `list_resource`, `function` | the other objects |
//! | `plan`, `outcome`, `validate` | what Terraform allows plans, results and configurations to say |
//! | `planning` | whether a plan is made while planning or in an apply |
//! | `ignored` | what `ignore_changes` hides |
//! | `wire`, `schema_wire` | messages |
//! | `faults` | mistakes in schemas |
//! | `call` | what every call has in common |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use super::action::Action;
use super::data_source::DataSource;
use super::function::Function;
use super::list_resource::ListResource;
use super::model::{Model, Names};
use super::provider::Provider;
use super::resource::Resource;
use super::schema::{IdentitySchema, Schema};
use crate::plugin::Shutdown;

use self::action::{Act, AnyAction};
use self::call::Call;
use self::data_source::{AnyDataSource, Source};
use self::faults::Kind;
use self::list_resource::{AnyListResource, Lister};
use self::resource::{AnyResource, Managed};

mod action;
pub(crate) mod call;
mod data_source;
mod faults;
mod function;
#[cfg(test)]
mod generated;
mod ignored;
mod list_resource;
mod matching;
pub(crate) mod outcome;
pub(crate) mod plan;
mod planning;
mod resource;
mod resource_apply;
mod resource_plan;
mod schema_wire;
mod service;
mod shape;
mod validate;
pub(crate) mod wire;

/// A provider that can be served. Clones are the same provider.
pub struct ProviderServer<P: Provider> {
    inner: Arc<Inner<P>>,
}

/// Collects the objects of a provider.
pub struct Builder<P: Provider> {
    inner: Inner<P>,
}

struct Inner<P: Provider> {
    provider: P,
    schema: Schema,
    resources: BTreeMap<&'static str, Box<dyn AnyResource<P::Client>>>,
    data_sources: BTreeMap<&'static str, Box<dyn AnyDataSource<P::Client>>>,
    list_resources: BTreeMap<&'static str, Box<dyn AnyListResource<P::Client>>>,
    actions: BTreeMap<&'static str, Box<dyn AnyAction<P::Client>>>,
    functions: BTreeMap<&'static str, Box<dyn Function>>,
    faults: Vec<String>,
    configured: RwLock<Configured<P::Client>>,
    /// Cancelled by `Stop` and by the end of the process, which end what runs; what comes after a `Stop` (a debugged
    /// process outlives many commands) has a new one.
    running: Mutex<CancellationToken>,
    shutdown: Option<Shutdown>,
}

/// What the provider's configuration made.
struct Configured<C> {
    /// Nothing while nothing was configured.
    client: Option<Arc<C>>,
    /// Whether a part of the configuration is unknown.
    partly_unknown: bool,
}

impl<P: Provider> ProviderServer<P> {
    /// A provider without objects.
    pub fn builder(provider: P) -> Builder<P> {
        let schema = P::schema();
        let mut faults = Vec::new();
        faults::of_schema(P::NAME, Kind::Provider, &schema, &Names::of::<P::Model>(), &mut faults);
        Builder {
            inner: Inner {
                provider,
                schema,
                resources: BTreeMap::new(),
                data_sources: BTreeMap::new(),
                list_resources: BTreeMap::new(),
                actions: BTreeMap::new(),
                functions: BTreeMap::new(),
                faults,
                configured: RwLock::new(Configured { client: None, partly_unknown: false }),
                running: Mutex::new(CancellationToken::new()),
                shutdown: None,
            },
        }
    }

    /// Mistakes in the schemas, each as a line; none in a provider that may be released. Terraform is told them
    /// as errors when it asks for the schemas.
    pub fn faults(&self) -> &[String] {
        &self.inner.faults
    }

    /// The schemas of all managed resources by type name, with their `timeouts` blocks.
    pub fn resource_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.inner.resources.iter().map(|(name, resource)| (*name, resource.schema()))
    }

    /// The identity of a managed resource.
    pub fn identity_schema(&self, type_name: &str) -> Option<&IdentitySchema> {
        self.inner.resources.get(type_name).map(|resource| resource.identity_schema())
    }

    /// The schema of an action.
    pub fn action_schema(&self, type_name: &str) -> Option<&Schema> {
        self.inner.actions.get(type_name).map(|action| action.schema())
    }

    /// The schema of a list resource.
    pub fn list_schema(&self, type_name: &str) -> Option<&Schema> {
        self.inner.list_resources.get(type_name).map(|list| list.schema())
    }

    /// The schemas of all data sources by type name.
    pub fn data_source_schemas(&self) -> impl Iterator<Item = (&'static str, &Schema)> {
        self.inner.data_sources.iter().map(|(name, source)| (*name, source.schema()))
    }
}

impl<P: Provider> Builder<P> {
    /// With this managed resource.
    pub fn resource<R: Resource<P::Client>>(mut self, resource: R) -> Self {
        let resource = Managed::new(resource);
        let faults = &mut self.inner.faults;
        prefixed::<P>(R::TYPE_NAME, faults);
        faults::of_schema(R::TYPE_NAME, Kind::Managed, resource.schema(), &Names::of::<R::Model>(), faults);
        faults::of_identity(R::TYPE_NAME, resource.identity_schema(), R::Identity::NAMES, faults);
        once(self.inner.resources.insert(R::TYPE_NAME, Box::new(resource)), R::TYPE_NAME, faults);
        self
    }

    /// With this data source.
    pub fn data_source<D: DataSource<P::Client>>(mut self, source: D) -> Self {
        let source = Source::new(source);
        let faults = &mut self.inner.faults;
        prefixed::<P>(D::TYPE_NAME, faults);
        faults::of_schema(D::TYPE_NAME, Kind::Other, source.schema(), &Names::of::<D::Model>(), faults);
        once(self.inner.data_sources.insert(D::TYPE_NAME, Box::new(source)), D::TYPE_NAME, faults);
        self
    }

    /// With this list resource; its managed resource has to be there too.
    pub fn list_resource<L: ListResource<P::Client>>(mut self, list: L) -> Self {
        let name = <L::Resource as Resource<P::Client>>::TYPE_NAME;
        let list = Lister::new(list);
        let faults = &mut self.inner.faults;
        faults::of_schema(name, Kind::Once, list.schema(), &Names::of::<L::Model>(), faults);
        once(self.inner.list_resources.insert(name, Box::new(list)), name, faults);
        self
    }

    /// With this action.
    pub fn action<A: Action<P::Client>>(mut self, action: A) -> Self {
        let action = Act::new(action);
        let faults = &mut self.inner.faults;
        prefixed::<P>(A::TYPE_NAME, faults);
        faults::of_schema(A::TYPE_NAME, Kind::Once, action.schema(), &Names::of::<A::Model>(), faults);
        once(self.inner.actions.insert(A::TYPE_NAME, Box::new(action)), A::TYPE_NAME, faults);
        self
    }

    /// With this function.
    pub fn function(mut self, function: impl Function) -> Self {
        let name = function.name();
        faults::of_function(name, &function.signature(), &mut self.inner.faults);
        once(self.inner.functions.insert(name, Box::new(function)), name, &mut self.inner.faults);
        self
    }

    /// Ended with the process: calls are cancelled when its end is asked for, and critical sections hold it up.
    pub fn until(mut self, shutdown: &Shutdown) -> Self {
        self.inner.running = Mutex::new(shutdown.child_token());
        self.inner.shutdown = Some(shutdown.clone());
        self
    }

    /// The provider, ready to be served.
    pub fn build(mut self) -> ProviderServer<P> {
        for name in self.inner.list_resources.keys() {
            if !self.inner.resources.contains_key(name) {
                self.inner.faults.push(format!("{name}: is listed, but is no managed resource"));
            }
        }
        ProviderServer { inner: Arc::new(self.inner) }
    }
}

impl<P: Provider> Inner<P> {
    fn call(&self) -> Call<P::Client> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner);
        Call {
            client: configured.client.clone(),
            partly_unknown: configured.partly_unknown,
            cancellation: self.running().child_token(),
            shutdown: self.shutdown.clone(),
        }
    }

    fn running(&self) -> CancellationToken {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.shutdown.as_ref().map_or_else(CancellationToken::new, Shutdown::child_token);
        std::mem::replace(&mut *running, next).cancel();
    }
}

impl<P: Provider> Clone for ProviderServer<P> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

fn prefixed<P: Provider>(type_name: &str, faults: &mut Vec<String>) {
    let rest = type_name.strip_prefix(P::NAME).and_then(|rest| rest.strip_prefix('_'));
    if rest.is_none_or(str::is_empty) {
        faults.push(format!("{type_name}: does not begin with \"{}_\"", P::NAME));
    }
}

fn once<T>(replaced: Option<T>, name: &str, faults: &mut Vec<String>) {
    if replaced.is_some() {
        faults.push(format!("{name}: stands twice"));
    }
}
