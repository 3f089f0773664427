//! Of what types the parameters of a text are that nobody declared: `sp_describe_undeclared_parameters`.
//!
//! Source: learn.microsoft.com "sp_describe_undeclared_parameters": a parameter is of the type of what it is compared with,
//! assigned to, inserted into or cast to; where order, LIKE or arithmetic is in between, of the general type of that.

use rusqlite::types::Value;
use sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr};

use super::super::ast::{Change, Declaration, Insert, InsertSource, Statement, StatementKind};
use super::super::error::{SqlError, not_modelled, raise};
use super::super::parser;
use super::super::query::{self, Changes, Column, Names as _, Plan};
use super::super::value::{Family, Type};
use super::SqlSession;
use super::describe::{Field, Reader, columns, no, null, of, uncompiled, whole};
use super::tables::plain;
use crate::world::assumption;
use crate::world::collation::Collation;

/// The columns of the description up to whether it is input, which is not said by the type.
const FIELDS: [Field; 19] = [
    ("parameter_ordinal", Type::Int, |one| whole(i64::try_from(one.place).unwrap_or(0) + 1)),
    ("name", Type::SYSNAME, |one| of(&*one.column.name)),
    ("suggested_system_type_id", Type::Int, |one| whole(one.facts().0)),
    ("suggested_system_type_name", Type::NVarChar(Some(256)), |one| of(one.column.data_type.to_string())),
    ("suggested_max_length", Type::SmallInt, |one| whole(one.facts().2)),
    ("suggested_precision", Type::TinyInt, |one| whole(one.facts().3)),
    ("suggested_scale", Type::TinyInt, |one| whole(one.facts().4)),
    ("suggested_user_type_id", Type::Int, null),
    ("suggested_user_type_database", Type::SYSNAME, null),
    ("suggested_user_type_schema", Type::SYSNAME, null),
    ("suggested_user_type_name", Type::SYSNAME, null),
    ("suggested_assembly_qualified_type_name", Type::NVarChar(Some(4000)), null),
    ("suggested_xml_collection_id", Type::Int, null),
    ("suggested_xml_collection_database", Type::SYSNAME, null),
    ("suggested_xml_collection_schema", Type::SYSNAME, null),
    ("suggested_xml_collection_name", Type::SYSNAME, null),
    ("suggested_is_xml_document", Type::Bit, no),
    ("suggested_is_case_sensitive", Type::Bit, |one| {
        whole(one.is_text() && Collation::named(one.collation) == Collation::Exact)
    }),
    ("suggested_is_fixed_length_clr_type", Type::Bit, no),
];

/// The columns behind: how it is used, and how the wire has it.
const BEHIND: [Field; 5] = [
    // Which of the two it is, its place says, and is put in below.
    ("suggested_is_input", Type::Bit, no),
    ("suggested_is_output", Type::Bit, no),
    ("formal_parameter_name", Type::SYSNAME, null),
    ("suggested_tds_type_id", Type::Int, |one| whole(one.wire_type())),
    ("suggested_tds_length", Type::Int, |one| whole(if one.facts().2 < 0 { 65535 } else { one.facts().2 })),
];

