//! `FOR JSON PATH`: rows as an array of objects. [learn.microsoft.com: "Format nested JSON output with PATH mode"]

use std::fmt::{self, Display, Formatter};

use rusqlite::types::Value;
use sqlparser::ast::{ForClause, ForJson};

use super::super::error::{self, SqlError, raise};
use super::super::value::{Family, Type};
use super::Column;

/// The one column of such a result.
pub(super) const COLUMN: &str = "JSON_F52E2B61-18A1-11d1-B105-00805F49916B";

/// What the clause and the columns say of the text.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    columns: Vec<Column>,
    include_null: bool,
    without_wrapper: bool,
}

impl Shape {
    /// The shape of a clause over columns.
    ///
    /// # Errors
    /// 13601, 13605, and what is not modelled.
    pub(super) fn of(clause: &ForClause, columns: &[Column]) -> Result<Self, SqlError> {
        let ForClause::Json {
            for_json: ForJson::Path,
            root: None,
            include_null_values,
            without_array_wrapper,
        } = clause
        else {
            return Err(error::not_modelled("FOR JSON but PATH without a root"));
        };
        names(columns)?;
        Ok(Self {
            columns: columns.to_vec(),
            include_null: *include_null_values,
            without_wrapper: *without_array_wrapper,
        })
    }

    /// The text of rows.
    pub(super) fn text(&self, rows: &[Vec<Value>]) -> String {
        let objects: Vec<String> = rows
            .iter()
            .map(|row| {
                let mut object = Vec::new();
                for (column, value) in self.columns.iter().zip(row) {
                    if self.include_null || *value != Value::Null {
                        let path: Vec<&str> = column.name.split('.').collect();
                        insert(&mut object, &path, json_value(value, column.data_type));
                    }
                }
                Node::Object(object).to_string()
            })
            .collect();
        let text = objects.join(",");
        if self.without_wrapper { text } else { format!("[{text}]") }
    }
}

/// Properties in the order of their columns, which maps of the crate do not keep.
enum Node<'a> {
    Value(serde_json::Value),
    Object(Vec<(&'a str, Node<'a>)>),
}

impl Display for Node<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let properties = match self {
            Self::Value(value) => return write!(formatter, "{value}"),
            Self::Object(properties) => properties,
        };
        formatter.write_str("{")?;
        for (place, (name, node)) in properties.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(formatter, "{comma}{}:{node}", serde_json::Value::from(*name))?;
        }
        formatter.write_str("}")
    }
}

/// Columns have names, and no two the same (13605, 13601).
fn names(columns: &[Column]) -> Result<(), SqlError> {
    let mut seen: Vec<&str> = Vec::new();
    for column in columns {
        if column.name.is_empty() {
            return Err(raise!(13605));
        }
        let within = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if seen.iter().any(|each| within(each, &column.name) || within(&column.name, each)) {
            return Err(raise!(13601, column.name));
        }
        seen.push(&column.name);
    }
    Ok(())
}

/// `AS [a.b]` nests.
fn insert<'a>(object: &mut Vec<(&'a str, Node<'a>)>, path: &[&'a str], value: serde_json::Value) {
    match path {
        [] => {}
        [name] => object.push((name, Node::Value(value))),
        [first, rest @ ..] => {
            let place = object.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
                object.push((first, Node::Object(Vec::new())));
                object.len() - 1
            });
            if let Some((_, Node::Object(inner))) = object.get_mut(place) {
                insert(inner, rest, value);
            }
        }
    }
}

fn json_value(value: &Value, data_type: Type) -> serde_json::Value {
    use base64::Engine as _;
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) if data_type == Type::Bit => (*number != 0).into(),
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) if data_type.family() == Family::Moment => text.replacen(' ', "T", 1).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Blob(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
    }
}
