//! Transactions of a session: their depth, their savepoints, and whether they can still be committed.
//!
//! What a rollback undoes are temporary tables, and what [`super::undo`] knows of the instance. Of other statements that
//! a transaction may have (owners of endpoints and groups) it says that their rollback is not modelled.

use std::collections::HashMap;

use super::super::ast::Transaction;
use super::super::error::{self, SqlError, raise};
use super::stop::Stop;
use super::tables::Table;
use super::undo::Change;
use super::{Output, SqlSession, refusal};
use crate::tds::backend::{Event, TransactionChange};

/// The open transaction.
#[derive(Debug, Default)]
pub(super) struct OpenTransaction {
    /// `@@TRANCOUNT`.
    pub(super) depth: u32,
    /// It can only be rolled back (`XACT_STATE()` is -1).
    pub(super) doomed: bool,
    /// Its beginning, and its savepoints in order.
    marks: Vec<Mark>,
    /// What it did to the instance, in order.
    pub(super) changes: Vec<Change>,
    /// A statement changed the instance within it in a way that no rollback takes back.
    pub(super) changed_instance: bool,
}

/// A place that a rollback goes back to.
#[derive(Debug)]
struct Mark {
    /// Folded name.
    name: Option<String>,
    session: HashMap<String, Table>,
    frames: Vec<HashMap<String, Table>>,
    /// Changes of the instance before it.
    changes: usize,
}

impl SqlSession {
    /// Carries out a statement about transactions.
    pub(super) async fn transact(
        &mut self,
        statement: &Transaction,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let open = self.transaction.depth > 0;
        match statement {
            Transaction::Begin(name) => self.begin(name.as_deref(), output).await,
            Transaction::Commit if !open => return Err(error::commit_without_begin().into()),
            Transaction::Commit if self.transaction.doomed => return Err(refusal::uncommittable().into()),
            Transaction::Commit => {
                self.transaction.depth -= 1;
                if self.transaction.depth == 0 {
                    self.end_transaction();
                    output.send(Event::Transaction(TransactionChange::Committed)).await;
                }
            }
            Transaction::Rollback(_) if !open => return Err(error::rollback_without_begin().into()),
            Transaction::Rollback(Some(name)) => self.roll_back_to(name, output).await?,
            Transaction::Rollback(None) => self.roll_back_whole(output).await?,
            Transaction::Save(_) if !open => return Err(raise!(628).into()),
            Transaction::Save(_) if self.transaction.doomed => return Err(refusal::uncommittable().into()),
            Transaction::Save(name) => {
                let mark = self.mark(Some(name));
                self.transaction.marks.push(mark);
            }
        }
        Ok(())
    }

    /// Begins a transaction, or goes one deeper.
    pub(super) async fn begin(&mut self, name: Option<&str>, output: &mut Output<'_>) {
        if self.transaction.depth == 0 {
            let mark = self.mark(name);
            self.transaction.marks = vec![mark];
            output.send(Event::Transaction(TransactionChange::Begun)).await;
        }
        self.transaction.depth += 1;
    }

    /// Begins what `SET IMPLICIT_TRANSACTIONS ON` lets a statement begin.
    pub(super) async fn begin_implicitly(&mut self, output: &mut Output<'_>) {
        if self.options.implicit_transactions && self.transaction.depth == 0 {
            self.begin(None, output).await;
        }
    }

    async fn roll_back_whole(&mut self, output: &mut Output<'_>) -> Result<(), Stop> {
        match self.roll_back(output).await {
            Some(left) => Err(left.into()),
            None => Ok(()),
        }
    }

    async fn roll_back_to(&mut self, name: &str, output: &mut Output<'_>) -> Result<(), Stop> {
        let folded = Some(self.fold(name));
        let Some(place) = self.transaction.marks.iter().rposition(|mark| mark.name == folded) else {
            return Err(raise!(6401, name).into());
        };
        if place == 0 {
            return self.roll_back_whole(output).await;
        }
        if self.transaction.doomed {
            return Err(raise!(3931).into());
        }
        self.transaction.marks.truncate(place + 1);
        if let Some(mark) = self.transaction.marks.last() {
            let (session, frames, changes) = (mark.session.clone(), mark.frames.clone(), mark.changes);
            self.restore(session, frames);
            self.take_back(changes);
        }
        Ok(())
    }

    /// Rolls everything back; the error where that is not modelled.
    pub(super) async fn roll_back(&mut self, output: &mut Output<'_>) -> Option<SqlError> {
        if self.transaction.depth == 0 {
            return None;
        }
        let changed = self.transaction.changed_instance;
        if !self.transaction.marks.is_empty() {
            let begun = self.transaction.marks.swap_remove(0);
            self.restore(begun.session, begun.frames);
        }
        self.take_back(0);
        self.end_transaction();
        output.send(Event::Transaction(TransactionChange::RolledBack)).await;
        changed.then(|| error::not_modelled("the rollback of changes to the instance"))
    }

    /// At the end of a batch: what can only be rolled back is.
    pub(super) async fn end_doomed(&mut self, output: &mut Output<'_>) {
        if self.transaction.doomed {
            output.error(&raise!(3998)).await;
            self.last_error = 3998;
            if let Some(left) = self.roll_back(output).await {
                output.error(&left).await;
            }
        }
    }

    /// Forgets the transaction.
    pub(super) fn end_transaction(&mut self) {
        self.transaction = OpenTransaction::default();
        self.shared.locks.release_transaction(self.id);
    }

    fn mark(&self, name: Option<&str>) -> Mark {
        Mark {
            name: name.map(|name| self.fold(name)),
            session: self.temporary.clone(),
            frames: self.frames.iter().map(|frame| frame.temporary.clone()).collect(),
            changes: self.transaction.changes.len(),
        }
    }

    fn restore(&mut self, session: HashMap<String, Table>, frames: Vec<HashMap<String, Table>>) {
        bring_back(&mut self.temporary, session);
        for (frame, temporary) in self.frames.iter_mut().zip(frames) {
            bring_back(&mut frame.temporary, temporary);
        }
    }
}

/// Tables as they were, but that identity values once drawn are not given back.
fn bring_back(tables: &mut HashMap<String, Table>, mut earlier: HashMap<String, Table>) {
    for (name, table) in &mut earlier {
        let Some(current) = tables.get(name) else { continue };
        for (column, now) in table.columns.iter_mut().zip(&current.columns) {
            if column.seed == now.seed {
                column.identity = now.identity;
            }
        }
    }
    *tables = earlier;
}
