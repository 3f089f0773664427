//! Mistakes in schemas, found when the provider is built. Terraform would refuse the whole provider, or show the
//! mistake as somebody else's, or not at all.

use std::collections::BTreeSet;

use crate::framework::body::{Body, Member, TIMEOUTS};
use crate::framework::conform::conform;
use crate::framework::function::Signature;
use crate::framework::model::Names;
use crate::framework::path::AttributePath;
use crate::framework::schema::{Attribute, IdentitySchema, Nesting, Replacement, Schema};
use crate::framework::types::Type;
use crate::framework::value::Value;

/// Names that Terraform keeps for itself in resources and data sources.
const RESERVED: [&str; 7] =
    ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

/// Names that Terraform keeps for itself in provider blocks.
const RESERVED_IN_PROVIDERS: [&str; 2] = ["alias", "version"];

/// What a schema belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Provider,
    Managed,
    /// A data source.
    Other,
    /// An action or a listing: no operation of it has a time limit.
    Once,
}

/// The mistakes of a schema, each with where it is.
pub(crate) fn of_schema(
    type_name: &str,
    kind: Kind,
    schema: &Schema,
    names: &Names,
    faults: &mut Vec<String>,
) {
    let reserved: &[&str] = if kind == Kind::Provider { &RESERVED_IN_PROVIDERS } else { &RESERVED };
    let body = Body::from(schema);
    for name in body.names().filter(|name| reserved.contains(name)) {
        faults.push(format!("{type_name}: `{name}` is reserved by Terraform"));
    }
    of_body(type_name, kind, body, false, &AttributePath::root(), faults);

    of_names(type_name, body, names, &AttributePath::root(), faults);
    if schema.timeouts.is_some() && names.names.contains(&TIMEOUTS) {
        faults.push(format!("{type_name}: `{TIMEOUTS}` is kept by the framework"));
    }
    if schema.timeouts.is_some() && matches!(kind, Kind::Provider | Kind::Once) {
        faults.push(format!("{type_name}: `{TIMEOUTS}` limits nothing here"));
    }
}

/// Holds the names of a model against those of its schema.
fn of_names(type_name: &str, body: Body<'_>, names: &Names, at: &AttributePath, faults: &mut Vec<String>) {
    let kept = |name: &str| at.is_root() && name == TIMEOUTS;
    let in_schema: BTreeSet<&str> = body.names().filter(|name| !kept(name)).collect();
    let in_model: BTreeSet<&str> = names.names.iter().copied().filter(|name| !kept(name)).collect();
    for name in in_schema.symmetric_difference(&in_model) {
        let missing = if in_schema.contains(name) { "model" } else { "schema" };
        faults.push(format!("{type_name}: the {missing} has no `{}`", at.child(name)));
    }
    for (name, nested) in &names.nested {
        match body.member(name) {
            Some(Member::Block(block)) => {
                of_names(type_name, Body::from(block), nested, &at.child(name), faults);
            }
            Some(Member::Attribute(_)) => {
                faults.push(format!("{type_name}: `{}` is a block in the model only", at.child(name)));
            }
            None => {}
        }
    }
}

/// The mistakes of a function.
pub(crate) fn of_function(name: &str, signature: &Signature, faults: &mut Vec<String>) {
    if !is_name(name) {
        faults.push(format!("function {name}: is no name"));
    }
    let mut seen = BTreeSet::new();
    for parameter in signature.parameters.iter().chain(&signature.variadic) {
        if !is_name(parameter.name) {
            faults.push(format!("function {name}: parameter `{}` is no name", parameter.name));
        }
        if !seen.insert(parameter.name) {
            faults.push(format!("function {name}: parameter `{}` stands twice", parameter.name));
        }
    }
}

