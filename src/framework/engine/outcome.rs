//! What Terraform allows a result to say: after an apply everything that was planned, after a read nothing
//! unknown.
//!
//! An author's result that breaks this is a bug of the provider. Terraform would say so too, but in its own
//! words, without the path, and would taint what was just made. Here the state keeps what Terraform was promised
//! (the next read shows what is true), and the bug is named.

use crate::framework::body::Body;
use crate::framework::conform::{conform_object, distinct};
use crate::framework::model::Mismatch;
use crate::framework::path::AttributePath;
use crate::framework::schema::{Attribute, Block};
use crate::framework::value::{Object, Value};

use super::plan::{each_object, forget_write_only};

/// What became of a result.
pub(crate) struct Accepted {
    /// Conforms to the plan.
    pub(crate) object: Object,
    /// What had to be changed for that: sentences without a full stop.
    pub(crate) faults: Vec<String>,
}

/// Holds the result of an apply against its plan.
pub(crate) fn after_apply(result: Object, planned: &Object, body: Body<'_>) -> Accepted {
    let mut faults = Vec::new();
    let object = match conform_object(result, body, &AttributePath::root()) {
        Ok(result) => accept(&result, planned, body, &AttributePath::root(), &mut faults),
        Err(mismatch) => {
            faults.push(mismatch.to_string());
            known_parts(planned)
        }
    };
    finished(object, faults, body)
}

/// The state that a failed apply leaves, as far as it can be believed: `fallback` fills what is missing.
pub(crate) fn after_failure(result: Object, fallback: &Object, body: Body<'_>) -> Accepted {
    match conform_object(result, body, &AttributePath::root()) {
        Ok(result) => finished(known_parts(&filled(result, fallback)), Vec::new(), body),
        Err(mismatch) => finished(known_parts(fallback), vec![mismatch.to_string()], body),
    }
}

/// Holds the result of a read (or an import, a move, a listing) against what was there before. The prior
/// spelling stays where both mean the same.
pub(crate) fn after_read(result: Object, prior: &Object, body: Body<'_>) -> Result<Accepted, Mismatch> {
    let result = filled(conform_object(result, body, &AttributePath::root())?, prior);
    let mut faults = Vec::new();
    name_unknowns(&result, &mut faults);
    let respelt = keep_spelling(known_parts(&result), prior, body);
    Ok(finished(respelt, faults, body))
}

/// Unknown becomes null, all the way down.
pub(crate) fn known_parts(object: &Object) -> Object {
    object.iter().map(|(name, value)| (name.clone(), known_part(value))).collect()
}

fn known_part(value: &Value) -> Value {
    match value {
        Value::Unknown(_) => Value::Null,
        Value::List(items) => Value::List(items.iter().map(known_part).collect()),
        Value::Set(items) => Value::Set(distinct(items.iter().map(known_part).collect())),
        Value::Tuple(items) => Value::Tuple(items.iter().map(known_part).collect()),
        Value::Map(items) => Value::Map(known_parts(items)),
        Value::Object(items) => Value::Object(known_parts(items)),
        Value::Dynamic(dynamic) => {
            let mut dynamic = dynamic.clone();
            dynamic.value = known_part(&dynamic.value);
            Value::Dynamic(dynamic)
        }
        other => other.clone(),
    }
}

fn finished(mut object: Object, faults: Vec<String>, body: Body<'_>) -> Accepted {
    make_whole(&mut object, body);
    forget_write_only(&mut object, body);
    Accepted { object, faults }
}

/// Adds the names that are missing. An unknown collection of blocks that became null is an empty one.
fn make_whole(object: &mut Object, body: Body<'_>) {
    for (name, nothing) in body.empty() {
        let value = object.entry(name).or_insert_with(|| nothing.clone());
        if value.is_null() {
            *value = nothing;
        }
    }
    for block in body.blocks {
        if let Some(value) = object.get_mut(block.name) {
            each_object(value, &mut |inner| make_whole(inner, Body::from(block)));
        }
    }
}

fn filled(mut object: Object, from: &Object) -> Object {
    for (name, value) in from {
        object.entry(name.clone()).or_insert_with(|| value.clone());
    }
    object
}

fn name_unknowns(object: &Object, faults: &mut Vec<String>) {
    let unknown = object.iter().filter(|(_, value)| !value.is_wholly_known());
    faults.extend(unknown.map(|(name, _)| format!("`{name}` was read as unknown")));
}