impl SqlSession {
    /// The answer of `sp_describe_undeclared_parameters`.
    ///
    /// # Errors
    /// What the text fails by, and behind it 11501 or 11529; 11508 for a parameter that is used twice, 11506 for one whose place
    /// does not say its type, 11525.
    pub(super) fn undeclared_parameters(
        &self,
        text: &str,
        declared: &str,
    ) -> Result<(Vec<Column>, Vec<Vec<Value>>), SqlError> {
        let mut walk = Walk { reader: self.reader(declared, true)?, found: Vec::new(), assigned: Vec::new() };
        let batch = parser::parse(text, self.shared.major).map_err(uncompiled)?;
        walk.all(&batch.statements).map_err(uncompiled)?;
        let (mut wanted, mut seen) = (Vec::new(), Vec::new());
        for name in parser::variables(text).map_err(uncompiled)? {
            let folded = self.fold(&name);
            if walk.reader.scalars.contains_key(&folded) || walk.reader.tables.contains_key(&folded) {
                continue;
            }
            if seen.contains(&folded) {
                return Err(raise!(11508, name));
            }
            let mut types = walk.found.iter();
            let deduced = types.find(|(found, _)| self.fold(found) == folded).map(|(_, found)| *found);
            let data_type = deduced.ok_or_else(|| self.untyped(&name))?;
            wanted.push(Column { name, data_type, nullable: true });
            seen.push(folded);
        }
        let assigned: Vec<String> = walk.assigned.iter().map(|name| self.fold(name)).collect();
        let rows = self.each_described(&wanted, |one| {
            let is_output = assigned.contains(&self.fold(&one.column.name));
            let said = FIELDS.iter().map(|(.., say)| say(one));
            let used = [whole(!is_output), whole(is_output)];
            said.chain(used).chain(BEHIND.iter().skip(2).map(|(.., say)| say(one))).collect()
        });
        Ok((columns(&FIELDS).chain(columns(&BEHIND)).collect(), rows))
    }

    /// ASSUMED 69: the error for a parameter whose place does not say its type.
    fn untyped(&self, name: &str) -> SqlError {
        let other = self.shared.world.glance(|estate| estate.opposite(assumption::UNTYPED_PARAMETERS));
        if other { raise!(11504, name) } else { raise!(11506, name) }
    }
}

/// A text on its way through: what was deduced, and which parameters are assigned.
struct Walk<'a> {
    reader: Reader<'a>,
    found: Vec<(String, Type)>,
    assigned: Vec<String>,
}

