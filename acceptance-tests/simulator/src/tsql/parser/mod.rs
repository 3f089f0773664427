//! T-SQL text → [`Batch`]: the whole batch or its first syntax error, and nothing runs before that is known.
//!
//! Queries and expressions are read by `sqlparser` with [`super::dialect`]; every other statement by the modules
//! below, because that crate knows none of the statements about keys, certificates, endpoints and availability
//! groups, and neither `TRY…CATCH` nor `EXEC @r = p`. Option words are checked here, so that a misspelt one is a
//! syntax error as on the server.

mod availability;
mod change;
mod control;
mod cursor;
mod database;
mod endpoint;
mod for_clause;
mod keys;
mod options;
mod security;
mod table;

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, FunctionArguments, Ident, Setting, Visit, Visitor};
use sqlparser::tokenizer::Token;

use super::ast::{Batch, Ddl, Statement, StatementKind};
use super::error::{self, SqlError};
use cursor::Cursor;
pub(crate) use cursor::hex_bytes;

/// Reads a batch for a server of the given major version (13 is 2016).
///
/// # Errors
/// The first syntax error: 102, 103, 156 and their kin, with the line.
pub(crate) fn parse(text: &str, version: u8) -> Result<Batch, SqlError> {
    let mut cursor = Cursor::new(text)?;
    let read = all(&mut cursor);
    // What stands before the place of an error is what is wrong first.
    let batch = Batch { statements: cursor.long_name().map_or(read, Err)? };
    availability::check_version(&batch, version)?;
    Ok(batch)
}

fn all(cursor: &mut Cursor) -> Result<Vec<Statement>, SqlError> {
    let mut statements = Vec::new();
    loop {
        while cursor.eat_token(&Token::SemiColon) {}
        if cursor.at_end() {
            return Ok(statements);
        }
        let first = statements.is_empty();
        statements.push(statement(cursor, first)?);
    }
}

/// Reads the declaration of parameters that `sp_executesql` takes: `@a int, @b nvarchar(10) OUTPUT`.
pub(crate) fn parse_parameters(text: &str) -> Result<Vec<Parameter>, SqlError> {
    let mut cursor = Cursor::new(text)?;
    if cursor.at_end() {
        return Ok(Vec::new());
    }
    let parameters = cursor.list(|cursor| {
        let name = cursor.variable()?.value;
        cursor.eat("AS");
        let data_type = cursor.data_type()?;
        let output = cursor.eat("OUTPUT") || cursor.eat("OUT");
        Ok(Parameter { name, data_type, output })
    })?;
    match cursor.long_name() {
        Some(error) => Err(error),
        None if cursor.at_end() => Ok(parameters),
        None => Err(cursor.unexpected()),
    }
}

/// The variables that a text names, in their order, each as often as it does.
///
/// # Errors
/// Those of [`parse`] for what is no text at all.
pub(crate) fn variables(text: &str) -> Result<Vec<String>, SqlError> {
    Cursor::new(text).map(|cursor| cursor.variables())
}

/// A parameter of `sp_executesql`.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) data_type: sqlparser::ast::DataType,
    pub(crate) output: bool,
}

/// One statement. Only the first of a batch may be a bare procedure name.
fn statement(cursor: &mut Cursor, first: bool) -> Result<Statement, SqlError> {
    let start = cursor.position();
    let line = cursor.line();
    let kind = statement_kind(cursor, first)?;
    let text = cursor.text_since(start);
    cursor.eat_token(&Token::SemiColon);
    Ok(Statement { line, text, kind })
}

