//! Managed resources.
//!
//! An author sees one verb per situation, never a bundle of states to take apart: `plan_create`, `plan_update`
//! and `plan_destroy` instead of one "plan resource change", and a [`Removal`] that tells a real destroy from
//! half of a replacement, which Terraform's own request does not say.
//!
//! The order inside a resource's file is always the same: model, schema, validate, plan, create, read, update,
//! delete, import, private helpers, tests.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::model::Model;
use super::path::AttributePath;
use super::schema::{IdentitySchema, Schema};

/// A managed resource. `C` is the provider's client.
#[async_trait]
pub trait Resource<C: Send + Sync + 'static>: Send + Sync + 'static {
    /// Its attributes.
    type Model: Model;
    /// Its identity: attributes named as in [`Resource::identity_schema`].
    type Identity: Model;
    /// What it remembers beside the state, unseen by users; never a secret, for it is not encrypted.
    type Private: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static;

    /// Its type's name, with the provider's prefix.
    const TYPE_NAME: &'static str;

    /// How it looks to Terraform.
    fn schema() -> Schema;

    /// What it can be told apart and imported by.
    fn identity_schema() -> IdentitySchema;

    /// The identity of an object, or nothing while a part of it is not known.
    fn identity(model: &Self::Model) -> Option<Self::Identity>;

    /// Checks a configuration without a connection; unknown values are passed over. Checks of single attributes
    /// stand in the schema.
    fn validate(&self, config: &Self::Model, report: &mut Diagnostics) {
        let _ = (config, report);
    }

    /// Looks over the plan of a new object. `plan.planned` holds the configuration, defaults, and unknown for
    /// everything else that is computed. Must not depend on clock, chance or the remote side in a way that can
    /// differ when Terraform asks again in the apply.
    async fn plan_create(
        &self,
        context: &Context<C>,
        plan: &mut CreatePlan<Self::Model, Self::Private>,
    ) -> Result<(), Diagnostics> {
        let _ = (context, plan);
        Ok(())
    }

    /// Looks over the plan of a change. Called for every object, changed or not.
    async fn plan_update(
        &self,
        context: &Context<C>,
        plan: &mut UpdatePlan<Self::Model, Self::Private>,
    ) -> Result<(), Diagnostics> {
        let _ = (context, plan);
        Ok(())
    }

    /// Looks over the plan of a removal. An error here stops the whole destroy before anything is deleted.
    /// Not called where an object makes room for its successor, or is tainted.
    async fn plan_destroy(
        &self,
        context: &Context<C>,
        prior: &State<Self::Model, Self::Private>,
    ) -> Result<(), Diagnostics> {
        let _ = (context, prior);
        Ok(())
    }

    /// Makes the object: probe, act if needed, verify, so that it goes on where an interrupted run stopped.
    async fn create(
        &self,
        context: &Context<C>,
        request: Create<Self::Model>,
    ) -> Result<State<Self::Model, Self::Private>, Failure<Self::Model, Self::Private>>;

    /// Reads the object as it is now; nothing when it is *proven* to be gone.
    async fn read(
        &self,
        context: &Context<C>,
        state: State<Self::Model, Self::Private>,
    ) -> Result<Option<State<Self::Model, Self::Private>>, Diagnostics>;

    /// Changes the object in place.
    async fn update(
        &self,
        context: &Context<C>,
        request: Update<Self::Model, Self::Private>,
    ) -> Result<State<Self::Model, Self::Private>, Failure<Self::Model, Self::Private>>;

    /// Removes the object. "Already gone" is success.
    async fn delete(
        &self,
        context: &Context<C>,
        request: Delete<Self::Model, Self::Private>,
    ) -> Result<(), Failure<Self::Model, Self::Private>>;

    /// Makes the stub of a state from what a user imports by. Terraform reads the object next; a read of a stub
    /// fills every argument that can be read and the default of every argument that lives only in state.
    async fn import(
        &self,
        context: &Context<C>,
        request: Import<Self::Identity>,
    ) -> Result<State<Self::Model, Self::Private>, Diagnostics>;

