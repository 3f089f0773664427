//! What Terraform allows a plan to say, by construction.
//!
//! [`propose`] makes the plan that needs no author. An author then changes a copy of it, and [`settle`] takes
//! over what the rules leave open (values that the provider computes and nobody wrote, or the prior spelling of
//! a written value) and puts everything else back. Hence no author can make a plan that Terraform refuses.
//! [`replacements`] finds what makes a new object.
//!
//! Terraform's own proposal is not used: it is made from the same configuration and prior state by the same
//! rules, but leaves open which computed values change.

use crate::framework::body::{Body, TIMEOUTS};
use crate::framework::path::AttributePath;
use crate::framework::schema::{Attribute, Block, Nesting, Replacement};
use crate::framework::value::{Object, Value};

use super::matching;

/// The plan for `config` when `prior` is there, before its author has looked over it.
///
/// A computed value that nobody wrote is unknown in a new object; in a changed one unless it is stable; in an
/// unchanged one it stays. The `timeouts` alone change nothing.
pub(crate) fn propose(config: &Object, prior: Option<&Object>, body: Body<'_>) -> Object {
    let unchanged = merge(config, prior, body, Open::Prior);
    match prior {
        Some(prior) if differs_beside_timeouts(&unchanged, prior) => {
            merge(config, Some(prior), body, Open::Unknown)
        }
        _ => unchanged,
    }
}

/// Whether anything besides the `timeouts` differs.
pub(crate) fn differs_beside_timeouts(a: &Object, b: &Object) -> bool {
    a.iter().any(|(name, value)| name != TIMEOUTS && !b.get(name).is_some_and(|other| value.equals(other)))
}

/// Takes over from `author` what the rules leave to the author; everything else is as in `base`.
pub(crate) fn settle(
    base: &Object,
    author: &Object,
    config: &Object,
    prior: Option<&Object>,
    body: Body<'_>,
) -> Object {
    let mut settled = base.clone();
    for attribute in body.attributes {
        let name = attribute.name;
        let (Some(base), Some(author)) = (base.get(name), author.get(name)) else { continue };
        let config = config.get(name).unwrap_or(&Value::Null);
        let prior = prior.and_then(|prior| prior.get(name));
        settled.insert(name.to_owned(), settle_attribute(attribute, base, author, config, prior));
    }
    for block in body.blocks {
        let name = block.name;
        let (Some(base), Some(author)) = (base.get(name), author.get(name)) else { continue };
        let config = config.get(name).unwrap_or(&Value::Null);
        let prior = prior.and_then(|prior| prior.get(name));
        settled.insert(name.to_owned(), settle_blocks(block, base, author, config, prior));
    }
    settled
}

/// The paths whose change from `prior` to `planned` makes a new object. Sets cannot be looked into by paths, so
/// a change inside one counts for the set.
pub(crate) fn replacements(prior: &Object, planned: &Object, body: Body<'_>) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    find_replacements(Some(prior), Some(planned), body, &AttributePath::root(), &mut paths);
    paths
}

/// Sets all write-only values to null.
pub(crate) fn forget_write_only(object: &mut Object, body: Body<'_>) {
    for attribute in body.attributes.iter().filter(|attribute| attribute.write_only) {
        object.insert(attribute.name.to_owned(), Value::Null);
    }
    for block in body.blocks {
        if let Some(value) = object.get_mut(block.name) {
            each_object(value, &mut |object| forget_write_only(object, Body::from(block)));
        }
    }
}

/// For each of a set's `configs` the element of `values` that it was, or will be.
pub(super) fn correlate<'a>(configs: &[Value], values: &'a Value, body: Body<'_>) -> Vec<Option<&'a Object>> {
    let values = objects_of(values);
    let fits = |config: usize, value: usize| match (configs.get(config), values.get(value)) {
        (Some(Value::Object(config)), Some(value)) => written_parts_equal(config, value, body),
        _ => false,
    };
    let pairs = matching::pairs(configs.len(), values.len(), fits);
    pairs.into_iter().map(|place| place.and_then(|place| values.get(place).copied())).collect()
}

