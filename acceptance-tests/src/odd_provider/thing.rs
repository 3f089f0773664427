//! The resource with everything.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use terraform_provider_milink::framework::checks::{between, one_of};
use terraform_provider_milink::framework::context::Context;
use terraform_provider_milink::framework::diagnostic::{Diagnostic, Diagnostics};
use terraform_provider_milink::framework::model::{Blocks, Field};
use terraform_provider_milink::framework::path::AttributePath;
use terraform_provider_milink::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, MoveSource, Resource, State, Update, UpdatePlan,
};
use terraform_provider_milink::framework::schema::{
    Attribute, Block, IdentitySchema, Nesting, Schema, Timeouts,
};
use terraform_provider_milink::framework::types::Type;
use terraform_provider_milink::framework::value::{Object, Value};
use terraform_provider_milink::model;

use super::Folder;

/// A file with attributes of every kind.
#[derive(Debug)]
pub struct Thing;

model! {
    /// Attributes and blocks of every kind.
    pub struct ThingModel {
        /// Replaces.
        pub name: Field<String>,
        /// Spelling of case does not matter.
        pub label: Field<String>,
        /// Has a default.
        pub size: Field<i64>,
        /// Stable.
        pub id: Field<String>,
        /// Counts updates.
        pub revision: Field<i64>,
        /// A map.
        pub tags: Field<BTreeMap<String, String>>,
        /// A set that the provider fills.
        pub zones: Field<std::collections::BTreeSet<String>>,
        /// Any number.
        pub ratio: Value,
        /// Anything.
        pub anything: Value,
        /// An object.
        pub shape: Value,
        /// Never stored.
        pub secret_wo: Field<String>,
        /// Sensitive.
        pub password: Field<String>,
        /// Replaces when it is known.
        pub content: Field<String>,
        /// Deprecated.
        pub old_note: Field<String>,
        /// Refuses to be replaced.
        pub irreplaceable: Field<bool>,
        /// What goes wrong.
        pub fault: Field<String>,
        /// A block at most once.
        pub single: Option<SingleBlock>,
        /// Blocks in order.
        pub rule: Blocks<RuleBlock>,
        /// Blocks without order.
        pub member: Blocks<MemberBlock>,
        /// A block that is always there.
        pub limits: Option<LimitsBlock>,
        /// Labelled blocks.
        pub area: Value,
    }
}

model! {
    /// A block at most once.
    pub struct SingleBlock {
        /// Written.
        pub mode: Field<String>,
        /// Filled.
        pub token: Field<String>,
    }
}

model! {
    /// One of a list.
    pub struct RuleBlock {
        /// Replaces.
        pub port: Field<i64>,
        /// Filled.
        pub handle: Field<String>,
    }
}

model! {
    /// One of a set.
    pub struct MemberBlock {
        /// Written.
        pub name: Field<String>,
        /// Filled.
        pub note: Field<String>,
    }
}

model! {
    /// Always there.
    pub struct LimitsBlock {
        /// Written.
        pub most: Field<i64>,
    }
}

model! {
    /// What tells it apart.
    pub struct ThingIdentity {
        /// Always `odd`.
        pub realm: Field<String>,
        /// Its name.
        pub name: Field<String>,
    }
}

/// What is remembered of a thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    serial: u32,
    irreplaceable: bool,
}

/// What its file holds.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    label: Option<String>,
    size: Option<i64>,
    revision: i64,
}

#[async_trait]
impl Resource<Folder> for Thing {
    type Model = ThingModel;
    type Identity = ThingIdentity;
    type Private = Memory;
    const TYPE_NAME: &'static str = "odd_thing";

