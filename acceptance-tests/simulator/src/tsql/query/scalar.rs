//! The functions that SQLite calls while a query runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::super::collation::Collation;
use super::super::error::SqlError;
use super::super::value::Type;
use super::Host;

/// What the functions of one query share.
#[derive(Clone)]
pub(super) struct Runtime {
    pub(super) types: Arc<[Type]>,
    pub(super) collation: Collation,
    pub(super) host: Arc<dyn Host>,
    error: Arc<Mutex<Option<SqlError>>>,
}

impl Runtime {
    pub(super) fn new(types: Vec<Type>, collation: Collation, host: Arc<dyn Host>) -> Self {
        Self { types: types.into(), collation, host, error: Arc::default() }
    }

    /// The error that a function raised: SQLite passes on its text alone.
    pub(super) fn take_error(&self) -> Option<SqlError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Registers the collation and the functions that a plan names.
pub(super) fn register(
    connection: &Connection,
    _functions: &BTreeSet<&'static str>,
    runtime: &Arc<Runtime>,
) -> rusqlite::Result<()> {
    let collation = runtime.collation;
    connection.create_collation("tsql", move |left, right| collation.compare(left, right))
}

/// `QUOTENAME(name, quote)`; nothing where the name is longer than 128 or the quote is none.
pub(crate) fn quote_name(name: &str, quote: char) -> Option<String> {
    let (open, close) = match quote {
        '[' | ']' => ('[', ']'),
        '\'' => ('\'', '\''),
        '"' => ('"', '"'),
        '(' | ')' => ('(', ')'),
        '<' | '>' => ('<', '>'),
        '{' | '}' => ('{', '}'),
        '`' => ('`', '`'),
        _ => return None,
    };
    if name.encode_utf16().count() > 128 {
        return None;
    }
    let doubled = name.replace(close, &format!("{close}{close}"));
    Some(format!("{open}{doubled}{close}"))
}
