//! Frames: a batch, a text of EXEC, a text of `sp_executesql`. Each has variables and temporary tables of its own; what it
//! sets with SET and USE ends with it, but for the batch, whose settings are the session's.
//!
//! Sources: learn.microsoft.com "EXECUTE" (change of database), "SET statements" (options are restored after dynamic
//! SQL), "@@NESTLEVEL" (one more in EXEC, two more in `sp_executesql`), "CREATE TABLE" (temporary tables end with the
//! scope that made them).

use std::collections::HashMap;

use rusqlite::types::Value;

use super::super::value::Type;
use super::tables::Table;

/// How deep frames may nest (217). [learn.microsoft.com: EXECUTE, "up to 32 levels"]
pub(super) const MOST_FRAMES: usize = 32;

/// One frame.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    /// Scalar variables by folded name.
    pub(super) scalars: HashMap<String, (Type, Value)>,
    /// Table variables by folded name.
    pub(super) tables: HashMap<String, Table>,
    /// Temporary tables that it made, by folded name; a batch's are the session's instead.
    pub(super) temporary: HashMap<String, Table>,
    /// How many of its TRY blocks are being tried.
    pub(super) tries: u32,
    /// `@@NESTLEVEL` in it.
    pub(super) level: u8,
    /// `SCOPE_IDENTITY()`.
    pub(super) identity: Option<i64>,
}

/// What SET changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) implicit_transactions: bool,
    pub(super) xact_abort: bool,
    pub(super) no_count: bool,
    /// Milliseconds; -1 waits for ever.
    pub(super) lock_timeout: i64,
    /// `ROWCOUNT`; 0 is all.
    pub(super) row_count: usize,
    /// `TEXTSIZE`; nothing is all.
    pub(super) text_size: Option<usize>,
    /// Number of the isolation level: 2 is READ COMMITTED.
    pub(super) isolation: u8,
    pub(super) format_only: bool,
    pub(super) no_exec: bool,
    pub(super) parse_only: bool,
    pub(super) arith_abort: bool,
    pub(super) cursor_close_on_commit: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            implicit_transactions: false,
            xact_abort: false,
            no_count: false,
            lock_timeout: -1,
            row_count: 0,
            text_size: None,
            isolation: 2,
            format_only: false,
            no_exec: false,
            parse_only: false,
            arith_abort: false,
            cursor_close_on_commit: false,
        }
    }
}

impl Options {
    /// `@@OPTIONS`. Drivers switch on ANSI_WARNINGS (8), ANSI_PADDING (16), ANSI_NULLS (32), QUOTED_IDENTIFIER (256),
    /// ANSI_NULL_DFLT_ON (1024) and CONCAT_NULL_YIELDS_NULL (4096).
    /// [learn.microsoft.com: "Configure the user options"]
    pub(super) fn bits(self) -> i64 {
        let mut bits = 8 | 16 | 32 | 256 | 1024 | 4096;
        for (on, bit) in [
            (self.implicit_transactions, 2),
            (self.cursor_close_on_commit, 4),
            (self.arith_abort, 64),
            (self.no_count, 512),
            (self.xact_abort, 16384),
        ] {
            if on {
                bits |= bit;
            }
        }
        bits
    }

    /// `@@TEXTSIZE`.
    pub(super) fn text_size_shown(self) -> i32 {
        self.text_size.map_or(-1, |bytes| i32::try_from(bytes).unwrap_or(i32::MAX))
    }

    /// As many of the rows as a statement may return or change.
    pub(super) fn limited<T>(self, mut rows: Vec<T>) -> Vec<T> {
        if self.row_count > 0 {
            rows.truncate(self.row_count);
        }
        rows
    }
}