/// The mistakes of an identity.
pub(crate) fn of_identity(
    type_name: &str,
    identity: &IdentitySchema,
    names: &[&str],
    faults: &mut Vec<String>,
) {
    let in_schema: BTreeSet<&str> = identity.attributes.iter().map(|attribute| attribute.name).collect();
    let in_model: BTreeSet<&str> = names.iter().copied().collect();
    if in_schema != in_model || in_schema.len() != identity.attributes.len() {
        faults.push(format!("{type_name}: the identity's schema and model have different names"));
    }
    for attribute in &identity.attributes {
        let primitive = |ty: &Type| matches!(ty, Type::String | Type::Number | Type::Bool);
        let allowed = match &attribute.ty {
            Type::List(element) => primitive(element),
            ty => primitive(ty),
        };
        if !allowed {
            faults.push(format!("{type_name}: identity `{}` is no primitive", attribute.name));
        }
    }
}

fn of_body(
    type_name: &str,
    kind: Kind,
    body: Body<'_>,
    in_set: bool,
    at: &AttributePath,
    faults: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    for name in body.names() {
        if !is_name(name) {
            faults.push(format!("{type_name}: `{}` is no name", at.child(name)));
        }
        if !seen.insert(name) {
            faults.push(format!("{type_name}: `{}` stands twice", at.child(name)));
        }
    }
    for attribute in body.attributes {
        let at = at.child(attribute.name);
        for problem in of_attribute(kind, attribute, in_set) {
            faults.push(format!("{type_name}: `{at}` {problem}"));
        }
    }
    for block in body.blocks {
        let is_set = matches!(block.nesting, Nesting::Set { .. });
        let at = at.child(block.name);
        if let Nesting::List { min, max } | Nesting::Set { min, max } = block.nesting
            && max != 0
            && min > max
        {
            faults.push(format!("{type_name}: `{at}` has a minimum above its maximum"));
        }
        of_body(type_name, kind, Body::from(block), in_set || is_set, &at, faults);
    }
}

fn of_attribute(kind: Kind, attribute: &Attribute, in_set: bool) -> Vec<String> {
    let mut problems = Vec::new();
    let mut refuse = |wrong: bool, problem: &str| {
        if wrong {
            problems.push(problem.to_owned());
        }
    };
    let Attribute { required, optional, computed, write_only, .. } = *attribute;
    refuse(!required && !optional && !computed, "is neither required nor optional nor computed");
    refuse(required && (optional || computed), "is required and something else");
    refuse(write_only && computed, "is write-only and computed");
    refuse(write_only && in_set, "is write-only in a set");
    // It is null in every state and plan, so no change of it can be seen.
    refuse(write_only && attribute.replacement != Replacement::Never, "is write-only and replaces");
    refuse(attribute.stable && !computed, "is stable and not computed");
    refuse(write_only && kind != Kind::Managed, "is write-only outside of a managed resource");
    refuse(in_set && has_dynamic(&attribute.ty), "is dynamic in a set");
    refuse(kind == Kind::Provider && computed, "is computed in a provider block");
    if let Some(default) = &attribute.default {
        refuse(required || !computed, "has a default and is not computed");
        let conforms = conform(default.clone(), &attribute.ty, &AttributePath::root());
        refuse(conforms.as_ref() != Ok(default) || *default == Value::Null, "has a default of another type");
        refuse(
            attribute.checks.iter().any(|check| check(default).is_err()),
            "has a default that its checks refuse",
        );
    }
    problems
}

