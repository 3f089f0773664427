//! Where answers go: to the client, or into the table of an INSERT … EXEC.

use rusqlite::types::Value;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::super::error::SqlError;
use super::super::query::Column;
use super::tables::Incoming;
use super::{message, wire};
use crate::tds::backend::Event;

/// Where answers go.
pub(super) struct Output<'a> {
    pub(super) answers: &'a Sender<Event>,
    pub(super) attention: &'a CancellationToken,
    /// Results that are caught instead of sent.
    caught: Option<Vec<Incoming>>,
}

impl<'a> Output<'a> {
    pub(super) fn new(answers: &'a Sender<Event>, attention: &'a CancellationToken) -> Self {
        Self { answers, attention, caught: None }
    }

    /// The same, but that results are caught.
    pub(super) fn catching(&self) -> Output<'a> {
        Output { answers: self.answers, attention: self.attention, caught: Some(Vec::new()) }
    }

    pub(super) fn catches(&self) -> bool {
        self.caught.is_some()
    }

    /// What was caught.
    pub(super) fn into_caught(self) -> Vec<Incoming> {
        self.caught.unwrap_or_default()
    }

    /// Sends an event. A client that is gone cancels the request; what is sent to nobody is lost.
    pub(super) async fn send(&mut self, event: Event) {
        if self.caught.is_some() && matches!(event, Event::Done { .. }) {
            return;
        }
        drop(self.answers.send(event).await);
    }

    /// Sends a whole result.
    pub(super) async fn result(&mut self, columns: &[Column], rows: Vec<Vec<Value>>) {
        if let Some(caught) = &mut self.caught {
            let types = columns.iter().map(|column| column.data_type).collect();
            caught.push(Incoming { types, rows });
            return;
        }
        let count = rows.len() as u64;
        self.send(Event::Columns(columns.iter().map(wire::column).collect())).await;
        for row in &rows {
            let values = row.iter().zip(columns).map(|(value, column)| wire::value(value, column.data_type));
            self.send(Event::Row(values.collect())).await;
        }
        // Even under NOCOUNT the result has its end.
        self.send(Event::Done { rows: Some(count), error: false }).await;
    }

    /// Sends an error or message, and first those that come before it.
    pub(super) async fn error(&mut self, error: &SqlError) {
        for first in &error.before {
            self.send(Event::Message(message(first))).await;
        }
        self.send(Event::Message(message(error))).await;
    }
}
