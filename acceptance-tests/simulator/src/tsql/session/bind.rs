//! The names of a batch, and the pass that binds all of it before any of it runs.

use rusqlite::types::Value;

use super::super::ast::{Declaration, Execute, InsertSource, Statement, StatementKind};
use super::super::error::{self, SqlError};
use super::super::query::{self, Column, Data, Host, Names};
use super::super::schema::View;
use super::super::value::Type;
use super::super::{catalog, value};
use super::{SqlSession, Table, Variables};
use crate::world::collation::Collation;

/// A session with the variables of its batch: what names mean, and what they hold.
pub(super) struct Scope<'a> {
    pub(super) session: &'a SqlSession,
    pub(super) variables: &'a Variables,
}

impl Names for Scope<'_> {
    fn version(&self) -> u8 {
        self.session.shared.major
    }

    fn collation(&self) -> Collation {
        self.session.shared.collation
    }

    fn variable(&self, name: &str) -> Option<Type> {
        self.variables.scalars.get(&self.session.fold(name)).map(|(data_type, _)| *data_type)
    }

    fn table(&self, name: &str) -> Option<Vec<Column>> {
        self.local(name).map(|table| table.columns.clone())
    }

    fn database(&self) -> &str {
        &self.session.database
    }

    fn find_database(&self, name: &str) -> Option<String> {
        let shared = &self.session.shared;
        shared.world.glance(|estate| {
            estate
                .engine(&shared.engine)
                .and_then(|engine| engine.database(name))
                .map(|database| database.name.clone())
        })
    }
}

impl Scope<'_> {
    fn local(&self, name: &str) -> Option<&Table> {
        let folded = self.session.fold(name);
        self.variables.tables.get(&folded).or_else(|| self.session.temporary.get(&folded))
    }

    fn global(&self, name: &str) -> Option<Value> {
        let session = self.session;
        Some(match name.to_ascii_uppercase().as_str() {
            "@@ROWCOUNT" => Value::Integer(session.row_count),
            "@@ERROR" => Value::Integer(session.last_error.into()),
            "@@TRANCOUNT" => Value::Integer(session.transactions.into()),
            "@@SPID" => Value::Integer(session.id.into()),
            "@@SERVERNAME" => Value::Text(session.shared.server_name.clone()),
            "@@SERVICENAME" => Value::Text(session.shared.service_name.clone()),
            "@@VERSION" => Value::Text(session.shared.version_text.clone()),
            "@@MICROSOFTVERSION" => Value::Integer(session.shared.microsoft_version),
            "@@LANGUAGE" => Value::Text("us_english".to_owned()),
            "@@LOCK_TIMEOUT" => Value::Integer(session.lock_timeout),
            "@@OPTIONS" => Value::Integer(5496),
            "@@DATEFIRST" => Value::Integer(7),
            "@@MAX_PRECISION" => Value::Integer(38),
            "@@NESTLEVEL" | "@@FETCH_STATUS" | "@@PROCID" => Value::Integer(0),
            "@@MAX_CONNECTIONS" => Value::Integer(32767),
            "@@IDENTITY" => Value::Null,
            _ => return None,
        })
    }
}

impl Data for Scope<'_> {
    fn variable(&self, name: &str) -> Result<Value, SqlError> {
        if name.starts_with("@@") {
            return self.global(name).ok_or_else(|| error::undeclared_variable(name));
        }
        let held = self.variables.scalars.get(&self.session.fold(name));
        held.map(|(_, value)| value.clone()).ok_or_else(|| error::undeclared_variable(name))
    }

    fn table_rows(&self, name: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        self.local(name).map(|table| table.rows.clone()).ok_or_else(|| error::invalid_object(name))
    }

    fn view_rows(&self, view: &'static View, database: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        let shared = &self.session.shared;
        shared.sessions.note(self.session.info());
        let sessions = shared.sessions.all();
        let caller =
            catalog::Caller { login: &self.session.login, session: self.session.id, sessions: &sessions };
        // All views of a query are of the moment to which it moved the world.
        shared.world.glance(|estate| catalog::rows(estate, &shared.engine, &caller, view, database))
    }

    fn host(&self) -> std::sync::Arc<dyn Host> {
        std::sync::Arc::new(self.session.host())
    }
}

/// Binds every statement of a batch.
///
/// # Errors
/// The first error, with its line; but for 208 (missing tables), which waits until the statement is reached.
pub(super) fn bind(
    session: &SqlSession,
    variables: &Variables,
    statements: &[Statement],
) -> Result<(), SqlError> {
    let mut all = variables.clone();
    declare(session, &mut all, statements)?;
    let scope = Scope { session, variables: &all };
    statements.iter().try_for_each(|statement| self::statement(&scope, statement))
}

