//! How far an error goes: it ends its statement, its frame, everything, or the connection.
//!
//! Sources: learn.microsoft.com "TRY…CATCH" (what cannot be caught), "SET XACT_ABORT", "THROW", "RAISERROR", "Database
//! Engine error severities"; probes of SQL Server 2025 that the project `sql-server-simulator` publishes with its
//! documentation (what XACT_ABORT promotes, that conversions abort the transaction, that IF resets counts).

use super::super::error::SqlError;

/// An error on its way out of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) error: SqlError,
    pub(super) reach: Reach,
    cause: Cause,
}

/// What ends where nothing catches the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The statement.
    Statement,
    /// The frame, whose own TRY does not see it; its caller goes on.
    Frame,
    /// All frames; the transaction stays.
    Batch,
    /// All frames, and the transaction is rolled back.
    Transaction,
    /// The connection.
    Connection,
}

/// Where an error comes from, for XACT_ABORT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Run,
    /// A text that cannot be compiled: XACT_ABORT leaves it alone.
    Compile,
    /// RAISERROR: XACT_ABORT leaves it alone.
    Raised,
}

/// Conversions that fail end the batch and roll the transaction back even without XACT_ABORT.
const ABORTING: [i32; 3] = [241, 245, 8169];

impl Stop {
    /// An error of RAISERROR.
    pub(super) fn raised(error: SqlError) -> Self {
        Self { cause: Cause::Raised, ..Self::from(error) }
    }

    /// An error of THROW.
    pub(super) fn thrown(error: SqlError) -> Self {
        Self { error, reach: Reach::Batch, cause: Cause::Run }
    }

    /// An error of a text that does not compile: its caller goes on.
    pub(super) fn compile(error: SqlError) -> Self {
        Self { error, reach: Reach::Statement, cause: Cause::Compile }
    }

    /// A name that waited for its statement to be reached and is not there: it ends the frame.
    pub(super) fn deferred(error: SqlError) -> Self {
        Self { error, reach: Reach::Frame, cause: Cause::Run }
    }

    pub(super) fn at_line(self, line: u32) -> Self {
        let error = if self.error.line == 0 { self.error.at_line(line) } else { self.error };
        Self { error, ..self }
    }

    /// What `SET XACT_ABORT ON` makes of it where nothing catches it.
    pub(super) fn under_xact_abort(self) -> Self {
        match (self.cause, self.reach) {
            (Cause::Run, Reach::Statement | Reach::Frame | Reach::Batch) => {
                Self { reach: Reach::Transaction, ..self }
            }
            _ => self,
        }
    }

    /// How the frame's caller sees it.
    pub(super) fn for_caller(self) -> Self {
        if self.reach == Reach::Frame { Self { reach: Reach::Statement, ..self } } else { self }
    }

    pub(super) fn ends_more_than_its_statement(&self) -> bool {
        self.reach > Reach::Statement
    }

    /// Whether a TRY block of its own frame catches it.
    pub(super) fn is_caught(&self) -> bool {
        !matches!(self.reach, Reach::Frame | Reach::Connection)
    }
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        let reach = match error.severity {
            20.. => Reach::Connection,
            19 => Reach::Batch,
            _ if ABORTING.contains(&error.number) => Reach::Transaction,
            _ => Reach::Statement,
        };
        Self { error, reach, cause: Cause::Run }
    }
}