fn statement_kind(cursor: &mut Cursor, first: bool) -> Result<StatementKind, SqlError> {
    if matches!(cursor.peek(), Token::LParen) {
        return query(cursor);
    }
    let Some(word) = cursor.peek_word() else {
        return if first && matches!(cursor.peek(), Token::Word(_)) {
            control::execute_bare(cursor)
        } else {
            Err(cursor.unexpected())
        };
    };
    match word.as_str() {
        "SELECT" | "WITH" => query(cursor),
        "DECLARE" => control::declare(cursor),
        "SET" => control::set(cursor),
        "IF" => control::if_else(cursor),
        "WHILE" => control::while_loop(cursor),
        "BREAK" => bare(cursor, StatementKind::Break),
        "CONTINUE" => bare(cursor, StatementKind::Continue),
        "BEGIN" => control::begin(cursor),
        "COMMIT" | "ROLLBACK" | "SAVE" => control::transaction(cursor),
        "THROW" => control::throw(cursor),
        "RAISERROR" => control::raise_error(cursor),
        "PRINT" => {
            cursor.advance();
            Ok(StatementKind::Print(Box::new(expression(cursor)?)))
        }
        "USE" => {
            cursor.advance();
            Ok(StatementKind::Use(cursor.name()?))
        }
        "EXEC" | "EXECUTE" => control::execute(cursor),
        "INSERT" => change::insert(cursor),
        "DELETE" => change::delete(cursor),
        "UPDATE" => change::update(cursor),
        "TRUNCATE" => table::truncate(cursor),
        "RETURN" => control::return_(cursor),
        "WAITFOR" => control::wait_for(cursor),
        "GOTO" => control::goto(cursor),
        "CHECKPOINT" => bare(cursor, StatementKind::Checkpoint),
        "RECONFIGURE" => {
            cursor.advance();
            if cursor.eat("WITH") {
                cursor.expect("OVERRIDE")?;
            }
            Ok(StatementKind::Reconfigure)
        }
        "CREATE" => create(cursor),
        "ALTER" => alter(cursor),
        "DROP" => drop(cursor),
        "BACKUP" if cursor.peek_nth_word(1).as_deref() == Some("CERTIFICATE") => {
            keys::backup_certificate(cursor).map(ddl)
        }
        "BACKUP" if cursor.peek_nth_word(1).as_deref() == Some("MASTER") => {
            keys::backup_master_key(cursor).map(ddl)
        }
        "RESTORE" if cursor.peek_nth_word(1).as_deref() == Some("MASTER") => {
            keys::restore_master_key(cursor).map(ddl)
        }
        "BACKUP" => database::backup(cursor).map(ddl),
        "RESTORE" => database::restore(cursor).map(ddl),
        "OPEN" => keys::open_master_key(cursor).map(ddl),
        "CLOSE" => keys::close_master_key(cursor).map(ddl),
        "GRANT" | "DENY" | "REVOKE" => security::permission(cursor).map(ddl),
        "DBCC" => database::dbcc(cursor).map(ddl),
        _ if matches!(cursor.peek_nth(1), Token::Colon) => control::label(cursor),
        _ if first && !super::dialect::is_reserved(&word) && !word.starts_with('@') => {
            control::execute_bare(cursor)
        }
        _ => Err(cursor.unexpected()),
    }
}

fn create(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("CREATE")?;
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    match word.as_str() {
        "MASTER" => keys::create_master_key(cursor),
        "CERTIFICATE" => keys::create_certificate(cursor),
        "LOGIN" => security::create_login(cursor),
        "USER" => security::create_user(cursor),
        "ROLE" => security::create_role(cursor),
        "SERVER" if cursor.peek_nth_word(1).as_deref() == Some("ROLE") => security::create_role(cursor),
        "ENDPOINT" => endpoint::create(cursor),
        "AVAILABILITY" => availability::create(cursor),
        "DATABASE" => database::create(cursor),
        "TABLE" => return table::create(cursor),
        "INDEX" | "UNIQUE" | "CLUSTERED" | "NONCLUSTERED" => return table::create_index(cursor),
        _ => return Err(unsupported(cursor, "CREATE")),
    }
    .map(ddl)
}

fn alter(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("ALTER")?;
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    match word.as_str() {
        "MASTER" => keys::alter_master_key(cursor),
        "CERTIFICATE" => keys::alter_certificate(cursor),
        "LOGIN" => security::alter_login(cursor),
        "AUTHORIZATION" => security::alter_authorization(cursor),
        "ROLE" => security::alter_role(cursor),
        "SERVER" if cursor.peek_nth_word(1).as_deref() == Some("ROLE") => security::alter_role(cursor),
        "ENDPOINT" => endpoint::alter(cursor),
        "AVAILABILITY" => availability::alter(cursor),
        "DATABASE" => database::alter(cursor),
        _ => return Err(unsupported(cursor, "ALTER")),
    }
    .map(ddl)
}

fn drop(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("DROP")?;
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    match word.as_str() {
        "MASTER" => keys::drop_master_key(cursor),
        "CERTIFICATE" => keys::drop_certificate(cursor),
        "LOGIN" => security::drop_login(cursor),
        "USER" => security::drop_user(cursor),
        "ROLE" => security::drop_role(cursor),
        "SERVER" if cursor.peek_nth_word(1).as_deref() == Some("ROLE") => security::drop_role(cursor),
        "ENDPOINT" => endpoint::drop(cursor),
        "AVAILABILITY" => availability::drop(cursor),
        "DATABASE" => database::drop(cursor),
        "TABLE" => return change::drop_tables(cursor),
        _ => return Err(unsupported(cursor, "DROP")),
    }
    .map(ddl)
}

