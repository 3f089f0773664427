//! Brings what an author's model writes into the form of the schema.
//!
//! A model writes a `Vec` as a list whether the schema says list or set, a map where it says object, and leaves
//! out what the engine keeps by itself. What cannot be brought into form is a fault of the object's author and
//! is named with its path, instead of reaching Terraform, which names neither.

use super::body::{Body, TIMEOUTS};
use super::model::Mismatch;
use super::path::AttributePath;
use super::schema::{Block, Nesting};
use super::types::Type;
use super::value::{Dynamic, Object, Value};

/// Brings an object into the form of `body`. Names that are missing are left out: the caller fills them from
/// what it has.
pub(crate) fn conform_object(
    object: Object,
    body: Body<'_>,
    path: &AttributePath,
) -> Result<Object, Mismatch> {
    let mut conformed = Object::new();
    let mut object = object;
    for attribute in body.attributes {
        if let Some(value) = object.remove(attribute.name) {
            let value = conform(value, &attribute.ty, &path.child(attribute.name))?;
            conformed.insert(attribute.name.to_owned(), value);
        }
    }
    for block in body.blocks {
        if let Some(value) = object.remove(block.name) {
            let value = conform_blocks(value, block, &path.child(block.name))?;
            conformed.insert(block.name.to_owned(), value);
        }
    }
    match object.into_keys().find(|name| name != TIMEOUTS) {
        Some(name) => Err(Mismatch { path: path.child(&name), expected: "in the schema" }),
        None => Ok(conformed),
    }
}

/// Brings a value into the form of its type.
pub(crate) fn conform(value: Value, ty: &Type, path: &AttributePath) -> Result<Value, Mismatch> {
    let refused = |expected| Err(Mismatch { path: path.clone(), expected });
    match (value, ty) {
        (value @ (Value::Null | Value::Unknown(_)), _) => Ok(value),
        (value, Type::Dynamic) => dynamic(value, path),
        (value @ Value::Bool(_), Type::Bool) => Ok(value),
        (value @ Value::Number(_), Type::Number) => Ok(value),
        (value @ Value::String(_), Type::String) => Ok(value),
        (Value::List(items) | Value::Set(items) | Value::Tuple(items), Type::List(element)) => {
            elements(items, element, path).map(Value::List)
        }
        (Value::List(items) | Value::Set(items) | Value::Tuple(items), Type::Set(element)) => {
            elements(items, element, path).map(|items| Value::Set(distinct(items)))
        }
        (Value::List(items) | Value::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => items
            .into_iter()
            .zip(types)
            .enumerate()
            .map(|(position, (item, ty))| conform(item, ty, &path.index(position)))
            .collect::<Result<_, _>>()
            .map(Value::Tuple),
        (Value::Map(items) | Value::Object(items), Type::Map(element)) => items
            .into_iter()
            .map(|(key, item)| {
                let item = conform(item, element, &path.key(&key))?;
                Ok((key, item))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Value::Map(mut items) | Value::Object(mut items), Type::Object(object)) => {
            let conformed = object
                .attributes
                .iter()
                .map(|(name, ty)| {
                    let item = items.remove(name).unwrap_or(Value::Null);
                    Ok((name.clone(), conform(item, ty, &path.child(name))?))
                })
                .collect::<Result<_, _>>()?;
            match items.into_keys().next() {
                Some(name) => Err(Mismatch { path: path.child(&name), expected: "in the schema" }),
                None => Ok(Value::Object(conformed)),
            }
        }
        (_, Type::String) => refused("a string"),
        (_, Type::Number) => refused("a number"),
        (_, Type::Bool) => refused("a bool"),
        (_, Type::List(_)) => refused("a list"),
        (_, Type::Set(_)) => refused("a set"),
        (_, Type::Map(_)) => refused("a map"),
        (_, Type::Object(_)) => refused("an object"),
        (_, Type::Tuple(_)) => refused("a tuple of the right length"),
    }
}

fn conform_blocks(value: Value, block: &Block, path: &AttributePath) -> Result<Value, Mismatch> {
    let body = Body::from(block);
    let element = |item: Value, path: &AttributePath| match item {
        Value::Object(object) => conform_object(object, body, path).map(Value::Object),
        unknown @ Value::Unknown(_) => Ok(unknown),
        _ => Err(Mismatch { path: path.clone(), expected: "a block" }),
    };
    match (value, block.nesting) {
        (unknown @ Value::Unknown(_), _) => Ok(unknown),
        (Value::Null, _) => Ok(block.empty()),
        (value, Nesting::Single | Nesting::SingleRequired | Nesting::Group) => element(value, path),
        (Value::List(items) | Value::Set(items), Nesting::List { .. } | Nesting::Set { .. }) => {
            let items = items
                .into_iter()
                .enumerate()
                .map(|(position, item)| element(item, &path.index(position)))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(match block.nesting {
                Nesting::Set { .. } => Value::Set(distinct(items)),
                _ => Value::List(items),
            })
        }
        (Value::Map(items) | Value::Object(items), Nesting::Map) => Ok(Value::Map(
            items
                .into_iter()
                .map(|(key, item)| {
                    let item = element(item, &path.key(&key))?;
                    Ok((key, item))
                })
                .collect::<Result<_, _>>()?,
        )),
        _ => Err(Mismatch { path: path.clone(), expected: "a collection of blocks" }),
    }
}

fn dynamic(value: Value, path: &AttributePath) -> Result<Value, Mismatch> {
    let ty = match &value {
        Value::Dynamic(_) => {
            let Value::Dynamic(dynamic) = value else { return Ok(value) };
            let value = conform(dynamic.value, &dynamic.ty, path)?;
            return Ok(Value::Dynamic(Box::new(Dynamic { ty: dynamic.ty, value })));
        }
        Value::String(_) => Type::String,
        Value::Number(_) => Type::Number,
        Value::Bool(_) => Type::Bool,
        _ => return Err(Mismatch { path: path.clone(), expected: "a dynamic value with its type" }),
    };
    Ok(Value::Dynamic(Box::new(Dynamic { ty, value })))
}

fn elements(items: Vec<Value>, element: &Type, path: &AttributePath) -> Result<Vec<Value>, Mismatch> {
    items
        .into_iter()
        .enumerate()
        .map(|(position, item)| conform(item, element, &path.index(position)))
        .collect()
}

/// What Terraform would make of the elements of a set: known duplicates fall together.
pub(crate) fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !item.is_wholly_known() || !distinct.iter().any(|other| other.equals(&item)) {
            distinct.push(item);
        }
    }
    distinct
}