/// What becomes of computed values that nobody wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// They stay.
    Prior,
    /// They may change.
    Unknown,
}

fn merge(config: &Object, prior: Option<&Object>, body: Body<'_>, open: Open) -> Object {
    let mut merged = Object::new();
    for attribute in body.attributes {
        let config = config.get(attribute.name).unwrap_or(&Value::Null);
        let prior = prior.map(|prior| prior.get(attribute.name).unwrap_or(&Value::Null));
        merged.insert(attribute.name.to_owned(), merge_attribute(attribute, config, prior, open));
    }
    for block in body.blocks {
        let prior = prior.and_then(|prior| prior.get(block.name));
        let merged_block = match config.get(block.name) {
            Some(config) => merge_blocks(block, config, prior, open),
            None => block.empty(),
        };
        merged.insert(block.name.to_owned(), merged_block);
    }
    merged
}

fn merge_attribute(attribute: &Attribute, config: &Value, prior: Option<&Value>, open: Open) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    match (written(attribute, config), prior) {
        (Some(value), Some(prior)) if !value.is_absent() && attribute.is_same(value, prior) => prior.clone(),
        (Some(value), _) => value.clone(),
        (None, None) => Value::UNKNOWN,
        (None, Some(prior)) => {
            // A change of the argument itself would make a new object, so it stays even when it is null; a
            // stable value that was never filled may be filled by the change.
            let stays =
                attribute.replacement != Replacement::Never || (attribute.stable && !prior.is_absent());
            if open == Open::Prior || stays { prior.clone() } else { Value::UNKNOWN }
        }
    }
}

fn merge_blocks(block: &Block, config: &Value, prior: Option<&Value>, open: Open) -> Value {
    let body = Body::from(block);
    let element = |config: &Value, prior: Option<&Object>| match config {
        Value::Object(config) => Value::Object(merge(config, prior, body, open)),
        other => other.clone(),
    };
    match config {
        Value::Null => block.empty(),
        Value::Object(_) => element(config, prior.and_then(as_object)),
        Value::List(items) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| element(item, prior.and_then(|prior| item_at(prior, index))))
                .collect(),
        ),
        Value::Map(items) => Value::Map(
            items
                .iter()
                .map(|(key, item)| (key.clone(), element(item, prior.and_then(|prior| item_of(prior, key)))))
                .collect(),
        ),
        Value::Set(items) => {
            let priors = correlate(items, prior.unwrap_or(&Value::Null), body);
            Value::Set(items.iter().zip(priors).map(|(item, prior)| element(item, prior)).collect())
        }
        other => other.clone(),
    }
}

fn settle_attribute(
    attribute: &Attribute,
    base: &Value,
    author: &Value,
    config: &Value,
    prior: Option<&Value>,
) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    if is_written(attribute, config) {
        let back_to_prior = prior.filter(|prior| {
            !prior.is_absent() && !config.is_absent() && config.is_wholly_known() && prior.equals(author)
        });
        return back_to_prior.unwrap_or(base).clone();
    }
    // A model says "unknown" also for what is unknown in part; that is no change of the author's.
    if author.is_unknown() && !base.is_wholly_known() || author.equals(base) {
        return base.clone();
    }
    author.clone()
}

