//! Changes of table variables and temporary tables.

use sqlparser::ast::{Expr, Ident};
use sqlparser::tokenizer::Token;

use super::super::ast::{Insert, InsertSource, StatementKind};
use super::super::dialect::is_reserved;
use super::super::error::{self, SqlError};
use super::control::{assignment_operator, execute};
use super::cursor::Cursor;
use super::{check, checked_query, condition, expression, options};

/// `INSERT [INTO] target [(columns)] {SELECT … | VALUES … | EXEC … | DEFAULT VALUES}`.
pub(super) fn insert(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("INSERT")?;
    no_top(cursor, "INSERT")?;
    cursor.eat("INTO");
    let target = target(cursor)?;
    table_hints(cursor)?;
    let listed = matches!(cursor.peek(), Token::LParen)
        && !matches!(cursor.peek_nth_word(1).as_deref(), Some("SELECT" | "WITH"));
    let mut columns = Vec::new();
    if listed {
        cursor.expect_token(&Token::LParen)?;
        columns = cursor.list(|cursor| cursor.name().map(|name| Ident::new(name.0)))?;
        cursor.expect_token(&Token::RParen)?;
    }
    no_output(cursor)?;
    let source = match cursor.peek_word().as_deref() {
        Some("EXEC" | "EXECUTE") => match execute(cursor)? {
            StatementKind::Execute(call) => InsertSource::Execute(call),
            StatementKind::ExecuteText(text) => InsertSource::ExecuteText(text),
            _ => return Err(cursor.unexpected()),
        },
        Some("DEFAULT") => {
            cursor.expect_all(&["DEFAULT", "VALUES"])?;
            InsertSource::Defaults
        }
        _ => InsertSource::Query(checked_query(cursor)?),
    };
    Ok(StatementKind::Insert(Box::new(Insert { target, columns, source })))
}

/// The table of a change: `@t`, `#t`, or an object's name.
pub(super) fn target(cursor: &mut Cursor) -> Result<sqlparser::ast::ObjectName, SqlError> {
    match cursor.peek() {
        Token::Word(word) if word.quote_style.is_some() || !is_reserved(&word.value) => cursor.object_name(),
        _ => Err(cursor.unexpected()),
    }
}

/// `DELETE [FROM] target [WHERE condition]`.
pub(super) fn delete(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("DELETE")?;
    no_top(cursor, "DELETE")?;
    cursor.eat("FROM");
    let target = target(cursor)?;
    table_hints(cursor)?;
    no_output(cursor)?;
    if cursor.peek_word().as_deref() == Some("FROM") {
        return Err(error::not_modelled("DELETE … FROM").at_line(cursor.line()));
    }
    let condition = where_clause(cursor)?;
    options::query_hints(cursor)?;
    Ok(StatementKind::Delete { target, condition })
}

/// `UPDATE target SET column = value, … [WHERE condition]`.
pub(super) fn update(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("UPDATE")?;
    no_top(cursor, "UPDATE")?;
    let target = target(cursor)?;
    table_hints(cursor)?;
    cursor.expect("SET")?;
    let assignments = cursor.list(assignment)?;
    no_output(cursor)?;
    if cursor.peek_word().as_deref() == Some("FROM") {
        return Err(error::not_modelled("UPDATE … FROM").at_line(cursor.line()));
    }
    let condition = where_clause(cursor)?;
    options::query_hints(cursor)?;
    Ok(StatementKind::Update { target, assignments, condition })
}

/// `column = value`, `column += value` and their kin.
fn assignment(cursor: &mut Cursor) -> Result<(Ident, Expr), SqlError> {
    let line = cursor.line();
    if cursor.peek_word().is_some_and(|word| word.starts_with('@')) {
        return Err(error::not_modelled("UPDATE … SET @variable").at_line(line));
    }
    let column = Ident::new(cursor.name()?.0);
    let operator = assignment_operator(cursor)?;
    let value = expression(cursor)?;
    Ok(match operator {
        Some(op) => {
            let left = Box::new(Expr::Identifier(column.clone()));
            (column, Expr::BinaryOp { left, op, right: Box::new(Expr::Nested(Box::new(value))) })
        }
        None => (column, value),
    })
}

fn no_top(cursor: &Cursor, verb: &str) -> Result<(), SqlError> {
    if cursor.peek_word().as_deref() == Some("TOP") {
        return Err(error::not_modelled(&format!("{verb} TOP")).at_line(cursor.line()));
    }
    Ok(())
}

fn no_output(cursor: &Cursor) -> Result<(), SqlError> {
    if cursor.peek_word().as_deref() == Some("OUTPUT") {
        return Err(error::not_modelled("the OUTPUT clause").at_line(cursor.line()));
    }
    Ok(())
}

/// `WITH (TABLOCK, …)` behind the table of a change: nobody else waits for it.
fn table_hints(cursor: &mut Cursor) -> Result<(), SqlError> {
    let with = cursor.peek_word().as_deref() == Some("WITH") && matches!(cursor.peek_nth(1), Token::LParen);
    if !with {
        return Ok(());
    }
    cursor.advance();
    cursor.advance();
    cursor.list(|cursor| {
        cursor.one_of(&[
            ("HOLDLOCK", ()),
            ("NOWAIT", ()),
            ("PAGLOCK", ()),
            ("READCOMMITTED", ()),
            ("READPAST", ()),
            ("REPEATABLEREAD", ()),
            ("ROWLOCK", ()),
            ("SERIALIZABLE", ()),
            ("TABLOCK", ()),
            ("TABLOCKX", ()),
            ("UPDLOCK", ()),
            ("XLOCK", ()),
        ])
    })?;
    cursor.expect_token(&Token::RParen)
}

fn where_clause(cursor: &mut Cursor) -> Result<Option<Box<Expr>>, SqlError> {
    if !cursor.eat("WHERE") {
        return Ok(None);
    }
    let line = cursor.line();
    let filter = condition(cursor)?;
    check(&filter, line)?;
    Ok(Some(Box::new(filter)))
}

/// `DROP TABLE [IF EXISTS] #t, …`.
pub(super) fn drop_tables(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("TABLE")?;
    let if_exists = cursor.eat_all(&["IF", "EXISTS"]);
    Ok(StatementKind::DropTables { names: cursor.list(target)?, if_exists })
}