fn has_dynamic(ty: &Type) -> bool {
    match ty {
        Type::Dynamic => true,
        Type::List(element) | Type::Set(element) | Type::Map(element) => has_dynamic(element),
        Type::Object(object) => object.attributes.values().any(has_dynamic),
        Type::Tuple(elements) => elements.iter().any(has_dynamic),
        Type::String | Type::Number | Type::Bool => false,
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::function::Parameter;
    use crate::framework::model::{Blocks, Field};
    use crate::framework::schema::{Block, Timeouts};
    use crate::model;

    fn faults(schema: Schema, names: &[&'static str]) -> Vec<String> {
        let names = Names { names: names.to_vec(), nested: Vec::new() };
        faults_of(Kind::Managed, &schema, &names)
    }

    fn faults_of(kind: Kind, schema: &Schema, names: &Names) -> Vec<String> {
        let mut faults = Vec::new();
        of_schema("t_x", kind, schema, names, &mut faults);
        faults
    }

    model! {
        /// With a block that its schema has otherwise.
        struct Outer {
            name: Field<String>,
            inner: Blocks<Inner>,
            plain: Option<Inner>,
        }
    }

    model! {
        /// Of another time than its schema.
        struct Inner {
            key: Field<String>,
            old: Field<String>,
        }
    }

    #[test]
    fn models_of_blocks_are_held_against_them() {
        let schema = Schema::new("")
            .attribute(Attribute::string("name").required())
            .attribute(Attribute::string("plain").optional())
            .block(
                Block::new("inner", Nesting::List { min: 0, max: 0 }, "")
                    .attribute(Attribute::string("key").required())
                    .attribute(Attribute::string("new").optional()),
            );
        assert_eq!(
            faults_of(Kind::Managed, &schema, &Names::of::<Outer>()),
            [
                "t_x: the model has no `inner.new`",
                "t_x: the schema has no `inner.old`",
                "t_x: `plain` is a block in the model only",
            ]
        );
    }

    #[test]
    fn time_limits_only_where_there_are_operations() {
        let mut schema = Schema::new("").timeouts(Timeouts::default());
        for (kind, refused) in
            [(Kind::Once, true), (Kind::Provider, true), (Kind::Managed, false), (Kind::Other, false)]
        {
            let found = faults_of(kind, &schema, &Names::default());
            assert_eq!(found == ["t_x: `timeouts` limits nothing here"], refused, "{found:?}");
        }
        schema.timeouts = None;
        assert_eq!(faults_of(Kind::Once, &schema, &Names::default()), [""; 0]);
    }

    #[test]
    fn names_of_functions_and_parameters() {
        let parameter = |name| Parameter { name, ty: Type::String, description: "", allow_null: false };
        let signature = |names: [&'static str; 2]| Signature {
            summary: "",
            description: "",
            parameters: vec![parameter(names[0])],
            variadic: Some(parameter(names[1])),
            result: Type::String,
        };
        let found = |name, names| {
            let mut faults = Vec::new();
            of_function(name, &signature(names), &mut faults);
            faults
        };
        assert_eq!(found("shout", ["text", "more"]), [""; 0]);
        assert_eq!(
            found("Shout", ["a-b", "a-b"]),
            [
                "function Shout: is no name",
                "function Shout: parameter `a-b` is no name",
                "function Shout: parameter `a-b` is no name",
                "function Shout: parameter `a-b` stands twice",
            ]
        );
    }

    #[test]
    fn a_sound_schema_has_none() {
        let schema = Schema::new("")
            .attribute(Attribute::string("name").required().replaces())
            .attribute(Attribute::bool("keep").default_bool(true));
        assert_eq!(faults(schema, &["name", "keep"]), Vec::<String>::new());
    }

    #[test]
    fn each_mistake_is_named() {
        let schema = Schema::new("")
            .attribute(Attribute::string("count").required())
            .attribute(Attribute::string("Name").required().computed())
            .attribute(Attribute::string("mode").default_bool(true))
            .attribute(Attribute::string("secret").computed().write_only())
            .attribute(Attribute::string("token").optional().write_only().replaces())
            .attribute(Attribute::string("firm").optional().stable());
        let found = faults(schema, &["count", "Name", "mode", "other", "token", "firm"]).join("\n");
        for part in [
            "`count` is reserved",
            "`Name` is no name",
            "`Name` is required and something else",
            "`mode` has a default of another type",
            "`secret` is write-only and computed",
            "`token` is write-only and replaces",
            "`firm` is stable and not computed",
            "the model has no `secret`",
            "the schema has no `other`",
        ] {
            assert!(found.contains(part), "{part} in\n{found}");
        }
    }
}
