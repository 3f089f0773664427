//! Between the framework's values and Terraform's messages: objects, identities, paths, diagnostics.

use crate::framework::body::{Body, Member};
use crate::framework::diagnostic::{Diagnostics, Severity};
use crate::framework::json;
use crate::framework::msgpack::{self, DecodeError};
use crate::framework::path::{AttributePath, Step};
use crate::framework::schema::Nesting;
use crate::framework::types::Type;
use crate::framework::value::{Object, Value};
use crate::plugin::proto::tfplugin5 as proto;

/// Reads an object of the form of `body`. Nothing when it is null, which an absent message is too.
pub(crate) fn read_object(
    value: Option<&proto::DynamicValue>,
    body: Body<'_>,
) -> Result<Option<Object>, DecodeError> {
    match value {
        Some(value) if !value.msgpack.is_empty() => msgpack::read_object(&value.msgpack, body),
        Some(value) if !value.json.is_empty() => json::object_from_json(&parse(&value.json)?, body),
        _ => Ok(None),
    }
}

/// Reads a value of type `ty`; an absent message is null.
pub(crate) fn read_value(value: &proto::DynamicValue, ty: &Type) -> Result<Value, DecodeError> {
    if !value.msgpack.is_empty() {
        msgpack::read_value(&value.msgpack, ty)
    } else if !value.json.is_empty() {
        json::value_from_json(&parse(&value.json)?, ty, &AttributePath::root())
    } else {
        Ok(Value::Null)
    }
}

/// Writes an object of the form of `body`; `None` is null.
pub(crate) fn write_object(object: Option<&Object>, body: Body<'_>) -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue { msgpack: msgpack::write_object(object, body), json: Vec::new() })
}

/// Writes a value.
pub(crate) fn write_value(value: &Value) -> proto::DynamicValue {
    proto::DynamicValue { msgpack: msgpack::write_value(value), json: Vec::new() }
}

/// Writes an identity, where there is one.
pub(crate) fn write_identity(
    identity: Option<&Object>,
    body: Body<'_>,
) -> Option<proto::ResourceIdentityData> {
    identity.map(|identity| proto::ResourceIdentityData { identity_data: write_object(Some(identity), body) })
}

/// Reads the JSON of a stored state or identity.
pub(crate) fn read_raw(
    raw: Option<proto::RawState>,
) -> Result<serde_json::Map<String, serde_json::Value>, DecodeError> {
    let raw = raw.unwrap_or_default();
    if !raw.flatmap.is_empty() {
        return Err(broken("a state written by Terraform 0.11 or older, which cannot be read"));
    }
    match parse(&raw.json)? {
        serde_json::Value::Object(members) => Ok(members),
        _ => Err(broken("something else where an object belongs")),
    }
}

/// A path as Terraform names it; the root is no path.
pub(crate) fn path(path: &AttributePath) -> Option<proto::AttributePath> {
    use proto::attribute_path::step::Selector;
    let step = |step: &Step| proto::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        }),
    };
    (!path.is_root()).then(|| proto::AttributePath { steps: path.steps().iter().map(step).collect() })
}

/// Diagnostics about an object of the form of `body`. Paths that Terraform cannot follow are cut where it can.
pub(crate) fn diagnostics(diagnostics: Diagnostics, body: Option<Body<'_>>) -> Vec<proto::Diagnostic> {
    diagnostics
        .into_iter()
        .map(|diagnostic| proto::Diagnostic {
            severity: match diagnostic.severity {
                Severity::Error => proto::diagnostic::Severity::Error,
                Severity::Warning => proto::diagnostic::Severity::Warning,
            }
            .into(),
            attribute: body.and_then(|body| path(&addressable(body, &diagnostic.path))),
            detail: diagnostic.full_detail(),
            summary: diagnostic.summary,
        })
        .collect()
}

/// As much of `path` as leads to something that can be addressed: names that exist, and no way into a set.
pub(crate) fn addressable(body: Body<'_>, path: &AttributePath) -> AttributePath {
    let mut reached = AttributePath::root();
    let mut place = Place::Body(body);
    for step in path.steps() {
        let Some((next, after)) = place.follow(step, &reached) else { break };
        reached = next;
        place = after;
    }
    reached
}

enum Place<'a> {
    Body(Body<'a>),
    Elements(Body<'a>, Nesting),
    Value(&'a Type),
}

impl<'a> Place<'a> {
    fn follow(&self, step: &Step, at: &AttributePath) -> Option<(AttributePath, Place<'a>)> {
        match (self, step) {
            (Place::Body(body), Step::Attribute(name)) => {
                let place = match body.member(name)? {
                    Member::Attribute(attribute) => Place::Value(&attribute.ty),
                    Member::Block(block) => match block.nesting {
                        Nesting::Single | Nesting::SingleRequired | Nesting::Group => {
                            Place::Body(Body::from(block))
                        }
                        nesting => Place::Elements(Body::from(block), nesting),
                    },
                };
                Some((at.child(name), place))
            }
            (Place::Elements(body, Nesting::List { .. }), Step::Index(index)) => {
                Some((at.index(usize::try_from(*index).ok()?), Place::Body(*body)))
            }
            (Place::Elements(body, Nesting::Map), Step::Key(key)) => Some((at.key(key), Place::Body(*body))),
            (Place::Value(Type::List(element)), Step::Index(index)) => {
                Some((at.index(usize::try_from(*index).ok()?), Place::Value(element)))
            }
            (Place::Value(Type::Map(element)), Step::Key(key)) => Some((at.key(key), Place::Value(element))),
            (Place::Value(Type::Object(object)), Step::Attribute(name)) => {
                Some((at.child(name), Place::Value(object.attributes.get(name)?)))
            }
            _ => None,
        }
    }
}

fn parse(json: &[u8]) -> Result<serde_json::Value, DecodeError> {
    serde_json::from_slice(json).map_err(|error| broken(&format!("not JSON: {error}")))
}

fn broken(problem: &str) -> DecodeError {
    DecodeError { path: AttributePath::root(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::schema::{Attribute, Block, Schema};

    #[test]
    fn paths_end_where_terraform_cannot_follow() {
        let inner =
            |nesting| Block::new("rule", nesting, "").attribute(Attribute::strings("ports").optional());
        let path = || AttributePath::attribute("rule").index(1).child("ports").index(0);
        let follow = |schema: &Schema, path: &AttributePath| addressable(schema.into(), path).to_string();

        let list = Schema::new("").block(inner(Nesting::List { min: 0, max: 0 }));
        assert_eq!(follow(&list, &path()), "rule[1].ports[0]");
        assert_eq!(follow(&list, &path().child("x")), "rule[1].ports[0]");
        let set = Schema::new("").block(inner(Nesting::Set { min: 0, max: 0 }));
        assert_eq!(follow(&set, &path()), "rule");
        assert_eq!(follow(&set, &"nowhere".into()), "");
    }
}
