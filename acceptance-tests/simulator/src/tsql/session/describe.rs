//! What columns a batch would return first, without running it: `sp_describe_first_result_set` and its function. Drivers ask
//! before they prepare.
//!
//! Source: learn.microsoft.com "sp_describe_first_result_set", "sys.dm_exec_describe_first_result_set"; errors 11500 to 11530;
//! a probe of SQL Server 2025 (207 is followed by 11501, 208 by 11529; lengths in the type's name are characters).

use std::collections::HashMap;

use rusqlite::types::Value;
use sqlparser::ast::{Expr, ObjectName};

use super::super::ast::{Change, Declaration, OutputClause, Procedure, Statement, StatementKind};
use super::super::catalog::described;
use super::super::error::{SqlError, invalid_object, raise};
use super::super::parser;
use super::super::query::{self, Changes, Column, Names, Surroundings};
use super::super::value::{Family, Type};
use super::SqlSession;
use super::scope::Scope;
use super::tables::plain;
use crate::tds::backend;
use crate::world::collation::Collation;

/// A column of the description, by name: its type and what it says of a column of the result.
pub(super) type Field = (&'static str, Type, fn(&Described<'_>) -> Value);

const NAME: Type = Type::SYSNAME;
const TRUE_OR_FALSE: Type = Type::Bit;

/// A column that is described.
pub(super) struct Described<'a> {
    pub(super) column: &'a Column,
    pub(super) place: usize,
    pub(super) collation: &'a str,
}

pub(super) fn null(_: &Described<'_>) -> Value {
    Value::Null
}

pub(super) fn no(_: &Described<'_>) -> Value {
    Value::Integer(0)
}

pub(super) fn of(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

pub(super) fn whole(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}

impl Described<'_> {
    pub(super) fn is_text(&self) -> bool {
        self.column.data_type.family() == Family::Text
    }

    /// `described` of the type; a bare NULL is an int.
    pub(super) fn facts(&self) -> (i32, i32, i32, i32, i32) {
        described(self.column.data_type)
    }

    /// Locale and flags, and sort id.
    fn wire_collation(&self) -> Option<(i64, i64)> {
        let [a, b, c, d, sort] = backend::Collation::named(self.collation).0;
        self.is_text().then(|| (i32::from_le_bytes([a, b, c, d]).into(), sort.into()))
    }

    /// The type as the wire has it: numbers and moments that may be NULL have types of their own there.
    pub(super) fn wire_type(&self) -> i32 {
        let (system, ..) = self.facts();
        match system {
            48 | 52 | 56 | 127 if self.column.nullable => 38,
            59 | 62 if self.column.nullable => 109,
            58 | 61 if self.column.nullable => 111,
            60 | 122 if self.column.nullable => 110,
            104 if !self.column.nullable => 50,
            other => other,
        }
    }
}

/// The columns of `sp_describe_first_result_set`, but for those of the wire, which come last there.
const FIELDS: [Field; 35] = [
    ("is_hidden", TRUE_OR_FALSE, no),
    ("column_ordinal", Type::Int, |one| whole(i64::try_from(one.place).unwrap_or(0) + 1)),
    ("name", NAME, |one| if one.column.name.is_empty() { Value::Null } else { of(&*one.column.name) }),
    ("is_nullable", TRUE_OR_FALSE, |one| whole(one.column.nullable)),
    ("system_type_id", Type::Int, |one| whole(one.facts().0)),
    ("system_type_name", Type::NVarChar(Some(256)), |one| match one.column.data_type {
        Type::Null => of("int"),
        other => of(other.to_string()),
    }),
    ("max_length", Type::SmallInt, |one| whole(one.facts().2)),
    ("precision", Type::TinyInt, |one| whole(one.facts().3)),
    ("scale", Type::TinyInt, |one| whole(one.facts().4)),
    ("collation_name", NAME, |one| if one.is_text() { of(one.collation) } else { Value::Null }),
    ("user_type_id", Type::Int, null),
    ("user_type_database", NAME, null),
    ("user_type_schema", NAME, null),
    ("user_type_name", NAME, null),
    ("assembly_qualified_type_name", Type::NVarChar(Some(4000)), null),
    ("xml_collection_id", Type::Int, null),
    ("xml_collection_database", NAME, null),
    ("xml_collection_schema", NAME, null),
    ("xml_collection_name", NAME, null),
    ("is_xml_document", TRUE_OR_FALSE, no),
    ("is_case_sensitive", TRUE_OR_FALSE, |one| {
        whole(one.is_text() && Collation::named(one.collation) == Collation::Exact)
    }),
    ("is_fixed_length_clr_type", TRUE_OR_FALSE, no),
    ("source_server", NAME, null),
    ("source_database", NAME, null),
    ("source_schema", NAME, null),
    ("source_table", NAME, null),
    ("source_column", NAME, null),
    ("is_identity_column", TRUE_OR_FALSE, no),
    ("is_part_of_unique_key", TRUE_OR_FALSE, null),
    ("is_updateable", TRUE_OR_FALSE, no),
    ("is_computed_column", TRUE_OR_FALSE, no),
    ("is_sparse_column_set", TRUE_OR_FALSE, no),
    ("ordinal_in_order_by_list", Type::SmallInt, null),
    ("order_by_list_length", Type::SmallInt, null),
    ("order_by_is_descending", Type::SmallInt, null),
];

