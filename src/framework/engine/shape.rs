//! What is known of a managed resource without a value of it: its schemas, and how its model, private part and
//! identity go to Terraform and back.

use std::marker::PhantomData;

use serde_json::Value as Json;

use crate::framework::body::{self, Body};
use crate::framework::conform::conform_object;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Model;
use crate::framework::path::AttributePath;
use crate::framework::private::Envelope;
use crate::framework::resource::{Resource, State};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::timeouts::{self, Operation};
use crate::framework::value::{Object, Value};
use crate::plugin::proto::tfplugin5 as proto;

use super::call::{Call, bug, model};
use super::outcome::{Accepted, after_read};
use super::wire;

/// The schemas of a managed resource.
pub(crate) struct Shape<C, R> {
    /// With its `timeouts` block.
    pub(crate) schema: Schema,
    pub(crate) identity: IdentitySchema,
    identity_attributes: Vec<Attribute>,
    of: PhantomData<fn() -> (C, R)>,
}

impl<C: Send + Sync + 'static, R: Resource<C>> Shape<C, R> {
    pub(crate) fn new() -> Self {
        let identity = R::identity_schema();
        Self {
            schema: with_timeouts(R::schema()),
            identity_attributes: body::identity_attributes(&identity),
            identity,
            of: PhantomData,
        }
    }

    pub(crate) fn body(&self) -> Body<'_> {
        Body::from(&self.schema)
    }

    pub(crate) fn identity_body(&self) -> Body<'_> {
        Body { attributes: &self.identity_attributes, blocks: &[] }
    }

    /// A verb's surroundings, with the time limit that `object` names.
    pub(crate) fn context(&self, call: &Call<C>, object: &Object, operation: Operation) -> Context<C> {
        call.context(timeouts::limit(self.schema.timeouts.as_ref(), object, operation))
    }

    pub(crate) fn private(&self, author: Json) -> Result<R::Private, Diagnostics> {
        if author.is_null() {
            return Ok(R::Private::default());
        }
        serde_json::from_value(author).map_err(|error| {
            Diagnostic::error(
                "Unreadable private state",
                format!("What this provider remembers of a {} cannot be read: {error}", R::TYPE_NAME),
            )
            .hint(
                "it was written by another version of the provider; use that one, or import the object again",
            )
            .into()
        })
    }

    pub(crate) fn remembered(&self, private: &R::Private) -> Result<Envelope, Diagnostics> {
        match serde_json::to_value(private) {
            Ok(author) => Ok(Envelope::of(author)),
            Err(error) => {
                Err(bug(R::TYPE_NAME, &[format!("private state cannot be written: {error}")]).into())
            }
        }
    }

    /// The identity of an object, else `fallback`: an identity that is left out is lost.
    pub(crate) fn identity_or(
        &self,
        object: &Object,
        fallback: Option<proto::ResourceIdentityData>,
    ) -> Option<proto::ResourceIdentityData> {
        let identity = self.identity_of(object);
        wire::write_identity(identity.as_ref(), self.identity_body()).or(fallback)
    }

    /// The identity of an object, when it is wholly known.
    pub(crate) fn identity_of(&self, object: &Object) -> Option<Object> {
        let identity = R::identity(&model::<R::Model>(object).ok()?)?.into_object();
        let identity = conform_object(identity, self.identity_body(), &AttributePath::root()).ok()?;
        identity.values().all(Value::is_wholly_known).then_some(identity)
    }

    pub(crate) fn diagnostics(&self, diagnostics: Diagnostics) -> Vec<proto::Diagnostic> {
        wire::diagnostics(diagnostics, Some(self.body()))
    }

    /// Brings what an author read into the form of a state.
    pub(crate) fn state(
        &self,
        state: State<R::Model, R::Private>,
        prior: &Object,
    ) -> Result<(Object, Envelope), Diagnostics> {
        let Accepted { object, faults } = after_read(state.model.into_object(), prior, self.body())?;
        if !faults.is_empty() {
            return Err(bug(R::TYPE_NAME, &faults).into());
        }
        Ok((object, self.remembered(&state.private)?))
    }
}

/// A schema with its `timeouts` block among its blocks, as all of the engine wants it.
pub(crate) fn with_timeouts(mut schema: Schema) -> Schema {
    if let Some(timeouts) = &schema.timeouts {
        schema.blocks.push(body::timeouts_block(timeouts));
    }
    schema
}
