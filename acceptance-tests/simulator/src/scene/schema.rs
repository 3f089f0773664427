//! The JSON schema of an estate file, and what of a file does not fit it: all of it, each with its place.
//!
//! The schema is made from the types of `description`. Reading with those types alone would name one mistake at a time and
//! no place; so a file is held against the schema first.

use std::fmt;

use serde_json::{Map, Value};

use super::description::Description;

/// Something in an estate file that is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `sql_servers[0].build`; empty for the whole file.
    pub at: String,
    /// What is wrong, and what would do.
    pub what: String,
}

impl Problem {
    /// A problem at a place.
    pub(super) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}

/// The JSON schema of an estate file (draft 2020-12).
pub fn schema() -> Value {
    schemars::schema_for!(Description).to_value()
}

/// Everything in `file` that does not fit the schema.
pub(super) fn problems(file: &Value) -> Vec<Problem> {
    let root = schema();
    let mut check = Check { root: &root, problems: Vec::new() };
    check.look("", file, &root);
    check.problems
}

/// The schema that another one refers to, or itself.
pub(super) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| root.pointer(target)).unwrap_or(schema)
}

/// What an optional value is when it is there.
pub(super) fn present<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolve(root, schema);
    let alternatives = schema.get("anyOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let some = alternatives.iter().find(|one| one.get("type").and_then(Value::as_str) != Some("null"));
    some.map_or(schema, |some| resolve(root, some))
}

/// The words that a schema allows, each with its description; nothing for one that is no choice of words.
pub(super) fn words(schema: &Value) -> Vec<(&str, &str)> {
    let described = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().filter_map(|one| {
        let about = one.get("description").and_then(Value::as_str).unwrap_or_default();
        Some((one.get("const")?.as_str()?, about))
    });
    let plain = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    described.chain(plain.filter_map(Value::as_str).map(|word| (word, ""))).collect()
}

/// The type that a schema names, `null` aside.
pub(super) fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|one| *one != "null"),
        _ => None,
    }
}

struct Check<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn look(&mut self, at: &str, value: &Value, schema: &'a Value) {
        if value.is_null() && is_optional(schema) {
            return;
        }
        let schema = present(self.root, schema);
        let words = words(schema);
        if !words.is_empty() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            match value.as_str() {
                Some(text) if known.contains(&text) => {}
                Some(text) => self.wrong(at, format!("`{text}` is not one of {}", choice(&known, text))),
                None => self.wrong(at, format!("must be one of {}, in quotes", list(&known))),
            }
            return;
        }
        match (kind(schema), value) {
            (Some("object"), Value::Object(members)) => self.members(at, members, schema),
            (Some("array"), Value::Array(items)) => self.items(at, items, schema),
            (Some("integer"), Value::Number(number)) => self.bounds(at, number, schema),
            (Some("string"), Value::String(_)) | (Some("boolean"), Value::Bool(_)) | (None, _) => {}
            (Some(kind), other) => {
                self.wrong(at, format!("must be {}, not {}", with_article(kind), name_of(other)));
            }
        }
    }

    fn members(&mut self, at: &str, members: &Map<String, Value>, schema: &'a Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let further = schema.get("additionalProperties");
        for (name, value) in members {
            let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match (properties.and_then(|properties| properties.get(name)), further) {
                (Some(property), _) => self.look(&place, value, property),
                (None, Some(Value::Bool(false))) => {
                    let known: Vec<&str> =
                        properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
                    self.wrong(
                        &place,
                        match nearest(&known, name) {
                            Some(meant) => format!("there is no such field; did you mean `{meant}`?"),
                            None => format!("there is no such field; there are {}", list(&known)),
                        },
                    );
                }
                (None, Some(further)) => self.look(&place, value, further),
                (None, None) => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !members.contains_key(*name)) {
            self.wrong(at, format!("the field `{name}` is missing"));
        }
    }

    fn items(&mut self, at: &str, items: &[Value], schema: &'a Value) {
        let bound = |name| schema.get(name).and_then(Value::as_u64);
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        match (bound("minItems"), bound("maxItems")) {
            (Some(least), Some(most)) if least == most && count != least => {
                self.wrong(at, format!("must have {least} entries, not {count}"));
            }
            _ => {}
        }
        let Some(item) = schema.get("items") else { return };
        for (place, value) in items.iter().enumerate() {
            self.look(&format!("{at}[{place}]"), value, item);
        }
    }

    fn bounds(&mut self, at: &str, number: &serde_json::Number, schema: &Value) {
        let Some(whole) = number.as_i64() else {
            self.wrong(at, "must be a whole number".to_owned());
            return;
        };
        let bound = |name| schema.get(name).and_then(Value::as_i64);
        if let Some(least) = bound("minimum").filter(|least| whole < *least) {
            self.wrong(at, format!("must be at least {least}"));
        }
        if let Some(most) = bound("maximum").filter(|most| whole > *most) {
            self.wrong(at, format!("must be at most {most}"));
        }
    }

    fn wrong(&mut self, at: &str, what: String) {
        self.problems.push(Problem::new(at, what));
    }
}

