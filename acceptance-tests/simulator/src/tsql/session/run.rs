//! Statement by statement: control flow, TRY and CATCH, and what the journal and faults have to do with it.

use std::future::Future;
use std::pin::Pin;

use sqlparser::ast::Expr;

use super::super::ast::{Ddl, Declaration, RoleScope, Statement, StatementKind};
use super::super::error::{self, SqlError, raise};
use super::super::parser;
use super::frame::Frame;
use super::stop::{Reach, Stop};
use super::{Output, SqlSession, assign, bind, labels};
use crate::faults::{Failure, Reply, Verdict as FaultVerdict};
use crate::journal::{Event as JournalEvent, Face, Outcome};
use crate::tds::backend::{Event, Verdict};

/// Where a statement leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    /// To the label of that name.
    Goto(String),
    Return,
    /// The connection breaks.
    Cut,
}

/// What becomes of a statement before it runs.
enum Admitted {
    Runs(Reply),
    Ends(Outcome, Result<Flow, Stop>),
}

/// What is wrong with a change before it touches a row: nothing is terminated then.
const UNBEGUN: [i32; 5] = [127, 544, 545, 1031, 1060];

/// A loop of a batch that never ends is ended.
const ITERATIONS: u32 = 1_000_000;

type Step<'a> = Pin<Box<dyn Future<Output = Result<Flow, Stop>> + Send + 'a>>;

impl SqlSession {
    /// Runs a batch.
    pub(super) async fn batch(&mut self, text: &str, output: &mut Output<'_>) -> Verdict {
        self.frames = vec![Frame::default()];
        let bound = parser::parse(text, self.shared.major).and_then(|batch| {
            if self.only_parsed(&batch.statements) {
                return Ok(None);
            }
            bind::bind(self, &batch.statements).map(|()| Some(batch))
        });
        let ended = match bound {
            Ok(Some(batch)) => self.statements(&batch.statements, output).await,
            Ok(None) => Ok(Flow::Next),
            Err(error) => Err(Stop::compile(error)),
        };
        match ended {
            Ok(Flow::Cut) => Verdict::Cut,
            Ok(_) => Verdict::Continue,
            Err(stop) => self.uncaught(stop, output).await,
        }
    }

    /// An error that nothing caught ends the request.
    pub(super) async fn uncaught(&mut self, stop: Stop, output: &mut Output<'_>) -> Verdict {
        self.last_error = stop.error.number;
        output.error(&stop.error).await;
        if stop.reach >= Reach::Transaction
            && let Some(left) = self.roll_back(output).await
        {
            output.error(&left).await;
        }
        if stop.reach == Reach::Connection { Verdict::Close } else { Verdict::Continue }
    }

    /// Whether a TRY block runs, in whatever frame.
    pub(super) fn is_tried(&self) -> bool {
        self.frames.iter().any(|frame| frame.tries > 0)
    }

    /// The statement counted rows and went well.
    pub(super) fn counted(&mut self, rows: i64) {
        self.row_count = rows;
        self.last_error = 0;
    }