fn settle_blocks(
    block: &Block,
    base: &Value,
    author: &Value,
    config: &Value,
    prior: Option<&Value>,
) -> Value {
    let body = Body::from(block);
    let element = |base: &Value, author: &Value, config: Option<&Value>, prior: Option<&Object>| match (
        base, author, config,
    ) {
        (Value::Object(base), Value::Object(author), Some(Value::Object(config))) => {
            Value::Object(settle(base, author, config, prior, body))
        }
        _ => base.clone(),
    };
    match (base, author, config) {
        (Value::Object(_), Value::Object(_), Value::Object(_)) => {
            element(base, author, Some(config), prior.and_then(as_object))
        }
        (Value::List(bases), Value::List(authors), Value::List(configs)) if bases.len() == authors.len() => {
            let settled = bases.iter().zip(authors).enumerate().map(|(index, (base, author))| {
                element(base, author, configs.get(index), prior.and_then(|prior| item_at(prior, index)))
            });
            Value::List(settled.collect())
        }
        // The base has the order of the configuration; an author need not keep the order of a set.
        (Value::Set(bases), Value::Set(_), Value::Set(configs)) if bases.len() == configs.len() => {
            let partners = correlate(configs, author, body).into_iter().zip(correlate(
                configs,
                prior.unwrap_or(&Value::Null),
                body,
            ));
            let settled = bases.iter().zip(configs).zip(partners).map(|((base, config), (author, prior))| {
                match (base, config, author) {
                    (Value::Object(base), Value::Object(config), Some(author)) => {
                        Value::Object(settle(base, author, config, prior, body))
                    }
                    _ => base.clone(),
                }
            });
            Value::Set(settled.collect())
        }
        (Value::Map(bases), Value::Map(authors), Value::Map(configs)) => {
            let settled = bases.iter().map(|(key, base)| {
                let author = authors.get(key).unwrap_or(base);
                let prior = prior.and_then(|prior| item_of(prior, key));
                (key.clone(), element(base, author, configs.get(key), prior))
            });
            Value::Map(settled.collect())
        }
        _ => base.clone(),
    }
}

fn find_replacements(
    prior: Option<&Object>,
    planned: Option<&Object>,
    body: Body<'_>,
    at: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    for attribute in body.attributes {
        let value = |object: Option<&Object>| {
            object.and_then(|object| object.get(attribute.name)).unwrap_or(&Value::Null).clone()
        };
        if attribute_replaces(attribute, &value(prior), &value(planned)) {
            paths.push(at.child(attribute.name));
        }
    }
    for block in body.blocks {
        let inner = Body::from(block);
        let at = at.child(block.name);
        let prior = prior.and_then(|prior| prior.get(block.name));
        let planned = planned.and_then(|planned| planned.get(block.name));
        if planned.is_some_and(Value::is_unknown) {
            if always_replaces(inner) {
                paths.push(at);
            }
            continue;
        }
        match block.nesting {
            Nesting::Single | Nesting::SingleRequired | Nesting::Group => {
                find_replacements(prior.and_then(as_object), planned.and_then(as_object), inner, &at, paths)
            }
            Nesting::List { .. } => {
                let length = prior.map_or(0, |prior| objects_of(prior).len());
                let length = length.max(planned.map_or(0, |planned| objects_of(planned).len()));
                for index in 0..length {
                    let of = |value: Option<&Value>| value.and_then(|value| item_at(value, index)).cloned();
                    find_replacements(
                        of(prior).as_ref(),
                        of(planned).as_ref(),
                        inner,
                        &at.index(index),
                        paths,
                    );
                }
            }
            Nesting::Map => {
                let keys = |value: Option<&Value>| match value {
                    Some(Value::Map(items)) => items.keys().cloned().collect(),
                    _ => Vec::new(),
                };
                let all: std::collections::BTreeSet<String> =
                    keys(prior).into_iter().chain(keys(planned)).collect();
                for key in all {
                    let of = |value: Option<&Value>| value.and_then(|value| item_of(value, &key)).cloned();
                    find_replacements(of(prior).as_ref(), of(planned).as_ref(), inner, &at.key(&key), paths);
                }
            }
            Nesting::Set { .. } => {
                if set_replaces(prior, planned, inner) {
                    paths.push(at);
                }
            }
        }
    }
}

fn attribute_replaces(attribute: &Attribute, prior: &Value, planned: &Value) -> bool {
    match attribute.replacement {
        Replacement::Never => false,
        Replacement::Always => !attribute.is_same(prior, planned),
        Replacement::WhenKnown => planned.is_wholly_known() && !attribute.is_same(prior, planned),
    }
}

/// Whether something in it replaces even while it is unknown.
fn always_replaces(body: Body<'_>) -> bool {
    body.attributes.iter().any(|attribute| attribute.replacement == Replacement::Always)
        || body.blocks.iter().any(|block| always_replaces(Body::from(block)))
}

