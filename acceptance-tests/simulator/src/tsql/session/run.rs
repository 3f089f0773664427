//! Statement by statement.

use std::future::Future;
use std::pin::Pin;

use rusqlite::types::Value;

use super::super::ast::{
    Batch, Ddl, Declaration, InsertSource, SessionOption, Statement, StatementKind, Transaction,
};
use super::super::error::{self, SqlError};
use super::super::query::{self, Column, Plan};
use super::super::value::Type;
use super::super::{ddl, parser};
use super::bind::{self, Scope};
use super::{Output, SqlSession, Table, Variables, wire};
use crate::faults::{Failure, Verdict as FaultVerdict};
use crate::journal::{Event as JournalEvent, Face, Outcome};
use crate::tds::backend::{Event, TransactionChange, Verdict};

/// Where a statement leads.
#[derive(Debug)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return(i64),
    /// The connection breaks.
    Cut,
}

/// A loop of a batch that never ends is ended.
const ITERATIONS: u32 = 1_000_000;

type Step<'a> = Pin<Box<dyn Future<Output = Result<Flow, SqlError>> + Send + 'a>>;

impl SqlSession {
    /// Runs a batch: the verdict, the variables as they are afterwards, and what it returned.
    pub(super) async fn batch(
        &mut self,
        text: &str,
        mut variables: Variables,
        output: &mut Output<'_>,
    ) -> (Verdict, Variables, Option<i64>) {
        let parsed = parser::parse(text, self.shared.major);
        let bound = parsed.and_then(|batch| bind::bind(self, &variables, &batch.statements).map(|()| batch));
        let batch: Batch = match bound {
            Ok(batch) => batch,
            Err(error) => {
                self.last_error = error.number;
                output.error(&error).await;
                return (Verdict::Continue, variables, None);
            }
        };
        let ended = self.statements(&batch.statements, &mut variables, output, false).await;
        match ended {
            Ok(Flow::Cut) => (Verdict::Cut, variables, None),
            Ok(Flow::Return(status)) => (Verdict::Continue, variables, Some(status)),
            Ok(_) => (Verdict::Continue, variables, Some(0)),
            Err(error) => {
                output.error(&error).await;
                let verdict = if error.severity >= 20 { Verdict::Close } else { Verdict::Continue };
                (verdict, variables, None)
            }
        }
    }

