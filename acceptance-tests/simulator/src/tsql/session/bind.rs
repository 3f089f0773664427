//! The pass over a whole text before any of it runs: variables are declared, names are bound, places are checked.
//!
//! A variable is known from its DECLARE on, in whatever branch that stands. Missing tables and procedures wait until their
//! statement is reached; anything else that is wrong fails the whole text.

use sqlparser::ast::{Expr, Ident, SetExpr};

use super::super::ast::{
    Ddl, Declaration, Execute, Insert, InsertSource, Procedure, Statement, StatementKind,
};
use super::super::error::{self, SqlError, raise};
use super::super::query::{self, Names as _};
use super::super::value::Type;
use super::scope::Scope;
use super::tables::Origin;
use super::{SqlSession, assign, labels, refusal};
use crate::world::assumption;
use rusqlite::types::Value;

/// Where a statement stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    loops: u32,
    in_catch: bool,
}

/// Binds the text of the innermost frame, and declares its variables there.
///
/// # Errors
/// The first error, with its line.
pub(super) fn bind(session: &mut SqlSession, statements: &[Statement]) -> Result<(), SqlError> {
    labels::check(session.shared.collation, statements)?;
    all(session, statements, Place::default())
}

fn all(session: &mut SqlSession, statements: &[Statement], place: Place) -> Result<(), SqlError> {
    statements.iter().try_for_each(|statement| one(session, statement, place))
}

fn one(session: &mut SqlSession, statement: &Statement, place: Place) -> Result<(), SqlError> {
    let bound = match &statement.kind {
        StatementKind::If { condition, then, otherwise } => deferrable(of_condition(session, condition))
            .and_then(|()| one(session, then, place))
            .and_then(|()| otherwise.as_ref().map_or(Ok(()), |each| one(session, each, place))),
        StatementKind::While { condition, body } => {
            let place = Place { loops: place.loops + 1, ..place };
            deferrable(of_condition(session, condition)).and_then(|()| one(session, body, place))
        }
        StatementKind::Block(statements) => all(session, statements, place),
        StatementKind::TryCatch { attempt, handler } => all(session, attempt, place)
            .and_then(|()| all(session, handler, Place { in_catch: true, ..place })),
        StatementKind::Declare(declarations) => {
            declarations.iter().try_for_each(|declaration| declare(session, declaration))
        }
        kind => deferrable(simple(session, kind, place)),
    };
    bound.map_err(|error| if error.line == 0 { error.at_line(statement.line) } else { error })
}

/// Missing tables are for when the statement is reached.
fn deferrable(bound: Result<(), SqlError>) -> Result<(), SqlError> {
    match bound {
        Err(error) if error.number == 208 => Ok(()),
        other => other,
    }
}

/// Declares a variable, NULL or empty.
fn declare(session: &mut SqlSession, declaration: &Declaration) -> Result<(), SqlError> {
    let (Declaration::Scalar { name, .. } | Declaration::Table { name, .. }) = declaration;
    let name = &name.value;
    let folded = session.fold(name);
    let taken = session
        .frames
        .last()
        .is_some_and(|frame| frame.scalars.contains_key(&folded) || frame.tables.contains_key(&folded));
    if taken {
        return Err(raise!(134, name));
    }
    let table = match declaration {
        Declaration::Table { definition, .. } => Some(session.defined(name, definition)?),
        Declaration::Scalar { .. } => None,
    };
    // The value is bound before the variable is known: it cannot name itself.
    let scalar = match declaration {
        Declaration::Scalar { data_type, value, .. } => {
            let to = Type::of(data_type)?;
            if let Some(value) = value {
                deferrable(assignable(session, value, to))?;
            }
            Some(to)
        }
        Declaration::Table { .. } => None,
    };
    let Some(frame) = session.frames.last_mut() else { return Ok(()) };
    match table {
        Some(table) => drop(frame.tables.insert(folded, table)),
        None => drop(frame.scalars.insert(folded, (scalar.unwrap_or(Type::Null), Value::Null))),
    }
    Ok(())
}