    fn schema() -> Schema {
        let minute = Some(Duration::from_secs(60));
        let shape = Type::object([("width", Type::Number), ("names", Type::list(Type::String))]);
        Schema::new("Everything.")
            .version(1)
            .attribute(Attribute::string("name").required().replaces().describe("Its name."))
            .attribute(Attribute::string("label").optional().same(same_case))
            .attribute(Attribute::number("size").default_number(3).check(|value| between(value, 1, 9)))
            .attribute(Attribute::string("id").computed().stable())
            .attribute(Attribute::number("revision").computed())
            .attribute(Attribute::new("tags", Type::map(Type::String)).optional())
            .attribute(Attribute::string_set("zones").optional().computed())
            .attribute(Attribute::number("ratio").optional())
            .attribute(Attribute::new("anything", Type::Dynamic).optional())
            .attribute(Attribute::new("shape", shape).optional())
            .attribute(Attribute::string("secret_wo").optional().write_only())
            .attribute(Attribute::string("password").optional().sensitive())
            .attribute(Attribute::string("content").optional().replaces_when_known())
            .attribute(Attribute::string("old_note").optional().deprecated("Use `label`."))
            .attribute(Attribute::bool("irreplaceable").optional())
            .attribute(Attribute::string("fault").optional())
            .block(
                Block::new("single", Nesting::Single, "At most once.")
                    .attribute(Attribute::string("mode").required().check(|value| one_of(value, &["a", "b"])))
                    .attribute(Attribute::string("token").computed()),
            )
            .block(
                Block::new("rule", Nesting::List { min: 0, max: 4 }, "In order.")
                    .attribute(Attribute::number("port").required().replaces())
                    .attribute(Attribute::string("handle").computed()),
            )
            .block(
                Block::new("member", Nesting::Set { min: 0, max: 0 }, "Without order.")
                    .attribute(Attribute::string("name").required())
                    .attribute(Attribute::string("note").computed()),
            )
            .block(
                Block::new("limits", Nesting::Group, "Always there.")
                    .attribute(Attribute::number("most").optional()),
            )
            .block(
                Block::new("area", Nesting::Map, "By label.")
                    .attribute(Attribute::string("colour").optional())
                    .attribute(Attribute::string("code").computed())
                    .block(
                        Block::new("spot", Nesting::List { min: 0, max: 0 }, "Inside.")
                            .attribute(Attribute::string("note").optional()),
                    ),
            )
            .timeouts(Timeouts { create: minute, delete: minute, ..Timeouts::default() })
    }

    fn identity_schema() -> IdentitySchema {
        IdentitySchema::new().optional("realm", "Always `odd`.").required("name", "Its name.")
    }

    fn identity(model: &ThingModel) -> Option<ThingIdentity> {
        let name = model.name.known()?.clone();
        Some(ThingIdentity { realm: Field::from("odd"), name: Field::Known(name) })
    }

    fn validate(&self, config: &ThingModel, report: &mut Diagnostics) {
        if config.label.is_null() || config.old_note.is_null() {
            return;
        }
        report
            .push(Diagnostic::error("Two notes", "`old_note` and `label` exclude each other").at("old_note"));
    }

    async fn plan_create(
        &self,
        _context: &Context<Folder>,
        plan: &mut CreatePlan<ThingModel, Memory>,
    ) -> Result<(), Diagnostics> {
        if plan.replaced.as_ref().is_some_and(|replaced| replaced.irreplaceable) {
            return Err(Diagnostic::error("Not to be replaced", "It says so itself").at("name").into());
        }
        if plan.config.fault.as_str() == Some("plan anything") {
            plan.planned.name = Field::from("another");
            plan.planned.secret_wo = Field::from("leaked");
            plan.planned.rule = Blocks::Unknown;
            plan.planned.size = Field::Unknown;
            plan.planned.id = Field::from("chosen");
        }
        Ok(())
    }

