//! A resource that only exists to be moved away from, and to have nothing but what it must.

use async_trait::async_trait;
use terraform_provider_milink::framework::context::Context;
use terraform_provider_milink::framework::diagnostic::Diagnostics;
use terraform_provider_milink::framework::model::Field;
use terraform_provider_milink::framework::resource::{
    Create, Delete, Failure, Import, Resource, State, Update,
};
use terraform_provider_milink::framework::schema::{Attribute, IdentitySchema, Schema};
use terraform_provider_milink::model;

use super::Folder;
use super::thing::client;

/// What things were before.
#[derive(Debug)]
pub struct Legacy;

model! {
    /// A name.
    pub struct LegacyModel {
        /// Replaces.
        pub name: Field<String>,
    }
}

model! {
    /// The same name.
    pub struct LegacyIdentity {
        /// Its name.
        pub name: Field<String>,
    }
}

#[async_trait]
impl Resource<Folder> for Legacy {
    type Model = LegacyModel;
    type Identity = LegacyIdentity;
    type Private = ();
    const TYPE_NAME: &'static str = "odd_legacy";

    fn schema() -> Schema {
        Schema::new("A name.").attribute(Attribute::string("name").required().replaces())
    }

    fn identity_schema() -> IdentitySchema {
        IdentitySchema::new().required("name", "Its name.")
    }

    fn identity(model: &LegacyModel) -> Option<LegacyIdentity> {
        Some(LegacyIdentity { name: model.name.clone() })
    }

    async fn create(
        &self,
        context: &Context<Folder>,
        request: Create<LegacyModel>,
    ) -> Result<State<LegacyModel, ()>, Failure<LegacyModel, ()>> {
        let name = request.planned.name.as_str().unwrap_or_default();
        client(context)?.write(name, r#"{"label": null, "size": 3, "revision": 1}"#)?;
        Ok(State { model: request.planned, private: () })
    }

    async fn read(
        &self,
        context: &Context<Folder>,
        state: State<LegacyModel, ()>,
    ) -> Result<Option<State<LegacyModel, ()>>, Diagnostics> {
        let name = state.model.name.as_str().unwrap_or_default();
        let found = client(context)?.read(name)?.is_some();
        Ok(found.then_some(state))
    }

    async fn update(
        &self,
        _context: &Context<Folder>,
        request: Update<LegacyModel, ()>,
    ) -> Result<State<LegacyModel, ()>, Failure<LegacyModel, ()>> {
        Ok(State { model: request.planned, private: () })
    }

    async fn delete(
        &self,
        context: &Context<Folder>,
        request: Delete<LegacyModel, ()>,
    ) -> Result<(), Failure<LegacyModel, ()>> {
        client(context)?.remove(request.prior.name.as_str().unwrap_or_default())?;
        Ok(())
    }

    async fn import(
        &self,
        _context: &Context<Folder>,
        request: Import<LegacyIdentity>,
    ) -> Result<State<LegacyModel, ()>, Diagnostics> {
        let name = match request {
            Import::Id(id) => Field::Known(id),
            Import::Identity(identity) => identity.name,
        };
        Ok(State { model: LegacyModel { name }, private: () })
    }
}