const OF_THE_WIRE: [Field; 4] = [
    ("tds_type_id", Type::Int, |one| whole(one.wire_type())),
    ("tds_length", Type::Int, |one| whole(if one.facts().2 < 0 { 65535 } else { one.facts().2 })),
    ("tds_collation_id", Type::Int, |one| one.wire_collation().map_or(Value::Null, |(id, _)| whole(id))),
    ("tds_collation_sort_id", Type::TinyInt, |one| {
        one.wire_collation().map_or(Value::Null, |(_, sort)| whole(sort))
    }),
];

/// What the function says of errors, behind [`FIELDS`].
const OF_ERRORS: [(&str, Type); 6] = [
    ("error_number", Type::Int),
    ("error_severity", Type::Int),
    ("error_state", Type::Int),
    ("error_message", Type::NVarChar(Some(4000))),
    ("error_type", Type::Int),
    ("error_type_desc", Type::NVarChar(Some(60))),
];

pub(super) fn columns(fields: &[Field]) -> impl Iterator<Item = Column> {
    fields.iter().map(|(name, data_type, _)| Column {
        name: (*name).to_owned(),
        data_type: *data_type,
        nullable: true,
    })
}

/// The columns of `sys.dm_exec_describe_first_result_set`.
pub(crate) fn function_columns() -> Vec<Column> {
    let of_errors = OF_ERRORS.iter().map(|(name, data_type)| Column {
        name: (*name).to_owned(),
        data_type: *data_type,
        nullable: true,
    });
    columns(&FIELDS).chain(of_errors).collect()
}

impl SqlSession {
    /// The answer of `sp_describe_first_result_set`.
    ///
    /// # Errors
    /// What the text fails by, and behind it 11501 or 11529; 11509, 11513, 11525.
    pub(super) fn described_result(
        &self,
        text: &str,
        parameters: &str,
    ) -> Result<(Vec<Column>, Vec<Vec<Value>>), SqlError> {
        let found = self.first_result(text, parameters)?.unwrap_or_default();
        let fields = || FIELDS.iter().chain(&OF_THE_WIRE);
        let rows = self.each_described(&found, |one| fields().map(|(.., say)| say(one)).collect());
        Ok((columns(&FIELDS).chain(columns(&OF_THE_WIRE)).collect(), rows))
    }

    /// The rows of the function: an error is a row there.
    pub(super) fn described_rows(&self, text: &str, parameters: &str) -> Vec<Vec<Value>> {
        match self.first_result(text, parameters) {
            Ok(found) => self.each_described(&found.unwrap_or_default(), |one| {
                let said = FIELDS.iter().map(|(.., say)| say(one));
                said.chain(OF_ERRORS.iter().map(|_| Value::Null)).collect()
            }),
            Err(error) => {
                let last = SqlError { before: Vec::new(), ..error.clone() };
                error.before.into_iter().chain([last]).map(error_row).collect()
            }
        }
    }

