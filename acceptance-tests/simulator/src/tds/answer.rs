//! The tokens of an answer on their way.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::backend::{Collation, Column, Event, Opposites, SqlMessage};
use super::packet::{self, kind};
use super::token::{self, Done};
use super::types::{self, Mismatch};

/// What every answer of a connection needs to know.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// Server, as in error tokens.
    pub(super) server: String,
    pub(super) collation: Collation,
    /// TDS version of the client.
    pub(super) version: u32,
    pub(super) packet_size: usize,
    pub(super) opposites: Opposites,
}

/// An answer. A DONE is held back until it is known whether more follows.
pub(super) struct Answer<'a> {
    style: &'a Style,
    out: Vec<u8>,
    number: u8,
    in_procedure: bool,
    columns: Vec<Column>,
    /// A row of the result could not be written: the rest of it is not sent.
    broken: bool,
    pending_done: Option<(u16, u64)>,
    failed: bool,
}

impl<'a> Answer<'a> {
    pub(super) fn new(style: &'a Style, in_procedure: bool) -> Self {
        Self {
            style,
            out: Vec::new(),
            number: 0,
            in_procedure,
            columns: Vec::new(),
            broken: false,
            pending_done: None,
            failed: false,
        }
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.out.len()
    }

    /// The connection was reset before the request.
    pub(super) fn was_reset(&mut self) {
        token::was_reset(&mut self.out);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.release(true);
        let Style { server, collation, version, .. } = self.style;
        match event {
            Event::Columns(columns) => {
                self.columns =
                    columns.into_iter().map(|column| types::for_version(column, *version)).collect();
                token::columns(&mut self.out, &self.columns, *collation);
                self.broken = false;
            }
            Event::Row(_) if self.broken => {}
            Event::Row(values) => {
                if let Err(mismatch) = token::row(&mut self.out, &self.columns, &values, *collation) {
                    self.broken = true;
                    self.mismatch(mismatch);
                }
            }
            Event::Done { rows, error } => {
                let error = error || std::mem::take(&mut self.broken);
                let status =
                    if error { token::ERROR } else { 0 } | if rows.is_some() { token::COUNT } else { 0 };
                self.pending_done = Some((status, rows.unwrap_or(0)));
            }
            Event::Message(message) => self.message(&message),
            Event::Database(new, old) => token::database(&mut self.out, &new, &old, 1, server),
            Event::Transaction(change) => token::transaction(&mut self.out, change),
            Event::Flush => {}
            Event::ReturnStatus(status) => token::return_status(&mut self.out, status),
            Event::Output { ordinal, name, data_type, value } => {
                if let Err(mismatch) =
                    token::output(&mut self.out, ordinal, &name, data_type, &value, *collation)
                {
                    self.mismatch(mismatch);
                }
            }
        }
    }

    /// Nothing was done.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    pub(super) fn message(&mut self, message: &SqlMessage) {
        self.failed |= message.class > 10;
        token::message(&mut self.out, message, &self.style.server);
    }

    fn mismatch(&mut self, Mismatch { number, state, text }: Mismatch) {
        self.message(&SqlMessage { number, state, class: 16, text, procedure: String::new(), line: 1 });
    }

    fn release(&mut self, more: bool) {
        if let Some((status, rows)) = self.pending_done.take() {
            let kind = if self.in_procedure { Done::InProcedure } else { Done::Batch };
            token::done(&mut self.out, kind, status | if more { token::MORE } else { 0 }, rows);
        }
    }

    /// Ends a request.
    pub(super) fn end(&mut self, more: bool) {
        let error = if self.failed { token::ERROR } else { 0 };
        let more_flag = if more { token::MORE } else { 0 };
        if self.in_procedure {
            self.release(true);
            token::done(&mut self.out, Done::Procedure, error | more_flag, 0);
        } else if self.pending_done.is_some() {
            self.release(more);
        } else {
            token::done(&mut self.out, Done::Batch, error | more_flag, 0);
        }
        self.failed = false;
    }

    /// Ends an answer that the client stopped: first its own end, then the acknowledgement as a message by itself.
    ///
    /// Drivers differ in where they look for the acknowledgement: some take it wherever it comes, others read the answer
    /// to its end first and wait for a second message.
    pub(super) async fn stop(mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        self.pending_done = None;
        let kind = if self.in_procedure { Done::Procedure } else { Done::Batch };
        token::done(&mut self.out, kind, token::ERROR, 0);
        self.flush(writer, true).await?;
        acknowledge(self.style, writer).await
    }

    /// Sends what waits.
    pub(super) async fn flush(
        &mut self,
        writer: &mut (impl AsyncWrite + Unpin),
        last: bool,
    ) -> io::Result<()> {
        let size = self.style.packet_size;
        packet::write(writer, kind::ANSWER, &self.out, size, &mut self.number, last).await?;
        self.out.clear();
        writer.flush().await
    }
}

/// Acknowledges an attention.
pub(super) async fn acknowledge(style: &Style, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut out = Vec::new();
    token::done(&mut out, Done::Batch, token::ATTENTION, 0);
    packet::write(writer, kind::ANSWER, &out, style.packet_size, &mut 0, true).await?;
    writer.flush().await
}
