//! A resource of any schema, driven as Terraform core does it: what the parts of the engine promise one by one, seen
//! from outside.

use std::cell::RefCell;

use async_trait::async_trait;
use proptest::prelude::*;

use super::ProviderServer;
use super::outcome::known_parts;
use crate::framework::arbitrary::{Case, cases, elements_differ};
use crate::framework::body::Body;
use crate::framework::context::Context;
use crate::framework::diagnostic::Diagnostics;
use crate::framework::harness::{Action, Harness, Problem};
use crate::framework::model::{Mismatch, Model};
use crate::framework::path::AttributePath;
use crate::framework::provider::{Configure, Provider};
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{IdentitySchema, Schema};
use crate::framework::value::Object;

thread_local! {
    /// A resource's schema belongs to its type, and here to the case. The runtime has this thread alone.
    static SCHEMA: RefCell<Schema> = RefCell::new(Schema::new(""));
}

const TYPE: &str = "any_thing";

/// A model that holds everything.
#[derive(Clone, Debug)]
struct Anything(Object);

impl Model for Anything {
    const NAMES: &'static [&'static str] = &[];

    fn from_object(object: &Object, _path: &AttributePath) -> Result<Self, Mismatch> {
        Ok(Self(object.clone()))
    }

    fn into_object(self) -> Object {
        self.0
    }
}

/// Plans what it likes, and then does what it may.
struct Any {
    plans: Option<Object>,
}

fn state(model: Anything) -> State<Anything, ()> {
    State { model: Anything(known_parts(&model.0)), private: () }
}

#[async_trait]
impl Resource<()> for Any {
    type Model = Anything;
    type Identity = Anything;
    type Private = ();
    const TYPE_NAME: &'static str = TYPE;

    fn schema() -> Schema {
        SCHEMA.with_borrow(Clone::clone)
    }

    fn identity_schema() -> IdentitySchema {
        IdentitySchema::new()
    }

    fn identity(_model: &Anything) -> Option<Anything> {
        None
    }

    async fn plan_create(
        &self,
        _context: &Context<()>,
        plan: &mut CreatePlan<Anything, ()>,
    ) -> Result<(), Diagnostics> {
        if let Some(object) = &self.plans {
            plan.planned = Anything(object.clone());
        }
        Ok(())
    }

    async fn plan_update(
        &self,
        _context: &Context<()>,
        plan: &mut UpdatePlan<Anything, ()>,
    ) -> Result<(), Diagnostics> {
        if let Some(object) = &self.plans {
            plan.planned = Anything(object.clone());
        }
        Ok(())
    }

    async fn create(
        &self,
        _context: &Context<()>,
        request: Create<Anything>,
    ) -> Result<State<Anything, ()>, Failure<Anything, ()>> {
        Ok(state(request.planned))
    }

    async fn read(
        &self,
        _context: &Context<()>,
        state: State<Anything, ()>,
    ) -> Result<Option<State<Anything, ()>>, Diagnostics> {
        Ok(Some(state))
    }

    async fn update(
        &self,
        _context: &Context<()>,
        request: Update<Anything, ()>,
    ) -> Result<State<Anything, ()>, Failure<Anything, ()>> {
        Ok(state(request.planned))
    }

    async fn delete(
        &self,
        _context: &Context<()>,
        _request: Delete<Anything, ()>,
    ) -> Result<(), Failure<Anything, ()>> {
        Ok(())
    }

    async fn import(
        &self,
        _context: &Context<()>,
        _request: Import<Anything>,
    ) -> Result<State<Anything, ()>, Diagnostics> {
        Ok(State { model: Anything(Object::new()), private: () })
    }
}

struct AnyProvider;

#[async_trait]
impl Provider for AnyProvider {
    type Model = Anything;
    type Client = ();
    const NAME: &'static str = "any";

    fn schema() -> Schema {
        Schema::new("")
    }

    async fn configure(&self, _request: Configure<Anything>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

fn harness(case: &Case, plans: Option<Object>) -> Harness<AnyProvider> {
    SCHEMA.set(case.schema.clone());
    Harness::new(ProviderServer::builder(AnyProvider).resource(Any { plans }).build())
}

/// Everything but a broken rule.
fn allowed<T>(outcome: Result<T, Problem>) -> Result<Option<T>, TestCaseError> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(Problem::Diagnostics(_)) => Ok(None),
        Err(broken) => Err(TestCaseError::fail(broken.to_string())),
    }
}

/// An author who does not interfere: what was made stays, and is changed, replaced and removed by the rules.
async fn a_life(case: &Case) -> Result<(), TestCaseError> {
    let harness = harness(case, None);
    let Some(plan) = allowed(harness.plan(TYPE, None, &case.config).await)? else { return Ok(()) };
    let Some(made) = allowed(harness.apply_with(plan, &case.known).await)? else { return Ok(()) };
    let made = made.success().map_err(|problem| TestCaseError::fail(problem.to_string()))?;
    let made = made.ok_or_else(|| TestCaseError::fail("nothing was made"))?;
    if elements_differ(&made.state, Body::from(&case.schema)) {
        let again = allowed(harness.plan(TYPE, Some(&made), &case.known).await)?;
        prop_assert_eq!(again.map(|again| again.action), Some(Action::NoOp));
    }
    if let Some(plan) = allowed(harness.plan(TYPE, Some(&made), &case.config).await)? {
        allowed(harness.apply_with(plan, &case.known).await)?;
    }
    allowed(harness.destroy(TYPE, &made).await)?;
    Ok(())
}

/// An author who plans anything, for a new object and for one that is there.
async fn an_odd_life(case: &Case) -> Result<(), TestCaseError> {
    let harness = harness(case, case.authors.first().cloned());
    let Some(plan) = allowed(harness.plan(TYPE, None, &case.config).await)? else { return Ok(()) };
    let Some(made) = allowed(harness.apply_with(plan, &case.known).await)? else { return Ok(()) };
    let Ok(Some(made)) = made.success() else { return Ok(()) };
    if elements_differ(&made.state, Body::from(&case.schema))
        && let Some(plan) = allowed(harness.plan(TYPE, Some(&made), &case.config).await)?
    {
        allowed(harness.apply_with(plan, &case.known).await)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_schema_and_no_author_break_a_rule(case in cases()) {
        let body = Body::from(&case.schema);
        prop_assume!(elements_differ(&case.authors[0], body));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(a_life(&case))?;
        runtime.block_on(an_odd_life(&case))?;
    }
}
