//! Values as JSON, the form of a stored state.
//!
//! Old states are read with today's schema: a name that is missing is null, a name that is no longer there is
//! dropped. (Terraform has removed unknown names already when the schema versions are equal.)

use serde_json::Value as Json;

use super::body::Body;
use super::msgpack::DecodeError;
use super::path::AttributePath;
use super::schema::{Block, Nesting};
use super::types::Type;
use super::value::{Dynamic, Number, Object, Value};

/// Reads the JSON of an object of the form of `body`; null is `None`.
pub(crate) fn object_from_json(json: &Json, body: Body<'_>) -> Result<Option<Object>, DecodeError> {
    match read_body(json, body, &AttributePath::root())? {
        Value::Object(object) => Ok(Some(object)),
        _ => Ok(None),
    }
}

/// Reads the JSON of one value.
pub(crate) fn value_from_json(json: &Json, ty: &Type, path: &AttributePath) -> Result<Value, DecodeError> {
    Ok(match (json, ty) {
        (Json::Null, _) => Value::Null,
        (Json::Object(pair), Type::Dynamic) => dynamic(pair, path)?,
        (Json::Bool(flag), Type::Bool) => Value::Bool(*flag),
        (Json::String(text), Type::String) => Value::String(text.clone()),
        (Json::Number(number), Type::Number) => Number::parse(&number.to_string())
            .map(Value::Number)
            .ok_or_else(|| error(path, "a number out of range"))?,
        (Json::String(text), Type::Number) => {
            Number::parse(text).map(Value::Number).ok_or_else(|| error(path, "text that is no number"))?
        }
        (Json::Array(items), Type::List(element)) => Value::List(elements(items, element, path)?),
        (Json::Array(items), Type::Set(element)) => Value::Set(elements(items, element, path)?),
        (Json::Array(items), Type::Tuple(types)) => {
            if items.len() != types.len() {
                return Err(error(path, "a tuple of another length"));
            }
            let pairs = items.iter().zip(types).enumerate();
            Value::Tuple(
                pairs
                    .map(|(position, (item, ty))| value_from_json(item, ty, &path.index(position)))
                    .collect::<Result<_, _>>()?,
            )
        }
        (Json::Object(items), Type::Map(element)) => Value::Map(
            items
                .iter()
                .map(|(key, item)| Ok((key.clone(), value_from_json(item, element, &path.key(key))?)))
                .collect::<Result<_, _>>()?,
        ),
        (Json::Object(items), Type::Object(object)) => Value::Object(
            object
                .attributes
                .iter()
                .map(|(name, ty)| {
                    let item = items.get(name).unwrap_or(&Json::Null);
                    Ok((name.clone(), value_from_json(item, ty, &path.child(name))?))
                })
                .collect::<Result<_, _>>()?,
        ),
        _ => return Err(error(path, "a value of another type than its schema says")),
    })
}

fn dynamic(pair: &serde_json::Map<String, Json>, path: &AttributePath) -> Result<Value, DecodeError> {
    let (Some(ty), Some(value)) = (pair.get("type"), pair.get("value")) else {
        return Err(error(path, "a dynamic value that is not a pair of type and value"));
    };
    let ty = Type::from_json(ty).map_err(|problem| error(path, problem.to_string()))?;
    let value = value_from_json(value, &ty, path)?;
    Ok(Value::Dynamic(Box::new(Dynamic { ty, value })))
}

fn elements(items: &[Json], element: &Type, path: &AttributePath) -> Result<Vec<Value>, DecodeError> {
    items
        .iter()
        .enumerate()
        .map(|(position, item)| value_from_json(item, element, &path.index(position)))
        .collect()
}

fn read_body(json: &Json, body: Body<'_>, path: &AttributePath) -> Result<Value, DecodeError> {
    let members = match json {
        Json::Null => return Ok(Value::Null),
        Json::Object(members) => members,
        _ => return Err(error(path, "something else where an object belongs")),
    };
    let mut object = Object::new();
    for attribute in body.attributes {
        let member = members.get(attribute.name).unwrap_or(&Json::Null);
        let value = value_from_json(member, &attribute.ty, &path.child(attribute.name))?;
        object.insert(attribute.name.to_owned(), value);
    }
    for block in body.blocks {
        let member = members.get(block.name).unwrap_or(&Json::Null);
        object.insert(block.name.to_owned(), read_blocks(member, block, &path.child(block.name))?);
    }
    Ok(Value::Object(object))
}

fn read_blocks(json: &Json, block: &Block, path: &AttributePath) -> Result<Value, DecodeError> {
    let body = Body::from(block);
    match (json, block.nesting) {
        (Json::Null, _) => Ok(block.empty()),
        (_, Nesting::Single | Nesting::SingleRequired | Nesting::Group) => read_body(json, body, path),
        (Json::Array(items), Nesting::List { .. } | Nesting::Set { .. }) => {
            let blocks = items
                .iter()
                .enumerate()
                .map(|(position, item)| read_body(item, body, &path.index(position)))
                .collect::<Result<_, _>>()?;
            Ok(match block.nesting {
                Nesting::Set { .. } => Value::Set(blocks),
                _ => Value::List(blocks),
            })
        }
        (Json::Object(items), Nesting::Map) => Ok(Value::Map(
            items
                .iter()
                .map(|(key, item)| Ok((key.clone(), read_body(item, body, &path.key(key))?)))
                .collect::<Result<_, _>>()?,
        )),
        _ => Err(error(path, "something else where blocks belong")),
    }
}

fn error(path: &AttributePath, problem: impl Into<String>) -> DecodeError {
    DecodeError { path: path.clone(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::schema::{Attribute, Schema};

    #[test]
    fn a_stored_state_is_read_without_loss() {
        let schema = Schema::new("")
            .attribute(Attribute::number("ratio").optional())
            .attribute(Attribute::new("anything", Type::Dynamic).optional())
            .attribute(Attribute::string_set("zones").optional())
            .attribute(Attribute::string("added").optional())
            .block(Block::new("rule", Nesting::List { min: 0, max: 0 }, ""))
            .block(Block::new("limits", Nesting::Group, "").attribute(Attribute::string("most").optional()));
        let text = r#"{"ratio": 0.10000000000000000000000000001, "gone": 1, "zones": ["b", "a"],
            "anything": {"value": [1, null], "type": ["tuple", ["number", "string"]]}}"#;
        let json = serde_json::from_str(text).expect("JSON");
        let object = object_from_json(&json, (&schema).into()).expect("readable").expect("not null");
        let digits = Number::Decimal("0.10000000000000000000000000001".to_owned());
        assert_eq!(object["ratio"], Value::Number(digits));
        assert_eq!(object["zones"], Value::Set(vec![Value::string("b"), Value::string("a")]));
        assert_eq!((&object["added"], &object["rule"]), (&Value::Null, &Value::List(Vec::new())));
        assert_eq!(object["limits"], Value::Object(Object::from([("most".to_owned(), Value::Null)])));
        let Value::Dynamic(dynamic) = &object["anything"] else { panic!("{object:?}") };
        assert_eq!(dynamic.value, Value::Tuple(vec![Value::Number(1.into()), Value::Null]));
        assert!(!object.contains_key("gone"));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_path() {
        let schema = Schema::new("").attribute(Attribute::strings("names").optional());
        let error = object_from_json(&json!({"names": ["a", 1]}), (&schema).into()).expect_err("no string");
        assert_eq!(error.to_string(), "`names[1]`: a value of another type than its schema says");
    }
}
