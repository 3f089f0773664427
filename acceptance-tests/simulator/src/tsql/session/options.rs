//! SET: what it changes, and what statements do under it.
//!
//! Source: learn.microsoft.com "SET ROWCOUNT", "SET TEXTSIZE", "SET CONTEXT_INFO", "SET FMTONLY", "SET NOEXEC", "SET
//! PARSEONLY", "SET LANGUAGE".

use rusqlite::types::Value;

use super::super::ast::{SessionOption, Statement, StatementKind};
use super::super::error::{SqlError, raise};
use super::super::query::{self, Column};
use super::super::value::{self, Type};
use super::run::{Flow, deferred};
use super::scope::Scope;
use super::stop::Stop;
use super::{Output, SqlSession};

/// Bytes of CONTEXT_INFO.
const CONTEXT: usize = 128;
/// What `SET TEXTSIZE 0` means.
const DEFAULT_TEXT_SIZE: usize = 4096;

impl SqlSession {
    /// Carries out a SET.
    pub(super) async fn set(&mut self, option: &SessionOption, output: &mut Output<'_>) -> Result<(), Stop> {
        if let SessionOption::Several(several) = option {
            for one in several {
                self.set_one(one)?;
            }
            return Ok(());
        }
        if *option == SessionOption::Language {
            output.error(&raise!(5703, "us_english")).await;
        }
        self.set_one(option).map_err(Stop::from)
    }

    fn set_one(&mut self, option: &SessionOption) -> Result<(), SqlError> {
        match option {
            SessionOption::IdentityInsert(table, on) => return self.set_identity_insert(table, *on),
            SessionOption::RowCount(count) => {
                let count = self.whole(count)?.unwrap_or(0);
                self.options.row_count = usize::try_from(count).map_err(|_| raise!(507))?;
            }
            SessionOption::ContextInfo(value) => {
                let (from, value) = self.typed(value)?;
                let Value::Blob(mut bytes) = value::convert(value, from, Type::VarBinary(Some(128)), 0)?
                else {
                    return Err(raise!(8114, "NULL", "varbinary(128)"));
                };
                bytes.resize(CONTEXT, 0);
                self.context_info = Some(bytes);
            }
            SessionOption::ImplicitTransactions(on) => self.options.implicit_transactions = *on,
            SessionOption::XactAbort(on) => self.options.xact_abort = *on,
            SessionOption::NoCount(on) => self.options.no_count = *on,
            SessionOption::LockTimeout(limit) => self.options.lock_timeout = *limit,
            SessionOption::TextSize(bytes) => {
                self.options.text_size = match usize::try_from(*bytes) {
                    Ok(0) => Some(DEFAULT_TEXT_SIZE),
                    Ok(bytes) if bytes < MOST_TEXT => Some(bytes),
                    _ => None,
                };
            }
            SessionOption::Isolation(level) => self.options.isolation = *level,
            SessionOption::FormatOnly(on) => self.options.format_only = *on,
            SessionOption::NoExec(on) => self.options.no_exec = *on,
            SessionOption::ParseOnly(on) => self.options.parse_only = *on,
            SessionOption::ArithAbort(on) => self.options.arith_abort = *on,
            SessionOption::CursorCloseOnCommit(on) => self.options.cursor_close_on_commit = *on,
            SessionOption::Several(_) | SessionOption::Language | SessionOption::Without => {}
        }
        Ok(())
    }

    /// Whether a text is only read. SET PARSEONLY acts while a text is read, so its last one counts for all of it.
    /// [a probe of SQL Server 2025: ON and OFF around a statement let it run]
    pub(super) fn only_parsed(&mut self, statements: &[Statement]) -> bool {
        let mut last = self.options.parse_only;
        walk(statements, &mut |option| {
            let one = match option {
                SessionOption::Several(several) => several.as_slice(),
                one => std::slice::from_ref(one),
            };
            for option in one {
                if let SessionOption::ParseOnly(on) = option {
                    last = *on;
                }
            }
        });
        self.options.parse_only = last;
        last
    }

    /// A statement under FMTONLY: both branches of everything, the columns of queries, and nothing else.
    pub(super) async fn formatted(
        &mut self,
        statement: &Statement,
        output: &mut Output<'_>,
    ) -> Result<Flow, Stop> {
        match &statement.kind {
            StatementKind::Query(query) => {
                let plan = query::plan(query, &Scope(self)).map_err(deferred)?;
                if plan.assignments.is_empty() && plan.into.is_none() {
                    output.result(&plan.columns, Vec::new()).await;
                }
                Ok(Flow::Next)
            }
            StatementKind::If { then, otherwise, .. } => {
                self.statements(std::slice::from_ref(then), output).await?;
                if let Some(otherwise) = otherwise {
                    self.statements(std::slice::from_ref(otherwise), output).await?;
                }
                Ok(Flow::Next)
            }
            StatementKind::While { body, .. } => {
                self.statements(std::slice::from_ref(body), output).await?;
                Ok(Flow::Next)
            }
            StatementKind::Block(statements) => self.statements(statements, output).await,
            StatementKind::TryCatch { attempt, handler } => {
                self.statements(attempt, output).await?;
                self.statements(handler, output).await
            }
            StatementKind::Execute(call) => Box::pin(self.execute(call, output)).await,
            StatementKind::SetOption(option) => {
                self.set(option, output).await?;
                Ok(Flow::Next)
            }
            _ => Ok(Flow::Next),
        }
    }
}

/// The largest TEXTSIZE, which is none.
const MOST_TEXT: usize = 2_147_483_647;

fn walk(statements: &[Statement], visit: &mut dyn FnMut(&SessionOption)) {
    for statement in statements {
        match &statement.kind {
            StatementKind::SetOption(option) => visit(option),
            StatementKind::If { then, otherwise, .. } => {
                walk(std::slice::from_ref(then), visit);
                if let Some(otherwise) = otherwise {
                    walk(std::slice::from_ref(otherwise), visit);
                }
            }
            StatementKind::While { body, .. } => walk(std::slice::from_ref(body), visit),
            StatementKind::Block(statements) => walk(statements, visit),
            StatementKind::TryCatch { attempt, handler } => {
                walk(attempt, visit);
                walk(handler, visit);
            }
            _ => {}
        }
    }
}

/// Cuts values of the types without a length.
pub(super) fn cut_long_values(columns: &[Column], rows: &mut [Vec<Value>], bytes: usize) {
    for row in rows {
        for (value, column) in row.iter_mut().zip(columns) {
            match (value, column.data_type) {
                (Value::Text(text), Type::VarChar(None)) => *text = text.chars().take(bytes).collect(),
                (Value::Text(text), Type::NVarChar(None)) => *text = text.chars().take(bytes / 2).collect(),
                (Value::Blob(blob), Type::VarBinary(None)) => blob.truncate(bytes),
                _ => {}
            }
        }
    }
}