/// Whether some planned element of a set has no prior one that agrees in all that replaces, or the other way
/// round.
fn set_replaces(prior: Option<&Value>, planned: Option<&Value>, body: Body<'_>) -> bool {
    let priors = prior.map(objects_of).unwrap_or_default();
    let planned = planned.map(objects_of).unwrap_or_default();
    let agree = |one: usize, other: usize| {
        let mut paths = Vec::new();
        let (planned, prior) = (planned.get(one).copied(), priors.get(other).copied());
        find_replacements(prior, planned, body, &AttributePath::root(), &mut paths);
        paths.is_empty()
    };
    let replaces_at_all = |object: &Object| {
        let mut paths = Vec::new();
        find_replacements(Some(object), None, body, &AttributePath::root(), &mut paths);
        !paths.is_empty()
    };
    let partners = matching::pairs(planned.len(), priors.len(), agree);
    let new =
        planned.iter().zip(&partners).filter(|(_, partner)| partner.is_none()).map(|(planned, _)| *planned);
    let gone = priors.iter().enumerate().filter(|(place, _)| !partners.contains(&Some(*place)));
    new.chain(gone.map(|(_, prior)| *prior)).any(replaces_at_all)
}

fn written_parts_equal(config: &Object, prior: &Object, body: Body<'_>) -> bool {
    let attributes = body.attributes.iter().all(|attribute| {
        let config = config.get(attribute.name).unwrap_or(&Value::Null);
        let prior = prior.get(attribute.name).unwrap_or(&Value::Null);
        attribute.write_only || written(attribute, config).is_none_or(|value| attribute.is_same(value, prior))
    });
    attributes
        && body.blocks.iter().all(|block| {
            let inner = Body::from(block);
            match (config.get(block.name), prior.get(block.name)) {
                (Some(Value::Object(config)), Some(Value::Object(prior))) => {
                    written_parts_equal(config, prior, inner)
                }
                (Some(Value::Set(configs)), Some(priors @ Value::Set(elements))) => {
                    configs.len() == elements.len()
                        && correlate(configs, priors, inner).iter().all(Option::is_some)
                }
                (Some(Value::List(configs)), Some(Value::List(priors))) => {
                    configs.len() == priors.len()
                        && configs.iter().zip(priors).all(|pair| match pair {
                            (Value::Object(config), Value::Object(prior)) => {
                                written_parts_equal(config, prior, inner)
                            }
                            _ => false,
                        })
                }
                (Some(Value::Map(configs)), Some(Value::Map(priors))) => {
                    configs.len() == priors.len()
                        && configs.iter().all(|(key, config)| match (config, priors.get(key)) {
                            (Value::Object(config), Some(Value::Object(prior))) => {
                                written_parts_equal(config, prior, inner)
                            }
                            _ => false,
                        })
                }
                (Some(config), Some(prior)) => config.equals(prior),
                (None, None) => true,
                _ => false,
            }
        })
}

/// What the configuration, or else the default, decides.
fn written<'a>(attribute: &'a Attribute, config: &'a Value) -> Option<&'a Value> {
    if is_written(attribute, config) { Some(config) } else { attribute.default.as_ref() }
}

/// Whether the configuration decides: it always does where nothing is computed.
pub(super) fn is_written(attribute: &Attribute, config: &Value) -> bool {
    !attribute.computed || !config.is_absent()
}

pub(crate) fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Object)) {
    match value {
        Value::Object(object) => change(object),
        Value::List(items) | Value::Set(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        Value::Map(items) => items.values_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}

pub(super) fn as_object(value: &Value) -> Option<&Object> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn objects_of(value: &Value) -> Vec<&Object> {
    match value {
        Value::List(items) | Value::Set(items) => items.iter().filter_map(as_object).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn item_at(value: &Value, index: usize) -> Option<&Object> {
    match value {
        Value::List(items) => items.get(index).and_then(as_object),
        _ => None,
    }
}

pub(super) fn item_of<'a>(value: &'a Value, key: &str) -> Option<&'a Object> {
    match value {
        Value::Map(items) => items.get(key).and_then(as_object),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
