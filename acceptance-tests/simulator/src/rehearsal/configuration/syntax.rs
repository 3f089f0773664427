//! Terraform's two syntaxes, HCL and JSON, read into the same blocks; only those that a rehearsal has to know.

use std::collections::BTreeMap;

use hcl::{Body, Expression};
use serde_json::Value;

/// A block, with what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// `resource`, `module`, …
    pub(super) kind: String,
    /// Its labels.
    pub(super) labels: Vec<String>,
    /// Its arguments; those that are plain strings with their value.
    pub(super) arguments: BTreeMap<String, Option<String>>,
    /// Blocks in it.
    pub(super) blocks: Vec<Block>,
}

/// Which blocks can be in a block, or on the top, and how many labels each has. In JSON nothing else tells a block from
/// an argument: a resource may have an argument `data`.
fn kinds(outer: &str) -> &'static [(&'static str, usize)] {
    match outer {
        "" => &[
            ("action", 2),
            ("check", 1),
            ("data", 2),
            ("ephemeral", 2),
            ("module", 1),
            ("provider", 1),
            ("removed", 0),
            ("resource", 2),
            ("terraform", 0),
        ],
        "check" => &[("data", 2)],
        "removed" | "resource" => &[("provisioner", 1)],
        "terraform" => &[("required_providers", 0)],
        _ => &[],
    }
}

/// The blocks of a file in HCL.
pub(super) fn hcl(text: &str) -> hcl::Result<Vec<Block>> {
    Ok(inner_hcl("", &hcl::parse(text)?))
}

fn inner_hcl(outer: &str, body: &Body) -> Vec<Block> {
    let known = |kind: &str| kinds(outer).iter().any(|(name, _)| *name == kind);
    body.blocks()
        .filter(|block| known(block.identifier()))
        .map(|block| Block {
            kind: block.identifier().to_owned(),
            labels: block.labels().iter().map(|label| label.as_str().to_owned()).collect(),
            arguments: block
                .body()
                .attributes()
                .map(|attribute| {
                    let text = match attribute.expr() {
                        Expression::String(text) => Some(text.clone()),
                        _ => None,
                    };
                    (attribute.key().to_owned(), text)
                })
                .collect(),
            blocks: inner_hcl(block.identifier(), block.body()),
        })
        .collect()
}

/// The blocks of a file in JSON.
pub(super) fn json(text: &str) -> serde_json::Result<Vec<Block>> {
    Ok(inner_json("", &serde_json::from_str(text)?))
}

fn inner_json(outer: &str, body: &Value) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (kind, labels) in kinds(outer) {
        let Some(value) = body.get(*kind) else { continue };
        for (labels, body) in labelled(value, *labels) {
            let arguments = body.as_object().into_iter().flatten();
            blocks.push(Block {
                kind: (*kind).to_owned(),
                labels,
                arguments: arguments
                    .map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned)))
                    .collect(),
                blocks: inner_json(kind, body),
            });
        }
    }
    blocks
}

/// The bodies below so many labels. At each place an array stands for several of what it holds.
fn labelled(value: &Value, labels: usize) -> Vec<(Vec<String>, &Value)> {
    match (value, labels) {
        (Value::Array(items), _) => items.iter().flat_map(|item| labelled(item, labels)).collect(),
        (Value::Object(_), 0) => vec![(Vec::new(), value)],
        (Value::Object(object), _) => object
            .iter()
            .flat_map(|(label, value)| {
                labelled(value, labels - 1).into_iter().map(|(mut below, body)| {
                    below.insert(0, label.clone());
                    (below, body)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}
