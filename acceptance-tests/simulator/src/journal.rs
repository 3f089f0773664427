//! The journal: every ARM call, every token request and every SQL statement that reached the simulator.
//!
//! It is what tests assert on ("the provider sent exactly these statements"), what interruption sweeps count ("kill
//! it after call 17"), and what a user reads after a rehearsal. It lives in memory and, where asked for, as one JSON
//! object a line in a file.
//!
//! Secrets never get in: `redact` runs over every text before an entry is stored or written, so neither the file
//! nor a test's failure message can hold a password, a token or the signature of a polling URL. It is
//! not a log of the simulator's own doings; that is `tracing`.

mod redact;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::watch;

pub use redact::Redactor;

/// Which face of the simulator was spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Face {
    /// Azure Resource Manager.
    Arm,
    /// Entra ID: tokens and discovery documents.
    Entra,
    /// SQL Server or a managed instance over TDS.
    Sql,
}

/// What somebody asks of the simulator: one HTTP request or one SQL statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The face that was asked.
    pub face: Face,
    /// Principal: client id of a token, SQL login, or empty before log-in.
    pub who: String,
    /// What was asked: host name for HTTP, instance name for SQL.
    pub server: String,
    /// Kind, the thing that tests count: `PUT distributedAvailabilityGroups`, `CREATE CERTIFICATE`, `SELECT`.
    pub kind: String,
    /// The object: resource path without query, or the name in the statement.
    pub object: String,
    /// The whole text: the statement, or the request line with its body. Redacted before it is kept.
    pub text: String,
    /// Correlation id that the client or the simulator gave; empty for SQL.
    pub correlation: String,
}

