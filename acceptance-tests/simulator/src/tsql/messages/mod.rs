//! The errors and messages of the engine: number, severity and text as `sys.messages` has them, in one table.
//!
//! Every number that the simulator sends by itself stands here once, and [`crate::tsql::error::raise`] is how code
//! sends one: a number that is not in the table, or arguments that its text does not take, do not compile. The numbers
//! beyond these have no cause that a source states; they are here so that faults can send them with the engine's own
//! text ([`Use::Injected`]).
//!
//! Texts are those of SQL Server 2022, whatever the version of the engine. ASSUMED 110: older and newer engines send
//! the same.
//!
//! | module | what |
//! | --- | --- |
//! | `language` | syntax, binding, queries |
//! | `documents` | FOR XML and FOR JSON |
//! | `values` | values and their conversions |
//! | `batches` | control flow, variables, RAISERROR and THROW, tables of the session |
//! | `session` | sign-in, transactions, procedures, DBCC |
//! | `databases` | databases, backups |
//! | `security` | logins, users, roles, permissions |
//! | `keys` | master key, certificates, issuers |
//! | `endpoints` | endpoints |
//! | `groups`, `replicas`, `listeners`, `routing` | availability groups |
//! | `distributed` | distributed groups |
//! | `links` | what the ends of a link say of each other |
//! | `managed` | what a managed instance refuses |

mod batches;
mod databases;
mod distributed;
mod documents;
mod endpoints;
mod groups;
mod keys;
mod language;
mod links;
mod listeners;
mod managed;
mod replicas;
mod routing;
mod security;
mod session;
#[cfg(test)]
mod tests;
mod values;

use std::fmt::{Display, Write as _};

use crate::faults::Failure;

/// Where a message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The simulator sends it for the cause that a source states.
    Raised,
    /// Only a fault sends it: no source states a cause, or none that the simulated world has.
    Injected,
}

/// A row of `sys.messages`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    /// `message_id`.
    pub(crate) number: i32,
    /// `severity`: the table's default.
    pub(crate) severity: u8,
    /// What it arrives with; the table's severity unless a source has another.
    pub(crate) class: u8,
    /// State that it usually arrives with.
    pub(crate) state: u8,
    /// `is_event_logged`.
    pub(crate) logged: bool,
    /// `text`, with the placeholders of `printf` and `%S_MSG`.
    pub(crate) text: &'static str,
    /// Whether the simulator sends it by itself.
    #[allow(dead_code, reason = "a test compares it with what code raises")]
    pub(crate) usage: Use,
}

/// All tables, by subject.
const TABLES: &[&[Message]] = &[
    language::MESSAGES,
    documents::MESSAGES,
    values::MESSAGES,
    batches::MESSAGES,
    session::MESSAGES,
    databases::MESSAGES,
    security::MESSAGES,
    keys::MESSAGES,
    endpoints::MESSAGES,
    groups::MESSAGES,
    replicas::MESSAGES,
    routing::MESSAGES,
    listeners::MESSAGES,
    distributed::MESSAGES,
    links::MESSAGES,
    managed::MESSAGES,
];

/// All messages, by subject.
pub(crate) fn all() -> impl Iterator<Item = &'static Message> {
    TABLES.iter().copied().flatten()
}

/// The messages of a subject, as the table of modules above calls it.
#[cfg(test)]
pub(crate) fn subject(name: &str) -> &'static [Message] {
    match name {
        "databases" => databases::MESSAGES,
        "security" => security::MESSAGES,
        "keys" => keys::MESSAGES,
        "endpoints" => endpoints::MESSAGES,
        "groups" => groups::MESSAGES,
        "replicas" => replicas::MESSAGES,
        "listeners" => listeners::MESSAGES,
        "routing" => routing::MESSAGES,
        "distributed" => distributed::MESSAGES,
        "links" => links::MESSAGES,
        "language" => language::MESSAGES,
        "documents" => documents::MESSAGES,
        "values" => values::MESSAGES,
        "batches" => batches::MESSAGES,
        "session" => session::MESSAGES,
        "managed" => managed::MESSAGES,
        other => panic!("{other} is no subject"),
    }
}

/// The message of that number.
pub(crate) const fn find(number: i32) -> Option<&'static Message> {
    let mut tables = TABLES;
    while let [table, others @ ..] = tables {
        let mut rows: &'static [Message] = table;
        while let [row, rest @ ..] = rows {
            if row.number == number {
                return Some(row);
            }
            rows = rest;
        }
        tables = others;
    }
    None
}

impl Message {
    /// How many arguments the text takes.
    pub(crate) const fn arguments(&self) -> usize {
        let mut count = 0;
        let mut rest = self.text.as_bytes();
        while let [first, others @ ..] = rest {
            rest = others;
            if *first != b'%' {
                continue;
            }
            match rest {
                [b'%', others @ ..] => rest = others,
                _ => count += 1,
            }
        }
        count
    }

    /// The text with its arguments; a placeholder without one stays empty.
    pub(crate) fn text(&self, arguments: &[&dyn Display]) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut arguments = arguments.iter();
        let mut rest = self.text;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            rest = after.get(placeholder(after)..).unwrap_or_default();
            if let Some(argument) = arguments.next() {
                // Writing to a String never fails.
                let _ = write!(text, "{argument}");
            }
        }
        text.push_str(rest);
        text
    }

    /// The same, written to the event log too.
    const fn logged(self) -> Self {
        Self { logged: true, ..self }
    }

    /// The same, arriving with another class than the table lists.
    const fn class(self, class: u8) -> Self {
        Self { class, ..self }
    }

    /// The same, arriving in another state than 1.
    const fn state(self, state: u8) -> Self {
        Self { state, ..self }
    }
}

impl Failure {
    /// An error of the engine with its own text, for [`Action::Fail`](crate::faults::Action::Fail); nothing where the
    /// table does not have its number. Placeholders without an argument stay empty.
    pub fn engine(number: i32, arguments: &[&str]) -> Option<Self> {
        let message = find(number)?;
        let arguments: Vec<&dyn Display> = arguments.iter().map(|one| one as &dyn Display).collect();
        let (class, state) = (message.class, message.state);
        Some(Self::Sql { number, class, state, message: message.text(&arguments) })
    }
}

/// Bytes of a placeholder behind its `%`: `S_MSG` and the like, or flags, width, precision, size and type.
fn placeholder(text: &str) -> usize {
    if text.starts_with("S_") {
        return text.bytes().take_while(|byte| byte.is_ascii_uppercase() || *byte == b'_').count();
    }
    let modifiers = text
        .trim_start_matches(['-', '+', '#', ' ', '.', '*'])
        .trim_start_matches(|one: char| one.is_ascii_digit())
        .trim_start_matches(['.', '*'])
        .trim_start_matches(['h', 'l', 'I'])
        .trim_start_matches("64");
    text.len() - modifiers.len() + modifiers.chars().next().map_or(0, char::len_utf8)
}

/// A message that the simulator sends by itself.
const fn raised(number: i32, severity: u8, text: &'static str) -> Message {
    Message { number, severity, class: severity, state: 1, logged: false, text, usage: Use::Raised }
}

/// A message that only faults send.
const fn injected(number: i32, severity: u8, text: &'static str) -> Message {
    Message { usage: Use::Injected, ..raised(number, severity, text) }
}