fn is_optional(schema: &Value) -> bool {
    let null = Value::String("null".to_owned());
    let by_type = schema.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&null));
    let alternatives = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    by_type || alternatives.into_iter().any(|one| one.get("type") == Some(&null))
}

fn with_article(kind: &str) -> String {
    match kind {
        "array" => "a list".to_owned(),
        "integer" | "object" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// `a`, `b` and `c`.
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

/// The list, and the word that was probably meant.
fn choice(words: &[&str], given: &str) -> String {
    match nearest(words, given) {
        Some(meant) => format!("{}; did you mean `{meant}`?", list(words)),
        None => list(words),
    }
}

/// The word that is closest to what was given, if any is close.
fn nearest<'a>(words: &[&'a str], given: &str) -> Option<&'a str> {
    let given = given.to_lowercase();
    let allowed = (given.chars().count() * 2 / 5).max(1);
    let distances = words.iter().map(|word| (distance(&word.to_lowercase(), &given), *word));
    distances.filter(|(distance, _)| *distance <= allowed).min().map(|(_, word)| word)
}

/// How many letters have to be added, left out or exchanged.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((left, above), there) in row.iter().zip(row.iter().skip(1)).zip(&other) {
            let exchanged = left + usize::from(*there != letter);
            let last = next.last().copied().unwrap_or_default();
            next.push(exchanged.min(above + 1).min(last + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(file: &Value) -> Vec<String> {
        problems(file).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let server = json!({
            "host": "h",
            "version": "2021",
            "bulid": "16.0.1",
            "port": 70_000,
            "databases": [{ "name": "a" }, { "nam": "b", "read_only": "no" }],
        });
        let file =
            json!({ "sql_servers": [server], "network": { "cut": [["a"]] }, "speed": -1, "sqlservers": [] });
        let found = found(&file);
        for (at, what) in [
            ("sql_servers[0].version: `2021` is not one of `2016`, ", "did you mean `2022`?"),
            ("sql_servers[0].bulid: there is no such field", "did you mean `build`?"),
            ("sql_servers[0].port: must be at most 65535", ""),
            ("sql_servers[0].databases[1].nam: there is no such field", "did you mean `name`?"),
            ("sql_servers[0].databases[1]: the field `name` is missing", ""),
            ("sql_servers[0].databases[1].read_only: must be a boolean, not a string", ""),
            ("network.cut[0]: must have 2 entries, not 1", ""),
            ("speed: must be at least 0", ""),
            ("sqlservers: there is no such field", "did you mean `sql_servers`?"),
        ] {
            assert!(
                found.iter().any(|one| one.starts_with(at) && one.ends_with(what)),
                "{at} … {what}: {found:#?}"
            );
        }
        assert_eq!(found.len(), 9, "{found:#?}");
    }

    #[test]
    fn what_may_be_left_out_may_be_null() {
        assert_eq!(found(&json!({ "speed": null })), [""; 0]);
        assert_eq!(found(&json!({ "sql_servers": null })), ["sql_servers: must be a list, not null"]);
        assert_eq!(found(&json!([])), ["must be an object, not a list"]);
    }

    #[test]
    fn letters_are_counted() {
        for (one, other, expected) in
            [("", "abc", 3), ("build", "bulid", 2), ("same", "same", 0), ("a", "b", 1)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
        assert_eq!(nearest(&["standard", "express"], "standart"), Some("standard"));
        assert_eq!(nearest(&["standard", "express"], "core"), None);
    }
}
