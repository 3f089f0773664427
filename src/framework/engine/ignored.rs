//! What `ignore_changes` hides.
//!
//! Terraform plans with a configuration in which the ignored arguments stand as they were, but hands the apply of
//! an update the configuration as it is written. An author who acted on that would do what nobody planned. The
//! plan tells what was ignored: it differs from what is written.

use crate::framework::body::Body;
use crate::framework::schema::{Attribute, Block};
use crate::framework::value::{Object, Value};

use super::plan::{as_object, correlate, is_written, item_at, item_of};

/// `config` as the plan of an update understood it: write-only values as they are written, and whether a value
/// that can also be computed is written; everything else as in `planned`.
pub(crate) fn as_planned(config: &Object, planned: &Object, body: Body<'_>) -> Object {
    let mut understood = Object::new();
    for attribute in body.attributes {
        let config = config.get(attribute.name).unwrap_or(&Value::Null);
        let planned = planned.get(attribute.name).unwrap_or(&Value::Null);
        understood.insert(attribute.name.to_owned(), attribute_as_planned(attribute, config, planned));
    }
    for block in body.blocks {
        let nothing = block.empty();
        let config = config.get(block.name).unwrap_or(&nothing);
        let planned = planned.get(block.name).unwrap_or(&nothing);
        understood.insert(block.name.to_owned(), blocks_as_planned(block, config, planned));
    }
    understood
}

fn attribute_as_planned(attribute: &Attribute, config: &Value, planned: &Value) -> Value {
    if attribute.write_only || !is_written(attribute, config) {
        config.clone()
    } else if planned.is_wholly_known() {
        planned.clone()
    } else {
        // A written value is known in the apply: this one was ignored, and is computed instead.
        Value::Null
    }
}

fn blocks_as_planned(block: &Block, config: &Value, planned: &Value) -> Value {
    let body = Body::from(block);
    // A block that is only planned was removed from the configuration, and that was ignored.
    let nothing = body.empty();
    let element = |config: Option<&Object>, planned: &Value| match planned {
        Value::Object(planned) => Value::Object(as_planned(config.unwrap_or(&nothing), planned, body)),
        other => other.clone(),
    };
    match planned {
        Value::Object(_) => element(as_object(config), planned),
        Value::List(items) => Value::List(
            items.iter().enumerate().map(|(index, item)| element(item_at(config, index), item)).collect(),
        ),
        Value::Map(items) => Value::Map(
            items.iter().map(|(key, item)| (key.clone(), element(item_of(config, key), item))).collect(),
        ),
        Value::Set(items) => {
            let configs = match config {
                Value::Set(configs) => configs.as_slice(),
                _ => &[],
            };
            let partners = correlate(configs, planned, body);
            let written = items.iter().map(|item| {
                let partner = as_object(item).and_then(|item| {
                    let position = partners
                        .iter()
                        .position(|partner| partner.is_some_and(|partner| std::ptr::eq(partner, item)))?;
                    configs.get(position).and_then(as_object)
                });
                element(partner, item)
            });
            Value::Set(written.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::json::object_from_json;
    use crate::framework::schema::{Nesting, Schema};

    #[test]
    fn ignored_changes_are_as_planned_and_the_rest_as_written() {
        let block = |name, nesting| {
            Block::new(name, nesting, "")
                .attribute(Attribute::string("key").optional())
                .attribute(Attribute::string("filled").optional().computed())
        };
        let schema = Schema::new("")
            .attribute(Attribute::string("label").optional())
            .attribute(Attribute::string("added").optional().computed())
            .attribute(Attribute::string("removed").optional())
            .attribute(Attribute::number("size").default_number(3))
            .attribute(Attribute::string("secret").optional().write_only())
            .block(
                block("list", Nesting::List { min: 0, max: 0 })
                    .attribute(Attribute::string("secret").optional().write_only()),
            )
            .block(block("set", Nesting::Set { min: 0, max: 0 }))
            .block(block("one", Nesting::Single));
        let body = Body::from(&schema);
        let read = |json| object_from_json(&json, body).unwrap().unwrap();
        let config = read(json!({
            "label": "new", "added": "new", "secret": "s", "size": null,
            "list": [{"key": "new", "filled": null, "secret": "t"}],
            "set": [{"key": "b", "filled": null}, {"key": "a", "filled": "fa"}],
            "one": {"key": "new", "filled": null},
        }));
        let mut planned = read(json!({
            "label": "old", "removed": "old", "size": 3,
            "list": [{"key": "old", "filled": "f"}, {"key": "second", "filled": "g"}],
            "set": [{"key": "a", "filled": "fa"}, {"key": "b", "filled": "fb"}],
        }));
        planned.insert("added".to_owned(), Value::UNKNOWN);
        let expected = read(json!({
            "label": "old", "added": null, "removed": "old", "secret": "s", "size": null,
            "list": [{"key": "old", "filled": null, "secret": "t"}, {"key": "second", "filled": null}],
            "set": [{"key": "a", "filled": "fa"}, {"key": "b", "filled": null}],
            "one": null,
        }));
        assert_eq!(as_planned(&config, &planned, body), expected);
    }
}
