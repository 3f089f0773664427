//! `sys.messages`, in English.
//!
//! A server has some ten thousand more. ASSUMED 112: nobody asks for those that the simulator never sends.

use super::super::messages::{self, Message};
use super::{Row, Viewer, bit, number, text};
use crate::world::assumption;

/// Language of the texts: English.
const ENGLISH: i32 = 1033;

/// Messages that came with links: of certificates' issuers, of what instances say, and of groups over an instance.
const OF_LINKS: [std::ops::RangeInclusive<i32>; 3] = [37_447..=37_451, 41_939..=41_990, 47_500..=47_522];

/// `sys.messages`, by number. ASSUMED 110: whatever the version.
pub(super) fn messages(viewer: &Viewer<'_>) -> Vec<Row> {
    let lacks = viewer.engine.build.major < 16 && viewer.estate.opposite(assumption::OLDER_MESSAGES);
    let known = |message: &&Message| !(lacks && OF_LINKS.iter().any(|range| range.contains(&message.number)));
    let mut all: Vec<_> = messages::all().filter(known).collect();
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