    /// Runs statements in order, up to an error that ends more than its statement.
    pub(super) fn statements<'a>(
        &'a mut self,
        statements: &'a [Statement],
        output: &'a mut Output<'_>,
    ) -> Step<'a> {
        self.statements_from(statements, None, output)
    }

    /// The same, beginning at a label that one of them leads to.
    fn statements_from<'a>(
        &'a mut self,
        statements: &'a [Statement],
        mut label: Option<String>,
        output: &'a mut Output<'_>,
    ) -> Step<'a> {
        Box::pin(async move {
            let mut next =
                label.as_ref().and_then(|label| self.way_to(statements, label)).unwrap_or_default();
            while let Some(statement) = statements.get(next) {
                next += 1;
                if output.attention.is_cancelled() {
                    return Ok(Flow::Return);
                }
                let ended = match label.take() {
                    Some(label) => Box::pin(self.entered(statement, label, output)).await,
                    None => self.statement(statement, output).await,
                };
                match ended {
                    Ok(Flow::Next) => {}
                    Ok(Flow::Goto(wanted)) => match self.way_to(statements, &wanted) {
                        Some(place) => {
                            next = place;
                            label = Some(wanted);
                            // A loop of jumps must leave others their turn.
                            tokio::task::yield_now().await;
                        }
                        None => return Ok(Flow::Goto(wanted)),
                    },
                    Ok(other) => return Ok(other),
                    Err(stop) => self.failed(statement, stop.at_line(statement.line), output).await?,
                }
            }
            Ok(Flow::Next)
        })
    }

    /// The place of the statement that is a label or leads to it.
    fn way_to(&self, statements: &[Statement], label: &str) -> Option<usize> {
        statements.iter().position(|statement| labels::leads_to(self.shared.collation, statement, label))
    }

    /// Runs a statement from a label within it on: what leads there is not asked for its condition.
    async fn entered(
        &mut self,
        statement: &Statement,
        label: String,
        output: &mut Output<'_>,
    ) -> Result<Flow, Stop> {
        match &statement.kind {
            StatementKind::Block(statements) => self.statements_from(statements, Some(label), output).await,
            StatementKind::If { then, otherwise, .. } => {
                let leads = labels::leads_to(self.shared.collation, then, &label);
                let branch = if leads { Some(then) } else { otherwise.as_ref() };
                let branch = branch.map_or(&[] as &[Statement], |branch| std::slice::from_ref(&**branch));
                self.statements_from(branch, Some(label), output).await
            }
            StatementKind::While { condition, body } => {
                Box::pin(self.rounds(condition, body, Some(label), output)).await
            }
            _ => Ok(Flow::Next),
        }
    }

    /// The rounds of a loop, of which a jump may enter the first.
    async fn rounds(
        &mut self,
        condition: &Expr,
        body: &Statement,
        mut label: Option<String>,
        output: &mut Output<'_>,
    ) -> Result<Flow, Stop> {
        for _round in 0..ITERATIONS {
            let label = label.take();
            if label.is_none() {
                let holds = self.holds(condition).map_err(deferred)?;
                self.counted(0);
                if output.attention.is_cancelled() || !holds {
                    return Ok(Flow::Next);
                }
            }
            match self.statements_from(std::slice::from_ref(body), label, output).await? {
                Flow::Break => {
                    self.counted(0);
                    return Ok(Flow::Next);
                }
                Flow::Next | Flow::Continue => {}
                other => return Ok(other),
            }
            tokio::task::yield_now().await;
        }
        Err(error::not_modelled("a loop of more than a million rounds").into())
    }

    /// A statement failed: what is not caught and ends no more than it is told to the client.
    async fn failed(
        &mut self,
        statement: &Statement,
        stop: Stop,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        // A block passes on what a statement within it failed by.
        self.last_error = stop.error.number;
        let stop = if self.options.xact_abort { stop.under_xact_abort() } else { stop };
        if stop.reach > Reach::Statement || self.is_tried() {
            return Err(stop);
        }
        output.error(&stop.error).await;
        let changes = matches!(
            &statement.kind,
            StatementKind::Insert(_) | StatementKind::Update { .. } | StatementKind::Delete(_)
        );
        if changes && !UNBEGUN.contains(&stop.error.number) {
            output.error(&raise!(3621).at_line(statement.line)).await;
        }
        output.send(Event::Done { rows: None, error: true }).await;
        Ok(())
    }

    async fn statement(&mut self, statement: &Statement, output: &mut Output<'_>) -> Result<Flow, Stop> {
        if self.options.no_exec && !matches!(statement.kind, StatementKind::SetOption(_)) {
            return Ok(Flow::Next);
        }
        if self.options.format_only {
            return Box::pin(self.formatted(statement, output)).await;
        }
        match &statement.kind {
            StatementKind::If { condition, then, otherwise } => {
                let holds = self.holds(condition).map_err(deferred)?;
                // The branch sees no counts of what came before, and none of the condition's.
                self.counted(0);
                match (holds, otherwise) {
                    (true, _) => self.statements(std::slice::from_ref(then), output).await,
                    (false, Some(otherwise)) => {
                        self.statements(std::slice::from_ref(otherwise), output).await
                    }
                    (false, None) => Ok(Flow::Next),
                }
            }
            StatementKind::While { condition, body } => {
                Box::pin(self.rounds(condition, body, None, output)).await
            }
            StatementKind::Break => Ok(Flow::Break),
            StatementKind::Continue => Ok(Flow::Continue),
            StatementKind::Label(_) => Ok(Flow::Next),
            StatementKind::Goto(name) => Ok(Flow::Goto(name.value.clone())),
            StatementKind::Block(statements) => self.statements(statements, output).await,
            // What goes deeper is boxed: texts may nest 32 deep, and each level lies on the stack while it is polled.
            StatementKind::TryCatch { attempt, handler } => {
                Box::pin(self.try_catch(attempt, handler, output)).await
            }
            StatementKind::Return(_) => Ok(Flow::Return),
            StatementKind::Declare(declarations) => {
                // They were declared before anything ran; only values are left, each time that the statement is reached.
                for declaration in declarations {
                    if let Declaration::Scalar { name, value: Some(value), .. } = declaration {
                        let value = self.typed(value).map_err(deferred)?;
                        self.assign(&name.value, value)?;
                        self.counted(1);
                    }
                }
                Ok(Flow::Next)
            }
            StatementKind::SetVariable { name, operator, value } => {
                let value = match operator {
                    Some(operator) => self.typed(&assign::compound(name, operator, value)),
                    None => self.typed(value),
                };
                let value = value.map_err(deferred)?;
                self.assign(&name.value, value)?;
                self.counted(1);
                Ok(Flow::Next)
            }
            StatementKind::SetOption(option) => {
                self.set(option, output).await?;
                self.counted(0);
                Ok(Flow::Next)
            }
            _ => Box::pin(self.recorded(statement, output)).await,
        }
    }

    async fn try_catch(
        &mut self,
        attempt: &[Statement],
        handler: &[Statement],
        output: &mut Output<'_>,
    ) -> Result<Flow, Stop> {
        self.trying(true);
        let tried = self.statements(attempt, output).await;
        self.trying(false);
        let stop = match tried {
            Err(stop) if stop.is_caught() => stop,
            other => return other,
        };
        if self.transaction.depth > 0 && (stop.reach == Reach::Transaction || self.options.xact_abort) {
            self.transaction.doomed = true;
        }
        self.handled.push(stop.error);
        let ended = self.statements(handler, output).await;
        self.handled.pop();
        ended
    }

    fn trying(&mut self, begins: bool) {
        if let Some(frame) = self.frames.last_mut() {
            frame.tries = if begins { frame.tries + 1 } else { frame.tries.saturating_sub(1) };
        }
    }

    /// A statement that the journal knows and faults can hit.
    async fn recorded(&mut self, statement: &Statement, output: &mut Output<'_>) -> Result<Flow, Stop> {
        let event = JournalEvent {
            who: self.login.clone(),
            server: self.shared.engine.to_string(),
            text: statement.text.clone(),
            ..JournalEvent::new(Face::Sql, kind(statement))
        };
        let mut entry = self.shared.journal.begin(&event);
        entry.who(&self.login);
        let reply = match Box::pin(self.admitted(&event, output)).await {
            Admitted::Runs(reply) => reply,
            Admitted::Ends(outcome, ended) => {
                entry.finish(outcome);
                return ended;
            }
        };
        let done = Box::pin(self.act(statement, output)).await;
        if let Err(action) = reply.release() {
            entry.finish(Outcome::Fault { action });
            return Ok(Flow::Cut);
        }
        entry.finish(match &done {
            Ok(_) => Outcome::Ok { detail: self.row_count },
            Err(Stop { error, .. }) => {
                Outcome::Error { code: error.number.to_string(), message: error.message.clone() }
            }
        });
        done
    }

    /// What faults make of a statement before it runs.
    async fn admitted(&self, event: &JournalEvent, output: &Output<'_>) -> Admitted {
        let faults = self.shared.faults.clone();
        let decided = tokio::select! {
            biased;
            decided = faults.before(event) => decided,
            () = output.attention.cancelled() => {
                return Admitted::Ends(Outcome::Abandoned, Ok(Flow::Return));
            }
        };
        match decided {
            FaultVerdict::Proceed(reply) => Admitted::Runs(reply),
            FaultVerdict::Fail(Failure::Sql { number, class, state, message }) => {
                let outcome = Outcome::Error { code: number.to_string(), message: message.clone() };
                Admitted::Ends(outcome, Err(SqlError::new(number, class, state, message).into()))
            }
            FaultVerdict::Fail(Failure::Http { .. }) => Admitted::Ends(Outcome::Abandoned, Ok(Flow::Next)),
            FaultVerdict::Cut(action) => Admitted::Ends(Outcome::Fault { action }, Ok(Flow::Cut)),
        }
    }
}

