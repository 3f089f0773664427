//! What single statements do.

use sqlparser::ast::{Expr, Query};

use super::super::ast::{Ddl, Insert, InsertSource, Statement, StatementKind};
use super::super::ddl;
use super::super::error::{self, SqlError, raise};
use super::super::opening::may_open;
use super::super::query::{self, Column};
use super::super::value::{self, Type};
use super::bind::origin_of;
use super::changes::Done;
use super::run::{Flow, ddl_kind, deferred};
use super::scope::Scope;
use super::stop::Stop;
use super::tables::{Incoming, Origin, Table};
use super::undo::{self, Parts};
use super::{Output, SqlSession, options, refusal};
use crate::tds::backend::Event;
use rusqlite::types::Value;

impl SqlSession {
    /// Carries out a statement that does not steer.
    pub(super) async fn act(&mut self, statement: &Statement, output: &mut Output<'_>) -> Result<Flow, Stop> {
        self.may_write(&statement.kind)?;
        match &statement.kind {
            StatementKind::Query(query) => Box::pin(self.select(query, output)).await?,
            StatementKind::Insert(insert) => return Box::pin(self.insert_into(insert, output)).await,
            StatementKind::Delete(change) => {
                self.begin_implicitly(output).await;
                let done = self.delete(change).map_err(deferred)?;
                self.finished(done, output).await;
            }
            StatementKind::Update { change, assignments } => {
                self.begin_implicitly(output).await;
                let done = self.update(change, assignments).map_err(deferred)?;
                self.finished(done, output).await;
            }
            StatementKind::CreateTable { name, definition } => {
                self.begin_implicitly(output).await;
                let table = self.defined(&name.value, definition)?;
                self.create_temporary(&name.value, table)?;
                self.counted(0);
            }
            StatementKind::CreateIndex(create) => {
                self.begin_implicitly(output).await;
                self.create_index(create)?;
                self.counted(0);
            }
            StatementKind::TruncateTable(target) => {
                self.begin_implicitly(output).await;
                self.truncate(target)?;
                self.counted(0);
            }
            StatementKind::DropTables { names, if_exists } => {
                self.begin_implicitly(output).await;
                for name in names {
                    if !self.drop_temporary(&name.to_string()) && !if_exists {
                        return Err(error::cannot_drop("table", &name.to_string()).into());
                    }
                }
                self.counted(0);
            }
            StatementKind::Throw(None) => {
                let error = self.handled.last().cloned();
                let error = error.unwrap_or_else(|| error::throw_outside_catch(statement.line));
                return Err(Stop::thrown(error));
            }
            StatementKind::Throw(Some(values)) => return Err(self.throw(values)?.at_line(statement.line)),
            StatementKind::RaiseError(raised) => Box::pin(self.raise(raised, statement.line, output)).await?,
            StatementKind::Print(value) => self.print(value, statement.line, output).await?,
            StatementKind::Use(name) => {
                self.use_database(&name.0, output).await?;
                self.counted(0);
            }
            StatementKind::Execute(call) => return Box::pin(self.execute(call, output)).await,
            StatementKind::ExecuteText(text) => return Box::pin(self.execute_text(text, output)).await,
            StatementKind::WaitFor { delay, value } => {
                Box::pin(self.wait(*delay, value, output)).await?;
                self.counted(0);
            }
            StatementKind::Transaction(transaction) => {
                Box::pin(self.transact(transaction, output)).await?;
                self.counted(0);
            }
            StatementKind::Checkpoint => self.counted(0),
            StatementKind::Reconfigure => {
                self.reconfigure()?;
                self.counted(0);
            }
            StatementKind::Ddl(statement) => {
                Box::pin(self.ddl(statement, output)).await?;
                self.counted(0);
            }
            // Those that steer were handled before.
            _ => {}
        }
        Ok(Flow::Next)
    }

    /// A transaction that can only be rolled back lets nothing be written (3930).
    fn may_write(&self, kind: &StatementKind) -> Result<(), Stop> {
        let writes = matches!(
            kind,
            StatementKind::Insert(_)
                | StatementKind::Update { .. }
                | StatementKind::Delete(_)
                | StatementKind::CreateTable { .. }
                | StatementKind::CreateIndex(_)
                | StatementKind::TruncateTable(_)
                | StatementKind::DropTables { .. }
                | StatementKind::Ddl(_)
        );
        if writes && self.transaction.doomed {
            return Err(Stop::from(refusal::uncommittable()).under_xact_abort());
        }
        Ok(())
    }