    /// Runs statements in order. In a TRY block any error leaves it; elsewhere only one that ends the batch.
    pub(super) fn statements<'a>(
        &'a mut self,
        statements: &'a [Statement],
        variables: &'a mut Variables,
        output: &'a mut Output<'_>,
        in_try: bool,
    ) -> Step<'a> {
        Box::pin(async move {
            for statement in statements {
                if output.attention.is_cancelled() {
                    return Ok(Flow::Return(0));
                }
                match self.statement(statement, variables, output, in_try).await {
                    Ok(Flow::Next) => {}
                    Ok(other) => return Ok(other),
                    Err(error) => {
                        let error = if error.line == 0 { error.at_line(statement.line) } else { error };
                        self.last_error = error.number;
                        if in_try || ends_batch(&error) || self.xact_abort {
                            return Err(error);
                        }
                        output.error(&error).await;
                        output.send(Event::Done { rows: None, error: true }).await;
                    }
                }
            }
            Ok(Flow::Next)
        })
    }

    async fn statement(
        &mut self,
        statement: &Statement,
        variables: &mut Variables,
        output: &mut Output<'_>,
        in_try: bool,
    ) -> Result<Flow, SqlError> {
        match &statement.kind {
            StatementKind::If { condition, then, otherwise } => {
                if self.holds(condition, variables)? {
                    return self.statements(std::slice::from_ref(then), variables, output, in_try).await;
                }
                match otherwise {
                    Some(otherwise) => {
                        self.statements(std::slice::from_ref(otherwise), variables, output, in_try).await
                    }
                    None => Ok(Flow::Next),
                }
            }
            StatementKind::While { condition, body } => {
                for _round in 0..ITERATIONS {
                    if output.attention.is_cancelled() || !self.holds(condition, variables)? {
                        return Ok(Flow::Next);
                    }
                    match self.statements(std::slice::from_ref(body), variables, output, in_try).await? {
                        Flow::Break => return Ok(Flow::Next),
                        Flow::Next | Flow::Continue => {}
                        other => return Ok(other),
                    }
                    tokio::task::yield_now().await;
                }
                Err(error::not_modelled("a loop of more than a million rounds"))
            }
            StatementKind::Break => Ok(Flow::Break),
            StatementKind::Continue => Ok(Flow::Continue),
            StatementKind::Block(statements) => self.statements(statements, variables, output, in_try).await,
            StatementKind::TryCatch { attempt, handler } => {
                match self.statements(attempt, variables, output, true).await {
                    Err(error) if error.severity < 20 => {
                        self.handled.push(error);
                        let ended = self.statements(handler, variables, output, in_try).await;
                        self.handled.pop();
                        ended
                    }
                    other => other,
                }
            }
            StatementKind::Return(value) => {
                let status = match value {
                    Some(value) => match self.value(value, variables)? {
                        Value::Integer(status) => status,
                        _ => 0,
                    },
                    None => 0,
                };
                Ok(Flow::Return(status))
            }
            StatementKind::Declare(declarations) => {
                for declaration in declarations {
                    bind::add(self, variables, declaration)?;
                    if let Declaration::Scalar { name, value: Some(value), .. } = declaration {
                        let value = self.typed(value, variables)?;
                        self.assign(&name.value, value, variables)?;
                    }
                }
                Ok(Flow::Next)
            }
            StatementKind::SetVariable { name, operator, value } => {
                let mut value = self.typed(value, variables)?;
                if let Some(operator) = operator {
                    value = self.combined(&name.value, operator, value, variables)?;
                }
                self.assign(&name.value, value, variables)?;
                Ok(Flow::Next)
            }
            StatementKind::SetOption(option) => {
                self.set(option);
                Ok(Flow::Next)
            }
            _ => self.recorded(statement, variables, output, in_try).await,
        }
    }

    /// A statement that the journal knows and faults can hit.
    async fn recorded(
        &mut self,
        statement: &Statement,
        variables: &mut Variables,
        output: &mut Output<'_>,
        in_try: bool,
    ) -> Result<Flow, SqlError> {
        let event = JournalEvent {
            who: self.login.clone(),
            server: self.shared.engine.to_string(),
            text: statement.text.clone(),
            ..JournalEvent::new(Face::Sql, kind(statement))
        };
        let mut entry = self.shared.journal.begin(&event);
        entry.who(&self.login);
        let faults = self.shared.faults.clone();
        let decided = tokio::select! {
            biased;
            decided = faults.before(&event) => decided,
            () = output.attention.cancelled() => {
                entry.finish(Outcome::Abandoned);
                return Ok(Flow::Return(0));
            }
        };
        let reply = match decided {
            FaultVerdict::Proceed(reply) => reply,
            FaultVerdict::Fail(Failure::Sql { number, class, state, message }) => {
                entry.finish(Outcome::Error { code: number.to_string(), message: message.clone() });
                return Err(SqlError::new(number, class, state, message));
            }
            FaultVerdict::Fail(Failure::Http { .. }) => {
                entry.finish(Outcome::Abandoned);
                return Ok(Flow::Next);
            }
            FaultVerdict::Cut(action) => {
                entry.finish(Outcome::Fault { action });
                return Ok(Flow::Cut);
            }
        };
        let done = self.carry_out(statement, variables, output, in_try).await;
        if let Err(action) = reply.release() {
            entry.finish(Outcome::Fault { action });
            return Ok(Flow::Cut);
        }
        entry.finish(match &done {
            Ok(_) => Outcome::Ok { detail: self.row_count },
            Err(error) => Outcome::Error { code: error.number.to_string(), message: error.message.clone() },
        });
        done
    }

    async fn carry_out(
        &mut self,
        statement: &Statement,
        variables: &mut Variables,
        output: &mut Output<'_>,
        in_try: bool,
    ) -> Result<Flow, SqlError> {
        self.row_count = 0;
        match &statement.kind {
            StatementKind::Query(query) => {
                let plan = query::plan(query, &Scope { session: self, variables })?;
                self.select(&plan, variables, output).await?;
            }
            StatementKind::Insert(insert) => {
                let rows = match &insert.source {
                    InsertSource::Query(query) => {
                        let scope = Scope { session: self, variables };
                        query::run(&query::plan(query, &scope)?, &scope)?.rows
                    }
                    InsertSource::Execute(call) => {
                        let mut caught = Output {
                            answers: output.answers,
                            attention: output.attention,
                            caught: Some(Vec::new()),
                        };
                        let flow = self.execute(call, variables, &mut caught, in_try).await?;
                        if matches!(flow, Flow::Cut) {
                            return Ok(flow);
                        }
                        caught.caught.unwrap_or_default()
                    }
                    InsertSource::ExecuteText(_) => return Err(error::not_modelled("INSERT … EXEC (text)")),
                };
                let count = self.insert(&insert.target.to_string(), &insert.columns, rows, variables)?;
                self.row_count = count;
                self.done(output).await;
            }
            StatementKind::Delete { target, condition: None } => {
                let table = self.local_table(&target.to_string(), variables)?;
                self.row_count = i64::try_from(table.rows.len()).unwrap_or(0);
                self.local_table(&target.to_string(), variables)?.rows.clear();
                self.done(output).await;
            }
            StatementKind::Delete { .. } | StatementKind::Update { .. } => {
                return Err(error::not_modelled("DELETE and UPDATE with a condition"));
            }
            StatementKind::CreateTable { name, columns } => {
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
                let folded = self.fold(&name.value);
                if self.temporary.contains_key(&folded) {
                    return Err(error::object_exists(&name.value));
                }
                self.temporary.insert(folded, Table { columns, rows: Vec::new() });
            }
            StatementKind::DropTables { names, if_exists } => {
                for name in names {
                    let folded = self.fold(&plain(&name.to_string()));
                    if self.temporary.remove(&folded).is_none() && !if_exists {
                        return Err(error::cannot_drop("table", &name.to_string()));
                    }
                }
            }
            StatementKind::Throw(None) => {
                let error = self.handled.last().cloned();
                return Err(error.unwrap_or_else(|| error::throw_outside_catch(statement.line)));
            }
            StatementKind::Throw(Some(arguments)) => {
                let [number, text, state] = arguments.as_ref();
                let number = self.whole(number, variables)?;
                let text = self.text(text, variables)?;
                let state = self.whole(state, variables)?;
                let thrown = i32::try_from(number).unwrap_or(50000);
                let mut thrown = SqlError::new(thrown, 16, u8::try_from(state).unwrap_or(1), text);
                thrown.line = statement.line;
                return Err(thrown);
            }
            StatementKind::RaiseError { message, severity, state, .. } => {
                let text = self.text(message, variables)?;
                let severity = u8::try_from(self.whole(severity, variables)?).unwrap_or(16);
                let state = u8::try_from(self.whole(state, variables)?).unwrap_or(1);
                let raised = SqlError::new(50000, severity, state, text).at_line(statement.line);
                if severity > 10 {
                    return Err(raised);
                }
                output.error(&raised).await;
            }
            StatementKind::Print(value) => {
                let text = self.text(value, variables)?;
                output.error(&SqlError::new(0, 0, 1, text).at_line(statement.line)).await;
            }
            StatementKind::Use(name) => self.use_database(&name.0, output).await?,
            StatementKind::Execute(call) => return self.execute(call, variables, output, in_try).await,
            StatementKind::ExecuteText(text) => {
                let text = self.text(text, variables)?;
                return self.nested(&text, Variables::default(), output).await.map(|(flow, _)| flow);
            }
            StatementKind::WaitFor { delay: true, value } => {
                let text = self.text(value, variables)?;
                let Some(delay) = wire::delay(&text) else { return Err(error::date_conversion()) };
                tokio::select! {
                    () = tokio::time::sleep(delay / self.shared.speed.max(1)) => {}
                    () = output.attention.cancelled() => {}
                }
            }
            StatementKind::WaitFor { .. } => return Err(error::not_modelled("WAITFOR TIME")),
            StatementKind::Transaction(transaction) => self.transaction(transaction, output).await?,
            StatementKind::Checkpoint | StatementKind::Reconfigure => {}
            StatementKind::Ddl(statement) => self.ddl(statement, output).await?,
            // Those that only steer were handled before.
            _ => {}
        }
        Ok(Flow::Next)
    }

    async fn select(
        &mut self,
        plan: &Plan,
        variables: &mut Variables,
        output: &mut Output<'_>,
    ) -> Result<(), SqlError> {
        let found = query::run(plan, &Scope { session: self, variables })?;
        self.row_count = i64::try_from(found.rows.len()).unwrap_or(i64::MAX);
        if !plan.assignments.is_empty() {
            if let Some(last) = found.rows.last() {
                for (place, name) in plan.assignments.iter().enumerate() {
                    let value = last.get(place).cloned().unwrap_or(Value::Null);
                    let from = found.columns.get(place).map_or(Type::Null, |column| column.data_type);
                    self.assign(name, (from, value), variables)?;
                }
            }
            self.done(output).await;
            return Ok(());
        }
        if let Some(name) = &plan.into {
            let table = Table { columns: found.columns, rows: found.rows };
            let folded = self.fold(name);
            self.temporary.insert(folded, table);
            self.done(output).await;
            return Ok(());
        }
        output.send(Event::Columns(found.columns.iter().map(wire::column).collect())).await;
        for row in &found.rows {
            let values = row
                .iter()
                .zip(&found.columns)
                .map(|(value, column)| wire::value(value, column.data_type))
                .collect();
            output.send(Event::Row(values)).await;
        }
        // Even under NOCOUNT the result set has its end.
        output.send(Event::Done { rows: Some(found.rows.len() as u64), error: false }).await;
        Ok(())
    }

    async fn done(&self, output: &mut Output<'_>) {
        if !self.no_count {
            let rows = u64::try_from(self.row_count).unwrap_or(0);
            output.send(Event::Done { rows: Some(rows), error: false }).await;
        }
    }

    async fn ddl(&mut self, statement: &Ddl, output: &mut Output<'_>) -> Result<(), SqlError> {
        if self.transactions > 0 || self.implicit_transactions {
            match statement {
                Ddl::CreateAvailabilityGroup(_)
                | Ddl::AlterAvailabilityGroup { .. }
                | Ddl::DropAvailabilityGroup { .. }
                | Ddl::CreateEndpoint(_)
                | Ddl::AlterEndpoint(_)
                | Ddl::CreateDatabase { .. }
                | Ddl::AlterDatabase { .. } => {
                    return Err(error::not_within_transaction(ddl_kind(statement)));
                }
                Ddl::DropDatabases { .. } => return Err(error::not_inside_transaction(ddl_kind(statement))),
                _ => {}
            }
        }
        let caller = self.caller();
        let outcome = self.shared.world.with(|estate| ddl::execute(estate, &caller, statement))?;
        if let Some(open) = outcome.master_key_open {
            self.master_key_open = open;
        }
        for (number, class, state, text) in outcome.messages {
            output.error(&SqlError::new(number, class, state, text)).await;
        }
        if let Some((names, rows)) = outcome.rows {
            let column = |name: &String| Column {
                name: name.clone(),
                data_type: Type::NVarChar(Some(4000)),
                nullable: true,
            };
            let columns: Vec<Column> = names.iter().map(column).collect();
            output.send(Event::Columns(columns.iter().map(wire::column).collect())).await;
            let count = rows.len() as u64;
            for row in rows {
                let value = |text: Option<String>| {
                    text.map_or(crate::tds::backend::Value::Null, crate::tds::backend::Value::Text)
                };
                output.send(Event::Row(row.into_iter().map(value).collect())).await;
            }
            output.send(Event::Done { rows: Some(count), error: false }).await;
        }
        Ok(())
    }

    pub(super) fn caller(&self) -> ddl::Caller {
        ddl::Caller {
            engine: self.shared.engine.clone(),
            login: self.login.clone(),
            database: self.database.clone(),
            master_key_open: self.master_key_open,
        }
    }

    async fn use_database(&mut self, name: &str, output: &mut Output<'_>) -> Result<(), SqlError> {
        let found = self.shared.world.with(|estate| {
            estate
                .engine(&self.shared.engine)
                .and_then(|engine| engine.database(name))
                .map(|one| one.name.clone())
        });
        let Some(found) = found else { return Err(error::unknown_database(name)) };
        let old = std::mem::replace(&mut self.database, found.clone());
        output.send(Event::Database(found, old)).await;
        Ok(())
    }

    pub(super) async fn transaction(
        &mut self,
        transaction: &Transaction,
        output: &mut Output<'_>,
    ) -> Result<(), SqlError> {
        match transaction {
            Transaction::Begin => {
                self.transactions += 1;
                if self.transactions == 1 {
                    output.send(Event::Transaction(TransactionChange::Begun)).await;
                }
            }
            Transaction::Commit if self.transactions == 0 => return Err(error::commit_without_begin()),
            Transaction::Commit => {
                self.transactions -= 1;
                if self.transactions == 0 {
                    output.send(Event::Transaction(TransactionChange::Committed)).await;
                }
            }
            Transaction::Rollback if self.transactions == 0 => return Err(error::rollback_without_begin()),
            Transaction::Rollback => {
                self.transactions = 0;
                output.send(Event::Transaction(TransactionChange::RolledBack)).await;
            }
            Transaction::Save(_) => {}
        }
        Ok(())
    }

    fn set(&mut self, option: &SessionOption) {
        match option {
            SessionOption::ImplicitTransactions(on) => self.implicit_transactions = *on,
            SessionOption::XactAbort(on) => self.xact_abort = *on,
            SessionOption::NoCount(on) => self.no_count = *on,
            SessionOption::LockTimeout(limit) => self.lock_timeout = *limit,
            SessionOption::DateFormat(_) | SessionOption::Language(_) | SessionOption::Without(_) => {}
        }
    }

    fn insert(
        &mut self,
        target: &str,
        columns: &[sqlparser::ast::Ident],
        rows: Vec<Vec<Value>>,
        variables: &mut Variables,
    ) -> Result<i64, SqlError> {
        let collation = self.shared.collation;
        let table = self.local_table(target, variables)?;
        let places = if columns.is_empty() {
            (0..table.columns.len()).collect::<Vec<_>>()
        } else {
            columns
                .iter()
                .map(|name| {
                    let found =
                        table.columns.iter().position(|column| collation.equal(&column.name, &name.value));
                    found.ok_or_else(|| error::invalid_column(&name.value))
                })
                .collect::<Result<Vec<_>, _>>()?
        };
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        for row in rows {
            if row.len() != places.len() {
                return Err(error::insert_mismatch());
            }
            let mut stored = vec![Value::Null; table.columns.len()];
            for (place, value) in places.iter().zip(row) {
                if let Some(slot) = stored.get_mut(*place) {
                    *slot = value;
                }
            }
            table.rows.push(stored);
        }
        Ok(count)
    }

    fn local_table<'a>(
        &'a mut self,
        name: &str,
        variables: &'a mut Variables,
    ) -> Result<&'a mut Table, SqlError> {
        let name = plain(name);
        let folded = self.fold(&name);
        if let Some(table) = variables.tables.get_mut(&folded) {
            return Ok(table);
        }
        self.temporary.get_mut(&folded).ok_or_else(|| error::invalid_object(&name))
    }

    fn holds(&self, condition: &sqlparser::ast::Expr, variables: &Variables) -> Result<bool, SqlError> {
        let scope = Scope { session: self, variables };
        let plan = query::plan_condition(condition, &scope)?;
        Ok(query::evaluate(&plan, &scope)? == Value::Integer(1))
    }

    pub(super) fn typed(
        &self,
        expression: &sqlparser::ast::Expr,
        variables: &Variables,
    ) -> Result<(Type, Value), SqlError> {
        let scope = Scope { session: self, variables };
        let plan = query::plan_expression(expression, &scope)?;
        let data_type = plan.columns.first().map_or(Type::Null, |column| column.data_type);
        Ok((data_type, query::evaluate(&plan, &scope)?))
    }

    pub(super) fn value(
        &self,
        expression: &sqlparser::ast::Expr,
        variables: &Variables,
    ) -> Result<Value, SqlError> {
        self.typed(expression, variables).map(|(_, value)| value)
    }

    fn whole(&self, expression: &sqlparser::ast::Expr, variables: &Variables) -> Result<i64, SqlError> {
        let (from, value) = self.typed(expression, variables)?;
        match bind::assigned(value, from, Type::BigInt)? {
            Value::Integer(number) => Ok(number),
            _ => Ok(0),
        }
    }

    pub(super) fn text(
        &self,
        expression: &sqlparser::ast::Expr,
        variables: &Variables,
    ) -> Result<String, SqlError> {
        let (from, value) = self.typed(expression, variables)?;
        match bind::assigned(value, from, Type::NVarChar(None))? {
            Value::Text(text) => Ok(text),
            _ => Ok(String::new()),
        }
    }

    pub(super) fn assign(
        &self,
        name: &str,
        (from, value): (Type, Value),
        variables: &mut Variables,
    ) -> Result<(), SqlError> {
        let held =
            variables.scalars.get_mut(&self.fold(name)).ok_or_else(|| error::undeclared_variable(name))?;
        held.1 = bind::assigned(value, from, held.0)?;
        Ok(())
    }

    /// `SET @a += e`.
    fn combined(
        &self,
        name: &str,
        operator: &sqlparser::ast::BinaryOperator,
        (from, value): (Type, Value),
        variables: &Variables,
    ) -> Result<(Type, Value), SqlError> {
        let held = variables.scalars.get(&self.fold(name)).ok_or_else(|| error::undeclared_variable(name))?;
        let number = |value: &Value| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        };
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        use sqlparser::ast::BinaryOperator::{Minus, Multiply, Plus};
        let combined = match (operator, number(&held.1), number(&value), text(&held.1), text(&value)) {
            (Plus, Some(left), Some(right), ..) => Value::Integer(left.wrapping_add(right)),
            (Minus, Some(left), Some(right), ..) => Value::Integer(left.wrapping_sub(right)),
            (Multiply, Some(left), Some(right), ..) => Value::Integer(left.wrapping_mul(right)),
            (Plus, _, _, Some(left), Some(right)) => Value::Text(left + &right),
            (..) if held.1 == Value::Null || value == Value::Null => Value::Null,
            _ => return Err(error::not_modelled("this compound assignment")),
        };
        let data_type = if matches!(combined, Value::Text(_)) { from } else { held.0 };
        Ok((data_type, combined))
    }
}

/// Errors that end the batch and not only their statement.
fn ends_batch(error: &SqlError) -> bool {
    error.severity >= 19
        || matches!(error.number, 245 | 241 | 8114 | 137 | 102 | 50000) && error.number != 50000
}

/// A table's name without brackets and without `dbo.`.
fn plain(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.trim_matches(['[', ']', '"']).to_owned()
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

fn ddl_kind(statement: &Ddl) -> &'static str {
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
        Ddl::AlterServerRole { .. } => "ALTER SERVER ROLE",
        Ddl::Dbcc(_) => "DBCC",
    }
}
