//! `SET option value` and the hints behind a query: what they may be, and which of them have no effect here.
//!
//! An option whose effect is not modelled is refused where it would have one, and read where it would not: drivers set
//! a dozen of them to what they are anyway.

use sqlparser::ast::Expr;
use sqlparser::tokenizer::Token;

use super::super::ast::SessionOption;
use super::super::error::{self, SqlError, raise};
use super::cursor::Cursor;
use super::{change, control};

/// What follows SET, unless it is a variable.
pub(super) fn option(cursor: &mut Cursor) -> Result<SessionOption, SqlError> {
    let line = cursor.line();
    let word = cursor.peek_word().ok_or_else(|| cursor.unexpected())?;
    cursor.advance();
    Ok(match word.as_str() {
        "LOCK_TIMEOUT" => SessionOption::LockTimeout(cursor.integer()?),
        "DATEFORMAT" => date_format(cursor)?,
        "DATEFIRST" => date_first(cursor)?,
        "LANGUAGE" => language(cursor)?,
        "IDENTITY_INSERT" => {
            let table = change::target(cursor)?.to_string();
            SessionOption::IdentityInsert(table, cursor.on_off()?)
        }
        "TRANSACTION" => SessionOption::Isolation(isolation(cursor)?),
        "ROWCOUNT" => SessionOption::RowCount(Box::new(control::literal(cursor)?)),
        "TEXTSIZE" => SessionOption::TextSize(cursor.integer()?),
        "QUERY_GOVERNOR_COST_LIMIT" => {
            // No query here has a cost.
            cursor.integer()?;
            SessionOption::Without
        }
        "DEADLOCK_PRIORITY" => {
            let _ = cursor.eat("LOW") || cursor.eat("NORMAL") || cursor.eat("HIGH") || {
                let priority = cursor.integer()?;
                if !(-10..=10).contains(&priority) {
                    return Err(cursor.unexpected());
                }
                true
            };
            SessionOption::Without
        }
        "CONTEXT_INFO" => SessionOption::ContextInfo(Box::new(control::literal(cursor)?)),
        "STATISTICS" => {
            let what =
                cursor.peek_word().filter(|what| matches!(what.as_str(), "IO" | "TIME" | "PROFILE" | "XML"));
            let what = what.ok_or_else(|| cursor.unexpected())?;
            cursor.advance();
            if cursor.on_off()? {
                return Err(error::not_modelled(&format!("SET STATISTICS {what} ON")).at_line(line));
            }
            SessionOption::Without
        }
        name if SWITCHES.contains(&name) => switches(cursor, word)?,
        _ => return Err(error::unknown_set_option(&word, line)),
    })
}

/// Options that are on or off, several of which may stand in one SET.
const SWITCHES: [&str; 25] = [
    "ANSI_DEFAULTS",
    "ANSI_NULLS",
    "ANSI_NULL_DFLT_OFF",
    "ANSI_NULL_DFLT_ON",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "CURSOR_CLOSE_ON_COMMIT",
    "DISABLE_DEF_CNST_CHK",
    "FMTONLY",
    "FORCEPLAN",
    "IMPLICIT_TRANSACTIONS",
    "NOCOUNT",
    "NOEXEC",
    "NO_BROWSETABLE",
    "NUMERIC_ROUNDABORT",
    "PARSEONLY",
    "QUOTED_IDENTIFIER",
    "REMOTE_PROC_TRANSACTIONS",
    "SHOWPLAN_ALL",
    "SHOWPLAN_TEXT",
    "SHOWPLAN_XML",
    "XACT_ABORT",
];

