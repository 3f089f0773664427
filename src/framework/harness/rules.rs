//! Core's rules for plans and results, from its documentation of the resource instance change lifecycle.

use crate::framework::body::Body;
use crate::framework::path::AttributePath;
use crate::framework::schema::{Block, Nesting};
use crate::framework::value::{Object, Value};

/// "Provider produced invalid plan": what is wrong with a plan.
pub(crate) fn plan_faults(
    planned: &Object,
    config: &Object,
    prior: Option<&Object>,
    body: Body<'_>,
) -> Vec<String> {
    let mut faults = Vec::new();
    plan_object(planned, config, prior, body, &AttributePath::root(), &mut faults);
    faults
}

/// "Provider produced inconsistent result after apply" and "… inconsistent final plan": what differs from the
/// known parts of `planned`.
pub(crate) fn result_faults(result: &Object, planned: &Object, body: Body<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    result_object(result, planned, body, &AttributePath::root(), &mut faults);
    faults
}

/// "Provider produced invalid object", "unknown after apply", "returned a value for the write-only attribute".
pub(crate) fn state_faults(state: &Object, body: Body<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let unknown = state.iter().filter(|(_, value)| !value.is_wholly_known());
    faults.extend(unknown.map(|(name, _)| format!("`{name}` is unknown")));
    form_faults(state, body, &AttributePath::root(), &mut faults);
    faults
}

/// Names that are missing or too many, write-only values that are there.
pub(crate) fn form_faults(object: &Object, body: Body<'_>, at: &AttributePath, faults: &mut Vec<String>) {
    for name in object.keys().filter(|name| body.member(name).is_none()) {
        faults.push(format!("`{}` is not in the schema", at.child(name)));
    }
    for attribute in body.attributes {
        match object.get(attribute.name) {
            None => faults.push(format!("`{}` is missing", at.child(attribute.name))),
            Some(value) if attribute.write_only && !value.is_absent() => {
                faults.push(format!("`{}` is write-only", at.child(attribute.name)));
            }
            Some(_) => {}
        }
    }
    for block in body.blocks {
        let at = at.child(block.name);
        match object.get(block.name) {
            None => faults.push(format!("`{at}` is missing")),
            Some(Value::Null) if !may_be_null(block) => faults.push(format!("`{at}` is null")),
            Some(value) => {
                for (element, at) in elements(value, &at) {
                    form_faults(element, Body::from(block), &at, faults);
                }
            }
        }
    }
}

fn plan_object(
    planned: &Object,
    config: &Object,
    prior: Option<&Object>,
    body: Body<'_>,
    at: &AttributePath,
    faults: &mut Vec<String>,
) {
    form_faults(planned, body, at, faults);
    let of = |object: &Object, name: &str| object.get(name).cloned().unwrap_or(Value::Null);
    for attribute in body.attributes {
        let planned = of(planned, attribute.name);
        let config = of(config, attribute.name);
        let prior = prior.map_or(Value::Null, |prior| of(prior, attribute.name));
        let as_written = planned.equals(&config);
        let as_before = planned.equals(&prior) && !prior.is_absent() && !config.is_absent();
        let open = attribute.computed && config.is_absent();
        if !as_written && !as_before && !open && !attribute.write_only {
            faults.push(format!("`{}` is planned against the configuration", at.child(attribute.name)));
        }
    }
    for block in body.blocks {
        let at = at.child(block.name);
        let prior = prior.map(|prior| of(prior, block.name));
        let (planned, config) = (of(planned, block.name), of(config, block.name));
        plan_blocks(block, &planned, &config, prior.as_ref(), &at, faults);
    }
}

fn plan_blocks(
    block: &Block,
    planned: &Value,
    config: &Value,
    prior: Option<&Value>,
    at: &AttributePath,
    faults: &mut Vec<String>,
) {
    let body = Body::from(block);
    match (planned, config) {
        (Value::Unknown(_), Value::Unknown(_)) | (Value::Null, Value::Null) => {}
        (Value::Object(planned), Value::Object(config)) => {
            let prior = match prior {
                Some(Value::Object(prior)) => Some(prior),
                _ => None,
            };
            plan_object(planned, config, prior, body, at, faults);
        }
        (Value::List(planned), Value::List(config)) if planned.len() == config.len() => {
            for (index, (planned, config)) in planned.iter().zip(config).enumerate() {
                let prior = match prior {
                    Some(Value::List(prior)) => prior.get(index),
                    _ => None,
                };
                plan_blocks(block, planned, config, prior, &at.index(index), faults);
            }
        }
        (Value::Map(planned), Value::Map(config)) if planned.keys().eq(config.keys()) => {
            for ((key, planned), config) in planned.iter().zip(config.values()) {
                let prior = match prior {
                    Some(Value::Map(prior)) => prior.get(key),
                    _ => None,
                };
                plan_blocks(block, planned, config, prior, &at.key(key), faults);
            }
        }
        // Elements of sets are not compared, for nobody knows which is which; they must not be unknown.
        (Value::Set(planned), Value::Set(config)) if planned.len() == config.len() => {
            if planned.iter().any(Value::is_unknown) {
                faults.push(format!("`{at}` has an unknown block"));
            }
        }
        _ => faults.push(format!("`{at}` has other blocks than the configuration")),
    }
}

fn result_object(
    result: &Object,
    planned: &Object,
    body: Body<'_>,
    at: &AttributePath,
    faults: &mut Vec<String>,
) {
    for name in body.names() {
        let of = |object: &Object| object.get(name).cloned().unwrap_or(Value::Null);
        if !becomes(&of(planned), &of(result)) {
            faults.push(format!("`{}` is not what was planned", at.child(name)));
        }
    }
}

/// Whether a planned value may turn into `result`.
fn becomes(planned: &Value, result: &Value) -> bool {
    match (planned, result) {
        (Value::Unknown(_), _) => true,
        (Value::List(planned), Value::List(result)) | (Value::Tuple(planned), Value::Tuple(result)) => {
            planned.len() == result.len()
                && planned.iter().zip(result).all(|(planned, result)| becomes(planned, result))
        }
        (Value::Map(planned), Value::Map(result)) | (Value::Object(planned), Value::Object(result)) => {
            planned.keys().eq(result.keys())
                && planned.values().zip(result.values()).all(|(planned, result)| becomes(planned, result))
        }
        (Value::Set(planned), Value::Set(result)) => {
            result.len() <= planned.len()
                && planned.iter().all(|planned| result.iter().any(|result| becomes(planned, result)))
                && result.iter().all(|result| planned.iter().any(|planned| becomes(planned, result)))
        }
        (Value::Dynamic(planned), Value::Dynamic(result)) => {
            planned.ty == result.ty && becomes(&planned.value, &result.value)
        }
        _ => planned.equals(result),
    }
}

fn may_be_null(block: &Block) -> bool {
    matches!(block.nesting, Nesting::Single | Nesting::SingleRequired)
}

fn elements<'a>(value: &'a Value, at: &AttributePath) -> Vec<(&'a Object, AttributePath)> {
    let object = |value: &'a Value, at: AttributePath| match value {
        Value::Object(object) => Some((object, at)),
        _ => None,
    };
    match value {
        Value::Object(inner) => vec![(inner, at.clone())],
        Value::List(items) | Value::Set(items) => {
            items.iter().enumerate().filter_map(|(index, item)| object(item, at.index(index))).collect()
        }
        Value::Map(items) => items.iter().filter_map(|(key, item)| object(item, at.key(key))).collect(),
        _ => Vec::new(),
    }
}