/// Statements that the server knows and the simulator does not say so; anything else is a syntax error.
fn unsupported(cursor: &Cursor, verb: &str) -> SqlError {
    const KNOWN: &[&str] = &[
        "AGGREGATE",
        "APPLICATION",
        "ASSEMBLY",
        "ASYMMETRIC",
        "COLUMN",
        "COLUMNSTORE",
        "CONTRACT",
        "CREDENTIAL",
        "CRYPTOGRAPHIC",
        "DEFAULT",
        "EVENT",
        "FUNCTION",
        "INDEX",
        "LOGIN",
        "PARTITION",
        "PROC",
        "PROCEDURE",
        "QUEUE",
        "RESOURCE",
        "ROLE",
        "ROUTE",
        "SCHEMA",
        "SECURITY",
        "SEQUENCE",
        "SERVER",
        "SERVICE",
        "SPATIAL",
        "STATISTICS",
        "SYMMETRIC",
        "SYNONYM",
        "TABLE",
        "TRIGGER",
        "TYPE",
        "VIEW",
        "XML",
    ];
    match cursor.peek_word() {
        Some(word) if KNOWN.contains(&word.as_str()) => {
            error::not_modelled(&format!("{verb} {word}")).at_line(cursor.line())
        }
        _ => cursor.unexpected(),
    }
}

fn ddl(ddl: Ddl) -> StatementKind {
    StatementKind::Ddl(Box::new(ddl))
}

fn bare(cursor: &mut Cursor, kind: StatementKind) -> Result<StatementKind, SqlError> {
    cursor.advance();
    Ok(kind)
}

fn query(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    checked_query(cursor).map(StatementKind::Query)
}

/// A query that holds nothing that the crate accepts and the server does not.
fn checked_query(cursor: &mut Cursor) -> Result<Box<sqlparser::ast::Query>, SqlError> {
    let line = cursor.line();
    let mut query = cursor.query()?;
    if let Some(limit) = options::query_hints(cursor)? {
        // The crate has no place for hints of T-SQL; this one of another database's takes the only one that matters.
        query.settings = Some(vec![Setting { key: Ident::new(MAX_RECURSION), value: limit }]);
    }
    check(&*query, line)?;
    Ok(query)
}

/// The hint that says how deep a recursion may go.
pub(crate) const MAX_RECURSION: &str = "MAXRECURSION";

fn expression(cursor: &mut Cursor) -> Result<Expr, SqlError> {
    let line = cursor.line();
    let expression = cursor.expression()?;
    check(&expression, line)?;
    Ok(expression)
}

/// An expression that must be a condition: the server's grammar keeps the two kinds apart (4145).
fn condition(cursor: &mut Cursor) -> Result<Expr, SqlError> {
    let line = cursor.line();
    let expression = expression(cursor)?;
    if is_condition(&expression) {
        Ok(expression)
    } else {
        let near = cursor.peek_word().unwrap_or_else(|| cursor.peek().to_string());
        Err(error::condition_expected(&near, line))
    }
}

/// Whether an expression is a predicate rather than a value.
pub(crate) fn is_condition(expression: &Expr) -> bool {
    use sqlparser::ast::{BinaryOperator as Op, UnaryOperator};
    match expression {
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => is_condition(inner),
        Expr::BinaryOp { op: Op::And | Op::Or, left, right } => is_condition(left) && is_condition(right),
        Expr::BinaryOp { op, .. } => {
            matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq)
        }
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. }
        | Expr::Exists { .. } => true,
        _ => false,
    }
}

/// Refuses what `sqlparser` reads for other databases' sake: `EXIST (SELECT …)` is no function call in T-SQL.
fn check<T: Visit>(tree: &T, line: u32) -> Result<(), SqlError> {
    struct Check(u32);
    impl Visitor for Check {
        type Break = SqlError;
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<SqlError> {
            match expression {
                Expr::Function(function) if matches!(function.args, FunctionArguments::Subquery(_)) => {
                    ControlFlow::Break(error::syntax("SELECT", true, self.0))
                }
                Expr::Case { operand: None, conditions, .. } => {
                    match conditions.iter().find(|each| !is_condition(&each.condition)) {
                        Some(_) => ControlFlow::Break(error::condition_expected("then", self.0)),
                        None => ControlFlow::Continue(()),
                    }
                }
                _ => ControlFlow::Continue(()),
            }
        }
        fn pre_visit_select(&mut self, select: &sqlparser::ast::Select) -> ControlFlow<SqlError> {
            let filters = select.selection.iter().chain(&select.having);
            match filters.into_iter().find(|each| !is_condition(each)) {
                Some(_) => ControlFlow::Break(error::condition_expected(";", self.0)),
                None => ControlFlow::Continue(()),
            }
        }
    }
    match tree.visit(&mut Check(line)) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}