impl Event {
    /// An event of `face` with everything else empty; fill in what is known with struct update syntax.
    pub fn new(face: Face, kind: impl Into<String>) -> Self {
        Self {
            face,
            who: String::new(),
            server: String::new(),
            kind: kind.into(),
            object: String::new(),
            text: String::new(),
            correlation: String::new(),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum Outcome {
    /// It was done; `detail` is the HTTP status, or the rows affected or returned.
    Ok {
        /// HTTP status, or number of rows.
        detail: i64,
    },
    /// It was refused with an error that the client saw.
    Error {
        /// ARM's error code, or SQL Server's error number.
        code: String,
        /// The error's text.
        message: String,
    },
    /// An injected fault took the answer away: the client saw a broken or silent connection.
    Fault {
        /// Which fault: `cut before`, `cut after`, `hang`, `kill before`, `kill after`.
        action: String,
    },
    /// The client went away, or the simulator stopped, before there was an answer.
    Abandoned,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1, in the order in which requests arrived.
    pub sequence: u64,
    /// Wall-clock time of arrival, UTC (the world's own clock may run faster).
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The face that was asked.
    pub face: Face,
    /// Principal, see [`Event::who`].
    pub who: String,
    /// Host or instance, see [`Event::server`].
    pub server: String,
    /// Kind, see [`Event::kind`].
    pub kind: String,
    /// Object, see [`Event::object`].
    pub object: String,
    /// Redacted text, see [`Event::text`].
    pub text: String,
    /// Correlation id, see [`Event::correlation`].
    pub correlation: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Microseconds from arrival to the end.
    pub micros: u64,
}

/// The journal. Clones share one record.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    finished: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    next: u64,
    entries: Vec<Entry>,
    redactor: Redactor,
    file: Option<File>,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal {
    /// An empty journal that lives in memory only.
    pub fn new() -> Self {
        let state = State { next: 1, entries: Vec::new(), redactor: Redactor::default(), file: None };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), finished: watch::Sender::new(0) }) }
    }

    /// A journal that also appends each entry to the file at `path`, one JSON object a line.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn with_file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let journal = Self::new();
        journal.state().file = Some(file);
        Ok(journal)
    }

    /// Names a secret (a login's password, a client secret) that is to be replaced wherever it turns up, also where
    /// its place does not give it away. Values of fewer than four characters are left alone: they occur everywhere.
    pub fn hide(&self, secret: &str) {
        self.state().redactor.hide(secret);
    }

    /// Opens an entry for something that just arrived. Call [`OpenEntry::finish`]; an entry that is dropped instead
    /// is recorded as [`Outcome::Abandoned`].
    pub fn begin(&self, event: &Event) -> OpenEntry {
        let mut state = self.state();
        let sequence = state.next;
        state.next += 1;
        let clean = |text: &str| state.redactor.redact(text);
        let entry = Entry {
            sequence,
            at: OffsetDateTime::now_utc(),
            face: event.face,
            who: clean(&event.who),
            server: event.server.clone(),
            kind: clean(&event.kind),
            object: clean(&event.object),
            text: clean(&event.text),
            correlation: event.correlation.clone(),
            outcome: Outcome::Abandoned,
            micros: 0,
        };
        OpenEntry { journal: self.clone(), entry: Some(entry), started: Instant::now() }
    }

    /// All finished entries, in order of arrival.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = self.state().entries.clone();
        entries.sort_by_key(|entry| entry.sequence);
        entries
    }

    /// Finished entries in the order in which they were finished, which is that of the file's lines, without the first
    /// `after`.
    pub fn lines(&self, after: usize) -> Vec<Entry> {
        self.state().entries.get(after..).map(<[Entry]>::to_vec).unwrap_or_default()
    }

    /// The same, but waits for a line to come where there is none.
    pub async fn next_lines(&self, after: usize) -> Vec<Entry> {
        let mut finished = self.shared.finished.subscribe();
        loop {
            finished.borrow_and_update();
            let lines = self.lines(after);
            if !lines.is_empty() {
                return lines;
            }
            // As in `wait_for`.
            if finished.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Finished entries whose kind equals `kind`, letter case aside.
    pub fn of_kind(&self, kind: &str) -> Vec<Entry> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.kind.eq_ignore_ascii_case(kind));
        entries
    }

    /// How many finished entries are of `kind`.
    pub fn count(&self, kind: &str) -> usize {
        self.state().entries.iter().filter(|entry| entry.kind.eq_ignore_ascii_case(kind)).count()
    }

    /// The sequence number that the next arrival gets: a mark from which a test can count.
    pub fn mark(&self) -> u64 {
        self.state().next
    }

    /// Finished entries from `mark` on.
    pub fn since(&self, mark: u64) -> Vec<Entry> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.sequence >= mark);
        entries
    }

    /// Waits for the first finished entry that `wanted` accepts; entries that are already there count.
    /// Never gives up: wrap it in a timeout where the event may not come.
    pub async fn wait_for(&self, wanted: impl Fn(&Entry) -> bool) -> Entry {
        let mut finished = self.shared.finished.subscribe();
        loop {
            finished.borrow_and_update();
            if let Some(entry) = self.entries().into_iter().find(&wanted) {
                return entry;
            }
            // The sender lives in `self`, so this cannot fail while we wait; if it did, pending is the honest answer.
            if finished.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Replaces the secrets in `text` as the journal would; for other artefacts that the simulator writes.
    pub fn redact(&self, text: &str) -> String {
        self.state().redactor.redact(text)
    }

    fn close(&self, mut entry: Entry, outcome: Outcome, started: Instant) {
        let mut state = self.state();
        entry.micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        entry.outcome = match outcome {
            Outcome::Error { code, message } => {
                Outcome::Error { code, message: state.redactor.redact(&message) }
            }
            other => other,
        };
        if let (Some(file), Ok(mut line)) = (state.file.as_mut(), serde_json::to_vec(&entry)) {
            line.push(b'\n');
            // A full disk must not take the simulated servers down; the record in memory is complete.
            if let Err(error) = file.write_all(&line) {
                tracing::warn!(%error, "the journal file could not be written");
            }
        }
        state.entries.push(entry);
        drop(state);
        self.shared.finished.send_modify(|count| *count += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An entry whose end is still to come.
#[derive(Debug)]
#[must_use = "an entry that is dropped counts as abandoned"]
pub struct OpenEntry {
    journal: Journal,
    entry: Option<Entry>,
    started: Instant,
}

impl OpenEntry {
    /// The entry's place in the order of arrival.
    pub fn sequence(&self) -> u64 {
        self.entry.as_ref().map_or(0, |entry| entry.sequence)
    }

    /// Names the principal, once it is known.
    pub fn who(&mut self, who: &str) {
        if let Some(entry) = &mut self.entry {
            entry.who = who.to_owned();
        }
    }

    /// Records how it ended.
    pub fn finish(mut self, outcome: Outcome) {
        self.close(outcome);
    }

    fn close(&mut self, outcome: Outcome) {
        if let Some(entry) = self.entry.take() {
            self.journal.close(entry, outcome, self.started);
        }
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        self.close(Outcome::Abandoned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(text: &str) -> Event {
        Event { server: "hq".into(), text: text.into(), ..Event::new(Face::Sql, "CREATE MASTER KEY") }
    }

    #[test]
    fn neither_memory_nor_file_holds_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::with_file(&path).unwrap();
        journal.hide("hunter2-hunter2");
        journal
            .begin(&statement("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'S3cr''et!'"))
            .finish(Outcome::Ok { detail: 0 });
        journal.begin(&statement("SELECT 'hunter2-hunter2'")).finish(Outcome::Error {
            code: "102".into(),
            message: "Incorrect syntax near 'hunter2-hunter2'.".into(),
        });
        let written = std::fs::read_to_string(&path).unwrap();
        for text in [written.clone(), format!("{:?}", journal.entries())] {
            assert!(!text.contains("S3cr"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("<secret:9>") && text.contains("<secret:15>"), "{text}");
        }
        assert_eq!(
            written.lines().map(|line| serde_json::from_str::<Entry>(line).unwrap()).collect::<Vec<_>>(),
            journal.entries()
        );
    }

    #[test]
    fn order_is_that_of_arrival_and_dropped_entries_are_abandoned() {
        let journal = Journal::new();
        let mark = journal.mark();
        let first = journal.begin(&Event::new(Face::Arm, "GET"));
        journal.begin(&Event::new(Face::Arm, "PUT")).finish(Outcome::Ok { detail: 202 });
        drop(first);
        let kinds: Vec<_> =
            journal.since(mark).into_iter().map(|entry| (entry.kind, entry.outcome)).collect();
        assert_eq!(
            kinds,
            [("GET".to_owned(), Outcome::Abandoned), ("PUT".to_owned(), Outcome::Ok { detail: 202 })]
        );
        assert_eq!(journal.count("put"), 1);
        assert!(journal.since(journal.mark()).is_empty());
    }

    #[tokio::test]
    async fn waiting_sees_entries_before_and_after() {
        let journal = Journal::new();
        journal.begin(&Event::new(Face::Sql, "USE")).finish(Outcome::Ok { detail: 0 });
        assert_eq!(journal.wait_for(|entry| entry.kind == "USE").await.sequence, 1);
        let waiting = tokio::spawn({
            let journal = journal.clone();
            async move { journal.wait_for(|entry| entry.kind == "BACKUP").await.sequence }
        });
        tokio::task::yield_now().await;
        journal.begin(&Event::new(Face::Sql, "BACKUP")).finish(Outcome::Ok { detail: 0 });
        assert_eq!(waiting.await.unwrap(), 2);
    }
}