fn simple(session: &SqlSession, kind: &StatementKind, place: Place) -> Result<(), SqlError> {
    let scope = Scope(session);
    let expression = |value: &Expr| of_expression(session, value);
    match kind {
        StatementKind::Query(query) => {
            let plan = query::plan(query, &scope)?;
            plan.assignments.iter().zip(&plan.columns).try_for_each(|(name, column)| {
                let to = declared(session, name)?;
                assign::check(column.data_type, to)
            })
        }
        StatementKind::Insert(insert) => of_insert(session, insert),
        StatementKind::Update { change, assignments } => session.bind_change(change, assignments),
        StatementKind::Delete(change) => session.bind_change(change, &[]),
        StatementKind::SetVariable { name, operator, value } => {
            let to = declared(session, &name.value)?;
            match operator {
                None => assignable(session, value, to),
                Some(operator) => expression(&assign::compound(name, operator, value)),
            }
        }
        StatementKind::Break if place.loops == 0 => Err(refusal::outside_loop(true)),
        StatementKind::Continue if place.loops == 0 => Err(refusal::outside_loop(false)),
        StatementKind::Return(Some(_)) => Err(raise!(178)),
        StatementKind::Throw(None) if !place.in_catch => Err(error::throw_outside_catch(0)),
        StatementKind::Throw(Some(values)) => values.iter().try_for_each(expression),
        StatementKind::RaiseError(raised) => raised.values().try_for_each(expression),
        StatementKind::Print(value) | StatementKind::ExecuteText(value) => expression(value),
        StatementKind::WaitFor { value, .. } => {
            expression(value)?;
            super::wait::check(value)
        }
        StatementKind::Execute(call) => of_call(session, call),
        StatementKind::Ddl(statement) => match &**statement {
            // ASSUMED 120: the parser takes them.
            Ddl::AlterAvailabilityGroup { change, .. }
                if change.is_of_several() && session.opposite(assumption::ONE_AT_A_TIME) =>
            {
                Err(error::syntax(",", false, 0))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn of_expression(session: &SqlSession, value: &Expr) -> Result<(), SqlError> {
    query::plan_expression(value, &Scope(session)).map(drop)
}

fn of_condition(session: &SqlSession, condition: &Expr) -> Result<(), SqlError> {
    query::plan_condition(condition, &Scope(session)).map(drop)
}

fn declared(session: &SqlSession, name: &str) -> Result<Type, SqlError> {
    Scope(session).variable(name).ok_or_else(|| error::undeclared_variable(name))
}

fn assignable(session: &SqlSession, value: &Expr, to: Type) -> Result<(), SqlError> {
    let plan = query::plan_expression(value, &Scope(session))?;
    plan.columns.first().map_or(Ok(()), |column| assign::check(column.data_type, to))
}

fn of_insert(session: &SqlSession, insert: &Insert) -> Result<(), SqlError> {
    if let InsertSource::Query(query) = &insert.source {
        query::refuse(query, query::Writer::Insert)?;
    }
    let target = insert.target.to_string();
    session.found_change(&insert.target)?;
    session.bind_insert_clauses(insert)?;
    match &insert.source {
        InsertSource::Query(query) => {
            let plan = query::plan(query, &Scope(session))?;
            let places =
                session.places(&target, &insert.columns, plan.columns.len(), origin_of(&query.body))?;
            // Nothing lets an identity column of a table variable take values.
            if super::tables::plain(&target).starts_with('@') {
                session.may_give_identity(&target, &places)?;
            }
            let shape = session.found_table(&target)?.shape();
            plan.columns.iter().zip(places).try_for_each(|(from, place)| {
                shape.get(place).map_or(Ok(()), |to| assign::check(from.data_type, to.data_type))
            })
        }
        InsertSource::Execute(call) => of_call(session, call),
        InsertSource::ExecuteText(text) => of_expression(session, text),
        InsertSource::Defaults => Ok(()),
    }
}

/// Whether rows come from VALUES or from a query.
pub(super) fn origin_of(body: &SetExpr) -> Origin {
    if matches!(body, SetExpr::Values(_)) { Origin::Values } else { Origin::Select }
}

fn of_call(session: &SqlSession, call: &Execute) -> Result<(), SqlError> {
    let variable = |name: &Ident| declared(session, &name.value).map(drop);
    if let Some(result) = &call.result {
        variable(result)?;
    }
    if let Procedure::Variable(name) = &call.procedure {
        variable(name)?;
    }
    call.arguments.iter().try_for_each(|argument| match &argument.value {
        Some(Expr::Identifier(_)) | None => {
            argument.value.as_ref().map_or(Ok(()), |value| of_expression(session, value))
        }
        Some(_) if argument.output => Err(raise!(179)),
        Some(value) => of_expression(session, value),
    })
}
