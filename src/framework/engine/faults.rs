//! Mistakes in schemas, found when the provider is built. Terraform would refuse the whole provider, or show the
//! mistake as somebody else's, or not at all.

use std::collections::BTreeSet;

use crate::framework::body::{Body, TIMEOUTS};
use crate::framework::conform::conform;
use crate::framework::path::AttributePath;
use crate::framework::schema::{Attribute, IdentitySchema, Nesting, Schema};
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
    Other,
}

/// The mistakes of a schema, each with where it is.
pub(crate) fn of_schema(
    type_name: &str,
    kind: Kind,
    schema: &Schema,
    names: &[&str],
    faults: &mut Vec<String>,
) {
    let reserved: &[&str] = if kind == Kind::Provider { &RESERVED_IN_PROVIDERS } else { &RESERVED };
    let body = Body::from(schema);
    for name in body.names().filter(|name| reserved.contains(name)) {
        faults.push(format!("{type_name}: `{name}` is reserved by Terraform"));
    }
    of_body(type_name, kind, body, false, &AttributePath::root(), faults);

    let in_schema: BTreeSet<&str> = body.names().filter(|name| *name != TIMEOUTS).collect();
    let in_model: BTreeSet<&str> = names.iter().copied().collect();
    for name in in_schema.symmetric_difference(&in_model) {
        let missing = if in_schema.contains(name) { "model" } else { "schema" };
        faults.push(format!("{type_name}: the {missing} has no `{name}`"));
    }
    if schema.timeouts.is_some() && (in_model.contains(TIMEOUTS) || kind == Kind::Provider) {
        faults.push(format!("{type_name}: `{TIMEOUTS}` is kept by the framework"));
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

    fn faults(schema: Schema, names: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        of_schema("t_x", Kind::Managed, &schema, names, &mut faults);
        faults
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
            .attribute(Attribute::string("secret").computed().write_only());
        let found = faults(schema, &["count", "Name", "mode", "other"]).join("\n");
        for part in [
            "`count` is reserved",
            "`Name` is no name",
            "`Name` is required and something else",
            "`mode` has a default of another type",
            "`secret` is write-only and computed",
            "the model has no `secret`",
            "the schema has no `other`",
        ] {
            assert!(found.contains(part), "{part} in\n{found}");
        }
    }
}
