//! The resource with blocks in blocks, where the framework's rules are hardest to keep.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use terraform_provider_milink::framework::context::Context;
use terraform_provider_milink::framework::diagnostic::{Diagnostic, Diagnostics};
use terraform_provider_milink::framework::model::{Blocks, Field};
use terraform_provider_milink::framework::path::AttributePath;
use terraform_provider_milink::framework::resource::{
    Create, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use terraform_provider_milink::framework::schema::{
    Attribute, Block, IdentityAttribute, IdentitySchema, Nesting, Schema,
};
use terraform_provider_milink::framework::types::Type;
use terraform_provider_milink::model;

use super::Folder;
use super::thing::client;

/// Blocks in blocks.
#[derive(Debug)]
pub struct Nest;

model! {
    /// Blocks of blocks.
    pub struct NestModel {
        /// Replaces, unless `movable`.
        pub name: Field<String>,
        /// Whether a new name moves the object instead.
        pub movable: Field<bool>,
        /// Filled.
        pub floor: Field<i64>,
        /// A block that must be there.
        pub core: Option<CoreBlock>,
        /// Blocks without order, with blocks inside.
        pub bag: Blocks<BagBlock>,
        /// A block that is always there, with one inside that is not.
        pub group: Option<GroupBlock>,
        /// Blocks in order.
        pub layer: Blocks<LayerBlock>,
    }
}

model! {
    /// A block that must be there.
    pub struct CoreBlock {
        /// Must be written.
        pub key: Field<String>,
        /// Never stored.
        pub secret_wo: Field<String>,
        /// Replaces when it is known.
        pub content: Field<String>,
        /// A block in a block.
        pub depth: Option<DepthBlock>,
    }
}

model! {
    /// A block in a block.
    pub struct DepthBlock {
        /// Written.
        pub note: Field<String>,
        /// Filled.
        pub filled: Field<String>,
    }
}

model! {
    /// One of a set.
    pub struct BagBlock {
        /// Written.
        pub name: Field<String>,
        /// Filled.
        pub filled: Field<String>,
        /// Blocks in it.
        pub item: Blocks<ItemBlock>,
    }
}

model! {
    /// One in a bag.
    pub struct ItemBlock {
        /// Written.
        pub label: Field<String>,
    }
}

model! {
    /// Always there.
    pub struct GroupBlock {
        /// Written.
        pub most: Field<i64>,
        /// Not always there.
        pub limit: Option<LimitBlock>,
    }
}

model! {
    /// In a group.
    pub struct LimitBlock {
        /// Written.
        pub value: Field<i64>,
    }
}

model! {
    /// One of a list.
    pub struct LayerBlock {
        /// Replaces when its author says so.
        pub kind: Field<String>,
        /// Replaces when it is known.
        pub content: Field<String>,
        /// Filled.
        pub filled: Field<String>,
    }
}

model! {
    /// What tells it apart: more than names.
    pub struct NestIdentity {
        /// Its name.
        pub name: Field<String>,
        /// A number.
        pub floor: Field<i64>,
        /// A list.
        pub halls: Field<Vec<String>>,
    }
}

/// What its file holds.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    size: Option<i64>,
    label: Option<String>,
    revision: i64,
}

#[async_trait]
impl Resource<Folder> for Nest {
    type Model = NestModel;
    type Identity = NestIdentity;
    type Private = ();
    const TYPE_NAME: &'static str = "odd_nest";

    fn schema() -> Schema {
        Schema::new("Blocks in blocks.")
            .attribute(Attribute::string("name").required().replaces())
            .attribute(Attribute::bool("movable").optional())
            .attribute(Attribute::number("floor").computed().stable())
            .block(
                Block::new("core", Nesting::SingleRequired, "Must be there.")
                    .attribute(Attribute::string("key").required())
                    .attribute(Attribute::string("secret_wo").optional().write_only())
                    .attribute(Attribute::string("content").optional().replaces_when_known())
                    .block(
                        Block::new("depth", Nesting::Single, "Inside.")
                            .attribute(Attribute::string("note").optional())
                            .attribute(Attribute::string("filled").computed()),
                    ),
            )
            .block(
                Block::new("bag", Nesting::Set { min: 0, max: 0 }, "Without order.")
                    .attribute(Attribute::string("name").required())
                    .attribute(Attribute::string("filled").computed())
                    .block(
                        Block::new("item", Nesting::List { min: 0, max: 0 }, "In a bag.")
                            .attribute(Attribute::string("label").optional()),
                    ),
            )
            .block(
                Block::new("group", Nesting::Group, "Always there.")
                    .attribute(Attribute::number("most").optional())
                    .block(
                        Block::new("limit", Nesting::Single, "Inside.")
                            .attribute(Attribute::number("value").optional()),
                    ),
            )
            .block(
                Block::new("layer", Nesting::List { min: 0, max: 0 }, "In order.")
                    .attribute(Attribute::string("kind").optional())
                    .attribute(Attribute::string("content").optional().replaces_when_known())
                    .attribute(Attribute::string("filled").computed()),
            )
    }