    /// `EXEC (text)`.
    async fn execute_text(&mut self, text: &Expr, output: &mut Output<'_>) -> Result<Flow, Stop> {
        let Some(text) = self.text(text)? else { return Ok(Flow::Next) };
        let frame = self.inner_frame(1);
        Box::pin(self.nested(&text, frame, output)).await.map(|(flow, _)| flow)
    }

    async fn select(&mut self, query: &Query, output: &mut Output<'_>) -> Result<(), Stop> {
        let (plan, mut found) = {
            let scope = Scope(self);
            let plan = query::plan(query, &scope).map_err(deferred)?;
            let found = query::run(&plan, &scope).map_err(deferred)?;
            (plan, found)
        };
        found.rows = self.options.limited(found.rows);
        if plan.reads_tables() {
            self.begin_implicitly(output).await;
        }
        let count = i64::try_from(found.rows.len()).unwrap_or(i64::MAX);
        if !plan.assignments.is_empty() {
            if let Some(last) = found.rows.last() {
                for ((name, value), column) in plan.assignments.iter().zip(last).zip(&found.columns) {
                    self.assign(name, (column.data_type, value.clone()))?;
                }
            }
            self.changed(count, output).await;
            return Ok(());
        }
        if let Some(name) = &plan.into {
            if self.transaction.doomed {
                return Err(refusal::uncommittable().into());
            }
            self.create_temporary(name, Table::selected(found.columns, found.rows)?)?;
            self.changed(count, output).await;
            return Ok(());
        }
        self.counted(count);
        if let Some(bytes) = self.options.text_size {
            options::cut_long_values(&found.columns, &mut found.rows, bytes);
        }
        output.result(&found.columns, found.rows).await;
        Ok(())
    }

    async fn insert_into(&mut self, insert: &Insert, output: &mut Output<'_>) -> Result<Flow, Stop> {
        self.begin_implicitly(output).await;
        self.found_change(&insert.target).map_err(deferred)?;
        let (incoming, origin) = match &insert.source {
            InsertSource::Query(query) => {
                let scope = Scope(self);
                let plan = query::plan(query, &scope).map_err(deferred)?;
                let found = query::run(&plan, &scope).map_err(deferred)?;
                let types = found.columns.iter().map(|column| column.data_type).collect();
                let rows = self.options.limited(found.rows);
                (vec![Incoming { types, rows }], origin_of(&query.body))
            }
            InsertSource::Defaults => {
                (vec![Incoming { types: Vec::new(), rows: vec![Vec::new()] }], Origin::Defaults)
            }
            InsertSource::Execute(_) | InsertSource::ExecuteText(_) => {
                if output.catches() {
                    return Err(raise!(8164).into());
                }
                let mut caught = output.catching();
                let ended = match &insert.source {
                    InsertSource::Execute(call) => Box::pin(self.execute(call, &mut caught)).await,
                    InsertSource::ExecuteText(text) => Box::pin(self.execute_text(text, &mut caught)).await,
                    InsertSource::Query(_) | InsertSource::Defaults => Ok(Flow::Next),
                };
                match ended {
                    Ok(Flow::Cut) => return Ok(Flow::Cut),
                    Ok(_) => {}
                    // What came before the end of the text is inserted all the same, unless something catches the error.
                    Err(stop) => {
                        let stop = if self.options.xact_abort { stop.under_xact_abort() } else { stop };
                        if stop.ends_more_than_its_statement() || self.is_tried() {
                            return Err(stop);
                        }
                        output.error(&stop.error).await;
                    }
                }
                (caught.into_caught(), Origin::Execute)
            }
        };
        let done = self.insert_rows(insert, incoming, origin)?;
        self.finished(done, output).await;
        Ok(Flow::Next)
    }

    /// A change is done: OUTPUT answers with rows, or they are counted.
    async fn finished(&mut self, done: Done, output: &mut Output<'_>) {
        if done.ignored {
            output.error(&raise!(3604)).await;
        }
        match done.answer {
            Some((columns, rows)) => {
                self.counted(done.count);
                output.result(&columns, rows).await;
            }
            None => self.changed(done.count, output).await,
        }
    }

