//! What was done to the servers, out of all that they were asked.
//!
//! Everything is a deed that is not known to leave both sides as they were, so that a new kind of statement counts until
//! somebody says that it only looks.

use milink_simulator::journal::{Entry, Face};
use milink_simulator::simulator::Simulator;

/// What only looks, or lives no longer than its session.
const LOOKS: [&str; 9] = [
    "SELECT",
    "LOGIN",
    "USE",
    "SET",
    "DECLARE",
    "sp_getapplock",
    "sp_releaseapplock",
    "sp_certificate_issuers",
    "sp_executesql",
];

/// Whether an entry of the journal may have changed a server.
pub fn is_deed(entry: &Entry) -> bool {
    entry.face != Face::Entra
        && !entry.kind.starts_with("GET ")
        && !LOOKS.iter().any(|look| entry.kind.eq_ignore_ascii_case(look))
}

/// The deeds since `mark` (a sequence number of the journal), in their order.
pub fn since(simulator: &Simulator, mark: u64) -> Vec<Entry> {
    simulator.journal().since(mark).into_iter().filter(is_deed).collect()
}

/// Asserts that nothing since `mark` changed a server.
#[track_caller]
pub fn assert_none_since(simulator: &Simulator, mark: u64) {
    let deeds = since(simulator, mark);
    assert!(deeds.is_empty(), "{deeds:#?}");
}

/// The text of a deed without what differs from world to world: made-up names, keys, certificates, ids.
pub fn without_chance(entry: &Entry) -> String {
    let mut text = String::new();
    for word in
        entry.text.split_inclusive(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
    {
        let end = word
            .trim_end_matches(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
            .len();
        let (word, rest) = word.split_at(end);
        let digits = word.trim_start_matches("0x");
        text.push_str(match word {
            _ if word.starts_with("milink_2") => "milink_*",
            _ if digits.len() >= 12 && digits.chars().all(|digit| digit.is_ascii_hexdigit()) => "#",
            _ => word,
        });
        text.push_str(rest);
    }
    text
}
