//! Changes of table variables and temporary tables.

use sqlparser::ast::{Expr, Ident, ObjectName};
use sqlparser::tokenizer::Token;

use super::super::ast::{Change, Insert, InsertSource, OutputClause, StatementKind, TopRows};
use super::super::dialect::is_reserved;
use super::super::error::{self, SqlError};
use super::control::{assignment_operator, execute};
use super::cursor::Cursor;
use super::{check, checked_query, condition, expression, options};

/// `INSERT [TOP (n)] [INTO] target [(columns)] [OUTPUT …] {SELECT … | VALUES … | EXEC … | DEFAULT VALUES}`.
pub(super) fn insert(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("INSERT")?;
    let top = top(cursor)?;
    cursor.eat("INTO");
    let target = target(cursor)?;
    table_hints(cursor)?;
    let listed = matches!(cursor.peek(), Token::LParen)
        && !matches!(cursor.peek_nth_word(1).as_deref(), Some("SELECT" | "WITH"));
    let columns = if listed { column_names(cursor)? } else { Vec::new() };
    let outputs = outputs(cursor)?;
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
    Ok(StatementKind::Insert(Box::new(Insert { top, target, columns, outputs, source })))
}

/// The table of a change: `@t`, `#t`, or an object's name.
pub(super) fn target(cursor: &mut Cursor) -> Result<ObjectName, SqlError> {
    match cursor.peek() {
        Token::Word(word) if word.quote_style.is_some() || !is_reserved(&word.value) => cursor.object_name(),
        _ => Err(cursor.unexpected()),
    }
}

/// `(column, …)`.
fn column_names(cursor: &mut Cursor) -> Result<Vec<Ident>, SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let columns = cursor.list(|cursor| cursor.name().map(|name| Ident::new(name.0)))?;
    cursor.expect_token(&Token::RParen)?;
    Ok(columns)
}

/// `DELETE [TOP (n)] [FROM] target [OUTPUT …] [FROM …] [WHERE condition]`.
pub(super) fn delete(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("DELETE")?;
    let top = top(cursor)?;
    cursor.eat("FROM");
    let target = target(cursor)?;
    table_hints(cursor)?;
    let change = rest(cursor, top, target)?;
    Ok(StatementKind::Delete(Box::new(change)))
}

/// `UPDATE [TOP (n)] target SET column = value, … [OUTPUT …] [FROM …] [WHERE condition]`.
pub(super) fn update(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("UPDATE")?;
    let top = top(cursor)?;
    let target = target(cursor)?;
    table_hints(cursor)?;
    cursor.expect("SET")?;
    let assignments = cursor.list(assignment)?;
    let change = Box::new(rest(cursor, top, target)?);
    Ok(StatementKind::Update { change, assignments })
}

/// What follows the table of DELETE and the assignments of UPDATE.
fn rest(cursor: &mut Cursor, top: Option<TopRows>, target: ObjectName) -> Result<Change, SqlError> {
    let outputs = outputs(cursor)?;
    let from = if cursor.eat("FROM") { cursor.list(Cursor::table)? } else { Vec::new() };
    let condition = where_clause(cursor)?;
    options::query_hints(cursor)?;
    Ok(Change { top, target, outputs, from, condition })
}

/// `TOP (expression) [PERCENT]`; a bare number is what older servers took.
fn top(cursor: &mut Cursor) -> Result<Option<TopRows>, SqlError> {
    if !cursor.eat("TOP") {
        return Ok(None);
    }
    let count = if cursor.eat_token(&Token::LParen) {
        let count = expression(cursor)?;
        cursor.expect_token(&Token::RParen)?;
        count
    } else {
        Expr::value(sqlparser::ast::Value::Number(cursor.number()?, false))
    };
    Ok(Some(TopRows { count, percent: cursor.eat("PERCENT") }))
}

/// `OUTPUT items INTO target`, `OUTPUT items`, or the one and then the other.
fn outputs(cursor: &mut Cursor) -> Result<Vec<OutputClause>, SqlError> {
    let mut clauses: Vec<OutputClause> = Vec::new();
    while cursor.peek_word().as_deref() == Some("OUTPUT") {
        if clauses.last().is_some_and(|last| last.into.is_none()) || clauses.len() > 1 {
            return Err(cursor.unexpected());
        }
        cursor.advance();
        let items = cursor.list(Cursor::select_item)?;
        let into = if cursor.eat("INTO") {
            let target = target(cursor)?;
            let columns =
                if matches!(cursor.peek(), Token::LParen) { column_names(cursor)? } else { Vec::new() };
            Some((target, columns))
        } else {
            None
        };
        if into.is_some() && clauses.len() == 1 {
            return Err(cursor.unexpected());
        }
        clauses.push(OutputClause { items, into });
    }
    Ok(clauses)
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