impl Walk<'_> {
    fn all(&mut self, statements: &[Statement]) -> Result<(), SqlError> {
        statements.iter().try_for_each(|statement| self.one(statement))
    }

    fn one(&mut self, statement: &Statement) -> Result<(), SqlError> {
        match &statement.kind {
            StatementKind::Declare(declarations) => {
                for declaration in declarations {
                    self.reader.declare(declaration)?;
                    if let Declaration::Scalar { data_type, value: Some(value), .. } = declaration {
                        self.value(value, Some(Type::of(data_type)?))?;
                    }
                }
                Ok(())
            }
            StatementKind::Query(query) => {
                let plan = query::plan(query, &self.reader)?;
                if plan.reads_temporary_table() {
                    return Err(raise!(11525, statement.text));
                }
                for (name, column) in plan.assignments.iter().zip(&plan.columns) {
                    self.assigned(name, column.data_type);
                }
                self.note(plan);
                Ok(())
            }
            StatementKind::Insert(insert) => self.of_insert(insert, &statement.text),
            StatementKind::Update { change, assignments } => {
                let shape = self.shape(change, &statement.text)?;
                for (column, value) in assignments {
                    let to = self.column(&shape, column);
                    if let Some(name) = parameter(value) {
                        self.found.extend(to.map(|to| (name.to_owned(), to)));
                    }
                }
                let values: Vec<&Expr> = assignments.iter().map(|(_, value)| value).collect();
                self.of_change(change, &values)
            }
            StatementKind::Delete(change) => {
                self.shape(change, &statement.text)?;
                self.of_change(change, &[])
            }
            StatementKind::SetVariable { name, value, .. } => {
                let to = self.reader.variable(&name.value);
                self.value(value, to)?;
                if to.is_none() {
                    let plan = query::plan_expression(value, &self.reader)?;
                    let data_type = plan.columns.first().map_or(Type::Null, |column| column.data_type);
                    self.assigned(&name.value, data_type);
                }
                Ok(())
            }
            StatementKind::If { condition, then, otherwise } => {
                self.note(query::plan_condition(condition, &self.reader)?);
                self.one(then)?;
                otherwise.as_ref().map_or(Ok(()), |otherwise| self.one(otherwise))
            }
            StatementKind::While { condition, body } => {
                self.note(query::plan_condition(condition, &self.reader)?);
                self.one(body)
            }
            StatementKind::Block(statements) => self.all(statements),
            StatementKind::TryCatch { attempt, handler } => {
                self.all(attempt)?;
                self.all(handler)
            }
            StatementKind::Execute(_) | StatementKind::ExecuteText(_) => {
                Err(not_modelled("the description of parameters of procedures"))
            }
            _ => Ok(()),
        }
    }

    fn note(&mut self, plan: Plan) {
        self.found.extend(plan.deduced);
    }

    /// A parameter that a statement assigns.
    fn assigned(&mut self, name: &str, data_type: Type) {
        if self.reader.variable(name).is_none() {
            self.found.push((name.to_owned(), if data_type == Type::Null { Type::Int } else { data_type }));
            self.assigned.push(name.to_owned());
        }
    }

    /// A value on its way to a place of a type.
    fn value(&mut self, value: &Expr, to: Option<Type>) -> Result<(), SqlError> {
        if let (Some(name), Some(to)) = (parameter(value), to) {
            self.found.push((name.to_owned(), to));
        }
        self.note(query::plan_expression(value, &self.reader)?);
        Ok(())
    }

    fn of_insert(&mut self, insert: &Insert, text: &str) -> Result<(), SqlError> {
        let name = plain(&insert.target.to_string());
        let shape = self.local(&name, text)?;
        let types: Vec<Option<Type>> = if insert.columns.is_empty() {
            shape.iter().map(|column| Some(column.data_type)).collect()
        } else {
            insert.columns.iter().map(|column| self.column(&shape, column)).collect()
        };
        let InsertSource::Query(query) = &insert.source else { return Ok(()) };
        for row in values(query) {
            for (value, to) in row.into_iter().zip(&types) {
                if let (Some(name), Some(to)) = (parameter(value), to) {
                    self.found.push((name.to_owned(), *to));
                }
            }
        }
        let plan = query::plan(query, &self.reader)?;
        self.note(plan);
        Ok(())
    }

    fn of_change(&mut self, change: &Change, values: &[&Expr]) -> Result<(), SqlError> {
        let condition = change.condition.as_deref();
        let changes = Changes { target: &change.target, from: &change.from, condition, values };
        let plan = query::plan_change(changes, &self.reader)?.plan;
        self.note(plan);
        Ok(())
    }

    fn shape(&self, change: &Change, text: &str) -> Result<Vec<Column>, SqlError> {
        let (target, _) = query::changed_table(&change.target, &change.from, &self.reader)?;
        self.local(&plain(&target.to_string()), text)
    }

    /// The columns of a table of the text's own.
    fn local(&self, name: &str, text: &str) -> Result<Vec<Column>, SqlError> {
        if name.starts_with('#') {
            return Err(raise!(11525, text));
        }
        self.reader.table(name).ok_or_else(|| super::super::error::invalid_object(name))
    }

    fn column(&self, shape: &[Column], name: &Ident) -> Option<Type> {
        let collation = self.reader.around().collation();
        let found = shape.iter().find(|column| collation.equal(&column.name, &name.value));
        found.map(|column| column.data_type).filter(|data_type| data_type.family() != Family::Null)
    }
}

/// The variable that an expression is.
fn parameter(value: &Expr) -> Option<&str> {
    match value {
        Expr::Identifier(name) if query::is_variable(name) => Some(&name.value),
        _ => None,
    }
}

/// The rows of values that a query is made of.
fn values(query: &Query) -> Vec<Vec<&Expr>> {
    match &*query.body {
        SetExpr::Values(values) => values.rows.iter().map(|row| row.content.iter().collect()).collect(),
        SetExpr::Select(select) => vec![
            select
                .projection
                .iter()
                .filter_map(|item| match item {
                    SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. } => {
                        Some(value)
                    }
                    _ => None,
                })
                .collect(),
        ],
        _ => Vec::new(),
    }
}