    /// A change is done, and counted where the client wants counts.
    async fn changed(&mut self, count: i64, output: &mut Output<'_>) {
        self.counted(count);
        if !self.options.no_count {
            let rows = u64::try_from(count).unwrap_or(0);
            output.send(Event::Done { rows: Some(rows), error: false }).await;
        }
    }

    async fn ddl(&mut self, statement: &Ddl, output: &mut Output<'_>) -> Result<(), Stop> {
        if self.transaction.depth > 0 || self.options.implicit_transactions {
            self.may_run_within_transaction(statement)?;
        }
        self.begin_implicitly(output).await;
        let caller = self.caller();
        let open = self.transaction.depth > 0;
        let (outcome, change) = self.shared.world.with(|estate| {
            let before = if open { Parts::of(estate, &caller.engine) } else { None };
            let outcome = ddl::execute(estate, &caller, statement)?;
            let change = before.and_then(|before| before.changed(estate, &caller.engine));
            Ok::<_, SqlError>((outcome, change))
        })?;
        self.transaction.changes.extend(change);
        self.transaction.changed_instance |= open && !undo::covers(statement);
        if let Some(open) = outcome.master_key_open {
            let now = self.shared.world.with(|estate| estate.clock.now());
            self.master_key_opened = open.then_some(now);
        }
        if let Some(flags) = outcome.trace_flags {
            self.trace_flags = flags;
        }
        if let Some((columns, rows)) = outcome.rows {
            let column =
                |(name, data_type): (&str, Type)| Column { name: name.to_owned(), data_type, nullable: true };
            let columns: Vec<Column> = columns.into_iter().map(column).collect();
            let mut typed = Vec::new();
            for row in rows {
                let values = row.into_iter().zip(&columns).map(|(text, column)| {
                    let text = text.map_or(Value::Null, Value::Text);
                    value::convert(text, Type::NVarChar(None), column.data_type, 0)
                });
                typed.push(values.collect::<Result<Vec<Value>, _>>()?);
            }
            output.result(&columns, typed).await;
        }
        for (number, class, state, text) in outcome.messages {
            let message = SqlError::new(number, class, state, text);
            if !message.is_no_error() {
                return Err(message.into());
            }
            output.error(&message).await;
        }
        Ok(())
    }

    /// 226, 574 and 3021.
    fn may_run_within_transaction(&self, statement: &Ddl) -> Result<(), SqlError> {
        match statement {
            Ddl::CreateAvailabilityGroup(_)
            | Ddl::AlterAvailabilityGroup { .. }
            | Ddl::DropAvailabilityGroup { .. }
            | Ddl::CreateEndpoint(_)
            | Ddl::AlterEndpoint(_)
            | Ddl::DropEndpoint { .. }
            | Ddl::CreateDatabase { .. }
            | Ddl::AlterDatabase { .. } => Err(error::not_within_transaction(ddl_kind(statement))),
            Ddl::DropDatabases { .. } => Err(error::not_inside_transaction(ddl_kind(statement))),
            Ddl::Backup(_) | Ddl::Restore(_) => Err(raise!(3021)),
            _ => Ok(()),
        }
    }

    pub(super) fn caller(&self) -> ddl::Caller {
        ddl::Caller {
            engine: self.shared.engine.clone(),
            login: self.login.clone(),
            database: self.database.clone(),
            master_key_open: self.master_key_opened.is_some(),
            trace_flags: self.trace_flags.clone(),
        }
    }

    async fn use_database(&mut self, name: &str, output: &mut Output<'_>) -> Result<(), SqlError> {
        let found = self.shared.world.with(|estate| {
            let engine = estate.engine(&self.shared.engine);
            let found = engine.and_then(|engine| Some((engine, engine.database(name)?)));
            let (engine, database) = found.ok_or_else(|| error::unknown_database(name))?;
            may_open(engine, database, self.read_only)?;
            Ok(database.name.clone())
        })?;
        let old = std::mem::replace(&mut self.database, found.clone());
        output.send(Event::Database(found, old)).await;
        Ok(())
    }
}
