//! `sys.messages`, in English.
//!
//! A server has some ten thousand more. ASSUMED 112: nobody asks for those that the simulator never sends.

use super::super::messages;
use super::{Row, bit, number, text};

/// Language of the texts: English.
const ENGLISH: i32 = 1033;

/// `sys.messages`, by number.
pub(super) fn messages() -> Vec<Row> {
    let mut all: Vec<_> = messages::all().collect();
    all.sort_by_key(|message| message.number);
    all.into_iter()
        .map(|message| {
            Row::from([
                ("message_id", number(message.number)),
                ("language_id", number(ENGLISH)),
                ("severity", number(message.severity)),
                ("is_event_logged", bit(message.logged)),
                ("text", text(message.text)),
            ])
        })
        .collect()
}