/// Variables are known in the whole batch from their DECLARE on, whatever branch it stands in.
fn declare(session: &SqlSession, all: &mut Variables, statements: &[Statement]) -> Result<(), SqlError> {
    for statement in statements {
        match &statement.kind {
            StatementKind::Declare(declarations) => {
                for declaration in declarations {
                    let declared = add(session, all, declaration);
                    declared.map_err(|error| error.at_line(statement.line))?;
                }
            }
            StatementKind::If { then, otherwise, .. } => {
                declare(session, all, std::slice::from_ref(then))?;
                if let Some(otherwise) = otherwise {
                    declare(session, all, std::slice::from_ref(otherwise))?;
                }
            }
            StatementKind::While { body, .. } => declare(session, all, std::slice::from_ref(body))?,
            StatementKind::Block(statements) => declare(session, all, statements)?,
            StatementKind::TryCatch { attempt, handler } => {
                declare(session, all, attempt)?;
                declare(session, all, handler)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Adds a declared variable, NULL or empty.
pub(super) fn add(
    session: &SqlSession,
    variables: &mut Variables,
    declaration: &Declaration,
) -> Result<(), SqlError> {
    match declaration {
        Declaration::Scalar { name, data_type, .. } => {
            let declared = (Type::of(data_type)?, Value::Null);
            variables.scalars.insert(session.fold(&name.value), declared);
        }
        Declaration::Table { name, columns } => {
            let columns = columns
                .iter()
                .map(|column| {
                    Ok(Column {
                        name: column.name.value.clone(),
                        data_type: Type::of(&column.data_type)?,
                        nullable: column.nullable,
                    })
                })
                .collect::<Result<Vec<_>, SqlError>>()?;
            variables.tables.insert(session.fold(&name.value), Table { columns, rows: Vec::new() });
        }
    }
    Ok(())
}

fn statement(scope: &Scope<'_>, statement: &Statement) -> Result<(), SqlError> {
    kind(scope, statement)
        .map_err(|error| if error.line == 0 { error.at_line(statement.line) } else { error })
}

fn kind(scope: &Scope<'_>, statement: &Statement) -> Result<(), SqlError> {
    let condition = |expression| query::plan_condition(expression, scope).map(drop);
    let expression = |expression| query::plan_expression(expression, scope).map(drop);
    let all = |statements: &[Statement]| statements.iter().try_for_each(|one| self::statement(scope, one));
    let bound = match &statement.kind {
        StatementKind::Query(query) => query::plan(query, scope).map(drop),
        StatementKind::Insert(insert) => match &insert.source {
            InsertSource::Query(query) => query::plan(query, scope).map(drop),
            InsertSource::Execute(call) => execute(scope, call),
            InsertSource::ExecuteText(text) => expression(text),
        },
        StatementKind::SetVariable { name, value, .. } => {
            if Names::variable(scope, &name.value).is_none() {
                return Err(error::undeclared_variable(&name.value));
            }
            expression(value)
        }
        StatementKind::If { condition: test, then, otherwise } => {
            condition(test)?;
            self::statement(scope, then)?;
            otherwise.as_ref().map_or(Ok(()), |otherwise| self::statement(scope, otherwise))
        }
        StatementKind::While { condition: test, body } => {
            condition(test)?;
            self::statement(scope, body)
        }
        StatementKind::Block(statements) => all(statements),
        StatementKind::TryCatch { attempt, handler } => {
            all(attempt)?;
            all(handler)
        }
        StatementKind::Print(value) => expression(value),
        StatementKind::ExecuteText(value) => expression(value),
        StatementKind::Execute(call) => execute(scope, call),
        StatementKind::Declare(declarations) => {
            declarations.iter().try_for_each(|declaration| match declaration {
                Declaration::Scalar { value: Some(value), .. } => expression(value),
                _ => Ok(()),
            })
        }
        _ => Ok(()),
    };
    match bound {
        // Missing tables are for when the statement is reached.
        Err(error) if error.number == 208 => Ok(()),
        other => other,
    }
}

fn execute(scope: &Scope<'_>, call: &Execute) -> Result<(), SqlError> {
    if let Some(result) = &call.result
        && Names::variable(scope, &result.value).is_none()
    {
        return Err(error::undeclared_variable(&result.value));
    }
    call.arguments
        .iter()
        .filter_map(|argument| argument.value.as_ref())
        .try_for_each(|value| query::plan_expression(value, scope).map(drop))
}

/// A value converted to a variable's type.
pub(super) fn assigned(value: Value, from: Type, to: Type) -> Result<Value, SqlError> {
    value::convert(value, from, to, 0)
}