    async fn plan_update(
        &self,
        _context: &Context<Folder>,
        plan: &mut UpdatePlan<ThingModel, Memory>,
    ) -> Result<(), Diagnostics> {
        match plan.config.fault.as_str() {
            Some("replace label") if plan.prior.label != plan.planned.label => {
                plan.replace.push("label".into())
            }
            Some("replace nothing") => plan.replace.clear(),
            Some("plan error") => {
                return Err(Diagnostic::error("Plan refused", "As asked").at("fault").into());
            }
            _ => {}
        }
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Folder>,
        prior: &State<ThingModel, Memory>,
    ) -> Result<(), Diagnostics> {
        context.warn(Diagnostic::warning("Going away", format!("serial {}", prior.private.serial)));
        if prior.model.fault.as_str() == Some("keep") {
            return Err(Diagnostic::error("Kept", "It is to be kept").into());
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Folder>,
        request: Create<ThingModel>,
    ) -> Result<State<ThingModel, Memory>, Failure<ThingModel, Memory>> {
        let folder = client(context)?;
        let seconds = context.remaining().unwrap_or_default().as_secs_f64().round();
        let secret = request.config.secret_wo.as_str().unwrap_or("none").to_owned();
        let name = text(&request.planned.name);
        folder.journal(&format!("create {name} secret={secret} limit={seconds}"));
        let fault = request.planned.fault.as_str().map(str::to_owned);
        match fault.as_deref() {
            Some("create") => return Err(Diagnostic::error("Create refused", "As asked").into()),
            Some("panic") => panic!("as asked"),
            Some("critical") => return self.uninterrupted(context, folder, &name).await,
            Some("wait") => {
                folder.write("started", "{}")?;
                context.cancellation().cancelled().await;
                folder.journal("cancelled");
                return Err(Diagnostic::error("Interrupted", "Before anything was made").into());
            }
            _ => {}
        }
        let mut model = filled(request.planned, 1);
        store(folder, &model)?;
        let private = Memory { serial: 1, irreplaceable: model.irreplaceable == Field::Known(true) };
        match fault.as_deref() {
            Some("create half") => {
                let state = Some(State { model, private });
                return Err(Failure {
                    diagnostics: Diagnostic::error("Half made", "As asked").into(),
                    state,
                });
            }
            Some("contradict") => {
                model.size = Field::Known(8);
                model.label = Field::from("another");
                model.rule = Blocks::default();
            }
            Some("unknown") => model.revision = Field::Unknown,
            Some("warn") => context.warn(Diagnostic::warning("Made with care", "As asked")),
            _ => {}
        }
        Ok(State { model, private })
    }

    async fn read(
        &self,
        context: &Context<Folder>,
        mut state: State<ThingModel, Memory>,
    ) -> Result<Option<State<ThingModel, Memory>>, Diagnostics> {
        let folder = client(context)?;
        let name = text(&state.model.name);
        let Some(file) = folder.read(&name)? else { return Ok(None) };
        let file: File = serde_json::from_str(&file).unwrap();
        let was_stub = state.model.id.is_null();
        // The server shouts; the framework keeps what the user wrote where it means the same.
        state.model.label = file.label.map(|label| label.to_uppercase()).into();
        state.model.size = file.size.into();
        state.model.revision = Field::Known(file.revision);
        if was_stub {
            let revision = file.revision;
            state.model = filled(state.model, revision);
            state.private.serial = 100;
        }
        Ok(Some(state))
    }

    async fn update(
        &self,
        context: &Context<Folder>,
        request: Update<ThingModel, Memory>,
    ) -> Result<State<ThingModel, Memory>, Failure<ThingModel, Memory>> {
        let folder = client(context)?;
        let name = text(&request.planned.name);
        let label = request.config.label.as_str().unwrap_or("none");
        folder.journal(&format!("update {name} serial={} label={label}", request.private.serial));
        let fault = request.planned.fault.as_str().map(str::to_owned);
        if fault.as_deref() == Some("update") {
            return Err(Diagnostic::error("Update refused", "As asked").into());
        }
        let before = request.prior.revision.known().copied().unwrap_or_default();
        let mut model = filled(request.planned, before + 1);
        store(folder, &model)?;
        let irreplaceable = model.irreplaceable == Field::Known(true);
        let private = Memory { serial: request.private.serial + 1, irreplaceable };
        if fault.as_deref() == Some("update half") {
            model.label = Field::from("half");
            store(folder, &model)?;
            let diagnostics = Diagnostic::error("Half updated", "As asked").into();
            return Err(Failure { diagnostics, state: Some(State { model, private }) });
        }
        if fault.as_deref() == Some("contradict") {
            model.size = Field::Known(8);
        }
        Ok(State { model, private })
    }

    async fn delete(
        &self,
        context: &Context<Folder>,
        request: Delete<ThingModel, Memory>,
    ) -> Result<(), Failure<ThingModel, Memory>> {
        let folder = client(context)?;
        let name = text(&request.prior.name);
        folder.journal(&format!("delete {name} {:?} serial={}", request.removal, request.private.serial));
        if request.prior.fault.as_str() == Some("delete") && folder.read("allow")?.is_none() {
            return Err(Diagnostic::error("Delete refused", "As asked").into());
        }
        match request.prior.fault.as_str() {
            Some("delete half") if folder.read("allow")?.is_none() => {
                let mut model = request.prior;
                model.label = Field::from("remains");
                store(folder, &model)?;
                let private = Memory { serial: request.private.serial + 1, ..request.private };
                let diagnostics = Diagnostic::error("Half deleted", "As asked").into();
                return Err(Failure { diagnostics, state: Some(State { model, private }) });
            }
            Some("wait to delete") if folder.read("allow")?.is_none() => {
                folder.write("started", "{}")?;
                context.cancellation().cancelled().await;
                folder.journal("delete cancelled");
                return Err(Diagnostic::error("Interrupted", "Before anything was deleted").into());
            }
            _ => {}
        }
        folder.remove(&name)?;
        Ok(())
    }

    async fn import(
        &self,
        _context: &Context<Folder>,
        request: Import<ThingIdentity>,
    ) -> Result<State<ThingModel, Memory>, Diagnostics> {
        let name = match request {
            Import::Id(id) => id,
            Import::Identity(identity) => text(&identity.name),
        };
        Ok(State { model: stub(name), private: Memory { serial: 50, irreplaceable: false } })
    }

    fn upgrade(
        version: u32,
        mut state: serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Diagnostic> {
        assert_eq!(version, 0, "there is one older version");
        if let Some(title) = state.remove("title") {
            state.insert("name".to_owned(), title);
        }
        Ok(state)
    }

    fn move_from(source: &MoveSource) -> Option<Result<State<ThingModel, Memory>, Diagnostics>> {
        if source.type_name != "odd_legacy" || !source.provider_address.ends_with("/test/odd") {
            return None;
        }
        let name = source.state.get("name").and_then(|name| name.as_str())?.to_owned();
        Some(Ok(State { model: stub(name), private: Memory { serial: 70, irreplaceable: false } }))
    }
}

impl Thing {
    /// A critical section that lasts until a file `go.json` is there.
    async fn uninterrupted(
        &self,
        context: &Context<Folder>,
        folder: &Folder,
        name: &str,
    ) -> Result<State<ThingModel, Memory>, Failure<ThingModel, Memory>> {
        let section = async {
            folder.journal(&format!("section of {name} begins"));
            folder.write("started", "{}")?;
            while folder.read("go")?.is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            folder.journal(&format!("section of {name} ends"));
            Ok::<(), Diagnostics>(())
        };
        context.critical("a section", Duration::from_secs(240), section).await?;
        context.cancellation().cancelled().await;
        Err(Diagnostic::error("Interrupted", "After the section").into())
    }
}

/// A thing of which only the name is known.
pub(crate) fn stub(name: String) -> ThingModel {
    let object = Object::from([("name".to_owned(), Value::String(name))]);
    terraform_provider_milink::framework::model::Model::from_object(&object, &AttributePath::root()).unwrap()
}

/// Every computed value that is still open.
fn filled(mut model: ThingModel, revision: i64) -> ThingModel {
    let name = text(&model.name);
    if model.id.known().is_none() {
        model.id = Field::Known(format!("id-{name}"));
    }
    if model.size.known().is_none() {
        model.size = Field::Known(3);
    }
    if !matches!(model.revision, Field::Known(_)) {
        model.revision = Field::Known(revision);
    }
    if !matches!(model.zones, Field::Known(_)) {
        model.zones = Field::Known(["east".to_owned(), "west".to_owned()].into());
    }
    if let Some(single) = &mut model.single {
        single.token = Field::from("token");
    }
    if let Blocks::Known(rules) = &mut model.rule {
        for rule in rules {
            rule.handle = Field::Known(format!("handle-{}", rule.port.known().copied().unwrap_or_default()));
        }
    }
    if let Blocks::Known(members) = &mut model.member {
        for member in members {
            member.note = Field::Known(format!("note-{}", text(&member.name)));
        }
    }
    if let Value::Map(areas) = &mut model.area {
        for (label, area) in areas {
            if let Value::Object(area) = area {
                area.insert("code".to_owned(), Value::string(format!("code-{label}")));
            }
        }
    }
    model
}

fn store(folder: &Folder, model: &ThingModel) -> Result<(), Diagnostics> {
    let file = File {
        label: model.label.known().cloned(),
        size: model.size.known().copied(),
        revision: model.revision.known().copied().unwrap_or_default(),
    };
    folder.write(&text(&model.name), &serde_json::to_string(&file).unwrap())
}

pub(crate) fn client(context: &Context<Folder>) -> Result<&Folder, Diagnostics> {
    match context.client() {
        Some(folder) => Ok(folder),
        None => Err(Diagnostic::error("Not configured", "There is no folder").into()),
    }
}

fn text(field: &Field<String>) -> String {
    field.known().cloned().unwrap_or_default()
}

fn same_case(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::String(a), Value::String(b)) if a.eq_ignore_ascii_case(b))
}
