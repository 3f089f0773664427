//! The reference of the estate file for people: `docs/simulator/estate.md`, made from the schema.
//!
//! A test compares the file in the repository with what is made here, so that the two cannot drift.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::schema::{kind, present, resolve, schema, words};

/// An estate file that has every field. A test holds it against the schema, both ways.
pub const EXAMPLE: &str = include_str!("example.json");

const HEAD: &str = "\
# The estate file

<!-- Made from `acceptance-tests/simulator/src/scene`; change it there. -->

What there is in a simulated world before anybody acts, as JSON, for `milink-simulator serve --estate FILE` and
`milink-simulator rehearse DIR --estate FILE`. A few lines name the servers that a configuration names; everything else is
as a fresh installation has it.

```console
$ milink-simulator estate check estate.json
$ milink-simulator estate schema > estate.schema.json
```

`check` names everything that is wrong with a file, each with its place (`sql_servers[0].databases[1].name`), and sets the
scene, so that a file that passes is one that `serve` takes. `schema` prints a JSON schema for editors; a file may name it
in `$schema`. A field that is not listed here is refused. Passwords and secrets that are left out are made up, anew each
time, and handed to the variables that the file names for them.

Errors in words of SQL Server (`Msg 15581, …`) come from the statements that make what a field says: logins' roles and
permissions, master key, certificates, endpoint and `statements` are carried out as T-SQL.
";

/// The page, Markdown.
pub fn page() -> String {
    let root = schema();
    let mut page = Page { root: &root, text: HEAD.to_owned(), waiting: Vec::new(), done: BTreeSet::new() };
    page.section("The file", &root);
    while let Some(name) = page.waiting.pop() {
        if let Some(schema) = root.pointer(&format!("/$defs/{name}")) {
            page.section(&title(&name), schema);
        }
    }
    page.text.push_str("\n## An example with every field\n\n```json\n");
    page.text.push_str(EXAMPLE.trim_end());
    page.text.push_str("\n```\n");
    page.text
}

struct Page<'a> {
    root: &'a Value,
    text: String,
    /// Names of objects that were named and have no section yet, the next one last.
    waiting: Vec<String>,
    done: BTreeSet<String>,
}

impl Page<'_> {
    fn section(&mut self, title: &str, schema: &Value) {
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        self.text.push_str(&format!(
            "\n## {title}\n\n{}\n\n| field | type | |\n| --- | --- | --- |\n",
            line(about)
        ));
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut named = Vec::new();
        // What has to be there comes first.
        let (first, then): (Vec<_>, Vec<_>) =
            properties.iter().partition(|(name, _)| required.contains(&name.as_str()));
        for (name, property) in first.into_iter().chain(then) {
            let needed = if required.contains(&name.as_str()) { "**required** " } else { "" };
            let about = property.get("description").and_then(Value::as_str).unwrap_or_default();
            let kind = self.type_of(property, &mut named);
            self.text.push_str(&format!("| `{name}` | {kind} | {needed}{} |\n", line(about)));
        }
        for name in named.into_iter().rev() {
            if self.done.insert(name.clone()) {
                self.waiting.push(name);
            }
        }
    }

    /// The type in words; objects that have a section of their own are added to `named`.
    fn type_of(&self, schema: &Value, named: &mut Vec<String>) -> String {
        let schema = present(self.root, schema);
        let words = words(schema);
        if !words.is_empty() {
            let words = words.iter().map(|(word, about)| format!("`\"{word}\"`: {}", line(about)));
            return words.collect::<Vec<_>>().join("<br>");
        }
        match kind(schema) {
            Some("array") => match schema.get("items") {
                Some(items) if schema.get("minItems").is_some() => {
                    format!("pair of {}s", self.type_of(items, named))
                }
                Some(items) => format!("list of {}", self.type_of(items, named)),
                None => "list".to_owned(),
            },
            Some("object") if schema.get("properties").is_none() => {
                match schema.get("additionalProperties") {
                    Some(values) => format!("object of {}s", self.type_of(values, named)),
                    None => "object".to_owned(),
                }
            }
            Some("object") => self.name_of(schema).map_or_else(
                || "object".to_owned(),
                |name| {
                    let title = title(&name);
                    let link = format!("[{title}](#{})", title.to_lowercase().replace(' ', "-"));
                    named.push(name);
                    link
                },
            ),
            Some("integer") => "whole number".to_owned(),
            Some(other) => other.to_owned(),
            None => "anything".to_owned(),
        }
    }

    fn name_of(&self, schema: &Value) -> Option<String> {
        let definitions = self.root.get("$defs")?.as_object()?;
        let same = |one: &&String| {
            definitions.get(*one).is_some_and(|known| std::ptr::eq(resolve(self.root, known), schema))
        };
        definitions.keys().find(same).cloned()
    }
}

/// `SQL server` of `SqlServerDescription`.
fn title(name: &str) -> String {
    let name = name.strip_suffix("Description").unwrap_or(name);
    let mut title = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !title.is_empty() {
            title.push(' ');
            title.extend(letter.to_lowercase());
        } else {
            title.push(letter);
        }
    }
    title.replace("Sql ", "SQL ")
}

/// In one line, as a table needs it.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scene::Scene;

    #[test]
    fn the_page_in_the_repository_is_the_one_that_is_made() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator/estate.md");
        if std::env::var_os("MILINK_REWRITE_ESTATE").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(there, page(), "write it anew with MILINK_REWRITE_ESTATE=1");
    }

    #[test]
    fn the_example_is_an_estate() {
        let scene = Scene::parse(EXAMPLE).unwrap();
        assert_eq!(scene.estate.sql_servers.len(), 5);
        let mut estate = scene.estate;
        estate.catch_up();
        assert!(estate.managed_instances.iter().any(|managed| managed.links.len() == 1));
    }

    /// Notes which fields of which kind of object a value has.
    fn note<'a>(root: &'a Value, schema: &'a Value, value: &Value, seen: &mut BTreeSet<(String, String)>) {
        let schema = present(root, schema);
        if let (Some(item), Some(items)) = (schema.get("items"), value.as_array()) {
            items.iter().for_each(|one| note(root, item, one, seen));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if let Some(here) = value.get(name) {
                seen.insert((schema["description"].to_string(), name.clone()));
                note(root, property, here, seen);
            }
        }
    }

    #[test]
    fn the_example_has_every_field() {
        let (root, example) = (schema(), serde_json::from_str(EXAMPLE).unwrap());
        let mut seen = BTreeSet::new();
        note(&root, &root, &example, &mut seen);
        let definitions = root["$defs"].as_object().unwrap().values();
        for one in definitions.chain([&root]) {
            for name in one["properties"].as_object().into_iter().flat_map(Map::keys) {
                let field = (one["description"].to_string(), name.clone());
                assert!(seen.contains(&field), "{field:?}");
            }
        }
    }

    #[test]
    fn titles_are_words() {
        assert_eq!(title("SqlServerDescription"), "SQL server");
    }
}