/// `SET ANSI_NULLS, QUOTED_IDENTIFIER ON`. What would change results in a way that is not modelled is refused.
fn switches(cursor: &mut Cursor, first: String) -> Result<SessionOption, SqlError> {
    let line = cursor.line();
    let mut names = vec![first];
    while cursor.eat_token(&Token::Comma) {
        let word = cursor.peek_word().filter(|word| SWITCHES.contains(&word.as_str()));
        names.push(word.ok_or_else(|| cursor.unexpected())?);
        cursor.advance();
    }
    let on = cursor.on_off()?;
    let mut options = Vec::new();
    for name in names {
        let refused = match name.as_str() {
            // What nobody sets otherwise: results would differ, which is not modelled.
            "ANSI_DEFAULTS"
            | "ANSI_NULLS"
            | "ANSI_NULL_DFLT_ON"
            | "ANSI_PADDING"
            | "ANSI_WARNINGS"
            | "CONCAT_NULL_YIELDS_NULL"
            | "QUOTED_IDENTIFIER" => !on,
            "ANSI_NULL_DFLT_OFF" | "ARITHIGNORE" | "NUMERIC_ROUNDABORT" | "SHOWPLAN_ALL"
            | "SHOWPLAN_TEXT" | "SHOWPLAN_XML" => on,
            _ => false,
        };
        if refused {
            let state = if on { "ON" } else { "OFF" };
            return Err(error::not_modelled(&format!("SET {name} {state}")).at_line(line));
        }
        options.push(match name.as_str() {
            "IMPLICIT_TRANSACTIONS" => SessionOption::ImplicitTransactions(on),
            "XACT_ABORT" => SessionOption::XactAbort(on),
            "NOCOUNT" => SessionOption::NoCount(on),
            "FMTONLY" => SessionOption::FormatOnly(on),
            "NOEXEC" => SessionOption::NoExec(on),
            "PARSEONLY" => SessionOption::ParseOnly(on),
            "ARITHABORT" => SessionOption::ArithAbort(on),
            "CURSOR_CLOSE_ON_COMMIT" => SessionOption::CursorCloseOnCommit(on),
            // ANSI_DEFAULTS switches it on too.
            "ANSI_DEFAULTS" => SessionOption::ImplicitTransactions(on),
            _ => SessionOption::Without,
        });
    }
    Ok(match <[SessionOption; 1]>::try_from(options) {
        Ok([one]) => one,
        Err(several) => SessionOption::Several(several),
    })
}

/// The number of an isolation level in `sys.dm_exec_sessions`.
fn isolation(cursor: &mut Cursor) -> Result<u8, SqlError> {
    cursor.expect_all(&["ISOLATION", "LEVEL"])?;
    for (words, level) in [
        (&["READ", "UNCOMMITTED"][..], 1),
        (&["READ", "COMMITTED"], 2),
        (&["REPEATABLE", "READ"], 3),
        (&["SERIALIZABLE"], 4),
        (&["SNAPSHOT"], 5),
    ] {
        if cursor.eat_all(words) {
            return Ok(level);
        }
    }
    Err(cursor.unexpected())
}

/// A word or a string.
fn word_or_string(cursor: &mut Cursor) -> Result<String, SqlError> {
    match cursor.peek() {
        Token::SingleQuotedString(_) | Token::NationalStringLiteral(_) => cursor.string(),
        _ => Ok(cursor.name()?.0),
    }
}

fn language(cursor: &mut Cursor) -> Result<SessionOption, SqlError> {
    let line = cursor.line();
    let name = word_or_string(cursor)?;
    if ["us_english", "English"].iter().any(|known| known.eq_ignore_ascii_case(&name)) {
        return Ok(SessionOption::Language);
    }
    Err(error::not_modelled("languages but English").at_line(line))
}

fn date_format(cursor: &mut Cursor) -> Result<SessionOption, SqlError> {
    let line = cursor.line();
    let order = word_or_string(cursor)?;
    match order.to_ascii_lowercase().as_str() {
        "mdy" => Ok(SessionOption::Without),
        "dmy" | "ymd" | "ydm" | "myd" | "dym" => {
            Err(error::not_modelled(&format!("SET DATEFORMAT {order}")).at_line(line))
        }
        _ => Err(raise!(2741, order).at_line(line)),
    }
}

fn date_first(cursor: &mut Cursor) -> Result<SessionOption, SqlError> {
    let line = cursor.line();
    match cursor.integer()? {
        7 => Ok(SessionOption::Without),
        day @ 1..=6 => Err(error::not_modelled(&format!("SET DATEFIRST {day}")).at_line(line)),
        day => Err(raise!(2742, day).at_line(line)),
    }
}