/// An error of a statement that is bound when it is reached: a name that is still unknown ends the frame.
pub(super) fn deferred(error: SqlError) -> Stop {
    match error.number {
        195 | 207 | 208 | 209 | 4104 | 4121 => Stop::deferred(error),
        _ => Stop::from(error),
    }
}

/// What the journal calls a statement.
fn kind(statement: &Statement) -> String {
    match &statement.kind {
        StatementKind::Query(_) => "SELECT".to_owned(),
        StatementKind::Insert(_) => "INSERT".to_owned(),
        StatementKind::Ddl(statement) => ddl_kind(statement).to_owned(),
        StatementKind::Execute(call) => super::procedures::name(&call.procedure),
        _ => statement.text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase(),
    }
}

pub(super) fn ddl_kind(statement: &Ddl) -> &'static str {
    match statement {
        Ddl::CreateMasterKey { .. } => "CREATE MASTER KEY",
        Ddl::AlterMasterKey(_) => "ALTER MASTER KEY",
        Ddl::DropMasterKey => "DROP MASTER KEY",
        Ddl::OpenMasterKey { .. } => "OPEN MASTER KEY",
        Ddl::CloseMasterKey => "CLOSE MASTER KEY",
        Ddl::BackupMasterKey { .. } => "BACKUP MASTER KEY",
        Ddl::RestoreMasterKey => "RESTORE MASTER KEY",
        Ddl::CreateCertificate(_) => "CREATE CERTIFICATE",
        Ddl::AlterCertificate { .. } => "ALTER CERTIFICATE",
        Ddl::DropCertificate { .. } => "DROP CERTIFICATE",
        Ddl::BackupCertificate { .. } => "BACKUP CERTIFICATE",
        Ddl::CreateEndpoint(_) => "CREATE ENDPOINT",
        Ddl::AlterEndpoint(_) => "ALTER ENDPOINT",
        Ddl::DropEndpoint { .. } => "DROP ENDPOINT",
        Ddl::AlterAuthorization { .. } => "ALTER AUTHORIZATION",
        Ddl::Permission(_) => "GRANT",
        Ddl::CreateAvailabilityGroup(_) => "CREATE AVAILABILITY GROUP",
        Ddl::AlterAvailabilityGroup { .. } => "ALTER AVAILABILITY GROUP",
        Ddl::DropAvailabilityGroup { .. } => "DROP AVAILABILITY GROUP",
        Ddl::CreateDatabase { .. } => "CREATE DATABASE",
        Ddl::AlterDatabase { .. } => "ALTER DATABASE",
        Ddl::DropDatabases { .. } => "DROP DATABASE",
        Ddl::Backup(_) => "BACKUP",
        Ddl::Restore(_) => "RESTORE",
        Ddl::CreateLogin(_) => "CREATE LOGIN",
        Ddl::AlterLogin { .. } => "ALTER LOGIN",
        Ddl::DropLogin { .. } => "DROP LOGIN",
        Ddl::CreateUser { .. } => "CREATE USER",
        Ddl::DropUser { .. } => "DROP USER",
        Ddl::CreateRole { scope: RoleScope::Database, .. } => "CREATE ROLE",
        Ddl::CreateRole { scope: RoleScope::Server, .. } => "CREATE SERVER ROLE",
        Ddl::AlterRole { scope: RoleScope::Database, .. } => "ALTER ROLE",
        Ddl::AlterRole { scope: RoleScope::Server, .. } => "ALTER SERVER ROLE",
        Ddl::DropRole { scope: RoleScope::Database, .. } => "DROP ROLE",
        Ddl::DropRole { scope: RoleScope::Server, .. } => "DROP SERVER ROLE",
        Ddl::Dbcc(..) => "DBCC",
    }
}