    pub(super) fn each_described(
        &self,
        found: &[Column],
        say: impl Fn(&Described<'_>) -> Vec<Value>,
    ) -> Vec<Vec<Value>> {
        let collation = self.server_collation();
        found
            .iter()
            .enumerate()
            .map(|(place, column)| say(&Described { column, place, collation: &collation }))
            .collect()
    }

    fn server_collation(&self) -> String {
        let shared = &self.shared;
        shared
            .world
            .glance(|estate| estate.engine(&shared.engine).map(|engine| engine.collation.clone()))
            .unwrap_or_default()
    }

    /// A reader of a text with these parameters, which deduces the types of others or refuses them.
    pub(super) fn reader(&self, parameters: &str, deduces: bool) -> Result<Reader<'_>, SqlError> {
        let mut reader = Reader { session: self, scalars: HashMap::new(), tables: HashMap::new(), deduces };
        for parameter in parser::parse_parameters(parameters).map_err(uncompiled)? {
            let data_type = Type::of(&parameter.data_type).map_err(uncompiled)?;
            reader.scalars.insert(self.fold(&parameter.name), data_type);
        }
        Ok(reader)
    }

    /// The columns of the first result of a text; nothing where it has none.
    fn first_result(&self, text: &str, parameters: &str) -> Result<Option<Vec<Column>>, SqlError> {
        let mut reader = self.reader(parameters, false)?;
        let batch = parser::parse(text, self.shared.major).map_err(uncompiled)?;
        let found = reader.first(&batch.statements).map_err(uncompiled)?;
        Ok(found.map(|(_, columns)| columns))
    }
}

/// What is wrong with a text, and that it could not be looked at for that.
pub(super) fn uncompiled(error: SqlError) -> SqlError {
    match error.number {
        208 | 1087 => raise!(11529).after(error.at_line(1)),
        11504 | 11506 | 11508 | 11509 | 11513 | 11525 | 49999 => error,
        _ => raise!(11501).after(error.at_line(1)),
    }
}

fn error_row(error: SqlError) -> Vec<Value> {
    let kind = match error.number {
        11513 => (3, "DYNAMIC_SQL"),
        11509 => (2, "CONFLICTING_RESULTS"),
        11525 => (9, "TEMPORARY_TABLE"),
        _ => (1, "MISC"),
    };
    let of_column =
        FIELDS.iter().map(|(name, ..)| if *name == "is_hidden" { whole(false) } else { Value::Null });
    of_column
        .chain([
            whole(error.number),
            whole(error.severity),
            whole(error.state),
            of(error.message),
            whole(kind.0),
            of(kind.1),
        ])
        .collect()
}

/// The names of a text that is not run, as far as it was read.
pub(super) struct Reader<'a> {
    session: &'a SqlSession,
    pub(super) scalars: HashMap<String, Type>,
    pub(super) tables: HashMap<String, Vec<Column>>,
    deduces: bool,
}

/// The text of a statement, and the columns that it returns.
type Found = Option<(String, Vec<Column>)>;

