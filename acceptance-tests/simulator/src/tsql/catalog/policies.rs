//! Policy-based management, as it is installed: on, with no policy. Management tools ask for the state of policies with
//! everything that they show. [SMO's queries]

use rusqlite::types::Value;

use super::{Row, number, text};

/// A row for each setting.
pub(super) fn configuration() -> Vec<Row> {
    let row = |name: &str, value: Value| Row::from([("name", text(name)), ("current_value", value)]);
    vec![
        row("Enabled", number(1)),
        row("HistoryRetentionInDays", number(0)),
        row("LogOnSuccess", number(0)),
        row("PurgeHistoryJobGuid", Value::Null),
    ]
}
