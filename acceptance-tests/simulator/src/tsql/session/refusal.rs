//! The errors that several modules of the session raise, with the arguments that their texts take.

use super::super::error::{SqlError, raise};

/// 135 and 136.
pub(super) fn outside_loop(is_break: bool) -> SqlError {
    if is_break { raise!(135) } else { raise!(136) }
}

/// 515.
pub(super) fn null_refused(column: &str, table: &str, verb: &str) -> SqlError {
    raise!(515, column, table, verb)
}

/// 2628, which took 8152's place in SQL Server 2019.
pub(super) fn truncated(version: u8, table: &str, column: &str, value: &str) -> SqlError {
    if version < 15 { raise!(8152) } else { raise!(2628, table, column, value) }
}

/// 2732: the numbers that RAISERROR takes.
pub(super) fn invalid_message_number(number: i64) -> SqlError {
    raise!(2732, number, 13_000, i32::MAX)
}

/// 3930.
pub(super) fn uncommittable() -> SqlError {
    raise!(3930)
}
