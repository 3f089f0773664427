//! Checks of a configuration that stand in its schema.

use crate::framework::body::Body;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::path::AttributePath;
use crate::framework::value::{Object, Value};

/// Runs the checks of all known, non-null values, and warns of deprecated arguments. `write_only_allowed` is whether this Terraform keeps
/// write-only values out of its state.
pub(crate) fn check(config: &Object, body: Body<'_>, write_only_allowed: bool, report: &mut Diagnostics) {
    walk(config, body, write_only_allowed, &AttributePath::root(), report);
}

fn walk(
    config: &Object,
    body: Body<'_>,
    write_only_allowed: bool,
    at: &AttributePath,
    report: &mut Diagnostics,
) {
    for attribute in body.attributes {
        let Some(value) = config.get(attribute.name) else { continue };
        let at = at.child(attribute.name);
        if attribute.write_only && !write_only_allowed && !value.is_absent() {
            report.push(
                Diagnostic::error(
                    "Write-only argument needs a newer Terraform",
                    format!("This Terraform would store `{at}` in its state"),
                )
                .at(at.clone())
                .hint("use Terraform 1.11 or later"),
            );
        }
        // Terraform itself says nothing where a deprecated argument is written.
        if let (Some(instead), false) = (attribute.deprecation, value.is_absent()) {
            report.push(
                Diagnostic::warning("Deprecated argument", format!("`{at}` is deprecated. {instead}"))
                    .at(at.clone()),
            );
        }
        if value.is_absent() || !value.is_wholly_known() {
            continue;
        }
        for check in &attribute.checks {
            if let Err(problem) = check(value) {
                report.push(Diagnostic::error("Invalid value", format!("`{at}` {problem}")).at(at.clone()));
            }
        }
    }
    for block in body.blocks {
        let inner = Body::from(block);
        let at = at.child(block.name);
        let mut element = |value: &Value, at: &AttributePath| {
            if let Value::Object(object) = value {
                walk(object, inner, write_only_allowed, at, report);
            }
        };
        match config.get(block.name) {
            Some(Value::List(items) | Value::Set(items)) => {
                items.iter().enumerate().for_each(|(index, item)| element(item, &at.index(index)));
            }
            Some(Value::Map(items)) => items.iter().for_each(|(key, item)| element(item, &at.key(key))),
            Some(other) => element(other, &at),
            None => {}
        }
    }
}
