//! Variables, control flow and calls.

use sqlparser::ast::{BinaryOperator, Expr, Ident};
use sqlparser::tokenizer::Token;

use super::super::ast::{
    Argument, Declaration, Execute, Procedure, RaiseError, Statement, StatementKind, Transaction,
};
use super::super::dialect::is_reserved;
use super::super::error::{self, SqlError};
use super::cursor::Cursor;
use super::{condition, expression, options, statement, table};

/// `DECLARE @a type [= value], @t TABLE (…)`.
pub(super) fn declare(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("DECLARE")?;
    cursor.list(declaration).map(StatementKind::Declare)
}

fn declaration(cursor: &mut Cursor) -> Result<Declaration, SqlError> {
    let name = cursor.variable()?;
    cursor.eat("AS");
    if cursor.eat("TABLE") {
        return Ok(Declaration::Table { name, definition: table::definition(cursor, false)? });
    }
    let data_type = cursor.data_type()?;
    let value = if cursor.eat_token(&Token::Eq) { Some(Box::new(expression(cursor)?)) } else { None };
    Ok(Declaration::Scalar { name, data_type, value })
}

/// `SET @v = …` and `SET option value`.
pub(super) fn set(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("SET")?;
    if matches!(cursor.peek(), Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@'))
    {
        let name = cursor.variable()?;
        let operator = assignment_operator(cursor)?;
        return Ok(StatementKind::SetVariable { name, operator, value: Box::new(expression(cursor)?) });
    }
    options::option(cursor).map(StatementKind::SetOption)
}

/// `=`, `+=` and their kin.
pub(super) fn assignment_operator(cursor: &mut Cursor) -> Result<Option<BinaryOperator>, SqlError> {
    let operator = match cursor.peek() {
        Token::Plus => Some(BinaryOperator::Plus),
        Token::Minus => Some(BinaryOperator::Minus),
        Token::Mul => Some(BinaryOperator::Multiply),
        Token::Div => Some(BinaryOperator::Divide),
        Token::Mod => Some(BinaryOperator::Modulo),
        _ => None,
    };
    if operator.is_some() {
        cursor.advance();
    }
    cursor.expect_token(&Token::Eq)?;
    Ok(operator)
}

/// `IF condition statement [ELSE statement]`.
pub(super) fn if_else(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("IF")?;
    let condition = Box::new(condition(cursor)?);
    let then = Box::new(cursor.nested(branch)?);
    let otherwise = if cursor.eat("ELSE") { Some(Box::new(cursor.nested(branch)?)) } else { None };
    Ok(StatementKind::If { condition, then, otherwise })
}

/// `WHILE condition statement`.
pub(super) fn while_loop(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("WHILE")?;
    let condition = Box::new(condition(cursor)?);
    Ok(StatementKind::While { condition, body: Box::new(cursor.nested(branch)?) })
}

fn branch(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    statement(cursor, false)
}

/// `BEGIN … END`, `BEGIN TRY … END TRY BEGIN CATCH … END CATCH`, `BEGIN TRAN`.
pub(super) fn begin(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    if matches!(cursor.peek_nth_word(1).as_deref(), Some("TRAN" | "TRANSACTION")) {
        return transaction(cursor);
    }
    if cursor.peek_nth_word(1).as_deref() == Some("DISTRIBUTED") {
        return Err(error::not_modelled("distributed transactions").at_line(cursor.line()));
    }
    cursor.expect("BEGIN")?;
    if cursor.eat("TRY") {
        let attempt = cursor.nested(statements_to_end)?;
        cursor.expect("TRY")?;
        // No semicolon may stand between the two.
        cursor.expect_all(&["BEGIN", "CATCH"])?;
        let handler = if cursor.eat("END") { Vec::new() } else { cursor.nested(statements_to_end)? };
        cursor.expect("CATCH")?;
        return Ok(StatementKind::TryCatch { attempt, handler });
    }
    cursor.nested(statements_to_end).map(StatementKind::Block)
}

/// One statement or more, and the `END` behind them.
fn statements_to_end(cursor: &mut Cursor) -> Result<Vec<Statement>, SqlError> {
    let mut statements = Vec::new();
    loop {
        while cursor.eat_token(&Token::SemiColon) {}
        if cursor.peek_word().as_deref() == Some("END") && !statements.is_empty() {
            cursor.advance();
            return Ok(statements);
        }
        statements.push(statement(cursor, false)?);
    }
}

/// `BEGIN|COMMIT|ROLLBACK|SAVE TRAN [name]`.
pub(super) fn transaction(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let verb = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    let worded = cursor.eat("TRAN") || cursor.eat("TRANSACTION") || (verb != "BEGIN" && cursor.eat("WORK"));
    let named = worded
        && match cursor.peek() {
            Token::Word(word) => {
                word.quote_style.is_some() || !is_reserved(&word.value) && !is_verb(&word.value)
            }
            _ => false,
        };
    let name = match cursor.peek() {
        Token::Word(word) if named => {
            cursor.advance();
            Some(word.value)
        }
        _ => None,
    };
    let transaction = match (verb.as_str(), name) {
        ("BEGIN", name) => {
            if cursor.eat("WITH") {
                cursor.expect("MARK")?;
                if matches!(cursor.peek(), Token::SingleQuotedString(_) | Token::NationalStringLiteral(_)) {
                    cursor.string()?;
                }
            }
            Transaction::Begin(name)
        }
        ("COMMIT", _) => {
            delayed_durability(cursor)?;
            Transaction::Commit
        }
        ("ROLLBACK", name) => Transaction::Rollback(name),
        ("SAVE", Some(name)) => Transaction::Save(name),
        _ => return Err(cursor.unexpected()),
    };
    Ok(StatementKind::Transaction(transaction))
}

/// `WITH (DELAYED_DURABILITY = ON | OFF)`: nothing here is lost where power is.
fn delayed_durability(cursor: &mut Cursor) -> Result<(), SqlError> {
    if cursor.peek_nth_word(2).as_deref() == Some("DELAYED_DURABILITY") && cursor.eat("WITH") {
        cursor.expect_token(&Token::LParen)?;
        cursor.expect("DELAYED_DURABILITY")?;
        cursor.expect_equals()?;
        cursor.on_off()?;
        cursor.expect_token(&Token::RParen)?;
    }
    Ok(())
}

/// Words that begin a statement though they are not reserved.
fn is_verb(word: &str) -> bool {
    word.eq_ignore_ascii_case("THROW")
}

/// `THROW [number, message, state]`: constants and variables, no expressions.
pub(super) fn throw(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("THROW")?;
    let bare = matches!(cursor.peek(), Token::SemiColon | Token::EOF)
        || matches!(cursor.peek_word(), Some(word) if !word.starts_with('@'));
    if bare {
        return Ok(StatementKind::Throw(None));
    }
    let number = literal(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let message = literal(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let state = literal(cursor)?;
    Ok(StatementKind::Throw(Some(Box::new([number, message, state]))))
}

/// `RAISERROR (message, severity, state [, argument …]) [WITH NOWAIT, LOG, SETERROR]`: constants and variables.
pub(super) fn raise_error(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("RAISERROR")?;
    cursor.expect_token(&Token::LParen)?;
    let message = literal(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let severity = literal(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let state = literal(cursor)?;
    let mut arguments = Vec::new();
    while cursor.eat_token(&Token::Comma) {
        arguments.push(literal(cursor)?);
    }
    cursor.expect_token(&Token::RParen)?;
    let mut raised = RaiseError {
        message,
        severity,
        state,
        arguments,
        with_log: false,
        with_nowait: false,
        set_error: false,
    };
    if cursor.eat("WITH") {
        let options = cursor.list(|cursor| {
            cursor.one_of(&[
                ("NOWAIT", RaiseOption::NoWait),
                ("LOG", RaiseOption::Log),
                ("SETERROR", RaiseOption::SetError),
            ])
        })?;
        raised.with_nowait = options.contains(&RaiseOption::NoWait);
        raised.with_log = options.contains(&RaiseOption::Log);
        raised.set_error = options.contains(&RaiseOption::SetError);
    }
    Ok(StatementKind::RaiseError(Box::new(raised)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RaiseOption {
    NoWait,
    Log,
    SetError,
}

/// A constant or variable; a bare word is neither here.
pub(super) fn literal(cursor: &mut Cursor) -> Result<Expr, SqlError> {
    match cursor.peek() {
        Token::Word(word)
            if word.quote_style.is_some()
                || !(word.value.starts_with('@') || word.value.eq_ignore_ascii_case("NULL")) =>
        {
            Err(cursor.unexpected())
        }
        _ => constant(cursor),
    }
}

/// `GOTO label`.
pub(super) fn goto(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("GOTO")?;
    cursor.name().map(|name| StatementKind::Goto(Ident::new(name.0)))
}

/// `label:`.
pub(super) fn label(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let name = cursor.name()?;
    cursor.expect_token(&Token::Colon)?;
    Ok(StatementKind::Label(Ident::new(name.0)))
}

/// `EXEC [@r =] procedure …`, `EXEC (text)`.
pub(super) fn execute(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    if cursor.eat_token(&Token::LParen) {
        let text = expression(cursor)?;
        cursor.expect_token(&Token::RParen)?;
        if cursor.peek_word().as_deref() == Some("AT") {
            return Err(error::not_modelled("EXECUTE … AT a linked server").at_line(cursor.line()));
        }
        return Ok(StatementKind::ExecuteText(Box::new(text)));
    }
    execute_call(cursor).map(|call| StatementKind::Execute(Box::new(call)))
}

/// A procedure name at the start of a batch, without EXEC.
pub(super) fn execute_bare(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    execute_call(cursor).map(|call| StatementKind::Execute(Box::new(call)))
}

fn execute_call(cursor: &mut Cursor) -> Result<Execute, SqlError> {
    let is_variable = matches!(cursor.peek(), Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@'));
    let (result, procedure) = if is_variable {
        let variable = cursor.variable()?;
        if cursor.eat_token(&Token::Eq) {
            (Some(variable), procedure(cursor)?)
        } else {
            (None, Procedure::Variable(variable))
        }
    } else {
        (None, procedure(cursor)?)
    };
    let mut arguments = Vec::new();
    if begins_argument(cursor) {
        arguments = cursor.list(argument)?;
    }
    if cursor.eat("WITH") {
        cursor.list(|cursor| cursor.expect("RECOMPILE"))?;
    }
    Ok(Execute { result, procedure, arguments })
}

fn procedure(cursor: &mut Cursor) -> Result<Procedure, SqlError> {
    if matches!(cursor.peek(), Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@'))
    {
        return cursor.variable().map(Procedure::Variable);
    }
    match cursor.peek() {
        Token::Word(word) if word.quote_style.is_some() || !is_reserved(&word.value) => {
            cursor.object_name().map(Procedure::Named)
        }
        _ => Err(cursor.unexpected()),
    }
}

fn begins_argument(cursor: &Cursor) -> bool {
    match cursor.peek() {
        Token::SingleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::Number(..)
        | Token::Minus
        | Token::Plus => true,
        Token::Word(word) if word.quote_style.is_some() => true,
        Token::Word(word) => {
            let upper = word.value.to_ascii_uppercase();
            matches!(upper.as_str(), "NULL" | "DEFAULT") || !is_reserved(&upper) && !is_verb(&upper)
        }
        _ => false,
    }
}

/// `[@name =] value [OUTPUT]`. A bare word is a string, as in `sp_help sysname`; expressions are not allowed.
fn argument(cursor: &mut Cursor) -> Result<Argument, SqlError> {
    let named = matches!(cursor.peek(), Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@'))
        && matches!(cursor.peek_nth(1), Token::Eq);
    let name = if named {
        let name = cursor.variable()?;
        cursor.expect_token(&Token::Eq)?;
        Some(name)
    } else {
        None
    };
    if cursor.eat("DEFAULT") {
        return Ok(Argument { name, value: None, output: false });
    }
    let value = constant(cursor)?;
    let output = cursor.eat("OUTPUT") || cursor.eat("OUT");
    Ok(Argument { name, value: Some(value), output })
}

fn constant(cursor: &mut Cursor) -> Result<Expr, SqlError> {
    use sqlparser::ast::{UnaryOperator, Value};
    let negative = cursor.eat_token(&Token::Minus);
    if !negative {
        cursor.eat_token(&Token::Plus);
    }
    let value = match cursor.peek() {
        Token::Number(digits, long) => Expr::value(Value::Number(digits, long)),
        _ if negative => return Err(cursor.unexpected()),
        Token::SingleQuotedString(text) => Expr::value(Value::SingleQuotedString(text)),
        Token::NationalStringLiteral(text) => Expr::value(Value::NationalStringLiteral(text)),
        Token::HexStringLiteral(digits) => Expr::value(Value::HexStringLiteral(digits)),
        Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("NULL") => {
            Expr::value(Value::Null)
        }
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => {
            Expr::Identifier(Ident::new(word.value))
        }
        Token::Word(word) if word.quote_style.is_some() || !is_reserved(&word.value) => {
            Expr::value(Value::NationalStringLiteral(word.value))
        }
        _ => return Err(cursor.unexpected()),
    };
    cursor.advance();
    Ok(if negative { Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(value) } } else { value })
}

/// `RETURN [value]`.
pub(super) fn return_(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("RETURN")?;
    let bare = match cursor.peek() {
        Token::SemiColon | Token::EOF => true,
        Token::Word(word) => {
            word.quote_style.is_none() && is_reserved(&word.value) && !word.value.eq_ignore_ascii_case("NULL")
        }
        _ => false,
    };
    Ok(StatementKind::Return(if bare { None } else { Some(Box::new(expression(cursor)?)) }))
}

/// `WAITFOR DELAY|TIME 'hh:mm:ss'`.
pub(super) fn wait_for(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("WAITFOR")?;
    let delay = cursor.one_of(&[("DELAY", true), ("TIME", false)])?;
    match cursor.peek() {
        Token::SingleQuotedString(_) | Token::NationalStringLiteral(_) => {}
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => {}
        _ => return Err(cursor.unexpected()),
    }
    Ok(StatementKind::WaitFor { delay, value: Box::new(constant(cursor)?) })
}