    fn identity_schema() -> IdentitySchema {
        let more =
            |name, ty| IdentityAttribute { name, ty, required_for_import: false, description: "More." };
        IdentitySchema::new()
            .version(1)
            .required("name", "Its name.")
            .attribute(more("floor", Type::Number))
            .attribute(more("halls", Type::list(Type::String)))
    }

    fn identity(model: &NestModel) -> Option<NestIdentity> {
        let name = model.name.known()?.clone();
        let halls = Field::Known(vec![format!("{name} hall")]);
        Some(NestIdentity { name: Field::Known(name), floor: model.floor.clone(), halls })
    }

    async fn plan_update(
        &self,
        _context: &Context<Folder>,
        plan: &mut UpdatePlan<NestModel, ()>,
    ) -> Result<(), Diagnostics> {
        if plan.config.movable == Field::Known(true) {
            plan.replace.retain(|path| *path != AttributePath::attribute("name"));
        }
        let layers = plan.prior.layer.known().iter().zip(plan.planned.layer.known());
        for (position, (before, after)) in layers.enumerate() {
            if before.kind.as_str() == Some("fixed") && before.kind != after.kind {
                plan.replace.push(AttributePath::attribute("layer").index(position).child("kind"));
            }
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Folder>,
        request: Create<NestModel>,
    ) -> Result<State<NestModel, ()>, Failure<NestModel, ()>> {
        let folder = client(context)?;
        let secret = request.config.core.and_then(|core| core.secret_wo.into_known_value());
        let secret = secret.unwrap_or_else(|| "none".to_owned());
        let model = filled(request.planned);
        folder.journal(&format!("create {} secret={secret}", text(&model.name)));
        folder.write(&text(&model.name), r#"{"size": 1, "label": null, "revision": 1}"#)?;
        Ok(State { model, private: () })
    }

    async fn read(
        &self,
        context: &Context<Folder>,
        mut state: State<NestModel, ()>,
    ) -> Result<Option<State<NestModel, ()>>, Diagnostics> {
        let Some(file) = client(context)?.read(&text(&state.model.name))? else { return Ok(None) };
        let file: File = serde_json::from_str(&file).unwrap();
        if state.model.floor.is_null() {
            state.model.floor = file.size.into();
        }
        Ok(Some(state))
    }

    async fn update(
        &self,
        context: &Context<Folder>,
        request: Update<NestModel, ()>,
    ) -> Result<State<NestModel, ()>, Failure<NestModel, ()>> {
        let folder = client(context)?;
        let (before, after) = (text(&request.prior.name), text(&request.planned.name));
        let secret = request.config.core.and_then(|core| core.secret_wo.into_known_value());
        let secret = secret.unwrap_or_else(|| "none".to_owned());
        folder.journal(&format!("update {before} to {after} secret={secret}"));
        folder.remove(&before)?;
        folder.write(&after, r#"{"size": 1, "label": null, "revision": 1}"#)?;
        Ok(State { model: filled(request.planned), private: () })
    }

    async fn delete(
        &self,
        context: &Context<Folder>,
        request: Delete<NestModel, ()>,
    ) -> Result<(), Failure<NestModel, ()>> {
        let folder = client(context)?;
        let name = text(&request.prior.name);
        folder.journal(&format!("delete {name} {:?}", request.removal));
        folder.remove(&name)?;
        Ok(())
    }

    async fn import(
        &self,
        _context: &Context<Folder>,
        request: Import<NestIdentity>,
    ) -> Result<State<NestModel, ()>, Diagnostics> {
        let (name, floor) = match request {
            Import::Id(id) => (Field::Known(id), Field::Null),
            Import::Identity(identity) => (identity.name, identity.floor),
        };
        let core =
            CoreBlock { key: Field::from("k"), secret_wo: Field::Null, content: Field::Null, depth: None };
        let model = NestModel {
            name,
            movable: Field::Null,
            floor,
            core: Some(core),
            bag: Blocks::default(),
            group: None,
            layer: Blocks::default(),
        };
        Ok(State { model, private: () })
    }

    fn upgrade_identity(
        version: u32,
        mut identity: serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Diagnostic> {
        assert_eq!(version, 0, "there is one older version");
        if let Some(title) = identity.remove("title") {
            identity.insert("name".to_owned(), title);
        }
        Ok(identity)
    }
}

/// Every computed value that is still open.
fn filled(mut model: NestModel) -> NestModel {
    if model.floor.known().is_none() {
        model.floor = Field::Known(1);
    }
    if let Some(depth) = model.core.as_mut().and_then(|core| core.depth.as_mut()) {
        depth.filled = Field::from("depth");
    }
    if let Blocks::Known(bags) = &mut model.bag {
        for bag in bags {
            bag.filled = Field::Known(format!("bag {}", text(&bag.name)));
        }
    }
    if let Blocks::Known(layers) = &mut model.layer {
        for layer in layers {
            layer.filled = Field::from("layer");
        }
    }
    model
}

fn text(field: &Field<String>) -> String {
    field.known().cloned().unwrap_or_default()
}
