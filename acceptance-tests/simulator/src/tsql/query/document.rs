//! FOR XML and FOR JSON: the rows of a query as one text.
//!
//! The text is an aggregate over the query, so it is made wherever a query may stand, and the query names what is around
//! it as any other does. SQLite keeps the order of a subquery for aggregates that it does not know.

use std::sync::Arc;

use rusqlite::functions::{Aggregate, Context};
use rusqlite::types::Value;
use sqlparser::ast::{ForClause, Query, SetExpr};

use super::super::error::{self, SqlError, raise};
use super::super::value::Type;
use super::run::stored_form;
use super::scalar::Runtime;
use super::{Column, Compiler, json, xml};

/// The aggregate that makes the text.
pub(super) const FUNCTION: &str = "document";

/// What becomes of the rows of a query.
#[derive(Debug, Clone)]
pub(super) struct Document {
    form: Form,
    types: Vec<Type>,
}

#[derive(Debug, Clone)]
enum Form {
    Xml(xml::Shape),
    Json(json::Shape),
}

/// What a SELECT writes to instead of returning its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    Insert,
    SelectInto,
    Assignment,
}

/// Refuses the FOR clause of a SELECT that writes (6819, 13602); those of its subqueries are welcome.
/// [a probe of SQL Server 2025 that others published]
pub(crate) fn refuse(query: &Query, writer: Writer) -> Result<(), SqlError> {
    let name = match writer {
        Writer::Insert => "INSERT",
        Writer::SelectInto => "SELECT INTO",
        Writer::Assignment => "ASSIGNMENT",
    };
    match &query.for_clause {
        Some(ForClause::Xml { .. } | ForClause::Json { .. }) if writer == Writer::Assignment => {
            Err(raise!(6819, name).in_state(3))
        }
        Some(ForClause::Xml { .. }) => Err(raise!(6819, name)),
        Some(ForClause::Json { .. }) => Err(raise!(13602, name)),
        _ => Ok(()),
    }
}

impl Compiler<'_> {
    /// A query with its FOR clause. `top` is that of a statement.
    ///
    /// # Errors
    /// 1086, those of the clause and those of the query.
    pub(super) fn with_document(
        &mut self,
        query: &Query,
        top: bool,
    ) -> Result<(String, Vec<Column>), SqlError> {
        let Some(clause) = &query.for_clause else { return self.any_query(query) };
        let is_json = matches!(clause, ForClause::Json { .. });
        if is_json && self.in_json {
            // There an inner text is no text but a part of the outer one.
            return Err(error::not_modelled("FOR JSON within FOR JSON"));
        }
        if !top && matches!(&*query.body, SetExpr::SetOperation { .. }) {
            return Err(raise!(1086));
        }
        let before = self.in_json;
        self.in_json |= is_json;
        let inner = self.any_query(query);
        self.in_json = before;
        let (text, columns) = inner?;
        let (form, name) = match clause {
            ForClause::Xml { .. } => {
                (Form::Xml(xml::Shape::of(clause, &columns, self.names.around())?), xml::COLUMN)
            }
            ForClause::Json { .. } => (Form::Json(json::Shape::of(clause, &columns)?), json::COLUMN),
            ForClause::Browse => return Err(error::not_modelled("FOR BROWSE")),
        };
        let mut arguments = vec![self.documents.len().to_string()];
        arguments.extend((0..columns.len()).map(|place| format!("c{place}")));
        let types = columns.iter().map(|column| column.data_type).collect();
        self.documents.push(Document { form, types });
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let call = self.call(FUNCTION, &arguments);
        let name = if top { name.to_owned() } else { String::new() };
        let column = Column { name, data_type: Type::NVarChar(None), nullable: true };
        Ok((format!("SELECT {call} AS c0 FROM ({text})"), vec![column]))
    }
}

impl Document {
    fn text(&self, rows: Vec<Vec<Value>>) -> Result<Option<String>, SqlError> {
        let stored = |row: Vec<Value>| {
            row.into_iter().zip(&self.types).map(|(value, of)| stored_form(value, *of)).collect::<Vec<_>>()
        };
        let rows: Vec<Vec<Value>> = rows.into_iter().map(stored).collect();
        match &self.form {
            Form::Xml(shape) => shape.text(&rows),
            Form::Json(shape) => Ok(Some(shape.text(&rows))),
        }
    }
}

/// The result of a statement: rows of at most 2033 characters; none of no rows.
pub(super) fn pieces(rows: &[Vec<Value>]) -> Vec<Vec<Value>> {
    const CHUNK: usize = 2033;
    let Some(Value::Text(text)) = rows.first().and_then(|row| row.first()) else { return Vec::new() };
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(CHUNK).map(|chunk| vec![Value::Text(chunk.iter().collect())]).collect()
}

/// [`FUNCTION`]: the number of a document and a row's values; NULL where there are no rows.
pub(super) struct Written {
    runtime: Arc<Runtime>,
}

/// The rows so far, and which document they are for.
type Collected = Option<(usize, Vec<Vec<Value>>)>;

impl Written {
    pub(super) fn new(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }
}

impl Aggregate<Collected, Option<String>> for Written {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Collected> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, collected: &mut Collected) -> rusqlite::Result<()> {
        let number = usize::try_from(context.get::<i64>(0)?).unwrap_or(usize::MAX);
        let row = (1..context.len()).map(|each| context.get(each)).collect::<Result<Vec<Value>, _>>()?;
        collected.get_or_insert_with(|| (number, Vec::new())).1.push(row);
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        collected: Option<Collected>,
    ) -> rusqlite::Result<Option<String>> {
        let Some((number, rows)) = collected.flatten() else { return Ok(None) };
        let Some(document) = self.runtime.document(number) else { return Ok(None) };
        document.text(rows).map_err(|cause| self.runtime.raise(cause))
    }
}