impl Reader<'_> {
    /// Notes a variable.
    pub(super) fn declare(&mut self, declaration: &Declaration) -> Result<(), SqlError> {
        match declaration {
            Declaration::Scalar { name, data_type, .. } => {
                let data_type = Type::of(data_type)?;
                self.scalars.insert(self.session.fold(&name.value), data_type);
            }
            Declaration::Table { name, definition } => {
                let table = self.session.defined(&name.value, definition)?;
                self.tables.insert(self.session.fold(&name.value), table.shape());
            }
        }
        Ok(())
    }

    fn first(&mut self, statements: &[Statement]) -> Result<Found, SqlError> {
        for statement in statements {
            if let Some(found) = self.of_statement(statement, statements.len() == 1)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn of_statement(&mut self, statement: &Statement, alone: bool) -> Result<Found, SqlError> {
        let text = || statement.text.clone();
        match &statement.kind {
            StatementKind::Declare(declarations) => {
                declarations.iter().try_for_each(|declaration| self.declare(declaration))?;
                Ok(None)
            }
            StatementKind::Query(query) => {
                let plan = query::plan(query, self)?;
                if plan.reads_temporary_table() && !alone {
                    return Err(raise!(11525, text()));
                }
                let returns = plan.assignments.is_empty() && plan.into.is_none();
                Ok(returns.then(|| (text(), plan.columns)))
            }
            StatementKind::Insert(insert) => {
                let tables = ["inserted"];
                self.of_outputs((statement, alone), &insert.outputs, &insert.target, &tables, Vec::new())
            }
            StatementKind::Update { change, assignments } => {
                let values: Vec<_> = assignments.iter().map(|(_, value)| value).collect();
                self.of_change((statement, alone), change, &values, &["inserted", "deleted"])
            }
            StatementKind::Delete(change) => self.of_change((statement, alone), change, &[], &["deleted"]),
            StatementKind::CreateTable { .. } => Err(raise!(11525, text())),
            StatementKind::If { then, otherwise, .. } => {
                let one = self.first(std::slice::from_ref(then))?;
                let other = match otherwise {
                    Some(otherwise) => self.first(std::slice::from_ref(otherwise))?,
                    None => None,
                };
                match (one, other) {
                    (Some(one), Some(other)) if !alike(&one.1, &other.1) => {
                        Err(raise!(11509, one.0, other.0))
                    }
                    (one, other) => Ok(one.or(other)),
                }
            }
            StatementKind::While { body, .. } => self.first(std::slice::from_ref(body)),
            StatementKind::Block(statements) => self.first(statements),
            StatementKind::TryCatch { attempt, handler } => {
                let found = self.first(attempt)?;
                if found.is_some() { Ok(found) } else { self.first(handler) }
            }
            StatementKind::ExecuteText(_) => Err(raise!(11513, text())),
            StatementKind::Execute(call) => match &call.procedure {
                Procedure::Named(name)
                    if !name.to_string().to_ascii_lowercase().contains("sp_executesql") =>
                {
                    Err(super::super::error::not_modelled("the description of what a procedure returns"))
                }
                _ => Err(raise!(11513, text())),
            },
            _ => Ok(None),
        }
    }
}

impl Reader<'_> {
    /// What UPDATE and DELETE return.
    fn of_change(
        &self,
        statement: (&Statement, bool),
        change: &Change,
        values: &[&Expr],
        tables: &[&str],
    ) -> Result<Found, SqlError> {
        let (target, _) = query::changed_table(&change.target, &change.from, self)?;
        let condition = change.condition.as_deref();
        let changes = Changes { target: &change.target, from: &change.from, condition, values };
        let others = query::plan_change(changes, self)?.others;
        self.of_outputs(statement, &change.outputs, &target, tables, others)
    }

    /// What an OUTPUT clause returns, if it is not for a table.
    fn of_outputs(
        &self,
        (statement, alone): (&Statement, bool),
        outputs: &[OutputClause],
        target: &ObjectName,
        tables: &[&str],
        others: Vec<(String, Vec<Column>)>,
    ) -> Result<Found, SqlError> {
        let Some(clause) = outputs.iter().find(|clause| clause.into.is_none()) else { return Ok(None) };
        let name = plain(&target.to_string());
        if name.starts_with('#') && !alone {
            return Err(raise!(11525, statement.text));
        }
        let shape = self.table(&name).ok_or_else(|| invalid_object(&name))?;
        let own = tables.iter().map(|table| ((*table).to_owned(), shape.clone()));
        let tables: Vec<_> = own.chain(others).collect();
        let plan = query::plan_output(&clause.items, &tables, self)?;
        Ok(Some((statement.text.clone(), plan.columns)))
    }
}

/// Whether two results have the same columns.
fn alike(one: &[Column], other: &[Column]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.data_type == other.data_type && one.name == other.name)
}

impl Names for Reader<'_> {
    fn around(&self) -> &dyn Surroundings {
        self.session
    }
    fn variable(&self, name: &str) -> Option<Type> {
        self.scalars.get(&self.session.fold(name)).copied()
    }
    fn deduces(&self) -> bool {
        self.deduces
    }
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        let own = self.tables.get(&self.session.fold(name)).cloned();
        // A table variable is the text's own; temporary tables are the session's.
        own.or_else(|| Scope(self.session).table(name).filter(|_| name.starts_with('#')))
    }
}