    /// Raises a state of an older schema version by one, as JSON by attribute name.
    fn upgrade(
        version: u32,
        state: serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Diagnostic> {
        let _ = state;
        Err(Diagnostic::error(
            "State of an unknown version",
            format!(
                "The state of a {} has schema version {version}, which nothing here can raise",
                Self::TYPE_NAME
            ),
        ))
    }

    /// Raises an identity of an older version by one, as JSON by attribute name.
    fn upgrade_identity(
        version: u32,
        identity: serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Diagnostic> {
        let _ = identity;
        Err(Diagnostic::error(
            "Identity of an unknown version",
            format!(
                "The identity of a {} has version {version}, which nothing here can raise",
                Self::TYPE_NAME
            ),
        ))
    }

    /// Takes over an object from another type or provider (`moved`). Nothing when that type is not known.
    fn move_from(source: &MoveSource) -> Option<Moved<Self::Model, Self::Private>> {
        let _ = source;
        None
    }
}

/// A model with what is remembered beside it.
#[derive(Clone, Debug)]
pub struct State<M, P> {
    /// The attributes.
    pub model: M,
    /// The private part.
    pub private: P,
}

/// What became of a move.
pub type Moved<M, P> = Result<State<M, P>, Diagnostics>;

/// The plan of a new object.
#[derive(Debug)]
pub struct CreatePlan<M, P> {
    /// As written, write-only values included.
    pub config: M,
    /// What will be. Only computed values that are not written can be changed here; the engine puts everything
    /// else back.
    pub planned: M,
    /// The private part of the object that this one replaces, while planning. Terraform says so in the plan only:
    /// the apply asks again without it, and a tainted object's successor looks like any new one. Hence what has to
    /// be refused in a replacement is refused in the plan.
    pub replaced: Option<P>,
}

/// The plan of a change.
#[derive(Debug)]
pub struct UpdatePlan<M, P> {
    /// As written, write-only values included.
    pub config: M,
    /// As read.
    pub prior: M,
    /// What will be. A written value may be set back to the prior one where both mean the same; computed values
    /// that are not written may be changed freely; the engine puts everything else back.
    pub planned: M,
    /// The private part of the state.
    pub private: P,
    /// The paths whose change replaces the object: those of the schema, and what is added here. One that is taken out
    /// makes its change an update in place.
    pub replace: Vec<AttributePath>,
}

/// The making of an object.
#[derive(Debug)]
pub struct Create<M> {
    /// As written and wholly known, write-only values included. (A create ignores no changes.)
    pub config: M,
    /// As planned. What is unknown here must be known in the answer, everything else the same.
    pub planned: M,
}

/// The change of an object.
#[derive(Debug)]
pub struct Update<M, P> {
    /// As written and wholly known, with what `ignore_changes` hides as it was. For two things only: write-only
    /// values, and whether a value that is otherwise computed is written. What it shall become is in `planned`.
    pub config: M,
    /// As it was.
    pub prior: M,
    /// As planned.
    pub planned: M,
    /// The private part of the state.
    pub private: P,
}

/// The removal of an object.
#[derive(Debug)]
pub struct Delete<M, P> {
    /// As last read, with what was last applied.
    pub prior: M,
    /// The private part of the state; the default when the object is tainted, where Terraform hands on the new
    /// object's and nothing tells the old one's.
    pub private: P,
    /// Why it is removed.
    pub removal: Removal,
}

/// Why an object is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It left the configuration, everything is destroyed, or its successor stands already
    /// (`create_before_destroy`): our destroy plan was made and shown.
    Destroy,
    /// It makes room for its successor in a replacement, or is tainted: no destroy plan was made.
    Replacement,
}

/// What a user imports by.
#[derive(Clone, Debug)]
pub enum Import<I> {
    /// An id, as the documentation of the type describes it.
    Id(String),
    /// An identity (Terraform 1.12).
    Identity(I),
}

/// The object that a `moved` block moves here.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// Address of its provider.
    pub provider_address: String,
    /// Its type.
    pub type_name: String,
    /// The version of its schema.
    pub schema_version: i64,
    /// Its state, as JSON by attribute name.
    pub state: serde_json::Map<String, serde_json::Value>,
}

/// An apply that did not succeed.
#[derive(Debug)]
pub struct Failure<M, P> {
    /// What went wrong.
    pub diagnostics: Diagnostics,
    /// What is true now. Without it a create leaves nothing in state, and an update or delete leaves the prior
    /// state. A create that fails *with* a state is tainted by Terraform and replaced next time.
    pub state: Option<State<M, P>>,
}

impl<M, P> From<Diagnostics> for Failure<M, P> {
    fn from(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, state: None }
    }
}

impl<M, P> From<Diagnostic> for Failure<M, P> {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics::from(diagnostic).into()
    }
}