fn accept(
    result: &Object,
    planned: &Object,
    body: Body<'_>,
    at: &AttributePath,
    faults: &mut Vec<String>,
) -> Object {
    let mut accepted = Object::new();
    for attribute in body.attributes {
        let planned = planned.get(attribute.name).unwrap_or(&Value::Null);
        let value = match result.get(attribute.name) {
            Some(result) => accept_attribute(attribute, result, planned, &at.child(attribute.name), faults),
            None => accept_value(planned, planned, &at.child(attribute.name), faults),
        };
        accepted.insert(attribute.name.to_owned(), value);
    }
    for block in body.blocks {
        let nothing = block.empty();
        let planned = planned.get(block.name).unwrap_or(&nothing);
        let value = match result.get(block.name) {
            Some(result) => accept_blocks(block, result, planned, &at.child(block.name), faults),
            None => known_part(planned),
        };
        accepted.insert(block.name.to_owned(), value);
    }
    accepted
}

fn accept_attribute(
    attribute: &Attribute,
    result: &Value,
    planned: &Value,
    at: &AttributePath,
    faults: &mut Vec<String>,
) -> Value {
    if attribute.write_only {
        Value::Null
    } else if planned.is_wholly_known() && attribute.is_same(planned, result) {
        planned.clone()
    } else {
        accept_value(result, planned, at, faults)
    }
}

fn accept_value(result: &Value, planned: &Value, at: &AttributePath, faults: &mut Vec<String>) -> Value {
    if let (Value::Null, Value::Dynamic(dynamic)) = (result, planned)
        && dynamic.value.is_unknown()
    {
        // The type was planned already, so this is the null of that type.
        known_part(planned)
    } else if !result.is_wholly_known() {
        faults.push(format!("`{at}` is still unknown after the apply"));
        known_part(planned)
    } else if !planned.admits(result) {
        // Neither value is named: it may be a secret.
        faults.push(format!("`{at}` is not what was planned"));
        known_part(planned)
    } else {
        result.clone()
    }
}

fn accept_blocks(
    block: &Block,
    result: &Value,
    planned: &Value,
    at: &AttributePath,
    faults: &mut Vec<String>,
) -> Value {
    let body = Body::from(block);
    let mut element = |result: &Value, planned: &Value, at: &AttributePath| match (result, planned) {
        (Value::Object(result), Value::Object(planned)) => {
            Value::Object(accept(result, planned, body, at, faults))
        }
        _ => accept_value(result, planned, at, faults),
    };
    match (result, planned) {
        (Value::Object(_), Value::Object(_)) => element(result, planned, at),
        (Value::List(results), Value::List(plans)) if results.len() == plans.len() => {
            let pairs = results.iter().zip(plans).enumerate();
            Value::List(
                pairs.map(|(index, (result, plan))| element(result, plan, &at.index(index))).collect(),
            )
        }
        // A set comes back in any order; only for naming what is wrong are its elements paired.
        (Value::Set(_), Value::Set(_)) if result.is_wholly_known() && planned.admits(result) => {
            result.clone()
        }
        (Value::Set(results), Value::Set(plans)) if results.len() == plans.len() => {
            let pairs = results.iter().zip(plans).enumerate();
            Value::Set(pairs.map(|(index, (result, plan))| element(result, plan, &at.index(index))).collect())
        }
        (Value::Map(results), Value::Map(plans)) if results.keys().eq(plans.keys()) => {
            let pairs = results.iter().zip(plans.values());
            Value::Map(
                pairs
                    .map(|((key, result), plan)| (key.clone(), element(result, plan, &at.key(key))))
                    .collect(),
            )
        }
        _ => accept_value(result, planned, at, faults),
    }
}

fn keep_spelling(result: Object, prior: &Object, body: Body<'_>) -> Object {
    let mut respelt = result;
    for attribute in body.attributes.iter().filter(|attribute| attribute.same.is_some()) {
        if let (Some(value), Some(prior)) = (respelt.get_mut(attribute.name), prior.get(attribute.name))
            && !prior.is_absent()
            && attribute.is_same(value, prior)
        {
            *value = prior.clone();
        }
    }
    for block in body.blocks {
        let inner = Body::from(block);
        let Some(prior) = prior.get(block.name) else { continue };
        match (respelt.get_mut(block.name), prior) {
            (Some(Value::Object(value)), Value::Object(prior)) => {
                *value = keep_spelling(std::mem::take(value), prior, inner);
            }
            (Some(Value::List(values)), Value::List(priors)) => {
                for (value, prior) in values.iter_mut().zip(priors) {
                    if let (Value::Object(value), Value::Object(prior)) = (value, prior) {
                        *value = keep_spelling(std::mem::take(value), prior, inner);
                    }
                }
            }
            (Some(Value::Map(values)), Value::Map(priors)) => {
                for (key, value) in values.iter_mut() {
                    if let (Value::Object(value), Some(Value::Object(prior))) = (value, priors.get(key)) {
                        *value = keep_spelling(std::mem::take(value), prior, inner);
                    }
                }
            }
            _ => {}
        }
    }
    respelt
}
