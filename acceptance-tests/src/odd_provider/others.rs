//! A data source, a listing, an action and a function.

use async_trait::async_trait;
use terraform_provider_milink::framework::action::{Action, Progress};
use terraform_provider_milink::framework::checks::between;
use terraform_provider_milink::framework::context::Context;
use terraform_provider_milink::framework::data_source::DataSource;
use terraform_provider_milink::framework::diagnostic::{Diagnostic, Diagnostics};
use terraform_provider_milink::framework::function::{Function, FunctionError, Parameter, Signature};
use terraform_provider_milink::framework::list_resource::{Found, ListResource, Listed};
use terraform_provider_milink::framework::model::Field;
use terraform_provider_milink::framework::resource::{Resource, State};
use terraform_provider_milink::framework::schema::{Attribute, Schema};
use terraform_provider_milink::framework::types::Type;
use terraform_provider_milink::framework::value::Value;
use terraform_provider_milink::model;

use super::Folder;
use super::thing::{Memory, Thing, ThingModel, client, stub};

/// Looks a thing up.
#[derive(Debug)]
pub(super) struct Lookup;

model! {
    /// A name, and whether it is there.
    pub struct LookupModel {
        /// The name.
        pub name: Field<String>,
        /// Whether it is there.
        pub found: Field<bool>,
    }
}

#[async_trait]
impl DataSource<Folder> for Lookup {
    type Model = LookupModel;
    const TYPE_NAME: &'static str = "odd_lookup";

    fn schema() -> Schema {
        Schema::new("Looks a thing up.")
            .attribute(Attribute::string("name").required())
            .attribute(Attribute::bool("found").computed())
    }

    async fn read(&self, context: &Context<Folder>, config: LookupModel) -> Result<LookupModel, Diagnostics> {
        let name = config.name.as_str().unwrap_or_default();
        if name == "nobody" {
            return Err(Diagnostic::error("Not found", "There is nobody").at("name").into());
        }
        let found = client(context)?.read(name)?.is_some();
        Ok(LookupModel { found: Field::Known(found), ..config })
    }
}

/// Lists things.
#[derive(Debug)]
pub(super) struct Things;

model! {
    /// Which.
    pub struct ThingsModel {
        /// What their names begin with.
        pub prefix: Field<String>,
    }
}

#[async_trait]
impl ListResource<Folder> for Things {
    type Resource = Thing;
    type Model = ThingsModel;

    fn schema() -> Schema {
        Schema::new("Lists things.").attribute(Attribute::string("prefix").optional())
    }

    fn validate(&self, config: &ThingsModel, report: &mut Diagnostics) {
        if config.prefix.as_str() == Some("refused") {
            report.push(Diagnostic::error("No such prefix", "Nothing begins so").at("prefix"));
        }
    }

    async fn list(
        &self,
        context: &Context<Folder>,
        config: ThingsModel,
        found: &Found<ThingModel, Memory>,
    ) -> Result<(), Diagnostics> {
        let folder = client(context)?;
        let prefix = config.prefix.as_str().unwrap_or_default();
        match prefix {
            "warn" => context.warn(Diagnostic::warning("Listed with care", "As asked")),
            "fail" => return Err(Diagnostic::error("List refused", "As asked").into()),
            _ => {}
        }
        for name in folder.names()?.into_iter().filter(|name| name.starts_with(prefix)) {
            let stub = State { model: stub(name.clone()), private: Memory::default() };
            let Some(state) = Thing.read(context, stub).await? else { continue };
            if !found.send(Listed { display_name: format!("thing {name}"), state }).await {
                folder.journal("enough listed");
                break;
            }
        }
        Ok(())
    }
}

/// Rings.
#[derive(Debug)]
pub(super) struct Ring;

model! {
    /// How.
    pub struct RingModel {
        /// How often.
        pub times: Field<i64>,
    }
}

#[async_trait]
impl Action<Folder> for Ring {
    type Model = RingModel;
    const TYPE_NAME: &'static str = "odd_ring";

    fn schema() -> Schema {
        Schema::new("Rings.")
            .attribute(Attribute::number("times").required().check(|value| between(value, 1, 100)))
    }

    async fn plan(&self, _context: &Context<Folder>, config: &RingModel) -> Result<(), Diagnostics> {
        match config.times.known() {
            Some(times) if *times > 50 => Err(Diagnostic::error("Too often", "Nobody can hear it").into()),
            _ => Ok(()),
        }
    }

    async fn invoke(
        &self,
        context: &Context<Folder>,
        config: RingModel,
        progress: &Progress,
    ) -> Result<(), Diagnostics> {
        let times = config.times.known().copied().unwrap_or_default();
        for number in 1..=times {
            progress.say(format!("ring {number}")).await;
            client(context)?.journal(&format!("ring {number}"));
        }
        match times {
            7 => panic!("as asked"),
            13 => Err(Diagnostic::error("Bell broken", "After thirteen").into()),
            _ => Ok(()),
        }
    }
}

/// Shouts.
#[derive(Debug)]
pub(super) struct Shout;

impl Function for Shout {
    fn name(&self) -> &'static str {
        "shout"
    }

    fn signature(&self) -> Signature {
        let text =
            |name| Parameter { name, ty: Type::String, description: "A text.", allow_null: name == "more" };
        Signature {
            summary: "Shouts",
            description: "Puts texts in capitals.",
            parameters: vec![text("text")],
            variadic: Some(text("more")),
            result: Type::list(Type::String),
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let shouted = arguments.iter().enumerate().map(|(position, argument)| match argument {
            Value::String(text) if text == "quiet" => {
                Err(FunctionError { text: "it is to be quiet".to_owned(), argument: Some(position) })
            }
            Value::String(text) => Ok(Value::String(text.to_uppercase())),
            _ => Ok(Value::Null),
        });
        shouted.collect::<Result<_, _>>().map(Value::List)
    }
}