/// `OPTION (RECOMPILE, …)`: hints change no result, so they are read and forgotten, but for how deep a recursion may go.
pub(super) fn query_hints(cursor: &mut Cursor) -> Result<Option<Expr>, SqlError> {
    if !cursor.eat("OPTION") {
        return Ok(None);
    }
    cursor.expect_token(&Token::LParen)?;
    let mut recursion = None;
    loop {
        if cursor.eat(super::MAX_RECURSION) {
            let line = cursor.line();
            let limit = cursor.integer()?;
            if !(0..=32767).contains(&limit) {
                return Err(error::recursion_limit(limit, line));
            }
            let number = sqlparser::ast::Value::Number(limit.to_string(), false);
            recursion = Some(Expr::value(number));
        } else {
            query_hint(cursor)?;
        }
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(recursion)
}

/// Hints of words alone. [learn.microsoft.com: "Query hints (Transact-SQL)"]
const WORDS: [&[&str]; 19] = [
    &["CONCAT", "UNION"],
    &["DISABLE", "EXTERNALPUSHDOWN"],
    &["EXPAND", "VIEWS"],
    &["FORCE", "EXTERNALPUSHDOWN"],
    &["FORCE", "ORDER"],
    &["HASH", "GROUP"],
    &["HASH", "JOIN"],
    &["HASH", "UNION"],
    &["IGNORE_NONCLUSTERED_COLUMNSTORE_INDEX"],
    &["KEEP", "PLAN"],
    &["KEEPFIXED", "PLAN"],
    &["LOOP", "JOIN"],
    &["MERGE", "JOIN"],
    &["MERGE", "UNION"],
    &["NO_PERFORMANCE_SPOOL"],
    &["OPTIMIZE", "FOR", "UNKNOWN"],
    &["ORDER", "GROUP"],
    &["RECOMPILE"],
    &["ROBUST", "PLAN"],
];

fn query_hint(cursor: &mut Cursor) -> Result<(), SqlError> {
    if WORDS.iter().any(|words| cursor.eat_all(words)) {
        return Ok(());
    }
    if cursor.eat("FAST") || cursor.eat("MAXDOP") || cursor.eat("QUERYTRACEON") {
        return cursor.integer().map(drop);
    }
    if cursor.eat("MAX_GRANT_PERCENT") || cursor.eat("MIN_GRANT_PERCENT") {
        cursor.expect_equals()?;
        return cursor.number().map(drop);
    }
    if cursor.eat("PARAMETERIZATION") {
        return cursor.one_of(&[("SIMPLE", ()), ("FORCED", ())]);
    }
    if cursor.eat_all(&["USE", "HINT"]) {
        cursor.expect_token(&Token::LParen)?;
        cursor.list(used_hint)?;
        return cursor.expect_token(&Token::RParen);
    }
    if cursor.eat_all(&["OPTIMIZE", "FOR"]) {
        cursor.expect_token(&Token::LParen)?;
        cursor.list(|cursor| {
            cursor.variable()?;
            if cursor.eat("UNKNOWN") {
                return Ok(());
            }
            cursor.expect_equals()?;
            super::expression(cursor).map(drop)
        })?;
        return cursor.expect_token(&Token::RParen);
    }
    if cursor.peek_word().as_deref() == Some("USE") || cursor.peek_word().as_deref() == Some("TABLE") {
        return Err(error::not_modelled("OPTION (USE PLAN) and OPTION (TABLE HINT)").at_line(cursor.line()));
    }
    Err(cursor.unexpected())
}

/// What USE HINT takes. [learn.microsoft.com: "Query hints", `<use_hint_name>`; `sys.dm_exec_valid_use_hints`]
const USED: [&str; 20] = [
    "ALLOW_BATCH_MODE",
    "ASSUME_FIXED_MAX_SELECTIVITY_FOR_REGEXP",
    "ASSUME_FULL_INDEPENDENCE_FOR_FILTER_ESTIMATES",
    "ASSUME_JOIN_PREDICATE_DEPENDS_ON_FILTERS",
    "ASSUME_MIN_SELECTIVITY_FOR_FILTER_ESTIMATES",
    "ASSUME_PARTIAL_CORRELATION_FOR_FILTER_ESTIMATES",
    "DISABLE_BATCH_MODE_ADAPTIVE_JOINS",
    "DISABLE_BATCH_MODE_MEMORY_GRANT_FEEDBACK",
    "DISABLE_DEFERRED_COMPILATION_TV",
    "DISABLE_INTERLEAVED_EXECUTION_TVF",
    "DISABLE_OPTIMIZED_NESTED_LOOP",
    "DISABLE_OPTIMIZER_ROWGOAL",
    "DISABLE_PARAMETER_SNIFFING",
    "DISABLE_ROW_MODE_MEMORY_GRANT_FEEDBACK",
    "DISABLE_TSQL_SCALAR_UDF_INLINING",
    "DISALLOW_BATCH_MODE",
    "ENABLE_HIST_AMENDMENT_FOR_ASC_KEYS",
    "ENABLE_QUERY_OPTIMIZER_HOTFIXES",
    "FORCE_DEFAULT_CARDINALITY_ESTIMATION",
    "FORCE_LEGACY_CARDINALITY_ESTIMATION",
];

fn used_hint(cursor: &mut Cursor) -> Result<(), SqlError> {
    let line = cursor.line();
    let name = cursor.string()?.to_ascii_uppercase();
    let levels = name.strip_prefix("QUERY_OPTIMIZER_COMPATIBILITY_LEVEL_");
    let is_level =
        levels.is_some_and(|level| level.len() == 3 && level.bytes().all(|one| one.is_ascii_digit()));
    if is_level || name == "QUERY_PLAN_PROFILE" || USED.contains(&name.as_str()) {
        return Ok(());
    }
    Err(raise!(10715, name).at_line(line))
}
